//! Everything one user has: connections with their sources, accounts, transactions, and how they came to be so.

use std::collections::BTreeMap;

use super::history::{Change, History, Kind};
use super::ledger::Ledger;
use super::rows::{Account, Connection, Transaction};
use crate::sandbox::render::account::account as write_account;
use crate::sandbox::render::connection::{Expanded, connection as write_connection};
use crate::sandbox::render::json::Style;
use crate::sandbox::render::transaction::transaction as write_transaction;

/// What one user has.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    pub(crate) user: i64,
    pub(crate) connections: BTreeMap<i64, Connection>,
    pub(crate) accounts: BTreeMap<i64, Account>,
    pub(crate) ledger: Ledger,
    pub(crate) changes: Vec<Change>,
    pub(crate) ids: Ids,
    pub(crate) style: Style,
}

/// The last id given out, per table.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ids {
    pub(crate) connection: i64,
    pub(crate) source: i64,
    pub(crate) account: i64,
    pub(crate) transaction: i64,
}

impl Ids {
    /// The ids of the user with this index: ranges that no other user shares.
    pub(crate) fn of(index: u64) -> Self {
        let index = i64::try_from(index).unwrap_or(0);
        Self {
            connection: (index + 1) * 1_000,
            source: (index + 1) * 1_000 + 500,
            account: (index + 7) * 1_000,
            transaction: (index + 1) * 10_000_000,
        }
    }

    /// Gives out the next one.
    pub(crate) fn next(id: &mut i64) -> i64 {
        *id += 1;
        *id
    }
}

impl Holdings {
    /// The user's connections, by id.
    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.values()
    }

    /// The connection with this id.
    #[must_use]
    pub fn connection(&self, id: i64) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// The user's accounts, by id.
    pub fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    /// The account with this id.
    #[must_use]
    pub fn account(&self, id: i64) -> Option<&Account> {
        self.accounts.get(&id)
    }

    /// The user's transactions.
    #[must_use]
    pub fn transactions(&self) -> &Ledger {
        &self.ledger
    }

    /// True when no account is enabled: the transactions endpoint then answers `noAccount`.
    #[must_use]
    pub fn has_no_account(&self) -> bool {
        self.accounts.values().all(|account| account.disabled.is_some())
    }

    pub(crate) fn currency_of(&self, account: i64) -> Option<&str> {
        self.accounts.get(&account)?.currency.as_deref()
    }

    /// Changes, adds or (for `None` from `change`) removes a row, and writes it down. False when it neither was nor is
    /// there. What belongs to the row (an account's transactions, a connection's accounts) stays as it is.
    ///
    /// `number`: of the last request that was answered before.
    pub(crate) fn change<R: Row>(
        &mut self,
        number: u64,
        id: i64,
        change: impl FnOnce(Option<R>) -> Option<R>,
    ) -> bool {
        let before = R::take(self, id);
        let before_text = before.as_ref().map(|row| row.text(self));
        let after = change(before);
        let after_text = after.as_ref().map(|row| row.text(self));
        if let Some(row) = after {
            row.put(self);
        }
        self.note(number, R::KIND, id, before_text, after_text)
    }

    /// Changes a row that is there.
    pub(crate) fn edit<R: Row>(&mut self, number: u64, id: i64, edit: impl FnOnce(&mut R)) -> bool {
        self.change(number, id, |row| {
            row.map(|mut row| {
                edit(&mut row);
                row
            })
        })
    }

    /// Adds a row.
    pub(crate) fn insert<R: Row>(&mut self, number: u64, id: i64, row: R) -> bool {
        self.change(number, id, |_| Some(row))
    }

    /// Removes a row without a trace.
    pub(crate) fn remove<R: Row>(&mut self, number: u64, id: i64) -> bool {
        self.change(number, id, |_: Option<R>| None)
    }

    fn note(
        &mut self,
        number: u64,
        kind: Kind,
        id: i64,
        before: Option<Box<str>>,
        after: Option<Box<str>>,
    ) -> bool {
        let happened = before.is_some() || after.is_some();
        if before != after {
            self.changes.push(Change { number, kind, id, before, after });
        }
        happened
    }

    /// Deletes an account's transactions for good.
    pub(crate) fn wipe(&mut self, number: u64, account: i64) {
        let gone: Vec<i64> =
            self.ledger.iter().filter(|row| row.id_account == account).map(|row| row.id).collect();
        for id in gone {
            self.remove::<Transaction>(number, id);
        }
    }

    /// What was where when.
    pub(crate) fn history(&self) -> History {
        let connections = self.connections.values().map(|row| (Kind::Connection, row.id, row.text(self)));
        let accounts = self.accounts.values().map(|row| (Kind::Account, row.id, row.text(self)));
        let rows = self.ledger.iter().map(|row| (Kind::Transaction, row.id, row.text(self)));
        History::new(&self.changes, connections.chain(accounts).chain(rows))
    }
}

/// A row that a user holds: where it is kept, and how it is served.
pub(crate) trait Row: Sized {
    /// Its table.
    const KIND: Kind;
    /// Takes the row out.
    fn take(holdings: &mut Holdings, id: i64) -> Option<Self>;
    /// Puts the row in.
    fn put(self, holdings: &mut Holdings);
    /// The row as it is served.
    fn text(&self, holdings: &Holdings) -> Box<str>;
}

impl Row for Transaction {
    const KIND: Kind = Kind::Transaction;

    fn take(holdings: &mut Holdings, id: i64) -> Option<Self> {
        holdings.ledger.take(id)
    }

    fn put(self, holdings: &mut Holdings) {
        holdings.ledger.put(self);
    }

    fn text(&self, holdings: &Holdings) -> Box<str> {
        let currency = holdings.currency_of(self.id_account);
        written(|out| write_transaction(out, self, currency, holdings.style))
    }
}

impl Row for Account {
    const KIND: Kind = Kind::Account;

    fn take(holdings: &mut Holdings, id: i64) -> Option<Self> {
        holdings.accounts.remove(&id)
    }

    fn put(self, holdings: &mut Holdings) {
        holdings.accounts.insert(self.id, self);
    }

    fn text(&self, holdings: &Holdings) -> Box<str> {
        written(|out| write_account(out, self, holdings.style))
    }
}

impl Row for Connection {
    const KIND: Kind = Kind::Connection;

    fn take(holdings: &mut Holdings, id: i64) -> Option<Self> {
        holdings.connections.remove(&id)
    }

    fn put(self, holdings: &mut Holdings) {
        holdings.connections.insert(self.id, self);
    }

    fn text(&self, holdings: &Holdings) -> Box<str> {
        let expanded = Expanded { sources: true, ..Expanded::default() };
        written(|out| write_connection(out, self, expanded, holdings.style))
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Box<str> {
    let mut out = Vec::with_capacity(1_024);
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned().into_boxed_str()
}
