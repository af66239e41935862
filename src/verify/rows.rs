//! What is inside the files: columns, number, order and month of the rows, totals, and CSV against Parquet.

use arrow::record_batch::RecordBatch;

use crate::lake::manifest::FileEntry;
use crate::table::{Table, months_of};

use super::align::first_difference;
use super::checked::Checked;
use super::group::Group;
use super::held::Held;
use super::order::Order;
use super::report::Code;
use super::side::Side;

/// Checks the files of a group. Returns what the snapshot-wide checks need to know of its rows.
pub(super) fn check(checked: &Checked<'_>, group: &Group<'_>) -> Held {
    let mut held = Held::default();
    let mut order = Order::of(group.table);
    for part in &group.parts {
        match (part.parquet, part.csv) {
            (Some(parquet), csv) => {
                let mut sides =
                    Side::open(checked, parquet).map(|side| (side, csv.and_then(|f| Side::open(checked, f))));
                if let Some((parquet, csv)) = &mut sides {
                    check_part(checked, group, parquet, csv.as_mut(), &mut order, &mut held);
                } else {
                    held.unread |= group.table == Some(Table::Transactions);
                }
            }
            (None, Some(csv)) => {
                if let Some(mut csv) = Side::open(checked, csv) {
                    while csv.take(usize::MAX, checked).is_some() {}
                    csv.finish(checked);
                }
            }
            (None, None) => {}
        }
    }
    held
}

/// A Parquet file, and its CSV file beside it.
fn check_part(
    checked: &Checked<'_>,
    group: &Group<'_>,
    parquet: &mut Side<'_>,
    mut csv: Option<&mut Side<'_>>,
    order: &mut Order,
    held: &mut Held,
) {
    let mut differs = false;
    let mut first_row = 0_usize;
    while let Some(rows) = parquet.take(usize::MAX, checked) {
        if checked.is_ours(group.table) {
            order.check(checked, parquet.file, &rows);
            check_month(checked, group, parquet.file, &rows);
        }
        held.add(group.table, &rows);
        if let Some(csv) = csv.as_deref_mut().filter(|csv| !csv.broken) {
            differs |= compare(checked, &rows, csv, first_row, differs);
        }
        first_row += rows.num_rows();
    }
    if let Some(csv) = csv.as_deref_mut() {
        let mut more = false;
        while csv.take(usize::MAX, checked).is_some() {
            more = true;
        }
        if more && !parquet.broken && !differs {
            checked.find(Code::CsvDiffers, csv.file.path.as_str(), "it has more rows than its Parquet file");
        }
    }
    parquet.finish(checked);
    if let Some(csv) = csv {
        csv.finish(checked);
    }
    held.unread |= parquet.broken && group.table == Some(Table::Transactions);
}

/// Compares rows with the next ones of the CSV file; returns whether a difference was reported, now or before.
fn compare(
    checked: &Checked<'_>,
    rows: &RecordBatch,
    csv: &mut Side<'_>,
    first_row: usize,
    mut differs: bool,
) -> bool {
    let path = csv.file.path.as_str();
    let profile = csv.file.profile.as_deref().and_then(|name| name.parse().ok()).unwrap_or_default();
    let mut offset = 0;
    while offset < rows.num_rows() {
        let Some(others) = csv.take(rows.num_rows() - offset, checked) else {
            if !csv.broken && !differs {
                checked.find(Code::CsvDiffers, path, "it has fewer rows than its Parquet file");
            }
            return true;
        };
        let mine = rows.slice(offset, others.num_rows());
        if !differs && let Some((column, row)) = first_difference(&mine, &others, profile) {
            let number = first_row + offset + row + 1;
            let sentence = format!("row {number} differs from its Parquet file in column {column}");
            checked.find(Code::CsvDiffers, path, sentence);
            differs = true;
        }
        offset += others.num_rows();
    }
    differs
}

fn check_month(checked: &Checked<'_>, group: &Group<'_>, file: &FileEntry, rows: &RecordBatch) {
    let months = group.table.and_then(|table| months_of(table, rows));
    if let (Some(month), Some(months)) = (group.month, months)
        && months.iter().any(|other| *other != month)
    {
        checked.find(Code::Partition, file.path.as_str(), "a row's date is not of the month of its folder");
    }
}
