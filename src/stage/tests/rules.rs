//! When staged work is used again, who may read it, and the shape of units.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::{DecimalType, UserId, Window};
use crate::table::Table;

use super::disk::TestDisk;
use super::*;

const FOLDER: &str = "stage";

fn open_at(disk: &Arc<TestDisk>, key: &StageKey, now: i64) -> (Stage<String>, BTreeMap<UserId, String>) {
    Stage::open(disk.clone(), Path::new(FOLDER), key, StageOptions::default(), at(now)).unwrap()
}

fn staged_at(disk: &Arc<TestDisk>, moments: &[(i64, i64)]) {
    let (mut stage, _) = open_at(disk, &key(), 0);
    for (number, moment) in moments {
        let rows = transactions(user(*number), &[(*number, 1, Some(20_000), "x".to_owned())]);
        stage.rows(user(*number), Table::Transactions, &rows, &[]).unwrap();
        stage.commit(user(*number), &format!("unit {number}"), at(*moment)).unwrap();
    }
    stage.flush_finished().unwrap();
}

fn names(disk: &TestDisk) -> Vec<String> {
    let entries = fs::read_dir(disk.locate(Path::new(FOLDER))).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn units_are_reused_under_the_same_key_only() {
    let changes: [fn(&mut StageKey); 6] = [
        |key| key.base_url = "https://other.example/2.0".to_owned(),
        |key| key.parent = None,
        |key| key.parent.as_mut().unwrap().manifest_sha256.push('0'),
        |key| key.window = Window::new(None, Some(jiff::civil::date(2026, 1, 1))).unwrap(),
        |key| key.schema_fingerprint.push('0'),
        |key| key.decimal = DecimalType::new(38, 18).unwrap(),
    ];
    for change in changes {
        let disk = Arc::new(TestDisk::new());
        staged_at(&disk, &[(1, 0)]);
        assert_eq!(open_at(&disk, &key(), 0).1.len(), 1);
        let mut other = key();
        change(&mut other);
        let (stage, reusable) = open_at(&disk, &other, 0);
        assert!(reusable.is_empty(), "{other:?}");
        assert_eq!(names(&disk), ["journal-000001"], "what another key left is removed");
        drop(stage);
        assert!(open_at(&disk, &key(), 0).1.is_empty());
    }
}

#[test]
fn each_unit_has_an_age_of_its_own() {
    let disk = Arc::new(TestDisk::new());
    let day = 24 * 3600;
    staged_at(&disk, &[(1, 0), (2, 100)]);
    assert_eq!(open_at(&disk, &key(), day).1.len(), 2);
    let (stage, reusable) = open_at(&disk, &key(), day + 1);
    assert_eq!(reusable, BTreeMap::from([(user(2), "unit 2".to_owned())]));
    let staged = stage.finish().unwrap();
    assert_eq!(seen(Table::Transactions, staged.rows_in(Table::Transactions, None)).len(), 1);
    assert!(open_at(&disk, &key(), day + 101).1.is_empty());
    assert!(!names(&disk).iter().any(|name| name.starts_with("run")));
}

#[test]
fn units_from_the_future_are_not_reused() {
    let disk = Arc::new(TestDisk::new());
    staged_at(&disk, &[(1, 0)]);
    assert!(open_at(&disk, &key(), -25 * 3600).1.is_empty());
}

#[test]
fn a_record_of_another_shape_makes_a_unit_unusable() {
    let disk = Arc::new(TestDisk::new());
    staged_at(&disk, &[(1, 0)]);
    let (stage, reusable) =
        Stage::<i64>::open(disk.clone(), Path::new(FOLDER), &key(), StageOptions::default(), at(0)).unwrap();
    assert!(reusable.is_empty());
    assert!(seen(Table::Transactions, stage.finish().unwrap().rows_in(Table::Transactions, None)).is_empty());
}

#[test]
fn when_all_is_discarded_nothing_comes_back() {
    let disk = Arc::new(TestDisk::new());
    staged_at(&disk, &[(1, 0), (2, 0)]);
    let (mut stage, _) = open_at(&disk, &key(), 0);
    let rows = transactions(user(3), &[(3, 1, Some(20_000), "x".to_owned())]);
    stage.rows(user(3), Table::Transactions, &rows, &[]).unwrap();
    stage.commit(user(3), &"unit 3".to_owned(), at(0)).unwrap();
    stage.discard_all().unwrap();
    stage.flush_finished().unwrap();
    drop(stage);
    let (stage, reusable) = open_at(&disk, &key(), 0);
    assert!(reusable.is_empty());
    assert!(seen(Table::Transactions, stage.finish().unwrap().rows_in(Table::Transactions, None)).is_empty());
}

#[test]
fn a_discarded_unit_does_not_come_back() {
    let disk = Arc::new(TestDisk::new());
    staged_at(&disk, &[(1, 0), (2, 0)]);
    let (mut stage, _) = open_at(&disk, &key(), 0);
    stage.discard(user(1)).unwrap();
    drop(stage);
    let (stage, reusable) = open_at(&disk, &key(), 0);
    assert_eq!(reusable.keys().copied().collect::<Vec<_>>(), [user(2)]);
    let staged = stage.finish().unwrap();
    assert_eq!(seen(Table::Transactions, staged.rows_in(Table::Transactions, None)).len(), 1);
    assert!(staged.ids(user(1), Table::Transactions).unwrap().is_empty());
    staged.remove().unwrap();
    assert!(!disk.locate(Path::new(FOLDER)).exists());
}

#[test]
fn only_the_owner_can_read_it_and_strangers_are_swept() {
    let disk = Arc::new(TestDisk::new());
    let place = disk.locate(Path::new(FOLDER));
    staged_at(&disk, &[(1, 0)]);
    let mode = |path: &Path| fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place), 0o700);
    for name in names(&disk) {
        assert_eq!(mode(&place.join(name)), 0o600);
    }

    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("precious"), "x").unwrap();
    symlink(elsewhere.path(), place.join("link")).unwrap();
    fs::create_dir(place.join("folder")).unwrap();
    fs::write(place.join("folder/file"), "x").unwrap();
    fs::write(place.join("run-000099.rows"), "x").unwrap();
    assert_eq!(open_at(&disk, &key(), 0).1.len(), 1);
    assert_eq!(names(&disk), ["journal-000001", "journal-000002", "run-000001.rows"]);
    assert!(elsewhere.path().join("precious").exists());

    // A run that was swapped for a link is not followed.
    fs::rename(place.join("run-000001.rows"), elsewhere.path().join("run")).unwrap();
    symlink(elsewhere.path().join("run"), place.join("run-000001.rows")).unwrap();
    assert!(open_at(&disk, &key(), 0).1.is_empty());

    // A folder that others could write to is not believed, a link in its place not used.
    staged_at(&disk, &[(1, 0)]);
    fs::set_permissions(&place, fs::Permissions::from_mode(0o770)).unwrap();
    assert!(open_at(&disk, &key(), 0).1.is_empty());
    assert_eq!(mode(&place), 0o700);
    fs::remove_dir_all(&place).unwrap();
    symlink(elsewhere.path(), &place).unwrap();
    let refused =
        Stage::<String>::open(disk.clone(), Path::new(FOLDER), &key(), StageOptions::default(), at(0));
    assert!(matches!(refused, Err(StageError::Foreign(_))));
}

