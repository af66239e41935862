//! What a build hands over.

use std::collections::BTreeMap;

use crate::lake::manifest::{Changes, FileEntry};
use crate::model::UserId;
use crate::table::Table;

use super::tally::RowCount;
use super::units::UnitRow;

/// A snapshot's files, unsynced, in the build folder; and what the manifest says of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// Every file, by path. Those whose `since` is another run are the parent's, linked or copied.
    pub files: Vec<FileEntry>,
    /// What changed against the parent; without one, everything is inserted.
    pub changes: BTreeMap<Table, Changes>,
    /// Rows per table, in the parent and in the new snapshot.
    pub counts: BTreeMap<Table, (RowCount, RowCount)>,
    /// What did not fit, by table and kind, as the `issues` table has it.
    pub issues: BTreeMap<Table, BTreeMap<String, u64>>,
    /// How every user ended, as in `state/units.parquet`.
    pub units: BTreeMap<UserId, UnitRow>,
    /// Earliest and latest `date` of the transactions (days since 1970-01-01).
    pub dates: Option<(i32, i32)>,
    /// NUL characters that CSV could not hold, in files written by this run.
    pub replaced_nuls: BTreeMap<Table, u64>,
}
