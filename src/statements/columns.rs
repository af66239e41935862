//! The columns that are needed of a snapshot's tables, by name: streamed from its Parquet files, read cell by cell.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

/// A column of a batch.
#[derive(Clone, Copy)]
pub(super) struct Column<'a>(&'a ArrayRef);

impl<'a> Column<'a> {
    /// The column of this name.
    pub(super) fn of(rows: &'a RecordBatch, name: &str) -> Result<Self, ArrowError> {
        let missing = || ArrowError::SchemaError(format!("no column {name}"));
        rows.column_by_name(name).map(Self).ok_or_else(missing)
    }

    fn is_held(self, row: usize) -> bool {
        self.0.is_valid(row)
    }

    /// A whole number or an id.
    pub(super) fn number(self, row: usize) -> Option<i64> {
        self.0.as_primitive_opt::<Int64Type>().filter(|_| self.is_held(row)).map(|values| values.value(row))
    }

    /// A text.
    pub(super) fn text(self, row: usize) -> Option<&'a str> {
        self.0.as_string_opt::<i32>().filter(|_| self.is_held(row)).map(|values| values.value(row))
    }

    /// A day.
    pub(super) fn date(self, row: usize) -> Option<i32> {
        self.0.as_primitive_opt::<Date32Type>().filter(|_| self.is_held(row)).map(|values| values.value(row))
    }

    /// An unscaled amount.
    pub(super) fn amount(self, row: usize) -> Option<i128> {
        self.0
            .as_primitive_opt::<Decimal128Type>()
            .filter(|_| self.is_held(row))
            .map(|values| values.value(row))
    }

    /// A naive datetime or an instant.
    pub(super) fn micros(self, row: usize) -> Option<i64> {
        let values = self.0.as_primitive_opt::<TimestampMicrosecondType>();
        values.filter(|_| self.is_held(row)).map(|values| values.value(row))
    }

    /// A truth value.
    pub(super) fn truth(self, row: usize) -> Option<bool> {
        self.0.as_boolean_opt().filter(|_| self.is_held(row)).map(|values| values.value(row))
    }
}

/// Declares a struct with a [`Column`] for each of a table's columns that are needed, and how its rows are read.
macro_rules! columns {
    ($name:ident { $($field:ident = $column:literal,)* }) => {
        pub(super) struct $name<'a> { $(pub(super) $field: $crate::statements::columns::Column<'a>,)* }

        impl<'a> $name<'a> {
            fn of(rows: &'a arrow::record_batch::RecordBatch) -> Result<Self, arrow::error::ArrowError> {
                Ok(Self { $($field: $crate::statements::columns::Column::of(rows, $column)?,)* })
            }

            /// Hands over the rows of these files of the snapshot: the columns, and the row's number in them.
            pub(super) fn for_each<'f>(
                snapshot: &$crate::lake::Snapshot,
                files: impl IntoIterator<Item = &'f $crate::lake::manifest::FileEntry>,
                mut hand_over: impl FnMut(&$name<'_>, usize) -> Result<(), $crate::statements::StatementsError>,
            ) -> Result<(), $crate::statements::StatementsError> {
                for file in files {
                    let path = file.path.under(&snapshot.folder);
                    for rows in $crate::encode::ParquetReader::open(&path, Some(&[$($column),*]))? {
                        let rows = rows?;
                        let columns = $name::of(&rows)?;
                        (0..rows.num_rows()).try_for_each(|row| hand_over(&columns, row))?;
                    }
                }
                Ok(())
            }
        }
    };
}
pub(super) use columns;
