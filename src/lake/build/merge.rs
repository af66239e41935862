//! The rows that a table or partition will have: the staged ones, and those of the parent that stay.
//!
//! Both sides come in the table's order. A staged row takes the place of the parent's row of equal key; a parent's row
//! that no staged row replaces has the [`Fate`] that the table gives it. Rows leave as slices of the batches that they
//! came in: nothing is copied here.

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::and;
use arrow::compute::kernels::cmp::not_distinct;

use crate::stage::merge::gallop;
use crate::table::Table;

use super::BuildError;
use super::column::Columns;
use super::judge::{Fate, Fates, Judge};
use super::key::Key;
use super::tally::Tally;

/// A stream of a table's rows in its order.
pub(super) type Rows<'a> = Box<dyn Iterator<Item = Result<RecordBatch, BuildError>> + Send + 'a>;

/// A stream of one batch.
pub(super) fn one<'a>(rows: RecordBatch) -> Rows<'a> {
    Box::new(std::iter::once(Ok(rows)))
}

/// A stream of nothing.
pub(super) fn none<'a>() -> Rows<'a> {
    Box::new(std::iter::empty())
}

/// What a side of a merge has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loaded {
    /// No row is left.
    Nothing,
    /// Rows of the batch that was there before.
    AtHand,
    /// Rows of a batch that was just read.
    Fresh,
}

/// One side of a merge: a stream, its batch at hand, and how far that is used up.
struct Side<'a, K> {
    rows: std::iter::Fuse<Rows<'a>>,
    batch: Option<RecordBatch>,
    keys: Vec<K>,
    at: usize,
    last: Option<K>,
}

impl<'a, K: Key> Side<'a, K> {
    fn new(rows: Rows<'a>) -> Self {
        Self { rows: rows.fuse(), batch: None, keys: Vec::new(), at: 0, last: None }
    }

    /// Sees to it that there is a row at hand.
    fn load(&mut self, table: Table) -> Result<Loaded, BuildError> {
        if self.at < self.keys.len() {
            return Ok(Loaded::AtHand);
        }
        self.last = self.keys.pop().or_else(|| self.last.take());
        self.batch = None;
        self.keys.clear();
        self.at = 0;
        for batch in self.rows.by_ref() {
            let batch = batch?;
            if batch.num_rows() == 0 {
                continue;
            }
            let keys = K::of(table, &batch)?;
            let follows = self.last.as_ref().is_none_or(|last| *last < keys[0]);
            if !follows || !keys.is_sorted_by(|a, b| a < b) {
                return Err(BuildError::Unsorted(table));
            }
            (self.batch, self.keys) = (Some(batch), keys);
            return Ok(Loaded::Fresh);
        }
        Ok(Loaded::Nothing)
    }

    fn key(&self) -> &K {
        &self.keys[self.at]
    }

    fn left(&self) -> usize {
        self.keys.len() - self.at
    }

    /// How many of the rows at hand lie before `bound`.
    fn before(&self, bound: &K) -> usize {
        gallop(&self.keys[self.at..], bound)
    }

    /// The next rows, which are then used up.
    fn take(&mut self, rows: usize) -> Option<RecordBatch> {
        let slice = self.batch.as_ref()?.slice(self.at, rows);
        self.at += rows;
        Some(slice)
    }
}

/// The merged stream, and what it counted so far.
pub(super) struct Merge<'a, K> {
    table: Table,
    staged: Side<'a, K>,
    parent: Side<'a, K>,
    fates: Fates,
    judge: &'a dyn Judge,
    tally: Tally,
}

impl<'a, K: Key> Merge<'a, K> {
    pub(super) fn new(table: Table, staged: Rows<'a>, parent: Rows<'a>, judge: &'a dyn Judge) -> Self {
        Self {
            table,
            staged: Side::new(staged),
            parent: Side::new(parent),
            fates: Fates::All(Fate::Keep),
            judge,
            tally: Tally::default(),
        }
    }

    /// What was counted so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// What was counted in all.
    pub(super) fn into_tally(self) -> Tally {
        self.tally
    }

