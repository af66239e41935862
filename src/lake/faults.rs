//! An error from the disk before and after every step of publishing. Run it alone (`--features failpoints
//! lake::faults`): fail points are the process's.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::fixture;
use super::{FILE_MODE, LakeError, Layout, Snapshot, publish};
use crate::verify::verify;

const POINT: &str = "store::step";
const ERRORS: [&str; 3] = ["EIO", "ENOSPC", "EACCES"];

/// The bytes of every data file.
fn data(snapshot: &Snapshot) -> BTreeMap<String, Vec<u8>> {
    let read = |path: &super::FilePath| (path.to_string(), fs::read(path.under(&snapshot.folder)).unwrap());
    snapshot.manifest.files.iter().map(|file| read(&file.path)).collect()
}

/// Publishes a second night in a lake of one, with the fail point as configured.
fn second_night(root: &Path, configure: impl FnOnce()) -> (Snapshot, Result<Snapshot, LakeError>) {
    let first = fixture::run(root, 1, 2, false);
    let destination = fixture::open(root, 2).unwrap();
    let manifest = fixture::build(&destination, &fixture::rows(3), 2, false);
    configure();
    let published = publish(&destination, &manifest, FILE_MODE);
    fail::remove(POINT);
    (first, published)
}

#[test]
fn readers_see_old_or_new_wherever_the_disk_fails() {
    let scenario = fail::FailScenario::setup();
    let folder = tempfile::tempdir().unwrap();
    let points = Arc::new(AtomicUsize::new(0));
    let counted = points.clone();
    let (_, undisturbed) = second_night(folder.path(), || {
        fail::cfg_callback(POINT, move || {
            counted.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
    });
    let undisturbed = data(&undisturbed.unwrap());
    let points = points.load(Ordering::Relaxed);
    assert!(points > 50, "{points} points");

    let (mut old, mut new, mut unknown) = (0, 0, 0);
    for point in 0..points {
        let folder = tempfile::tempdir().unwrap();
        let error = ERRORS[point % ERRORS.len()];
        let before = if point == 0 { String::new() } else { format!("{point}*off->") };
        let (first, published) = second_night(folder.path(), || {
            fail::cfg(POINT, &format!("{before}1*return({error})->off")).unwrap()
        });
        let seen = Snapshot::latest(&Layout::new(folder.path())).unwrap().unwrap();
        match published {
            Ok(second) => {
                assert_eq!(seen, second, "point {point}: only the link for people may fail unsaid");
                new += 1;
            }
            Err(LakeError::CommitUnknown { run, .. }) => {
                assert_eq!(seen.run_id, run, "point {point}");
                unknown += 1;
            }
            Err(_) => {
                assert_eq!(seen, first, "point {point}");
                old += 1;
            }
        }
        assert_eq!(verify(folder.path(), None).unwrap().findings, [], "point {point}");
        // The next run heals whatever was left, and ends with the same bytes.
        let next = fixture::run(folder.path(), 2, 3, false);
        assert_eq!(next.manifest.sequence, seen.manifest.sequence + 1, "point {point}");
        assert_eq!(data(&next), undisturbed, "point {point}");
        assert_eq!(
            fs::canonicalize(folder.path().join("latest")).unwrap(),
            fs::canonicalize(&next.folder).unwrap()
        );
        assert!(!folder.path().join("LATEST.tmp").exists() && !folder.path().join("latest.tmp").exists());
    }
    assert!(old > 0 && new > 0 && unknown > 0, "{old} old, {new} new, {unknown} unknown");
    println!(
        "{points} points: {old} left the old snapshot, {new} published, {unknown} published unconfirmed"
    );
    scenario.teardown();
}
