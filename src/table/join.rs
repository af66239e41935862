//! Rows of several batches as one. Most columns of most rows are null: where a column holds nothing in any of the
//! batches, nothing is copied, and the nulls of all of them are made at once.

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::{concat, interleave};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

/// The rows of all batches, one after the other.
///
/// # Errors
/// When their columns are not those of the schema.
pub fn concat_rows(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<RecordBatch, ArrowError> {
    if let [only] = batches {
        return Ok(only.clone());
    }
    let rows = batches.iter().map(RecordBatch::num_rows).sum();
    let batches: Vec<&RecordBatch> = batches.iter().collect();
    by_column(schema, &batches, rows, concat)
}

/// The rows at these places, each the position of a batch and of a row in it.
///
/// # Errors
/// When the batches' columns are not those of the schema.
pub fn interleave_rows(
    schema: &SchemaRef,
    batches: &[&RecordBatch],
    places: &[(usize, usize)],
) -> Result<RecordBatch, ArrowError> {
    by_column(schema, batches, places.len(), |columns| interleave(columns, places))
}

fn by_column(
    schema: &SchemaRef,
    batches: &[&RecordBatch],
    rows: usize,
    join: impl Fn(&[&dyn Array]) -> Result<ArrayRef, ArrowError>,
) -> Result<RecordBatch, ArrowError> {
    let mut column: Vec<&dyn Array> = Vec::with_capacity(batches.len());
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (place, field) in schema.fields().iter().enumerate() {
        column.clear();
        for batch in batches {
            let found = batch.columns().get(place);
            let found =
                found.ok_or_else(|| ArrowError::SchemaError(format!("no column {}", field.name())))?;
            column.push(found.as_ref());
        }
        columns.push(if column.iter().all(|values| is_null(*values)) {
            new_null_array(field.data_type(), rows)
        } else {
            join(&column)?
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
}

/// Whether a column holds no value at all.
#[must_use]
pub fn is_null(values: &dyn Array) -> bool {
    values.null_count() == values.len()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Decimal128Array, StringArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Field, Schema};
    use proptest::prelude::*;

    use super::*;

    type Row = (Option<i128>, Option<String>);

    fn batch(rows: &[Row], texts: bool) -> RecordBatch {
        let schema = Schema::new(vec![
            Field::new("value", DataType::Decimal128(28, 8), true),
            Field::new("text", DataType::Utf8, true),
        ]);
        let amounts = Decimal128Array::from_iter(rows.iter().map(|row| row.0));
        let amounts = amounts.with_precision_and_scale(28, 8).unwrap();
        let texts = StringArray::from_iter(rows.iter().map(|row| row.1.clone().filter(|_| texts)));
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(amounts), Arc::new(texts)]).unwrap()
    }

    proptest! {
        #[test]
        fn joins_as_arrow_does(
            pieces in prop::collection::vec(prop::collection::vec(any::<Row>(), 0..5), 1..5),
            texts: bool,
            picks in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..20),
        ) {
            let batches: Vec<_> = pieces.iter().map(|rows| batch(rows, texts)).collect();
            let schema = batches[0].schema();
            prop_assert_eq!(concat_rows(&schema, &batches).unwrap(), concat_batches(&schema, &batches).unwrap());
            let filled: Vec<&RecordBatch> = batches.iter().filter(|batch| batch.num_rows() > 0).collect();
            if !filled.is_empty() {
                let places: Vec<(usize, usize)> = picks
                    .iter()
                    .map(|(of, at)| (of.index(filled.len()), at))
                    .map(|(of, at)| (of, at.index(filled[of].num_rows())))
                    .collect();
                let expected = arrow::compute::interleave_record_batch(&filled, &places).unwrap();
                prop_assert_eq!(interleave_rows(&schema, &filled, &places).unwrap(), expected);
            }
        }
    }
}
