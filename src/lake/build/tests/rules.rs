//! Single rules, one test each.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use arrow::array::{Array, AsArray};

use super::lake::{Act, Lake, Night};
use super::reader::{model_of, read};
use super::world::{Account, Transaction, World, first_day, user};
use crate::lake::build::{Attempt, BuildError, Formats, UnitRow, read_units};
use crate::lake::fixture::start;
use crate::lake::layout::Area;
use crate::lake::manifest::FileEntry;
use crate::lake::{LakeErrorKind, Snapshot};
use crate::model::{Reason, UnitOutcome, UserId};
use crate::table::Table;

/// Users 1 and 2, an account each (100 and 200), a row in January and one in March each (1, 3 and 2, 4).
fn world() -> World {
    let mut world = World { users: BTreeSet::from([1, 2]), ..World::default() };
    for id in [1, 2] {
        world.accounts.insert(id * 100, Account { user: id, currency: "EUR", balance: 5 });
        for (row, day) in [(id, 3), (id + 2, 70)] {
            let date = Some(first_day() + day);
            world
                .transactions
                .insert(row, Transaction { account: id * 100, date, cents: row, deleted: false, version: 1 });
        }
    }
    world
}

fn lake(folder: &Path) -> Lake {
    Lake::new(folder, Formats::Parquet)
}

fn rows(night: &Night) -> BTreeSet<i64> {
    let model = model_of(&night.snapshot, Area::Parquet);
    model.users.values().flat_map(|user| user.rows.keys().copied()).collect()
}

fn acts<const N: usize>(acts: [(i64, Act); N]) -> BTreeMap<i64, Act> {
    acts.into()
}

fn incomplete(id: i64) -> impl FnOnce(&mut BTreeMap<UserId, Attempt>) {
    move |attempts| {
        let Some(Attempt::Fetched(walked)) = attempts.get_mut(&user(id)) else { panic!("not fetched") };
        walked.accounts.iter_mut().for_each(|account| {
            (account.complete, account.reason) = (false, Some(Reason::TotalMismatch));
        });
    }
}

fn file<'a>(snapshot: &'a Snapshot, path: &str) -> Option<&'a FileEntry> {
    snapshot.manifest.files.iter().find(|file| file.path.as_str() == path)
}

fn unit(night: &Night, id: i64) -> UnitRow {
    night.built.units[&user(id)].clone()
}

#[test]
fn only_a_complete_walk_proves_that_a_row_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    lake.night(&world, 1, &acts([]));
    world.transactions.remove(&1);
    let night = lake.try_night(&world, 2, &acts([]), incomplete(1)).unwrap();
    assert_eq!(rows(&night), BTreeSet::from([1, 2, 3, 4]));
    assert_eq!(night.built.changes[&Table::Transactions].vanished, 0);
    let night = lake.night(&world, 3, &acts([(1, Act::Delta)]));
    assert_eq!(rows(&night), BTreeSet::from([1, 2, 3, 4]), "a delta proves no absence");
    let night = lake.night(&world, 4, &acts([]));
    assert_eq!(rows(&night), BTreeSet::from([2, 3, 4]));
    assert_eq!(night.built.changes[&Table::Transactions].vanished, 1);
}

#[test]
fn a_window_proves_nothing_outside_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    lake.night(&world, 1, &acts([]));
    world.transactions.remove(&1);
    world.transactions.remove(&3);
    let night = lake.night(&world, 2, &acts([(1, Act::Window(60, 80))]));
    assert_eq!(rows(&night), BTreeSet::from([1, 2, 4]));
}

