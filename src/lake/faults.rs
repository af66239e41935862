//! An error from the disk before and after every step of publishing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;

use super::store::faulty::{Faulty, Point, Refusal};
use super::store::{Step, seam};
use super::{FILE_MODE, FilePath, LakeError, LakeErrorKind, Layout, Snapshot, fixture, publish};
use crate::verify::verify;

const ERRORS: [Errno; 4] = [Errno::IO, Errno::NOSPC, Errno::ACCESS, Errno::DQUOT];

/// The bytes of every data file.
fn data(snapshot: &Snapshot) -> BTreeMap<String, Vec<u8>> {
    let read = |path: &FilePath| (path.to_string(), fs::read(path.under(&snapshot.folder)).unwrap());
    snapshot.manifest.files.iter().map(|file| read(&file.path)).collect()
}

/// Publishes a second night in a lake of one, on a disk that refuses what it is told to.
fn second_night(
    root: &Path,
    faulty: &Arc<Faulty>,
    refusal: Option<Refusal>,
) -> (Snapshot, Result<Snapshot, LakeError>) {
    let _watching = seam::watch(root, faulty.clone());
    let first = fixture::run(root, 1, 2, false);
    let destination = fixture::open(root, 2).unwrap();
    let manifest = fixture::build(&destination, &fixture::rows(3), 2, false);
    faulty.refuse(refusal);
    let published = publish(&destination, &manifest, FILE_MODE);
    (first, published)
}

/// The points of an undisturbed publish, and the bytes that it publishes.
fn undisturbed() -> (BTreeSet<Point>, BTreeMap<String, Vec<u8>>) {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Arc::new(Faulty::default());
    let (_, published) = second_night(folder.path(), &faulty, None);
    (faulty.points(), data(&published.unwrap()))
}

fn sweep(refuse: impl Fn(Point, Errno) -> Refusal) {
    let (points, bytes) = undisturbed();
    assert!(points.len() > 50, "{} points", points.len());
    let renamed = points.iter().filter(|point| point.step == Step::Rename).count();
    assert_eq!(renamed, 2 * 3, "the folder, LATEST, the link: before and after each");

    let (mut old, mut new, mut unknown) = (0, 0, 0);
    for (number, point) in points.into_iter().enumerate() {
        let (folder, faulty) = (tempfile::tempdir().unwrap(), Arc::new(Faulty::default()));
        let refusal = refuse(point.clone(), ERRORS[number % ERRORS.len()]);
        let (first, published) = second_night(folder.path(), &faulty, Some(refusal));
        assert!(faulty.has_refused(), "{point:?} was not reached");
        let seen = Snapshot::latest(&Layout::new(folder.path())).unwrap().unwrap();
        match published {
            Ok(second) => {
                assert_eq!(seen, second, "{point:?}: only the link for people may fail unsaid");
                new += 1;
            }
            Err(LakeError::CommitUnknown { run, .. }) => {
                assert_eq!(seen.run_id, run, "{point:?}");
                unknown += 1;
            }
            Err(error) => {
                assert_eq!((&seen, error.kind()), (&first, LakeErrorKind::Disk), "{point:?}: {error}");
                old += 1;
            }
        }
        assert_eq!(verify(folder.path(), None).unwrap().findings, [], "{point:?}");
        // The next run heals whatever was left, and ends with the same bytes.
        let next = fixture::run(folder.path(), 2, 3, false);
        assert_eq!(next.manifest.sequence, seen.manifest.sequence + 1, "{point:?}");
        assert_eq!(data(&next), bytes, "{point:?}");
        let link = fs::canonicalize(folder.path().join("latest")).unwrap();
        assert_eq!(link, fs::canonicalize(&next.folder).unwrap(), "{point:?}");
        assert!(!folder.path().join("LATEST.tmp").exists() && !folder.path().join("latest.tmp").exists());
    }
    assert!(old > 0 && new > 0 && unknown > 0, "{old} old, {new} new, {unknown} unknown");
    println!("{old} points left the old snapshot, {new} published, {unknown} published unconfirmed");
}

#[test]
fn readers_see_old_or_new_wherever_a_step_fails() {
    sweep(Refusal::once);
}

#[test]
fn readers_see_old_or_new_wherever_the_disk_ends() {
    sweep(Refusal::from_then_on);
}
