//! The order of the checks.

use std::path::Path;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::encode::Fingerprint;
use crate::lake::layout::{MANIFEST, place};
use crate::lake::readback::for_each;
use crate::lake::{LakeError, LakeErrorKind, Latest, Layout, RunId, Snapshot};
use crate::model::DecimalType;
use crate::table::Table;

use super::held::Held;
use super::report::{Code, Finding, Report};
use super::{chain, folder, ids, rows, units};

/// What the checks share: the snapshot, and where findings go.
#[derive(Debug)]
pub(super) struct Checked<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) decimal: DecimalType,
    /// Tables that an earlier version of this program wrote: of these, bytes and rows are checked, and not columns.
    pub(super) foreign: Vec<Table>,
    /// The snapshot's folder as findings name it.
    pub(super) shown: &'a Path,
    findings: Mutex<Vec<Finding>>,
    files: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Checked<'_> {
    /// Whether the table's columns are those of this program.
    pub(super) fn is_ours(&self, table: Option<Table>) -> bool {
        table.is_none_or(|table| !self.foreign.contains(&table))
    }

    /// Reports something about a path relative to the snapshot's folder.
    pub(super) fn find(&self, code: Code, path: impl AsRef<Path>, sentence: impl Into<String>) {
        let finding = Finding::new(code, self.shown.join(path), sentence);
        self.findings.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }

    pub(super) fn count_file(&self, bytes: Fingerprint) {
        self.files.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.bytes, Ordering::Relaxed);
    }

    pub(super) fn count_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    fn into_report(self) -> Report {
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

/// Verifies the published snapshot of a lake, another one of its snapshots, or a snapshot's folder on its own (a copy
/// elsewhere).
///
/// # Errors
/// When there is nothing to verify ([`LakeError::NoSnapshot`], [`LakeError::NoSuchRun`]), a newer program wrote it, or
/// the lake cannot be looked at. Damage is no error: it is what the report lists.
pub fn verify(dest: &Path, run: Option<&RunId>) -> Result<Report, LakeError> {
    let layout = Layout::new(dest);
    let alone = run.is_none() && dest.join(MANIFEST).is_file() && !layout.at(place::latest()).exists();
    let opened = match run {
        _ if alone => Snapshot::open_alone(dest),
        Some(run) => Snapshot::open(&layout, run),
        None => Snapshot::require_latest(&layout),
    };
    let snapshot = match opened {
        Ok(snapshot) => snapshot,
        Err(error) if error.kind() == LakeErrorKind::Damaged => return unopened(&layout, run, &error),
        Err(error) => return Err(error),
    };
    let shown = if alone { Path::new("").to_owned() } else { place::snapshot(&snapshot.run_id) };
    let checked = Checked {
        snapshot: &snapshot,
        decimal: snapshot.manifest.decimal.column().unwrap_or_default(),
        foreign: snapshot.manifest.foreign_tables(),
        shown: &shown,
        findings: Mutex::default(),
        files: AtomicU64::default(),
        rows: AtomicU64::default(),
        bytes: AtomicU64::default(),
    };
    for sentence in snapshot.manifest.inconsistencies() {
        checked.find(Code::Contradiction, MANIFEST, sentence);
    }
    let present = folder::check(&checked)?;
    let groups = rows::groups(&snapshot.manifest, &present, &checked);
    let held = Mutex::new(Held::default());
    for_each(&groups, |group| {
        let of_group = rows::check(&checked, group);
        held.lock().unwrap_or_else(PoisonError::into_inner).merge(of_group);
        true
    });
    let held = held.into_inner().unwrap_or_else(PoisonError::into_inner);
    held.check(&checked, &present);
    units::check(&checked, &held, &present);
    ids::check(&checked, &present);
    if !alone {
        chain::check(&checked, &layout);
        if run.is_some() {
            check_named(&checked, &layout);
        }
    }
    Ok(checked.into_report())
}

/// The report on a snapshot whose manifest cannot be read: that is all that can be said.
fn unopened(layout: &Layout, run: Option<&RunId>, error: &LakeError) -> Result<Report, LakeError> {
    let LakeError::Damaged { path, problem } = error else { return Ok(Report::default()) };
    let path = path.strip_prefix(layout.root()).unwrap_or(path);
    let of_latest = run.is_none() && !path.ends_with(MANIFEST);
    let code = if of_latest { Code::Latest } else { Code::Manifest };
    let named = run.cloned().or_else(|| Latest::read(layout).ok().flatten().map(|latest| latest.run_id));
    Ok(Report {
        run_id: named,
        findings: vec![Finding::new(code, path, problem.clone())],
        ..Report::default()
    })
}

/// A snapshot asked for by name may be the one that `LATEST` names.
fn check_named(checked: &Checked<'_>, layout: &Layout) {
    match Latest::read(layout) {
        Ok(Some(latest))
            if latest.run_id == checked.snapshot.run_id && latest != checked.snapshot.commit() =>
        {
            checked.find(Code::Latest, MANIFEST, "it is not the manifest that LATEST names");
        }
        _ => {}
    }
}
