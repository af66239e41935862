//! A small bank that changes from night to night, and a model of what a lake must hold of it.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use jiff::Timestamp;

use super::memory::Memory;
use crate::encode::{CsvProfile, Format, TableReader};
use crate::lake::build::{
    Attempt, BuildError, BuildInput, Built, DomainLists, Formats, StagedRows, Stop, Walked, build,
};
use crate::lake::fixture::{decimal, manifest, start};
use crate::lake::layout::{Area, place};
use crate::lake::manifest::{Changes, FileFormat};
use crate::lake::readback::shape;
use crate::lake::store::Syncs;
use crate::lake::{Destination, FILE_MODE, Snapshot, publish};
use crate::model::{AccountId, AccountWalk, Proof, Reason, UnitMode, UserId, Window, time};
use crate::table::{Context, Decoder, Issue, IssueKind, List, Month, Table};

pub(super) fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// A transaction at the bank. `version`: the night of its last change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    pub(super) account: i64,
    pub(super) date: Option<i32>,
    pub(super) cents: i64,
    pub(super) deleted: bool,
    pub(super) version: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) user: i64,
    pub(super) currency: &'static str,
    pub(super) balance: i64,
}

/// The bank.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) users: BTreeSet<i64>,
    pub(super) accounts: BTreeMap<i64, Account>,
    pub(super) transactions: BTreeMap<i64, Transaction>,
}

/// A transaction as a lake holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldRow {
    pub(super) account: i64,
    pub(super) date: Option<i32>,
    pub(super) cents: i64,
    pub(super) deleted: bool,
    pub(super) currency: Option<String>,
    /// The seconds of its `last_update`, which moves with every change.
    pub(super) seconds: i64,
    /// Whether the row came with an issue.
    pub(super) odd: bool,
}

/// What the lake holds of a user.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldUser {
    pub(super) accounts: BTreeMap<i64, Account>,
    pub(super) rows: BTreeMap<i64, HeldRow>,
    pub(super) version: i64,
}

/// What a lake must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) users: BTreeMap<i64, HeldUser>,
    /// Account and day: user and balance.
    pub(super) balances: BTreeMap<(i64, i32), (i64, i64)>,
}

/// What a run does with a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Full,
    Delta,
    /// Days since 2026-01-01, inclusive.
    Window(i32, i32),
    Fail,
    Keep,
}

impl World {
    fn rows_of(&self, user: i64) -> impl Iterator<Item = (i64, Transaction)> {
        let own = move |row: &Transaction| self.accounts.get(&row.account).is_some_and(|a| a.user == user);
        self.transactions.iter().filter(move |(_, row)| own(row)).map(|(id, row)| (*id, *row))
    }

    pub(super) fn accounts_of(&self, user: i64) -> BTreeMap<i64, Account> {
        self.accounts.iter().filter(|(_, a)| a.user == user).map(|(id, a)| (*id, a.clone())).collect()
    }
}

pub(super) fn first_day() -> i32 {
    time::parse_date(b"2026-01-01").unwrap()
}

/// Whether a row of that amount comes with an issue.
const fn is_odd(cents: i64) -> bool {
    cents % 7 == 0
}

fn held(row: Transaction, account: &Account) -> HeldRow {
    HeldRow {
        account: row.account,
        date: row.date,
        cents: row.cents,
        deleted: row.deleted,
        currency: Some(account.currency.to_owned()),
        seconds: row.version % 60,
        odd: is_odd(row.cents),
    }
}

/// Rows, first and last date, by user and account.
pub(super) type Coverage = BTreeMap<(i64, i64), (i64, Option<i32>, Option<i32>)>;

/// A lake and its model.
#[derive(Debug)]
pub(super) struct Lake {
    pub(super) root: PathBuf,
    pub(super) formats: Formats,
    pub(super) threads: usize,
    /// Whether rows go through a real stage.
    pub(super) real_stage: bool,
    /// Whether the parent is said to be of an older writer.
    pub(super) older_writer: bool,
    /// Whether the list of connectors can be fetched.
    pub(super) connectors: bool,
    pub(super) model: Model,
}

