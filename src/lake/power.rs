//! Lost power at every step of a night, for a reader: a model of what a disk keeps, fed with the steps that the real
//! publish really did.
//!
//! The model keeps two worlds: what processes see, and what a disk has promised. A write is promised by a sync of its
//! file, a name by a sync of its folder. When the power goes, files whose bytes were not promised are whole, old, cut,
//! or full of zeros; names that were not promised are there or not, in any subset, or up to a moment as a journal keeps
//! them. A reader must then find the snapshot before or the one after, whole; after the publish was acknowledged, the
//! one after. A protocol with a step left out must be caught, or the model is worth nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;

use super::layout::{MANIFEST, place};
use super::retention::{Keep, prune};
use super::store::seam;
use super::{FILE_MODE, Layout, Snapshot, fixture, publish, sweep_after_publish};

mod disk;

use disk::{Bytes, Did, Disk, Recorder};

/// A night that was published on top of another: the disk before it, what was done, and what readers may find.
struct Night {
    before: Disk,
    did: Vec<Did>,
    old: Published,
    new: Published,
}

/// A snapshot, as a reader finds it.
#[derive(Clone)]
struct Published {
    latest: Bytes,
    files: BTreeMap<PathBuf, Bytes>,
}

impl Published {
    fn of(snapshot: &Snapshot) -> Self {
        let bytes = |path: &Path| -> Bytes { fs::read(snapshot.folder.join(path)).unwrap().into() };
        let folder = place::snapshot(&snapshot.run_id);
        let data = snapshot.manifest.files.iter().map(|file| PathBuf::from(file.path.as_str()));
        let all = data.chain([PathBuf::from(MANIFEST)]);
        Self {
            latest: snapshot.commit().to_bytes().unwrap().into(),
            files: all.map(|path| (folder.join(&path), bytes(&path))).collect(),
        }
    }

    fn is_whole(&self, disk: &Disk) -> bool {
        self.files.iter().all(|(path, bytes)| disk.read(path).is_some_and(|found| found == bytes))
    }
}

impl Night {
    /// Records the real thing: opening, building, publishing, sweeping, and removing the night before.
    fn record() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let first = fixture::run(root, 1, 2, false);
        let before = Disk::of(root);
        let recorder = Arc::new(Recorder::default());
        let watching = seam::watch(root, recorder.clone());
        let destination = fixture::open(root, 2).unwrap();
        let manifest = fixture::build(&destination, &fixture::rows(3), 2, false);
        let second = publish(&destination, &manifest, FILE_MODE).unwrap();
        recorder.acknowledge();
        let (old, new) = (Published::of(&first), Published::of(&second));
        sweep_after_publish(&destination.layout, &destination.store, &destination.lock).unwrap();
        let keep = Keep { last: 1, daily: 0, monthly: 0 };
        let gone = prune(&destination.layout, &destination.store, &destination.lock, keep).unwrap();
        assert_eq!(gone.len(), 1);
        drop(watching);
        Self { before, did: recorder.did(), old, new }
    }

    /// Loses power at every step, so many times each; the schedule in which a reader was first wronged.
    fn first_wrong(&self, seed: u64) -> Option<(usize, &'static str)> {
        self.first_wrong_from(0, seed)
    }

    /// The same for a protocol that was tampered with: from where the old snapshot or its pointer is first touched.
    fn first_caught(&self, seed: u64) -> Option<(usize, &'static str)> {
        self.first_wrong_from(self.position(|did| touches(did, "LATEST") || touches(did, "snapshots")), seed)
    }

    fn first_wrong_from(&self, from: usize, seed: u64) -> Option<(usize, &'static str)> {
        let (mut disk, mut rng) = (self.before.clone(), Rng::with_seed(seed));
        let (mut schedule, mut acknowledged) = (0, false);
        for done in 0..=self.did.len() {
            for _ in 0..if done < from { 0 } else { each() } {
                schedule += 1;
                if let Some(wrong) = self.wrong(&disk.lose_power(&mut rng), acknowledged) {
                    return Some((schedule, wrong));
                }
            }
            if let Some(did) = self.did.get(done) {
                disk.apply(did);
                acknowledged |= *did == Did::Acknowledge;
            }
        }
        None
    }

    /// What is wrong for a reader of this disk, if anything.
    fn wrong(&self, disk: &Disk, acknowledged: bool) -> Option<&'static str> {
        let Some(latest) = disk.read(place::latest()) else { return Some("LATEST is gone") };
        match latest {
            _ if *latest == self.new.latest => {
                (!self.new.is_whole(disk)).then_some("the new snapshot is not whole")
            }
            _ if *latest != self.old.latest => Some("LATEST is torn"),
            _ if acknowledged => Some("an acknowledged publish is lost"),
            _ => (!self.old.is_whole(disk)).then_some("the old snapshot is not whole"),
        }
    }

    /// The same night with other steps.
    fn with(&self, did: Vec<Did>) -> Self {
        Self { did, before: self.before.clone(), old: self.old.clone(), new: self.new.clone() }
    }

    fn without(&self, goes: impl Fn(usize, &Did) -> bool) -> Self {
        let kept = self.did.iter().enumerate().filter(|(step, did)| !goes(*step, did));
        self.with(kept.map(|(_, did)| did.clone()).collect())
    }

    fn position(&self, what: impl Fn(&Did) -> bool) -> usize {
        self.did.iter().position(what).unwrap()
    }

    /// The steps from the making of `LATEST.tmp` to the sync of the root after its rename.
    fn commit(&self) -> std::ops::Range<usize> {
        let begin = self.position(|did| *did == Did::MakeFile("LATEST.tmp".into()));
        let rename = self.position(|did| matches!(did, Did::Rename(_, to) if to == Path::new("LATEST")));
        assert_eq!(self.did[rename + 1], Did::SyncDir("".into()));
        begin..rename + 2
    }
}

