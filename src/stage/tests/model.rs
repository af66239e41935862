//! Random histories against a model that keeps everything in maps.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::model::UserId;
use crate::table::{Month, Table};

use super::disk::TestDisk;
use super::*;

#[derive(Clone, Debug)]
enum Act {
    Rows { user: i64, table: Table, rows: Vec<Row>, issue: bool },
    Commit(i64),
    Discard(i64),
    Tick,
    Flush,
    Kill,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let table = prop_oneof![
        4 => Just(Table::Transactions),
        1 => Just(Table::Accounts),
        1 => Just(Table::Balances)
    ];
    let row = (1_i64..30, 1_i64..4, prop::option::weighted(0.9, 20_400_i32..20_600), Just(String::new()));
    let rows = (1_i64..6, table, prop::collection::vec(row, 1..12), prop::bool::weighted(0.4))
        .prop_map(|(user, table, rows, issue)| Act::Rows { user, table, rows, issue });
    let act = prop_oneof![
        12 => rows,
        3 => (1_i64..6).prop_map(Act::Commit),
        1 => (1_i64..6).prop_map(Act::Discard),
        1 => Just(Act::Tick),
        1 => Just(Act::Flush),
        1 => Just(Act::Kill),
    ];
    prop::collection::vec(act, 1..60)
}

/// A unit's rows by table and key, and the issues of each.
#[derive(Clone, Debug, Default, PartialEq)]
struct Rows {
    rows: BTreeMap<(Table, i64, Option<i32>), (Row, bool)>,
}

impl Rows {
    fn add(&mut self, table: Table, rows: &[Row], issue: bool) {
        for (place, row) in rows.iter().enumerate() {
            let day = if table == Table::Balances { row.2 } else { None };
            self.rows.insert((table, row.0, day), (row.clone(), issue && place == 0));
        }
    }

    fn of(&self, table: Table) -> impl Iterator<Item = &(Row, bool)> {
        self.rows.iter().filter(move |(key, _)| key.0 == table).map(|(_, row)| row)
    }
}

#[derive(Debug, Default)]
struct Model {
    open: BTreeMap<UserId, Rows>,
    /// Per version that was committed, its rows.
    versions: BTreeMap<u32, (UserId, Rows)>,
    committed: BTreeMap<UserId, u32>,
    /// The version that is durable for sure.
    durable: BTreeMap<UserId, u32>,
}

fn options(buffer_bytes: usize) -> StageOptions {
    StageOptions {
        buffer_bytes,
        block_rows: 3,
        max_runs: 4,
        group_age: Duration::from_secs(5),
        ..StageOptions::default()
    }
}

fn check(staged: &Staged<u32>, model: &Model) -> Result<(), TestCaseError> {
    prop_assert_eq!(staged.units(), &model.committed);
    let held: Vec<(UserId, &Rows)> =
        model.committed.iter().map(|(user, version)| (*user, &model.versions[version].1)).collect();
    let mut issues = BTreeSet::new();
    for table in [Table::Transactions, Table::Accounts, Table::Balances] {
        let mut expected: BTreeMap<Option<Month>, Vec<Seen>> = BTreeMap::new();
        for (user, rows) in &held {
            for (row, issue) in rows.of(table) {
                let month = table.schema().partition.is_some().then(|| Month::of(row.2));
                let (account, day) = match table {
                    Table::Transactions => (row.1, row.2),
                    Table::Balances => (row.0, row.2),
                    _ => (row.0, None),
                };
                expected.entry(month).or_default().push((user.get(), row.0, account, day, row.3.clone()));
                if *issue {
                    issues.insert((table.name().to_owned(), user.get(), row.0, "value".to_owned(), 1));
                }
            }
            let mut ids: Vec<i64> = rows.of(table).map(|(row, _)| row.0).collect();
            prop_assert_eq!(staged.rows_of(*user, table), ids.len() as u64);
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(staged.ids(*user, table).unwrap(), ids);
        }
        for rows in expected.values_mut() {
            rows.sort_by_key(|(user, id, account, day, _)| match table {
                Table::Transactions => (*user, *account, *day, *id),
                Table::Balances => (*account, 0, *day, 0),
                _ => (*user, *id, None, 0),
            });
        }
        let months: Vec<Month> = expected.keys().copied().flatten().collect();
        prop_assert_eq!(staged.months(table).unwrap(), months);
        for (month, rows) in &expected {
            prop_assert_eq!(&seen(table, staged.rows_in(table, *month)), rows);
        }
        let all: Vec<Seen> = expected.into_values().flatten().collect();
        prop_assert_eq!(seen(table, staged.rows_in(table, None)), all);
    }
    // Balances' issues name the account only: those of one account are told apart by nothing.
    let without_balances = |issue: &(String, i64, i64, String, i64)| issue.0 != "balances";
    let got: Vec<_> = seen_issues(staged).into_iter().filter(without_balances).collect();
    prop_assert_eq!(got, issues.into_iter().filter(without_balances).collect::<Vec<_>>());
    Ok(())
}