#[test]
fn finished_units_wait_five_seconds_for_others() {
    let disk = Arc::new(TestDisk::new());
    let (mut stage, _) = open_at(&disk, &key(), 0);
    let start = Instant::now();
    let five = Duration::from_secs(5);
    let unfinished = transactions(user(2), &[(2, 1, Some(20_000), "x".to_owned())]);
    stage.rows(user(2), Table::Transactions, &unfinished, &[]).unwrap();
    assert_eq!(stage.tick(start).unwrap(), five);
    stage.commit(user(1), &"one".to_owned(), at(0)).unwrap();
    assert_eq!(stage.tick(start + Duration::from_secs(60)).unwrap(), five);
    assert_eq!(stage.tick(start + Duration::from_secs(62)).unwrap(), Duration::from_secs(3));
    assert!(open_copy(&disk).is_empty());
    stage.tick(start + Duration::from_secs(65)).unwrap();
    assert_eq!(open_copy(&disk).keys().copied().collect::<Vec<_>>(), [user(1)]);
}

/// What another process would find, without touching this one's files.
fn open_copy(disk: &TestDisk) -> BTreeMap<UserId, String> {
    let other = Arc::new(TestDisk::new());
    other.create_dir(Path::new(FOLDER), 0o700).unwrap();
    for name in names(disk) {
        let path = Path::new(FOLDER).join(name);
        fs::copy(disk.locate(&path), other.locate(&path)).unwrap();
    }
    open_at(&other, &key(), 0).1
}

#[test]
fn a_unit_in_many_pieces_keeps_the_last_of_each_row() {
    let disk = Arc::new(TestDisk::new());
    let options = StageOptions { buffer_bytes: 1, max_runs: 3, ..StageOptions::default() };
    let (mut stage, _) = Stage::<u32>::open(disk, Path::new(FOLDER), &key(), options, at(0)).unwrap();
    for piece in 0..20_i64 {
        // Each piece moves the common row to another month and account, and has an issue about it.
        let day = i32::try_from(20_000 + 40 * piece).unwrap();
        let rows = [(7, piece + 1, Some(day), format!("{piece}")), (100 + piece, 1, None, "own".to_owned())];
        let issues = [issue(Table::Transactions, 7, &format!("column {piece}"))];
        stage.rows(user(1), Table::Transactions, &transactions(user(1), &rows), &issues).unwrap();
    }
    stage.commit(user(1), &1, at(0)).unwrap();
    let staged = stage.finish().unwrap();
    let rows = seen(Table::Transactions, staged.rows_in(Table::Transactions, None));
    assert_eq!(rows.len(), 21);
    assert_eq!(rows.last().unwrap(), &(1, 7, 20, Some(20_760), "19".to_owned()));
    assert_eq!(staged.months(Table::Transactions).unwrap().len(), 2);
    assert_eq!(staged.rows_of(user(1), Table::Transactions), 21);
    let issues = seen_issues(&staged);
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].3, "column 19");
}

