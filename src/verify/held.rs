//! Coverage against the rows, and derived columns against the accounts.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{Array, AsArray, BooleanArray, PrimitiveArray, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Date32Type, Int64Type};
use arrow::record_batch::RecordBatch;

use crate::lake::layout::{Area, FilePath, MANIFEST};
use crate::lake::manifest::{AccountEntry, Day, FileEntry};
use crate::table::Table;

use super::report::Code;
use super::run::Checked;

/// What the checks of the whole snapshot need to know of its rows.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Whether a file of transactions could not be read to its end.
    pub(super) unread: bool,
    transactions: HashMap<i64, Rows>,
    accounts: HashMap<i64, Account>,
    coverage: HashMap<i64, Covered>,
}

/// The transactions of an account.
#[derive(Clone, Debug)]
struct Rows {
    user: Option<i64>,
    rows: i64,
    dates: Option<(i32, i32)>,
    facts: Facts,
    /// Not all of them have the same user and facts.
    mixed: bool,
}

/// What transactions take from their account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Facts {
    connection: Option<i64>,
    currency: Option<Box<str>>,
}

#[derive(Clone, Debug)]
struct Account {
    user: Option<i64>,
    facts: Facts,
}

#[derive(Clone, Debug)]
struct Covered {
    user: Option<i64>,
    rows: i64,
    dates: Option<(i32, i32)>,
    proof: Option<String>,
    complete: bool,
    reason: Option<String>,
}

impl Held {
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

    /// Reports what does not agree.
    pub(super) fn check(&self, checked: &Checked<'_>, present: &BTreeMap<&FilePath, &FileEntry>) {
        let all_there = |table: Table| {
            let mut own = checked.snapshot.parquet_files(table);
            own.all(|file| present.contains_key(&file.path))
        };
        let place = |table: Table| {
            let of = |area| FilePath::data(area, table, None, 0);
            let published = of(Area::Parquet);
            if checked.snapshot.manifest.files.iter().any(|file| file.path == published) {
                published
            } else {
                of(Area::State)
            }
        };
        let all_there = |table: Table| all_there(table) && checked.is_ours(Some(table));
        let rows_known = !self.unread && all_there(Table::Transactions);
        if rows_known && all_there(Table::Coverage) {
            self.check_coverage(checked, &place(Table::Coverage));
        }
        if all_there(Table::Coverage) && all_there(Table::Accounts) {
            let mut uncovered: Vec<_> =
                self.accounts.keys().filter(|id| !self.coverage.contains_key(id)).collect();
            uncovered.sort_unstable();
            for id in uncovered {
                checked.find(
                    Code::Coverage,
                    place(Table::Coverage).as_str(),
                    format!("account {id} has no row"),
                );
            }
        }
        if all_there(Table::Accounts) {
            self.check_derived(checked);
        }
        if all_there(Table::Coverage) {
            self.check_listed(checked);
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

    fn check_coverage(&self, checked: &Checked<'_>, path: &FilePath) {
        for (account, covered) in sorted(&self.coverage) {
            let (rows, dates) =
                self.transactions.get(account).map_or((0, None), |held| (held.rows, held.dates));
            if covered.rows != rows {
                let sentence = format!("account {account} has {rows} rows, coverage says {}", covered.rows);
                checked.find(Code::Coverage, path.as_str(), sentence);
            }
            if covered.dates != dates {
                let sentence = format!("the dates of account {account} are not those of its rows");
                checked.find(Code::Coverage, path.as_str(), sentence);
            }
        }
        for (account, held) in sorted(&self.transactions) {
            match self.coverage.get(account) {
                None => {
                    let sentence = format!("account {account} has {} rows and no coverage", held.rows);
                    checked.find(Code::Coverage, path.as_str(), sentence);
                }
                Some(covered) if covered.user != held.user => {
                    let sentence = format!("account {account} is not of the user that its rows are of");
                    checked.find(Code::Coverage, path.as_str(), sentence);
                }
                Some(_) => {}
            }
        }
    }

    fn check_derived(&self, checked: &Checked<'_>) {
        for (account, held) in sorted(&self.transactions) {
            let known = self.accounts.get(account);
            let wrong = held.mixed
                || known.is_some_and(|known| known.facts != held.facts || known.user != held.user)
                || (known.is_none() && held.facts != Facts::default());
            if wrong {
                let sentence = format!(
                    "user, connection or currency of transactions of account {account} are not the account's"
                );
                checked.find(Code::Derived, "parquet/transactions", sentence);
            }
        }
    }

    fn check_listed(&self, checked: &Checked<'_>) {
        let Some(listed) = &checked.snapshot.manifest.accounts else { return };
        for entry in listed {
            let agrees = self.coverage.get(&entry.id.get()).is_some_and(|covered| covered.is(entry));
            if !agrees {
                let sentence = format!("what it says of account {} is not what coverage says", entry.id);
                checked.find(Code::Coverage, MANIFEST, sentence);
            }
        }
    }
}

impl Covered {
    fn is(&self, entry: &AccountEntry) -> bool {
        let day = |day: Option<i32>| day.and_then(Day::from_days);
        self.rows == i64::try_from(entry.rows).unwrap_or(-1)
            && day(self.dates.map(|(first, _)| first)) == entry.first_date
            && day(self.dates.map(|(_, last)| last)) == entry.last_date
            && self.complete == entry.complete
            && self.proof.as_deref() == entry.proof.map(crate::model::Proof::as_str)
            && self.reason.as_deref() == entry.reason.map(crate::model::Reason::as_str)
    }
}

fn sorted<T>(map: &HashMap<i64, T>) -> Vec<(&i64, &T)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(id, _)| **id);
    entries
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
