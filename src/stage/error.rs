//! Why the stage cannot go on.

use std::io;

use arrow::error::ArrowError;

use crate::table::Table;

use super::merge::MergeError;

/// Why the stage cannot go on. Messages name files of the stage and tables, never a row.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The disk refused. What was committed before stays reusable.
    #[error("the stage cannot {action}: {source}")]
    Disk {
        /// What was tried.
        action: &'static str,
        /// What the disk answered.
        source: io::Error,
    },
    /// An earlier write or sync failed: nothing more is accepted, since what reached the disk is unknown.
    #[error("the stage takes nothing more after a failed write: run the same command again to resume")]
    Poisoned,
    /// The place of the stage is taken by something that this program did not make.
    #[error("the place of the stage is no folder: remove {0}")]
    Foreign(String),
    /// A file that was intact when the stage was opened no longer is.
    #[error("{file} of the stage is damaged: run the same command again, what it held is fetched anew")]
    Damaged {
        /// The file's name.
        file: String,
    },
    /// Rows do not have the columns of their table.
    #[error("rows given to the stage do not have the columns of {}", .0.name())]
    Columns(Table),
    /// Rows cannot be sorted or joined.
    #[error("the stage cannot arrange rows: {0}")]
    Arrange(#[from] ArrowError),
    /// Staged runs do not merge.
    #[error("the stage cannot merge its runs: {0}")]
    Merge(#[from] MergeError),
    /// A record cannot be written as JSON.
    #[error("the stage cannot write a record: {0}")]
    Record(#[from] serde_json::Error),
}

impl StageError {
    /// For `map_err` on what the disk answered.
    pub(super) fn disk(action: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Disk { action, source }
    }
}
