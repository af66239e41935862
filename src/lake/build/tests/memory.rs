//! Staged rows in memory.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Int64Type;

use crate::lake::build::StagedRows;
use crate::lake::fixture::decimal;
use crate::model::UserId;
use crate::stage::{Rows, StageError};
use crate::table::{Issue, Month, Table, issues_batch, months_of, sort};

/// Rows given user by user.
#[derive(Debug, Default)]
pub(super) struct Memory {
    users: BTreeSet<UserId>,
    ids: BTreeMap<UserId, Vec<i64>>,
    rows: BTreeMap<Table, Vec<RecordBatch>>,
    issues: Vec<Issue>,
}

impl Memory {
    pub(super) fn finish(&mut self, user: UserId) {
        self.users.insert(user);
    }

    pub(super) fn add(&mut self, user: UserId, table: Table, rows: RecordBatch, issues: Vec<Issue>) {
        if table == Table::Transactions {
            let ids = rows.column_by_name("id").unwrap().as_primitive::<Int64Type>();
            self.ids.entry(user).or_default().extend(ids.values());
        }
        self.rows.entry(table).or_default().push(rows);
        self.issues.extend(issues);
    }

    fn all(&self, table: Table) -> RecordBatch {
        if table == Table::Issues {
            return issues_batch(&self.issues, decimal()).unwrap();
        }
        let schema = table.schema().arrow(decimal());
        let batches = self.rows.get(&table).map(Vec::as_slice).unwrap_or_default();
        sort(table, &concat_batches(&schema, batches).unwrap()).unwrap()
    }
}

impl StagedRows for Memory {
    fn users(&self) -> Vec<UserId> {
        self.users.iter().copied().collect()
    }

    fn months(&self, table: Table) -> Result<Vec<Month>, StageError> {
        let months: BTreeSet<Month> = months_of(table, &self.all(table)).unwrap().into_iter().collect();
        Ok(months.into_iter().collect())
    }

    fn rows(&self, table: Table, month: Option<Month>) -> Rows {
        let mut all = self.all(table);
        if let Some(month) = month {
            let months = months_of(table, &all).unwrap();
            let here = (0_u32..).zip(&months).filter(|(_, of)| **of == month).map(|(row, _)| row);
            all = take_record_batch(&all, &UInt32Array::from_iter_values(here)).unwrap();
        }
        // In pieces of a few rows, so that every seam is met.
        let pieces: Vec<_> =
            (0..all.num_rows()).step_by(3).map(|at| all.slice(at, 3.min(all.num_rows() - at))).collect();
        Box::new(pieces.into_iter().map(Ok))
    }

    fn transaction_ids(&self, user: UserId) -> Result<Vec<i64>, StageError> {
        Ok(self.ids.get(&user).cloned().unwrap_or_default())
    }
}
