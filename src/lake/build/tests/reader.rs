//! A snapshot, read back in the model's words.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};

use super::model::{Coverage, HeldRow, Model};
use super::world::Account;
use crate::encode::{CsvProfile, Format, TableReader};
use crate::lake::Snapshot;
use crate::lake::fixture::decimal;
use crate::lake::layout::Area;
use crate::lake::manifest::FileFormat;
use crate::lake::readback::shape;
use crate::table::Table;

/// All rows of a table in a snapshot, of one kind of file.
pub(super) fn read(snapshot: &Snapshot, area: Area, table: Table) -> Vec<RecordBatch> {
    let files = snapshot.manifest.files.iter();
    let own = files.filter(|file| file.table == Some(table) && file.path.parts().area == area);
    let mut batches = Vec::new();
    for file in own {
        let format = if file.format == FileFormat::Csv { Format::Csv } else { Format::Parquet };
        let path = file.path.under(&snapshot.folder);
        let reader = TableReader::open(&path, format, &shape(table, decimal(), CsvProfile::Iso)).unwrap();
        for rows in reader {
            let rows = rows.unwrap();
            if let Some(month) = file.path.parts().month {
                assert!(crate::table::months_of(table, &rows).unwrap().iter().all(|of| *of == month));
            }
            batches.push(rows);
        }
    }
    batches
}

fn number(rows: &RecordBatch, column: &str, row: usize) -> Option<i64> {
    let values = rows.column_by_name(column).unwrap().as_primitive::<Int64Type>();
    values.is_valid(row).then(|| values.value(row))
}

fn day(rows: &RecordBatch, column: &str, row: usize) -> Option<i32> {
    let values = rows.column_by_name(column).unwrap().as_primitive::<Date32Type>();
    values.is_valid(row).then(|| values.value(row))
}

fn cents(rows: &RecordBatch, column: &str, row: usize) -> i64 {
    let values = rows.column_by_name(column).unwrap().as_primitive::<Decimal128Type>();
    i64::try_from(values.value(row) / 1_000_000).unwrap()
}

/// What a snapshot holds, in the model's words.
pub(super) fn model_of(snapshot: &Snapshot, area: Area) -> Model {
    let mut model = Model::default();
    let mut odd = BTreeSet::new();
    for rows in read(snapshot, area, Table::Issues) {
        for row in 0..rows.num_rows() {
            assert!(odd.insert(number(&rows, "id", row).unwrap()), "an issue twice");
        }
    }
    for rows in read(snapshot, area, Table::Accounts) {
        for row in 0..rows.num_rows() {
            let user = number(&rows, "id_user", row).unwrap();
            let currency = rows.column_by_name("currency").unwrap().as_string::<i32>().value(row);
            let currency = ["EUR", "USD", "BTC"].into_iter().find(|known| *known == currency).unwrap();
            let account = Account { user, currency, balance: cents(&rows, "balance", row) };
            let held = model.users.entry(user).or_default();
            held.accounts.insert(number(&rows, "id", row).unwrap(), account);
        }
    }
    let mut seen = 0;
    for rows in read(snapshot, area, Table::Transactions) {
        for row in 0..rows.num_rows() {
            let id = number(&rows, "id", row).unwrap();
            let currency = rows.column_by_name("currency").unwrap().as_string::<i32>();
            let updated =
                rows.column_by_name("last_update").unwrap().as_primitive::<TimestampMicrosecondType>();
            let held = HeldRow {
                seconds: updated.value(row) / 1_000_000 % 60,
                account: number(&rows, "id_account", row).unwrap(),
                date: day(&rows, "date", row),
                cents: cents(&rows, "value", row),
                deleted: rows.column_by_name("deleted").unwrap().is_valid(row),
                currency: currency.is_valid(row).then(|| currency.value(row).to_owned()),
                odd: odd.remove(&id),
            };
            seen += usize::from(held.odd);
            let user = number(&rows, "id_user", row).unwrap();
            let before = model.users.entry(user).or_default().rows.insert(id, held);
            assert!(before.is_none(), "row {id} twice");
        }
    }
    assert!(odd.is_empty(), "issues outlive their rows; {seen} did not");
    for rows in read(snapshot, area, Table::Balances) {
        for row in 0..rows.num_rows() {
            let key = (number(&rows, "id_account", row).unwrap(), day(&rows, "day", row).unwrap());
            let value = (number(&rows, "id_user", row).unwrap(), cents(&rows, "balance", row));
            assert!(model.balances.insert(key, value).is_none(), "a balance twice");
        }
    }
    model
}

/// The coverage table in the same form.
pub(super) fn coverage_of(snapshot: &Snapshot) -> Coverage {
    let mut coverage = BTreeMap::new();
    let area = if snapshot.manifest.files.iter().any(|f| f.path.parts().area == Area::Parquet) {
        Area::Parquet
    } else {
        Area::State
    };
    for rows in read(snapshot, area, Table::Coverage) {
        for row in 0..rows.num_rows() {
            let key = (number(&rows, "id_user", row).unwrap(), number(&rows, "id_account", row).unwrap());
            let line = (
                number(&rows, "rows", row).unwrap(),
                day(&rows, "first_date", row),
                day(&rows, "last_date", row),
            );
            coverage.insert(key, line);
        }
    }
    coverage
}
