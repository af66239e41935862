//! What the snapshot holds of each account, counted while its transactions stream by.

use std::collections::BTreeMap;

use arrow::array::{Array, RecordBatch};

use crate::table::Table;

use super::BuildError;
use super::column::{Columns, at};
use super::part::Watch;

/// Rows of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct HeldRows {
    pub(super) rows: u64,
    /// Earliest and latest date.
    pub(super) dates: Option<(i32, i32)>,
}

impl HeldRows {
    fn add(&mut self, rows: u64, dates: Option<(i32, i32)>) {
        self.rows += rows;
        self.dates = match (self.dates, dates) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (known, None) | (None, known) => known,
        };
    }
}

/// Rows by user and account; a row without a user is under user `None`.
#[derive(Debug, Default)]
pub(super) struct Held {
    accounts: BTreeMap<(Option<i64>, i64), HeldRows>,
    /// The account at hand: its stretches come in a row, in pieces.
    current: Option<((Option<i64>, i64), HeldRows)>,
}

impl Held {
    fn add(&mut self, key: (Option<i64>, i64), rows: u64, dates: Option<(i32, i32)>) {
        match &mut self.current {
            Some((known, held)) if *known == key => held.add(rows, dates),
            _ => {
                self.settle();
                let mut held = HeldRows::default();
                held.add(rows, dates);
                self.current = Some((key, held));
            }
        }
    }

    fn settle(&mut self) {
        if let Some((key, held)) = self.current.take() {
            self.accounts.entry(key).or_default().add(held.rows, held.dates);
        }
    }

    /// Adds what another partition holds.
    pub(super) fn merge(&mut self, mut other: Self) {
        self.settle();
        other.settle();
        for (key, held) in other.accounts {
            self.accounts.entry(key).or_default().add(held.rows, held.dates);
        }
    }

    /// The accounts, by user and account.
    pub(super) fn into_accounts(mut self) -> BTreeMap<(Option<i64>, i64), HeldRows> {
        self.settle();
        self.accounts
    }
}

impl Watch for Held {
    fn see(&mut self, rows: &RecordBatch) -> Result<(), BuildError> {
        let columns = Columns::of(Table::Transactions, rows);
        let dates = columns.dates("date")?;
        for (user, account, stretch) in columns.accounts()? {
            // Rows of an account ascend by date, those without one first.
            let last = at(dates, stretch.end - 1);
            let first = if dates.null_count() == 0 {
                at(dates, stretch.start)
            } else {
                stretch.clone().find_map(|row| at(dates, row))
            };
            self.add((user, account.unwrap_or(0)), stretch.len() as u64, first.zip(last));
        }
        Ok(())
    }
}
