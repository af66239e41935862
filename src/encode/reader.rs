//! A file of any format, back as record batches.

use std::path::Path;

use arrow::array::RecordBatch;

use super::{CsvReader, EncodeError, Format, ParquetReader, TableShape};

/// Streams the rows of one file in their order, every batch with exactly the columns of its table.
#[derive(Debug)]
pub enum TableReader {
    /// Parquet.
    Parquet(Box<ParquetReader>),
    /// CSV.
    Csv(Box<CsvReader>),
}

impl TableReader {
    /// Opens a file that must have that shape.
    ///
    /// # Errors
    /// When it cannot be read, or its columns are not the shape's.
    pub fn open(path: &Path, format: Format, shape: &TableShape) -> Result<Self, EncodeError> {
        Ok(match format {
            Format::Csv => Self::Csv(Box::new(CsvReader::open(path, shape)?)),
            Format::Parquet => {
                let reader = ParquetReader::open(path, None)?;
                TableShape::check(&shape.schema, reader.schema(), path)?;
                Self::Parquet(Box::new(reader))
            }
        })
    }
}

impl Iterator for TableReader {
    type Item = Result<RecordBatch, EncodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Parquet(reader) => reader.next(),
            Self::Csv(reader) => reader.next(),
        }
    }
}
