//! The finished stage, for the build to read.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::model::{DecimalType, UserId};
use crate::table::{Month, Table};

use super::ids::Ids;
use super::run::Run;
use super::view::{Attempts, Rows, View, merged, views};
use super::{Disk, StageError};

/// Rows that a reader hands out at a time: what the writers take at a time.
const BATCH_ROWS: usize = 8192;

/// A finished unit that is durable.
#[derive(Debug)]
pub(super) struct Committed<R> {
    pub(super) attempt: i64,
    pub(super) record: R,
}

/// The rows of the finished units, sorted, each key of a unit once. Reading changes nothing: several threads may
/// read at the same time.
#[derive(Debug)]
pub struct Staged<R> {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    decimal: DecimalType,
    views: Vec<Arc<View>>,
    units: BTreeMap<UserId, R>,
    /// Where the rows of each unit lie: its attempt and the places of its views.
    pieces: BTreeMap<UserId, (i64, Vec<usize>)>,
}

impl<R> Staged<R> {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        decimal: DecimalType,
        runs: impl IntoIterator<Item = Arc<Run>>,
        committed: BTreeMap<UserId, Committed<R>>,
    ) -> Result<Self, StageError> {
        let live: BTreeSet<i64> = committed.values().map(|unit| unit.attempt).collect();
        let views = views(runs, |attempt| live.contains(&attempt))?;
        let mut places: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (place, view) in views.iter().enumerate() {
            for attempt in view.live() {
                places.entry(attempt).or_default().push(place);
            }
        }
        let mut units = BTreeMap::new();
        let mut pieces = BTreeMap::new();
        for (user, Committed { attempt, record }) in committed {
            units.insert(user, record);
            pieces.insert(user, (attempt, places.remove(&attempt).unwrap_or_default()));
        }
        let views = views.into_iter().map(Arc::new).collect();
        Ok(Self { disk, folder, decimal, views, units, pieces })
    }

    /// The finished units.
    #[must_use]
    pub fn units(&self) -> &BTreeMap<UserId, R> {
        &self.units
    }

    /// The months that a partitioned table has rows of, ascending; none for other tables.
    ///
    /// # Errors
    /// When the stage cannot be read.
    pub fn months(&self, table: Table) -> Result<Vec<Month>, StageError> {
        let months: BTreeSet<Month> =
            self.views.iter().flat_map(|view| view.run.months(table)).flatten().collect();
        let mut found = Vec::with_capacity(months.len());
        for month in months {
            // Where every block of the month could hold dead rows only, one is looked for.
            let certain = self
                .views
                .iter()
                .any(|view| view.is_whole() && !view.run.blocks(table, Some(month)).is_empty());
            if certain || self.rows_in(table, Some(month)).next().transpose()?.is_some() {
                found.push(month);
            }
        }
        Ok(found)
    }

    /// The rows of a table, of one month or of all, in the table's order; of a table in months, month by month.
    /// Batches have at most 8,192 rows. Memory: one block of each run.
    #[must_use]
    pub fn rows_in(&self, table: Table, month: Option<Month>) -> Rows {
        let (views, decimal) = (self.views.clone(), self.decimal);
        let read = move |month| merged(&views, (table, month), decimal, Attempts::Dropped, BATCH_ROWS);
        if month.is_some() || table.schema().partition.is_none() {
            return read(month);
        }
        let months: BTreeSet<Option<Month>> =
            self.views.iter().flat_map(|view| view.run.months(table)).collect();
        Box::new(months.into_iter().flat_map(read))
    }

    /// The ids (the first column of the key) of the user's rows, ascending, each once: 8 bytes each.
    ///
    /// # Errors
    /// When the stage cannot be read.
    pub fn ids(&self, user: UserId, table: Table) -> Result<Vec<i64>, StageError> {
        let mut all = Ids::new(table);
        if let Some((attempt, places)) = self.pieces.get(&user) {
            for place in places {
                let ids = self.views[*place].ids(*attempt, table)?;
                all = if all.is_empty() { ids } else { all.union_and_common(&ids).0 };
            }
        }
        Ok(all.firsts())
    }

    /// How many rows of the table the user's unit has.
    #[must_use]
    pub fn rows_of(&self, user: UserId, table: Table) -> u64 {
        let Some((attempt, places)) = self.pieces.get(&user) else { return 0 };
        places.iter().map(|place| self.views[*place].count(*attempt, table)).sum()
    }

    /// Removes the stage, once what it held is published.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(self) -> Result<(), StageError> {
        drop(self.views);
        self.disk.remove_dir(&self.folder).map_err(StageError::disk("remove its folder"))
    }
}
