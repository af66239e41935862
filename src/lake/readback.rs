//! Reading written files back before anybody else may see them: everything is decoded, and rows, digest, dates and
//! control totals must be those that the manifest is about to name.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::record_batch::RecordBatch;

use crate::encode::{CsvProfile, EncodeError, Fingerprint, Format, ParquetReader, TableReader, TableShape};
use crate::model::DecimalType;
use crate::table::Table;

use super::error::LakeError;
use super::facts::{FileFacts, RowFacts};
use super::manifest::{FileEntry, FileFormat};

/// Files read at the same time. Four gained nothing on two cores.
pub const READERS: usize = 2;

/// The shape of a table's files.
#[must_use]
pub fn shape(table: Table, decimal: DecimalType, profile: CsvProfile) -> TableShape {
    let schema = table.schema();
    TableShape { schema: schema.arrow(decimal), sorted_by: schema.order.clone(), csv: profile }
}

/// Streams the rows of a file of a snapshot folder, checked against its table's columns.
///
/// # Errors
/// When it cannot be opened or has other columns.
pub fn open_file(folder: &Path, file: &FileEntry, decimal: DecimalType) -> Result<Batches, EncodeError> {
    let path = file.path.under(folder);
    let Some(table) = file.table else { return Ok(Box::new(ParquetReader::open(&path, None)?)) };
    let profile = file.profile.as_deref().and_then(|name| name.parse().ok()).unwrap_or_default();
    let format = match file.format {
        FileFormat::Parquet => Format::Parquet,
        FileFormat::Csv => Format::Csv,
    };
    Ok(Box::new(TableReader::open(&path, format, &shape(table, decimal, profile))?))
}

/// Reads a file: its bytes for the digest, its rows for everything else.
///
/// # Errors
/// When it cannot be read or decoded.
pub fn read_facts(folder: &Path, file: &FileEntry, decimal: DecimalType) -> Result<FileFacts, EncodeError> {
    let path = file.path.under(folder);
    let mut facts = RowFacts::new(file.table, decimal);
    let (bytes, rows): (_, Batches) = match (file.table, file.format) {
        (Some(table), FileFormat::Parquet) => {
            let shape = shape(table, decimal, CsvProfile::default());
            let (bytes, rows) = ParquetReader::open_to_check(&path, &shape, RowFacts::TEXTS)?;
            (bytes, Box::new(rows))
        }
        _ => (Fingerprint::of_file(&path)?, open_file(folder, file, decimal)?),
    };
    for rows in rows {
        facts.add(&rows?);
    }
    Ok(facts.finish(bytes))
}

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, EncodeError>>>;

/// What of a file is not as its entry says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Its length.
    Bytes,
    /// Its digest.
    Sha256,
    /// The number of its rows.
    Rows,
    /// Its earliest or latest date.
    Dates,
    /// The sums of its amounts.
    ControlTotals,
}

/// How a file's facts differ from what its entry says, a sentence each; empty when they do not.
#[must_use]
pub fn differences(file: &FileEntry, facts: &FileFacts) -> Vec<(Difference, String)> {
    let read = FileEntry::new(file.path.clone(), facts.clone(), file.profile.as_deref(), file.since.clone());
    let mut found = Vec::new();
    if read.bytes != file.bytes {
        found.push((
            Difference::Bytes,
            format!("it has {} bytes, the manifest says {}", read.bytes, file.bytes),
        ));
    }
    if read.sha256 != file.sha256 {
        let sentence = format!("its sha256 is {}, the manifest says {}", read.sha256, file.sha256);
        found.push((Difference::Sha256, sentence));
    }
    if read.rows != file.rows {
        found.push((Difference::Rows, format!("it has {} rows, the manifest says {}", read.rows, file.rows)));
    }
    if (read.min_date, read.max_date) != (file.min_date, file.max_date) {
        let sentence = "its earliest or latest date is not what the manifest says".to_owned();
        found.push((Difference::Dates, sentence));
    }
    if read.control_totals != file.control_totals {
        let sentence = "its control totals are not what the manifest says".to_owned();
        found.push((Difference::ControlTotals, sentence));
    }
    found
}

/// Reads files back and compares them with their entries.
///
/// # Errors
/// [`LakeError::ReadBack`] for the first that differs or cannot be decoded.
pub fn read_back<'a>(
    folder: &Path,
    files: impl IntoIterator<Item = &'a FileEntry>,
    decimal: DecimalType,
) -> Result<(), LakeError> {
    let files: Vec<_> = files.into_iter().collect();
    let failure = Mutex::new(None);
    for_each(&files, |file| {
        let problem = match read_facts(folder, file, decimal) {
            Ok(facts) => differences(file, &facts).into_iter().next().map(|(_, sentence)| sentence),
            Err(error) => Some(error.to_string()),
        };
        let Some(problem) = problem else { return true };
        let error = LakeError::ReadBack { path: file.path.under(folder), problem };
        failure.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(error);
        false
    });
    let failure = failure.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failure.map_or(Ok(()), Err)
}

/// Does something with every item, [`READERS`] at a time, until one asks to stop.
pub(crate) fn for_each<T: Sync>(items: &[T], work: impl Fn(&T) -> bool + Sync) {
    let next = AtomicUsize::new(0);
    let station = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            if !work(item) {
                next.store(items.len(), Ordering::Relaxed);
            }
        }
    };
    if items.len() < 2 {
        return station();
    }
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(station);
        }
    });
}
