//! What is inside the files: columns, number, order and month of the rows, totals, and CSV against Parquet.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use arrow::record_batch::RecordBatch;

use crate::encode::{EncodeError, Fingerprint, ParquetReader};
use crate::lake::facts::RowFacts;
use crate::lake::layout::{Area, FilePath};
use crate::lake::manifest::{FileEntry, FileFormat, Manifest};
use crate::lake::readback::{Difference, differences, open_file};
use crate::table::{Month, Table, integer_keys, months_of};

use super::align::{Rows, first_difference};
use super::held::Held;
use super::report::Code;
use super::run::Checked;

/// The files of one folder of a table, whose rows are one sequence.
#[derive(Debug)]
pub(super) struct Group<'a> {
    table: Option<Table>,
    month: Option<Month>,
    parts: Vec<Part<'a>>,
}

/// A Parquet file and the CSV file of the same rows, of which either may be missing.
#[derive(Debug, Default)]
struct Part<'a> {
    parquet: Option<&'a FileEntry>,
    csv: Option<&'a FileEntry>,
}

/// The files that are there, by folder; the largest first.
pub(super) fn groups<'a>(
    manifest: &'a Manifest,
    present: &BTreeMap<&'a FilePath, &'a FileEntry>,
    checked: &Checked<'_>,
) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(Option<Table>, Option<Month>), BTreeMap<usize, Part<'a>>> = BTreeMap::new();
    for file in &manifest.files {
        let parts = file.path.parts();
        let part = groups.entry((parts.table, parts.month)).or_default().entry(parts.part).or_default();
        let side = if parts.area == Area::Csv { &mut part.csv } else { &mut part.parquet };
        *side = Some(file);
    }
    let has_csv = manifest.files.iter().any(|file| file.path.parts().area == Area::Csv);
    for ((table, _), parts) in &mut groups {
        for (number, (place, part)) in parts.iter_mut().enumerate() {
            let unpaired = part.parquet.is_none() || (has_csv && part.csv.is_none() && table.is_some());
            if let Some(file) = part.parquet.or(part.csv).filter(|_| unpaired) {
                checked.find(
                    Code::Unpaired,
                    file.path.as_str(),
                    "the manifest names no file of the other format",
                );
            }
            if let Some(file) = part.parquet.or(part.csv).filter(|_| number != *place) {
                checked.find(
                    Code::MissingFile,
                    file.path.as_str(),
                    "the manifest names no file of the number before",
                );
            }
            let there = |file: &&FileEntry| present.contains_key(&file.path);
            part.parquet = part.parquet.filter(there);
            part.csv = part.csv.filter(there);
        }
    }
    let mut groups: Vec<Group<'a>> = groups
        .into_iter()
        .map(|((table, month), parts)| Group { table, month, parts: parts.into_values().collect() })
        .collect();
    groups.sort_by_key(|group| {
        let bytes = |part: &Part<'_>| part.parquet.map_or(0, |f| f.bytes) + part.csv.map_or(0, |f| f.bytes);
        std::cmp::Reverse(group.parts.iter().map(bytes).sum::<u64>())
    });
    groups
}

/// Checks the files of a group. Returns what the snapshot-wide checks need to know of its rows.
pub(super) fn check(checked: &Checked<'_>, group: &Group<'_>) -> Held {
    let mut held = Held::default();
    let mut order = Order { table: group.table, last: None };
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

type Batches = Box<dyn Iterator<Item = Result<RecordBatch, EncodeError>>>;

/// A file being read.
struct Side<'a> {
    file: &'a FileEntry,
    rows: Rows<Batches>,
    facts: RowFacts,
    bytes: Fingerprint,
    /// Whether reading ended early, with a finding: then its counts mean nothing.
    broken: bool,
}

