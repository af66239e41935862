use std::collections::BTreeMap;
use std::path::PathBuf;

use fastrand::Rng;

use super::night::{Night, each};
use super::recorder::Did;
use crate::lake::{Layout, Snapshot, fixture};

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
