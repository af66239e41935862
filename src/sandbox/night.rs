//! One night at the banks: what changes for one user between two mornings. A function of the seed, the user and the
//! night alone, so that it can be replayed.

use fastrand::Rng;
use jiff::SignedDuration;

use super::amount;
use super::calendar::{day_text, parse_day};
use super::clock::paris_text;
use super::config::Nights;
use super::generate::{self, Entry, STATES, ordinary};
use super::random::{one_in, pick, seeded};
use super::world::rows::{Account, Connection, Connector, Transaction};
use super::world::{Holdings, Ids, NewAccount, NightMark, World};
use crate::model::time::paris_day;

impl World {
    /// Moves the world on by one day: banks are synced, users join and leave.
    pub fn night(&mut self) {
        self.night_of(self.nights);
    }

    /// As [`World::night`], with other things happening than the configuration says.
    pub fn night_of(&mut self, nights: Nights) {
        self.clock.advance(86_400);
        let day = self.marks.len() as u64 + 1;
        let mark = NightMark { day, number: self.number, now: self.clock.now(), nights };
        let present: Vec<i64> = self.users();
        self.marks.push(mark);
        for id in &present {
            let seed = self.seed;
            if let Some(resident) = self.residents.get_mut(id)
                && let Some(holdings) = resident.holdings.as_deref_mut()
            {
                pass(holdings, seed, resident.index, mark, &self.connectors);
            }
        }
        if nights.users_come_and_go {
            self.come_and_go(mark, &present);
        }
    }

    fn come_and_go(&mut self, mark: NightMark, present: &[i64]) {
        let mut rng = seeded(&[self.seed, mark.day, 11]);
        let moving = (present.len() / 200).max(1);
        for _ in 0..moving {
            // The first users are the interesting ones: they stay.
            let leaving: Vec<i64> = present
                .iter()
                .copied()
                .filter(|id| self.residents.get(id).is_some_and(|resident| resident.index > 8))
                .collect();
            if !leaving.is_empty() && mark.day.is_multiple_of(2) {
                self.leave(*pick(&mut rng, &leaving));
            }
            let signin = generate::signin_last_evening(self.seed, self.next_index, mark.now);
            let id = self.settle(signin, false);
            let text = self.user(id).map(|user| self.user_text(user));
            self.note_user(id, None, text);
        }
    }

    fn leave(&mut self, id: i64) {
        if let Some(resident) = self.residents.remove(&id) {
            let text = self.user_text(&resident.user);
            self.note_user(id, Some(text), None);
        }
    }
}

/// Passes one night for one user.
pub(crate) fn pass(
    holdings: &mut Holdings,
    seed: u64,
    index: u64,
    mark: NightMark,
    connectors: &[Connector],
) {
    let mut rng = seeded(&[seed, index, mark.day, 12]);
    let connections: Vec<i64> = holdings.connections.keys().copied().collect();
    for id in connections {
        let seconds = rng.i64(600..9_000);
        let now = paris_text(mark.now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(mark.now));
        if mark.nights.states_change && one_in(&mut rng, 12) {
            turn(holdings, &mut rng, mark.number, id);
        }
        if touch_healthy(holdings, mark.number, id, &now) {
            let sync = Sync { mark, now: &now, today: paris_day(mark.now) };
            sync.bring_news(holdings, &mut rng, id);
        }
    }
    if mark.nights.accounts_change && one_in(&mut rng, 40) {
        rearrange(holdings, &mut rng, mark, connectors);
    }
}

/// A connection breaks, or is repaired.
fn turn(holdings: &mut Holdings, rng: &mut Rng, number: u64, id: i64) {
    let state = *pick(rng, &STATES);
    holdings.edit(number, id, |row: &mut Connection| {
        row.state = if row.state.is_some() { None } else { Some(state.into()) };
        if let Some(source) = row.sources.first_mut() {
            source.state.clone_from(&row.state);
        }
        if row.state.is_none() {
            row.sources.iter_mut().for_each(|source| source.state = None);
        }
    });
}

/// Syncs a connection by hand: it turns healthy and everything enabled is fresh.
pub(crate) fn touch(holdings: &mut Holdings, number: u64, id: i64, now: &str) -> bool {
    let found = holdings.edit(number, id, |row: &mut Connection| {
        row.state = None;
        row.sources.iter_mut().for_each(|source| source.state = None);
    });
    found && touch_healthy(holdings, number, id, now)
}