/// What one night gave.
#[derive(Debug)]
pub(super) struct Night {
    pub(super) built: Built,
    pub(super) snapshot: Snapshot,
    pub(super) before: Model,
}

impl Lake {
    pub(super) fn new(root: &Path, formats: Formats) -> Self {
        Self {
            root: root.to_owned(),
            formats,
            threads: 1,
            real_stage: false,
            older_writer: false,
            connectors: true,
            model: Model::default(),
        }
    }

    /// Runs a night: what the acts say of each user (users without one are walked in full).
    pub(super) fn night(&mut self, world: &World, night: i64, acts: &BTreeMap<i64, Act>) -> Night {
        self.try_night(world, night, acts, |_| {}).unwrap()
    }

    /// The same, after a change to how users were dealt with.
    pub(super) fn try_night(
        &mut self,
        world: &World,
        night: i64,
        acts: &BTreeMap<i64, Act>,
        tweak: impl FnOnce(&mut BTreeMap<UserId, Attempt>),
    ) -> Result<Night, BuildError> {
        let before = self.model.clone();
        // Two runs on each Paris day.
        let as_of = start(night.midpoint(0));
        let mut staged = Memory::default();
        let mut attempts = BTreeMap::new();
        self.model.users.retain(|user, _| world.users.contains(user));
        self.model.balances.retain(|_, (user, _)| world.users.contains(user));
        for id in &world.users {
            let act = self.feasible(world, *id, acts.get(id).copied().unwrap_or(Act::Full));
            let attempt = match act {
                Act::Fail => Attempt::Failed(Reason::ServerError),
                Act::Keep => Attempt::NotPlanned,
                Act::Full | Act::Delta | Act::Window(..) => {
                    Attempt::Fetched(self.fetch(world, *id, act, (night, as_of), &mut staged))
                }
            };
            attempts.insert(user(*id), attempt);
        }
        tweak(&mut attempts);
        let stage_folder = tempfile::tempdir().unwrap();
        let real = self.real_stage.then(|| staged.to_stage(stage_folder.path()));
        let destination = Destination::open(&self.root, start(night), Syncs::Counted).unwrap();
        let mut parent = destination.latest.clone();
        if let Some(parent) = parent.as_mut().filter(|_| self.older_writer) {
            parent.manifest.writer_epoch = 0;
        }
        let run = destination.layout.free_run_id(start(night));
        let building = place::building(&run);
        destination.store.create_dirs(&building, 0o700).unwrap();
        let input = BuildInput {
            store: &destination.store,
            building: building.clone(),
            run: &run,
            started_at: start(night),
            parent: parent.as_ref(),
            staged: real.as_ref().map_or(&staged as &dyn StagedRows, |real| real),
            lists: DomainLists {
                connectors: lists(&world.users).connectors.filter(|_| self.connectors),
                ..lists(&world.users)
            },
            attempts,
            formats: self.formats,
            csv: CsvProfile::Iso,
            decimal: decimal(),
            threads: NonZeroUsize::new(self.threads).unwrap(),
            stop: Stop(&|| false),
        };
        let built = build(&input)?;
        let folder = destination.layout.at(&building);
        let manifest = manifest(&destination, &folder, run, night, built.files.clone());
        let snapshot = publish(&destination, &manifest, FILE_MODE).unwrap();
        Ok(Night { built, snapshot, before })
    }

    /// A delta or a window needs rows to stand on, and accounts that did not change.
    fn feasible(&self, world: &World, id: i64, act: Act) -> Act {
        let shape = |accounts: &BTreeMap<i64, Account>| -> Vec<(i64, &'static str)> {
            accounts.iter().map(|(id, account)| (*id, account.currency)).collect()
        };
        match self.model.users.get(&id) {
            Some(held) if shape(&held.accounts) == shape(&world.accounts_of(id)) => act,
            _ if matches!(act, Act::Delta | Act::Window(..)) => Act::Full,
            _ => act,
        }
    }

