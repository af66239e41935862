//! What a file of a table looks like, whatever its format.

use std::path::Path;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::{CsvProfile, EncodeError};

/// The columns of a table's files and the order of their rows.
#[derive(Clone, Debug)]
pub struct TableShape {
    /// Columns, in order.
    pub schema: SchemaRef,
    /// Columns by which the rows are sorted, ascending, nulls first.
    pub sorted_by: Vec<String>,
    /// How values look in CSV.
    pub csv: CsvProfile,
}

impl TableShape {
    /// The batch under the file's own schema, so that names, types and nullability are checked at the door and a
    /// batch's private metadata cannot reach the file.
    pub(super) fn conform(
        schema: &SchemaRef,
        batch: &RecordBatch,
        path: &Path,
    ) -> Result<RecordBatch, EncodeError> {
        if Arc::ptr_eq(schema, batch.schema_ref()) {
            return Ok(batch.clone());
        }
        Self::check(schema, batch.schema_ref(), path)?;
        RecordBatch::try_new(schema.clone(), batch.columns().to_vec()).map_err(EncodeError::arrow(path))
    }

    /// Whether `given` has exactly the columns of `schema`, by name, type and order.
    pub(super) fn check(schema: &SchemaRef, given: &SchemaRef, path: &Path) -> Result<(), EncodeError> {
        let wrong = |column: &str| EncodeError::Columns { path: path.to_owned(), column: column.to_owned() };
        for (index, field) in schema.fields().iter().enumerate() {
            match given.fields().get(index) {
                Some(other) if other.name() == field.name() && other.data_type() == field.data_type() => {}
                _ => return Err(wrong(field.name())),
            }
        }
        given.fields().get(schema.fields().len()).map_or(Ok(()), |extra| Err(wrong(extra.name())))
    }
}
