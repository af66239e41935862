//! A small bank that changes from night to night, and what its API serves.

use std::collections::{BTreeMap, BTreeSet};

use crate::lake::build::DomainLists;
use crate::lake::fixture::decimal;
use crate::model::{UserId, time};
use crate::table::{Context, Decoder, Issue, IssueKind, List, Table};

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

impl World {
    pub(super) fn rows_of(&self, user: i64) -> impl Iterator<Item = (i64, Transaction)> {
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
pub(super) const fn is_odd(cents: i64) -> bool {
    cents % 7 == 0
}

pub(super) fn row_json(id: i64, row: Transaction) -> String {
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

pub(super) fn account_json(id: i64, account: &Account) -> String {
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
