//! The transactions that a walk has brought so far: their ids, and what each row looked like.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::table::column::{number, when};

use super::hash::{IdHash, mix, row_hashes};

/// Bits of an entry that tell one `last_update` from another; the others tell one content from another.
const STAMP_BITS: u32 = 20;

/// Ids with a fingerprint of their rows. 16 bytes a row: the only memory of a walk that grows with the history.
#[derive(Debug, Default)]
pub(super) struct Held {
    rows: HashMap<i64, u64, IdHash>,
    digest: Digest,
    /// The first page, while it is the only one: most users have no other, and nothing to tell its rows from. Their
    /// fingerprints, a fiftieth of a run, are taken when somebody asks.
    first: Option<RecordBatch>,
}

/// What one page brought.
#[derive(Debug)]
pub(super) struct Admitted {
    /// The rows that were unknown or looked different: those that are worth passing on.
    pub fresh: RecordBatch,
    /// How many ids were unknown.
    pub unknown: usize,
    /// How many rows looked different from what was held.
    pub changed: usize,
    /// The rows that looked the same.
    pub same: Vec<i64>,
    /// Rows with another content under an equal `last_update`.
    pub conflicts: Vec<i64>,
}

impl Held {
    pub(super) fn len(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(super) fn holds(&self, id: i64) -> bool {
        self.rows.contains_key(&id)
    }

    /// The set of rows held, as one value.
    pub(super) fn digest(&self) -> Digest {
        let mut digest = self.digest;
        let unsettled = self.first.iter().flat_map(entries);
        unsettled.for_each(|(id, entry)| digest.add(id, entry));
        digest
    }

    /// Takes in a page: the later row of an id wins.
    pub(super) fn admit(&mut self, rows: &RecordBatch) -> Result<Admitted, ArrowError> {
        if self.is_first(rows) {
            let unknown = rows.num_rows();
            return Ok(Admitted {
                fresh: rows.clone(),
                unknown,
                changed: 0,
                same: vec![],
                conflicts: vec![],
            });
        }
        self.settle();
        let entries = entries(rows);
        // All at once: growing step by step cost a hundredth of a run.
        self.rows.reserve(entries.len());
        let mut keep = vec![false; entries.len()];
        let (mut unknown, mut changed) = (0, 0);
        let (mut same, mut conflicts) = (Vec::new(), Vec::new());
        for (at, (id, entry)) in entries.iter().enumerate() {
            match self.rows.insert(*id, *entry) {
                None => unknown += 1,
                Some(before) if before == *entry => {
                    same.push(*id);
                    continue;
                }
                Some(before) => {
                    changed += 1;
                    self.digest.remove(*id, before);
                    if same_stamp(before, *entry) {
                        conflicts.push(*id);
                    }
                    // The earlier row of this very page must not come after the one that wins.
                    for (earlier, keep) in keep[..at].iter_mut().enumerate() {
                        *keep &= entries[earlier].0 != *id;
                    }
                }
            }
            keep[at] = true;
            self.digest.add(*id, *entry);
        }
        let fresh = if keep.iter().all(|keep| *keep) {
            rows.clone()
        } else {
            filter_record_batch(rows, &BooleanArray::from(keep))?
        };
        Ok(Admitted { fresh, unknown, changed, same, conflicts })
    }

    /// Whether the page is the first and has no id twice; then it is held as it is.
    fn is_first(&mut self, rows: &RecordBatch) -> bool {
        let ids = match number(rows, "id") {
            Some(ids) if self.rows.is_empty() => ids.values(),
            _ => return false,
        };
        self.rows.reserve(ids.len());
        if !ids.iter().all(|id| self.rows.insert(*id, 0).is_none()) {
            self.rows.clear();
            return false;
        }
        self.first = Some(rows.clone());
        true
    }

    fn settle(&mut self) {
        let Some(rows) = self.first.take() else { return };
        for (id, entry) in entries(&rows) {
            self.rows.insert(id, entry);
            self.digest.add(id, entry);
        }
    }
}

/// The rows of one walk, without regard to what is held besides: to compare two walks in a row.
#[derive(Debug, Default)]
pub(super) struct WalkSet {
    seen: HashSet<i64, IdHash>,
    digest: Digest,
}

impl WalkSet {
    /// Takes in a page; how many of its rows this walk had not brought yet.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> usize {
        let mut new = 0;
        for (id, entry) in entries(rows) {
            if self.seen.insert(id) {
                new += 1;
                self.digest.add(id, entry);
            }
        }
        new
    }

