//! One night at the banks: what changes for one user between two mornings. A function of the seed, the user and the
//! night alone, so that it can be replayed.

use fastrand::Rng;
use jiff::SignedDuration;

use super::amount;
use super::clock::{day_text, paris_day, paris_text};
use super::config::Nights;
use super::generate::{self, Entry, STATES, ordinary};
use super::random::{one_in, pick, seeded};
use super::world::rows::Connector;
use super::world::{Holdings, Ids, NightMark, World};

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
    let nights = mark.nights;
    let mut rng = seeded(&[seed, index, mark.day, 12]);
    let connections: Vec<i64> = holdings.connections.keys().copied().collect();
    for id in connections {
        let seconds = rng.i64(600..9_000);
        let now = paris_text(mark.now.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(mark.now));
        if nights.states_change && one_in(&mut rng, 12) {
            turn(holdings, &mut rng, mark.number, id);
        }
        if touch_healthy(holdings, mark.number, id, &now) {
            news(holdings, &mut rng, mark, id, &now, nights);
        }
    }
    if nights.accounts_change && one_in(&mut rng, 40) {
        rearrange(holdings, &mut rng, mark, connectors);
    }
}

/// A connection breaks, or is repaired.
fn turn(holdings: &mut Holdings, rng: &mut Rng, number: u64, id: i64) {
    let state = *pick(rng, &STATES);
    holdings.change_connection(number, id, |row| {
        let mut row = row?;
        let state: Option<Box<str>> = if row.state.is_some() { None } else { Some(state.into()) };
        row.state.clone_from(&state);
        if let Some(source) = row.sources.first_mut() {
            source.state = state;
        }
        if row.state.is_none() {
            row.sources.iter_mut().for_each(|source| source.state = None);
        }
        Some(row)
    });
}

