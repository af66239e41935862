//! A unit in memory: rows as they were given, until they are written.

use arrow::array::RecordBatch;

use crate::table::{Issue, Table};

use super::block::bytes_of;
use super::journal::Commit;

/// What a column of a batch takes in memory besides its values: without it, a quiet night of 10,000 users, four batches
/// of a row or two each, peaked at 338 MiB instead of 259.
const COLUMN_BYTES: usize = 256;

/// Rows as they were given, with what did not fit in them.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) table: Table,
    pub(super) rows: RecordBatch,
    pub(super) issues: Vec<Issue>,
}

/// A unit that is being fetched or waits to be written.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) attempt: i64,
    /// In the order of their arrival: a later row wins for an equal key.
    pub(super) chunks: Vec<Chunk>,
    pub(super) bytes: usize,
    /// Set once it is finished.
    pub(super) commit: Option<Commit>,
}

impl Unit {
    pub(super) fn new(attempt: i64) -> Self {
        Self { attempt, chunks: Vec::new(), bytes: 0, commit: None }
    }

    /// Adds rows; returns the bytes of memory that they hold.
    pub(super) fn push(&mut self, table: Table, rows: &RecordBatch, issues: &[Issue]) -> usize {
        let texts: usize = issues.iter().map(|issue| issue.column.len()).sum();
        // A batch of one row still has all its columns, each with pointers, lengths and a type.
        let columns = rows.num_columns() * COLUMN_BYTES;
        let bytes = bytes_of(rows) + columns + texts + size_of_val(issues);
        self.chunks.push(Chunk { table, rows: rows.clone(), issues: issues.to_vec() });
        self.bytes += bytes;
        bytes
    }

    /// Takes the rows, and leaves the unit under way.
    pub(super) fn take_rows(&mut self) -> Self {
        let rows = Self { chunks: std::mem::take(&mut self.chunks), commit: None, ..*self };
        self.bytes = 0;
        rows
    }

    pub(super) fn has_rows(&self) -> bool {
        !self.chunks.is_empty()
    }
}
