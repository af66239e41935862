//! One CSV file.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::csv_text::{TextColumn, push_field};
use super::digest::HashingWriter;
use super::{EncodeError, TableShape, WrittenFile};

/// A CSV file being written.
#[derive(Debug)]
pub struct CsvFile {
    path: PathBuf,
    schema: SchemaRef,
    writer: HashingWriter<BufWriter<File>>,
    /// The records of one batch, as text.
    buffer: String,
    rows: u64,
    replaced_nuls: u64,
}

impl CsvFile {
    /// Starts a file in an open, empty `file` with its header; `path` is for messages.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(file: File, path: &Path, shape: &TableShape) -> Result<Self, EncodeError> {
        let mut writer = HashingWriter::new(BufWriter::with_capacity(64 * 1024, file));
        let mut buffer = String::new();
        for (index, field) in shape.schema.fields().iter().enumerate() {
            if index > 0 {
                buffer.push(',');
            }
            push_field(&mut buffer, field.name());
        }
        buffer.push('\n');
        writer.write_all(buffer.as_bytes()).map_err(EncodeError::io("write", path))?;
        let schema = shape.schema.clone();
        Ok(Self { path: path.to_owned(), schema, writer, buffer, rows: 0, replaced_nuls: 0 })
    }

    /// Adds rows, in the table's order.
    ///
    /// # Errors
    /// When the batch's columns are not the table's, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let batch = TableShape::conform(&self.schema, batch, &self.path)?;
        let mut columns = TextColumn::all(&batch, &self.path)?;
        self.buffer.clear();
        for row in 0..batch.num_rows() {
            for (index, column) in columns.iter_mut().enumerate() {
                if index > 0 {
                    self.buffer.push(',');
                }
                self.replaced_nuls += column.write(row, &mut self.buffer);
            }
            self.buffer.push('\n');
            if self.buffer.len() > 256 * 1024 {
                self.drain()?;
            }
        }
        self.rows += batch.num_rows() as u64;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), EncodeError> {
        self.writer.write_all(self.buffer.as_bytes()).map_err(EncodeError::io("write", &self.path))?;
        self.buffer.clear();
        Ok(())
    }

    /// Ends the file. Its bytes are handed to the operating system, not synced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close(self) -> Result<WrittenFile, EncodeError> {
        let (buffer, fingerprint) = self.writer.finish();
        buffer.into_inner().map_err(|error| EncodeError::io("write", &self.path)(error.into_error()))?;
        Ok(WrittenFile { path: self.path, rows: self.rows, fingerprint, replaced_nuls: self.replaced_nuls })
    }
}
