//! The manifest itself.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::encode::{Sha256, WRITER_EPOCH};
use crate::lake::layout::RunId;
use crate::model::{DecimalType, Window};
use crate::table::Table;

use super::content::{Changes, FileEntry, TableEntry, table_entries};
use super::people::{AccountEntry, ApiRange, Attention, ConnectionEntry, Flag, Incomplete};
use super::text::{Day, UtcTime};

/// The version of the manifest's format. A key more, less or of another meaning is another version.
pub const MANIFEST_VERSION: u32 = 1;

/// The version of what the tables and columns mean (semantic versioning).
pub const CONTRACT_VERSION: &str = "1.0.0";

/// What a snapshot holds, how complete it is, and why not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format of this file.
    #[schemars(range(min = 1, max = 1))]
    pub manifest_version: u32,
    /// Version of the tables' meaning (semantic versioning).
    pub contract_version: String,
    /// Raised when the program writes the same rows as other bytes: then every file is rewritten.
    pub writer_epoch: u32,
    /// The type of every amount of the lake.
    pub decimal: Decimal,
    /// The program.
    pub tool: Tool,
    /// This run.
    pub run_id: RunId,
    /// The snapshot's place in the order of snapshots.
    #[schemars(range(min = 1))]
    pub sequence: u64,
    /// The snapshot that this one was built upon; null: none.
    pub parent: Option<Parent>,
    /// What kind of run it was.
    pub mode: Mode,
    /// Whether every user of the plan is here and proven.
    pub status: Status,
    /// When the run began.
    pub started_at: UtcTime,
    /// When the files were complete and read back.
    pub finished_at: UtcTime,
    /// When the first walk began; null: no user was walked.
    pub as_of: Option<UtcTime>,
    /// Where the data come from.
    pub source: Source,
    /// The dates asked for and found.
    pub window: WindowEntry,
    /// How many users ended how.
    pub users: UserCounts,
    /// Users' links to institutions; null when truncated: then the tables have them.
    pub connections: Option<Vec<ConnectionEntry>>,
    /// Accounts and what is held of each; null when truncated.
    pub accounts: Option<Vec<AccountEntry>>,
    /// More than 20,000 connections or accounts: both lists are null.
    pub truncated: bool,
    /// Per user walked in this run, the ranges that the API itself named; null beyond 20,000, or when truncated.
    pub api_ranges: Option<Vec<ApiRange>>,
    /// The tables, each with the sums over its files.
    pub tables: Vec<TableEntry>,
    /// Every file of the snapshot but this one.
    pub files: Vec<FileEntry>,
    /// Users and accounts that are not complete, and why.
    pub incomplete: Vec<Incomplete>,
    /// Connections and sources that need somebody.
    pub attention: Vec<Attention>,
    /// Rows that changed against the parent.
    pub changes: BTreeMap<Table, Changes>,
    /// What the run asked of the API.
    pub requests: Requests,
    /// Remarks about the run or a user that change nothing about completeness.
    pub flags: Vec<Flag>,
}

/// A decimal type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Decimal {
    /// Digits in all.
    #[schemars(range(min = 2, max = 38))]
    pub precision: u8,
    /// Digits after the point.
    #[schemars(range(min = 2, max = 38))]
    pub scale: u8,
}

impl Decimal {
    /// As the columns have it; `None` for a type that no lake has.
    #[must_use]
    pub const fn column(self) -> Option<DecimalType> {
        DecimalType::new(self.precision, self.scale)
    }
}

impl From<DecimalType> for Decimal {
    fn from(decimal: DecimalType) -> Self {
        Self { precision: decimal.precision(), scale: decimal.scale() }
    }
}

/// The program that wrote the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Tool {
    /// This program.
    fn default() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() }
    }
}

/// The snapshot before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its run.
    pub run_id: RunId,
    /// The digest of its manifest's bytes.
    pub sha256: Sha256,
}

/// What kind of run it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Every user was walked in full.
    Full,
    /// Users complete in the parent were asked for changes.
    Incremental,
    /// A date window was asked for.
    Backfill,
}

/// Whether anything is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every user of the plan is here and proven.
    Complete,
    /// Something is missing or old: `incomplete` names it.
    Partial,
}

impl Status {
    /// The status as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
        }
    }
}

/// Where the data come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The host of the API.
    pub host: String,
    /// The zone that naive datetimes are read in.
    pub time_zone: String,
}

/// The dates asked for and found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowEntry {
    /// First date asked for; null: open.
    pub from: Option<Day>,
    /// Last date asked for; null: open.
    pub to: Option<Day>,
    /// The transactions' field that the window speaks of: `date`.
    pub filter: String,
    /// Earliest and latest `date` of the transactions in the files; null: there is none.
    pub exported: Option<Exported>,
}

