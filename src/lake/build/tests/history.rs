//! Random histories: after every night the lake holds what the model says, counts what changed and links what did
//! not; after the last one it has the bytes of a lake that was made by one full run.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::lake::{Act, Lake};
use super::model::Model;
use super::reader::{coverage_of, model_of};
use super::world::{Account, Transaction, World, first_day, user};
use crate::lake::Snapshot;
use crate::lake::build::{Formats, UnitRow};
use crate::model::UnitOutcome;
use crate::table::{Month, Table};

/// Something that happens at the bank. Numbers choose among what is there.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Insert { account: usize, date: Option<i32>, cents: i64 },
    Edit { row: usize, cents: i64 },
    Redate { row: usize, date: Option<i32> },
    SoftDelete { row: usize },
    HardDelete { row: usize },
    Balance { account: usize, cents: i64 },
    OpenAccount { user: usize },
    CloseAccount { account: usize },
    ChangeCurrency { account: usize },
    Join,
    Leave { user: usize },
}

fn date() -> impl Strategy<Value = Option<i32>> {
    prop_oneof![8 => (0_i32..130).prop_map(|day| Some(first_day() + day)), 1 => Just(None)]
}

fn happening() -> impl Strategy<Value = Happening> {
    let any = any::<usize>();
    prop_oneof![
        8 => (any, date(), -999_i64..999).prop_map(|(account, date, cents)| Happening::Insert { account, date, cents }),
        3 => (any, -999_i64..999).prop_map(|(row, cents)| Happening::Edit { row, cents }),
        2 => (any, date()).prop_map(|(row, date)| Happening::Redate { row, date }),
        2 => any.prop_map(|row| Happening::SoftDelete { row }),
        2 => any.prop_map(|row| Happening::HardDelete { row }),
        1 => (any, 0_i64..999).prop_map(|(account, cents)| Happening::Balance { account, cents }),
        1 => any.prop_map(|user| Happening::OpenAccount { user }),
        1 => any.prop_map(|account| Happening::CloseAccount { account }),
        1 => any.prop_map(|account| Happening::ChangeCurrency { account }),
        1 => Just(Happening::Join),
        1 => any.prop_map(|user| Happening::Leave { user }),
    ]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Full),
        4 => Just(Act::Delta),
        1 => (0_i32..130, 0_i32..60).prop_map(|(from, days)| Act::Window(from, from + days)),
        1 => Just(Act::Fail),
        1 => Just(Act::Keep),
    ]
}

type Night = (Vec<Happening>, Vec<Act>);

fn nights() -> impl Strategy<Value = Vec<Night>> {
    let night = (prop::collection::vec(happening(), 0..14), prop::collection::vec(act(), 6));
    prop::collection::vec(night, 1..7)
}

fn pick<K: Copy + Ord, V>(map: &BTreeMap<K, V>, number: usize) -> Option<K> {
    map.keys().nth(number.checked_rem(map.len())?).copied()
}

impl World {
    fn small() -> Self {
        let mut world = Self::default();
        for id in 1..=3 {
            world.join(id);
        }
        world
    }

    fn join(&mut self, id: i64) {
        self.users.insert(id);
        for account in [id * 100, id * 100 + 1] {
            self.accounts.insert(account, Account { user: id, currency: "EUR", balance: account });
        }
    }

    fn apply(&mut self, happening: Happening, night: i64, next: &mut i64) {
        match happening {
            Happening::Insert { account, date, cents } => {
                let Some(account) = pick(&self.accounts, account) else { return };
                let row = Transaction { account, date, cents, deleted: false, version: night };
                self.transactions.insert(*next, row);
                *next += 1;
            }
            Happening::Edit { row, cents } => self.touch(row, night, |row| row.cents = cents),
            Happening::Redate { row, date } => self.touch(row, night, |row| row.date = date),
            Happening::SoftDelete { row } => self.touch(row, night, |row| row.deleted = true),
            Happening::HardDelete { row } => {
                if let Some(id) = pick(&self.transactions, row) {
                    self.transactions.remove(&id);
                }
            }
            Happening::Balance { account, cents } => {
                if let Some(account) = pick(&self.accounts, account).and_then(|id| self.accounts.get_mut(&id))
                {
                    account.balance = cents;
                }
            }
            Happening::OpenAccount { user } => {
                let users: BTreeMap<i64, ()> = self.users.iter().map(|id| (*id, ())).collect();
                if let Some(user) = pick(&users, user) {
                    self.accounts.insert(10_000 + *next, Account { user, currency: "USD", balance: 1 });
                    *next += 1;
                }
            }
            Happening::CloseAccount { account } => {
                if let Some(id) = pick(&self.accounts, account) {
                    self.accounts.remove(&id);
                    self.transactions.retain(|_, row| row.account != id);
                }
            }
            Happening::ChangeCurrency { account } => {
                if let Some(account) = pick(&self.accounts, account).and_then(|id| self.accounts.get_mut(&id))
                {
                    account.currency = if account.currency == "EUR" { "BTC" } else { "EUR" };
                }
            }
            Happening::Join => {
                let id = self.users.last().map_or(1, |last| last + 1);
                self.join(id);
            }
            Happening::Leave { user } => {
                let users: BTreeMap<i64, ()> = self.users.iter().map(|id| (*id, ())).collect();
                let Some(user) = pick(&users, user) else { return };
                self.users.remove(&user);
                self.accounts.retain(|_, account| account.user != user);
                let accounts = &self.accounts;
                self.transactions.retain(|_, row| accounts.contains_key(&row.account));
            }
        }
    }