impl<'a> Side<'a> {
    fn open(checked: &Checked<'_>, file: &'a FileEntry) -> Option<Self> {
        let folder = &checked.snapshot.folder;
        let bytes = match Fingerprint::of_file(&file.path.under(folder)) {
            Ok(bytes) => bytes,
            Err(error) => {
                report(checked, file, &error);
                return None;
            }
        };
        checked.count_file(bytes);
        let opened = if checked.is_ours(file.table) {
            open_file(folder, file, checked.decimal)
        } else if file.format == FileFormat::Csv {
            // Its columns are not known: the digest has to do.
            if bytes.sha256 != file.sha256 {
                checked.find(Code::Sha256, file.path.as_str(), "its sha256 is not what the manifest says");
            }
            return None;
        } else {
            ParquetReader::open(&file.path.under(folder), None).map(|reader| Box::new(reader) as Batches)
        };
        match opened {
            Ok(batches) => Some(Self {
                file,
                rows: Rows::new(batches),
                facts: RowFacts::new(file.table, checked.decimal),
                bytes,
                broken: false,
            }),
            Err(error) => {
                // The digest still says whether it is the file that was published.
                if bytes.bytes != file.bytes {
                    checked.find(
                        Code::Size,
                        file.path.as_str(),
                        "it has not the length that the manifest says",
                    );
                }
                if bytes.sha256 != file.sha256 {
                    checked.find(
                        Code::Sha256,
                        file.path.as_str(),
                        "its sha256 is not what the manifest says",
                    );
                }
                report(checked, file, &error);
                None
            }
        }
    }

    fn take(&mut self, most: usize, checked: &Checked<'_>) -> Option<RecordBatch> {
        match self.rows.take(most) {
            Ok(Some(rows)) => {
                self.facts.add(&rows);
                Some(rows)
            }
            Ok(None) => None,
            Err(error) => {
                report(checked, self.file, &error);
                self.broken = true;
                None
            }
        }
    }

    fn finish(&self, checked: &Checked<'_>) {
        checked.count_rows(self.facts.rows());
        for (what, sentence) in differences(self.file, &self.facts.clone().finish(self.bytes)) {
            let code = match what {
                Difference::Bytes => Code::Size,
                Difference::Sha256 => Code::Sha256,
                Difference::Rows => Code::Rows,
                Difference::Dates => Code::Dates,
                Difference::ControlTotals => Code::ControlTotals,
            };
            if !self.broken || matches!(code, Code::Size | Code::Sha256) {
                checked.find(code, self.file.path.as_str(), sentence);
            }
        }
    }
}

fn report(checked: &Checked<'_>, file: &FileEntry, error: &EncodeError) {
    let (code, sentence) = match error {
        EncodeError::Columns { column, .. } => {
            (Code::Columns, format!("column {column} is missing, in another place, or of another type"))
        }
        // The library's own words may quote a cell.
        EncodeError::Parquet { .. } | EncodeError::Arrow { .. } => {
            (Code::Unreadable, "it cannot be decoded as Parquet".to_owned())
        }
        EncodeError::Csv { record, what, .. } => (Code::Unreadable, format!("record {record}: {what}")),
        EncodeError::Io { action, source, .. } => (Code::Unreadable, format!("cannot {action} it: {source}")),
        EncodeError::NoText { .. } => (Code::Unreadable, "a column has no text form".to_owned()),
    };
    checked.find(code, file.path.as_str(), sentence);
}

/// A Parquet file, and its CSV file beside it.
fn check_part(
    checked: &Checked<'_>,
    group: &Group<'_>,
    parquet: &mut Side<'_>,
    csv: Option<&mut Side<'_>>,
    order: &mut Order,
    held: &mut Held,
) {
    let mut csv = csv;
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

/// The last row's place in its table's order.
struct Order {
    table: Option<Table>,
    last: Option<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Integers([i64; 4]),
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
    fn check(&mut self, checked: &Checked<'_>, file: &FileEntry, rows: &RecordBatch) {
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