#[test]
fn an_account_that_left_the_list_takes_its_rows_along_and_leaves_its_balances() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    lake.night(&world, 1, &acts([]));
    world.accounts.remove(&100);
    world.transactions.retain(|_, row| row.account != 100);
    // Even where the walk says that it was a delta.
    let delta = |attempts: &mut BTreeMap<UserId, Attempt>| {
        let Some(Attempt::Fetched(walked)) = attempts.get_mut(&user(1)) else { panic!("not fetched") };
        walked.mode = crate::model::UnitMode::Delta;
    };
    let night = lake.try_night(&world, 3, &acts([]), delta).unwrap();
    assert_eq!(rows(&night), BTreeSet::from([2, 4]));
    let balances = model_of(&night.snapshot, Area::Parquet).balances;
    assert!(balances.keys().any(|(account, _)| *account == 100));
    world.users.remove(&1);
    let night = lake.night(&world, 5, &acts([]));
    let balances = model_of(&night.snapshot, Area::Parquet).balances;
    assert!(!balances.keys().any(|(account, _)| *account == 100), "balances leave with their user");
    assert_eq!(unit(&night, 1).outcome, UnitOutcome::Gone);
    let night = lake.night(&world, 6, &acts([]));
    assert!(!night.built.units.contains_key(&user(1)), "a user is gone once");
}

#[test]
fn an_id_that_came_again_under_another_user_replaces_its_old_copy() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    lake.night(&world, 1, &acts([]));
    // Row 3 (March, user 1) turns up at user 2, in May; user 1 cannot be fetched.
    let moved = world.transactions.get_mut(&3).unwrap();
    (moved.account, moved.date, moved.version) = (200, Some(first_day() + 125), 2);
    let night = lake.night(&world, 2, &acts([(1, Act::Fail), (2, Act::Delta)]));
    assert_eq!(rows(&night), BTreeSet::from([1, 2, 3, 4]));
    let model = model_of(&night.snapshot, Area::Parquet);
    assert!(model.users[&2].rows.contains_key(&3) && !model.users[&1].rows.contains_key(&3));
    let changes = night.built.changes[&Table::Transactions];
    assert_eq!((changes.inserted, changes.updated, changes.vanished), (0, 1, 0));
}

#[test]
fn a_row_that_is_deleted_on_the_way_to_another_month_counts_once() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    lake.night(&world, 1, &acts([]));
    let row = world.transactions.get_mut(&1).unwrap();
    (row.date, row.deleted, row.version) = (None, true, 2);
    let night = lake.night(&world, 2, &acts([(1, Act::Delta), (2, Act::Delta)]));
    let changes = night.built.changes[&Table::Transactions];
    assert_eq!((changes.inserted, changes.updated, changes.deleted, changes.vanished), (0, 0, 1, 0));
    assert!(
        file(&night.snapshot, "parquet/transactions/month=__HIVE_DEFAULT_PARTITION__/part-00000.parquet")
            .is_some()
    );
    assert_eq!(
        file(&night.snapshot, "parquet/transactions/month=2026-03/part-00000.parquet").unwrap().since,
        file(&night.snapshot, "parquet/connectors/part-00000.parquet").unwrap().since,
    );
}

#[test]
fn rows_that_stay_follow_their_account() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    lake.night(&world, 1, &acts([]));
    world.accounts.get_mut(&100).unwrap().currency = "USD";
    world.transactions.remove(&1);
    // The walk is not complete: row 1 stays, and its account's currency has changed.
    let night = lake.try_night(&world, 2, &acts([]), incomplete(1)).unwrap();
    let model = model_of(&night.snapshot, Area::Parquet);
    assert_eq!(model.users[&1].rows[&1].currency.as_deref(), Some("USD"));
    assert_eq!(night.built.changes[&Table::Transactions].updated, 2);
    // The same where no row of the month was staged.
    let mut lake = Lake::new(&folder.path().join("other"), Formats::Parquet);
    lake.night(&world, 1, &acts([]));
    world.accounts.get_mut(&100).unwrap().currency = "BTC";
    world.transactions.retain(|id, _| id % 2 == 0);
    let night = lake.try_night(&world, 2, &acts([(2, Act::Keep)]), incomplete(1)).unwrap();
    let model = model_of(&night.snapshot, Area::Parquet);
    assert!(model.users[&1].rows.values().all(|row| row.currency.as_deref() == Some("BTC")));
}