/// Moves the `last_update` of every healthy source of an active connection, and of the accounts it feeds.
fn touch_healthy(holdings: &mut Holdings, number: u64, id: i64, now: &str) -> bool {
    let Some(row) = holdings.connections.get(&id).filter(|row| row.active) else { return false };
    let fresh: Vec<i64> = row
        .sources
        .iter()
        .filter(|source| source.state.is_none() && source.disabled.is_none() && source.last_update.is_some())
        .map(|source| source.id)
        .collect();
    if fresh.is_empty() {
        return false;
    }
    holdings.edit(number, id, |row: &mut Connection| {
        for source in row.sources.iter_mut().filter(|source| fresh.contains(&source.id)) {
            source.last_update = Some(now.into());
        }
        if row.state.is_none() {
            row.last_update = Some(now.into());
            row.last_push = Some(now.into());
        }
    });
    for account in fed(holdings, &fresh) {
        holdings.edit(number, account, |row: &mut Account| row.last_update = Some(now.into()));
    }
    true
}

/// The enabled, present accounts that these sources feed.
fn fed(holdings: &Holdings, sources: &[i64]) -> Vec<i64> {
    holdings
        .accounts
        .values()
        .filter(|row| row.disabled.is_none() && row.deleted.is_none())
        .filter(|row| row.id_source.is_some_and(|source| sources.contains(&source)))
        .map(|row| row.id)
        .collect()
}

/// A bank's sync in the night.
#[derive(Clone, Copy)]
struct Sync<'a> {
    mark: NightMark,
    /// When, as Paris wall clock.
    now: &'a str,
    /// The Paris day of the morning after.
    today: i32,
}

