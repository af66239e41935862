//! One CSV file of a table.

use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::csv_column::TextColumn;
use super::csv_output::CsvOutput;
use super::csv_text::push_field;
use super::{EncodeError, FileSink, TableShape, WrittenFile};

/// A CSV file being written.
#[derive(Debug)]
pub struct CsvFile {
    schema: SchemaRef,
    output: CsvOutput,
    rows: u64,
}

impl CsvFile {
    /// Starts a file in a new, empty `file` with its header; `path` is for messages.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(file: FileSink, path: &Path, shape: &TableShape) -> Result<Self, EncodeError> {
        let mut output = CsvOutput::new(file, path, shape.csv)?;
        let dialect = output.dialect;
        for (index, field) in shape.schema.fields().iter().enumerate() {
            if index > 0 {
                output.buffer.push(char::from(dialect.delimiter));
            }
            push_field(&mut output.buffer, field.name(), dialect, &mut output.marks);
        }
        output.end_record()?;
        output.drain()?;
        Ok(Self { schema: shape.schema.clone(), output, rows: 0 })
    }

    /// Adds rows, in the table's order.
    ///
    /// # Errors
    /// When the batch's columns are not the table's, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let batch = TableShape::conform(&self.schema, batch, self.output.path())?;
        let mut columns = TextColumn::all(&batch, self.output.path())?;
        let CsvOutput { dialect, .. } = self.output;
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter_mut().enumerate() {
                if index > 0 {
                    self.output.buffer.push(char::from(dialect.delimiter));
                }
                column.write(row, &mut self.output.buffer, dialect, &mut self.output.marks);
            }
            self.output.end_record()?;
        }
        self.rows += batch.num_rows() as u64;
        self.output.drain()
    }

    /// Ends the file. Its bytes are handed to the operating system, not synced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close(self) -> Result<WrittenFile, EncodeError> {
        self.output.close(self.rows)
    }
}
