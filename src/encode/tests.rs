//! What the files promise: bytes that depend on rows alone, and values that come back.

use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;

use super::parquet_file::ROW_GROUP_ROWS;
use super::*;

fn shape() -> TableShape {
    shape_in(CsvProfile::Iso)
}

/// Files made on the spot, without a lake.
#[derive(Debug)]
struct Here;

impl NewFiles for Here {
    fn new_file(&self, path: &Path) -> std::io::Result<FileSink> {
        Ok(Box::new(std::fs::File::create_new(path)?))
    }
}

fn create(path: &Path, format: Format, shape: &TableShape) -> TableWriter {
    TableWriter::new(Here.new_file(path).unwrap(), path, format, shape).unwrap()
}

fn shape_in(csv: CsvProfile) -> TableShape {
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

/// The rows as they come back from a profile.
fn expected(rows: &[Row], profile: CsvProfile) -> RecordBatch {
    let back = |row: &Row| {
        let mut row = row.clone();
        row.5 = row.5.map(|text| reads_back_as(&text, profile).into_owned());
        row
    };
    batch(&rows.iter().map(back).collect::<Vec<_>>())
}

/// Writes rows in a profile, reads them back, compares; returns what was counted.
fn there_and_back(rows: &[Row], profile: CsvProfile) -> CsvMarks {
    let folder = tempfile::tempdir().unwrap();
    let (path, shape) = (folder.path().join("file"), shape_in(profile));
    let mut writer = create(&path, Format::Csv, &shape);
    writer.write(&batch(rows)).unwrap();
    let written = writer.close().unwrap();
    let reader = TableReader::open(&path, Format::Csv, &shape).unwrap();
    let read = concat_batches(&shape.schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap();
    assert_eq!(read, expected(rows, profile), "{profile}");
    written.marks
}

/// Rows whose texts are what banks, customers and attackers write, from a number.
fn awkward(count: usize, seed: u64) -> Vec<Row> {
    const TEXTS: [&str; 16] = [
        "CB CARREFOUR 22/11",
        "=1+1",
        "-12,50",
        "00123",
        "22 mai",
        "Œuvre — 5 €",
        "漢字 ★",
        "a;b,c\t\"d\"|e",
        "'",
        "",
        "\r\n=x",
        "\0",
        "＝1",
        "1E5",
        "line\nbreak",
        "PRÉLÈVEMENT",
    ];
    let row = |index: usize| -> Row {
        let mixed = (index as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let pick = |shift: u32| TEXTS[(mixed >> shift) as usize % TEXTS.len()];
        (
            Some((mixed >> (mixed % 60)) as i64),
            (!mixed.is_multiple_of(13))
                .then(|| (i128::from(mixed) - i128::from(u64::MAX / 2)) * i128::from(mixed % 1_000)),
            (!mixed.is_multiple_of(3)).then_some(mixed.is_multiple_of(2)),
            Some((mixed % 2_932_896) as i32),
            Some((mixed % 253_402_300_800_000_000) as i64),
            (!mixed.is_multiple_of(11))
                .then(|| format!("{}{}", pick(8), if mixed.is_multiple_of(2) { "" } else { pick(16) })),
        )
    };
    (0..count).map(row).collect()
}

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

/// `POWENS_TEST_ROWS=1000000` makes it a million of each.
#[test]
fn every_profile_gives_back_what_it_was_given() {
    let rows = std::env::var("POWENS_TEST_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(20_000);
    for profile in CsvProfile::ALL {
        let (mut total, mut done) = (CsvMarks::default(), 0);
        while done < rows {
            let count = 50_000.min(rows - done);
            total += there_and_back(&awkward(count, done as u64), profile);
            done += count;
        }
        assert_eq!(total.guarded > 0, profile.dialect().guard, "{profile}");
        assert_eq!(total.replaced_characters > 0, profile == CsvProfile::FrLegacy, "{profile}");
        assert!(total.replaced_nuls > 0);
    }
}

#[test]
fn a_spreadsheet_file_looks_like_this() {
    let folder = tempfile::tempdir().unwrap();
    let written = |profile: CsvProfile| {
        let path = folder.path().join(profile.as_str());
        let mut writer = create(&path, Format::Csv, &shape_in(profile));
        let rows = [
            (
                Some(1),
                Some(-1_250_000_000),
                Some(true),
                Some(20_779),
                Some(1_500_000),
                Some("=1+1 é;".to_owned()),
            ),
            (Some(1_000_000_000_000_000), None, None, None, None, None),
        ];
        writer.write(&batch(&rows)).unwrap();
        let written = writer.close().unwrap();
        assert_eq!(written.marks.guarded, 2 * u64::from(profile.dialect().guard));
        std::fs::read(&path).unwrap()
    };
    let french = "id;value;coming;date;last_update;last_update_utc;wording\r\n\
        1;-12,50;true;22/11/2026;01/01/1970 00:00:01,5;01/01/1970 00:00:01,5;\"'=1+1 é;\"\r\n\
        '1000000000000000;;;;;;\r\n";
    assert_eq!(written(CsvProfile::Fr), format!("\u{FEFF}{french}").into_bytes());
    let legacy: Vec<u8> = french.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(written(CsvProfile::FrLegacy), legacy);
    let american = String::from_utf8(written(CsvProfile::Us)).unwrap();
    assert!(american.contains("\r\n1,-12.50,true,11/22/2026,01/01/1970 00:00:01.5,"));
}

type Row = (Option<i64>, Option<i128>, Option<bool>, Option<i32>, Option<i64>, Option<String>);

fn batch(rows: &[Row]) -> RecordBatch {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
        Arc::new(
            rows.iter()
                .map(|row| row.1)
                .collect::<Decimal128Array>()
                .with_data_type(DataType::Decimal128(28, 8)),
        ),
        Arc::new(rows.iter().map(|row| row.2).collect::<BooleanArray>()),
        Arc::new(rows.iter().map(|row| row.3).collect::<Date32Array>()),
        Arc::new(rows.iter().map(|row| row.4).collect::<TimestampMicrosecondArray>()),
        Arc::new(rows.iter().map(|row| row.4).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Arc::new(rows.iter().map(|row| row.5.as_deref()).collect::<StringArray>()),
    ];
    RecordBatch::try_new(shape().schema, columns).unwrap()
}

/// Rows with long runs, nulls and texts of many lengths, from a number.
fn many(rows: usize) -> RecordBatch {
    let row = |index: usize| -> Row {
        let mixed = (index as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
        let some = |modulo: u64| !mixed.is_multiple_of(modulo);
        (
            Some(index as i64),
            some(7).then_some(i128::from(mixed)),
            some(3).then_some(mixed.is_multiple_of(2)),
            Some((index / 5_000) as i32),
            (index % 10_000 < 5_000).then_some(mixed as i64),
            some(11).then(|| format!("{mixed:x}").repeat((mixed % 9) as usize)),
        )
    };
    batch(&(0..rows).map(row).collect::<Vec<_>>())
}

fn write(path: &Path, format: Format, pieces: impl IntoIterator<Item = RecordBatch>) -> WrittenFile {
    let mut writer = create(path, format, &shape());
    for piece in pieces {
        writer.write(&piece).unwrap();
    }
    writer.close().unwrap()
}

fn read(path: &Path, format: Format) -> RecordBatch {
    let reader = TableReader::open(path, format, &shape()).unwrap();
    concat_batches(&shape().schema, &reader.collect::<Result<Vec<_>, _>>().unwrap()).unwrap()
}

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
fn row_groups_have_their_exact_size() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    write(&path, Format::Parquet, [many(2 * ROW_GROUP_ROWS + 1)]);
    let file = std::fs::File::open(&path).unwrap();
    let builder = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
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
    let builder = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let columns = builder.metadata().row_groups()[0].columns();
    let quoted = columns.iter().map(|c| c.statistics().is_some_and(|s| s.min_bytes_opt().is_some()));
    assert_eq!(quoted.collect::<Vec<_>>(), [true, true, false]);
    let indexed = columns.iter().map(|column| column.column_index_offset().is_some());
    assert_eq!(indexed.collect::<Vec<_>>(), [true, true, false]);
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
fn csv_texts_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let rows = [
        (Some(1), Some(-1_250_000_000), Some(true), Some(0), Some(1_500_000), Some(String::new())),
        (Some(2), None, None, None, None, None),
        (Some(3), Some(1), Some(false), Some(-1), Some(-1), Some("a,\"b\"\0".to_owned())),
    ];
    let written = write(&path, Format::Csv, [batch(&rows)]);
    assert_eq!(written.marks, CsvMarks { replaced_nuls: 1, ..CsvMarks::default() });
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "id,value,coming,date,last_update,last_update_utc,wording\n\
         1,-12.50,true,1970-01-01,1970-01-01 00:00:01.5,1970-01-01T00:00:01.5Z,\"\"\n\
         2,,,,,,\n\
         3,0.00000001,false,1969-12-31,1969-12-31 23:59:59.999999,1969-12-31T23:59:59.999999Z,\
         \"a,\"\"b\"\"\u{FFFD}\"\n"
    );
}

#[test]
fn csv_that_we_would_not_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let header = "id,value,coming,date,last_update,last_update_utc,wording\n";
    let fault = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let last = CsvReader::open(&path, &shape()).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
        match last {
            Err(EncodeError::Csv { record, what, .. }) => Some((record, what)),
            Ok(_) => None,
            Err(other) => panic!("{other}"),
        }
    };
    assert_eq!(fault(header), None);
    assert_eq!(fault("id,value\n"), Some((0, CsvFault::Header)));
    assert_eq!(fault(""), Some((0, CsvFault::Header)));
    let row = |cells: &str| format!("{header}1,,,,,,\n{cells}\n");
    assert_eq!(fault(&row("2,,,,,")), Some((2, CsvFault::Fields { found: 6, expected: 7 })));
    for (cells, column) in [
        ("01,,,,,,", "id"),
        ("+1,,,,,,", "id"),
        ("1,1.005e,,,,,", "value"),
        ("1,,True,,,,", "coming"),
        ("1,,,2026-02-30,,,", "date"),
        ("1,,,,2026-02-03 00:00:00Z,,", "last_update"),
        ("1,,,,,2026-02-03 00:00:00,", "last_update_utc"),
    ] {
        assert_eq!(fault(&row(cells)), Some((2, CsvFault::Value(column.to_owned()))), "{cells}");
    }
    std::fs::write(&path, [header.as_bytes(), b"1,,,,,,\xff\n"].concat()).unwrap();
    assert!(CsvReader::open(&path, &shape()).unwrap().next().unwrap().is_err());
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    /// What [`super`] promises: page, dictionary and row group decisions do not see how the rows arrived.
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
    fn values_come_back(rows in prop::collection::vec(
        (
            any::<Option<i64>>(),
            prop::option::of(-(10_i128.pow(28) - 1)..10_i128.pow(28)),
            any::<Option<bool>>(),
            prop::option::of(-719_162_i32..2_932_896),
            prop::option::of(-62_135_596_800_000_000_i64..253_402_300_800_000_000),
            prop::option::of("[^\0]*"),
        ), 0..50)) {
        let folder = tempfile::tempdir().unwrap();
        for format in [Format::Parquet, Format::Csv] {
            let path = folder.path().join(format.as_str());
            write(&path, format, [batch(&rows)]);
            prop_assert_eq!(read(&path, format), batch(&rows));
        }
    }

    #[test]
    fn any_text_comes_back_from_any_profile(texts in prop::collection::vec(
        prop::option::of(prop_oneof!["\\PC*", any::<String>(), "['=+@;,\"\t\r\n 0-9-]{0,6}"]), 1..40)) {
        let row = |text: &Option<String>| -> Row { (None, Some(-5), None, None, None, text.clone()) };
        let rows: Vec<Row> = texts.iter().map(row).collect();
        for profile in CsvProfile::ALL {
            there_and_back(&rows, profile);
        }
    }
}
