//! A user's transactions, kept in the order the API serves them: newest `date` first, then by id.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::rows::Transaction;
use crate::sandbox::calendar::parse_day;

/// Where a row stands in the serving order.
pub(crate) type Place = (i32, i64);

/// The rows of one user.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    // Boxed: nodes of the tree are often half empty, and rows are large.
    rows: BTreeMap<Place, Box<Transaction>>,
    ranks: BTreeMap<i64, i32>,
    version: u64,
}

/// The rank of a `date`: newest first; a date that is null or impossible comes last.
pub(crate) fn rank(date: Option<&str>) -> i32 {
    date.and_then(parse_day).map_or(i32::MAX, |days| -days)
}

impl Ledger {
    /// The number of rows, deleted and coming ones included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The row with this id.
    #[must_use]
    pub fn get(&self, id: i64) -> Option<&Transaction> {
        self.rows.get(&(*self.ranks.get(&id)?, id)).map(|row| &**row)
    }

    /// All rows in serving order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Transaction> {
        self.rows.values().map(|row| &**row)
    }

    /// All ids, ascending.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = i64> {
        self.ranks.keys().copied()
    }

    /// A number that changes with every change.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The rows after a place (all of them for `None`).
    pub(crate) fn after(&self, place: Option<Place>) -> impl Iterator<Item = &Transaction> {
        let from = place.map_or(Bound::Unbounded, Bound::Excluded);
        self.rows.range((from, Bound::Unbounded)).map(|(_, row)| &**row)
    }

    /// Puts a row in; an earlier row with its id is replaced and returned.
    pub(crate) fn put(&mut self, row: Transaction) -> Option<Transaction> {
        let earlier = self.take(row.id);
        let rank = rank(row.date.as_deref());
        self.ranks.insert(row.id, rank);
        self.rows.insert((rank, row.id), Box::new(row));
        self.version += 1;
        earlier
    }

    /// Takes a row out.
    pub(crate) fn take(&mut self, id: i64) -> Option<Transaction> {
        let rank = self.ranks.remove(&id)?;
        self.version += 1;
        self.rows.remove(&(rank, id)).map(|row| *row)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, date: Option<&str>) -> Transaction {
        Transaction { id, date: date.map(Into::into), ..Transaction::default() }
    }

    #[test]
    fn newest_first_then_by_id_undated_last() {
        let mut ledger = Ledger::default();
        for (id, date) in [
            (3, Some("2026-01-01")),
            (1, Some("2026-01-02")),
            (2, Some("2026-01-01")),
            (9, None),
            (8, Some("2026-02-30")),
        ] {
            ledger.put(row(id, date));
        }
        assert_eq!(ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [1, 2, 3, 8, 9]);
        assert!(ledger.put(row(2, Some("2027-01-01"))).is_some());
        assert_eq!(ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [2, 1, 3, 8, 9]);
        assert_eq!(
            ledger.after(Some((rank(Some("2026-01-01")), 3))).map(|row| row.id).collect::<Vec<_>>(),
            [8, 9]
        );
        assert!(ledger.take(7).is_none());
        assert_eq!(ledger.len(), 5);
    }
}
