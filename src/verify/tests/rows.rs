//! Rows that are wrong though the manifest agrees with them.

use std::fs;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::Int64Type;
use tempfile::TempDir;

use super::{Code, NOVEMBER, entry, expect};
use crate::lake::fixture::{self, Rows};
use crate::lake::layout::place;
use crate::lake::{FILE_MODE, publish};
use crate::table::{Table, sort};

const COVERAGE: &str = "parquet/coverage/part-00000.parquet";

/// Publishes rows that a faulty build could have made: the manifest agrees with the files, and both are wrong.
fn publish_wrong(change: impl FnOnce(&mut Rows)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let destination = fixture::open(folder.path(), 1).unwrap();
    let mut rows = fixture::rows(2);
    change(&mut rows);
    let manifest = fixture::build(&destination, &rows, 1, true);
    publish(&destination, &manifest, FILE_MODE).unwrap();
    folder
}

/// The rows with other numbers in a column.
fn with_numbers(rows: &RecordBatch, name: &str, change: impl Fn(i64) -> i64) -> RecordBatch {
    let place = rows.schema().index_of(name).unwrap();
    let mut columns = rows.columns().to_vec();
    let numbers = columns[place].as_primitive::<Int64Type>().values();
    columns[place] = Arc::new(Int64Array::from_iter_values(numbers.iter().map(|number| change(*number))));
    RecordBatch::try_new(rows.schema(), columns).unwrap()
}

#[test]
fn rows_out_of_order() {
    let folder = publish_wrong(|rows| {
        let transactions = &rows[&Table::Transactions];
        let last = u32::try_from(transactions.num_rows()).unwrap();
        let backwards = UInt32Array::from_iter_values((0..last).rev());
        rows.insert(Table::Transactions, take_record_batch(transactions, &backwards).unwrap());
    });
    expect(folder.path(), &[(Code::Order, NOVEMBER)]);
}

#[test]
fn one_id_in_two_months() {
    let folder = publish_wrong(|rows| {
        // In order in each file, and twice in the lake.
        let changed = with_numbers(&rows[&Table::Transactions], "id", |id| if id == 3 { 1 } else { id });
        rows.insert(Table::Transactions, sort(Table::Transactions, &changed).unwrap());
    });
    expect(folder.path(), &[(Code::DuplicateKey, "parquet/transactions")]);
}

#[test]
fn one_row_twice_in_a_file() {
    let folder = publish_wrong(|rows| {
        let users = &rows[&Table::Users];
        let twice = concat_batches(&users.schema(), [users, users]).unwrap();
        rows.insert(Table::Users, sort(Table::Users, &twice).unwrap());
    });
    expect(folder.path(), &[(Code::DuplicateKey, "parquet/users/part-00000.parquet")]);
}

#[test]
fn coverage_that_counts_other_rows() {
    let folder = publish_wrong(|rows| {
        let changed = with_numbers(&rows[&Table::Coverage], "rows", |rows| rows + 1);
        rows.insert(Table::Coverage, changed);
    });
    expect(folder.path(), &[(Code::Coverage, COVERAGE)]);
}

#[test]
fn coverage_that_lacks_an_account() {
    let folder = publish_wrong(|rows| {
        let coverage = rows[&Table::Coverage].slice(0, 2);
        rows.insert(Table::Coverage, coverage);
    });
    expect(folder.path(), &[(Code::Coverage, COVERAGE)]);
}

#[test]
fn transactions_of_another_connection_than_their_account() {
    let folder = publish_wrong(|rows| {
        let changed = with_numbers(&rows[&Table::Transactions], "id_connection", |_| 99);
        rows.insert(Table::Transactions, changed);
    });
    expect(folder.path(), &[(Code::Derived, "parquet/transactions")]);
}

#[test]
fn a_row_in_another_month_s_folder() {
    let folder = tempfile::tempdir().unwrap();
    let destination = fixture::open(folder.path(), 1).unwrap();
    let mut manifest = fixture::build(&destination, &fixture::rows(2), 1, false);
    let building = destination.layout.at(place::building(&manifest.run_id));
    let other = "parquet/transactions/month=2026-12/part-00000.parquet";
    fs::rename(
        building.join("parquet/transactions/month=2026-11"),
        building.join("parquet/transactions/month=2026-12"),
    )
    .unwrap();
    let file = entry(&mut manifest, NOVEMBER);
    file.path = other.parse().unwrap();
    file.partition = Some("2026-12".to_owned());
    publish(&destination, &manifest, FILE_MODE).unwrap();
    drop(destination);
    expect(folder.path(), &[(Code::Partition, other)]);
}
