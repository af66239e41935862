//! Where the records of a CSV file go: encoded, hashed, counted.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::digest::HashingWriter;
use super::profile::{Dialect, Encoding};
use super::{CsvMarks, CsvProfile, EncodeError, FileSink, WrittenFile, windows1252};

/// Text that is held before it is encoded and handed on.
const BUFFERED: usize = 256 * 1024;

/// A CSV file that records are written to.
#[derive(Debug)]
pub(super) struct CsvOutput {
    path: PathBuf,
    writer: HashingWriter<BufWriter<FileSink>>,
    pub(super) dialect: &'static Dialect,
    /// Records, as text.
    pub(super) buffer: String,
    encoded: Vec<u8>,
    pub(super) marks: CsvMarks,
}

impl CsvOutput {
    /// Starts a file in a new, empty `file`; `path` is for messages.
    pub(super) fn new(file: FileSink, path: &Path, profile: CsvProfile) -> Result<Self, EncodeError> {
        let dialect = profile.dialect();
        let mut buffer = String::new();
        if dialect.bom {
            buffer.push('\u{FEFF}');
        }
        Ok(Self {
            path: path.to_owned(),
            writer: HashingWriter::new(BufWriter::with_capacity(64 * 1024, file)),
            dialect,
            buffer,
            encoded: Vec::new(),
            marks: CsvMarks::default(),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Ends a record whose fields stand in the buffer.
    pub(super) fn end_record(&mut self) -> Result<(), EncodeError> {
        self.buffer.push_str(self.dialect.line_end.as_str());
        if self.buffer.len() > BUFFERED { self.drain() } else { Ok(()) }
    }

    /// Hands on what is buffered; only ever called between records.
    pub(super) fn drain(&mut self) -> Result<(), EncodeError> {
        let bytes = match self.dialect.encoding {
            Encoding::Utf8 => self.buffer.as_bytes(),
            Encoding::Windows1252 => {
                self.encoded.clear();
                self.marks.replaced_characters += windows1252::encode(&self.buffer, &mut self.encoded);
                &self.encoded
            }
        };
        self.writer.write_all(bytes).map_err(EncodeError::io("write", &self.path))?;
        self.buffer.clear();
        Ok(())
    }

    /// Ends the file. Its bytes are handed to the operating system, not synced.
    pub(super) fn close(mut self, rows: u64) -> Result<WrittenFile, EncodeError> {
        self.drain()?;
        let (buffer, fingerprint) = self.writer.finish();
        buffer.into_inner().map_err(|error| EncodeError::io("write", &self.path)(error.into_error()))?;
        Ok(WrittenFile { path: self.path, rows, fingerprint, marks: self.marks })
    }
}
