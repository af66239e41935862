//! A model of what a lake must hold of the small bank.

use std::collections::BTreeMap;

use super::world::{Account, Transaction, is_odd};
use crate::lake::manifest::Changes;
use crate::table::Month;

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

/// Rows, first and last date, by user and account.
pub(super) type Coverage = BTreeMap<(i64, i64), (i64, Option<i32>, Option<i32>)>;

impl Model {
    /// Puts what a walk served in the place of what was held of the dates that it walked.
    pub(super) fn take(
        &mut self,
        user: i64,
        accounts: &BTreeMap<i64, Account>,
        served: &[(i64, Transaction)],
        walked: impl Fn(Option<i32>) -> bool,
        (night, today): (i64, i32),
    ) {
        let held_user = self.users.entry(user).or_default();
        held_user.rows.retain(|_, row| !walked(row.date) && accounts.contains_key(&row.account));
        for (row, transaction) in served {
            held_user.rows.insert(*row, held(*transaction, &accounts[&transaction.account]));
        }
        held_user.accounts.clone_from(accounts);
        held_user.version = night;
        for (account, of) in accounts {
            self.balances.insert((*account, today), (user, of.balance));
        }
    }

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
