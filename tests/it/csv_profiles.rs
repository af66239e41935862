//! Rows through each CSV profile, read back by Python's own module and compared with the same rows in Parquet.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use powens_export::encode::{CsvProfile, Format, TableShape, TableWriter};

use crate::support::{hostile_texts, readers};

/// Rows written at a time.
const BATCH: usize = 50_000;

fn shape(csv: CsvProfile) -> TableShape {
    let column = |name, kind| Field::new(name, kind, true);
    let schema = Schema::new(vec![
        column("id", DataType::Int64),
        column("date", DataType::Date32),
        column("value", DataType::Decimal128(28, 8)),
        column("wording", DataType::Utf8),
    ]);
    TableShape { schema: Arc::new(schema), sorted_by: vec!["id".to_owned()], csv }
}

/// Rows of every size of id and amount, most of them negative, and of every awkward text, also two in a row.
fn batch(from: usize, to: usize, texts: &[String]) -> RecordBatch {
    let mixed = |n: usize| (n as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let text = |n: usize| {
        let first = &texts[n % texts.len()];
        match n / texts.len() % 4 {
            0 => Some(first.clone()),
            1 => Some(format!("CB {first}")),
            2 => Some(format!("{first}{} ŒUVRE ★ \0", texts[mixed(n) as usize % texts.len()])),
            _ => None,
        }
    };
    let amount = |n: usize| {
        let size = i128::from(mixed(n) >> (n % 40)) * i128::from(n as u64 % 1_000 + 1);
        if n.is_multiple_of(3) { size } else { -size }
    };
    let columns: [ArrayRef; 4] = [
        Arc::new((from..to).map(|n| i64::try_from(mixed(n) >> (1 + n % 60)).ok()).collect::<Int64Array>()),
        Arc::new((from..to).map(|n| Some(n as i32 % 30_000)).collect::<Date32Array>()),
        Arc::new(
            (from..to)
                .map(|n| Some(amount(n)))
                .collect::<Decimal128Array>()
                .with_data_type(DataType::Decimal128(28, 8)),
        ),
        Arc::new((from..to).map(text).collect::<StringArray>()),
    ];
    RecordBatch::try_new(shape(CsvProfile::Iso).schema, columns.to_vec()).unwrap()
}

/// `POWENS_TEST_ROWS=1000000` makes it a million through each.
#[test]
fn rows_come_back_from_every_profile_by_another_reader() {
    let Some(python) = readers() else { return };
    let rows: usize =
        std::env::var("POWENS_TEST_ROWS").ok().and_then(|rows| rows.parse().ok()).unwrap_or(20_000);
    let (folder, texts) = (tempfile::tempdir().unwrap(), hostile_texts());
    let create = |name: &str, format, profile| {
        let path = folder.path().join(name);
        let file = Box::new(std::fs::File::create(&path).unwrap());
        TableWriter::new(file, &path, format, &shape(profile)).unwrap()
    };
    let mut parquet = create("rows.parquet", Format::Parquet, CsvProfile::Iso);
    let mut files = CsvProfile::ALL.map(|profile| create(profile.as_str(), Format::Csv, profile));
    for from in (0..rows).step_by(BATCH) {
        let batch = batch(from, rows.min(from + BATCH), &texts);
        parquet.write(&batch).unwrap();
        files.iter_mut().for_each(|file| file.write(&batch).unwrap());
    }
    parquet.close().unwrap();
    let mut check = Command::new(python);
    check
        .arg("-B")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readback/profiles.py"))
        .arg(folder.path());
    for (profile, file) in CsvProfile::ALL.into_iter().zip(files) {
        let marks = file.close().unwrap().marks;
        check.arg(format!("{profile}:{}:{}", marks.guarded, marks.replaced_characters));
    }
    let read = check.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(read.status.success(), "{}\n{}", text(&read.stdout), text(&read.stderr));
}
