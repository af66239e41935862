//! Why a snapshot cannot be built.

use arrow::error::ArrowError;

use crate::encode::EncodeError;
use crate::lake::LakeError;
use crate::lake::store::StoreError;
use crate::model::UserId;
use crate::stage::StageError;
use crate::table::Table;

/// A snapshot could not be built. Nothing of it is visible. Names files, tables and ids, never a row's content.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The parent is damaged (never carried on), or a file of it could not be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A folder or a link could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written or decoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The stage cannot give back what was put into it.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// Rows cannot be compared or joined.
    #[error("rows of {} cannot be merged: {source}", table.name())]
    Rows {
        /// Their table.
        table: Table,
        /// Why.
        source: ArrowError,
    },
    /// Rows are not in their table's order, or a key comes twice.
    #[error("rows of {} do not ascend by {}", .0.name(), .0.schema().order.join(", "))]
    Unsorted(Table),
    /// Rows lack a column that every row of their table has.
    #[error("rows of {} have no column {column} of its type", table.name())]
    Column {
        /// Their table.
        table: Table,
        /// The column.
        column: &'static str,
    },
    /// Rows lack columns that every row of their table has.
    #[error("rows of {} do not have the columns {what}", table.name())]
    Columns {
        /// Their table.
        table: Table,
        /// Which, as a clause: "that order them".
        what: &'static str,
    },
    /// Other files were written than rows were counted for (a bug).
    #[error("the files of {} are not those whose rows were counted", .0.name())]
    Files(Table),
    /// A user's unit was said to be fetched and is not staged.
    #[error("user {0} was fetched and is not staged")]
    NotStaged(UserId),
    /// A unit is staged for a user who was not said to be fetched.
    #[error("user {0} is staged and was not fetched")]
    Unlisted(UserId),
    /// The run is to end.
    #[error("the build was interrupted")]
    Stopped,
    /// A thread of the build ended by a panic.
    #[error("a thread of the build ended without an answer")]
    Lost,
}

impl BuildError {
    pub(super) fn rows(table: Table) -> impl Fn(ArrowError) -> Self {
        move |source| Self::Rows { table, source }
    }
}
