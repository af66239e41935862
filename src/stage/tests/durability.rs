//! Torn and damaged files, failing steps, lost power.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use crate::model::UserId;
use crate::table::Table;

use super::disk::TestDisk;
use super::*;

const FOLDER: &str = "stage";

fn options() -> StageOptions {
    StageOptions { max_runs: 2, ..StageOptions::default() }
}

fn open(disk: &Arc<TestDisk>) -> Result<(Stage<i64>, BTreeMap<UserId, i64>), StageError> {
    Stage::open(disk.clone(), Path::new(FOLDER), &key(), options(), at(0))
}

/// Units 5, 10, … have no rows: their groups have no run.
fn rows(number: i64) -> Vec<Row> {
    (0..number % 5).map(|id| (1000 * number + id, number, Some(20_000), format!("{number}"))).collect()
}

/// One unit and its group: `number` rows of balances, so that files stay small.
fn add(stage: &mut Stage<i64>, number: i64) -> Result<(), StageError> {
    if rows(number).is_empty() {
        stage.commit(user(number), &number, at(0))?;
        return stage.flush_finished();
    }
    stage.rows(user(number), Table::Balances, &balances(user(number), &rows(number)), &[])?;
    stage.commit(user(number), &number, at(0))?;
    stage.flush_finished()
}

/// Every unit that is given back is whole, and nothing else is seen.
fn check(disk: &Arc<TestDisk>) -> BTreeMap<UserId, i64> {
    let (stage, reusable) = open(disk).unwrap();
    let staged = stage.finish().unwrap();
    let mut expected: Vec<Seen> = Vec::new();
    for (user, number) in &reusable {
        assert_eq!(user.get(), *number);
        expected.extend(rows(*number).into_iter().map(|row| (user.get(), row.0, row.0, row.2, row.3)));
    }
    expected.sort_by_key(|row| row.1);
    assert_eq!(seen(Table::Balances, staged.rows_in(Table::Balances, None)), expected);
    reusable
}

fn copy(from: &TestDisk, to: &TestDisk) {
    to.create_dir(Path::new(FOLDER), 0o700).unwrap();
    for entry in fs::read_dir(from.locate(Path::new(FOLDER))).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.locate(&Path::new(FOLDER).join(entry.file_name()))).unwrap();
    }
}

/// Three units in two runs, one of them merged, and their journal.
fn small_stage() -> (TestDisk, Vec<std::ffi::OsString>) {
    let disk = Arc::new(TestDisk::new());
    let (mut stage, _) = open(&disk).unwrap();
    (1..=3).for_each(|number| add(&mut stage, number).unwrap());
    drop(stage);
    let names = fs::read_dir(disk.locate(Path::new(FOLDER))).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.len() >= 2, "{names:?}");
    (Arc::into_inner(disk).unwrap(), names)
}

#[test]
fn a_file_cut_at_any_byte_costs_units_and_never_wrongs_one() {
    let (whole, names) = small_stage();
    for name in &names {
        let path = Path::new(FOLDER).join(name);
        let bytes = fs::read(whole.locate(&path)).unwrap();
        let mut before = 0;
        // The journal at every byte; runs, whose every shorter length is alike, at every fourth and at their end.
        let step = if name.to_string_lossy().starts_with("journal") { 1 } else { 4 };
        for length in (0..bytes.len()).step_by(step).chain([bytes.len() - 1, bytes.len()]) {
            let disk = Arc::new(TestDisk::new());
            copy(&whole, &disk);
            fs::write(disk.locate(&path), &bytes[..length]).unwrap();
            let reusable = check(&disk).len();
            assert!(reusable >= before, "{name:?} cut at {length}");
            before = reusable;
        }
        assert_eq!(before, 3);
    }
}

