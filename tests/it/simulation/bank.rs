//! The bank of a schedule: a few users with tens of rows, and everything that may happen to them, between two nights
//! or between two requests.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use powens_export::sandbox::world::rows::Transaction;
use powens_export::sandbox::{NewAccount, World};

/// Amounts that a careless reader rounds, drops or takes for others.
const VALUES: &[&str] = &[
    "-3.50",
    "0.1",
    "0.10",
    "-0.00",
    "1.005",
    "1e2",
    "-12.5E-1",
    "90071992547409.93",
    "12345678901234567890.12345678",
    "-0.00000001",
    "100",
    "\"-7.25\"",
    "1e-9",
    "123456789012345678901",
];

/// Seconds between what the bank was founded with and the first night.
pub(super) const BEFORE: i64 = 3 * 86_400;

const WORDINGS: &[&str] =
    &["CARTE ESSAI", "VIR \"SEPA\"; à l'été", "PRLV\nligne deux", "", " espaces ", "=1+1", "漢字, é"];

/// What no log, error, manifest or name may repeat.
pub(super) const PRIVATE: &[&str] = &[
    "CARTE ESSAI",
    "PRLV",
    "tout bas",
    "漢字",
    "à l'été",
    "90071992547409.93",
    "12345678901234567890",
    "123456789012345678901",
];

const CURRENCIES: &[&str] = &["EUR", "EUR", "USD", "BTC"];

/// What a schedule's bank may go through.
#[derive(Debug, Clone)]
pub(super) struct Habits {
    /// Rows may change without their `last_update` moving.
    pub(super) silent: bool,
    /// Rows may be deleted without a trace.
    pub(super) hard: bool,
    /// Rows of archived accounts never change: where the user's list leaves them out, nothing short of a full walk
    /// could tell.
    pub(super) archives_rest: bool,
    /// Rows that were changed silently; what a delta walk cannot see.
    pub(super) hushed: Arc<Mutex<BTreeSet<i64>>>,
}

/// Fills an empty world.
pub(super) fn populate(world: &mut World, rng: &mut Rng, users: usize, most_rows: usize) {
    for _ in 0..users {
        let user = world.add_user();
        for _ in 0..rng.usize(0..3) {
            connect(world, rng, user);
        }
        for _ in 0..rng.usize(0..=most_rows) {
            insert(world, rng, user);
        }
        if rng.u8(..8) == 0 {
            // A row without `last_update`: no delta walk would ever show its changes.
            world.quietly(|world| insert(world, rng, user));
        }
    }
    // The last synchronisation lies far back: a pass sees only what moves now.
    world.advance(BEFORE);
}

/// A connection with one to three accounts.
fn connect(world: &mut World, rng: &mut Rng, user: i64) {
    let connectors: Vec<i64> = world.connectors().iter().map(|row| row.id).collect();
    let Some((connection, _)) = world.add_connection(user, connectors[rng.usize(..connectors.len())]) else {
        return;
    };
    for _ in 0..rng.usize(1..4) {
        open(world, rng, user, Some(connection));
    }
}

fn open(world: &mut World, rng: &mut Rng, user: i64, connection: Option<i64>) -> Option<i64> {
    let account = NewAccount {
        connection,
        currency: CURRENCIES[rng.usize(..CURRENCIES.len())].into(),
        disabled: rng.u8(..8) == 0,
        ..NewAccount::default()
    };
    world.add_account(user, &account)
}

fn pick(rng: &mut Rng, ids: &[i64]) -> Option<i64> {
    (!ids.is_empty()).then(|| ids[rng.usize(..ids.len())])
}

fn accounts(world: &mut World, user: i64, enabled: bool) -> Vec<i64> {
    world.holdings(user).map_or_else(Vec::new, |holdings| {
        holdings.accounts().filter(|row| !enabled || row.disabled.is_none()).map(|row| row.id).collect()
    })
}

/// The accounts whose rows may change.
fn living(world: &mut World, user: i64, habits: &Habits) -> Vec<i64> {
    world.holdings(user).map_or_else(Vec::new, |holdings| {
        let living = holdings.accounts().filter(|row| row.disabled.is_none());
        living.filter(|row| row.deleted.is_none() || !habits.archives_rest).map(|row| row.id).collect()
    })
}

fn rows(world: &mut World, user: i64, habits: &Habits) -> Vec<i64> {
    let living = living(world, user, habits);
    world.holdings(user).map_or_else(Vec::new, |holdings| {
        let rows = holdings.transactions().iter().filter(|row| living.contains(&row.id_account));
        rows.map(|row| row.id).collect()
    })
}

