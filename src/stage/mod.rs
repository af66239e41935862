//! Durable, unpublished work of the run under way; what a run after a kill may use again.
//!
//! A unit (a user) counts once it is committed: all its rows are in synced runs and its record is in the synced
//! journal. Whatever else the folder holds never surfaces: rows of units that failed, of attempts that a kill cut
//! off, of files that are torn or damaged. The stage keeps rows in the order that the build needs, so that the
//! build is a merge with bounded memory.
//!
//! ```text
//! <folder>/            0700
//!   journal-000001     0600  one per process: which runs count, which units are finished
//!   run-000001.rows    0600  sorted blocks of all tables, keys of each attempt, index
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `staging` | [`Stage`]: takes rows, makes finished units durable in groups |
//! | `staged` | [`Staged`]: the finished stage, sorted, each key of a unit once |
//! | `unit`, `sort` | rows in memory; how they become a run |
//! | `run` | one file of sorted blocks |
//! | `block` | some rows as one Arrow IPC message |
//! | `ids` | sorted sets of row keys |
//! | `view` | what counts of the runs |
//! | `compact` | one run of several |
//! | `journal` | which runs and units count |
//! | `open` | what an earlier process left: judged, and swept |
//! | `key` | when staged work may be used again; limits |
//! | `disk` | what the stage asks of a disk |
//! | `merge` | k-way merge of sorted batches |

mod block;
mod compact;
mod disk;
mod error;
mod ids;
mod journal;
mod key;
pub mod merge;
mod open;
mod run;
mod sort;
mod staged;
mod staging;
#[cfg(test)]
mod tests;
mod unit;
mod view;

pub use disk::Disk;
pub use error::StageError;
pub use key::{StageKey, StageOptions, StageParent};
pub use staged::Staged;
pub use staging::Stage;
pub use view::Rows;