#[test]
fn a_changed_byte_costs_units_and_never_wrongs_one() {
    let (whole, names) = small_stage();
    for name in &names {
        let path = Path::new(FOLDER).join(name);
        let bytes = fs::read(whole.locate(&path)).unwrap();
        for place in (0..bytes.len()).step_by(23) {
            let disk = Arc::new(TestDisk::new());
            copy(&whole, &disk);
            let mut changed = bytes.clone();
            changed[place] ^= 1 << (place % 8);
            fs::write(disk.locate(&path), changed).unwrap();
            assert!(check(&disk).len() < 3, "{name:?} changed at {place}");
        }
    }
}

#[test]
fn damage_found_while_reading_is_an_error() {
    let (disk, names) = small_stage();
    let disk = Arc::new(disk);
    let (stage, reusable) = open(&disk).unwrap();
    assert_eq!(reusable.len(), 3);
    let staged = stage.finish().unwrap();
    for name in names.iter().filter(|name| name.to_string_lossy().starts_with("run")) {
        let place = disk.locate(&Path::new(FOLDER).join(name));
        let mut bytes = fs::read(&place).unwrap();
        bytes[100] ^= 1;
        fs::write(place, bytes).unwrap();
    }
    let error = staged.rows_in(Table::Balances, None).find_map(Result::err);
    assert!(matches!(error, Some(StageError::Damaged { .. })), "{error:?}");
}

#[test]
fn fault_64_after_a_failed_step_nothing_more_is_taken() {
    let disk = Arc::new(TestDisk::new());
    let (mut stage, _) = open(&disk).unwrap();
    add(&mut stage, 1).unwrap();
    disk.fail_at(Some(3));
    assert!(matches!(add(&mut stage, 2), Err(StageError::Disk { .. })));
    disk.fail_at(None);
    assert!(matches!(add(&mut stage, 3), Err(StageError::Poisoned)));
    assert!(matches!(stage.discard(user(1)), Err(StageError::Poisoned)));
    assert!(matches!(stage.finish(), Err(StageError::Poisoned)));
    assert!(check(&disk).contains_key(&user(1)));
}

/// Adds units until a step fails; returns those whose group was acknowledged.
fn work(disk: &Arc<TestDisk>, from: i64) -> Vec<i64> {
    let mut acknowledged = Vec::new();
    if let Ok((mut stage, _)) = open(disk) {
        for number in from..from + 4 {
            if add(&mut stage, number).is_err() {
                break;
            }
            acknowledged.push(number);
        }
    }
    acknowledged
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn what_was_acknowledged_survives_lost_power(
        first in 0_usize..60,
        second in 0_usize..60,
        killed in any::<bool>(),
        luck in prop::collection::vec(any::<u8>(), 1..40),
    ) {
        let disk = Arc::new(TestDisk::new());
        let mut dice = luck.into_iter().cycle();
        let mut acknowledged = Vec::new();
        for (round, step) in [first, second].into_iter().enumerate() {
            disk.fail_at(Some(step));
            acknowledged.extend(work(&disk, 5 - 4 * round as i64));
            disk.fail_at(None);
            if !killed {
                disk.lose_power(Path::new(FOLDER), || dice.next().unwrap_or(0));
            }
            // What a process was given back it may rely on: here it is killed, and then the power is lost.
            let reusable = check(&disk);
            acknowledged.extend(reusable.values());
            disk.lose_power(Path::new(FOLDER), || dice.next().unwrap_or(0));
            for number in &acknowledged {
                prop_assert!(reusable.contains_key(&user(*number)), "{number} of {acknowledged:?}: {reusable:?}");
            }
        }
        disk.fail_at(None);
        let reusable = check(&disk);
        prop_assert!(acknowledged.iter().all(|number| reusable.contains_key(&user(*number))));
    }
}

#[test]
fn the_steps_of_the_sweep_above_reach_the_end() {
    let disk = Arc::new(TestDisk::new());
    disk.fail_at(None);
    assert_eq!(work(&disk, 1).len(), 4);
    assert!((20..60).contains(&disk.steps()), "{}", disk.steps());
}
