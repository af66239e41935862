//! Typed columns of a batch, by name.

use arrow::array::{Array, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray};

use crate::table::Table;
pub(super) use crate::table::column::{at, text_at};
use crate::table::column::{day, flag, number, text};

use super::BuildError;

/// A batch and the table that its errors name.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) table: Table,
    pub(super) rows: &'a RecordBatch,
}

/// Rows of one user and account: both, and where they stand in their batch.
pub(super) type Stretch = (Option<i64>, Option<i64>, std::ops::Range<usize>);

impl<'a> Columns<'a> {
    pub(super) fn of(table: Table, rows: &'a RecordBatch) -> Self {
        Self { table, rows }
    }

    pub(super) fn numbers(self, column: &'static str) -> Result<&'a Int64Array, BuildError> {
        number(self.rows, column).ok_or(self.missing(column))
    }

    pub(super) fn dates(self, column: &'static str) -> Result<&'a Date32Array, BuildError> {
        day(self.rows, column).ok_or(self.missing(column))
    }

    pub(super) fn texts(self, column: &'static str) -> Result<&'a StringArray, BuildError> {
        text(self.rows, column).ok_or(self.missing(column))
    }

    pub(super) fn flags(self, column: &'static str) -> Result<&'a BooleanArray, BuildError> {
        flag(self.rows, column).ok_or(self.missing(column))
    }

    const fn missing(self, column: &'static str) -> BuildError {
        BuildError::Column { table: self.table, column }
    }

    /// The id of a row, where its table has one.
    pub(super) fn id(self, row: usize) -> Option<i64> {
        self.numbers("id").ok().and_then(|ids| at(ids, row))
    }

    /// The column that marks deleted rows, where the table has one.
    pub(super) fn deleted(self) -> Option<&'a dyn Array> {
        self.rows.column_by_name("deleted").map(AsRef::as_ref)
    }

    /// The stretches of rows of one user and account.
    pub(super) fn accounts(self) -> Result<impl Iterator<Item = Stretch>, BuildError> {
        let (users, accounts) = (self.numbers("id_user")?, self.numbers("id_account")?);
        let of = |row: usize| (at(users, row), at(accounts, row));
        let rows = self.rows.num_rows();
        let mut start = 0;
        Ok(std::iter::from_fn(move || {
            if start == rows {
                return None;
            }
            let (user, account) = of(start);
            let end = (start..rows).find(|row| of(*row) != (user, account)).unwrap_or(rows);
            let stretch = start..end;
            start = end;
            Some((user, account, stretch))
        }))
    }
}