impl Sync<'_> {
    /// What it brings: new rows, booked ones, edited and removed ones.
    fn bring_news(self, holdings: &mut Holdings, rng: &mut Rng, connection: i64) {
        let nights = self.mark.nights;
        let Some(row) = holdings.connections.get(&connection) else { return };
        let fresh = row.sources.iter().filter(|source| source.last_update.as_deref() == Some(self.now));
        let sources: Vec<i64> = fresh.map(|source| source.id).collect();
        for account in fed(holdings, &sources) {
            let newest = holdings.ledger.iter().filter(|row| row.id_account == account).take(64);
            let old: Vec<i64> = newest.map(|row| row.id).collect();
            if nights.rows_come {
                self.arrive(holdings, rng, account);
            }
            if nights.rows_change {
                let due = |id: &i64| holdings.ledger.get(*id).is_some_and(|row| self.is_due(row));
                let due: Vec<i64> = old.iter().copied().filter(due).collect();
                due.into_iter().for_each(|row| self.book(holdings, rng, row));
            }
            if let Some(row) = (!old.is_empty()).then(|| *pick(rng, &old)) {
                self.alter(holdings, rng, row);
            }
        }
    }

    fn is_due(self, row: &Transaction) -> bool {
        row.coming && row.date.as_deref().is_some_and(|date| date <= &*day_text(self.today))
    }

    /// New rows come, and the balance moves with those that are booked.
    fn arrive(self, holdings: &mut Holdings, rng: &mut Rng, account: i64) {
        let number = self.mark.number;
        let mut moved = 0_i128;
        for _ in 0..rng.u8(0..4) {
            let Some(facts) = holdings.accounts.get(&account) else { return };
            let day = self.today - 1 - i32::from(rng.u8(0..3)) * i32::from(one_in(rng, 4));
            let id = Ids::next(&mut holdings.ids.transaction);
            let mut row = ordinary(rng, Entry { id, account: facts, day, scraped: self.now });
            if one_in(rng, 6) {
                row.coming = true;
                let date = day_text(self.today + rng.i32(0..5));
                row.application_date = Some(date.clone());
                row.date = Some(date);
            } else {
                moved += row.value.as_deref().and_then(amount::parse).unwrap_or(0);
            }
            holdings.insert(number, id, row);
        }
        if moved != 0 {
            holdings.edit(number, account, |row: &mut Account| {
                if let Some(balance) = row.balance.as_deref().and_then(amount::parse) {
                    let balance: Box<str> = amount::text(balance + moved, 1).into();
                    row.coming_balance = Some(balance.clone());
                    row.balance = Some(balance);
                }
            });
        }
    }

    /// A coming row is posted, in one of three ways: it is the same row (a), the old one is marked deleted and a new
    /// one stands beside it (b), or the old one is gone without a trace (c).
    fn book(self, holdings: &mut Holdings, rng: &mut Rng, id: i64) {
        let (number, now) = (self.mark.number, self.now);
        let Some(mut row) = holdings.ledger.get(id).cloned() else { return };
        row.coming = false;
        row.last_update = Some(now.into());
        let way = rng.u8(0..3);
        if way == 0 || (way == 2 && !self.mark.nights.hard_deletes) {
            let date = day_text(self.today - i32::from(rng.u8(0..2)));
            row.vdate = Some(date.clone());
            row.date = Some(date);
            holdings.insert(number, id, row);
            return;
        }
        row.id = Ids::next(&mut holdings.ids.transaction);
        row.date_scraped = Some(now.into());
        holdings.insert(number, row.id, row);
        holdings.change(number, id, |old: Option<Transaction>| {
            let mut old = old.filter(|_| way == 1)?;
            old.deleted = Some(now.into());
            old.last_update = Some(now.into());
            Some(old)
        });
    }

    /// A row is edited, marked deleted or removed; most often it is left alone.
    fn alter(self, holdings: &mut Holdings, rng: &mut Rng, id: i64) {
        let (nights, now) = (self.mark.nights, self.now);
        let what = rng.u8(0..16);
        let hard = what == 0 && nights.hard_deletes;
        let silent = what == 1 && nights.silent_edits;
        holdings.change(self.mark.number, id, |row: Option<Transaction>| {
            let mut row = row.filter(|_| !hard)?;
            match what {
                1 if silent => row.wording = Some("LIBELLÉ RETOUCHÉ SANS BRUIT".into()),
                2 if nights.soft_deletes && row.deleted.is_none() => row.deleted = Some(now.into()),
                3..=5 if !nights.rows_change => return Some(row),
                3 => row.wording = Some(format!("{} (renommé)", row.simplified_wording).into()),
                4 => row.rare_mut().comment = Some("pointé".into()),
                5 if !row.coming => {
                    if let Some(day) = row.date.as_deref().and_then(parse_day) {
                        row.date = Some(day_text(day + 1));
                    }
                }
                _ => return Some(row),
            }
            if !silent {
                row.last_update = Some(now.into());
            }
            Some(row)
        });
    }
}

/// An account is found, is no longer found, or comes back under a new id.
fn rearrange(holdings: &mut Holdings, rng: &mut Rng, mark: NightMark, connectors: &[Connector]) {
    let now = paris_text(mark.now.saturating_sub(SignedDuration::from_secs(300)).unwrap_or(mark.now));
    let live: Vec<i64> = holdings
        .accounts
        .values()
        .filter(|row| row.disabled.is_none() && row.deleted.is_none() && row.id_parent.is_none())
        .map(|row| row.id)
        .collect();
    let Some(connection) = holdings.connections.keys().next().copied() else { return };
    if connectors.is_empty() || live.len() < 2 || one_in(rng, 2) {
        let id = Ids::next(&mut holdings.ids.account);
        let wanted = NewAccount {
            connection: Some(connection),
            kind: "savings".into(),
            disabled: true,
            ..NewAccount::default()
        };
        let source =
            holdings.connections.get(&connection).and_then(|row| row.sources.first()).map(|row| row.id);
        let row = generate::fresh_account(holdings.user, id, &wanted, source, None, Some(now));
        holdings.insert(mark.number, id, row);
        return;
    }
    let lost = live[live.len() - 1];
    holdings.edit(mark.number, lost, |row: &mut Account| {
        row.deleted = Some(now.clone());
        row.last_update = Some(now.clone());
    });
    if one_in(rng, 2)
        && let Some(copy) = holdings.accounts.get(&lost).cloned()
    {
        let id = Ids::next(&mut holdings.ids.account);
        let row = generate::recreated(copy, id, &now);
        holdings.insert(mark.number, id, row);
    }
}
