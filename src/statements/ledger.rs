//! The transactions of a pack, read once: added up per account, and the lines to be listed put aside in a scratch file.
//!
//! Months are read in order. Within a month rows stand by account and date, so that an account's lines of a month are one
//! stretch of the scratch file (or a few, when they are many); its statement is its stretches, month by month. Memory
//! holds the sums and where the stretches lie, never the rows.

use std::collections::HashMap;

use crate::lake::Snapshot;
use crate::lake::manifest::FileEntry;
use crate::model::time;
use crate::table::{Month, Table};

use super::Period;
use super::account::Account;
use super::columns::columns;
use super::doubt::doubts;
use super::reading::{Reading, TransactionRows, line};
use super::scratch::{Scratch, Stretch};
use super::tally::{Calendar, Tally};
use super::{Request, StatementsError};

/// Bytes of lines that are put aside, and read back, at a time.
const STRETCH_BYTES: usize = 1024 * 1024;

/// The transactions being read.
#[derive(Debug)]
struct Ledger {
    accounts: Vec<Kept>,
    scratch: Scratch,
}

/// What is known of an account's transactions.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// What its rows add up to.
    pub(super) tally: Tally,
    /// Day and amount of an earlier balance that the bank said, in the period.
    pub(super) earlier: Option<(i32, i128)>,
    /// Where its lines lie in the scratch file: by date and id, those without a date first.
    pub(super) stretches: Vec<Stretch>,
}

columns! {
    BalanceRows { id_account = "id_account", balance = "balance", last_update = "last_update", }
}

/// Reads the transactions: what is known of each of these accounts, in their order, and the lines to list.
pub(super) fn read(
    snapshot: &Snapshot,
    request: &Request,
    period: Period,
    accounts: &[Account],
    scratch: Scratch,
) -> Result<(Vec<Kept>, Scratch), StatementsError> {
    let mut ledger = Ledger { accounts: accounts.iter().map(|_| Kept::default()).collect(), scratch };
    let places: HashMap<i64, usize> =
        accounts.iter().enumerate().map(|(place, account)| (account.id, place)).collect();
    ledger.earlier_balances(snapshot, period, accounts, &places)?;
    let doubts = doubts(snapshot, accounts)?;
    let reading = Reading { request, period, accounts, places, doubts };
    let mut open = Open::default();
    TransactionRows::for_each(snapshot, files(snapshot, period), |columns, row| {
        ledger.add(columns, row, &reading, &mut open)
    })?;
    ledger.put_aside(&mut open)?;
    Ok((ledger.accounts, ledger.scratch))
}

impl Ledger {
    fn add(
        &mut self,
        columns: &TransactionRows<'_>,
        row: usize,
        reading: &Reading<'_>,
        open: &mut Open,
    ) -> Result<(), StatementsError> {
        let Some(id_account) = columns.id_account.number(row) else { return Ok(()) };
        if open.account != Some(id_account) {
            self.put_aside(open)?;
            *open = Open {
                account: Some(id_account),
                place: reading.places.get(&id_account).copied(),
                ..Open::default()
            };
        }
        let Some(place) = open.place else { return Ok(()) };
        let date = columns.date.date(row);
        if date.is_some_and(|date| reading.period.from.is_some_and(|from| date < from)) {
            return Ok(());
        }
        let account = &reading.accounts[place];
        let kept = &mut self.accounts[place];
        let (entry, kind) = reading.entry(columns, row, account);
        let days = Calendar {
            period: reading.period,
            as_of: account.as_of_day(),
            check: kept.earlier.map(|(day, _)| day),
        };
        kept.tally.add(entry, days);
        if reading.period.contains(date) && reading.lists(entry.standing) {
            kept.tally.listed += 1;
            line(columns, row, entry, kind).encode(&mut open.bytes);
        }
        if open.bytes.len() >= STRETCH_BYTES { self.put_aside(open) } else { Ok(()) }
    }

    /// Writes the open stretch to the scratch file.
    fn put_aside(&mut self, open: &mut Open) -> Result<(), StatementsError> {
        let Some(place) = open.place.filter(|_| !open.bytes.is_empty()) else { return Ok(()) };
        self.accounts[place].stretches.push(self.scratch.put(&open.bytes)?);
        open.bytes.clear();
        Ok(())
    }

    /// Of each account, the last balance that an earlier night brought and that is of a day of the period.
    fn earlier_balances(
        &mut self,
        snapshot: &Snapshot,
        period: Period,
        accounts: &[Account],
        places: &HashMap<i64, usize>,
    ) -> Result<(), StatementsError> {
        BalanceRows::for_each(snapshot, snapshot.parquet_files(Table::Balances), |columns, row| {
            let place = columns.id_account.number(row).and_then(|id| places.get(&id).copied());
            let (Some(place), Some(balance), Some(update)) =
                (place, columns.balance.amount(row), columns.last_update.micros(row))
            else {
                return Ok(());
            };
            let day = time::day_of(update);
            let is_earlier = accounts[place].as_of_day().is_some_and(|as_of| day < as_of);
            let kept = &mut self.accounts[place].earlier;
            if is_earlier && period.contains(Some(day)) && kept.is_none_or(|(known, _)| known <= day) {
                *kept = Some((day, balance));
            }
            Ok(())
        })
    }
}

/// The lines of one account and month on their way to the scratch file.
#[derive(Debug, Default)]
struct Open {
    account: Option<i64>,
    place: Option<usize>,
    bytes: Vec<u8>,
}

/// The files that hold rows of the period or after it, and those without a date, by month.
fn files(snapshot: &Snapshot, period: Period) -> Vec<&FileEntry> {
    let first = Month::of(period.from);
    let month = |file: &FileEntry| file.path.parts().month.unwrap_or(Month::UNDATED);
    let mut files: Vec<&FileEntry> = snapshot
        .parquet_files(Table::Transactions)
        .filter(|file| month(file) == Month::UNDATED || month(file) >= first)
        .collect();
    files.sort_by_key(|file| (month(file), file.path.parts().part));
    files
}