    pub(super) fn len(&self) -> u64 {
        self.seen.len() as u64
    }

    pub(super) fn digest(&self) -> Digest {
        self.digest
    }
}

/// A set of rows as one value that does not depend on their order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Digest {
    count: u64,
    sum: u64,
    other_sum: u64,
}

impl Digest {
    fn add(&mut self, id: i64, entry: u64) {
        let (one, other) = Self::terms(id, entry);
        self.count += 1;
        self.sum = self.sum.wrapping_add(one);
        self.other_sum = self.other_sum.wrapping_add(other);
    }

    fn remove(&mut self, id: i64, entry: u64) {
        let (one, other) = Self::terms(id, entry);
        self.count -= 1;
        self.sum = self.sum.wrapping_sub(one);
        self.other_sum = self.other_sum.wrapping_sub(other);
    }

    fn terms(id: i64, entry: u64) -> (u64, u64) {
        let one = mix(id.cast_unsigned(), entry);
        (one, mix(one.rotate_left(32), id.cast_unsigned()))
    }
}

fn entries(rows: &RecordBatch) -> Vec<(i64, u64)> {
    let Some(ids) = number(rows, "id") else { return Vec::new() };
    let stamps = when(rows, "last_update");
    let stamp_of = |at: usize| match stamps {
        Some(stamps) if stamps.is_valid(at) => mix(stamps.value(at).cast_unsigned(), 1) >> (64 - STAMP_BITS),
        _ => 0,
    };
    let hashes = row_hashes(rows);
    ids.values()
        .iter()
        .zip(hashes)
        .enumerate()
        .map(|(at, (id, hash))| (*id, (hash << STAMP_BITS) | stamp_of(at)))
        .collect()
}

fn same_stamp(a: u64, b: u64) -> bool {
    (a ^ b).trailing_zeros() >= STAMP_BITS
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};

    use super::*;

    fn page(rows: &[(i64, i64, &str)]) -> RecordBatch {
        RecordBatch::try_from_iter([
            ("id", Arc::new(rows.iter().map(|row| Some(row.0)).collect::<Int64Array>()) as ArrayRef),
            (
                "last_update",
                Arc::new(rows.iter().map(|row| Some(row.1)).collect::<TimestampMicrosecondArray>()) as _,
            ),
            ("wording", Arc::new(rows.iter().map(|row| Some(row.2)).collect::<StringArray>()) as _),
        ])
        .unwrap()
    }

    fn wordings(rows: &RecordBatch) -> Vec<String> {
        crate::table::column::text(rows, "wording").unwrap().iter().flatten().map(str::to_owned).collect()
    }

    #[test]
    fn only_news_is_passed_on() {
        let mut held = Held::default();
        assert_eq!(held.admit(&page(&[(1, 10, "a"), (2, 10, "b")])).unwrap().unknown, 2);
        let again = held.admit(&page(&[(2, 11, "c"), (1, 10, "a"), (3, 10, "d")])).unwrap();
        assert_eq!((again.unknown, again.changed, again.same), (1, 1, vec![1]));
        assert_eq!(wordings(&again.fresh), ["c", "d"]);
        assert!(again.conflicts.is_empty());
        let third = held.admit(&page(&[(2, 11, "c")])).unwrap();
        assert_eq!((third.unknown, third.changed, third.fresh.num_rows()), (0, 0, 0));
    }

    #[test]
    fn other_content_under_the_same_stamp_is_a_conflict_and_the_later_row_wins() {
        let mut held = Held::default();
        let admitted = held.admit(&page(&[(1, 10, "a"), (2, 5, "x"), (1, 10, "b")])).unwrap();
        assert_eq!(admitted.conflicts, [1]);
        assert_eq!(wordings(&admitted.fresh), ["x", "b"]);
        assert_eq!(held.len(), 2);
    }

    #[test]
    fn equal_sets_have_equal_digests_whatever_the_order() {
        let mut one = Held::default();
        one.admit(&page(&[(1, 10, "a"), (2, 10, "b")])).unwrap();
        one.admit(&page(&[(1, 11, "c")])).unwrap();
        let mut other = WalkSet::default();
        assert_eq!(other.add(&page(&[(2, 10, "b"), (1, 11, "c"), (2, 10, "b")])), 2);
        assert_eq!(one.digest(), other.digest());
        let mut third = WalkSet::default();
        third.add(&page(&[(2, 10, "b"), (1, 11, "d")]));
        assert_ne!(one.digest(), third.digest());
    }
}
