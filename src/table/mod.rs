//! Tables: what `schemas/*.toml` says they are, and how JSON bytes become their record batches.
//!
//! A column is one line in a schema file. The decoder, the writers, the docs and the tests read that line; nothing
//! else knows the columns of a table. A page of the API's JSON goes straight from bytes to Arrow columns: amounts
//! from the number's own text, dates as days, what does not fit kept as text in `extra` and named in an [`Issue`].
//!
//! | file | noun |
//! |---|---|
//! | `tables` | the tables, by name |
//! | `schema` | what a table looks like: columns, key, order |
//! | `schema_file` | a file below `schemas/` |
//! | `decode/` | a response's bytes → [`Page`] |
//! | `issue` | what did not fit, and the `issues` table's rows |
//! | `order` | the order of rows |
//! | `month` | the months that a partitioned table is cut into |
//! | `join` | rows of several batches as one |
//! | `derive` | columns that other tables give |
//! | `column` | columns of a batch, by name and type |
//! | `health` | what a connection's state means for its data |

pub mod column;
mod decode;
mod derive;
pub mod health;
mod issue;
mod join;
mod month;
mod order;
mod schema;
mod schema_file;
mod tables;

pub use decode::{Context, DecodeError, Decoder, Envelope, Links, List, Page, Refill};
pub use derive::{AccountFacts, derive_transactions};
pub use issue::{Issue, IssueKind, issues_batch};
pub use join::{concat_rows, interleave_rows, is_null};
pub use month::{Month, NotAMonth, distinct_months, months_of};
pub use order::{OrderKey, integer_keys, sort};
pub use schema::{Children, Clock, Column, ColumnType, Partition, Privacy, Source, TableSchema};
pub use tables::Table;
