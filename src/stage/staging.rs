//! The stage of a run under way: takes rows, makes finished units durable.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};

use crate::model::{DecimalType, UserId};
use crate::table::{Issue, Table};

use super::compact::{choose, compact};
use super::journal::{Commit, Journal, Record};
use super::open::{Reusable, open};
use super::run::{self, Run, RunWriter};
use super::sort::write_rows;
use super::staged::{Committed, Staged};
use super::unit::Unit;
use super::{Disk, StageError, StageKey, StageOptions};

/// Durable work of the run under way. `R` is what the caller records of a finished unit.
///
/// Rows are held in memory until the buffer is full or a finished unit has waited long enough ([`Stage::tick`]);
/// then they are written as one sorted run, synced, and the units finished with them are entered in the journal,
/// which is synced too. Only then do they count.
#[derive(Debug)]
pub struct Stage<R> {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    decimal: DecimalType,
    options: StageOptions,
    schemas: BTreeMap<Table, SchemaRef>,
    journal: Journal,
    runs: BTreeMap<u64, Arc<Run>>,
    committed: BTreeMap<UserId, Committed<R>>,
    buffered: BTreeMap<UserId, Unit>,
    buffered_bytes: usize,
    /// When the first finished unit of the buffer was seen by [`Stage::tick`].
    waiting_since: Option<Instant>,
    last_attempt: i64,
    last_run: u64,
    poisoned: bool,
}

/// Which units are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    Finished,
    All,
}

impl<R: Serialize + DeserializeOwned + Clone> Stage<R> {
    /// Opens the stage in a folder (below the disk's root, its parent exists), which is created where it is missing.
    /// Returns it with the finished units of an earlier process that may be used again: those of this key and age
    /// all of whose rows are intact. They are part of the stage; [`Stage::discard`] those that are not wanted.
    /// Everything else in the folder is removed.
    ///
    /// # Errors
    /// When the disk refuses. Damage is no error: what is damaged is not reusable.
    pub fn open(
        disk: Arc<dyn Disk>,
        folder: &Path,
        key: &StageKey,
        options: StageOptions,
        now: Timestamp,
    ) -> Result<(Self, BTreeMap<UserId, R>), StageError> {
        let age = i64::try_from(options.max_age.as_micros()).unwrap_or(i64::MAX);
        let now = now.as_microsecond();
        let ages = now.saturating_sub(age)..=now.saturating_add(age);
        let Reusable { runs, commits, next_journal, last_attempt, last_run } =
            open(&*disk, folder, key, ages)?;
        let committed: BTreeMap<UserId, Committed<R>> = commits
            .into_iter()
            .filter_map(|(user, Commit { attempt, record, .. })| {
                let record = serde_json::from_str(record.get()).ok()?;
                Some((user, Committed { attempt, record }))
            })
            .collect();
        let journal = Journal::create(&*disk, folder, next_journal, key)?;
        let reusable = committed.iter().map(|(user, unit)| (*user, unit.record.clone())).collect();
        let schemas = Table::ALL.map(|table| (table, table.schema().arrow(key.decimal)));
        let stage = Self {
            disk,
            folder: folder.to_owned(),
            decimal: key.decimal,
            options,
            schemas: schemas.into(),
            journal,
            runs,
            committed,
            buffered: BTreeMap::new(),
            buffered_bytes: 0,
            waiting_since: None,
            last_attempt,
            last_run,
            poisoned: false,
        };
        Ok((stage, reusable))
    }

