//! What the rows of a snapshot say, account by account, gathered while they are read.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, BooleanArray, PrimitiveArray, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use crate::table::Table;

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
        let (accounts, users) = (numbers(rows, "id_account")?, numbers(rows, "id_user")?);
        let (connections, currencies) = (numbers(rows, "id_connection")?, texts(rows, "currency")?);
        let dates = primitive::<Date32Type>(rows, "date")?;
        let mut row = 0;
        while row < rows.num_rows() {
            let Some(account) = get(accounts, row) else {
                row += 1;
                continue;
            };
            let user = get(users, row);
            let (connection, currency) = (get(connections, row), text(currencies, row));
            let held = self.transactions.entry(account).or_insert_with(|| Rows {
                user,
                rows: 0,
                dates: None,
                facts: Facts { connection, currency: currency.map(Box::from) },
                mixed: false,
            });
            // An account's rows stand together.
            while row < rows.num_rows() && get(accounts, row) == Some(account) {
                held.rows += 1;
                held.dates = wider(held.dates, get(dates, row).map(|day| (day, day)));
                held.mixed |= held.user != get(users, row)
                    || held.facts.connection != get(connections, row)
                    || held.facts.currency.as_deref() != text(currencies, row);
                row += 1;
            }
        }
        Some(())
    }

    fn add_accounts(&mut self, rows: &RecordBatch) -> Option<()> {
        let (ids, users) = (numbers(rows, "id")?, numbers(rows, "id_user")?);
        let (connections, currencies) = (numbers(rows, "id_connection")?, texts(rows, "currency")?);
        for row in 0..rows.num_rows() {
            let facts =
                Facts { connection: get(connections, row), currency: text(currencies, row).map(Box::from) };
            if let Some(id) = get(ids, row) {
                self.accounts.insert(id, Account { user: get(users, row), facts });
            }
        }
        Some(())
    }

    fn add_coverage(&mut self, rows: &RecordBatch) -> Option<()> {
        let (ids, users, counts) =
            (numbers(rows, "id_account")?, numbers(rows, "id_user")?, numbers(rows, "rows")?);
        let (first, last) =
            (primitive::<Date32Type>(rows, "first_date")?, primitive::<Date32Type>(rows, "last_date")?);
        let (proofs, reasons) = (texts(rows, "proof")?, texts(rows, "reason")?);
        let complete: &BooleanArray = rows.column_by_name("complete")?.as_boolean_opt()?;
        for row in 0..rows.num_rows() {
            let covered = Covered {
                user: get(users, row),
                rows: get(counts, row).unwrap_or(0),
                dates: get(first, row).zip(get(last, row)),
                proof: text(proofs, row).map(str::to_owned),
                complete: complete.is_valid(row) && complete.value(row),
                reason: text(reasons, row).map(str::to_owned),
            };
            if let Some(id) = get(ids, row) {
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

fn primitive<'a, T: ArrowPrimitiveType>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<T>> {
    rows.column_by_name(name)?.as_primitive_opt()
}

fn numbers<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a PrimitiveArray<Int64Type>> {
    primitive(rows, name)
}

fn texts<'a>(rows: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    rows.column_by_name(name)?.as_string_opt()
}

fn get<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    column.is_valid(row).then(|| column.value(row))
}

fn text(column: &StringArray, row: usize) -> Option<&str> {
    column.is_valid(row).then(|| column.value(row))
}
