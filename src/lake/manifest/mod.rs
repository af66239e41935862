//! The manifest: what a snapshot holds, how complete it is, and why not.
//!
//! A manifest is written last and never changed; the next one names it and its digest, so that snapshots form a
//! chain. It is written in one way only ([`Manifest::to_bytes`]): a manifest that does not read back to its own bytes
//! is damaged. It holds counts, ids, states and institutions' names, and nothing else of a person.
//!
//! | file | noun |
//! |---|---|
//! | `head` | the manifest itself: run, window, status, counts |
//! | `first` | its first lines, where they are enough |
//! | `people` | connections, accounts, ranges, gaps, attention |
//! | `content` | tables, files, changes |
//! | `lists` | connections and accounts, collected from the tables of the snapshot |
//! | `attention` | who is needed, and since when |
//! | `consistency` | whether it agrees with itself |
//! | `text` | how times, dates and digests are written |
//! | `schema` | the JSON Schema, generated from these types |

mod attention;
mod consistency;
mod content;
mod first;
mod head;
mod lists;
mod people;
mod schema;
mod text;

pub use crate::lake::totals::ControlTotal;
pub use content::{Changes, FileEntry, FileFormat, PartitionEntry, TableEntry, table_entries};
pub use first::First;
pub use head::{
    CONTRACT_VERSION, Decimal, Exported, MANIFEST_VERSION, Manifest, Mode, NotAManifest, Parent, Requests,
    Source, Status, Tool, UserCounts, WindowEntry,
};
pub use lists::{LIST_LIMIT, Lists};
pub use people::{
    AccountEntry, ApiRange, Attention, AttentionKind, ConnectionEntry, Flag, Incomplete, SourceEntry,
};
pub use schema::json_schema;
pub use text::{Day, UtcTime};
