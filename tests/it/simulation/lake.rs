//! Reads a lake as a stranger would: `LATEST`, the manifest, every file it lists, with plain readers and own
//! arithmetic. Whatever does not agree with the manifest is a finding.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cells::{Cell, amount, csv_cell, parquet_cell};

/// What is wrong, one sentence each.
pub(super) type Findings = Vec<String>;

/// A table, all its files together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Sheet {
    pub(super) fn at(&self, column: &str) -> usize {
        self.columns.iter().position(|name| name == column).unwrap_or_else(|| panic!("no column {column}"))
    }

    /// The rows of which this column holds this id.
    pub(super) fn of(&self, column: &str, id: i64) -> Vec<&Vec<Cell>> {
        if self.columns.is_empty() {
            return Vec::new();
        }
        let (at, id) = (self.at(column), id.to_string());
        self.rows.iter().filter(|row| row[at].as_deref() == Some(id.as_str())).collect()
    }

    pub(super) fn ids(&self, column: &str) -> Vec<i64> {
        if self.columns.is_empty() {
            return Vec::new();
        }
        let at = self.at(column);
        self.rows.iter().filter_map(|row| row[at].as_deref()?.parse().ok()).collect()
    }
}

/// A published snapshot, read whole.
#[derive(Debug, Clone)]
pub(super) struct Published {
    pub(super) run_id: String,
    pub(super) sequence: u64,
    pub(super) sha256: String,
    pub(super) manifest: Value,
    pub(super) tables: BTreeMap<String, Sheet>,
    pub(super) units: Sheet,
    /// Read from CSV, where null and the empty text are one.
    pub(super) from_csv: bool,
}

impl Published {
    pub(super) fn table(&self, name: &str) -> &Sheet {
        static NONE: Sheet = Sheet { columns: Vec::new(), rows: Vec::new() };
        self.tables.get(name).unwrap_or(&NONE)
    }

    /// The outcome of every user, and of which dates rows are held.
    pub(super) fn units(&self) -> BTreeMap<i64, Unit> {
        let at = |name| self.units.at(name);
        let (id, outcome, reason) = (at("id_user"), at("outcome"), at("reason"));
        let (from, to, since) = (at("window_from"), at("window_to"), at("since"));
        let unit = |row: &Vec<Cell>| {
            let unit = Unit {
                outcome: row[outcome].clone().unwrap(),
                reason: row[reason].clone(),
                since: row[since].clone(),
                window: (row[from].clone(), row[to].clone()),
            };
            (row[id].as_deref().unwrap().parse().unwrap(), unit)
        };
        self.units.rows.iter().map(unit).collect()
    }

    /// How many rows of a user a table holds that nobody marked deleted.
    pub(super) fn living(&self, table: &str, user: i64) -> u64 {
        let sheet = self.table(table);
        let rows = sheet.of("id_user", user).into_iter();
        rows.filter(|row| row[sheet.at("deleted")].is_none()).count() as u64
    }

    /// A table without one of its columns.
    pub(super) fn without(&self, table: &str, column: &str) -> Sheet {
        let mut sheet = self.table(table).clone();
        if !sheet.columns.is_empty() {
            let at = sheet.at(column);
            sheet.columns.remove(at);
            sheet.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        sheet
    }

    /// Path and digest of every data file.
    pub(super) fn digests(&self, tables: &[&str]) -> BTreeMap<String, String> {
        let files = self.manifest["files"].as_array().unwrap();
        files
            .iter()
            .filter(|file| file["table"].as_str().is_some_and(|table| tables.contains(&table)))
            .map(|file| (text(&file["path"]).to_owned(), text(&file["sha256"]).to_owned()))
            .collect()
    }
}

/// How a user ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) outcome: String,
    pub(super) reason: Cell,
    pub(super) since: Cell,
    /// First and last date held; open where `None`.
    pub(super) window: (Cell, Cell),
}

impl Unit {
    /// Whether the snapshot holds what a walk brought.
    pub(super) fn holds(&self) -> bool {
        matches!(self.outcome.as_str(), "complete" | "carried" | "kept")
    }
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}"))
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of `LATEST`, if there is one.
pub(super) fn pointer(lake: &Path) -> Option<Vec<u8>> {
    fs::read(lake.join("LATEST")).ok()
}

