//! A snapshot's rows, read from its Parquet by key, each value as text.

use std::collections::BTreeMap;
use std::fs::File;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use powens_export::lake::Snapshot;
use powens_export::table::Table;

/// A row: the columns that are not null, by name.
pub(crate) type Row = BTreeMap<String, String>;

/// The rows of a table by key.
pub(crate) type Rows = BTreeMap<Vec<String>, Row>;

/// Reads a table.
pub(crate) fn rows(snapshot: &Snapshot, table: Table) -> Rows {
    let mut rows = Rows::new();
    for file in snapshot.parquet_files(table) {
        let file = File::open(file.path.under(&snapshot.folder)).unwrap();
        for batch in ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap() {
            let batch = batch.unwrap();
            let values: Vec<ArrayRef> = batch.columns().iter().map(without_zone).collect();
            let options = FormatOptions::new();
            let columns: Vec<_> = batch
                .schema_ref()
                .fields()
                .iter()
                .zip(&values)
                .map(|(field, values)| {
                    (field.name(), ArrayFormatter::try_new(values, &options).unwrap(), values)
                })
                .collect();
            for at in 0..batch.num_rows() {
                let there = columns.iter().filter(|(_, _, values)| values.is_valid(at));
                let row: Row =
                    there.map(|(name, text, _)| ((*name).clone(), text.value(at).to_string())).collect();
                let key = table.schema().key.iter().map(|name| row.get(name).cloned().unwrap_or_default());
                assert!(rows.insert(key.collect(), row).is_none(), "two rows of one key in {}", table.name());
            }
        }
    }
    rows
}

/// The formatter knows no zone by name; ours is UTC wherever there is one.
fn without_zone(values: &ArrayRef) -> ArrayRef {
    match values.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(instants) => std::sync::Arc::new(instants.clone().with_timezone_opt(None::<String>)),
        None => values.clone(),
    }
}
