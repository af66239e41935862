//! What the build asks of the stage.

use std::collections::BTreeMap;

use arrow::array::RecordBatch;

use crate::extract::FetchedUnit;
use crate::model::UserId;
use crate::stage::StageError;
use crate::table::{Month, Table};

/// A stream of staged rows.
pub type StagedStream = Box<dyn Iterator<Item = Result<RecordBatch, StageError>> + Send>;

/// The rows of committed units, one per key, in their tables' order. May be read by several threads, and again.
pub trait StagedRows: Sync {
    /// The committed units.
    fn units(&self) -> &BTreeMap<UserId, FetchedUnit>;

    /// The months of which a table has rows; for a table that is not partitioned, nothing.
    fn months(&self, table: Table) -> Vec<Month>;

    /// The rows of a table, or of one of its months.
    ///
    /// # Errors
    /// When the stage cannot be read; so may every item.
    fn rows(&self, table: Table, month: Option<Month>) -> Result<StagedStream, StageError>;

    /// The ids of all staged transactions, in any order.
    ///
    /// # Errors
    /// When the stage cannot be read.
    fn transaction_ids(&self) -> Result<Vec<i64>, StageError>;
}