/// Syncs a connection by hand: it turns healthy and everything enabled is fresh.
pub(crate) fn touch(holdings: &mut Holdings, number: u64, id: i64, now: &str) -> bool {
    holdings.change_connection(number, id, |row| {
        row.map(|mut row| {
            row.state = None;
            row.sources.iter_mut().for_each(|source| source.state = None);
            row
        })
    }) && touch_healthy(holdings, number, id, now)
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
    holdings.change_connection(number, id, |row| {
        row.map(|mut row| {
            for source in row.sources.iter_mut().filter(|source| fresh.contains(&source.id)) {
                source.last_update = Some(now.into());
            }
            if row.state.is_none() {
                row.last_update = Some(now.into());
                row.last_push = Some(now.into());
            }
            row
        })
    });
    for account in fed(holdings, &fresh) {
        holdings.change_account(number, account, |row| {
            row.map(|mut row| {
                row.last_update = Some(now.into());
                row
            })
        });
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

/// What a sync brings: new rows, booked ones, edited and removed ones.
fn news(holdings: &mut Holdings, rng: &mut Rng, mark: NightMark, id: i64, now: &str, nights: Nights) {
    let sources: Vec<i64> = holdings
        .connections
        .get(&id)
        .map(|row| {
            let fresh = row.sources.iter().filter(|source| source.last_update.as_deref() == Some(now));
            fresh.map(|source| source.id).collect()
        })
        .unwrap_or_default();
    let today = paris_day(mark.now);
    for account in fed(holdings, &sources) {
        let old: Vec<i64> = holdings
            .ledger
            .iter()
            .filter(|row| row.id_account == account)
            .map(|row| row.id)
            .take(64)
            .collect();
        if nights.rows_come {
            arrive(holdings, rng, mark.number, account, today, now);
        }
        let due: Vec<i64> = old
            .iter()
            .copied()
            .filter(|id| {
                holdings.ledger.get(*id).is_some_and(|row| due(row.coming, row.date.as_deref(), today))
            })
            .collect();
        for row in due.into_iter().filter(|_| nights.rows_change) {
            book(holdings, rng, mark.number, row, today, now, nights);
        }
        if let Some(row) = (!old.is_empty()).then(|| *pick(rng, &old)) {
            alter(holdings, rng, mark.number, row, now, nights);
        }
    }
}

fn due(coming: bool, date: Option<&str>, today: i32) -> bool {
    coming && date.is_some_and(|date| date <= &*day_text(today))
}

fn arrive(holdings: &mut Holdings, rng: &mut Rng, number: u64, account: i64, today: i32, now: &str) {
    let mut moved = 0_i128;
    for _ in 0..rng.u8(0..4) {
        let Some(facts) = holdings.accounts.get(&account) else { return };
        let day = today - 1 - i32::from(rng.u8(0..3)) * i32::from(one_in(rng, 4));
        let id = Ids::next(&mut holdings.ids.transaction);
        let mut row = ordinary(rng, Entry { id, account: facts, day, scraped: now });
        if one_in(rng, 6) {
            row.coming = true;
            let date = day_text(today + rng.i32(0..5));
            row.application_date = Some(date.clone());
            row.date = Some(date);
        } else {
            moved += row.value.as_deref().and_then(amount::parse).unwrap_or(0);
        }
        holdings.change_transaction(number, id, |_| Some(row));
    }
    if moved != 0 {
        holdings.change_account(number, account, |row| {
            row.map(|mut row| {
                if let Some(balance) = row.balance.as_deref().and_then(amount::parse) {
                    let balance: Box<str> = amount::text(balance + moved, 1).into();
                    row.coming_balance = Some(balance.clone());
                    row.balance = Some(balance);
                }
                row
            })
        });
    }
}

/// A coming row is posted, in one of three ways: it is the same row (a), the old one is marked deleted and a new one
/// stands beside it (b), or the old one is gone without a trace (c).
fn book(holdings: &mut Holdings, rng: &mut Rng, number: u64, id: i64, today: i32, now: &str, nights: Nights) {
    let Some(mut row) = holdings.ledger.get(id).cloned() else { return };
    row.coming = false;
    row.last_update = Some(now.into());
    let way = rng.u8(0..3);
    if way == 0 || (way == 2 && !nights.hard_deletes) {
        let date = day_text(today - i32::from(rng.u8(0..2)));
        row.vdate = Some(date.clone());
        row.date = Some(date);
        holdings.change_transaction(number, id, |_| Some(row));
        return;
    }
    row.id = Ids::next(&mut holdings.ids.transaction);
    row.date_scraped = Some(now.into());
    let new = row.id;
    holdings.change_transaction(number, new, |_| Some(row));
    holdings.change_transaction(number, id, |old| {
        let mut old = old.filter(|_| way == 1)?;
        old.deleted = Some(now.into());
        old.last_update = Some(now.into());
        Some(old)
    });
}

fn alter(holdings: &mut Holdings, rng: &mut Rng, number: u64, id: i64, now: &str, nights: Nights) {
    let what = rng.u8(0..16);
    let hard = what == 0 && nights.hard_deletes;
    let silent = what == 1 && nights.silent_edits;
    holdings.change_transaction(number, id, |row| {
        let mut row = row.filter(|_| !hard)?;
        match what {
            1 if silent => row.wording = Some("LIBELLÉ RETOUCHÉ SANS BRUIT".into()),
            2 if nights.soft_deletes && row.deleted.is_none() => row.deleted = Some(now.into()),
            3..=5 if !nights.rows_change => return Some(row),
            3 => row.wording = Some(format!("{} (renommé)", row.simplified_wording).into()),
            4 => row.rare_mut().comment = Some("pointé".into()),
            5 if !row.coming => {
                if let Some(day) = row.date.as_deref().and_then(super::clock::parse_day) {
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
        let wanted = super::world::NewAccount {
            connection: Some(connection),
            kind: "savings".into(),
            disabled: true,
            ..super::world::NewAccount::default()
        };
        let source =
            holdings.connections.get(&connection).and_then(|row| row.sources.first()).map(|row| row.id);
        let row = generate::fresh_account(holdings.user, id, &wanted, source, None, Some(now));
        holdings.change_account(mark.number, id, |_| Some(row));
        return;
    }
    let lost = live[live.len() - 1];
    holdings.change_account(mark.number, lost, |row| {
        row.map(|mut row| {
            row.deleted = Some(now.clone());
            row.last_update = Some(now.clone());
            row
        })
    });
    if one_in(rng, 2)
        && let Some(copy) = holdings.accounts.get(&lost).cloned()
    {
        let id = Ids::next(&mut holdings.ids.account);
        let row = generate::recreated(copy, id, &now);
        holdings.change_account(mark.number, id, |_| Some(row));
    }
}
