//! One kind of damage each, and the findings it must give: those and no others. `manifest`: to the manifest and what
//! leads to it; `files`: to files as such; `rows`: rows that were wrong before they were published.

mod files;
mod manifest;
mod rows;

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Code, Report, verify};
use crate::encode::Sha256;
use crate::lake::fixture;
use crate::lake::layout::MANIFEST;
use crate::lake::manifest::{FileEntry, Manifest};
use crate::lake::{FILE_MODE, LakeErrorKind, Latest, Snapshot};

const NOVEMBER: &str = "parquet/transactions/month=2026-11/part-00000.parquet";
const NOVEMBER_CSV: &str = "csv/transactions/month=2026-11/part-00000.csv";

/// A lake of one night, with both formats.
fn lake() -> (tempfile::TempDir, Snapshot) {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = fixture::run(folder.path(), 1, 2, true);
    (folder, snapshot)
}

fn codes(report: &Report) -> BTreeSet<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// Verifies, and compares the codes and the paths' ends.
fn expect(root: &Path, expected: &[(Code, &str)]) {
    let report = verify(root, None).unwrap();
    assert_eq!(codes(&report), expected.iter().map(|(code, _)| *code).collect(), "{:#?}", report.findings);
    for (code, path) in expected {
        let named =
            report.findings.iter().any(|finding| finding.code == *code && finding.path.ends_with(path));
        assert!(named, "{code} at {path}: {:#?}", report.findings);
    }
}

/// Gives a published file other bytes.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE)).unwrap();
}

/// Changes the manifest and makes `LATEST` agree, as a forger would.
fn forge(root: &Path, snapshot: &Snapshot, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = snapshot.manifest.clone();
    change(&mut manifest);
    let bytes = manifest.to_bytes().unwrap();
    overwrite(&snapshot.folder.join(MANIFEST), &bytes);
    let sha256 = Sha256::of(&bytes);
    let latest = Latest { run_id: manifest.run_id, sequence: manifest.sequence, sha256 };
    overwrite(&root.join("LATEST"), &latest.to_bytes().unwrap());
}

fn entry<'a>(manifest: &'a mut Manifest, path: &str) -> &'a mut FileEntry {
    manifest.files.iter_mut().find(|file| file.path.as_str() == path).unwrap()
}

#[test]
fn what_was_published_is_clean() {
    let (folder, snapshot) = lake();
    let report = verify(folder.path(), None).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.files, snapshot.manifest.files.len() as u64);
    assert_eq!(report.bytes, snapshot.manifest.bytes());
    assert_eq!(report.run_id.as_ref(), Some(&snapshot.run_id));
    assert_eq!(verify(folder.path(), Some(&snapshot.run_id)).unwrap(), report);
    fixture::run(folder.path(), 2, 3, true);
    assert_eq!(verify(folder.path(), None).unwrap().findings, []);
    assert_eq!(verify(folder.path(), Some(&snapshot.run_id)).unwrap().findings, []);
}

#[test]
fn a_copied_folder_is_verified_alone() {
    let (folder, snapshot) = lake();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy");
    let copied =
        std::process::Command::new("cp").arg("-a").arg(&snapshot.folder).arg(&copy).status().unwrap();
    assert!(copied.success());
    drop(folder);
    assert_eq!(verify(&copy, None).unwrap().findings, []);
    fs::remove_file(copy.join(NOVEMBER)).unwrap();
    expect(&copy, &[(Code::MissingFile, NOVEMBER)]);
}

#[test]
fn an_empty_place_is_no_finding_but_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = verify(folder.path(), None).unwrap_err();
    assert_eq!(error.kind(), LakeErrorKind::Usage);
    let (folder, _) = lake();
    let other = "20300101T000000Z".parse().unwrap();
    assert_eq!(verify(folder.path(), Some(&other)).unwrap_err().kind(), LakeErrorKind::Usage);
}

#[test]
fn findings_name_no_value() {
    let (folder, snapshot) = lake();
    for file in &snapshot.manifest.files {
        let path = file.path.under(&snapshot.folder);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        overwrite(&path, &bytes);
    }
    let report = verify(folder.path(), None).unwrap();
    assert!(report.findings.len() >= snapshot.manifest.files.len());
    let text = serde_json::to_string(&report).unwrap();
    for personal in ["café", "noir", "12.3", "7.77"] {
        assert!(!text.contains(personal), "{text}");
    }
}
