//! An error from the disk before and after every step of publishing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use tempfile::TempDir;

use super::store::faulty::{Faulty, Forgetful, Point, Refusal};
use super::store::seam::{Act, Watcher, When};
use super::store::{Step, Syncs, seam};
use super::{Destination, FILE_MODE, FilePath, LakeError, LakeErrorKind, Layout, Snapshot, fixture, publish};
use crate::verify::verify;

const ERRORS: [Errno; 4] = [Errno::IO, Errno::NOSPC, Errno::ACCESS, Errno::DQUOT];

fn latest(root: &Path) -> Snapshot {
    Snapshot::latest(&Layout::new(root)).unwrap().unwrap()
}

/// The bytes of every data file.
fn data(snapshot: &Snapshot) -> BTreeMap<String, Vec<u8>> {
    let read = |path: &FilePath| (path.to_string(), fs::read(path.under(&snapshot.folder)).unwrap());
    snapshot.manifest.files.iter().map(|file| read(&file.path)).collect()
}

/// A lake of one night, to be copied.
fn first_night() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fixture::run(folder.path(), 1, 2, false);
    folder
}

/// Publishes a second night in a copy of the lake, on a disk that refuses what it is told to.
fn second_night(first: &Path, faulty: &Arc<Faulty>, refusal: Option<Refusal>) -> (TempDir, Outcome) {
    let folder = tempfile::tempdir().unwrap();
    fixture::copy(first, folder.path());
    let _watching = seam::watch(folder.path(), faulty.clone());
    let destination = fixture::open(folder.path(), 2).unwrap();
    let manifest = fixture::build(&destination, &fixture::rows(3), 2, false);
    faulty.refuse(refusal);
    let published = publish(&destination, &manifest, FILE_MODE);
    (folder, published)
}

type Outcome = Result<Snapshot, LakeError>;

/// The points of an undisturbed publish, and the bytes that it publishes.
fn undisturbed(first: &Path) -> (BTreeSet<Point>, BTreeMap<String, Vec<u8>>) {
    let faulty = Arc::new(Faulty::default());
    let (_folder, published) = second_night(first, &faulty, None);
    (faulty.points(), data(&published.unwrap()))
}

fn sweep(choose: impl Fn(&Point) -> bool, refuse: impl Fn(Point, Errno) -> Refusal) {
    let first = first_night();
    let before = latest(first.path());
    let (points, bytes) = undisturbed(first.path());
    let renames = points.iter().filter(|point| point.step == Step::Rename).count();
    assert_eq!(renames, 2 * 3, "the folder, LATEST, the link: before and after each");

    let (mut old, mut new, mut unknown) = (0, 0, 0);
    for (number, point) in points.into_iter().filter(choose).enumerate() {
        let faulty = Arc::new(Faulty::default());
        let refusal = refuse(point.clone(), ERRORS[number % ERRORS.len()]);
        let (folder, published) = second_night(first.path(), &faulty, Some(refusal));
        assert!(faulty.has_refused(), "{point:?} was not reached");
        let seen = latest(folder.path());
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
                assert_eq!(
                    (&seen.run_id, error.kind()),
                    (&before.run_id, LakeErrorKind::Disk),
                    "{point:?}: {error}"
                );
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
    assert!(old > 20, "{old} points");
    assert!(new > 0 && unknown > 0, "{new} new, {unknown} unknown");
    println!("{old} points left the old snapshot, {new} published, {unknown} published unconfirmed");
}

#[test]
fn faults_62_to_68_readers_see_old_or_new_wherever_a_step_fails() {
    sweep(|_| true, Refusal::once);
}

#[test]
fn fault_75_readers_see_old_or_new_wherever_the_disk_ends() {
    // To the disk, a kill means only that no step follows.
    sweep(|point| point.when == When::Before, Refusal::from_then_on);
}

#[test]
fn fault_64_what_the_kernel_lost_is_not_published_because_it_forgets() {
    let first = first_night();
    let publish_with = |lost: usize| {
        let folder = tempfile::tempdir().unwrap();
        fixture::copy(first.path(), folder.path());
        let kernel = Arc::new(Forgetful::default());
        let _watching = seam::watch(folder.path(), kernel.clone());
        let destination = Destination::open(folder.path(), fixture::start(2), Syncs::Executed).unwrap();
        let manifest = fixture::build(&destination, &fixture::rows(3), 2, false);
        kernel.lose_at(lost);
        (publish(&destination, &manifest, FILE_MODE), kernel.asked())
    };
    let (published, syncs) = publish_with(usize::MAX);
    published.unwrap();
    // The last makes the link for people durable, for which a run does not fail.
    for lost in 0..syncs - 1 {
        let (published, _) = publish_with(lost);
        assert!(published.is_err(), "sync {lost} of {syncs} failed, and the snapshot is published");
    }
    publish_with(syncs - 1).0.unwrap();
}

/// A file system that cannot make names durable, as some over FUSE or SMB.
#[derive(Debug)]
struct NoFolderSyncs(Errno);

impl Watcher for NoFolderSyncs {
    fn reach(&self, when: When, _: &Path, act: &Act<'_>) -> io::Result<()> {
        match (when, act.step) {
            (When::Before, Step::SyncDir) => Err(self.0.into()),
            _ => Ok(()),
        }
    }
}

#[test]
fn fault_65_a_file_system_that_cannot_sync_folders_gets_no_snapshot() {
    let first = first_night();
    let before = latest(first.path());
    for errno in [Errno::INVAL, Errno::NOTSUP] {
        let is_named = |error: LakeError| {
            assert_eq!(error.kind(), LakeErrorKind::Disk);
            assert!(error.to_string().contains("cannot make names durable: choose a destination"), "{error}");
        };
        // A new lake is refused as it is opened, before anything is asked of a bank.
        let empty = tempfile::tempdir().unwrap();
        let _watching = seam::watch(empty.path(), Arc::new(NoFolderSyncs(errno)));
        is_named(fixture::open(empty.path(), 1).unwrap_err());
        assert!(!empty.path().join("LATEST").exists());

        // One that was copied there stays as it is.
        let copied = tempfile::tempdir().unwrap();
        fixture::copy(first.path(), copied.path());
        let _watching = seam::watch(copied.path(), Arc::new(NoFolderSyncs(errno)));
        let destination = fixture::open(copied.path(), 2).unwrap();
        let building = Path::new(".work/20261123T020000Z/snapshot");
        is_named(destination.store.create_dirs(building, 0o700).unwrap_err().into());
        assert_eq!(latest(copied.path()).manifest, before.manifest);
        assert_eq!(verify(copied.path(), None).unwrap().findings, []);
    }
}
