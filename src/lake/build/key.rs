//! The place of a row in its table's order, as a value that compares.

use arrow::array::RecordBatch;
use arrow::row::{RowConverter, SortField};

use crate::table::{OrderKey, Table, integer_keys};

use super::BuildError;

/// A comparable sort key. The order columns begin with or contain the table's key, so equal keys mean the same row.
pub(super) trait Key: Ord + Clone + Send {
    /// The key of each row.
    fn of(table: Table, rows: &RecordBatch) -> Result<Vec<Self>, BuildError>;
}

/// Tables that are ordered by numbers and dates.
impl Key for OrderKey {
    fn of(table: Table, rows: &RecordBatch) -> Result<Vec<Self>, BuildError> {
        integer_keys(table, rows).ok_or(BuildError::Columns { table, what: "that order them" })
    }
}

/// Tables that are ordered by texts too: arrow's row format, whose bytes compare as the values do, nulls first.
pub(super) type TextKey = Vec<u8>;

impl Key for TextKey {
    fn of(table: Table, rows: &RecordBatch) -> Result<Vec<Self>, BuildError> {
        let missing = BuildError::Columns { table, what: "that order them" };
        let columns: Option<Vec<_>> =
            table.schema().order.iter().map(|name| rows.column_by_name(name).cloned()).collect();
        let columns = columns.ok_or(missing)?;
        let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
        let converted = RowConverter::new(fields)
            .and_then(|converter| converter.convert_columns(&columns))
            .map_err(BuildError::rows(table))?;
        Ok(converted.iter().map(|row| row.data().to_vec()).collect())
    }
}