    /// Stages what the API would serve, and moves the model on.
    fn fetch(
        &mut self,
        world: &World,
        id: i64,
        act: Act,
        (night, as_of): (i64, Timestamp),
        staged: &mut Memory,
    ) -> Walked {
        let held_user = self.model.users.entry(id).or_default();
        let accounts = world.accounts_of(id);
        let day = |offset: i32| time::date_of(first_day() + offset).unwrap();
        let window = match act {
            Act::Window(from, to) => Window::new(Some(day(from)), Some(day(to))).unwrap(),
            _ => Window::OPEN,
        };
        let inside = |date: Option<i32>| window.contains(date.and_then(time::date_of));
        let walked = |date: Option<i32>| act != Act::Delta && inside(date);
        let since = held_user.version;
        let served: Vec<(i64, Transaction)> =
            world.rows_of(id).filter(|(_, row)| walked(row.date) || row.version >= since).collect();

        let decoder = Decoder::new(decimal());
        let context = || Context { user: Some(user(id)) };
        let rows_json = served.iter().map(|(id, row)| row_json(*id, *row)).collect::<Vec<_>>().join(",");
        let page = decoder
            .decode(List::Transactions, format!(r#"{{"transactions":[{rows_json}]}}"#).as_bytes(), context())
            .unwrap();
        let accounts_json =
            accounts.iter().map(|(id, account)| account_json(*id, account)).collect::<Vec<_>>().join(",");
        let list = decoder
            .decode(List::Accounts, format!(r#"{{"accounts":[{accounts_json}]}}"#).as_bytes(), context())
            .unwrap();
        let connections = decoder
            .decode(
                List::Connections,
                format!(
                    r#"{{"connections":[{{"id":{id},"id_user":{id},"sources":[{{"id":{}}}]}}]}}"#,
                    id * 10
                )
                .as_bytes(),
                context(),
            )
            .unwrap();
        let issues = served.iter().filter(|(_, row)| is_odd(row.cents)).map(|(row, _)| issue(id, *row));
        staged.add(user(id), Table::Transactions, page.rows, issues.collect());
        staged.add(user(id), Table::Accounts, list.rows, Vec::new());
        staged.add(user(id), Table::Connections, connections.rows, Vec::new());
        staged.add(user(id), Table::ConnectionSources, connections.children.unwrap(), Vec::new());
        staged.finish(user(id));

        held_user.rows.retain(|_, row| !walked(row.date) && accounts.contains_key(&row.account));
        for (row, transaction) in &served {
            held_user.rows.insert(*row, held(*transaction, &accounts[&transaction.account]));
        }
        held_user.accounts.clone_from(&accounts);
        held_user.version = night;
        let today = time::paris_day(as_of);
        for (account, of) in &accounts {
            self.model.balances.insert((*account, today), (id, of.balance));
        }
        let proof = if act == Act::Delta { Proof::Delta } else { Proof::SingleResponse };
        Walked {
            mode: match act {
                Act::Delta => UnitMode::Delta,
                Act::Window(..) => UnitMode::Window,
                _ => UnitMode::Full,
            },
            proof,
            window,
            walk_start: as_of,
            full_walk_start: as_of,
            as_of,
            lacks: None,
            accounts: accounts
                .keys()
                .map(|id| AccountWalk {
                    account: AccountId::new(*id).unwrap(),
                    proof,
                    complete: true,
                    reason: None,
                })
                .collect(),
        }
    }
}

fn row_json(id: i64, row: Transaction) -> String {
    let date = row.date.map_or("null".to_owned(), |day| format!("\"{}\"", time::date_text(day)));
    let deleted = if row.deleted { "\"2026-10-01 00:00:00\"" } else { "null" };
    let Transaction { account, cents, version, .. } = row;
    format!(
        r#"{{"id":{id},"id_account":{account},"date":{date},"value":{cents}e-2,"deleted":{deleted},
            "last_update":"2026-10-01 00:00:{:02}","original_wording":"n° {}, \"{}\""}}"#,
        version % 60,
        cents % 5,
        cents % 3
    )
}

fn account_json(id: i64, account: &Account) -> String {
    let Account { user, currency, balance } = account;
    format!(
        r#"{{"id":{id},"id_user":{user},"id_connection":{user},"balance":{balance}e-2,"currency":{{"id":"{currency}"}}}}"#
    )
}

pub(super) fn issue(of: i64, row: i64) -> Issue {
    Issue {
        table: Table::Transactions,
        user: Some(user(of)),
        id: row,
        column: "value".to_owned(),
        kind: IssueKind::TooPrecise,
        n: 1,
    }
}

pub(super) fn lists(users: &BTreeSet<i64>) -> DomainLists {
    let decoder = Decoder::new(decimal());
    let nobody = || Context { user: None };
    let users: Vec<_> = users.iter().map(|id| format!(r#"{{"id":{id}}}"#)).collect();
    let users = decoder
        .decode(List::Users, format!(r#"{{"users":[{}]}}"#, users.join(",")).as_bytes(), nobody())
        .unwrap();
    let connectors = decoder
        .decode(
            List::Connectors,
            br#"{"connectors":[{"id":59,"name":"Banque","sources":[{"id":77,"name":"openapi"}]}]}"#,
            nobody(),
        )
        .unwrap();
    DomainLists {
        users: users.rows,
        connectors: Some((connectors.rows, connectors.children.unwrap())),
        issues: Vec::new(),
    }
}

/// All rows of a table in a snapshot, of one kind of file.
pub(super) fn read(snapshot: &Snapshot, area: Area, table: Table) -> Vec<RecordBatch> {
    let files = snapshot.manifest.files.iter();
    let own = files.filter(|file| file.table == Some(table) && file.path.parts().area == area);
    let mut batches = Vec::new();
    for file in own {
        let format = if file.format == FileFormat::Csv { Format::Csv } else { Format::Parquet };
        let path = file.path.under(&snapshot.folder);
        let reader = TableReader::open(&path, format, &shape(table, decimal(), CsvProfile::Iso)).unwrap();
        for rows in reader {
            let rows = rows.unwrap();
            if let Some(month) = file.path.parts().month {
                assert!(crate::table::months_of(table, &rows).unwrap().iter().all(|of| *of == month));
            }
            batches.push(rows);
        }
    }
    batches
}

fn number(rows: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let values = rows.column_by_name(column).unwrap().as_primitive::<Int64Type>();
    values.is_valid(row).then(|| values.value(row))
}

fn day(rows: &RecordBatch, column: &str, row: usize) -> Option<i32> {
    let values = rows.column_by_name(column).unwrap().as_primitive::<Date32Type>();
    values.is_valid(row).then(|| values.value(row))
}

fn cents(rows: &RecordBatch, column: &str, row: usize) -> i64 {
    let values = rows.column_by_name(column).unwrap().as_primitive::<Decimal128Type>();
    i64::try_from(values.value(row) / 1_000_000).unwrap()
}

/// What a snapshot holds, in the model's words.
pub(super) fn model_of(snapshot: &Snapshot, area: Area) -> Model {
    let mut model = Model::default();
    let mut odd = BTreeSet::new();
    for rows in read(snapshot, area, Table::Issues) {
        for row in 0..rows.num_rows() {
            assert!(odd.insert(number(&rows, "id", row).unwrap()), "an issue twice");
        }
    }
    for rows in read(snapshot, area, Table::Accounts) {
        for row in 0..rows.num_rows() {
            let user = number(&rows, "id_user", row).unwrap();
            let currency = rows.column_by_name("currency").unwrap().as_string::<i32>().value(row);
            let currency = ["EUR", "USD", "BTC"].into_iter().find(|known| *known == currency).unwrap();
            let account = Account { user, currency, balance: cents(&rows, "balance", row) };
            let held = model.users.entry(user).or_default();
            held.accounts.insert(number(&rows, "id", row).unwrap(), account);
        }
    }
    let mut seen = 0;
    for rows in read(snapshot, area, Table::Transactions) {
        for row in 0..rows.num_rows() {
            let id = number(&rows, "id", row).unwrap();
            let currency = rows.column_by_name("currency").unwrap().as_string::<i32>();
            let updated =
                rows.column_by_name("last_update").unwrap().as_primitive::<TimestampMicrosecondType>();
            let held = HeldRow {
                seconds: updated.value(row) / 1_000_000 % 60,
                account: number(&rows, "id_account", row).unwrap(),
                date: day(&rows, "date", row),
                cents: cents(&rows, "value", row),
                deleted: rows.column_by_name("deleted").unwrap().is_valid(row),
                currency: currency.is_valid(row).then(|| currency.value(row).to_owned()),
                odd: odd.remove(&id),
            };
            seen += usize::from(held.odd);
            let user = number(&rows, "id_user", row).unwrap();
            let before = model.users.entry(user).or_default().rows.insert(id, held);
            assert!(before.is_none(), "row {id} twice");
        }
    }
    assert!(odd.is_empty(), "issues outlive their rows; {seen} did not");
    for rows in read(snapshot, area, Table::Balances) {
        for row in 0..rows.num_rows() {
            let key = (number(&rows, "id_account", row).unwrap(), day(&rows, "day", row).unwrap());
            let value = (number(&rows, "id_user", row).unwrap(), cents(&rows, "balance", row));
            assert!(model.balances.insert(key, value).is_none(), "a balance twice");
        }
    }
    model
}

impl Model {
    /// As a snapshot shows it: without the model's own numbers, and without users of whom nothing is held.
    pub(super) fn visible(&self) -> Self {
        let mut model = self.clone();
        model.users.values_mut().for_each(|user| user.version = 0);
        model.users.retain(|_, user| *user != HeldUser::default());
        model
    }

    fn rows(&self) -> BTreeMap<i64, &HeldRow> {
        self.users.values().flat_map(|user| &user.rows).map(|(id, row)| (*id, row)).collect()
    }

    /// The changes of `transactions` from `before` to here.
    pub(super) fn changes(&self, before: &Self) -> Changes {
        let (old, new) = (before.rows(), self.rows());
        let mut changes = Changes::default();
        for (id, row) in &new {
            match old.get(id) {
                None => changes.inserted += 1,
                Some(was) if was == row => {}
                Some(was) if row.deleted && !was.deleted => changes.deleted += 1,
                Some(_) => changes.updated += 1,
            }
        }
        changes.vanished = old.keys().filter(|id| !new.contains_key(id)).count() as u64;
        changes
    }

    /// The rows of each month.
    pub(super) fn months(&self) -> BTreeMap<Month, BTreeMap<i64, HeldRow>> {
        let mut months: BTreeMap<Month, BTreeMap<i64, HeldRow>> = BTreeMap::new();
        for (id, row) in self.rows() {
            months.entry(Month::of(row.date)).or_default().insert(id, row.clone());
        }
        months
    }

    /// Rows, first and last date by user and account, as `coverage` must say.
    pub(super) fn coverage(&self) -> Coverage {
        let mut coverage = BTreeMap::new();
        for (user, held) in &self.users {
            for account in held.accounts.keys() {
                let rows = || held.rows.values().filter(|row| row.account == *account);
                let dates = || rows().filter_map(|row| row.date);
                let line = (rows().count() as i64, dates().min(), dates().max());
                coverage.insert((*user, *account), line);
            }
        }
        coverage
    }
}

/// The coverage table in the same form.
pub(super) fn coverage_of(snapshot: &Snapshot) -> Coverage {
    let mut coverage = BTreeMap::new();
    let area = if snapshot.manifest.files.iter().any(|f| f.path.parts().area == Area::Parquet) {
        Area::Parquet
    } else {
        Area::State
    };
    for rows in read(snapshot, area, Table::Coverage) {
        for row in 0..rows.num_rows() {
            let key = (number(&rows, "id_user", row).unwrap(), number(&rows, "id_account", row).unwrap());
            let line = (
                number(&rows, "rows", row).unwrap(),
                day(&rows, "first_date", row),
                day(&rows, "last_date", row),
            );
            coverage.insert(key, line);
        }
    }
    coverage
}
