//! Rows of a snapshot's tables: streamed from its Parquet files, read cell by cell by name.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::encode::ParquetReader;
use crate::lake::Snapshot;
use crate::lake::manifest::FileEntry;
use crate::table::Table;

use super::StatementsError;

/// Hands over the rows of a table, batch by batch, these columns only.
pub(super) fn for_each_batch(
    snapshot: &Snapshot,
    table: Table,
    columns: &[&str],
    mut hand_over: impl FnMut(&RecordBatch) -> Result<(), StatementsError>,
) -> Result<(), StatementsError> {
    snapshot
        .parquet_files(table)
        .try_for_each(|file| for_each_batch_of(snapshot, file, columns, &mut hand_over))
}

/// The same for one file.
pub(super) fn for_each_batch_of(
    snapshot: &Snapshot,
    file: &FileEntry,
    columns: &[&str],
    mut hand_over: impl FnMut(&RecordBatch) -> Result<(), StatementsError>,
) -> Result<(), StatementsError> {
    for rows in ParquetReader::open(&file.path.under(&snapshot.folder), Some(columns))? {
        hand_over(&rows?)?;
    }
    Ok(())
}

/// A column of a batch.
#[derive(Clone, Copy)]
pub(super) struct Cells<'a>(&'a ArrayRef);

impl<'a> Cells<'a> {
    pub(super) fn of(rows: &'a RecordBatch, name: &str) -> Result<Self, ArrowError> {
        let missing = || ArrowError::SchemaError(format!("no column {name}"));
        rows.column_by_name(name).map(Self).ok_or_else(missing)
    }

    fn held(self, row: usize) -> bool {
        self.0.is_valid(row)
    }

    /// A whole number or an id.
    pub(super) fn number(self, row: usize) -> Option<i64> {
        self.0.as_primitive_opt::<Int64Type>().filter(|_| self.held(row)).map(|values| values.value(row))
    }

    /// A text.
    pub(super) fn text(self, row: usize) -> Option<&'a str> {
        self.0.as_string_opt::<i32>().filter(|_| self.held(row)).map(|values| values.value(row))
    }

    /// A day.
    pub(super) fn date(self, row: usize) -> Option<i32> {
        self.0.as_primitive_opt::<Date32Type>().filter(|_| self.held(row)).map(|values| values.value(row))
    }

    /// An unscaled amount.
    pub(super) fn amount(self, row: usize) -> Option<i128> {
        self.0.as_primitive_opt::<Decimal128Type>().filter(|_| self.held(row)).map(|values| values.value(row))
    }

    /// A naive datetime or an instant.
    pub(super) fn micros(self, row: usize) -> Option<i64> {
        let values = self.0.as_primitive_opt::<TimestampMicrosecondType>();
        values.filter(|_| self.held(row)).map(|values| values.value(row))
    }

    /// A truth value.
    pub(super) fn truth(self, row: usize) -> Option<bool> {
        self.0.as_boolean_opt().filter(|_| self.held(row)).map(|values| values.value(row))
    }
}

macro_rules! columns {
    ($(#[$doc:meta])* $name:ident { $($field:ident = $column:literal,)* }) => {
        $(#[$doc])*
        pub(super) struct $name<'a> { $(pub(super) $field: $crate::statements::columns::Cells<'a>,)* }

        impl<'a> $name<'a> {
            /// The columns' names.
            pub(super) const NAMES: &'static [&'static str] = &[$($column),*];

            pub(super) fn of(rows: &'a arrow::record_batch::RecordBatch) -> Result<Self, arrow::error::ArrowError> {
                Ok(Self { $($field: $crate::statements::columns::Cells::of(rows, $column)?,)* })
            }
        }
    };
}
pub(super) use columns;
