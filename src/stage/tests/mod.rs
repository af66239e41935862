//! The stage against a model, against torn and damaged files, and on a disk that loses what was not synced.

mod disk;
mod durability;
mod model;
mod rules;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, new_null_array,
};
use arrow::datatypes::{Date32Type, Int64Type};
use jiff::Timestamp;

use crate::model::{DecimalType, UserId, Window};
use crate::table::{Issue, IssueKind, Table};

use super::*;

pub(super) fn user(number: i64) -> UserId {
    UserId::new(number).unwrap()
}

pub(super) fn key() -> StageKey {
    StageKey {
        base_url: "https://bank.example/2.0".to_owned(),
        parent: Some(StageParent { run_id: "20261122T020000Z".to_owned(), manifest_sha256: "ab".to_owned() }),
        window: Window::OPEN,
        schema_fingerprint: "12".to_owned(),
        decimal: DecimalType::default(),
    }
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// A row: id, account, day, and a text that tells the version.
pub(super) type Row = (i64, i64, Option<i32>, String);

/// A batch of a table from the columns given, all others null.
fn batch(table: Table, rows: usize, columns: &BTreeMap<&str, ArrayRef>) -> RecordBatch {
    let schema = table.schema().arrow(DecimalType::default());
    let column = |field: &Arc<arrow::datatypes::Field>| match columns.get(field.name().as_str()) {
        Some(column) => column.clone(),
        None => new_null_array(field.data_type(), rows),
    };
    RecordBatch::try_new(schema.clone(), schema.fields().iter().map(column).collect()).unwrap()
}

pub(super) fn transactions(user: UserId, rows: &[Row]) -> RecordBatch {
    let columns: BTreeMap<&str, ArrayRef> = BTreeMap::from([
        ("id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))) as ArrayRef),
        ("id_account", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.1)))),
        ("id_user", Arc::new(Int64Array::from(vec![user.get(); rows.len()]))),
        ("date", Arc::new(rows.iter().map(|row| row.2).collect::<Date32Array>())),
        ("original_wording", Arc::new(rows.iter().map(|row| Some(&row.3)).collect::<StringArray>())),
    ]);
    batch(Table::Transactions, rows.len(), &columns)
}

/// Balances, whose key has two columns: the row's id is the account.
pub(super) fn balances(user: UserId, rows: &[Row]) -> RecordBatch {
    let columns: BTreeMap<&str, ArrayRef> = BTreeMap::from([
        ("id_account", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))) as ArrayRef),
        ("id_user", Arc::new(Int64Array::from(vec![user.get(); rows.len()]))),
        ("day", Arc::new(rows.iter().map(|row| row.2).collect::<Date32Array>())),
        ("currency", Arc::new(rows.iter().map(|row| Some(&row.3)).collect::<StringArray>())),
    ]);
    batch(Table::Balances, rows.len(), &columns)
}

pub(super) fn accounts(user: UserId, rows: &[Row]) -> RecordBatch {
    let columns: BTreeMap<&str, ArrayRef> = BTreeMap::from([
        ("id", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.0))) as ArrayRef),
        ("id_user", Arc::new(Int64Array::from(vec![user.get(); rows.len()]))),
        ("name", Arc::new(rows.iter().map(|row| Some(&row.3)).collect::<StringArray>())),
    ]);
    batch(Table::Accounts, rows.len(), &columns)
}

pub(super) fn issue(table: Table, id: i64, column: &str) -> Issue {
    Issue { table, user: None, id, column: column.to_owned(), kind: IssueKind::TooPrecise, n: 1 }
}

/// What a reader sees of a row: user, id, account, day, text.
pub(super) type Seen = (i64, i64, i64, Option<i32>, String);

pub(super) fn seen(table: Table, batches: Rows) -> Vec<Seen> {
    let (id, account, day, text) = match table {
        Table::Transactions => ("id", "id_account", "date", "original_wording"),
        Table::Balances => ("id_account", "id_account", "day", "currency"),
        _ => ("id", "id", "opening_date", "name"),
    };
    let mut seen = Vec::new();
    for rows in batches {
        let rows = rows.unwrap();
        assert_eq!(rows.schema(), table.schema().arrow(DecimalType::default()));
        assert!((1..=8192).contains(&rows.num_rows()));
        let number = |name: &str| rows.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
        let (users, ids, accounts) = (number("id_user"), number(id), number(account));
        let days = rows.column_by_name(day).unwrap().as_primitive::<Date32Type>();
        let texts = rows.column_by_name(text).unwrap().as_string::<i32>();
        for row in 0..rows.num_rows() {
            let day = (!days.is_null(row)).then(|| days.value(row));
            let text = texts.value(row).to_owned();
            seen.push((users.value(row), ids.value(row), accounts.value(row), day, text));
        }
    }
    seen
}

/// Table, user, id, column, count of each issue.
pub(super) fn seen_issues<R>(staged: &Staged<R>) -> Vec<(String, i64, i64, String, i64)> {
    let mut seen = Vec::new();
    for rows in staged.rows_in(Table::Issues, None) {
        let rows = rows.unwrap();
        let text = |name: &str| rows.column_by_name(name).unwrap().as_string::<i32>().clone();
        let number = |name: &str| rows.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
        for row in 0..rows.num_rows() {
            seen.push((
                text("table").value(row).to_owned(),
                number("id_user").value(row),
                number("id").value(row),
                text("column").value(row).to_owned(),
                number("n").value(row),
            ));
        }
    }
    seen
}
