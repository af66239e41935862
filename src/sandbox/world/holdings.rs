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

    /// A transaction as it is served.
    pub(crate) fn transaction_text(&self, row: &Transaction) -> Box<str> {
        written(|out| write_transaction(out, row, self.currency_of(row.id_account), self.style))
    }

    pub(crate) fn account_text(&self, row: &Account) -> Box<str> {
        written(|out| write_account(out, row, self.style))
    }

    pub(crate) fn connection_text(&self, row: &Connection) -> Box<str> {
        written(|out| {
            write_connection(out, row, Expanded { sources: true, ..Expanded::default() }, self.style);
        })
    }

    /// Changes, adds or (for `None` from `edit`) removes a transaction, and writes it down.
    pub(crate) fn change_transaction(
        &mut self,
        number: u64,
        id: i64,
        edit: impl FnOnce(Option<Transaction>) -> Option<Transaction>,
    ) -> bool {
        let before = self.ledger.take(id);
        let before_text = before.as_ref().map(|row| self.transaction_text(row));
        let after = edit(before);
        let after_text = after.as_ref().map(|row| self.transaction_text(row));
        if let Some(row) = after {
            self.ledger.put(row);
        }
        self.note(number, Kind::Transaction, id, before_text, after_text)
    }

    /// As [`Self::change_transaction`], for an account. Its rows stay as they are.
    pub(crate) fn change_account(
        &mut self,
        number: u64,
        id: i64,
        edit: impl FnOnce(Option<Account>) -> Option<Account>,
    ) -> bool {
        let before = self.accounts.remove(&id);
        let before_text = before.as_ref().map(|row| self.account_text(row));
        let after = edit(before);
        let after_text = after.as_ref().map(|row| self.account_text(row));
        if let Some(row) = after {
            self.accounts.insert(id, row);
        }
        self.note(number, Kind::Account, id, before_text, after_text)
    }

    /// As [`Self::change_transaction`], for a connection. Its accounts stay as they are.
    pub(crate) fn change_connection(
        &mut self,
        number: u64,
        id: i64,
        edit: impl FnOnce(Option<Connection>) -> Option<Connection>,
    ) -> bool {
        let before = self.connections.remove(&id);
        let before_text = before.as_ref().map(|row| self.connection_text(row));
        let after = edit(before);
        let after_text = after.as_ref().map(|row| self.connection_text(row));
        if let Some(row) = after {
            self.connections.insert(id, row);
        }
        self.note(number, Kind::Connection, id, before_text, after_text)
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
            self.change_transaction(number, id, |_| None);
        }
    }

    /// What was where when.
    pub(crate) fn history(&self) -> History {
        let connections =
            self.connections.values().map(|row| (Kind::Connection, row.id, self.connection_text(row)));
        let accounts = self.accounts.values().map(|row| (Kind::Account, row.id, self.account_text(row)));
        let rows = self.ledger.iter().map(|row| (Kind::Transaction, row.id, self.transaction_text(row)));
        History::new(&self.changes, connections.chain(accounts).chain(rows))
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Box<str> {
    let mut out = Vec::with_capacity(1_024);
    write(&mut out);
    String::from_utf8_lossy(&out).into_owned().into_boxed_str()
}
