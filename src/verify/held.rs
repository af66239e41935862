//! What the rows of a snapshot say, account by account, gathered while they are read.

use std::collections::{BTreeMap, HashMap};

use arrow::array::Array;
use arrow::record_batch::RecordBatch;

use crate::table::Table;
use crate::table::column::{at, day, flag, number, text, text_at};

/// What the checks of the whole snapshot need to know of its rows.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Whether a file of transactions could not be read to its end.
    pub(super) unread: bool,
    pub(super) transactions: HashMap<i64, Rows>,
    pub(super) accounts: HashMap<i64, Account>,
    pub(super) coverage: HashMap<i64, Covered>,
}

/// The transactions of an account.
#[derive(Clone, Debug)]
pub(super) struct Rows {
    pub(super) user: Option<i64>,
    pub(super) rows: i64,
    /// Days of the first and the last one (since 1970-01-01).
    pub(super) dates: Option<(i32, i32)>,
    pub(super) facts: Facts,
    /// Not all of them have the same user and facts.
    pub(super) mixed: bool,
}

/// What transactions take from their account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) connection: Option<i64>,
    pub(super) currency: Option<Box<str>>,
}

/// A row of `accounts`.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) user: Option<i64>,
    pub(super) facts: Facts,
}

/// A row of `coverage`.
#[derive(Clone, Debug)]
pub(super) struct Covered {
    pub(super) user: Option<i64>,
    pub(super) rows: i64,
    pub(super) dates: Option<(i32, i32)>,
    pub(super) proof: Option<String>,
    pub(super) complete: bool,
    pub(super) reason: Option<String>,
}

impl Held {
    /// Adds rows of a table.
    pub(super) fn add(&mut self, table: Option<Table>, rows: &RecordBatch) {
        // A column that is missing has been reported; then nothing more can be said.
        let _ = match table {
            Some(Table::Transactions) => self.add_transactions(rows),
            Some(Table::Accounts) => self.add_accounts(rows),
            Some(Table::Coverage) => self.add_coverage(rows),
            _ => None,
        };
    }

    fn add_transactions(&mut self, rows: &RecordBatch) -> Option<()> {
        let (accounts, users) = (number(rows, "id_account")?, number(rows, "id_user")?);
        let (connections, currencies) = (number(rows, "id_connection")?, text(rows, "currency")?);
        let dates = day(rows, "date")?;
        let mut row = 0;
        while row < rows.num_rows() {
            let Some(account) = at(accounts, row) else {
                row += 1;
                continue;
            };
            let user = at(users, row);
            let (connection, currency) = (at(connections, row), text_at(currencies, row));
            let held = self.transactions.entry(account).or_insert_with(|| Rows {
                user,
                rows: 0,
                dates: None,
                facts: Facts { connection, currency: currency.map(Box::from) },
                mixed: false,
            });
            // An account's rows stand together.
            while row < rows.num_rows() && at(accounts, row) == Some(account) {
                held.rows += 1;
                held.dates = wider(held.dates, at(dates, row).map(|day| (day, day)));
                held.mixed |= held.user != at(users, row)
                    || held.facts.connection != at(connections, row)
                    || held.facts.currency.as_deref() != text_at(currencies, row);
                row += 1;
            }
        }
        Some(())
    }

    fn add_accounts(&mut self, rows: &RecordBatch) -> Option<()> {
        let (ids, users) = (number(rows, "id")?, number(rows, "id_user")?);
        let (connections, currencies) = (number(rows, "id_connection")?, text(rows, "currency")?);
        for row in 0..rows.num_rows() {
            let facts =
                Facts { connection: at(connections, row), currency: text_at(currencies, row).map(Box::from) };
            if let Some(id) = at(ids, row) {
                self.accounts.insert(id, Account { user: at(users, row), facts });
            }
        }
        Some(())
    }

    fn add_coverage(&mut self, rows: &RecordBatch) -> Option<()> {
        let (ids, users, counts) =
            (number(rows, "id_account")?, number(rows, "id_user")?, number(rows, "rows")?);
        let (first, last) = (day(rows, "first_date")?, day(rows, "last_date")?);
        let (proofs, reasons) = (text(rows, "proof")?, text(rows, "reason")?);
        let complete = flag(rows, "complete")?;
        for row in 0..rows.num_rows() {
            let covered = Covered {
                user: at(users, row),
                rows: at(counts, row).unwrap_or(0),
                dates: at(first, row).zip(at(last, row)),
                proof: text_at(proofs, row).map(str::to_owned),
                complete: complete.is_valid(row) && complete.value(row),
                reason: text_at(reasons, row).map(str::to_owned),
            };
            if let Some(id) = at(ids, row) {
                self.coverage.insert(id, covered);
            }
        }
        Some(())
    }

    /// Adds what the rows of other files say.
    pub(super) fn merge(&mut self, other: Self) {
        self.unread |= other.unread;
        self.accounts.extend(other.accounts);
        self.coverage.extend(other.coverage);
        if self.transactions.is_empty() {
            self.transactions = other.transactions;
            return;
        }
        for (account, theirs) in other.transactions {
            match self.transactions.get_mut(&account) {
                None => {
                    self.transactions.insert(account, theirs);
                }
                Some(ours) => {
                    ours.rows += theirs.rows;
                    ours.dates = wider(ours.dates, theirs.dates);
                    ours.mixed |= theirs.mixed || ours.user != theirs.user || ours.facts != theirs.facts;
                }
            }
        }
    }

    /// Transactions held of each user.
    pub(super) fn rows_by_user(&self) -> BTreeMap<i64, u64> {
        let mut users: BTreeMap<i64, u64> = BTreeMap::new();
        for held in self.transactions.values() {
            *users.entry(held.user.unwrap_or(0)).or_default() += u64::try_from(held.rows).unwrap_or(0);
        }
        users
    }
}

fn wider(a: Option<(i32, i32)>, b: Option<(i32, i32)>) -> Option<(i32, i32)> {
    match (a, b) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (a, b) => a.or(b),
    }
}