/// How many accounts and rows of each user the API shows that nobody marked deleted.
pub(super) fn living_things(world: &mut World) -> BTreeMap<i64, (u64, u64)> {
    let users = world.users();
    let living = users.into_iter().filter_map(|user| {
        let holdings = world.holdings(user)?;
        let accounts = holdings.accounts().filter(|row| row.deleted.is_none()).count() as u64;
        let disabled: Vec<i64> =
            holdings.accounts().filter(|row| row.disabled.is_some()).map(|row| row.id).collect();
        let rows = holdings.transactions().iter();
        let rows = rows.filter(|row| row.deleted.is_none() && !disabled.contains(&row.id_account));
        Some((user, (accounts, rows.count() as u64)))
    });
    living.collect()
}

/// A day of the last six weeks, seldom of the last year; some days have many rows.
fn day(world: &World, rng: &mut Rng) -> Box<str> {
    let back = match rng.u8(..30) {
        0 => rng.i32(0..400),
        1..12 => [0, 7, 40][rng.usize(..3)],
        _ => rng.i32(0..45),
    };
    world.day(-back)
}

fn insert(world: &mut World, rng: &mut Rng, user: i64) {
    let Some(account) = pick(rng, &accounts(world, user, true)) else { return };
    let date = day(world, rng);
    insert_on(world, rng, user, account, date);
}

fn insert_on(world: &mut World, rng: &mut Rng, user: i64, account: i64, date: Box<str>) {
    let row = row(rng, account, date);
    world.insert(user, row);
}

fn row(rng: &mut Rng, account: i64, date: Box<str>) -> Transaction {
    Transaction {
        id_account: account,
        application_date: Some(date.clone()),
        rdate: Some(date.clone()),
        date: Some(date),
        value: (rng.u8(..20) > 0).then(|| VALUES[rng.usize(..VALUES.len())].into()),
        kind: "card".into(),
        original_wording: WORDINGS[rng.usize(..WORDINGS.len())].into(),
        wording: (rng.u8(..4) > 0).then(|| WORDINGS[rng.usize(..WORDINGS.len())].into()),
        coming: rng.u8(..6) == 0,
        active: true,
        ..Transaction::default()
    }
}

/// One small change of one user's rows.
pub(super) fn stir(world: &mut World, rng: &mut Rng, user: i64, habits: &Habits) {
    let row = pick(rng, &rows(world, user, habits));
    match (rng.u8(..20), row) {
        (kind @ 0..9, _) => {
            if let Some(account) = pick(rng, &living(world, user, habits)) {
                let date = if kind < 6 { world.day(0) } else { day(world, rng) };
                insert_on(world, rng, user, account, date);
            }
        }
        (9..11, Some(row)) if habits.hard => {
            world.hard_delete(user, row);
        }
        (11..13, Some(row)) => {
            world.soft_delete(user, row);
        }
        (13..15, Some(row)) => {
            let date = day(world, rng);
            world.redate(user, row, &date);
        }
        (15..17, Some(row)) => {
            let value = VALUES[rng.usize(..VALUES.len())];
            world.edit_transaction(user, row, |row| row.value = Some(value.into()));
        }
        (17, Some(row)) if habits.silent => {
            habits.hushed.lock().unwrap().insert(row);
            world.quietly(|world| {
                world.edit_transaction(user, row, |row| row.wording = Some("tout bas".into()))
            });
        }
        (18, _) => {
            let connections: Vec<i64> = world
                .holdings(user)
                .map_or_else(Vec::new, |holdings| holdings.connections().map(|row| row.id).collect());
            if let Some(connection) = pick(rng, &connections) {
                world.sync(user, connection);
            }
        }
        (_, Some(row)) => {
            let wording = WORDINGS[rng.usize(..WORDINGS.len())];
            world.edit_transaction(user, row, |row| row.wording = Some(wording.into()));
        }
        (_, None) => {}
    }
}

/// A row that has no `last_update` changes and gets none: no list of changes will ever show that. Only where it is held
/// as such: of a row that lost its `last_update` nobody could know.
pub(super) fn change_unmarked(world: &mut World, user: i64, habits: &Habits, held: impl Fn(i64) -> bool) {
    let living = living(world, user, habits);
    let unmarked = world.holdings(user).and_then(|holdings| {
        let mut rows = holdings.transactions().iter();
        let found =
            rows.find(|row| row.last_update.is_none() && living.contains(&row.id_account) && held(row.id));
        found.map(|row| row.id)
    });
    if let Some(row) = unmarked {
        world
            .quietly(|world| world.edit_transaction(user, row, |row| row.wording = Some("sans date".into())));
    }
}