    fn touch(&mut self, row: usize, night: i64, change: impl FnOnce(&mut Transaction)) {
        if let Some(row) = pick(&self.transactions, row).and_then(|id| self.transactions.get_mut(&id)) {
            change(row);
            row.version = night;
        }
    }
}

/// Files of the tables whose bytes a full run must give again, with their digests.
fn comparable(snapshot: &Snapshot) -> BTreeMap<String, String> {
    const TABLES: [Table; 8] = [
        Table::Users,
        Table::Connectors,
        Table::ConnectorSources,
        Table::Connections,
        Table::ConnectionSources,
        Table::Accounts,
        Table::Transactions,
        Table::Issues,
    ];
    let files = snapshot.manifest.files.iter();
    files
        .filter(|file| file.table.is_some_and(|table| TABLES.contains(&table)))
        .map(|file| (file.path.to_string(), file.sha256.to_string()))
        .collect()
}

fn check(lake: &Lake, night: &super::lake::Night, run: i64) -> Result<(), TestCaseError> {
    let (snapshot, built) = (&night.snapshot, &night.built);
    let visible = lake.model.visible();
    for area in lake.formats.areas() {
        prop_assert_eq!(&model_of(snapshot, *area), &visible, "{} of night {}", area.folder(), run);
    }
    prop_assert_eq!(coverage_of(snapshot), lake.model.coverage());
    prop_assert_eq!(built.changes[&Table::Transactions], lake.model.changes(&night.before));
    let (before, after) = built.counts[&Table::Transactions];
    let rows = |model: &Model| {
        model.users.values().flat_map(|user| user.rows.values()).fold((0, 0), |(live, deleted), row| {
            if row.deleted { (live, deleted + 1) } else { (live + 1, deleted) }
        })
    };
    prop_assert_eq!((before.live, before.deleted), rows(&night.before));
    prop_assert_eq!((after.live, after.deleted), rows(&lake.model));
    // A partition is written if and only if its rows are not those of the night before.
    let (old, new) = (night.before.months(), lake.model.months());
    for file in snapshot.manifest.files.iter().filter(|file| file.table == Some(Table::Transactions)) {
        let month: Month = file.path.parts().month.unwrap();
        let same = old.get(&month) == new.get(&month);
        prop_assert_eq!(file.since != snapshot.run_id, same, "{} in night {}", &file.path, run);
    }
    prop_assert_eq!(built.units.values().map(|unit: &UnitRow| unit.rows).sum::<u64>(), after.all());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_lake_of_nights_is_the_lake_of_one_full_run(
        nights in nights(),
        formats in prop_oneof![Just(Formats::Parquet), Just(Formats::Csv), Just(Formats::Both)],
        threads in 1_usize..4,
        real_stage in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut lake = Lake::new(&folder.path().join("nights"), formats);
        (lake.threads, lake.real_stage) = (threads, real_stage);
        let mut world = World::small();
        let mut next = 1;
        let mut run = 0;
        for (happenings, acts) in &nights {
            run += 1;
            for happening in happenings {
                world.apply(*happening, run, &mut next);
            }
            let acts = world.users.iter().copied().zip(acts.iter().copied()).collect();
            let night = lake.night(&world, run, &acts);
            check(&lake, &night, run)?;
        }
        let last = lake.night(&world, run + 1, &BTreeMap::new());
        check(&lake, &last, run + 1)?;
        let mut other = Lake::new(&folder.path().join("once"), formats);
        let once = other.night(&world, run + 1, &BTreeMap::new());
        prop_assert_eq!(comparable(&last.snapshot), comparable(&once.snapshot));
        // Nothing changed: nothing is written but the run's own facts.
        let quiet = lake.night(&world, run + 2, &BTreeMap::new());
        let since = quiet.snapshot.run_id.clone();
        let written: Vec<_> = quiet.snapshot.manifest.files.iter().filter(|file| file.since == since).collect();
        // A new day may have begun, with balances of its own.
        let all = written.iter().all(|file| matches!(file.table, None | Some(Table::Balances)));
        prop_assert!(all, "{written:?}");
        prop_assert!(quiet.built.units.values().all(|unit| unit.outcome == UnitOutcome::Complete));
        prop_assert!(quiet.built.units.contains_key(&user(1)) == world.users.contains(&1));
    }
}
