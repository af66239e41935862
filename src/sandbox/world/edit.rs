//! What a test, or a script between two requests, may do to the world. Each change moves the clock on by a second
//! and sets the `last_update` of what it touches, unless it is made [quietly](World::quietly).

use jiff::SignedDuration;

use super::holdings::{Holdings, Ids};
use super::population::World;
use super::rows::{Account, Connection, Transaction};
use crate::sandbox::calendar::day_text;
use crate::sandbox::clock::paris_text;
use crate::sandbox::generate;
use crate::sandbox::night;

/// What a new account is like; the rest has quiet defaults.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The connection it belongs to; `None` for an orphan.
    pub connection: Option<i64>,
    /// The source that feeds it.
    pub source: Option<i64>,
    /// `checking`, `savings`, …
    pub kind: Box<str>,
    /// The currency's code.
    pub currency: Box<str>,
    /// Not consented.
    pub disabled: bool,
}

impl Default for NewAccount {
    fn default() -> Self {
        Self {
            connection: None,
            source: None,
            kind: "checking".into(),
            currency: "EUR".into(),
            disabled: false,
        }
    }
}

impl World {
    /// Makes changes that move no `last_update` (hard deletions and `patch`es never need this).
    pub fn quietly<T>(&mut self, change: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.quiet, true);
        let result = change(self);
        self.quiet = before;
        result
    }

    /// Moves the clock on.
    pub fn advance(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// One second on; the Paris wall clock, or `None` for a quiet change.
    fn tick(&mut self) -> Option<Box<str>> {
        self.clock.advance(1);
        (!self.quiet).then(|| self.clock.paris_text())
    }

    /// A user's holdings, to be changed by hand.
    fn hold(&mut self, user: i64) -> Option<&mut Holdings> {
        let resident = self.build(user)?;
        resident.edited = true;
        resident.holdings.as_deref_mut()
    }

    /// Adds a user who signed in a day ago and has nothing. Returns the id.
    pub fn add_user(&mut self) -> i64 {
        let a_day_ago = self.clock.now() - SignedDuration::from_hours(24);
        self.add_user_signed(&paris_text(a_day_ago))
    }

    /// Adds a user with this `signin` who has nothing. Returns the id.
    pub fn add_user_signed(&mut self, signin: &str) -> i64 {
        self.clock.advance(1);
        let id = self.settle(signin.into(), true);
        let text = self.user(id).map(|user| self.user_text(user));
        self.note_user(id, None, text);
        id
    }

    /// Deletes a user with everything they have.
    pub fn remove_user(&mut self, id: i64) -> bool {
        self.clock.advance(1);
        let Some(resident) = self.residents.remove(&id) else { return false };
        let before = Some(self.user_text(&resident.user));
        self.note_user(id, before, None);
        true
    }

    /// Adds a healthy connection with one source, just synced. Returns the ids of connection and source.
    pub fn add_connection(&mut self, user: i64, connector: i64) -> Option<(i64, i64)> {
        self.clock.advance(1);
        let (now, number) = (self.clock.paris_text(), self.number);
        let connector =
            self.connectors.iter().find(|row| row.id == connector).or(self.connectors.first())?.clone();
        let holdings = self.hold(user)?;
        let (id, source) = (Ids::next(&mut holdings.ids.connection), Ids::next(&mut holdings.ids.source));
        let row = generate::fresh_connection(user, id, &[source], &connector, &now);
        holdings.insert(number, id, row);
        Some((id, source))
    }

    /// Changes a connection, its sources included. Moves no `last_update` by itself: the API moves it on a sync.
    pub fn edit_connection(&mut self, user: i64, id: i64, edit: impl FnOnce(&mut Connection)) -> bool {
        self.clock.advance(1);
        let number = self.number;
        self.hold(user).is_some_and(|holdings| holdings.edit(number, id, edit))
    }

    /// Sets the state of a connection.
    pub fn set_state(&mut self, user: i64, id: i64, state: Option<&str>) -> bool {
        self.edit_connection(user, id, |row| row.state = state.map(Into::into))
    }

    /// Deletes a connection for good, with its accounts and their rows.
    pub fn remove_connection(&mut self, user: i64, id: i64) -> bool {
        self.clock.advance(1);
        let number = self.number;
        let Some(holdings) = self.hold(user) else { return false };
        let accounts: Vec<i64> = holdings
            .accounts
            .values()
            .filter(|row| row.id_connection == Some(id))
            .map(|row| row.id)
            .collect();
        for account in accounts {
            holdings.wipe(number, account);
            holdings.remove::<Account>(number, account);
        }
        holdings.remove::<Connection>(number, id)
    }

    /// Syncs a connection now: it turns healthy, and its `last_update`s move. Brings no rows.
    pub fn sync(&mut self, user: i64, id: i64) -> bool {
        self.clock.advance(1);
        let (now, number) = (self.clock.paris_text(), self.number);
        self.hold(user).is_some_and(|holdings| night::touch(holdings, number, id, &now))
    }

    /// Adds an account. Returns its id.
    pub fn add_account(&mut self, user: i64, account: &NewAccount) -> Option<i64> {
        let (number, now) = (self.number, self.tick());
        let disabled = account.disabled.then(|| self.clock.paris_text());
        let holdings = self.hold(user)?;
        let id = Ids::next(&mut holdings.ids.account);
        let source = account.source.or_else(|| {
            let connection = holdings.connections.get(&account.connection?)?;
            connection.sources.first().map(|source| source.id)
        });
        let row = generate::fresh_account(user, id, account, source, now, disabled);
        holdings.insert(number, id, row);
        Some(id)
    }

    /// Changes an account. Its id must stay what it is.
    pub fn edit_account(&mut self, user: i64, id: i64, edit: impl FnOnce(&mut Account)) -> bool {
        let (number, now) = (self.number, self.tick());
        self.hold(user).is_some_and(|holdings| {
            holdings.edit(number, id, |row: &mut Account| {
                row.last_update = now.or_else(|| row.last_update.take());
                edit(row);
            })
        })
    }

    /// Marks an account as no longer found at the bank; its rows stay.
    pub fn archive_account(&mut self, user: i64, id: i64) -> bool {
        let now = self.clock.paris_text();
        self.edit_account(user, id, |row| row.deleted = Some(now))
    }

    /// Withdraws the consent for an account: its rows are deleted for good.
    pub fn disable_account(&mut self, user: i64, id: i64) -> bool {
        let (number, now) = (self.number, self.clock.paris_text());
        let found = self.edit_account(user, id, |row| row.disabled = Some(now));
        if let Some(holdings) = self.hold(user) {
            holdings.wipe(number, id);
        }
        found
    }

    /// Gives consent for an account.
    pub fn enable_account(&mut self, user: i64, id: i64) -> bool {
        self.edit_account(user, id, |row| row.disabled = None)
    }

    /// Deletes an account and its rows for good.
    pub fn remove_account(&mut self, user: i64, id: i64) -> bool {
        self.clock.advance(1);
        let number = self.number;
        self.hold(user).is_some_and(|holdings| {
            holdings.wipe(number, id);
            holdings.remove::<Account>(number, id)
        })
    }

    /// Deletes an account and finds it again under a new id, disabled, as a repaired connection does.
    pub fn recreate_account(&mut self, user: i64, id: i64) -> Option<i64> {
        let copy = self.holdings(user)?.account(id)?.clone();
        self.remove_account(user, id);
        let (now, number) = (self.clock.paris_text(), self.number);
        let holdings = self.hold(user)?;
        let new = Ids::next(&mut holdings.ids.account);
        let row = generate::recreated(copy, new, &now);
        holdings.insert(number, new, row);
        Some(new)
    }

    /// Inserts a transaction with this `date` and `value` and quiet defaults. Returns its id.
    pub fn insert_transaction(&mut self, user: i64, account: i64, date: &str, value: &str) -> Option<i64> {
        let row = Transaction {
            id_account: account,
            application_date: Some(date.into()),
            date: Some(date.into()),
            rdate: Some(date.into()),
            value: Some(value.into()),
            kind: "card".into(),
            original_wording: "CARTE ESSAI".into(),
            simplified_wording: "ESSAI".into(),
            wording: Some("ESSAI".into()),
            active: true,
            ..Transaction::default()
        };
        self.insert(user, row)
    }

    /// Inserts a transaction; an `id` of 0 asks for the next free one. Returns its id.
    pub fn insert(&mut self, user: i64, mut row: Transaction) -> Option<i64> {
        let (number, now) = (self.number, self.tick());
        let holdings = self.hold(user)?;
        if row.id == 0 {
            row.id = Ids::next(&mut holdings.ids.transaction);
        }
        let id = row.id;
        row.date_scraped = row.date_scraped.or_else(|| now.clone());
        row.last_update = now.or(row.last_update);
        holdings.insert(number, id, row);
        Some(id)
    }

    /// Changes a transaction. Its id must stay what it is.
    pub fn edit_transaction(&mut self, user: i64, id: i64, edit: impl FnOnce(&mut Transaction)) -> bool {
        let (number, now) = (self.number, self.tick());
        self.hold(user).is_some_and(|holdings| {
            holdings.edit(number, id, |row: &mut Transaction| {
                row.last_update = now.or_else(|| row.last_update.take());
                edit(row);
                row.id = id;
            })
        })
    }

    /// Moves a transaction to another date.
    pub fn redate(&mut self, user: i64, id: i64, date: &str) -> bool {
        self.edit_transaction(user, id, |row| {
            row.date = Some(date.into());
            row.application_date = Some(date.into());
        })
    }

    /// Marks a transaction as removed at the bank.
    pub fn soft_delete(&mut self, user: i64, id: i64) -> bool {
        let now = self.clock.paris_text();
        self.edit_transaction(user, id, |row| row.deleted = Some(now))
    }

    /// Deletes a transaction without a trace.
    pub fn hard_delete(&mut self, user: i64, id: i64) -> bool {
        self.clock.advance(1);
        let number = self.number;
        self.hold(user).is_some_and(|holdings| holdings.remove::<Transaction>(number, id))
    }

    /// The Paris day that is `days` after today's, as `YYYY-MM-DD`.
    #[must_use]
    pub fn day(&self, days: i32) -> Box<str> {
        day_text(self.clock.paris_day() + days)
    }
}
