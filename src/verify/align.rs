//! Two streams of batches, cut so that they can be compared side by side.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

use crate::encode::{CsvProfile, reads_back_as};

/// A stream of batches from which any number of rows can be taken.
pub(super) struct Rows<I> {
    batches: I,
    rest: Option<RecordBatch>,
}

impl<E, I: Iterator<Item = Result<RecordBatch, E>>> Rows<I> {
    pub(super) fn new(batches: I) -> Self {
        Self { batches, rest: None }
    }

    /// Up to `most` rows, in as few batches as they come.
    pub(super) fn take(&mut self, most: usize) -> Result<Option<RecordBatch>, E> {
        let batch = loop {
            match self.rest.take() {
                Some(batch) if batch.num_rows() > 0 => break batch,
                _ => match self.batches.next() {
                    Some(batch) => self.rest = Some(batch?),
                    None => return Ok(None),
                },
            }
        };
        if batch.num_rows() > most {
            self.rest = Some(batch.slice(most, batch.num_rows() - most));
            return Ok(Some(batch.slice(0, most)));
        }
        Ok(Some(batch))
    }
}

/// The first column in which two batches of equal length and columns differ, and the row.
/// What the profile cannot hold of a text (NUL, characters that its encoding lacks) is no difference.
pub(super) fn first_difference(
    parquet: &RecordBatch,
    csv: &RecordBatch,
    profile: CsvProfile,
) -> Option<(String, usize)> {
    for ((field, left), right) in
        parquet.schema_ref().fields().iter().zip(parquet.columns()).zip(csv.columns())
    {
        if left == right {
            continue;
        }
        let row = (0..left.len()).find(|row| !same_cell(left, right, *row, profile));
        if let Some(row) = row {
            return Some((field.name().clone(), row));
        }
    }
    None
}

fn same_cell(left: &dyn Array, right: &dyn Array, row: usize, profile: CsvProfile) -> bool {
    if left.slice(row, 1).as_ref() == right.slice(row, 1).as_ref() {
        return true;
    }
    let texts = (left.data_type(), right.data_type()) == (&DataType::Utf8, &DataType::Utf8);
    texts
        && left.is_valid(row)
        && right.is_valid(row)
        && reads_back_as(left.as_string::<i32>().value(row), profile) == right.as_string::<i32>().value(row)
}
