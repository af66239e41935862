//! A snapshot's files out of the previous snapshot and the staged units.
//!
//! Promises: the data files are a pure function of the parent's rows, the staged rows, the domain's lists and the
//! formats, so a year of nights ends in the bytes of one full run; memory does not grow with the history; a file of
//! the parent is checked against its manifest before a row or a byte of it is used; what did not change is linked.
//!
//! | file | noun |
//! |---|---|
//! | `input`, `staged`, `built` | what a build takes and gives |
//! | `builder` | the build from end to end |
//! | `population`, `units` | how every user ended; `state/units.parquet` |
//! | `parts`, `part` | tables and partitions side by side; one of them |
//! | `merge`, `key` | staged rows in the place of the parent's |
//! | `judge` | what becomes of the parent's rows; `drop_set`, `rules`: who says so |
//! | `received`, `accounts` | what the rule for transactions asks: ids that came, accounts that changed |
//! | `balances`, `coverage`, `held`, `issues` | tables that are computed here |
//! | `tally`, `sum` | what changed |
//! | `parent`, `output` | the parent's rows and files; the files of the new snapshot |
//! | `column` | typed columns by name |

mod accounts;
mod balances;
mod builder;
mod built;
mod column;
mod coverage;
mod drop_set;
mod error;
mod held;
mod input;
mod issues;
mod judge;
mod key;
mod merge;
mod output;
mod parent;
mod part;
mod parts;
mod population;
mod received;
mod rules;
mod staged;
mod sum;
mod tally;
#[cfg(test)]
mod tests;
mod units;

pub use builder::build;
pub use built::Built;
pub use error::BuildError;
pub use input::{Attempt, BuildInput, DomainLists, Formats, Stop, Walked};
pub use staged::StagedRows;
pub use tally::RowCount;
pub use units::{UnitRow, read_units, units_schema};
