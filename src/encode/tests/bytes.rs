//! Files of any format: their bytes depend on rows alone, and the rows come back.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use proptest::prelude::*;

use super::sample::{Here, Row, batch, create, many, read, shape, write};
use crate::encode::parquet_file::ROW_GROUP_ROWS;
use crate::encode::{EncodeError, Fingerprint, Format, PartWriter, TableReader, part_name};

/// The batch cut at these places, given as shares of its length; some pieces are copies, so that no slice offset and
/// no missing null buffer goes untested.
fn cut(all: &RecordBatch, at: &[usize]) -> Vec<RecordBatch> {
    let mut places: Vec<usize> = at.iter().map(|place| place % (all.num_rows() + 1)).collect();
    places.extend([0, all.num_rows()]);
    places.sort_unstable();
    let piece = |(index, pair): (usize, &[usize])| {
        let slice = all.slice(pair[0], pair[1] - pair[0]);
        if index % 2 == 0 { slice } else { concat_batches(all.schema_ref(), [&slice]).unwrap() }
    };
    places.windows(2).enumerate().map(piece).collect()
}

#[test]
fn a_fingerprint_is_that_of_the_bytes_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    for format in [Format::Parquet, Format::Csv] {
        let path = folder.path().join(part_name(0, format));
        let written = write(&path, format, [many(10_000)]);
        assert_eq!(Fingerprint::of_file(&path).unwrap(), written.fingerprint);
        assert_eq!(written.rows, 10_000);
        assert_eq!(read(&path, format), many(10_000));
    }
}

#[test]
fn a_file_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(part_name(0, Format::Csv)), "here first").unwrap();
    let mut parts = PartWriter::new(&Here, shape(), vec![(Format::Csv, folder.path().to_owned())]);
    assert!(matches!(parts.write(&many(1)), Err(EncodeError::Io { action: "create", .. })));
}

#[test]
fn a_batch_of_other_columns_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = create(&folder.path().join("file"), Format::Parquet, &shape());
    let narrow = many(1).project(&[0, 1]).unwrap();
    assert!(matches!(writer.write(&narrow), Err(EncodeError::Columns { column, .. }) if column == "coming"));
}

#[test]
fn an_empty_table_has_one_file_and_an_empty_partition_none() {
    let folder = tempfile::tempdir().unwrap();
    let folders = vec![(Format::Parquet, folder.path().to_owned()), (Format::Csv, folder.path().to_owned())];
    assert!(PartWriter::new(&Here, shape(), folders.clone()).close(false).unwrap().is_empty());
    let parts = PartWriter::new(&Here, shape(), folders).close(true).unwrap();
    assert_eq!(parts.len(), 1);
    for (format, file) in &parts[0].files {
        assert_eq!(file.rows, 0);
        assert_eq!(TableReader::open(&file.path, *format, &shape()).unwrap().count(), 0);
    }
}

fn any_row() -> impl Strategy<Value = Row> {
    let columns = (
        any::<Option<i64>>(),
        prop::option::of(-(10_i128.pow(28) - 1)..10_i128.pow(28)),
        any::<Option<bool>>(),
        prop::option::of(-719_162_i32..2_932_896),
        prop::option::of(-62_135_596_800_000_000_i64..253_402_300_800_000_000),
        prop::option::of("[^\0]*"),
    );
    columns.prop_map(|(id, value, coming, date, updated, wording)| Row {
        id,
        value,
        coming,
        date,
        updated,
        wording,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// What the room promises: page, dictionary and row group decisions do not see how the rows arrived.
    #[test]
    fn bytes_depend_on_rows_alone(
        rows in prop_oneof![0_usize..20_000, Just(ROW_GROUP_ROWS + 20_000)],
        cuts in prop::collection::vec(any::<usize>(), 0..40),
        fine in 0_usize..3_000,
    ) {
        let all = many(rows);
        let folder = tempfile::tempdir().unwrap();
        for format in [Format::Parquet, Format::Csv] {
            let name = |kind: &str| folder.path().join(format!("{kind}.{format}"));
            let whole = write(&name("whole"), format, [all.clone()]);
            let pieces = write(&name("pieces"), format, cut(&all, &cuts));
            // Many one-row pieces next to each other, as when two streams alternate.
            let singles: Vec<usize> = (fine..fine + 50).collect();
            let single = write(&name("single"), format, cut(&all, &singles));
            prop_assert_eq!(whole.fingerprint, pieces.fingerprint);
            prop_assert_eq!(whole.fingerprint, single.fingerprint);
        }
    }

    #[test]
    fn values_come_back(rows in prop::collection::vec(any_row(), 0..50)) {
        let folder = tempfile::tempdir().unwrap();
        for format in [Format::Parquet, Format::Csv] {
            let path = folder.path().join(format.as_str());
            write(&path, format, [batch(&rows)]);
            prop_assert_eq!(read(&path, format), batch(&rows));
        }
    }
}
