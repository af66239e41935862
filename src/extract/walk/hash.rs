//! A row's content as one number, to tell "the same again" from "changed". Not for adversaries: for syncs.

use std::hash::{BuildHasherDefault, Hasher};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const NULL: u64 = 0x1319_8a2e_0370_7344;
const STEP: u64 = 0xa409_3822_299f_31d1;

/// One number per row, over all columns.
pub(super) fn row_hashes(rows: &RecordBatch) -> Vec<u64> {
    let mut hashes = vec![SEED; rows.num_rows()];
    for column in rows.columns() {
        add_column(&mut hashes, column);
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

fn add_column(hashes: &mut [u64], column: &ArrayRef) {
    match column.data_type() {
        DataType::Int64 => {
            add(hashes, column.as_primitive::<Int64Type>().iter().map(|v| v.map(i64::cast_unsigned)))
        }
        DataType::Date32 => add(
            hashes,
            column.as_primitive::<Date32Type>().iter().map(|v| v.map(|v| u64::from(v.cast_unsigned()))),
        ),
        DataType::Timestamp(..) => add(
            hashes,
            column.as_primitive::<TimestampMicrosecondType>().iter().map(|v| v.map(i64::cast_unsigned)),
        ),
        DataType::Decimal128(..) => {
            let words = column.as_primitive::<Decimal128Type>().iter();
            add(hashes, words.map(|v| v.map(|v| bytes_hash(&v.to_le_bytes()))));
        }
        DataType::Boolean => add(hashes, column.as_boolean().iter().map(|v| v.map(u64::from))),
        DataType::Utf8 => {
            add(hashes, column.as_string::<i32>().iter().map(|v| v.map(|v| bytes_hash(v.as_bytes()))))
        }
        // No table has another type; a column of one would count by its nulls.
        _ => add(hashes, (0..column.len()).map(|at| column.is_valid(at).then_some(1))),
    }
}

fn add(hashes: &mut [u64], values: impl Iterator<Item = Option<u64>>) {
    for (hash, value) in hashes.iter_mut().zip(values) {
        // A null and any value lead apart: the value is mixed once more.
        *hash = match value {
            None => mix(*hash, NULL),
            Some(value) => mix(hash.rotate_left(23), value),
        };
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