#[test]
fn a_failed_user_is_carried_since_its_first_failure() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, mut world) = (lake(folder.path()), world());
    world.users.insert(3);
    let first = lake.night(&world, 1, &acts([(3, Act::Fail)]));
    let failed = unit(&first, 3);
    assert_eq!((failed.outcome, failed.reason), (UnitOutcome::Failed, Some(Reason::ServerError)));
    assert_eq!((failed.since, failed.walk_start), (Some(start(1)), None));
    let complete = unit(&first, 1);
    assert_eq!((complete.outcome, complete.reason, complete.rows), (UnitOutcome::Complete, None, 2));

    let second = lake.night(&world, 2, &acts([(1, Act::Fail), (3, Act::Fail)]));
    let carried = unit(&second, 1);
    assert_eq!((carried.outcome, carried.since), (UnitOutcome::Carried, Some(start(2))));
    assert_eq!((carried.walk_start, carried.rows), (complete.walk_start, 2));
    assert_eq!(unit(&second, 3).since, Some(start(1)));
    let coverage = read(&second.snapshot, Area::Parquet, Table::Coverage);
    let (complete_column, reasons) =
        (coverage[0].column_by_name("complete").unwrap(), coverage[0].column_by_name("reason").unwrap());
    assert!(!complete_column.as_boolean().value(0) && complete_column.as_boolean().value(1));
    assert_eq!(reasons.as_string::<i32>().value(0), "server_error");
    assert!(reasons.is_null(1));

    // Kept: nothing is forgotten, neither the rows nor why they are old.
    let third = lake.night(&world, 3, &acts([(1, Act::Keep), (3, Act::Keep)]));
    let kept = unit(&third, 1);
    assert_eq!((kept.outcome, kept.reason, kept.since), (UnitOutcome::Kept, carried.reason, Some(start(2))));
    assert_eq!(unit(&third, 3).outcome, UnitOutcome::Failed);
    let fourth = lake.night(&world, 4, &acts([(1, Act::Fail), (3, Act::Fail)]));
    assert_eq!((unit(&fourth, 1).since, unit(&fourth, 1).outcome), (Some(start(2)), UnitOutcome::Carried));
    let fifth = lake.night(&world, 5, &acts([(3, Act::Fail)]));
    assert_eq!((unit(&fifth, 1).outcome, unit(&fifth, 1).since), (UnitOutcome::Complete, None));
    let path = fifth.snapshot.folder.join("state/units.parquet");
    assert_eq!(read_units(&path).unwrap(), fifth.built.units);
}

#[test]
fn what_did_not_change_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut lake = Lake::new(folder.path(), Formats::Both);
    let mut world = world();
    let first = lake.night(&world, 1, &acts([]));
    world.transactions.get_mut(&3).unwrap().cents = 99;
    world.transactions.get_mut(&3).unwrap().version = 2;
    let second = lake.night(&world, 2, &acts([(1, Act::Delta), (2, Act::Delta)]));
    let inode = |night: &Night, path: &str| fs::metadata(night.snapshot.folder.join(path)).unwrap().ino();
    for (path, same) in [
        ("parquet/transactions/month=2026-01/part-00000.parquet", true),
        ("csv/transactions/month=2026-01/part-00000.csv", true),
        ("parquet/transactions/month=2026-03/part-00000.parquet", false),
        ("csv/transactions/month=2026-03/part-00000.csv", false),
        ("parquet/accounts/part-00000.parquet", true),
        ("csv/users/part-00000.csv", true),
    ] {
        assert_eq!(inode(&first, path) == inode(&second, path), same, "{path}");
        let (before, now) = (file(&first.snapshot, path).unwrap(), file(&second.snapshot, path).unwrap());
        assert_eq!(before.since == now.since, same, "{path}");
    }
}