/// Half of what a user has, rows or accounts, goes without a trace.
pub(super) fn vanish(world: &mut World, rng: &mut Rng, user: i64, habits: &Habits) {
    let goes = |rng: &mut Rng, ids: Vec<i64>| ids.into_iter().filter(|_| rng.bool()).collect::<Vec<_>>();
    if rng.bool() {
        let ids = rows(world, user, habits);
        goes(rng, ids).into_iter().for_each(|row| assert!(world.hard_delete(user, row)));
    } else {
        let ids = accounts(world, user, false);
        goes(rng, ids).into_iter().for_each(|account| assert!(world.remove_account(user, account)));
    }
}

/// Everybody's newest row goes without a trace.
pub(super) fn purge(world: &mut World, habits: &Habits) {
    for user in world.users() {
        if let Some(row) = rows(world, user, habits).first() {
            world.hard_delete(user, *row);
        }
    }
}

/// A change of what a user has: accounts and connections come and go.
pub(super) fn rearrange(world: &mut World, rng: &mut Rng, user: i64) {
    let account = pick(rng, &accounts(world, user, false));
    let connections: Vec<i64> = world
        .holdings(user)
        .map_or_else(Vec::new, |holdings| holdings.connections().map(|row| row.id).collect());
    let connection = pick(rng, &connections);
    match (rng.u8(..12), account, connection) {
        (0, ..) => connect(world, rng, user),
        (1..3, _, Some(_)) => {
            if let Some(account) = open(world, rng, user, connection) {
                let enabled = accounts(world, user, true).contains(&account);
                for _ in 0..rng.usize(0..4) {
                    let date = day(world, rng);
                    if enabled {
                        insert_on(world, rng, user, account, date);
                    }
                }
            }
        }
        (3..6, Some(account), _) => {
            world.archive_account(user, account);
        }
        (6, Some(account), _) => {
            world.disable_account(user, account);
        }
        (7, Some(account), _) => {
            world.enable_account(user, account);
        }
        (8, Some(account), _) => {
            world.recreate_account(user, account);
        }
        (10, Some(account), _) => {
            world.remove_account(user, account);
        }
        (11, _, Some(connection)) => {
            world.remove_connection(user, connection);
        }
        (9, _, Some(connection)) => {
            let state = ["wrongpass", "SCARequired", "bug"][rng.usize(..3)];
            world.set_state(user, connection, (rng.bool()).then_some(state));
        }
        _ => {}
    }
}

/// An account comes, or comes back, with its history: rows as old as they were, which no list of changes shows. One of
/// which the exporter never saw that it was `away` could not be told from one that stayed.
pub(super) fn bring_back(world: &mut World, rng: &mut Rng, user: i64, away: impl Fn(i64) -> bool) {
    let Some(holdings) = world.holdings(user) else { return };
    let refused = holdings.accounts().filter(|row| row.disabled.is_some() || row.deleted.is_some());
    let refused = refused.map(|row| row.id);
    let refused: Vec<i64> = refused.filter(|account| away(*account)).collect();
    let connections: Vec<i64> = holdings.connections().map(|row| row.id).collect();
    let account = match (pick(rng, &refused), pick(rng, &connections)) {
        (Some(account), _) => account,
        (None, Some(connection)) => world
            .add_account(user, &NewAccount { connection: Some(connection), ..NewAccount::default() })
            .unwrap(),
        (None, None) => return,
    };
    world.edit_account(user, account, |row| (row.disabled, row.deleted) = (None, None));
    let mut earlier = world.clock().clone();
    earlier.advance(-9 * 86_400);
    for _ in 0..rng.usize(1..4) {
        let date = day(world, rng);
        let row = Transaction { last_update: Some(earlier.paris_text()), ..row(rng, account, date) };
        world.quietly(|world| world.insert(user, row));
    }
}

/// Somebody joins, joins this very minute, or leaves.
pub(super) fn come_and_go(world: &mut World, rng: &mut Rng) {
    match rng.u8(..4) {
        0 | 1 => {
            let user = world.add_user();
            connect(world, rng, user);
            for _ in 0..rng.usize(0..12) {
                insert(world, rng, user);
            }
        }
        2 => {
            let now = world.clock().paris_text();
            world.add_user_signed(&now);
        }
        _ => {
            let users = world.users();
            if users.len() > 1 {
                world.remove_user(users[rng.usize(..users.len())]);
            }
        }
    }
}
