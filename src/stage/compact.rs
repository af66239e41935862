//! Makes one run of several, without the rows that no longer count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::model::{DecimalType, UserId};
use crate::table::{Month, Table};

use super::ids::Ids;
use super::run::{Run, RunWriter};
use super::view::{Attempts, View, merged, views};
use super::{Disk, StageError, StageOptions};

/// The runs to merge: the smallest, as many as make room for a while.
pub(super) fn choose(runs: &BTreeMap<u64, Arc<Run>>, max_runs: usize) -> Vec<u64> {
    if runs.len() <= max_runs {
        return Vec::new();
    }
    let mut by_size: Vec<(u64, u64)> = runs.iter().map(|(number, run)| (run.bytes(), *number)).collect();
    by_size.sort_unstable();
    let excess = runs.len() - max_runs;
    let count = (excess + max_runs / 4 + 1).clamp(2, runs.len());
    by_size.into_iter().take(count).map(|(_, number)| number).collect()
}

/// Writes the run that takes the place of the runs `from`.
pub(super) fn compact(
    disk: &dyn Disk,
    folder: &Path,
    options: &StageOptions,
    decimal: DecimalType,
    runs: &BTreeMap<u64, Arc<Run>>,
    (from, number): (&[u64], u64),
    live: impl Fn(i64) -> bool,
) -> Result<Run, StageError> {
    // What is superseded is judged over all runs: a copy that a run outside the merge supersedes must not come
    // to stand after it.
    let chosen: Vec<Arc<View>> = views(runs.values().cloned(), live)?
        .into_iter()
        .filter(|view| from.contains(&view.run.entry.number))
        .map(Arc::new)
        .collect();
    let mut writer = RunWriter::create(disk, folder, options, number)?;
    for table in Table::ALL {
        let months: BTreeSet<Option<Month>> = chosen.iter().flat_map(|view| view.run.months(table)).collect();
        for month in months {
            for rows in merged(&chosen, (table, month), decimal, Attempts::Kept, options.block_rows) {
                writer.rows(table, month, &rows?)?;
            }
        }
    }
    for (attempt, (user, sequence)) in pieces(&chosen) {
        for table in Table::ALL {
            let mut all = Ids::new(table);
            for view in &chosen {
                all = all.union_and_common(&view.ids(attempt, table)?).0;
            }
            writer.ids((user, attempt, sequence), table, &all)?;
        }
    }
    writer.finish()
}

/// The live attempts, each with its user and the highest sequence of its pieces.
fn pieces(views: &[Arc<View>]) -> BTreeMap<i64, (UserId, u64)> {
    let mut pieces = BTreeMap::new();
    for view in views {
        for piece in view.live().filter_map(|attempt| view.run.pieces.get(&attempt)) {
            let known = pieces.entry(piece.attempt).or_insert((piece.user, piece.sequence));
            known.1 = known.1.max(piece.sequence);
        }
    }
    pieces
}
