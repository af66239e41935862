//! A file being read: hashed, decoded, counted, and compared with what the manifest says of it.

use arrow::record_batch::RecordBatch;

use crate::encode::{EncodeError, Fingerprint, ParquetReader};
use crate::lake::facts::RowFacts;
use crate::lake::manifest::{FileEntry, FileFormat};
use crate::lake::readback::{Difference, differences, open_file};

use super::align::Rows;
use super::checked::Checked;
use super::report::Code;

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, EncodeError>>>;

/// A file being read.
pub(super) struct Side<'a> {
    pub(super) file: &'a FileEntry,
    rows: Rows<Batches>,
    facts: RowFacts,
    bytes: Fingerprint,
    /// Whether reading ended early, with a finding: then its counts mean nothing.
    pub(super) broken: bool,
}

impl<'a> Side<'a> {
    /// Hashes the file and begins to read it. `None`, with a finding where something is wrong, when its rows cannot be
    /// read.
    pub(super) fn open(checked: &Checked<'_>, file: &'a FileEntry) -> Option<Self> {
        let folder = &checked.snapshot.folder;
        let bytes = match Fingerprint::of_file(&file.path.under(folder)) {
            Ok(bytes) => bytes,
            Err(error) => {
                report(checked, file, &error);
                return None;
            }
        };
        checked.count_file(bytes);
        let opened = if checked.is_ours(file.table) {
            open_file(folder, file, checked.decimal)
        } else if file.format == FileFormat::Csv {
            // Its columns are not known: the digest has to do.
            check_digest(checked, file, bytes);
            return None;
        } else {
            ParquetReader::open(&file.path.under(folder), None).map(|reader| Box::new(reader) as Batches)
        };
        match opened {
            Ok(batches) => Some(Self {
                file,
                rows: Rows::new(batches),
                facts: RowFacts::new(file.table, checked.decimal),
                bytes,
                broken: false,
            }),
            Err(error) => {
                // The digest still says whether it is the file that was published.
                if bytes.bytes != file.bytes {
                    let sentence = "it has not the length that the manifest says";
                    checked.find(Code::Size, file.path.as_str(), sentence);
                }
                check_digest(checked, file, bytes);
                report(checked, file, &error);
                None
            }
        }
    }

    /// Up to `most` of the next rows; `None` at the end, and where reading breaks off.
    pub(super) fn take(&mut self, most: usize, checked: &Checked<'_>) -> Option<RecordBatch> {
        match self.rows.take(most) {
            Ok(Some(rows)) => {
                self.facts.add(&rows);
                Some(rows)
            }
            Ok(None) => None,
            Err(error) => {
                report(checked, self.file, &error);
                self.broken = true;
                None
            }
        }
    }

    /// Compares what was read with the manifest.
    pub(super) fn finish(&self, checked: &Checked<'_>) {
        checked.count_rows(self.facts.rows());
        for (what, sentence) in differences(self.file, &self.facts.clone().finish(self.bytes)) {
            let code = match what {
                Difference::Bytes => Code::Size,
                Difference::Sha256 => Code::Sha256,
                Difference::Rows => Code::Rows,
                Difference::Dates => Code::Dates,
                Difference::ControlTotals => Code::ControlTotals,
            };
            if !self.broken || matches!(code, Code::Size | Code::Sha256) {
                checked.find(code, self.file.path.as_str(), sentence);
            }
        }
    }
}

fn check_digest(checked: &Checked<'_>, file: &FileEntry, found: Fingerprint) {
    if found.sha256 != file.sha256 {
        checked.find(Code::Sha256, file.path.as_str(), "its sha256 is not what the manifest says");
    }
}

fn report(checked: &Checked<'_>, file: &FileEntry, error: &EncodeError) {
    let (code, sentence) = match error {
        EncodeError::Columns { column, .. } => {
            (Code::Columns, format!("column {column} is missing, in another place, or of another type"))
        }
        // The library's own words may quote a cell.
        EncodeError::Parquet { .. } | EncodeError::Arrow { .. } => {
            (Code::Unreadable, "it cannot be decoded as Parquet".to_owned())
        }
        EncodeError::Csv { record, what, .. } => (Code::Unreadable, format!("record {record}: {what}")),
        EncodeError::Io { action, source, .. } => (Code::Unreadable, format!("cannot {action} it: {source}")),
        EncodeError::NoText { .. } => (Code::Unreadable, "a column has no text form".to_owned()),
    };
    checked.find(code, file.path.as_str(), sentence);
}
