//! What changed against the parent, counted while rows stream by.

use std::collections::BTreeSet;

use crate::lake::manifest::Changes;

use super::column::Columns;
use super::judge::Fate;

/// Rows, of which some are marked deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowCount {
    /// Not marked deleted.
    pub live: u64,
    /// Marked deleted.
    pub deleted: u64,
}

impl RowCount {
    fn add(&mut self, columns: Columns<'_>) {
        let rows = columns.rows.num_rows() as u64;
        let live = columns.deleted().map_or(rows, |deleted| deleted.null_count() as u64);
        self.live += live;
        self.deleted += rows - live;
    }

    fn merge(&mut self, other: Self) {
        self.live += other.live;
        self.deleted += other.deleted;
    }

    /// All rows.
    #[must_use]
    pub const fn all(self) -> u64 {
        self.live + self.deleted
    }
}

/// The counts of one or several merges of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    before: RowCount,
    after: RowCount,
    /// Staged rows without a row of equal key in the parent: new, or moved here from elsewhere.
    arrived: u64,
    /// Rows of equal key and other content that are not newly deleted.
    updated: u64,
    deleted: u64,
    vanished: u64,
    /// The parent's rows that came again elsewhere.
    moved: u64,
    /// Ids of arrived rows that are marked deleted, and of moved rows that were not: the ids that both hold were
    /// deleted on the move.
    arrived_deleted: Vec<i64>,
    moved_live: Vec<i64>,
    /// Ids of rows that vanished.
    vanished_ids: Vec<i64>,
}

impl Tally {
    pub(super) fn before(&mut self, rows: Columns<'_>) {
        self.before.add(rows);
    }

    pub(super) fn after(&mut self, rows: Columns<'_>) {
        self.after.add(rows);
    }

    /// So many rows, none of them marked deleted, are as they were.
    pub(super) fn stay(&mut self, rows: u64) {
        self.before.live += rows;
        self.after.live += rows;
    }

    pub(super) fn arrived(&mut self, rows: Columns<'_>) {
        self.arrived += rows.rows.num_rows() as u64;
        let Some(deleted) = rows.deleted().filter(|deleted| deleted.null_count() < deleted.len()) else {
            return;
        };
        let ids = (0..deleted.len()).filter(|row| deleted.is_valid(*row)).filter_map(|row| rows.id(row));
        self.arrived_deleted.extend(ids);
    }

    pub(super) fn changed(&mut self, newly_deleted: bool) {
        if newly_deleted {
            self.deleted += 1;
        } else {
            self.updated += 1;
        }
    }

    pub(super) fn dropped(&mut self, rows: Columns<'_>, row: usize, fate: Fate) {
        match fate {
            Fate::Keep => {}
            Fate::Moved => {
                self.moved += 1;
                if rows.deleted().is_none_or(|deleted| deleted.is_null(row)) {
                    self.moved_live.extend(rows.id(row));
                }
            }
            Fate::Vanished => {
                self.vanished += 1;
                self.vanished_ids.extend(rows.id(row));
            }
        }
    }

    /// Whether the output is anything else than the parent's rows.
    pub(super) fn differs(&self) -> bool {
        self.arrived + self.updated + self.deleted + self.vanished + self.moved > 0
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.before.merge(other.before);
        self.after.merge(other.after);
        self.arrived += other.arrived;
        self.updated += other.updated;
        self.deleted += other.deleted;
        self.vanished += other.vanished;
        self.moved += other.moved;
        self.arrived_deleted.extend(other.arrived_deleted);
        self.moved_live.extend(other.moved_live);
        self.vanished_ids.extend(other.vanished_ids);
    }

    /// The rows of parent and new snapshot.
    pub(super) fn counts(&self) -> (RowCount, RowCount) {
        (self.before, self.after)
    }

    /// Ids of rows that vanished.
    pub(super) fn vanished_ids(&self) -> &[i64] {
        &self.vanished_ids
    }

    /// The changes of the whole table, once all its merges are in. A moved row counts as updated, or as deleted where
    /// it was marked so on the way.
    pub(super) fn changes(&self) -> Changes {
        let marked: BTreeSet<i64> = self.arrived_deleted.iter().copied().collect();
        let deleted_on_the_way = self.moved_live.iter().filter(|id| marked.contains(id)).count() as u64;
        Changes {
            inserted: self.arrived.saturating_sub(self.moved),
            updated: self.updated + (self.moved - deleted_on_the_way),
            deleted: self.deleted + deleted_on_the_way,
            vanished: self.vanished,
        }
    }
}