    fn step(&mut self) -> Result<Option<RecordBatch>, BuildError> {
        loop {
            let staged = self.staged.load(self.table)? != Loaded::Nothing;
            let parent = self.parent.load(self.table)?;
            if parent == Loaded::Fresh {
                self.judge_parent()?;
            }
            match (staged, parent != Loaded::Nothing) {
                (false, false) => return Ok(None),
                (true, false) => return Ok(self.arrive(self.staged.left())),
                (false, true) => {
                    if let Some(rows) = self.pass(self.parent.left())? {
                        return Ok(Some(rows));
                    }
                }
                (true, true) => match self.staged.key().cmp(self.parent.key()) {
                    std::cmp::Ordering::Less => {
                        let rows = self.staged.before(self.parent.key());
                        return Ok(self.arrive(rows));
                    }
                    std::cmp::Ordering::Greater => {
                        let rows = self.parent.before(self.staged.key());
                        if let Some(rows) = self.pass(rows)? {
                            return Ok(Some(rows));
                        }
                    }
                    std::cmp::Ordering::Equal => return self.replace(),
                },
            }
        }
    }

    fn judge_parent(&mut self) -> Result<(), BuildError> {
        let Some(batch) = &self.parent.batch else { return Ok(()) };
        self.tally.before(Columns::of(self.table, batch));
        self.fates = self.judge.fates(batch)?;
        Ok(())
    }

    /// Staged rows that stand where the parent has none.
    fn arrive(&mut self, rows: usize) -> Option<RecordBatch> {
        let slice = self.staged.take(rows)?;
        self.tally.arrived(Columns::of(self.table, &slice));
        self.tally.after(Columns::of(self.table, &slice));
        Some(slice)
    }

    /// The first stretch of the parent's next rows that stays; the dropped rows before it are counted.
    fn pass(&mut self, rows: usize) -> Result<Option<RecordBatch>, BuildError> {
        let start = self.parent.at;
        let end = start + rows;
        let first = (start..end).find(|row| self.fates.of(*row) == Fate::Keep).unwrap_or(end);
        if let Some(batch) = &self.parent.batch {
            let columns = Columns::of(self.table, batch);
            for row in start..first {
                self.tally.dropped(columns, row, self.fates.of(row));
            }
        }
        self.parent.at = first;
        let kept = match &self.fates {
            Fates::All(_) => end - first,
            Fates::Each(fates) => fates[first..end].iter().take_while(|fate| **fate == Fate::Keep).count(),
        };
        if kept == 0 {
            return Ok(None);
        }
        let Some(slice) = self.parent.take(kept) else { return Ok(None) };
        let slice = match self.judge.revise(&slice)? {
            None => slice,
            Some(revised) => {
                self.compare(&slice, &revised)?;
                revised
            }
        };
        self.tally.after(Columns::of(self.table, &slice));
        Ok(Some(slice))
    }

    /// Staged rows that stand where the parent has rows of equal keys.
    fn replace(&mut self) -> Result<Option<RecordBatch>, BuildError> {
        let (staged, parent) = (&self.staged.keys[self.staged.at..], &self.parent.keys[self.parent.at..]);
        let equal = staged.iter().zip(parent).take_while(|(a, b)| a == b).count();
        let (Some(new), Some(old)) = (self.staged.take(equal), self.parent.take(equal)) else {
            return Ok(None);
        };
        self.compare(&old, &new)?;
        self.tally.after(Columns::of(self.table, &new));
        Ok(Some(new))
    }

    /// Counts the rows that differ, pair by pair.
    fn compare(&mut self, old: &RecordBatch, new: &RecordBatch) -> Result<(), BuildError> {
        let Some(same) = same_rows(self.table, old, new)? else { return Ok(()) };
        let deleted = (Columns::of(self.table, old).deleted(), Columns::of(self.table, new).deleted());
        for row in (0..same.len()).filter(|row| !same.value(*row)) {
            let newly = matches!(deleted, (Some(old), Some(new)) if old.is_null(row) && new.is_valid(row));
            self.tally.changed(newly);
        }
        Ok(())
    }
}

/// Which pairs of rows hold the same values; `None` when all do.
fn same_rows(table: Table, old: &RecordBatch, new: &RecordBatch) -> Result<Option<BooleanArray>, BuildError> {
    let mut same: Option<BooleanArray> = None;
    for (old, new) in old.columns().iter().zip(new.columns()) {
        // Most columns are equal as a whole, which is cheaper to find out.
        if old.as_ref() == new.as_ref() {
            continue;
        }
        let equal = not_distinct(old, new).map_err(BuildError::rows(table))?;
        same = Some(match same {
            None => equal,
            Some(same) => and(&same, &equal).map_err(BuildError::rows(table))?,
        });
    }
    Ok(same.filter(|same| same.true_count() < same.len()))
}

impl<K: Key> Iterator for Merge<'_, K> {
    type Item = Result<RecordBatch, BuildError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}