#[test]
fn formats_may_change_from_night_to_night() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, world) = (lake(folder.path()), world());
    let first = lake.night(&world, 1, &acts([]));
    let month =
        |area: &str, extension: &str| format!("{area}/transactions/month=2026-01/part-00000.{extension}");
    let parquet = file(&first.snapshot, &month("parquet", "parquet")).unwrap().clone();
    lake.formats = Formats::Csv;
    let second = lake.night(&world, 2, &acts([]));
    let state = file(&second.snapshot, &month("state", "parquet")).unwrap();
    assert_eq!((state.sha256, &state.since), (parquet.sha256, &parquet.since));
    assert!(file(&second.snapshot, &month("parquet", "parquet")).is_none());
    assert_eq!(file(&second.snapshot, &month("csv", "csv")).unwrap().since, second.snapshot.run_id);
    assert_eq!(model_of(&second.snapshot, Area::Csv), lake.model.visible());
    lake.formats = Formats::Both;
    let third = lake.night(&world, 3, &acts([]));
    let back = file(&third.snapshot, &month("parquet", "parquet")).unwrap();
    assert_eq!((back.sha256, &back.since), (parquet.sha256, &parquet.since));
    assert_eq!(file(&third.snapshot, &month("csv", "csv")).unwrap().since, second.snapshot.run_id);
}

#[test]
fn damage_in_the_parent_is_never_carried_on() {
    let paths = [
        "parquet/transactions/month=2026-01/part-00000.parquet",
        "csv/transactions/month=2026-01/part-00000.csv",
        "parquet/accounts/part-00000.parquet",
        "parquet/coverage/part-00000.parquet",
        "state/units.parquet",
    ];
    for path in paths {
        for remove in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let mut lake = Lake::new(folder.path(), Formats::Both);
            let first = lake.night(&world(), 1, &acts([]));
            let damaged = first.snapshot.folder.join(path);
            let mut bytes = fs::read(&damaged).unwrap();
            fs::set_permissions(&damaged, fs::Permissions::from_mode(0o600)).unwrap();
            if remove {
                fs::remove_file(&damaged).unwrap();
            } else {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&damaged, &bytes).unwrap();
            }
            let acts = acts([(1, Act::Keep), (2, Act::Keep)]);
            match lake.try_night(&world(), 2, &acts, |_| {}) {
                Err(BuildError::Lake(error)) => assert_eq!(error.kind(), LakeErrorKind::Damaged, "{path}"),
                other => panic!("{path}: {:?}", other.map(|night| night.built.changes)),
            }
        }
    }
}

#[test]
fn stage_and_attempts_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, world) = (lake(folder.path()), world());
    let lost = lake.try_night(&world, 1, &acts([]), |attempts| {
        attempts.insert(user(2), Attempt::NotPlanned);
    });
    assert!(matches!(lost, Err(BuildError::Unlisted(of)) if of == user(2)));
    let invented = lake.try_night(&world, 1, &acts([(2, Act::Fail)]), |attempts| {
        let walked = attempts[&user(1)].clone();
        attempts.insert(user(2), walked);
    });
    assert!(matches!(invented, Err(BuildError::NotStaged(of)) if of == user(2)));
}

#[test]
fn connectors_that_could_not_be_fetched_are_the_parents() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, world) = (lake(folder.path()), world());
    let first = lake.night(&world, 1, &acts([]));
    lake.connectors = false;
    let second = lake.night(&world, 2, &acts([]));
    for path in ["parquet/connectors/part-00000.parquet", "parquet/connector_sources/part-00000.parquet"] {
        assert_eq!(file(&first.snapshot, path), file(&second.snapshot, path));
    }
    let mut alone = Lake::new(&folder.path().join("alone"), Formats::Parquet);
    alone.connectors = false;
    let night = alone.night(&world, 1, &acts([]));
    assert_eq!(file(&night.snapshot, "parquet/connectors/part-00000.parquet").unwrap().rows, 0);
}

#[test]
fn nothing_of_an_older_writer_is_linked() {
    let folder = tempfile::tempdir().unwrap();
    let (mut lake, world) = (lake(folder.path()), world());
    let first = lake.night(&world, 1, &acts([]));
    lake.older_writer = true;
    let second = lake.night(&world, 2, &acts([(1, Act::Keep)]));
    assert!(second.snapshot.manifest.files.iter().all(|file| file.since == second.snapshot.run_id));
    let path = "parquet/transactions/month=2026-01/part-00000.parquet";
    let digest = |night: &Night| file(&night.snapshot, path).unwrap().sha256;
    assert_eq!(digest(&first), digest(&second), "the same rows");
}
