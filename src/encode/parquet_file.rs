//! One Parquet file whose bytes depend on its rows alone.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::SortingColumn;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use super::chunk::Chunker;
use super::digest::HashingWriter;
use super::{CsvMarks, EncodeError, FileSink, TableShape, WrittenFile};

/// Rows in one call to the Parquet library: its page and dictionary decisions depend on the calls, so every call but
/// a row group's last has this many rows.
const BATCH_ROWS: usize = 8_192;
/// Rows of a row group (DuckDB's own size: one unit of its parallelism); a whole number of batches, so that batches
/// begin anew with each row group.
pub(super) const ROW_GROUP_ROWS: usize = 15 * BATCH_ROWS;
/// Level 3: level 6 takes 1.8 times as long for 2.3 % less. Level 1 saves 2 to 8 % of the time of writing; its files are
/// 1.4 % smaller on the benchmark's rows and were 1.6 % larger on others, so it is left alone.
const ZSTD_LEVEL: i32 = 3;
/// A column whose distinct values take more than this is written without a dictionary. The library's own 1 MiB took 25 %
/// longer, most of it to find out that a row group's wordings are all different; the files differ by 1 % either way.
const DICTIONARY_BYTES: usize = 64 * 1024;

/// A Parquet file being written.
#[derive(Debug)]
pub struct ParquetFile {
    path: PathBuf,
    shape: SchemaRef,
    chunks: Chunker,
    writer: ArrowWriter<HashingWriter<BufWriter<FileSink>>>,
    rows: u64,
}

impl ParquetFile {
    /// Starts a file in a new, empty `file`; `path` is for messages.
    ///
    /// # Errors
    /// When the file cannot be written or a column has no Parquet type.
    pub fn new(file: FileSink, path: &Path, shape: &TableShape) -> Result<Self, EncodeError> {
        let schema = shape.schema.clone();
        // The library writes page by page; 64 KiB at a time go to the file.
        let sink = HashingWriter::new(BufWriter::with_capacity(64 * 1024, file));
        let writer = ArrowWriter::try_new(sink, schema.clone(), Some(properties(shape)))
            .map_err(EncodeError::parquet("start", path))?;
        let chunks = Chunker::new(schema.clone(), BATCH_ROWS);
        Ok(Self { path: path.to_owned(), shape: schema, chunks, writer, rows: 0 })
    }

    /// Adds rows, in the table's order.
    ///
    /// # Errors
    /// When the batch's columns are not the table's, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let mut rest = Some(TableShape::conform(&self.shape, batch, &self.path)?);
        self.rows += batch.num_rows() as u64;
        while let Some(batch) = rest {
            let (chunk, left) = self.chunks.push(batch).map_err(EncodeError::arrow(&self.path))?;
            if let Some(chunk) = chunk {
                self.writer.write(&chunk).map_err(EncodeError::parquet("write", &self.path))?;
            }
            rest = left;
        }
        Ok(())
    }

    /// Ends the file. Its bytes are handed to the operating system, not synced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close(mut self) -> Result<WrittenFile, EncodeError> {
        let path = self.path;
        if let Some(chunk) = self.chunks.take().map_err(EncodeError::arrow(&path))? {
            self.writer.write(&chunk).map_err(EncodeError::parquet("write", &path))?;
        }
        let sink = self.writer.into_inner().map_err(EncodeError::parquet("write", &path))?;
        let (buffer, fingerprint) = sink.finish();
        buffer.into_inner().map_err(|error| EncodeError::io("write", &path)(error.into_error()))?;
        Ok(WrittenFile { path, rows: self.rows, fingerprint, marks: CsvMarks::default() })
    }
}

/// The settings that every reader we know takes. A change here changes bytes: raise [`super::WRITER_EPOCH`] with it.
fn properties(shape: &TableShape) -> WriterProperties {
    let sorting = shape
        .sorted_by
        .iter()
        .filter_map(|name| shape.schema.index_of(name).ok())
        .filter_map(|index| i32::try_from(index).ok())
        .map(|column_idx| SortingColumn { column_idx, descending: false, nulls_first: true })
        .collect();
    let properties = WriterProperties::builder()
        // Every id is another one: a dictionary of them is larger than they are, and slow to find that out.
        .set_column_dictionary_enabled(ColumnPath::from("id"), false)
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL).unwrap_or_default()))
        .set_dictionary_enabled(true)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_bloom_filter_enabled(false)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_sorting_columns(Some(sorting))
        // No version: a new release of the tool must not change a byte of unchanged rows.
        .set_created_by("powens-export".to_owned());
    let unsorted_texts = shape
        .schema
        .fields()
        .iter()
        .filter(|field| *field.data_type() == DataType::Utf8 && !shape.sorted_by.contains(field.name()));
    // No reader can skip rows by the least and greatest of their wordings, and the footer would quote both. Finding them
    // took 16 % of the time of writing, and reading files back 10 % more.
    unsorted_texts
        .fold(properties, |properties, field| {
            let column = ColumnPath::from(field.name().as_str());
            properties.set_column_statistics_enabled(column, EnabledStatistics::None)
        })
        .build()
}