#[test]
fn an_issue_that_comes_without_rows_stays_with_the_row_that_it_names() {
    let disk = Arc::new(TestDisk::new());
    let (mut stage, _) =
        Stage::<u32>::open(disk, Path::new(FOLDER), &key(), StageOptions::default(), at(0)).unwrap();
    let rows = |rows: &[Row]| transactions(user(1), rows);
    stage.rows(user(1), Table::Transactions, &rows(&[(7, 1, None, "one".to_owned())]), &[]).unwrap();
    let late = [issue(Table::Transactions, 7, "id_account")];
    stage.rows(user(1), Table::Transactions, &rows(&[]), &late).unwrap();
    stage.commit(user(1), &1, at(0)).unwrap();
    let issues = seen_issues(&stage.finish().unwrap());
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].3, "id_account");
}

#[test]
fn a_merge_of_runs_around_another_keeps_the_last_of_each_row() {
    let disk = Arc::new(TestDisk::new());
    let options = StageOptions { buffer_bytes: 1, max_runs: 2, ..StageOptions::default() };
    let (mut stage, _) = Stage::<u32>::open(disk, Path::new(FOLDER), &key(), options, at(0)).unwrap();
    // The second run is the largest, so that the first and the third are merged.
    for (text, others) in [("first", 0), ("second", 500), ("third", 0)] {
        let mut rows = vec![(7, 1, None, text.to_owned())];
        rows.extend((100..100 + others).map(|id| (id, 1, None, String::new())));
        stage.rows(user(1), Table::Accounts, &accounts(user(1), &rows), &[]).unwrap();
    }
    stage.commit(user(1), &1, at(0)).unwrap();
    let staged = stage.finish().unwrap();
    let rows = seen(Table::Accounts, staged.rows_in(Table::Accounts, None));
    assert_eq!((rows.len(), rows[0].4.as_str()), (501, "third"));
    assert_eq!(staged.rows_of(user(1), Table::Accounts), 501);
}

#[test]
fn a_unit_begun_anew_takes_nothing_from_the_finished_one() {
    let disk = Arc::new(TestDisk::new());
    let options = StageOptions { buffer_bytes: 1, max_runs: 2, ..StageOptions::default() };
    let (mut stage, _) = Stage::<u32>::open(disk, Path::new(FOLDER), &key(), options, at(0)).unwrap();
    let add = |stage: &mut Stage<u32>, number, text: &str| {
        let rows = accounts(user(number), &[(6, 1, None, text.to_owned())]);
        stage.rows(user(number), Table::Accounts, &rows, &[]).unwrap();
    };
    add(&mut stage, 2, "finished");
    stage.commit(user(2), &1, at(0)).unwrap();
    // The same row again, in an attempt that is never finished, merged into one run with the first.
    (0..4).for_each(|_| add(&mut stage, 2, "unfinished"));
    let staged = stage.finish().unwrap();
    let rows = seen(Table::Accounts, staged.rows_in(Table::Accounts, None));
    assert_eq!(rows, [(2, 6, 6, None, "finished".to_owned())]);
}

#[test]
fn two_users_with_one_key_are_both_seen_whoever_came_first() {
    for order in [[1, 2], [2, 1]] {
        let disk = Arc::new(TestDisk::new());
        let (mut stage, _) = open_at(&disk, &key(), 0);
        for number in order {
            let rows = balances(user(number), &[(6, 1, Some(20_000), format!("{number}"))]);
            stage.rows(user(number), Table::Balances, &rows, &[]).unwrap();
            stage.commit(user(number), &String::new(), at(0)).unwrap();
            if order[0] == 2 {
                stage.flush_finished().unwrap();
            }
        }
        let staged = stage.finish().unwrap();
        let rows = seen(Table::Balances, staged.rows_in(Table::Balances, None));
        assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), [1, 2]);
    }
}

#[test]
fn rows_of_other_columns_are_refused() {
    let disk = Arc::new(TestDisk::new());
    let (mut stage, _) = open_at(&disk, &key(), 0);
    let rows = accounts(user(1), &[(1, 1, None, "x".to_owned())]);
    assert!(matches!(
        stage.rows(user(1), Table::Transactions, &rows, &[]),
        Err(StageError::Columns(Table::Transactions))
    ));
    assert!(stage.rows(user(1), Table::Accounts, &rows, &[]).is_ok());
}