    /// Adds rows of a user, and what did not fit in them. Within a unit the later row wins for an equal key, and
    /// issues leave with their row. The first rows after [`Stage::commit`] begin the unit anew; until it is
    /// committed again, the earlier one counts.
    ///
    /// # Errors
    /// When the columns are not the table's, or the disk refuses.
    pub fn rows(
        &mut self,
        user: UserId,
        table: Table,
        rows: &RecordBatch,
        issues: &[Issue],
    ) -> Result<(), StageError> {
        self.usable()?;
        if table == Table::Issues || self.schemas.get(&table).is_none_or(|schema| *schema != rows.schema()) {
            return Err(StageError::Columns(table));
        }
        self.begin_anew(user)?;
        self.buffered_bytes += self.unit(user).push(table, rows, issues);
        if self.buffered_bytes < self.options.buffer_bytes {
            return Ok(());
        }
        let finished: usize =
            self.buffered.values().filter(|unit| unit.commit.is_some()).map(|unit| unit.bytes).sum();
        // Pieces of units under way are written only where that is what fills the buffer: a unit in one piece
        // has nothing to supersede.
        let which = if finished * 2 >= self.buffered_bytes { Which::Finished } else { Which::All };
        self.flush(which)
    }

    /// Notes that the user's unit is finished: all rows since its beginning count, once the group it belongs to is
    /// durable. `at` is the time by which its age is judged. A unit may have no rows at all.
    ///
    /// # Errors
    /// When the record cannot be written as JSON.
    pub fn commit(&mut self, user: UserId, record: &R, at: Timestamp) -> Result<(), StageError> {
        self.usable()?;
        self.begin_anew(user)?;
        let record = serde_json::value::to_raw_value(record)?;
        let unit = self.unit(user);
        let attempt = unit.attempt;
        unit.commit = Some(Commit { user, attempt, at: at.as_microsecond(), record });
        Ok(())
    }

