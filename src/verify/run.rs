//! The order of the checks.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::lake::layout::{MANIFEST, place};
use crate::lake::readback::for_each;
use crate::lake::{LakeError, LakeErrorKind, Latest, Layout, RunId, Snapshot};

use super::checked::Checked;
use super::group::groups;
use super::held::Held;
use super::report::{Code, Finding, Report};
use super::{agreement, chain, folder, ids, rows, units};

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
    let mut checked = Checked::new(&snapshot, &shown);
    for sentence in snapshot.manifest.inconsistencies() {
        checked.find(Code::Contradiction, MANIFEST, sentence);
    }
    checked.present = folder::check(&checked)?;
    let held = Mutex::new(Held::default());
    for_each(&groups(&checked), |group| {
        let of_group = rows::check(&checked, group);
        held.lock().unwrap_or_else(PoisonError::into_inner).merge(of_group);
        true
    });
    let held = held.into_inner().unwrap_or_else(PoisonError::into_inner);
    agreement::check(&checked, &held);
    units::check(&checked, &held);
    ids::check(&checked);
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