/// Whether a step makes or takes a name that begins so.
fn touches(did: &Did, name: &str) -> bool {
    let begins = |path: &Path| path.starts_with(name);
    match did {
        Did::Rename(from, to) => begins(from) || begins(to),
        Did::Write(path, _) | Did::Remove(path) => begins(path),
        _ => false,
    }
}

/// Schedules at each step; more on demand.
fn each() -> usize {
    std::env::var("POWER_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}

#[test]
fn fault_75_lost_power_leaves_the_old_snapshot_or_the_new() {
    let night = Night::record();
    assert_eq!(night.first_wrong(1), None);
    println!("{} schedules", each() * (night.did.len() + 1));
}

/// Without one of these syncs no reader is wronged: its folder is swept, is synced again before the publish is
/// acknowledged, or was synced for the commit before.
fn is_courtesy(night: &Night, step: usize) -> bool {
    let Did::SyncDir(folder) = &night.did[step] else { return false };
    let acknowledged = night.position(|did| *did == Did::Acknowledge);
    let work = folder.starts_with(".work") && !folder.iter().any(|part| part == "snapshot");
    let again = (step..acknowledged).skip(1).any(|later| night.did[later] == night.did[step]);
    let link = *folder == PathBuf::new() && step > night.commit().end;
    work || again || link || step > acknowledged
}

#[test]
fn a_protocol_without_one_of_its_syncs_is_caught() {
    let night = Night::record();
    let syncs = (0..night.did.len()).filter(|at| is_sync(&night.did[*at]) && !is_courtesy(&night, *at));
    let (mut caught, mut last) = (0, 0);
    for step in syncs {
        let found = night.without(|at, _| at == step).first_caught(2);
        let (schedule, _) = found.unwrap_or_else(|| panic!("nobody misses {:?}", night.did[step]));
        (caught, last) = (caught + 1, last.max(schedule));
    }
    assert!(caught > 15, "{caught} syncs matter");
    println!("{caught} protocols without one sync, each caught; the last after {last} schedules");
}

fn is_sync(did: &Did) -> bool {
    matches!(did, Did::SyncFile(_) | Did::SyncDir(_))
}

#[test]
fn a_protocol_in_another_order_is_caught() {
    let night = Night::record();
    let (commit, moved) = (night.commit(), night.position(|did| matches!(did, Did::Rename(..))));
    // The pointer before what it points at.
    let mut first = night.did.clone();
    let pointer: Vec<Did> = first.drain(commit.clone()).collect();
    first.splice(moved..moved, pointer);
    // The pointer written in its place.
    let mut in_place = night.did.clone();
    let write = Did::Write("LATEST".into(), night.new.latest.clone());
    in_place.splice(commit.clone(), [write, Did::SyncFile("LATEST".into())]);
    // The night before removed before the pointer moves.
    let goes = night.did.iter().rposition(|did| matches!(did, Did::Rename(..))).unwrap();
    let mut early = night.did.clone();
    let removal = early.remove(goes);
    early.insert(commit.start, removal);
    let variants =
        [("the pointer first", first), ("the pointer in place", in_place), ("the old removed early", early)];
    let root = Did::SyncDir(PathBuf::new());
    let unsynced = [
        ("the root never synced", night.without(|step, did| step > commit.start && *did == root).did),
        ("no file synced", night.without(|_, did| matches!(did, Did::SyncFile(_))).did),
        ("no folder synced", night.without(|_, did| matches!(did, Did::SyncDir(_))).did),
    ];
    for (name, did) in variants.into_iter().chain(unsynced) {
        let found = night.with(did).first_caught(3);
        let (schedule, wrong) = found.unwrap_or_else(|| panic!("{name} is not caught"));
        println!("{name}: {wrong}, after {schedule} schedules");
    }
}

#[test]
fn the_next_night_goes_on_from_whatever_lost_power_leaves() {
    let night = Night::record();
    let mut rng = Rng::with_seed(4);
    let expected = {
        let folder = tempfile::tempdir().unwrap();
        night.before.put_into(folder.path(), 0);
        digests(&fixture::run(folder.path(), 2, 3, false))
    };
    for _ in 0..each().min(24) {
        let (folder, done) = (tempfile::tempdir().unwrap(), rng.usize(0..=night.did.len()));
        let mut disk = night.before.clone();
        night.did[..done].iter().for_each(|did| disk.apply(did));
        disk.lose_power(&mut rng).put_into(folder.path(), 0);
        let seen = Snapshot::latest(&Layout::new(folder.path())).unwrap().unwrap();
        assert_eq!(
            crate::verify::verify(folder.path(), Some(&seen.run_id)).unwrap().findings,
            [],
            "after step {done}"
        );
        let next = fixture::run(folder.path(), 2, 3, false);
        assert_eq!(next.manifest.sequence, seen.manifest.sequence + 1, "after step {done}");
        assert_eq!(digests(&next), expected, "after step {done}");
    }
}

fn digests(snapshot: &Snapshot) -> BTreeMap<String, String> {
    snapshot.manifest.files.iter().map(|file| (file.path.to_string(), file.sha256.to_string())).collect()
}
