//! The order of a table's rows.

use arrow::array::{Array, AsArray, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Table;

/// The order columns of a row as comparable numbers: nulls first (`i64::MIN`), unused places zero.
pub type OrderKey = [i64; 4];

/// The order keys of the rows. `None` for a table that is ordered by texts (`issues`).
#[must_use]
pub fn integer_keys(table: Table, rows: &RecordBatch) -> Option<Vec<OrderKey>> {
    let mut keys = vec![OrderKey::default(); rows.num_rows()];
    for (place, name) in table.schema().order.iter().enumerate() {
        let column = rows.column_by_name(name)?;
        match column.data_type() {
            DataType::Int64 => fill(&mut keys, place, column.as_primitive::<Int64Type>().iter()),
            DataType::Date32 => {
                fill(
                    &mut keys,
                    place,
                    column.as_primitive::<Date32Type>().iter().map(|day| day.map(i64::from)),
                );
            }
            _ => return None,
        }
    }
    Some(keys)
}

fn fill(keys: &mut [OrderKey], place: usize, values: impl Iterator<Item = Option<i64>>) {
    for (key, value) in keys.iter_mut().zip(values) {
        key[place] = value.unwrap_or(i64::MIN);
    }
}

/// The rows in the table's order; rows with equal keys keep theirs.
///
/// # Errors
/// When a batch is not of that table, or memory for the copy cannot be had.
pub fn sort(table: Table, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let indices = match integer_keys(table, rows) {
        Some(keys) if keys.is_sorted() => return Ok(rows.clone()),
        Some(keys) => {
            let too_many = |_| ArrowError::InvalidArgumentError("more rows than a batch can have".to_owned());
            let mut indices: Vec<u32> = (0..u32::try_from(keys.len()).map_err(too_many)?).collect();
            indices.sort_by_key(|index| keys[*index as usize]);
            UInt32Array::from(indices)
        }
        None => lexsort_to_indices(&text_order(table, rows)?, None)?,
    };
    take_record_batch(rows, &indices)
}

fn text_order(table: Table, rows: &RecordBatch) -> Result<Vec<SortColumn>, ArrowError> {
    let column = |name: &String| -> Result<SortColumn, ArrowError> {
        let values = rows.column_by_name(name).ok_or_else(|| {
            ArrowError::SchemaError(format!("no column {name} in a batch of {}", table.name()))
        })?;
        let options = SortOptions { descending: false, nulls_first: true };
        Ok(SortColumn { values: values.clone(), options: Some(options) })
    };
    table.schema().order.iter().map(column).collect()
}
