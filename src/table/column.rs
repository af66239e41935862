//! Columns of a batch, by name and type. `None`: there is none of that name and type.

use arrow::array::{Array, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

/// Whole numbers and ids.
#[must_use]
pub fn number<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<Int64Type>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

/// Dates, as days since 1970-01-01.
#[must_use]
pub fn day<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<Date32Type>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

/// Naive datetimes and instants, in microseconds.
#[must_use]
pub fn when<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<TimestampMicrosecondType>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

/// Amounts, unscaled.
#[must_use]
pub fn amount<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<Decimal128Type>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

/// Texts.
#[must_use]
pub fn text<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt()
}

/// Truth values.
#[must_use]
pub fn flag<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a BooleanArray> {
    rows.column_by_name(name)?.as_boolean_opt()
}

/// The values of the column `id`.
#[must_use]
pub fn ids(rows: &RecordBatch) -> Vec<i64> {
    number(rows, "id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default()
}

/// The value in a row, or `None` for null.
pub fn at<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

/// The text in a row, or `None` for null.
#[must_use]
pub fn text_at(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}
