//! What the build asks of the stage.

use crate::model::UserId;
use crate::stage::{self, StageError, Staged};
use crate::table::{Month, Table};

use super::BuildError;
use super::merge::Rows;

/// The rows of finished units, one per key, in their tables' order. May be read by several threads, and again.
pub trait StagedRows: Sync + std::fmt::Debug {
    /// The users whose units are finished, ascending.
    fn users(&self) -> Vec<UserId>;

    /// The months of which a partitioned table has rows.
    ///
    /// # Errors
    /// When the stage cannot be read.
    fn months(&self, table: Table) -> Result<Vec<Month>, StageError>;

    /// The rows of a table, or of one of its months.
    fn rows(&self, table: Table, month: Option<Month>) -> stage::Rows;

    /// The ids of a user's transactions.
    ///
    /// # Errors
    /// When the stage cannot be read.
    fn transaction_ids(&self, user: UserId) -> Result<Vec<i64>, StageError>;
}

impl<R: Send + Sync + std::fmt::Debug> StagedRows for Staged<R> {
    fn users(&self) -> Vec<UserId> {
        self.units().keys().copied().collect()
    }

    fn months(&self, table: Table) -> Result<Vec<Month>, StageError> {
        Self::months(self, table)
    }

    fn rows(&self, table: Table, month: Option<Month>) -> stage::Rows {
        self.rows_in(table, month)
    }

    fn transaction_ids(&self, user: UserId) -> Result<Vec<i64>, StageError> {
        self.ids(user, Table::Transactions)
    }
}

/// The staged rows of a table or month.
pub(super) fn staged<'a>(staged: &dyn StagedRows, table: Table, month: Option<Month>) -> Rows<'a> {
    Box::new(staged.rows(table, month).map(|rows| rows.map_err(BuildError::from)))
}
