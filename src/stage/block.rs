//! A block: some rows of one table and month as one Arrow IPC message. The rows carry one column more than their
//! table has: the attempt that fetched them, so that rows of attempts that were never committed can be told apart.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch};
use arrow::buffer::Buffer;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileDecoder;
use arrow::ipc::writer::StreamWriter;
use arrow::ipc::{Block as IpcBlock, MetadataVersion};

use crate::model::DecimalType;
use crate::table::Table;

use super::StageError;

const ATTEMPT: &str = "#attempt";

/// The checksum of blocks, key lists and indexes: it finds damage, it is no defence.
pub(super) fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
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

/// The bytes that the rows themselves take, whatever buffers they are slices of.
pub(super) fn bytes_of(rows: &RecordBatch) -> usize {
    rows.columns().iter().map(|column| column.to_data().get_slice_memory_size().unwrap_or(0)).sum()
}

/// Writes blocks of one table.
pub(super) struct BlockEncoder {
    writer: StreamWriter<Vec<u8>>,
}

impl BlockEncoder {
    pub(super) fn new(schema: &SchemaRef) -> Result<Self, ArrowError> {
        let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
        // The schema is known to every reader; it need not stand in each run.
        writer.get_mut().clear();
        Ok(Self { writer })
    }

    pub(super) fn encode(&mut self, rows: &RecordBatch) -> Result<Vec<u8>, ArrowError> {
        self.writer.write(rows)?;
        Ok(std::mem::take(self.writer.get_mut()))
    }
}

/// The rows of a block whose checksum was found right.
pub(super) fn decode(schema: &SchemaRef, bytes: Vec<u8>) -> Result<RecordBatch, StageError> {
    let malformed = || ArrowError::IpcError("no record batch in a block".to_owned());
    // A message begins with a mark (4 bytes) and the length of its metadata (4 bytes).
    let metadata = bytes
        .get(4..8)
        .and_then(|length| length.try_into().ok())
        .and_then(|length| i32::from_le_bytes(length).checked_add(8))
        .filter(|length| (8..=bytes.len()).contains(&usize::try_from(*length).unwrap_or(0)))
        .ok_or_else(malformed)?;
    let body = bytes.len() - usize::try_from(metadata).unwrap_or(0);
    let place = IpcBlock::new(0, metadata, i64::try_from(body).unwrap_or(i64::MAX));
    let decoder = FileDecoder::new(schema.clone(), MetadataVersion::V5);
    Ok(decoder.read_record_batch(&place, &Buffer::from_vec(bytes))?.ok_or_else(malformed)?)
}

/// The rows without their attempts.
pub(super) fn without_attempts(plain: &SchemaRef, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let mut columns = rows.columns().to_vec();
    columns.pop();
    RecordBatch::try_new(plain.clone(), columns)
}