/// What a reader who comes at this instant must be able to do: follow the pointer to a manifest of that digest whose
/// files are all there at their full length.
pub(super) fn glance(lake: &Path) -> Findings {
    let Some(bytes) = pointer(lake) else { return Vec::new() };
    let Ok(latest) = serde_json::from_slice::<Value>(&bytes) else {
        return vec!["LATEST is torn".to_owned()];
    };
    let folder = lake.join("snapshots").join(text(&latest["run_id"]));
    let Ok(manifest) = fs::read(folder.join("manifest.json")) else {
        return vec!["LATEST leads to no manifest".to_owned()];
    };
    if sha256(&manifest) != text(&latest["sha256"]) {
        return vec!["the manifest is not the one that LATEST names".to_owned()];
    }
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let missing = |file: &&Value| {
        fs::metadata(folder.join(text(&file["path"]))).map(|found| found.len()).ok() != file["bytes"].as_u64()
    };
    let files = manifest["files"].as_array().unwrap().iter();
    files.filter(missing).map(|file| format!("{} is missing or cut", file["path"])).collect()
}

/// Reads what `LATEST` names.
pub(super) fn read(lake: &Path) -> (Option<Published>, Findings) {
    let Some(bytes) = pointer(lake) else { return (None, Vec::new()) };
    let latest: Value = serde_json::from_slice(&bytes).unwrap();
    let mut findings = Vec::new();
    let mut published = snapshot(&lake.join("snapshots").join(text(&latest["run_id"])), &mut findings);
    if text(&latest["sha256"]) != published.sha256 || latest["sequence"] != published.manifest["sequence"] {
        findings.push("LATEST and the manifest do not agree".to_owned());
    }
    published.run_id = text(&latest["run_id"]).to_owned();
    (Some(published), findings)
}

