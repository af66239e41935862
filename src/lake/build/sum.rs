//! The parts of a build, put together.

use std::collections::{BTreeMap, HashSet};

use crate::lake::manifest::FileEntry;
use crate::table::Table;

use super::built::Built;
use super::part::BuiltPart;
use super::tally::Tally;

/// What the parts built so far amount to; their order does not matter.
#[derive(Debug, Default)]
pub(super) struct Sum {
    files: Vec<FileEntry>,
    tallies: BTreeMap<Table, Tally>,
    replaced_nuls: BTreeMap<Table, u64>,
}

impl Sum {
    pub(super) fn add(&mut self, part: BuiltPart<()>) {
        self.files.extend(part.files);
        self.tallies.entry(part.table).or_default().merge(part.tally);
        if part.replaced_nuls > 0 {
            *self.replaced_nuls.entry(part.table).or_default() += part.replaced_nuls;
        }
    }

    pub(super) fn add_file(&mut self, file: FileEntry) {
        self.files.push(file);
    }

    /// Ids of rows of a table that are gone.
    pub(super) fn vanished(&self, table: Table) -> HashSet<i64> {
        self.tallies.get(&table).into_iter().flat_map(Tally::vanished_ids).copied().collect()
    }

    /// The whole.
    pub(super) fn finish(mut self, rest: Built) -> Built {
        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        Built {
            files: self.files,
            changes: self.tallies.iter().map(|(table, tally)| (*table, tally.changes())).collect(),
            counts: self.tallies.iter().map(|(table, tally)| (*table, tally.counts())).collect(),
            replaced_nuls: self.replaced_nuls,
            ..rest
        }
    }
}
