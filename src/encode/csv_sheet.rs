//! A CSV file of records of any shape, cell by cell: headings above a list, summaries.

use std::path::Path;

use super::csv_output::CsvOutput;
use super::csv_text::{date_text, datetime_text, push_amount, push_field, push_number};
use super::{CsvMarks, CsvProfile, EncodeError, FileSink, WrittenFile};

/// A CSV file being written, in a profile's dialect.
#[derive(Debug)]
pub struct CsvSheet {
    output: CsvOutput,
    first: bool,
    records: u64,
}

impl CsvSheet {
    /// Starts a file in a new, empty `file`; `path` is for messages.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn new(file: FileSink, path: &Path, profile: CsvProfile) -> Result<Self, EncodeError> {
        Ok(Self { output: CsvOutput::new(file, path, profile)?, first: true, records: 0 })
    }

    fn next_field(&mut self) {
        if !self.first {
            self.output.buffer.push(char::from(self.output.dialect.delimiter));
        }
        self.first = false;
    }

    /// A text; guarded where the profile says so.
    pub fn text(&mut self, text: &str) {
        self.next_field();
        if !text.is_empty() {
            push_field(&mut self.output.buffer, text, self.output.dialect, &mut self.output.marks);
        }
    }

    /// An amount, `unscaled × 10^-scale`; never guarded.
    pub fn amount(&mut self, unscaled: i128, scale: u8) {
        self.next_field();
        push_amount(&mut self.output.buffer, unscaled, scale, self.output.dialect);
    }

    /// A day (days since 1970-01-01).
    pub fn date(&mut self, days: i32) {
        self.next_field();
        self.output.buffer.push_str(&date_text(days, self.output.dialect));
    }

    /// A naive datetime (microseconds since 1970-01-01 00:00:00).
    pub fn datetime(&mut self, micros: i64) {
        self.next_field();
        self.output.buffer.push_str(&datetime_text(micros, self.output.dialect));
    }

    /// A whole number or an id; guarded where a spreadsheet would lose its last digits.
    pub fn number(&mut self, value: i64) {
        self.next_field();
        push_number(&mut self.output.buffer, value, self.output.dialect, &mut self.output.marks);
    }

    /// No value.
    pub fn empty(&mut self) {
        self.next_field();
    }

    /// Ends the record; one without fields is an empty line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn end_record(&mut self) -> Result<(), EncodeError> {
        self.first = true;
        self.records += 1;
        self.output.end_record()
    }

    /// What had to be changed so far.
    #[must_use]
    pub fn marks(&self) -> CsvMarks {
        self.output.marks
    }

    /// Ends the file. Its bytes are handed to the operating system, not synced.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn close(self) -> Result<WrittenFile, EncodeError> {
        self.output.close(self.records)
    }
}
