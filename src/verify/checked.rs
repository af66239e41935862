//! A snapshot being verified: what the checks share.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::encode::Fingerprint;
use crate::lake::Snapshot;
use crate::lake::layout::FilePath;
use crate::lake::manifest::FileEntry;
use crate::model::DecimalType;
use crate::table::Table;

use super::report::{Code, Finding, Report};

/// What the checks share: the snapshot, and where findings go.
#[derive(Debug)]
pub(super) struct Checked<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) decimal: DecimalType,
    /// Tables that an earlier version of this program wrote: of these, bytes and rows are checked, and not columns.
    foreign: Vec<Table>,
    /// Files that the manifest names and that are there to be read.
    pub(super) present: BTreeMap<&'a FilePath, &'a FileEntry>,
    /// The snapshot's folder as findings name it.
    shown: &'a Path,
    findings: Mutex<Vec<Finding>>,
    files: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Checked<'a> {
    /// Nothing is looked at yet.
    pub(super) fn new(snapshot: &'a Snapshot, shown: &'a Path) -> Self {
        Self {
            snapshot,
            decimal: snapshot.manifest.decimal.column().unwrap_or_default(),
            foreign: snapshot.manifest.foreign_tables(),
            present: BTreeMap::new(),
            shown,
            findings: Mutex::default(),
            files: AtomicU64::default(),
            rows: AtomicU64::default(),
            bytes: AtomicU64::default(),
        }
    }

    /// Whether all Parquet files of the table are there, with the columns of this program.
    pub(super) fn is_whole(&self, table: Table) -> bool {
        let mut files = self.snapshot.parquet_files(table);
        self.is_ours(Some(table)) && files.all(|file| self.present.contains_key(&file.path))
    }

    /// Whether the table's columns are those of this program.
    pub(super) fn is_ours(&self, table: Option<Table>) -> bool {
        table.is_none_or(|table| !self.foreign.contains(&table))
    }

    /// Reports something about a path relative to the snapshot's folder.
    pub(super) fn find(&self, code: Code, path: impl AsRef<Path>, sentence: impl Into<String>) {
        let finding = Finding::new(code, self.shown.join(path), sentence);
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    /// Counts a file that was read.
    pub(super) fn count_file(&self, bytes: Fingerprint) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.bytes, Ordering::Relaxed);
    }

    /// Counts rows that were decoded.
    pub(super) fn count_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// What was found.
    pub(super) fn into_report(self) -> Report {
        let mut findings = self.findings.into_inner().unwrap_or_else(PoisonError::into_inner);
        findings.sort();
        findings.dedup();
        Report {
            run_id: Some(self.snapshot.run_id.clone()),
            sequence: Some(self.snapshot.manifest.sequence),
            files: self.files.into_inner(),
            rows: self.rows.into_inner(),
            bytes: self.bytes.into_inner(),
            findings,
        }
    }
}
