//! What a lake holds, what it must hold, and the lake of one full run to compare it with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::tz::TimeZone;
use powens_export::export::{Formats, RunConfig, RunMode};
use powens_export::lake::build::read_units;
use powens_export::lake::manifest::Changes;
use powens_export::lake::{FilePath, Snapshot};
use powens_export::model::{UnitOutcome, UserId};
use powens_export::sandbox::SandboxConfig;
use powens_export::table::Table;

use crate::support::{Bank, Row, Rows, digests, rows};

/// The tables whose bytes a full run gives again. Of the others, `coverage` tells how rows were proven, and `balances`
/// keeps what no run can ask for again.
pub(super) const EQUAL: &[Table] = &[
    Table::Transactions,
    Table::Accounts,
    Table::Connections,
    Table::ConnectionSources,
    Table::Users,
    Table::Connectors,
    Table::ConnectorSources,
    Table::Issues,
];

/// The day on which the bank's clock stands in Paris.
pub(super) fn paris_day(bank: &Bank) -> String {
    let now = bank.sandbox.with_world(|world| world.clock().now());
    now.to_zoned(TimeZone::get("Europe/Paris").unwrap()).date().to_string()
}

/// The digests of a fresh lake, made by one full run of these formats.
pub(super) fn of_one_full_run(bank: &Bank, lake: &Path, formats: Formats) -> BTreeMap<String, String> {
    let config = RunConfig { formats, mode: RunMode::Full, ..bank.config(lake) };
    digests(&bank.export(config).unwrap().manifest, EQUAL)
}

/// How each user ended.
pub(super) fn outcomes(snapshot: &Snapshot) -> BTreeMap<UserId, UnitOutcome> {
    let units = read_units(&FilePath::units().under(&snapshot.folder)).unwrap();
    units.into_iter().map(|(user, unit)| (user, unit.outcome)).collect()
}

/// All tables of a snapshot.
#[derive(Debug, Default)]
pub(super) struct Held(pub(super) BTreeMap<Table, Rows>);

impl Held {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        Self::some_of(snapshot, &Table::ALL)
    }

    /// Some tables.
    pub(super) fn some_of(snapshot: &Snapshot, tables: &[Table]) -> Self {
        Self(tables.iter().map(|table| (*table, rows(snapshot, *table))).collect())
    }

    pub(super) fn rows(&self, table: Table) -> impl Iterator<Item = (&Vec<String>, &Row)> {
        self.0.get(&table).into_iter().flatten()
    }

    /// The rows of a user.
    pub(super) fn of_user(&self, table: Table, user: UserId) -> BTreeMap<&Vec<String>, &Row> {
        let user = user.to_string();
        self.rows(table).filter(|(_, row)| row.get("id_user") == Some(&user)).collect()
    }

    /// What changed since, counted row by row.
    pub(super) fn changes_since(&self, before: &Self, table: Table) -> Changes {
        let old: BTreeMap<_, _> = before.rows(table).collect();
        let mut changes = Changes::default();
        for (key, row) in self.rows(table) {
            match old.get(key) {
                None => changes.inserted += 1,
                Some(was) if *was == row => {}
                Some(was) if row.contains_key("deleted") && !was.contains_key("deleted") => {
                    changes.deleted += 1
                }
                Some(_) => changes.updated += 1,
            }
        }
        let now: BTreeSet<_> = self.rows(table).map(|(key, _)| key).collect();
        changes.vanished = old.keys().filter(|key| !now.contains(*key)).count() as u64;
        changes
    }
}

/// What `balances` must hold, kept beside the lake.
#[derive(Debug, Default)]
pub(super) struct Balances(pub(super) BTreeMap<Vec<String>, Row>);

impl Balances {
    /// A run on `day`, after which the snapshot holds this.
    pub(super) fn add(&mut self, held: &Held, outcomes: &BTreeMap<UserId, UnitOutcome>, day: &str) {
        for (user, outcome) in outcomes {
            match outcome {
                UnitOutcome::Complete => {
                    for row in held.of_user(Table::Accounts, *user).into_values() {
                        let mut balance: Row = row
                            .iter()
                            .filter(|(name, _)| BALANCE_COLUMNS.contains(&name.as_str()))
                            .map(|(name, value)| (name.clone(), value.clone()))
                            .collect();
                        balance.insert("id_account".to_owned(), row["id"].clone());
                        balance.insert("day".to_owned(), day.to_owned());
                        self.0.insert(vec![row["id"].clone(), day.to_owned()], balance);
                    }
                }
                UnitOutcome::Gone => {
                    self.0.retain(|_, row| row["id_user"] != user.to_string());
                }
                _ => {}
            }
        }
    }
}

const BALANCE_COLUMNS: [&str; 5] = ["id_user", "currency", "balance", "coming", "last_update"];

/// The bank's transactions whose `date` lies between two days, both included, by user.
pub(super) fn at_the_bank(bank: &Bank, from: &str, to: &str) -> BTreeSet<i64> {
    bank.sandbox.with_world(|world| {
        let mut ids = BTreeSet::new();
        for user in world.users() {
            let holdings = world.holdings(user).unwrap();
            let there = |row: &powens_export::sandbox::world::rows::Transaction| {
                row.date.as_deref().is_some_and(|date| (from..=to).contains(&date))
            };
            ids.extend(holdings.transactions().iter().filter(|row| there(row)).map(|row| row.id));
        }
        ids
    })
}

/// The ids of a snapshot's transactions.
pub(super) fn transaction_ids(snapshot: &Snapshot) -> BTreeSet<i64> {
    rows(snapshot, Table::Transactions).keys().map(|key| key[0].parse().unwrap()).collect()
}

/// A bank of plain users, each with one healthy connection, three accounts and so many transactions over two years.
pub(super) fn plain(users: usize, transactions: usize) -> Bank {
    Bank::new(SandboxConfig {
        users,
        transactions_per_user: transactions,
        edge_cases: false,
        ..SandboxConfig::default()
    })
}
