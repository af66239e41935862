//! What can go wrong between record batches and a file.

use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use parquet::errors::ParquetError;

/// A file could not be written, or does not read back as its table asks. No message holds a cell's value.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The file system refused.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The Parquet library refused to write or read.
    #[error("cannot {action} parquet file {}: {source}", path.display())]
    Parquet {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: ParquetError,
    },
    /// Record batches could not be put together.
    #[error("cannot put record batches together for {}: {source}", path.display())]
    Arrow {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ArrowError,
    },
    /// The columns of a file or a batch are not the table's.
    #[error("{}: column {column} is missing or has another type than its table asks for", path.display())]
    Columns {
        /// The file.
        path: PathBuf,
        /// The first column that differs.
        column: String,
    },
    /// A column's type has no text form.
    #[error("{}: column {column} has a type that csv cannot hold", path.display())]
    NoText {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
    },
    /// A CSV file that does not hold what we would have written.
    #[error("{}: record {record}: {what}", path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// The record's number; the header is record 0.
        record: u64,
        /// What is wrong, without the value.
        what: CsvFault,
    },
}

/// What is wrong with a CSV record.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvFault {
    /// The header is not the table's column names.
    #[error("the header is not the table's columns")]
    Header,
    /// More or fewer fields than columns.
    #[error("{found} fields where {expected} are due")]
    Fields {
        /// Fields in the record.
        found: usize,
        /// Columns of the table.
        expected: usize,
    },
    /// The field is no value of its column.
    #[error("column {0} holds what is no value of its type")]
    Value(String),
    /// A quote where none can be, or bytes after a closing quote.
    #[error("a quote stands where none can be")]
    Quote,
    /// The file ends inside a quoted field or without a line end.
    #[error("the file is cut off")]
    CutOff,
}

impl EncodeError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }

    pub(crate) fn parquet(action: &'static str, path: &Path) -> impl FnOnce(ParquetError) -> Self {
        move |source| match source {
            // An I/O error inside the library keeps its own face: a full disk is not a broken file.
            ParquetError::External(inner) => match inner.downcast::<io::Error>() {
                Ok(io) => Self::Io { action, path: path.to_owned(), source: *io },
                Err(inner) => {
                    Self::Parquet { action, path: path.to_owned(), source: ParquetError::External(inner) }
                }
            },
            source => Self::Parquet { action, path: path.to_owned(), source },
        }
    }

    pub(crate) fn arrow(path: &Path) -> impl FnOnce(ArrowError) -> Self {
        move |source| Self::Arrow { path: path.to_owned(), source }
    }
}
