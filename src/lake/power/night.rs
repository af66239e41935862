//! A night that was recorded, played again with the power lost at every step.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fastrand::Rng;

use super::disk::Disk;
use super::recorder::{Bytes, Did, Recorder};
use crate::lake::layout::{MANIFEST, place};
use crate::lake::retention::{Keep, prune};
use crate::lake::store::seam;
use crate::lake::{FILE_MODE, Snapshot, fixture, publish, sweep_after_publish};

/// A night that was published on top of another: the disk before it, what was done, and what readers may find.
pub(super) struct Night {
    pub(super) before: Disk,
    pub(super) did: Vec<Did>,
    pub(super) old: Published,
    pub(super) new: Published,
}

/// A snapshot, as a reader finds it.
#[derive(Clone)]
pub(super) struct Published {
    pub(super) latest: Bytes,
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
    pub(super) fn record() -> Self {
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
    pub(super) fn first_wrong(&self, seed: u64) -> Option<(usize, &'static str)> {
        self.first_wrong_from(0, seed)
    }

    /// The same for a protocol that was tampered with: from where the old snapshot or its pointer is first touched.
    pub(super) fn first_caught(&self, seed: u64) -> Option<(usize, &'static str)> {
        self.first_wrong_from(self.position(|did| touches(did, "LATEST") || touches(did, "snapshots")), seed)
    }

    fn first_wrong_from(&self, from: usize, seed: u64) -> Option<(usize, &'static str)> {
        let (mut disk, mut rng) = (self.before.clone(), Rng::with_seed(seed));
        let (mut schedule, mut acknowledged) = (0, false);
        for done in 0..=self.did.len() {
            let schedules = if done < from { 0 } else { each() };
            for _ in 0..schedules {
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
    pub(super) fn with(&self, did: Vec<Did>) -> Self {
        Self { did, before: self.before.clone(), old: self.old.clone(), new: self.new.clone() }
    }

    pub(super) fn without(&self, goes: impl Fn(usize, &Did) -> bool) -> Self {
        let kept = self.did.iter().enumerate().filter(|(step, did)| !goes(*step, did));
        self.with(kept.map(|(_, did)| did.clone()).collect())
    }

    pub(super) fn position(&self, what: impl Fn(&Did) -> bool) -> usize {
        self.did.iter().position(what).unwrap()
    }

    /// The steps from the making of `LATEST.tmp` to the sync of the root after its rename.
    pub(super) fn commit(&self) -> std::ops::Range<usize> {
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
pub(super) fn each() -> usize {
    std::env::var("POWER_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(60)
}
