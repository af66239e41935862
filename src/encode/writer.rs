//! A file of any format, and the rolling parts of a table or partition in all the formats asked for.

use std::fmt;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use super::csv_file::CsvFile;
use super::digest::Fingerprint;
use super::parquet_file::{ParquetFile, ROW_GROUP_ROWS};
use super::{EncodeError, Format, TableShape};

/// Where the bytes of a new file go.
pub type FileSink = Box<dyn Write + Send>;

/// Creates files for parts. The lake's store does, so that no step on the disk goes past it.
pub trait NewFiles: fmt::Debug + Sync {
    /// Creates the file, which must not exist, readable by its owner alone.
    ///
    /// # Errors
    /// When it exists or the disk refuses.
    fn new_file(&self, path: &Path) -> io::Result<FileSink>;
}

/// Rows of one file: 20 row groups, about 130 MB of transactions; the last file is shorter.
pub const FILE_ROWS: u64 = 20 * ROW_GROUP_ROWS as u64;

/// A file that was written to its end and not synced.
#[derive(Clone, Debug)]
pub struct WrittenFile {
    /// Where it is.
    pub path: PathBuf,
    /// Rows in it.
    pub rows: u64,
    /// Its length and digest, taken of the bytes as they were written.
    pub fingerprint: Fingerprint,
    /// What CSV changed of its texts.
    pub marks: CsvMarks,
}

/// What a CSV file changed of its texts, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CsvMarks {
    /// NUL characters that CSV cannot hold and that became U+FFFD.
    pub replaced_nuls: u64,
    /// Cells that got a `'` in front.
    pub guarded: u64,
    /// Characters that the encoding lacks and that became `?`.
    pub replaced_characters: u64,
}

impl std::ops::AddAssign for CsvMarks {
    fn add_assign(&mut self, other: Self) {
        self.replaced_nuls += other.replaced_nuls;
        self.guarded += other.guarded;
        self.replaced_characters += other.replaced_characters;
    }
}

/// A file being written, whatever its format.
#[derive(Debug)]
pub enum TableWriter {
    /// Parquet.
    Parquet(Box<ParquetFile>),
    /// CSV.
    Csv(Box<CsvFile>),
}

impl TableWriter {
    /// Starts a new, empty file; `path` is for messages.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(file: FileSink, path: &Path, format: Format, shape: &TableShape) -> Result<Self, EncodeError> {
        Ok(match format {
            Format::Parquet => Self::Parquet(Box::new(ParquetFile::new(file, path, shape))),
            Format::Csv => Self::Csv(Box::new(CsvFile::new(file, path, shape)?)),
        })
    }

    /// Adds rows, in the table's order.
    ///
    /// # Errors
    /// When the batch's columns are not the table's, or the file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        match self {
            Self::Parquet(file) => file.write(batch),
            Self::Csv(file) => file.write(batch),
        }
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close(self) -> Result<WrittenFile, EncodeError> {
        match self {
            Self::Parquet(file) => file.close(),
            Self::Csv(file) => file.close(),
        }
    }
}

/// Writes the same rows in several formats, each into its own folder, as `part-00000`, `part-00001`, …
#[derive(Debug)]
pub struct PartWriter<'a> {
    files: &'a dyn NewFiles,
    shape: TableShape,
    folders: Vec<(Format, PathBuf)>,
    rows_per_file: u64,
    open: Option<OpenPart>,
    next_part: u32,
    finished: Vec<WrittenPart>,
}

#[derive(Debug)]
struct OpenPart {
    writers: Vec<TableWriter>,
    rows: u64,
}

/// One part in every format asked for.
#[derive(Clone, Debug)]
pub struct WrittenPart {
    /// Its number, from 0.
    pub part: u32,
    /// The files, in the order of the formats asked for.
    pub files: Vec<(Format, WrittenFile)>,
}

impl<'a> PartWriter<'a> {
    /// Parts in these folders, which exist.
    #[must_use]
    pub fn new(files: &'a dyn NewFiles, shape: TableShape, folders: Vec<(Format, PathBuf)>) -> Self {
        Self {
            files,
            shape,
            folders,
            rows_per_file: FILE_ROWS,
            open: None,
            next_part: 0,
            finished: Vec::new(),
        }
    }

    /// Adds rows, in the table's order.
    ///
    /// # Errors
    /// When the batch's columns are not the table's, or a file cannot be written.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), EncodeError> {
        let mut offset = 0;
        while offset < batch.num_rows() {
            let mut part = match self.open.take() {
                Some(part) => part,
                None => self.start()?,
            };
            let space = usize::try_from(self.rows_per_file - part.rows).unwrap_or(usize::MAX);
            let rows = space.min(batch.num_rows() - offset);
            let slice = batch.slice(offset, rows);
            for writer in &mut part.writers {
                writer.write(&slice)?;
            }
            part.rows += rows as u64;
            offset += rows;
            if part.rows == self.rows_per_file {
                self.end(part)?;
            } else {
                self.open = Some(part);
            }
        }
        Ok(())
    }

    /// Ends the last file. Without a row there is no file, unless `even_empty`: then one that holds the columns only.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn close(mut self, even_empty: bool) -> Result<Vec<WrittenPart>, EncodeError> {
        if even_empty && self.open.is_none() && self.finished.is_empty() {
            self.open = Some(self.start()?);
        }
        if let Some(part) = self.open.take() {
            self.end(part)?;
        }
        Ok(self.finished)
    }

    fn start(&self) -> Result<OpenPart, EncodeError> {
        let create = |(format, folder): &(Format, PathBuf)| {
            let path = folder.join(part_name(self.next_part, *format));
            let file = self.files.new_file(&path).map_err(EncodeError::io("create", &path))?;
            TableWriter::new(file, &path, *format, &self.shape)
        };
        Ok(OpenPart { writers: self.folders.iter().map(create).collect::<Result<_, _>>()?, rows: 0 })
    }

    fn end(&mut self, part: OpenPart) -> Result<(), EncodeError> {
        let formats = self.folders.iter().map(|(format, _)| *format);
        let files = formats
            .zip(part.writers)
            .map(|(format, writer)| Ok((format, writer.close()?)))
            .collect::<Result<_, EncodeError>>()?;
        self.finished.push(WrittenPart { part: self.next_part, files });
        self.next_part += 1;
        Ok(())
    }
}

/// The name of a part's file, `part-00000.parquet`.
#[must_use]
pub fn part_name(part: u32, format: Format) -> String {
    format!("part-{part:05}.{}", format.as_str())
}
