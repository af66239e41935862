//! The order of rows, over all files of a folder.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use crate::lake::manifest::FileEntry;
use crate::table::{OrderKey, Table, integer_keys};

use super::checked::Checked;
use super::report::Code;

/// The last row's place in its table's order.
pub(super) struct Order {
    table: Option<Table>,
    last: Option<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Integers(OrderKey),
    Cells(Vec<Cell>),
}

/// A cell of an order column; null comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Cell {
    Null,
    Integer(i64),
    Text(String),
}

impl Order {
    /// The order of a table; that of a file without one is not checked.
    pub(super) fn of(table: Option<Table>) -> Self {
        Self { table, last: None }
    }

    /// Checks that the rows follow those before them.
    pub(super) fn check(&mut self, checked: &Checked<'_>, file: &FileEntry, rows: &RecordBatch) {
        let Some(table) = self.table else { return };
        let keys: Vec<Key> = match integer_keys(table, rows) {
            Some(keys) => keys.into_iter().map(Key::Integers).collect(),
            None => (0..rows.num_rows()).map(|row| Key::Cells(cells(table, rows, row))).collect(),
        };
        let (mut out_of_order, mut twice) = (false, false);
        for key in keys {
            out_of_order |= self.last.as_ref().is_some_and(|last| *last > key);
            twice |= self.last.as_ref().is_some_and(|last| *last == key);
            self.last = Some(key);
        }
        if out_of_order {
            checked.find(Code::Order, file.path.as_str(), "its rows are not in the table's order");
        }
        if twice {
            checked.find(Code::DuplicateKey, file.path.as_str(), "two of its rows have the same key");
        }
    }
}

fn cells(table: Table, rows: &RecordBatch, row: usize) -> Vec<Cell> {
    let cell = |name: &String| {
        let Some(column) = rows.column_by_name(name).filter(|column| column.is_valid(row)) else {
            return Cell::Null;
        };
        match (column.as_primitive_opt::<Int64Type>(), column.as_string_opt::<i32>()) {
            (Some(numbers), _) => Cell::Integer(numbers.value(row)),
            (_, Some(texts)) => Cell::Text(texts.value(row).to_owned()),
            _ => Cell::Null,
        }
    };
    table.schema().order.iter().map(cell).collect()
}
