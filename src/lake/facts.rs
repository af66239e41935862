//! What is known of a data file by its rows: their number, the range of dates, control totals. Taken while a file is
//! written, and again when it is read back.

use arrow::record_batch::RecordBatch;

use crate::encode::{Fingerprint, Sha256};
use crate::model::DecimalType;
use crate::table::Table;
use crate::table::column::day;

use super::totals::{ControlTotal, Totals};

/// What a data file is known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The digest of its bytes.
    pub sha256: Sha256,
    /// Earliest and latest value of the date that the table is partitioned by (days since 1970-01-01).
    pub dates: Option<(i32, i32)>,
    /// Sums of the table's main amount, per currency.
    pub control_totals: Vec<ControlTotal>,
}

/// Collects the facts of rows as they pass.
#[derive(Clone, Debug)]
pub struct RowFacts {
    rows: u64,
    date: Option<&'static str>,
    dates: Option<(i32, i32)>,
    totals: Totals,
}

impl RowFacts {
    /// The text columns that [`RowFacts::add`] looks into.
    pub const TEXTS: &[&str] = &["currency"];

    /// The facts of no rows of a table; `None`: of a file that is no table's (`state/units.parquet`).
    #[must_use]
    pub fn new(table: Option<Table>, decimal: DecimalType) -> Self {
        let date = table.and_then(|table| table.schema().partition.as_ref()).map(|partition| &*partition.of);
        Self { rows: 0, date, dates: None, totals: Totals::of(table, decimal) }
    }

    /// Adds the rows of a batch.
    pub fn add(&mut self, rows: &RecordBatch) {
        self.rows += rows.num_rows() as u64;
        let dates = self.date.and_then(|name| day(rows, name));
        if let Some(dates) = dates {
            let range = (arrow::compute::min(dates), arrow::compute::max(dates));
            if let (Some(min), Some(max)) = range {
                self.dates = Some(self.dates.map_or((min, max), |(a, b)| (a.min(min), b.max(max))));
            }
        }
        self.totals.add(rows);
    }

    /// The rows so far.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The facts, together with the bytes' own.
    #[must_use]
    pub fn finish(self, bytes: Fingerprint) -> FileFacts {
        FileFacts {
            rows: self.rows,
            bytes: bytes.bytes,
            sha256: bytes.sha256,
            dates: self.dates,
            control_totals: self.totals.entries(),
        }
    }
}
