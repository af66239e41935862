//! One Parquet file whose bytes depend on its rows alone.

use std::io::BufWriter;
use std::path::{Path, PathBuf};

use arrow::array::{Array, ArrayRef, RecordBatch, Scalar};
use arrow::compute::kernels::cmp;
use arrow::datatypes::DataType;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
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
/// begin anew with each row group. With groups of 32,768 rows 3,000,000 of them took 3 % more disk, and pyarrow a third
/// longer to read them all; DuckDB was as fast, and writing cost the same.
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
    shape: TableShape,
    chunks: Chunker,
    /// Where the bytes go, until the writer has it: how columns are compressed waits for the first rows.
    sink: Option<Sink>,
    writer: Option<ArrowWriter<Sink>>,
    rows: u64,
}

type Sink = HashingWriter<BufWriter<FileSink>>;

impl ParquetFile {
    /// Starts a file in a new, empty `file`; `path` is for messages.
    #[must_use]
    pub fn new(file: FileSink, path: &Path, shape: &TableShape) -> Self {
        // The library writes page by page; 64 KiB at a time go to the file.
        let sink = HashingWriter::new(BufWriter::with_capacity(64 * 1024, file));
        let chunks = Chunker::new(shape.schema.clone(), BATCH_ROWS);
        Self { path: path.to_owned(), shape: shape.clone(), chunks, sink: Some(sink), writer: None, rows: 0 }
    }

    /// Adds rows, in the table's order.
    ///
    /// # Errors
    /// When the batch's columns are not the table's, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let mut rest = Some(TableShape::conform(&self.shape.schema, batch, &self.path)?);
        self.rows += batch.num_rows() as u64;
        while let Some(batch) = rest {
            let (chunk, left) = self.chunks.push(batch).map_err(EncodeError::arrow(&self.path))?;
            if let Some(chunk) = chunk {
                self.write_chunk(&chunk, |_| false)?;
            }
            rest = left;
        }
        Ok(())
    }

    /// Ends the file. Its bytes are handed to the operating system, not synced.
    ///
    /// # Errors
    /// When the file cannot be written, or has a column that Parquet has no type for.
    pub fn close(mut self) -> Result<WrittenFile, EncodeError> {
        let last = self.chunks.take().map_err(EncodeError::arrow(&self.path))?;
        let last = last.unwrap_or_else(|| RecordBatch::new_empty(self.shape.schema.clone()));
        self.write_chunk(&last, is_uniform)?;
        let Self { path, writer, rows, .. } = self;
        let sink = writer.map(ArrowWriter::into_inner).ok_or_else(ended);
        let sink = sink.flatten().map_err(EncodeError::parquet("write", &path))?;
        let (buffer, fingerprint) = sink.finish();
        buffer.into_inner().map_err(|error| EncodeError::io("write", &path)(error.into_error()))?;
        Ok(WrittenFile { path, rows, fingerprint, marks: CsvMarks::default() })
    }

    /// Writes the next rows. The file's first say which columns stay as they are for want of anything to compress.
    fn write_chunk(&mut self, chunk: &RecordBatch, plain: fn(&ArrayRef) -> bool) -> Result<(), EncodeError> {
        if let Some(sink) = self.sink.take() {
            let names = chunk.schema_ref().fields().iter().zip(chunk.columns());
            let names = names.filter(|(_, column)| plain(column)).map(|(field, _)| field.name().as_str());
            let properties = properties(&self.shape, names);
            let writer = ArrowWriter::try_new(sink, self.shape.schema.clone(), Some(properties));
            self.writer = Some(writer.map_err(EncodeError::parquet("start", &self.path))?);
        }
        let writer = self.writer.as_mut().ok_or_else(ended);
        writer.and_then(|writer| writer.write(chunk)).map_err(EncodeError::parquet("write", &self.path))
    }
}

fn ended() -> ParquetError {
    ParquetError::General("it was ended by an earlier error".to_owned())
}

/// Whether a column has no two different values: its pages are a few bytes, and a codec gains nothing. It would cost: the
/// library makes two for each column of each file, and each asks the processor what it can, which takes 5 µs in a virtual
/// machine. In a run of 10,000 rows that was a quarter of the CPU.
fn is_uniform(column: &ArrayRef) -> bool {
    let Some(first) = (0..column.len()).find(|row| column.is_valid(*row)) else { return true };
    cmp::eq(column, &Scalar::new(column.slice(first, 1))).is_ok_and(|equal| equal.false_count() == 0)
}

/// The settings that every reader we know takes. A change here changes bytes: raise [`super::WRITER_EPOCH`] with it.
fn properties<'a>(shape: &TableShape, plain: impl Iterator<Item = &'a str>) -> WriterProperties {
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
    let properties = unsorted_texts.fold(properties, |properties, field| {
        let column = ColumnPath::from(field.name().as_str());
        properties.set_column_statistics_enabled(column, EnabledStatistics::None)
    });
    plain
        .fold(properties, |properties, name| {
            properties.set_column_compression(ColumnPath::from(name), Compression::UNCOMPRESSED)
        })
        .build()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use arrow::datatypes::{Field, Schema};
    use parquet::file::reader::{FileReader as _, SerializedFileReader};

    use super::*;

    /// Which columns of a file of so many rows are compressed: ids, the same text everywhere (or none), nothing.
    fn compressed(rows: usize) -> Vec<bool> {
        let field = |name, of| Field::new(name, of, true);
        let fields =
            [field("id", DataType::Int64), field("currency", DataType::Utf8), field("card", DataType::Utf8)];
        let schema = Arc::new(Schema::new(fields.to_vec()));
        let shape = TableShape { schema: schema.clone(), sorted_by: Vec::new(), csv: Default::default() };
        let ids = (0..).take(rows).collect::<Int64Array>();
        let currencies = (0..rows).map(|row| (row % 3 > 0).then_some("EUR")).collect::<StringArray>();
        let cards = StringArray::new_null(rows);
        let batch =
            RecordBatch::try_new(schema, vec![Arc::new(ids), Arc::new(currencies), Arc::new(cards)]).unwrap();

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("part");
        let mut file = ParquetFile::new(Box::new(std::fs::File::create(&path).unwrap()), &path, &shape);
        file.write(&batch).unwrap();
        file.close().unwrap();
        let read = SerializedFileReader::new(std::fs::File::open(&path).unwrap()).unwrap();
        let columns = read.metadata().row_group(0).columns().iter();
        columns.map(|column| column.compression() != Compression::UNCOMPRESSED).collect()
    }

    #[test]
    fn a_small_files_columns_of_one_value_are_not_compressed() {
        assert_eq!(compressed(3), [true, false, false]);
        assert_eq!(compressed(1), [false; 3]);
        assert_eq!(compressed(BATCH_ROWS), [true; 3]);
    }
}