/// Reads a snapshot's folder.
pub(super) fn snapshot(folder: &Path, findings: &mut Findings) -> Published {
    let bytes = fs::read(folder.join("manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&bytes).unwrap();
    let mut published = Published {
        run_id: text(&manifest["run_id"]).to_owned(),
        sequence: manifest["sequence"].as_u64().unwrap(),
        sha256: sha256(&bytes),
        tables: BTreeMap::new(),
        units: Sheet::default(),
        from_csv: false,
        manifest,
    };
    let mut sheets: BTreeMap<(String, String), Sheet> = BTreeMap::new();
    let mut listed = BTreeSet::from([folder.join("manifest.json")]);
    for file in published.manifest["files"].as_array().unwrap() {
        let path = text(&file["path"]);
        let place = folder.join(path);
        listed.insert(place.clone());
        let Some(sheet) = checked(&place, file, findings) else { continue };
        if path.starts_with("state/") && file["table"].is_null() {
            published.units = sheet;
            continue;
        }
        let format = if path.starts_with("csv/") { "csv" } else { "parquet" };
        let whole = sheets.entry((format.to_owned(), text(&file["table"]).to_owned())).or_default();
        whole.columns = sheet.columns;
        whole.rows.extend(sheet.rows);
    }
    for place in files_below(folder).difference(&listed) {
        findings.push(format!("{} is in no list", place.display()));
    }
    for place in &listed {
        let mode = fs::metadata(place).map_or(0, |found| found.permissions().mode() & 0o777);
        if mode != 0o440 {
            findings.push(format!("{} has mode {mode:o}", place.display()));
        }
    }
    settle_formats(sheets, &mut published, findings);
    for entry in published.manifest["tables"].as_array().unwrap() {
        table_agrees(entry, &published, findings);
    }
    published
}

/// Both formats must hold the same rows in the same order; where there is Parquet it is what is judged further.
fn settle_formats(
    mut sheets: BTreeMap<(String, String), Sheet>,
    published: &mut Published,
    findings: &mut Findings,
) {
    let names: BTreeSet<String> = sheets.keys().map(|(_, table)| table.clone()).collect();
    for name in names {
        let parquet = sheets.remove(&("parquet".to_owned(), name.clone()));
        let csv = sheets.remove(&("csv".to_owned(), name.clone()));
        if let (Some(parquet), Some(csv)) = (&parquet, &csv) {
            let blank = |cell: &Cell| cell.clone().filter(|text| !text.is_empty());
            let plain: Vec<Vec<Cell>> =
                parquet.rows.iter().map(|row| row.iter().map(blank).collect()).collect();
            if parquet.columns != csv.columns || plain != csv.rows {
                findings.push(format!("{name}: CSV and Parquet differ"));
            }
        }
        published.from_csv |= parquet.is_none();
        published.tables.insert(name, parquet.or(csv).unwrap());
    }
}

/// One file against its entry.
fn checked(place: &Path, entry: &Value, findings: &mut Findings) -> Option<Sheet> {
    let name = text(&entry["path"]);
    let Ok(bytes) = fs::read(place) else {
        findings.push(format!("{name} is missing"));
        return None;
    };
    if Some(bytes.len() as u64) != entry["bytes"].as_u64() || sha256(&bytes) != text(&entry["sha256"]) {
        findings.push(format!("{name} has other bytes than the manifest says"));
    }
    let sheet = if name.ends_with(".csv") { read_csv(&bytes) } else { read_parquet(bytes) };
    if Some(sheet.rows.len() as u64) != entry["rows"].as_u64() {
        findings.push(format!("{name}: {} rows, the manifest says {}", sheet.rows.len(), entry["rows"]));
    }
    if let Some(month) = entry["partition"].as_str() {
        let at = sheet.at(if name.contains("/balances/") { "day" } else { "date" });
        let dates: Vec<&str> = sheet.rows.iter().filter_map(|row| row[at].as_deref()).collect();
        if month != "__HIVE_DEFAULT_PARTITION__" && !dates.iter().all(|date| date.starts_with(month)) {
            findings.push(format!("{name} holds dates of another month"));
        }
        let range = (dates.iter().min().copied(), dates.iter().max().copied());
        if range != (entry["min_date"].as_str(), entry["max_date"].as_str()) {
            findings.push(format!("{name}: dates {range:?} are not those of the manifest"));
        }
    }
    Some(sheet)
}

/// A table against its entry: keys once, in order, and its sums.
fn table_agrees(entry: &Value, published: &Published, findings: &mut Findings) {
    let name = text(&entry["name"]);
    let sheet = published.table(name);
    if Some(sheet.rows.len() as u64) != entry["rows"].as_u64() {
        findings.push(format!("{name}: {} rows, the manifest says {}", sheet.rows.len(), entry["rows"]));
    }
    if sheet.columns.is_empty() {
        return;
    }
    let key: Vec<usize> =
        entry["primary_key"].as_array().unwrap().iter().map(|column| sheet.at(text(column))).collect();
    let keys: BTreeSet<Vec<&Cell>> =
        sheet.rows.iter().map(|row| key.iter().map(|at| &row[*at]).collect()).collect();
    if keys.len() != sheet.rows.len() {
        findings.push(format!("{name}: {} rows, but {} keys", sheet.rows.len(), keys.len()));
    }
    for total in entry["control_totals"].as_array().unwrap() {
        let (column, currency) = (sheet.at(text(&total["column"])), sheet.at("currency"));
        let values: Vec<i128> = sheet
            .rows
            .iter()
            .filter(|row| row[currency].as_deref() == total["currency"].as_str())
            .filter_map(|row| amount(row[column].as_deref()?))
            .map(|amount| amount.units())
            .collect();
        let (count, sum) = (values.len() as u64, values.iter().sum::<i128>());
        let said = amount(text(&total["sum"])).unwrap().units();
        if Some(count) != total["count"].as_u64() || sum != said {
            findings.push(format!("{name}: a control total is {total}, the rows give {count} and {sum}e-8"));
        }
    }
}

fn read_parquet(bytes: Vec<u8>) -> Sheet {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let columns: Vec<String> = reader.schema().fields().iter().map(|field| field.name().clone()).collect();
    let mut sheet = Sheet { columns, rows: Vec::new() };
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        for row in 0..batch.num_rows() {
            let cells = sheet.columns.iter().zip(batch.columns());
            sheet.rows.push(cells.map(|(name, array)| parquet_cell(name, array, row)).collect());
        }
    }
    sheet
}

fn read_csv(bytes: &[u8]) -> Sheet {
    let mut reader = csv::Reader::from_reader(bytes);
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let mut sheet = Sheet { columns, rows: Vec::new() };
    for record in reader.records() {
        let record = record.unwrap();
        let cells = sheet.columns.iter().zip(record.iter());
        sheet.rows.push(cells.map(|(name, text)| csv_cell(name, text)).collect());
    }
    sheet
}

/// Every file below a folder.
pub(super) fn files_below(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_below(&path));
        } else {
            found.insert(path);
        }
    }
    found
}