impl WindowEntry {
    /// The window asked for, and what the files hold.
    #[must_use]
    pub fn new(window: Window, exported: Option<Exported>) -> Self {
        Self {
            from: window.from().map(Day::new),
            to: window.to().map(Day::new),
            filter: "date".to_owned(),
            exported,
        }
    }

    /// The window asked for; `None` when it ends before it begins.
    #[must_use]
    pub fn window(&self) -> Option<Window> {
        Window::new(self.from.map(Day::get), self.to.map(Day::get)).ok()
    }
}

/// Earliest and latest date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// Earliest.
    pub min: Day,
    /// Latest.
    pub max: Day,
}

/// How many users ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserCounts {
    /// In the proven list.
    pub listed: u64,
    /// Fetched in this run and proven.
    pub complete: u64,
    /// Tried and failed: their rows are those of an earlier snapshot.
    pub carried: u64,
    /// Outside this run's plan: their rows are those of an earlier snapshot.
    pub kept: u64,
    /// Tried and failed, and no earlier snapshot has rows.
    pub failed: u64,
    /// Left the list; their rows left with them.
    pub gone: u64,
    /// Not asked for on purpose.
    pub skipped: u64,
}

/// What the run asked of the API.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Requests {
    /// Requests sent, retries included.
    pub total: u64,
    /// Requests sent, by endpoint.
    pub by_endpoint: BTreeMap<String, u64>,
    /// Requests sent again, by what made them necessary.
    pub retries: BTreeMap<String, u64>,
    /// Answers that said "too many requests".
    pub throttled: u64,
    /// Seconds that the run stood still because of them, or to keep its rate.
    pub seconds_waited: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Tokens minted that could not be revoked.
    pub tokens_left: u64,
}

/// The bytes are no manifest that this program knows.
#[derive(Debug, thiserror::Error)]
pub enum NotAManifest {
    /// Another version, newer or never written.
    #[error("manifest version {0} is not one that this program knows")]
    Version(u64),
    /// Not of its version's shape.
    #[error("not a manifest of version {MANIFEST_VERSION}: {0}")]
    Shape(#[from] serde_json::Error),
    /// Readable, but not byte for byte what this program writes of it.
    #[error("the manifest is not written as it should be: a key is missing, doubled or out of order")]
    Spelling,
}

#[derive(Deserialize)]
struct VersionOnly {
    manifest_version: u64,
}

impl Manifest {
    /// The bytes of `manifest.json`.
    ///
    /// # Errors
    /// Never for a manifest that fits in memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads `manifest.json`, strictly: every key of the version, no other, in the one spelling.
    ///
    /// # Errors
    /// When it is of another version, of no shape that we know, or spelled otherwise.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NotAManifest> {
        let version = serde_json::from_slice::<VersionOnly>(bytes)?.manifest_version;
        if version != u64::from(MANIFEST_VERSION) {
            return Err(NotAManifest::Version(version));
        }
        let manifest: Self = serde_json::from_slice(bytes)?;
        if manifest.to_bytes()? == bytes { Ok(manifest) } else { Err(NotAManifest::Spelling) }
    }

    /// Whether this program would write a table of these rows with the same columns and bytes.
    #[must_use]
    pub fn is_written_as_now(&self, table: Table, decimal: DecimalType) -> bool {
        let entry = self.tables.iter().find(|entry| entry.name == table);
        self.writer_epoch == WRITER_EPOCH
            && entry.is_some_and(|entry| entry.schema.to_string() == table.schema().fingerprint(decimal))
    }

    /// Tables whose files have other columns, keys or order than this program's: an earlier version wrote them. Their
    /// files can be read, and not merged with.
    #[must_use]
    pub fn foreign_tables(&self) -> Vec<Table> {
        let Some(decimal) = self.decimal.column() else { return Table::ALL.to_vec() };
        let ours = table_entries(&[], decimal, BTreeMap::new(), BTreeMap::new());
        let same = |table: &Table| {
            let of = |entries: &[TableEntry]| {
                let entry = entries.iter().find(|entry| entry.name == *table)?;
                Some((entry.schema, entry.primary_key.clone(), entry.partition.clone(), entry.order.clone()))
            };
            of(&self.tables) == of(&ours)
        };
        Table::ALL.into_iter().filter(|table| !same(table)).collect()
    }

    /// Earliest and latest `date` of the transactions, as the files' entries have them.
    #[must_use]
    pub fn exported(&self) -> Option<Exported> {
        let own = || self.files.iter().filter(|file| file.table == Some(Table::Transactions));
        let min = own().filter_map(|file| file.min_date).min()?;
        let max = own().filter_map(|file| file.max_date).max()?;
        Some(Exported { min, max })
    }

    /// Bytes of all its files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Rows of a table.
    #[must_use]
    pub fn rows(&self, table: Table) -> u64 {
        self.tables.iter().find(|entry| entry.name == table).map_or(0, |entry| entry.rows)
    }
}
