//! Parquet: row groups, statistics, columns alone.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::sample::{create, many, write};
use crate::encode::parquet_file::ROW_GROUP_ROWS;
use crate::encode::{CsvProfile, Format, ParquetReader, TableShape};

#[test]
fn a_footer_tells_whether_a_column_is_ever_null() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("some.parquet");
    let ids = Int64Array::from(vec![1, 2]);
    let texts = StringArray::from(vec![Some("a"), None]);
    let columns: [(&str, ArrayRef); 2] = [("id", Arc::new(ids)), ("text", Arc::new(texts))];
    let rows =
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, values)| (name, values, true))).unwrap();
    let shape = TableShape { schema: rows.schema(), sorted_by: vec!["id".to_owned()], csv: CsvProfile::Iso };
    let mut writer = create(&path, Format::Parquet, &shape);
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    assert!(ParquetReader::is_never_null(&path, "id").unwrap());
    assert!(!ParquetReader::is_never_null(&path, "text").unwrap());
    assert!(ParquetReader::is_never_null(&path, "other").is_err());
}

#[test]
fn row_groups_have_their_exact_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, Format::Parquet, [many(2 * ROW_GROUP_ROWS + 1)]);
    let file = std::fs::File::open(&path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let groups: Vec<_> = builder.metadata().row_groups().iter().map(|group| group.num_rows()).collect();
    assert_eq!(groups, [122_880, 122_880, 1]);
    let group = &builder.metadata().row_groups()[0];
    let sorting = group.sorting_columns().unwrap();
    assert_eq!((sorting[0].column_idx, sorting[0].descending, sorting[0].nulls_first), (0, false, true));
    assert_eq!(builder.metadata().file_metadata().created_by(), Some("powens-export"));
    assert!(group.columns().iter().all(|column| column.bloom_filter_offset().is_none()));
}

#[test]
fn statistics_quote_no_text_but_those_that_rows_are_sorted_by() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let ids = Int64Array::from(vec![1, 2]);
    let texts = || Arc::new(StringArray::from(vec!["a", "b"])) as ArrayRef;
    let rows = RecordBatch::try_from_iter([
        ("id", Arc::new(ids) as ArrayRef),
        ("key", texts()),
        ("wording", texts()),
    ])
    .unwrap();
    let shape = TableShape { schema: rows.schema(), sorted_by: vec!["key".to_owned()], csv: CsvProfile::Iso };
    let mut writer = create(&path, Format::Parquet, &shape);
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let columns = builder.metadata().row_groups()[0].columns();
    let quoted = columns.iter().map(|c| c.statistics().is_some_and(|s| s.min_bytes_opt().is_some()));
    assert_eq!(quoted.collect::<Vec<_>>(), [true, true, false]);
    let indexed = columns.iter().map(|column| column.column_index_offset().is_some());
    assert_eq!(indexed.collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn columns_can_be_read_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, Format::Parquet, [many(100)]);
    let reader = ParquetReader::open(&path, Some(&["date", "id"])).unwrap();
    assert_eq!(reader.rows(), 100);
    let batch = reader.map(Result::unwrap).next().unwrap();
    assert_eq!(batch, many(100).project(&[0, 3]).unwrap());
    assert!(ParquetReader::open(&path, Some(&["other"])).is_err());
}
