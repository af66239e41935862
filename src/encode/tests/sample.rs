//! A table of every type, rows for it, and files of them made on the spot.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::encode::{
    CsvProfile, FileSink, Format, NewFiles, TableReader, TableShape, TableWriter, WrittenFile,
};

pub(super) fn shape() -> TableShape {
    shape_in(CsvProfile::Iso)
}

pub(super) fn shape_in(csv: CsvProfile) -> TableShape {
    let schema = Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("value", DataType::Decimal128(28, 8), true),
        Field::new("coming", DataType::Boolean, true),
        Field::new("date", DataType::Date32, true),
        Field::new("last_update", DataType::Timestamp(TimeUnit::Microsecond, None), true),
        Field::new("last_update_utc", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        Field::new("wording", DataType::Utf8, true),
    ]);
    TableShape { schema: Arc::new(schema), sorted_by: vec!["id".to_owned()], csv }
}

/// Files made on the spot, without a lake.
#[derive(Debug)]
pub(super) struct Here;

impl NewFiles for Here {
    fn new_file(&self, path: &Path) -> std::io::Result<FileSink> {
        Ok(Box::new(std::fs::File::create_new(path)?))
    }
}

pub(super) fn create(path: &Path, format: Format, shape: &TableShape) -> TableWriter {
    TableWriter::new(Here.new_file(path).unwrap(), path, format, shape).unwrap()
}

/// A row of the table.
#[derive(Clone, Debug, Default)]
pub(super) struct Row {
    pub(super) id: Option<i64>,
    pub(super) value: Option<i128>,
    pub(super) coming: Option<bool>,
    pub(super) date: Option<i32>,
    /// Of `last_update` and `last_update_utc`, in microseconds since 1970.
    pub(super) updated: Option<i64>,
    pub(super) wording: Option<String>,
}

pub(super) fn batch(rows: &[Row]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.id).collect::<Int64Array>()),
        Arc::new(
            rows.iter()
                .map(|row| row.value)
                .collect::<Decimal128Array>()
                .with_data_type(DataType::Decimal128(28, 8)),
        ),
        Arc::new(rows.iter().map(|row| row.coming).collect::<BooleanArray>()),
        Arc::new(rows.iter().map(|row| row.date).collect::<Date32Array>()),
        Arc::new(rows.iter().map(|row| row.updated).collect::<TimestampMicrosecondArray>()),
        Arc::new(
            rows.iter().map(|row| row.updated).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
        ),
        Arc::new(rows.iter().map(|row| row.wording.as_deref()).collect::<StringArray>()),
    ];
    RecordBatch::try_new(shape().schema, columns).unwrap()
}

/// Rows with long runs, nulls and texts of many lengths, from a number.
pub(super) fn many(rows: usize) -> RecordBatch {
    let row = |index: usize| -> Row {
        let mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let some = |modulo: u64| !mixed.is_multiple_of(modulo);
        Row {
            id: Some(index as i64),
            value: some(7).then_some(i128::from(mixed)),
            coming: some(3).then_some(mixed.is_multiple_of(2)),
            date: Some((index / 5_000) as i32),
            updated: (index % 10_000 < 5_000).then_some(mixed as i64),
            wording: some(11).then(|| format!("{mixed:x}").repeat((mixed % 9) as usize)),
        }
    };
    batch(&(0..rows).map(row).collect::<Vec<_>>())
}

pub(super) fn write(
    path: &Path,
    format: Format,
    pieces: impl IntoIterator<Item = RecordBatch>,
) -> WrittenFile {
    let mut writer = create(path, format, &shape());
    for piece in pieces {
        writer.write(&piece).unwrap();
    }
    writer.close().unwrap()
}

pub(super) fn read(path: &Path, format: Format) -> RecordBatch {
    let reader = TableReader::open(path, format, &shape()).unwrap();
    concat_batches(&shape().schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap()
}
