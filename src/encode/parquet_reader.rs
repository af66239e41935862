//! A Parquet file, back as record batches.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, FieldRef, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::reader::ChunkReader;

use super::{EncodeError, Fingerprint, TableShape};

/// Rows of a batch read.
const BATCH_ROWS: usize = 8_192;
/// A file to check that is no longer is read at once: the library opens a file anew for each page of each column, which
/// took a tenth of a run of 10,000 rows.
const WHOLE_BYTES: u64 = 4 * 1024 * 1024;

/// Streams the rows of one Parquet file in their order.
pub struct ParquetReader {
    path: PathBuf,
    schema: SchemaRef,
    rows: u64,
    batches: ParquetRecordBatchReader,
}

impl ParquetReader {
    /// Opens a file, to read all columns or those named; columns come in the file's order.
    ///
    /// # Errors
    /// When it cannot be read, is no Parquet file, or lacks one of the columns.
    pub fn open(path: &Path, columns: Option<&[&str]>) -> Result<Self, EncodeError> {
        let file = File::open(path).map_err(EncodeError::io("open", path))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(EncodeError::parquet("open", path))?;
        let builder = match columns {
            None => builder,
            Some(names) => {
                let indices = names
                    .iter()
                    .map(|name| {
                        builder.schema().index_of(name).map_err(|_| EncodeError::Columns {
                            path: path.to_owned(),
                            column: (*name).to_owned(),
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                let mask = ProjectionMask::roots(builder.parquet_schema(), indices);
                builder.with_projection(mask)
            }
        };
        Self::build(path, builder)
    }

    /// Opens a file that must have that shape, to decode every value of it, and takes the digest of its bytes. Texts come
    /// as views of the decoded pages, which are whole and valid but not copied row by row; only those of the columns in
    /// `copied` are plain texts.
    ///
    /// # Errors
    /// When it cannot be read, is no Parquet file, or has other columns.
    pub fn open_to_check(
        path: &Path,
        shape: &TableShape,
        copied: &[&str],
    ) -> Result<(Fingerprint, Self), EncodeError> {
        let mut file = File::open(path).map_err(EncodeError::io("open", path))?;
        let length = file.metadata().map_err(EncodeError::io("open", path))?.len();
        if length > WHOLE_BYTES {
            let reader = Self::checked(file, path, shape, copied)?;
            return Ok((Fingerprint::of_file(path)?, reader));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(EncodeError::io("read", path))?;
        let bytes = Bytes::from(bytes);
        Ok((Fingerprint::of(&bytes), Self::checked(bytes, path, shape, copied)?))
    }

    fn checked(
        source: impl ChunkReader + 'static,
        path: &Path,
        shape: &TableShape,
        copied: &[&str],
    ) -> Result<Self, EncodeError> {
        let metadata = ArrowReaderMetadata::load(&source, ArrowReaderOptions::new())
            .map_err(EncodeError::parquet("open", path))?;
        TableShape::check(&shape.schema, metadata.schema(), path)?;
        let viewed = |field: &FieldRef| match field.data_type() {
            DataType::Utf8 if !copied.contains(&field.name().as_str()) => {
                field.as_ref().clone().with_data_type(DataType::Utf8View)
            }
            _ => field.as_ref().clone(),
        };
        let schema = Schema::new(metadata.schema().fields().iter().map(viewed).collect::<Vec<_>>());
        let options = ArrowReaderOptions::new().with_schema(schema.into());
        let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
            .map_err(EncodeError::parquet("open", path))?;
        Self::build(path, ParquetRecordBatchReaderBuilder::new_with_metadata(source, metadata))
    }

    fn build(
        path: &Path,
        builder: ParquetRecordBatchReaderBuilder<impl ChunkReader + 'static>,
    ) -> Result<Self, EncodeError> {
        let rows = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let batches =
            builder.with_batch_size(BATCH_ROWS).build().map_err(EncodeError::parquet("open", path))?;
        let schema = arrow::array::RecordBatchReader::schema(&batches);
        Ok(Self { path: path.to_owned(), schema, rows, batches })
    }

    /// Whether the footer of a file says that none of its rows lacks this column's value. `false` also where it does not
    /// say: then the rows must be read.
    ///
    /// # Errors
    /// As [`ParquetReader::open`].
    pub fn is_never_null(path: &Path, column: &str) -> Result<bool, EncodeError> {
        let file = File::open(path).map_err(EncodeError::io("open", path))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(EncodeError::parquet("open", path))?;
        let missing = || EncodeError::Columns { path: path.to_owned(), column: column.to_owned() };
        // Our tables are flat: a column's place among the fields is its place among the leaves.
        let at = builder.schema().index_of(column).map_err(|_| missing())?;
        let nulls = |group: &RowGroupMetaData| group.columns().get(at)?.statistics()?.null_count_opt();
        Ok(builder.metadata().row_groups().iter().all(|group| nulls(group) == Some(0)))
    }

    /// The columns that batches have.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows in the whole file, as its footer says.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl Iterator for ParquetReader {
    type Item = Result<RecordBatch, EncodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.batches.next()?;
        Some(batch.map_err(EncodeError::arrow(&self.path)))
    }
}

impl std::fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetReader")
            .field("path", &self.path)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