/// Balances of different users never share an account.
fn rows_of(user: i64, table: Table, rows: &[Row], version: &mut u32) -> Vec<Row> {
    let mut ids = BTreeSet::new();
    rows.iter()
        .filter(|row| table == Table::Transactions || ids.insert((row.0, row.2)))
        .map(|row| {
            *version += 1;
            let id = if table == Table::Balances { row.0 + 100 * user } else { row.0 };
            (id, row.1, row.2, format!("{version}"))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, ..ProptestConfig::default() })]
    #[test]
    fn what_is_read_is_what_was_committed(acts in acts(), buffer in prop_oneof![Just(1_usize), Just(60_000), Just(10_000_000)]) {
        let folder = Path::new("stage");
        let disk = Arc::new(TestDisk::new());
        let open = || Stage::<u32>::open(disk.clone(), folder, &key(), options(buffer), at(0)).unwrap();
        let (mut stage, _) = open();
        let (mut model, mut version, mut clock) = (Model::default(), 0, Instant::now());
        for act in acts {
            match act {
                Act::Rows { user: number, table, rows, issue: with_issue } => {
                    let rows = rows_of(number, table, &rows, &mut version);
                    let batch = match table {
                        Table::Transactions => transactions(user(number), &rows),
                        Table::Balances => balances(user(number), &rows),
                        _ => accounts(user(number), &rows),
                    };
                    // The row that an issue names must be the one that wins within its batch.
                    let lone = rows.iter().skip(1).all(|row| row.0 != rows[0].0);
                    let with_issue = with_issue && lone;
                    let issues: Vec<_> = with_issue.then(|| issue(table, rows[0].0, "value")).into_iter().collect();
                    stage.rows(user(number), table, &batch, &issues).unwrap();
                    model.open.entry(user(number)).or_default().add(table, &rows, with_issue);
                }
                Act::Commit(number) => {
                    version += 1;
                    stage.commit(user(number), &version, at(0)).unwrap();
                    let rows = model.open.remove(&user(number)).unwrap_or_default();
                    model.versions.insert(version, (user(number), rows));
                    model.committed.insert(user(number), version);
                }
                Act::Discard(number) => {
                    stage.discard(user(number)).unwrap();
                    model.open.remove(&user(number));
                    model.committed.remove(&user(number));
                    model.durable.remove(&user(number));
                }
                Act::Tick => {
                    stage.tick(clock).unwrap();
                    clock += Duration::from_secs(4);
                }
                Act::Flush => {
                    stage.flush_finished().unwrap();
                    model.durable = model.committed.clone();
                }
                Act::Kill => {
                    drop(stage);
                    let (again, reusable) = open();
                    for (user, version) in &model.durable {
                        prop_assert!(reusable.get(user).is_some_and(|found| found >= version));
                    }
                    for (user, version) in &reusable {
                        prop_assert_eq!(model.versions[version].0, *user);
                        prop_assert!(model.committed.contains_key(user));
                    }
                    model.open.clear();
                    model.committed = reusable.clone();
                    model.durable = reusable;
                    stage = again;
                }
            }
        }
        check(&stage.finish().unwrap(), &model)?;
        // A guard refused: the same stage is found again.
        model.durable = model.committed.clone();
        let (stage, reusable) = open();
        prop_assert_eq!(&reusable, &model.committed);
        check(&stage.finish().unwrap(), &model)?;
    }
}
