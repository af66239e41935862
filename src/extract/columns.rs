//! Columns of a batch by name and type.

use arrow::array::{AsArray, PrimitiveArray, StringArray};
use arrow::datatypes::{Date32Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

pub(super) fn number<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<Int64Type>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

pub(super) fn day<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<Date32Type>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

pub(super) fn when<'a>(
    rows: &'a RecordBatch,
    name: &str,
) -> Option<&'a PrimitiveArray<TimestampMicrosecondType>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

pub(super) fn text<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt()
}

/// The values of the column `id`.
pub(super) fn ids(rows: &RecordBatch) -> Vec<i64> {
    number(rows, "id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default()
}
