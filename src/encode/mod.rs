//! Record batches into files and back: Parquet and CSV.
//!
//! Promises: a file's bytes depend on its rows alone (not on how they arrived, when, or by which release of the same
//! [`WRITER_EPOCH`]); amounts go from `i128` to text and never through a float; every file's length and SHA-256 are
//! those of the bytes as they were written. Files are handed over unsynced.
//!
//! | file | noun |
//! |---|---|
//! | `format` | the formats |
//! | `profile` | how CSV spells values: for programs, for the spreadsheets of each country |
//! | `guard`, `windows1252` | texts that a spreadsheet would calculate; the encoding of old software |
//! | `shape` | the columns and order of a table's files |
//! | `writer` | a file of any format; rolling parts in several formats at once |
//! | `parquet_file`, `chunk` | a Parquet file, fed in steps of one size |
//! | `csv_file`, `csv_column`, `csv_text` | a CSV file of a table, its cells, and the text of a value |
//! | `csv_sheet`, `csv_output` | a CSV file of any records, and where records go |
//! | `reader` | a file of any format, back as batches |
//! | `parquet_reader`, `csv_reader`, `csv_record` | the same for each format |
//! | `digest` | SHA-256 while writing and reading |

mod chunk;
mod csv_column;
mod csv_file;
mod csv_output;
mod csv_reader;
mod csv_record;
mod csv_sheet;
mod csv_text;
mod digest;
mod error;
mod format;
mod guard;
mod parquet_file;
mod parquet_reader;
mod profile;
mod reader;
mod shape;
#[cfg(test)]
mod tests;
mod windows1252;
mod writer;

pub use csv_file::CsvFile;
pub use csv_reader::{CsvReader, reads_back_as};
pub use csv_sheet::CsvSheet;
pub use digest::{Fingerprint, NotADigest, Sha256};
pub use error::{CsvFault, EncodeError};
pub use format::Format;
pub use guard::{GUARD, SPREADSHEET_DIGITS, needs_guard, unguarded};
pub use parquet_file::ParquetFile;
pub use parquet_reader::ParquetReader;
pub use profile::{CsvProfile, DateForm, Dialect, Encoding, Language, LineEnd, NoSuchProfile};
pub use reader::TableReader;
pub use shape::TableShape;
pub(crate) use windows1252::encode as windows1252;
pub use writer::{
    CsvMarks, FILE_ROWS, FileSink, NewFiles, PartWriter, TableWriter, WrittenFile, WrittenPart, part_name,
};

/// Raised by a change of writer settings, schema or code that changes the bytes of unchanged rows: then every file is
/// rewritten and nothing is linked.
pub const WRITER_EPOCH: u32 = 3;
