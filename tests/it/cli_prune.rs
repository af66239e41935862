//! `prune`: says what would go, removes exactly that, and nothing while somebody else holds the lake.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use powens_export::lake::store::Syncs;
use powens_export::lake::{Destination, LakeErrorKind};
use powens_export::sandbox::Nights;

use crate::support::{Bank, Program, assert_verified, disk, latest};

const KEEP_NOTHING: [&str; 6] = ["--keep-last", "0", "--keep-daily", "0", "--keep-monthly", "0"];

/// A lake of so many nights, two of them quiet, with a second run in the last.
fn lake_of_nights(nights: u64) -> (tempfile::TempDir, PathBuf) {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let busy = Nights { rows_come: true, rows_change: true, ..Nights::QUIET };
    for night in 0..nights {
        bank.export(bank.config(&lake)).unwrap();
        bank.sandbox.night_of(if night < 2 { Nights::QUIET } else { busy });
    }
    bank.sandbox.with_world(|world| world.advance(-3_600));
    bank.export(bank.config(&lake)).unwrap();
    (folder, lake)
}

/// Everything below the lake, links not followed: inode, size and time of change.
fn everything(lake: &Path) -> BTreeMap<PathBuf, (u64, u64, i64, i64)> {
    let (mut found, mut waiting) = (BTreeMap::new(), vec![lake.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let of = path.symlink_metadata().unwrap();
            if of.is_dir() {
                waiting.push(path.clone());
            }
            found.insert(path, (of.ino(), of.size(), of.mtime(), of.mtime_nsec()));
        }
    }
    found
}

fn snapshots(lake: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(lake.join("snapshots")).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn prune(lake: &Path, flags: &[&str]) -> Program {
    Program::new().args(["prune", lake.to_str().unwrap()]).args(flags.iter().copied())
}

/// What a page says of each snapshot, under its first line.
fn named(page: &str) -> Vec<&str> {
    page.lines().skip(1).map(str::trim).collect()
}

fn runs(page: &str) -> BTreeSet<&str> {
    named(page).into_iter().map(|line| line.split(' ').next().unwrap()).collect()
}

#[test]
fn what_would_go_is_exactly_what_goes() {
    for keep in [vec!["--keep-last", "2", "--keep-daily", "3", "--keep-monthly", "0"], KEEP_NOTHING.to_vec()]
    {
        let (_folder, lake) = lake_of_nights(6);
        let (before, published) = (everything(&lake), latest(&lake).run_id.to_string());
        let all = snapshots(&lake);
        let dry = [keep.clone(), vec!["--dry-run"]].concat();
        let said = prune(&lake, &dry).done().expect(0).stdout;
        assert_eq!(everything(&lake), before, "a dry run changes nothing");
        let going: BTreeSet<String> = runs(&said).into_iter().map(str::to_owned).collect();
        assert!(going.len() > 2 && !going.contains(&published), "{said}");

        let (manifest, in_use) = (latest(&lake).manifest, disk(&lake.join("snapshots")));
        let done = prune(&lake, &keep).done().expect(0).stdout;
        assert_eq!(named(&done), named(&said), "as many bytes come free, too");
        assert_eq!(snapshots(&lake), &all - &going);
        assert_eq!(latest(&lake).manifest, manifest, "what is published stays");
        assert_verified(&lake);
        let freed = in_use - disk(&lake.join("snapshots"));
        assert!(done.starts_with(&format!("{} snapshots removed, ", going.len())), "{done}");
        assert_eq!(freed, of_all(&lake, &going, &before), "{done}");
        assert_eq!(prune(&lake, &keep).done().expect(0).stdout, "nothing to remove\n");
    }
}

/// Bytes of the files whose every name was in one of these snapshots.
fn of_all(lake: &Path, going: &BTreeSet<String>, before: &BTreeMap<PathBuf, (u64, u64, i64, i64)>) -> u64 {
    let goes = |path: &Path| going.iter().any(|run| path.starts_with(lake.join("snapshots").join(run)));
    let left: BTreeSet<u64> = before.iter().filter(|(path, _)| !goes(path)).map(|(_, of)| of.0).collect();
    let parents: BTreeSet<&Path> = before.keys().filter_map(|path| path.parent()).collect();
    let files = before.iter().filter(|(path, of)| !parents.contains(path.as_path()) && !left.contains(&of.0));
    files.map(|(_, of)| (of.0, of.1)).collect::<BTreeMap<_, _>>().values().sum()
}

#[test]
fn while_a_run_holds_the_lake_nothing_is_removed_and_a_dry_run_still_answers() {
    let (_folder, lake) = lake_of_nights(3);
    let all = snapshots(&lake);
    let held = Destination::open(&lake, Timestamp::now(), Syncs::Counted).unwrap();
    let done = prune(&lake, &KEEP_NOTHING).done().expect(75);
    assert!(done.stderr.contains("another run holds"), "{}", done.stderr);
    assert_eq!((snapshots(&lake), done.stdout.as_str()), (all.clone(), ""));
    let dry = [&KEEP_NOTHING[..], &["--dry-run"]].concat();
    assert_eq!(runs(&prune(&lake, &dry).done().expect(0).stdout).len(), all.len() - 1);
    drop(held);
    prune(&lake, &KEEP_NOTHING).done().expect(0);
    assert_eq!(snapshots(&lake).len(), 1);
}

#[test]
fn a_snapshot_that_nobody_can_read_stays_and_a_damaged_pointer_stops_everything() {
    let (_folder, lake) = lake_of_nights(3);
    let oldest = snapshots(&lake).into_iter().next().unwrap();
    let manifest = lake.join("snapshots").join(&oldest).join("manifest.json");
    fs::remove_file(&manifest).unwrap();
    fs::write(&manifest, b"{").unwrap();
    let done = prune(&lake, &KEEP_NOTHING).done().expect(0);
    assert!(done.stderr.contains(&oldest), "{}", done.stderr);
    assert_eq!(snapshots(&lake), [oldest, latest(&lake).run_id.to_string()].into());

    fs::remove_file(lake.join("LATEST")).unwrap();
    fs::write(lake.join("LATEST"), b"{}").unwrap();
    let all = snapshots(&lake);
    for flags in [KEEP_NOTHING.to_vec(), [&KEEP_NOTHING[..], &["--dry-run"]].concat()] {
        prune(&lake, &flags).done().expect(5);
    }
    assert_eq!(snapshots(&lake), all);
}

#[test]
fn without_room_for_another_snapshot_there_is_still_room_to_prune() {
    let (_folder, lake) = lake_of_nights(2);
    let mut full = Destination::open(&lake, Timestamp::now(), Syncs::Counted).unwrap();
    full.check_space().unwrap();
    full.latest.as_mut().unwrap().manifest.files[0].bytes = u64::MAX / 4;
    let error = full.check_space().unwrap_err();
    assert_eq!(error.kind(), LakeErrorKind::Disk);
    assert!(error.to_string().contains("powens-export prune"), "{error}");
}

#[test]
fn what_is_no_lake_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    prune(&elsewhere, &[]).done().expect(2);
    assert!(!elsewhere.exists());
}
