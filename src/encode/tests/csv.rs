//! CSV: texts, and what each profile makes of them.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use proptest::prelude::*;

use super::sample::{Row, batch, create, shape, shape_in, write};
use crate::encode::{
    CsvFault, CsvMarks, CsvProfile, CsvReader, EncodeError, Format, TableReader, reads_back_as,
};

/// The rows as they come back from a profile.
fn expected(rows: &[Row], profile: CsvProfile) -> RecordBatch {
    let back = |row: &Row| {
        let mut row = row.clone();
        row.wording = row.wording.map(|text| reads_back_as(&text, profile).into_owned());
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
        Row {
            id: Some((mixed >> (mixed % 60)) as i64),
            value: (!mixed.is_multiple_of(13))
                .then(|| (i128::from(mixed) - i128::from(u64::MAX / 2)) * i128::from(mixed % 1_000)),
            coming: (!mixed.is_multiple_of(3)).then_some(mixed.is_multiple_of(2)),
            date: Some((mixed % 2_932_896) as i32),
            updated: Some((mixed % 253_402_300_800_000_000) as i64),
            wording: (!mixed.is_multiple_of(11))
                .then(|| format!("{}{}", pick(8), if mixed.is_multiple_of(2) { "" } else { pick(16) })),
        }
    };
    (0..count).map(row).collect()
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
            Row {
                id: Some(1),
                value: Some(-1_250_000_000),
                coming: Some(true),
                date: Some(20_779),
                updated: Some(1_500_000),
                wording: Some("=1+1 é;".to_owned()),
            },
            Row { id: Some(1_000_000_000_000_000), ..Row::default() },
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

#[test]
fn csv_texts_are_exact() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let rows = [
        Row {
            id: Some(1),
            value: Some(-1_250_000_000),
            coming: Some(true),
            date: Some(0),
            updated: Some(1_500_000),
            wording: Some(String::new()),
        },
        Row { id: Some(2), ..Row::default() },
        Row {
            id: Some(3),
            value: Some(1),
            coming: Some(false),
            date: Some(-1),
            updated: Some(-1),
            wording: Some("a,\"b\"\0".to_owned()),
        },
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn any_text_comes_back_from_any_profile(texts in prop::collection::vec(
        prop::option::of(prop_oneof!["\\PC*", any::<String>(), "['=+@;,\"\t\r\n 0-9-]{0,6}"]), 1..40)) {
        let row = |text: &Option<String>| Row { value: Some(-5), wording: text.clone(), ..Row::default() };
        let rows: Vec<Row> = texts.iter().map(row).collect();
        for profile in CsvProfile::ALL {
            there_and_back(&rows, profile);
        }
    }
}
