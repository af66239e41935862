//! Sorted sets of row keys, one or two numbers each, without a word of overhead.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};

use crate::table::Table;

use super::StageError;

/// The columns that name a row within its table; the second place is zero where one column is enough.
pub(super) type RowId = [i64; 2];

/// A sorted set of row keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ids {
    /// Numbers a key: 1 or 2.
    width: usize,
    flat: Vec<i64>,
}

/// How many numbers name a row of the table.
pub(super) fn width(table: Table) -> usize {
    table.schema().key.len().clamp(1, 2)
}

impl Ids {
    pub(super) fn new(table: Table) -> Self {
        Self { width: width(table), flat: Vec::new() }
    }

    /// Adds a key that is larger than all before.
    pub(super) fn push(&mut self, id: RowId) {
        self.flat.extend_from_slice(&id[..self.width]);
    }

    pub(super) fn len(&self) -> usize {
        self.flat.len() / self.width.max(1)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.flat.is_empty()
    }

    pub(super) fn get(&self, at: usize) -> RowId {
        match self.width {
            1 => [self.flat[at], 0],
            _ => [self.flat[2 * at], self.flat[2 * at + 1]],
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = RowId> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Where the first key that is not smaller stands.
    fn lower_bound(&self, id: &RowId) -> usize {
        let (mut from, mut to) = (0, self.len());
        while from < to {
            let middle = from.midpoint(to);
            if self.get(middle) < *id { from = middle + 1 } else { to = middle }
        }
        from
    }

    pub(super) fn contains(&self, id: &RowId) -> bool {
        let at = self.lower_bound(id);
        at < self.len() && self.get(at) == *id
    }

    /// Whether any key begins with this number.
    pub(super) fn contains_first(&self, first: i64) -> bool {
        let at = self.lower_bound(&[first, i64::MIN]);
        at < self.len() && self.get(at)[0] == first
    }

    /// The keys of both, and those of `self` that `other` has too.
    pub(super) fn union_and_common(&self, other: &Self) -> (Self, Self) {
        let mut union =
            Self { width: self.width, flat: Vec::with_capacity(self.flat.len() + other.flat.len()) };
        let mut common = Self { width: self.width, flat: Vec::new() };
        let (mut ours, mut theirs) = (self.iter().peekable(), other.iter().peekable());
        loop {
            match (ours.peek(), theirs.peek()) {
                (None, None) => return (union, common),
                (Some(a), Some(b)) if a == b => {
                    union.push(*a);
                    common.push(*a);
                    ours.next();
                    theirs.next();
                }
                (Some(a), b) if b.is_none_or(|b| a < b) => {
                    union.push(*a);
                    ours.next();
                }
                (_, b) => {
                    if let Some(b) = b {
                        union.push(*b);
                    }
                    theirs.next();
                }
            }
        }
    }

    /// The first numbers of the keys, ascending, each once.
    pub(super) fn firsts(&self) -> Vec<i64> {
        let mut firsts: Vec<i64> = self.iter().map(|id| id[0]).collect();
        firsts.dedup();
        firsts
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.flat.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    pub(super) fn from_bytes(table: Table, bytes: &[u8]) -> Self {
        let (numbers, _) = bytes.as_chunks::<8>();
        Self { width: width(table), flat: numbers.iter().map(|number| i64::from_le_bytes(*number)).collect() }
    }
}

/// The key of each row.
pub(super) fn row_ids(table: Table, rows: &RecordBatch) -> Result<Vec<RowId>, StageError> {
    let mut ids = vec![[0; 2]; rows.num_rows()];
    for (place, name) in table.schema().key.iter().enumerate() {
        let column = rows.column_by_name(name).ok_or(StageError::Columns(table))?;
        let mut fill = |values: &mut dyn Iterator<Item = Option<i64>>| {
            for (id, value) in ids.iter_mut().zip(values) {
                id[place] = value.unwrap_or(i64::MIN);
            }
        };
        match column.data_type() {
            DataType::Int64 if place < 2 => fill(&mut column.as_primitive::<Int64Type>().iter()),
            DataType::Date32 if place < 2 => {
                fill(&mut column.as_primitive::<Date32Type>().iter().map(|day| day.map(i64::from)));
            }
            _ => return Err(StageError::Columns(table)),
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn ids(table: Table, keys: &BTreeSet<RowId>) -> Ids {
        let mut ids = Ids::new(table);
        keys.iter().for_each(|key| ids.push(*key));
        ids
    }

    fn keys() -> impl Strategy<Value = BTreeSet<RowId>> {
        prop::collection::btree_set((0_i64..40, -3_i64..3).prop_map(|(a, b)| [a, b]), 0..40)
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(a in keys(), b in keys()) {
            let (union, common) = ids(Table::Balances, &a).union_and_common(&ids(Table::Balances, &b));
            prop_assert_eq!(&union, &ids(Table::Balances, &a.union(&b).copied().collect()));
            prop_assert_eq!(&common, &ids(Table::Balances, &a.intersection(&b).copied().collect()));
            for first in 0..40 {
                prop_assert_eq!(union.contains_first(first), a.iter().chain(&b).any(|key| key[0] == first));
                for second in -3..3 {
                    let key = [first, second];
                    prop_assert_eq!(union.contains(&key), a.contains(&key) || b.contains(&key));
                }
            }
            prop_assert_eq!(&Ids::from_bytes(Table::Balances, &union.to_bytes()), &union);
            let firsts: BTreeSet<i64> = a.iter().chain(&b).map(|key| key[0]).collect();
            prop_assert_eq!(union.firsts(), firsts.into_iter().collect::<Vec<_>>());
        }
    }
}
