//! A block: some rows of one table and month as one Arrow IPC message. The rows carry one column more than their
//! table has: the attempt that fetched them, so that rows of attempts that were never committed can be told apart.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, new_null_array};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, FieldRef, Int64Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileDecoder;
use arrow::ipc::writer::StreamWriter;
use arrow::ipc::{Block as IpcBlock, MetadataVersion};

use crate::model::DecimalType;
use crate::table::{Table, is_null};

use super::StageError;

const ATTEMPT: &str = "#attempt";

/// The checksum of blocks, key lists and indexes: it finds damage, it is no defence.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

/// The schema of a table's rows in the stage.
pub(super) fn staged_schema(table: Table, decimal: DecimalType) -> SchemaRef {
    let plain = table.schema().arrow(decimal);
    let mut fields: Vec<_> = plain.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(ATTEMPT, DataType::Int64, true)));
    Arc::new(Schema::new(fields))
}

/// The rows with the attempts that fetched them.
pub(super) fn with_attempts(
    schema: &SchemaRef,
    rows: &RecordBatch,
    attempts: Vec<i64>,
) -> Result<RecordBatch, ArrowError> {
    let mut columns = rows.columns().to_vec();
    columns.push(Arc::new(Int64Array::from(attempts)) as ArrayRef);
    RecordBatch::try_new(schema.clone(), columns)
}

/// The bytes that the rows themselves take, whatever buffers they are slices of. Columns without a value take none:
/// they are not written, and rows in memory share them.
pub(super) fn bytes_of(rows: &RecordBatch) -> usize {
    rows.columns().iter().filter(|column| !is_null(column)).map(slice_bytes).sum()
}

/// What a slice of a column takes, without a look at its values.
fn slice_bytes(column: &ArrayRef) -> usize {
    let rows = column.len();
    let nulls = column.nulls().map_or(0, |_| rows.div_ceil(8));
    let values = match (column.as_string_opt::<i32>(), column.data_type().primitive_width()) {
        (Some(texts), _) => {
            let bytes = texts.value_offsets().first().zip(texts.value_offsets().last());
            let bytes = bytes.and_then(|(first, last)| usize::try_from(last - first).ok());
            bytes.unwrap_or(0) + size_of::<i32>() * (rows + 1)
        }
        (None, Some(width)) => width * rows,
        // Booleans.
        (None, None) => rows.div_ceil(8),
    };
    values + nulls
}

/// Which columns of a block hold any value; the others are not written. No table has more than 63 columns, which a
/// test makes sure of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Filled(u64);

impl Filled {
    fn of(rows: &RecordBatch) -> Self {
        let places = rows.columns().iter().enumerate().filter(|(_, column)| !is_null(column));
        Self(places.fold(0, |bits, (place, _)| bits | 1 << place))
    }

    fn has(self, place: usize) -> bool {
        self.0 >> place & 1 == 1
    }

    fn places(self, schema: &SchemaRef) -> Vec<usize> {
        (0..schema.fields().len()).filter(|place| self.has(*place)).collect()
    }
}

/// Writes blocks of one table.
pub(super) struct BlockEncoder {
    schema: SchemaRef,
    /// One for each set of columns that was met: few.
    writers: BTreeMap<Filled, StreamWriter<Vec<u8>>>,
}

impl BlockEncoder {
    pub(super) fn new(schema: &SchemaRef) -> Self {
        Self { schema: schema.clone(), writers: BTreeMap::new() }
    }

    /// The message, and behind it which columns it has.
    pub(super) fn encode(&mut self, rows: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        let filled = Filled::of(rows);
        let places = filled.places(&self.schema);
        let writer = match self.writers.entry(filled) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let mut writer = StreamWriter::try_new(Vec::new(), &self.schema.project(&places)?)?;
                // The schema is known to every reader; it need not stand in each run.
                writer.get_mut().clear();
                new.insert(writer)
            }
        };
        writer.write(&rows.project(&places)?)?;
        let mut bytes = std::mem::take(writer.get_mut());
        bytes.extend_from_slice(&filled.0.to_le_bytes());
        Ok(bytes)
    }
}

/// The rows of a block whose checksum was found right.
pub(super) fn decode(schema: &SchemaRef, mut bytes: Vec<u8>) -> Result<RecordBatch, StageError> {
    let malformed = || ArrowError::IpcError("no record batch in a block".to_owned());
    let filled = Filled(u64::from_le_bytes(*bytes.last_chunk().ok_or_else(malformed)?));
    bytes.truncate(bytes.len() - size_of::<Filled>());
    // A message begins with a mark (4 bytes) and the length of its metadata (4 bytes).
    let metadata = bytes
        .get(4..8)
        .and_then(|length| length.try_into().ok())
        .and_then(|length| i32::from_le_bytes(length).checked_add(8))
        .filter(|length| (8..=bytes.len()).contains(&usize::try_from(*length).unwrap_or(0)))
        .ok_or_else(malformed)?;
    let body = bytes.len() - usize::try_from(metadata).unwrap_or(0);
    let place = IpcBlock::new(0, metadata, i64::try_from(body).unwrap_or(i64::MAX));
    let written = schema.project(&filled.places(schema))?;
    let decoder = FileDecoder::new(Arc::new(written), MetadataVersion::V5);
    let rows = decoder.read_record_batch(&place, &Buffer::from_vec(bytes))?.ok_or_else(malformed)?;
    let mut columns = rows.columns().iter();
    let column = |(place, field): (usize, &FieldRef)| match filled.has(place) {
        true => columns.next().cloned().ok_or_else(malformed),
        false => Ok(new_null_array(field.data_type(), rows.num_rows())),
    };
    let columns = schema.fields().iter().enumerate().map(column).collect::<Result<_, _>>()?;
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// The attempts of staged rows.
pub(super) fn attempts_of(rows: &RecordBatch) -> Option<&Int64Array> {
    rows.columns().last()?.as_primitive_opt::<Int64Type>()
}

/// The rows without their attempts.
pub(super) fn without_attempts(plain: &SchemaRef, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let mut columns = rows.columns().to_vec();
    columns.pop();
    RecordBatch::try_new(plain.clone(), columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_every_table_have_a_bit_each() {
        for table in Table::ALL {
            assert!(staged_schema(table, DecimalType::default()).fields().len() < 64, "{}", table.name());
        }
    }
}
