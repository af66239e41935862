//! Typed columns of a batch, by name.

use arrow::array::{Array, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Date32Type, Int64Type};

use crate::table::Table;

use super::BuildError;

/// A batch and the table that its errors name.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) table: Table,
    pub(super) rows: &'a RecordBatch,
}

impl<'a> Columns<'a> {
    pub(super) fn of(table: Table, rows: &'a RecordBatch) -> Self {
        Self { table, rows }
    }

    fn typed<T>(
        self,
        column: &'static str,
        cast: impl FnOnce(&'a dyn Array) -> Option<&'a T>,
    ) -> Result<&'a T, BuildError> {
        let found = self.rows.column_by_name(column).and_then(|values| cast(values.as_ref()));
        found.ok_or(BuildError::Column { table: self.table, column })
    }

    pub(super) fn numbers(self, column: &'static str) -> Result<&'a Int64Array, BuildError> {
        self.typed(column, |values| values.as_primitive_opt::<Int64Type>())
    }

    pub(super) fn dates(self, column: &'static str) -> Result<&'a Date32Array, BuildError> {
        self.typed(column, |values| values.as_primitive_opt::<Date32Type>())
    }

    pub(super) fn texts(self, column: &'static str) -> Result<&'a StringArray, BuildError> {
        self.typed(column, |values| values.as_string_opt::<i32>())
    }

    pub(super) fn flags(self, column: &'static str) -> Result<&'a BooleanArray, BuildError> {
        self.typed(column, |values| values.as_boolean_opt())
    }

    /// The column that marks deleted rows, where the table has one.
    pub(super) fn deleted(self) -> Option<&'a dyn Array> {
        self.rows.column_by_name("deleted").map(AsRef::as_ref)
    }
}

/// The value, or `None` for null.
pub(super) fn at(values: &Int64Array, row: usize) -> Option<i64> {
    values.is_valid(row).then(|| values.value(row))
}

/// The day, or `None` for null.
pub(super) fn day_at(values: &Date32Array, row: usize) -> Option<i32> {
    values.is_valid(row).then(|| values.value(row))
}

/// The text, or `None` for null.
pub(super) fn text_at(values: &StringArray, row: usize) -> Option<&str> {
    values.is_valid(row).then(|| values.value(row))
}