    /// Drops the user's rows: of the unit under way, and of the finished one if there is one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn discard(&mut self, user: UserId) -> Result<(), StageError> {
        self.usable()?;
        if let Some(unit) = self.buffered.remove(&user) {
            self.buffered_bytes -= unit.bytes;
        }
        if self.committed.remove(&user).is_some() {
            self.append(&Record::Discarded { users: vec![user] })?;
        }
        Ok(())
    }

    /// Drops all rows: of units under way and of finished ones.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn discard_all(&mut self) -> Result<(), StageError> {
        self.usable()?;
        self.buffered.clear();
        self.buffered_bytes = 0;
        let users: Vec<UserId> = std::mem::take(&mut self.committed).into_keys().collect();
        if !users.is_empty() {
            self.append(&Record::Discarded { users })?;
        }
        Ok(())
    }

    /// Makes finished units durable that have waited for [`StageOptions::group_age`]. Call it from time to time
    /// with the monotonic clock's reading. Returns how long from `now` the next call may wait.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn tick(&mut self, now: Instant) -> Result<Duration, StageError> {
        self.usable()?;
        if self.buffered.values().all(|unit| unit.commit.is_none()) {
            self.waiting_since = None;
            return Ok(self.options.group_age);
        }
        let since = *self.waiting_since.get_or_insert(now);
        let waited = now.saturating_duration_since(since);
        if waited < self.options.group_age {
            return Ok(self.options.group_age - waited);
        }
        self.flush(Which::Finished)?;
        Ok(self.options.group_age)
    }

    /// Makes all finished units durable now: before the process ends, and keeps the stage for the next.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush_finished(&mut self) -> Result<(), StageError> {
        self.usable()?;
        self.flush(Which::Finished)
    }

    /// Makes all finished units durable and ends the stage's writing. Units under way are dropped.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(mut self) -> Result<Staged<R>, StageError> {
        self.flush_finished()?;
        Staged::new(self.disk, self.folder, self.decimal, self.runs.into_values(), self.committed)
    }

    fn usable(&self) -> Result<(), StageError> {
        if self.poisoned { Err(StageError::Poisoned) } else { Ok(()) }
    }

    /// The user's unit under way, begun where there is none.
    fn unit(&mut self, user: UserId) -> &mut Unit {
        self.buffered.entry(user).or_insert_with(|| {
            self.last_attempt += 1;
            Unit::new(self.last_attempt)
        })
    }

    /// Writes the user's finished unit, if it waits, before its rows mix with those of the next attempt.
    fn begin_anew(&mut self, user: UserId) -> Result<(), StageError> {
        match self.buffered.get(&user) {
            Some(unit) if unit.commit.is_some() => self.flush(Which::Finished),
            _ => Ok(()),
        }
    }

    fn flush(&mut self, which: Which) -> Result<(), StageError> {
        self.guarded(|stage| stage.write_group(which))?;
        self.guarded(Self::merge_smallest)
    }

    /// After an error it is unknown what reached the disk, so nothing more is done with it.
    fn guarded<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StageError>) -> Result<T, StageError> {
        self.poisoned = true;
        let done = act(self)?;
        self.poisoned = false;
        Ok(done)
    }

    fn append(&mut self, record: &Record) -> Result<(), StageError> {
        self.guarded(|stage| stage.journal.append(&*stage.disk, record))
    }

    /// One group: a run of the rows, then the commits in the journal.
    fn write_group(&mut self, which: Which) -> Result<(), StageError> {
        let mut units: Vec<(UserId, Unit)> = Vec::new();
        let mut commits: Vec<Commit> = Vec::new();
        let finished: Vec<UserId> =
            self.buffered.iter().filter_map(|(user, unit)| unit.commit.is_some().then_some(*user)).collect();
        for user in finished {
            if let Some(mut unit) = self.buffered.remove(&user) {
                commits.extend(unit.commit.take());
                units.push((user, unit));
            }
        }
        if which == Which::All {
            units.extend(self.buffered.iter_mut().map(|(user, unit)| (*user, unit.take_rows())));
        }
        self.waiting_since = None;
        self.buffered_bytes = self.buffered.values().map(|unit| unit.bytes).sum();
        units.retain(|(_, unit)| unit.has_rows());
        if units.is_empty() && commits.is_empty() {
            return Ok(());
        }
        let run = if units.is_empty() { None } else { Some(self.write_run(&units)?) };
        drop(units);
        let entry = run.as_ref().map(|run| run.entry.clone());
        let record = Record::Group { run: entry, commits };
        self.append(&record)?;
        if let Some(run) = run {
            self.runs.insert(run.entry.number, Arc::new(run));
        }
        let Record::Group { commits, .. } = record else { return Ok(()) };
        for Commit { user, attempt, record, .. } in commits {
            let record = serde_json::from_str(record.get())?;
            self.committed.insert(user, Committed { attempt, record });
        }
        Ok(())
    }

    fn write_run(&mut self, units: &[(UserId, Unit)]) -> Result<Run, StageError> {
        self.last_run += 1;
        let mut writer = RunWriter::create(&*self.disk, &self.folder, &self.options, self.last_run)?;
        write_rows(units, self.decimal, &self.options, self.last_run, &mut writer)?;
        writer.finish()
    }

    /// Keeps the number of runs bounded: each costs readers a block of memory and an open file.
    fn merge_smallest(&mut self) -> Result<(), StageError> {
        let from = choose(&self.runs, self.options.max_runs);
        if from.is_empty() {
            return Ok(());
        }
        self.last_run += 1;
        let live: BTreeSet<i64> = (self.committed.values().map(|unit| unit.attempt))
            .chain(self.buffered.values().map(|unit| unit.attempt))
            .collect();
        let live = |attempt: i64| live.contains(&attempt);
        let places = (from.as_slice(), self.last_run);
        let run = compact(&*self.disk, &self.folder, &self.options, self.decimal, &self.runs, places, live)?;
        self.append(&Record::Merged { run: run.entry.clone(), from: from.clone() })?;
        self.runs.insert(run.entry.number, Arc::new(run));
        for number in from {
            self.runs.remove(&number);
            let path = self.folder.join(run::file_name(number));
            self.disk.remove_file(&path).map_err(StageError::disk("remove a merged run"))?;
        }
        Ok(())
    }
}
