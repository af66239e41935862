//! Tables, files, changes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encode::Sha256;
use crate::lake::facts::FileFacts;
use crate::lake::layout::{Area, FilePath, RunId};
use crate::lake::totals::{ControlTotal, Totals};
use crate::model::DecimalType;
use crate::table::{Partition, Table};

use super::text::Day;

/// A table, with the sums over its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableEntry {
    /// Its name, and its folder's.
    pub name: Table,
    /// Digest of its columns' names and types, key, order and partition.
    pub schema: Sha256,
    /// The columns that name a row.
    pub primary_key: Vec<String>,
    /// How it is cut into folders; null: it is not.
    pub partition: Option<PartitionEntry>,
    /// The columns that rows are sorted by, ascending, nulls first.
    pub order: Vec<String>,
    /// Rows, counted once however many formats there are.
    pub rows: u64,
    /// Files, of all formats.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// Sums of the table's main amount, per currency.
    pub control_totals: Vec<ControlTotal>,
    /// Fields that the schema does not know (they are in `extra`), and how often they came in this run.
    pub unknown_fields: BTreeMap<String, u64>,
    /// What did not fit its column, by kind, as the `issues` table has it.
    pub issues: BTreeMap<String, u64>,
}

/// How a table is cut into folders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartitionEntry {
    /// The partition column; it stands in the path only.
    pub column: String,
    /// The date column whose month it is.
    pub of: String,
}

impl From<&Partition> for PartitionEntry {
    fn from(partition: &Partition) -> Self {
        Self { column: partition.column.clone(), of: partition.of.clone() }
    }
}

/// A published file's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// Apache Parquet.
    Parquet,
    /// Comma-separated values.
    Csv,
}

/// A file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where it is, relative to the snapshot folder.
    pub path: FilePath,
    /// Its table; null: the run facts in `state/units.parquet`.
    pub table: Option<Table>,
    /// Its format.
    pub format: FileFormat,
    /// How values are spelled in CSV; null for Parquet.
    pub profile: Option<String>,
    /// The partition's value: `2026-10`, or `__HIVE_DEFAULT_PARTITION__` for rows without a date.
    pub partition: Option<String>,
    /// Its rows.
    pub rows: u64,
    /// Its bytes.
    pub bytes: u64,
    /// The digest of its bytes.
    pub sha256: Sha256,
    /// Earliest value of the date that the table is partitioned by, where there is one.
    pub min_date: Option<Day>,
    /// Latest value of that date.
    pub max_date: Option<Day>,
    /// Sums of the table's main amount, per currency.
    pub control_totals: Vec<ControlTotal>,
    /// The run that first wrote these bytes.
    pub since: RunId,
}

impl FileEntry {
    /// The entry of a file of a table. `profile`: the CSV profile, for CSV.
    #[must_use]
    pub fn new(path: FilePath, facts: FileFacts, profile: Option<&str>, since: RunId) -> Self {
        let parts = path.parts();
        let format = if parts.area == Area::Csv { FileFormat::Csv } else { FileFormat::Parquet };
        Self {
            table: parts.table,
            format,
            profile: profile.filter(|_| format == FileFormat::Csv).map(str::to_owned),
            partition: parts.month.map(|month| month.to_string()),
            rows: facts.rows,
            bytes: facts.bytes,
            sha256: facts.sha256,
            min_date: facts.dates.and_then(|(min, _)| Day::from_days(min)),
            max_date: facts.dates.and_then(|(_, max)| Day::from_days(max)),
            control_totals: facts.control_totals,
            since,
            path,
        }
    }

    /// Whether two entries say the same of a file's content, wherever it lies and whoever wrote it.
    #[must_use]
    pub fn same_content(&self, other: &Self) -> bool {
        self.rows == other.rows && self.bytes == other.bytes && self.sha256 == other.sha256
    }
}

/// Rows of a table that changed against the parent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Changes {
    /// Rows whose key the parent does not have.
    pub inserted: u64,
    /// Rows whose key the parent has, with another content.
    pub updated: u64,
    /// Rows now marked deleted that were not.
    pub deleted: u64,
    /// Rows of the parent that are gone.
    pub vanished: u64,
}

/// The tables' entries: sums over the files, of published areas only. Rows and totals are those of Parquet, or of CSV
/// where there is no Parquet.
#[must_use]
pub fn table_entries(
    files: &[FileEntry],
    decimal: DecimalType,
    mut unknown_fields: BTreeMap<Table, BTreeMap<String, u64>>,
    mut issues: BTreeMap<Table, BTreeMap<String, u64>>,
) -> Vec<TableEntry> {
    let area_is = |file: &&FileEntry, area| file.path.parts().area == area;
    let counted =
        if files.iter().any(|file| area_is(&file, Area::Parquet)) { Area::Parquet } else { Area::Csv };
    let mut entry = |table: Table| {
        let schema = table.schema();
        let own = || files.iter().filter(move |file| file.table == Some(table));
        let mut totals = Totals::new(table, decimal);
        own().filter(|file| area_is(file, counted)).for_each(|file| totals.add_entries(&file.control_totals));
        let published = || own().filter(|file| !area_is(file, Area::State));
        TableEntry {
            name: table,
            schema: digest(&schema.fingerprint(decimal)),
            primary_key: schema.key.clone(),
            partition: schema.partition.as_ref().map(PartitionEntry::from),
            order: schema.order.clone(),
            rows: own().filter(|file| area_is(file, counted)).map(|file| file.rows).sum(),
            files: published().count() as u64,
            bytes: published().map(|file| file.bytes).sum(),
            control_totals: totals.entries(),
            unknown_fields: unknown_fields.remove(&table).unwrap_or_default(),
            issues: issues.remove(&table).unwrap_or_default(),
        }
    };
    Table::ALL.iter().map(|table| entry(*table)).collect()
}

/// A fingerprint's text as a digest: it is one by construction.
fn digest(fingerprint: &str) -> Sha256 {
    fingerprint.parse().unwrap_or_else(|_| Sha256::of(fingerprint.as_bytes()))
}
