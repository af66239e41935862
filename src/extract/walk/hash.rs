//! A row's content as one number, to tell "the same again" from "changed". Not for adversaries: for syncs.

use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

use crate::table::is_null;

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const STEP: u64 = 0xa409_3822_299f_31d1;

/// One number per row, over all columns: the sum of what each value adds. A null adds nothing, so that columns
/// without a value, which are most, cost nothing.
pub(in crate::extract) fn row_hashes(rows: &RecordBatch) -> Vec<u64> {
    let mut hashes = vec![SEED; rows.num_rows()];
    for (place, column) in rows.columns().iter().enumerate() {
        if !is_null(column) {
            add_column(&mut hashes, mix(place as u64, STEP), column);
        }
    }
    hashes
}

/// Mixes two words: the halves of their product.
pub(super) fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a ^ STEP) * u128::from(b ^ SEED);
    #[expect(clippy::cast_possible_truncation, reason = "the halves are what is meant")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    low ^ high
}

/// `salt` tells one column's values from another's.
fn add_column(hashes: &mut [u64], salt: u64, column: &ArrayRef) {
    let nulls = column.nulls();
    match column.data_type() {
        DataType::Int64 => {
            let values = column.as_primitive::<Int64Type>().values();
            add(hashes, salt, nulls, |row| values[row].cast_unsigned());
        }
        DataType::Date32 => {
            let values = column.as_primitive::<Date32Type>().values();
            add(hashes, salt, nulls, |row| u64::from(values[row].cast_unsigned()));
        }
        DataType::Timestamp(..) => {
            let values = column.as_primitive::<TimestampMicrosecondType>().values();
            add(hashes, salt, nulls, |row| values[row].cast_unsigned());
        }
        DataType::Decimal128(..) => {
            let values = column.as_primitive::<Decimal128Type>().values();
            add(hashes, salt, nulls, |row| bytes_hash(&values[row].to_le_bytes()));
        }
        DataType::Boolean => {
            let values = column.as_boolean();
            add(hashes, salt, nulls, |row| u64::from(values.value(row)));
        }
        DataType::Utf8 => {
            let values = column.as_string::<i32>();
            add(hashes, salt, nulls, |row| bytes_hash(values.value(row).as_bytes()));
        }
        // No table has another type; a column of one would count by its nulls.
        _ => add(hashes, salt, nulls, |_| 1),
    }
}

#[inline]
fn add(hashes: &mut [u64], salt: u64, nulls: Option<&NullBuffer>, value: impl Fn(usize) -> u64) {
    let one = |row: usize, hash: &mut u64| *hash = hash.wrapping_add(mix(value(row), salt));
    match nulls {
        Some(nulls) => nulls.valid_indices().for_each(|row| one(row, &mut hashes[row])),
        None => hashes.iter_mut().enumerate().for_each(|(row, hash)| one(row, hash)),
    }
}

fn bytes_hash(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let mut hash = words.iter().fold(bytes.len() as u64, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    if !rest.is_empty() {
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        hash = mix(hash, u64::from_le_bytes(last));
    }
    hash
}

/// A hasher for ids: one multiplication.
#[derive(Debug, Default)]
pub(super) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = mix(self.0, bytes_hash(bytes));
    }

    fn write_i64(&mut self, id: i64) {
        self.0 = mix(self.0, id.cast_unsigned());
    }
}

/// For maps keyed by ids.
pub(super) type IdHash = BuildHasherDefault<IdHasher>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_places_count() {
        let hashes =
            [&b""[..], b"\0", b"\0\0", b"a", b"a\0", b"aaaaaaaa", b"aaaaaaaa\0", b"b"].map(bytes_hash);
        for (at, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..at].contains(hash), "{at}");
        }
    }
}
