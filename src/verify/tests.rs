//! One kind of damage each, and the findings it must give: those and no others.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, take_record_batch};

use super::{Code, Report, verify};
use crate::lake::fixture::{self, Rows};
use crate::lake::layout::MANIFEST;
use crate::lake::manifest::{FileEntry, Manifest};
use crate::lake::{FILE_MODE, Latest, Snapshot, publish};
use crate::table::{Table, sort};

const NOVEMBER: &str = "parquet/transactions/month=2026-11/part-00000.parquet";
const NOVEMBER_CSV: &str = "csv/transactions/month=2026-11/part-00000.csv";

fn lake() -> (tempfile::TempDir, Snapshot) {
    let folder = tempfile::tempdir().unwrap();
    let snapshot = fixture::run(folder.path(), 1, 2, true);
    (folder, snapshot)
}

fn codes(report: &Report) -> BTreeSet<Code> {
    report.findings.iter().map(|finding| finding.code).collect()
}

/// Verifies, and compares the codes and the paths' ends.
fn expect(root: &Path, expected: &[(Code, &str)]) {
    let report = verify(root, None).unwrap();
    let found: BTreeSet<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(found, expected.iter().map(|(code, _)| *code).collect(), "{:#?}", report.findings);
    for (code, path) in expected {
        let named =
            report.findings.iter().any(|finding| finding.code == *code && finding.path.ends_with(path));
        assert!(named, "{code} at {path}: {:#?}", report.findings);
    }
}

fn writable(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o640)).unwrap();
}

fn overwrite(path: &Path, bytes: &[u8]) {
    writable(path);
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE)).unwrap();
}

/// Changes the manifest and makes `LATEST` agree, as a forger would.
fn forge(root: &Path, snapshot: &Snapshot, change: impl FnOnce(&mut Manifest)) {
    let mut manifest = snapshot.manifest.clone();
    change(&mut manifest);
    let bytes = manifest.to_bytes().unwrap();
    overwrite(&snapshot.folder.join(MANIFEST), &bytes);
    let sha256 = crate::encode::Sha256::of(&bytes);
    let latest = Latest { run_id: manifest.run_id, sequence: manifest.sequence, sha256 };
    overwrite(&root.join("LATEST"), &latest.to_bytes().unwrap());
}

fn entry<'a>(manifest: &'a mut Manifest, path: &str) -> &'a mut FileEntry {
    manifest.files.iter_mut().find(|file| file.path.as_str() == path).unwrap()
}

/// Publishes rows that a faulty build could have made: the manifest agrees with the files, and both are wrong.
fn publish_wrong(change: impl FnOnce(&mut Rows)) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let destination = fixture::open(folder.path(), 1).unwrap();
    let mut rows = fixture::rows(2);
    change(&mut rows);
    let manifest = fixture::build(&destination, &rows, 1, true);
    publish(&destination, &manifest, FILE_MODE).unwrap();
    folder
}

fn with_column(rows: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let mut columns = rows.columns().to_vec();
    columns[rows.schema().index_of(name).unwrap()] = column;
    RecordBatch::try_new(rows.schema(), columns).unwrap()
}

#[test]
fn what_was_published_is_clean() {
    let (folder, snapshot) = lake();
    let report = verify(folder.path(), None).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.files, snapshot.manifest.files.len() as u64);
    assert_eq!(report.bytes, snapshot.manifest.bytes());
    assert_eq!(report.run_id.as_ref(), Some(&snapshot.run_id));
    assert_eq!(verify(folder.path(), Some(&snapshot.run_id)).unwrap(), report);
    fixture::run(folder.path(), 2, 3, true);
    assert_eq!(verify(folder.path(), None).unwrap().findings, []);
    assert_eq!(verify(folder.path(), Some(&snapshot.run_id)).unwrap().findings, []);
}

#[test]
fn a_copied_folder_is_verified_alone() {
    let (folder, snapshot) = lake();
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy");
    let copied =
        std::process::Command::new("cp").arg("-a").arg(&snapshot.folder).arg(&copy).status().unwrap();
    assert!(copied.success());
    drop(folder);
    assert_eq!(verify(&copy, None).unwrap().findings, []);
    fs::remove_file(copy.join(NOVEMBER)).unwrap();
    expect(&copy, &[(Code::MissingFile, NOVEMBER)]);
}

#[test]
fn an_empty_place_is_no_finding_but_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = verify(folder.path(), None).unwrap_err();
    assert_eq!(error.kind(), crate::lake::LakeErrorKind::Usage);
    let (folder, _) = lake();
    let other = "20300101T000000Z".parse().unwrap();
    assert_eq!(verify(folder.path(), Some(&other)).unwrap_err().kind(), crate::lake::LakeErrorKind::Usage);
}

#[test]
fn damage_to_latest() {
    for torn in [&b""[..], b"{", b"{\"run_id\":\"20261122T020000Z\",\"sequence\":1", b"{}\n"] {
        let (folder, _) = lake();
        overwrite(&folder.path().join("LATEST"), torn);
        expect(folder.path(), &[(Code::Latest, "LATEST")]);
    }
    let (folder, snapshot) = lake();
    fs::remove_dir_all(&snapshot.folder).unwrap();
    expect(folder.path(), &[(Code::Latest, snapshot.run_id.as_str())]);
    let (folder, _) = lake();
    fixture::run(folder.path(), 2, 3, true);
    fs::remove_file(folder.path().join("LATEST")).unwrap();
    expect(folder.path(), &[(Code::Latest, "LATEST")]);
}

#[test]
fn damage_to_the_manifest() {
    let (folder, snapshot) = lake();
    let path = snapshot.folder.join(MANIFEST);
    let mut manifest = snapshot.manifest.clone();
    manifest.requests.total += 1;
    overwrite(&path, &manifest.to_bytes().unwrap());
    expect(folder.path(), &[(Code::Manifest, MANIFEST)]);
    let report = verify(folder.path(), Some(&snapshot.run_id)).unwrap();
    assert_eq!(codes(&report), BTreeSet::from([Code::Latest]), "by its name too");
    for torn in [&b""[..], b"{\"manifest_version\": 1}\n", b"{\"manifest_version\": 0}\n", b"[1,2"] {
        overwrite(&path, torn);
        expect(folder.path(), &[(Code::Manifest, MANIFEST)]);
    }
    fs::remove_file(&path).unwrap();
    expect(folder.path(), &[(Code::Manifest, MANIFEST)]);
    fs::write(&path, b"{\"manifest_version\": 2}\n").unwrap();
    assert_eq!(verify(folder.path(), None).unwrap_err().kind(), crate::lake::LakeErrorKind::Usage);
}

#[test]
fn a_key_more_less_or_elsewhere_is_no_manifest() {
    let (_folder, snapshot) = lake();
    let text = String::from_utf8(snapshot.manifest.to_bytes().unwrap()).unwrap();
    assert!(Manifest::from_bytes(text.as_bytes()).is_ok());
    let changed = [
        text.replace("\"truncated\": false,\n", ""),
        text.replace("  \"parent\": null,\n", ""),
        text.replace("\"truncated\": false,", "\"truncated\": false,\n  \"surprise\": 1,"),
        text.replace("  \"truncated\": false,", "  \"truncated\":  false,"),
        text.replace("\"status\": \"complete\"", "\"status\": \"fine\""),
        text.replace("parquet/accounts/part-00000.parquet", "../../accounts/part-00000.parquet"),
    ];
    for other in changed {
        assert_ne!(other, text);
        assert!(Manifest::from_bytes(other.as_bytes()).is_err());
    }
}

#[test]
fn a_manifest_that_contradicts_itself() {
    let changes: [fn(&mut Manifest); 7] = [
        |manifest| manifest.users.listed = 3,
        |manifest| manifest.status = crate::lake::manifest::Status::Partial,
        |manifest| manifest.window.exported = None,
        |manifest| manifest.tables[0].rows += 1,
        |manifest| manifest.tables[6].control_totals.clear(),
        |manifest| manifest.truncated = true,
        |manifest| manifest.sequence = 2,
    ];
    for change in changes {
        let (folder, snapshot) = lake();
        forge(folder.path(), &snapshot, change);
        expect(folder.path(), &[(Code::Contradiction, MANIFEST)]);
    }
}

#[test]
fn files_that_are_not_as_they_were() {
    let (folder, snapshot) = lake();
    fs::remove_file(snapshot.folder.join(NOVEMBER)).unwrap();
    expect(folder.path(), &[(Code::MissingFile, NOVEMBER)]);

    let (folder, snapshot) = lake();
    fs::write(snapshot.folder.join("parquet/transactions/stray.parquet"), b"").unwrap();
    fs::create_dir(snapshot.folder.join("parquet/empty")).unwrap();
    expect(folder.path(), &[(Code::ExtraFile, "stray.parquet"), (Code::ExtraFile, "parquet/empty")]);

    for mode in [0o640, 0o460, 0o442, 0o441, 0o444, 0o4440] {
        let (folder, snapshot) = lake();
        fs::set_permissions(snapshot.folder.join(NOVEMBER), Permissions::from_mode(mode)).unwrap();
        expect(folder.path(), &[(Code::Mode, NOVEMBER)]);
    }

    let (folder, snapshot) = lake();
    let path = snapshot.folder.join(NOVEMBER);
    let moved = folder.path().join("moved.parquet");
    fs::rename(&path, &moved).unwrap();
    symlink(&moved, &path).unwrap();
    expect(folder.path(), &[(Code::NotAFile, NOVEMBER)]);
}

#[test]
fn bytes_that_are_not_as_they_were() {
    let (folder, snapshot) = lake();
    let path = snapshot.folder.join(NOVEMBER);
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 10);
    overwrite(&path, &bytes);
    expect(folder.path(), &[(Code::Size, NOVEMBER), (Code::Sha256, NOVEMBER), (Code::Unreadable, NOVEMBER)]);

    // A digit in a CSV cell: the digest tells, and so do the totals and the Parquet file.
    let (folder, snapshot) = lake();
    let path = snapshot.folder.join(NOVEMBER_CSV);
    let text = fs::read_to_string(&path).unwrap().replacen("100.00", "900.00", 1);
    overwrite(&path, text.as_bytes());
    let expected =
        [(Code::Sha256, NOVEMBER_CSV), (Code::ControlTotals, NOVEMBER_CSV), (Code::CsvDiffers, NOVEMBER_CSV)];
    expect(folder.path(), &expected);
}

#[test]
fn every_flipped_byte_of_a_file_is_found() {
    let (folder, snapshot) = lake();
    let path = snapshot.folder.join(NOVEMBER);
    let bytes = fs::read(&path).unwrap();
    for place in (0..bytes.len()).step_by(bytes.len() / 12) {
        let mut other = bytes.clone();
        other[place] ^= 0x20;
        overwrite(&path, &other);
        let report = verify(folder.path(), None).unwrap();
        assert!(codes(&report).contains(&Code::Sha256), "byte {place}: {:#?}", report.findings);
    }
}

#[test]
fn a_manifest_that_says_something_else_of_a_file() {
    type Forgery = fn(&mut FileEntry);
    let cases: [(Forgery, Code); 2] = [
        (|file| file.min_date = file.max_date, Code::Dates),
        (|file| file.sha256 = crate::encode::Sha256::of(b""), Code::Sha256),
    ];
    for (change, code) in cases {
        let (folder, snapshot) = lake();
        forge(folder.path(), &snapshot, |manifest| change(entry(manifest, NOVEMBER)));
        expect(folder.path(), &[(code, NOVEMBER)]);
    }
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| entry(manifest, NOVEMBER).rows += 1);
    expect(folder.path(), &[(Code::Contradiction, MANIFEST), (Code::Rows, NOVEMBER)]);
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| {
        manifest.files.retain(|file| file.path.as_str() != NOVEMBER_CSV)
    });
    expect(
        folder.path(),
        &[(Code::Contradiction, MANIFEST), (Code::ExtraFile, NOVEMBER_CSV), (Code::Unpaired, NOVEMBER)],
    );
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| {
        if let Some(accounts) = &mut manifest.accounts {
            accounts[0].rows += 1;
        }
    });
    expect(folder.path(), &[(Code::Coverage, MANIFEST)]);
}

#[test]
fn rows_that_are_wrong_though_the_manifest_agrees() {
    let number = |values: Vec<i64>| -> ArrayRef { std::sync::Arc::new(Int64Array::from(values)) };
    let numbers = |rows: &RecordBatch, name: &str| -> Vec<i64> {
        rows.column_by_name(name).unwrap().as_primitive::<arrow::datatypes::Int64Type>().values().to_vec()
    };
    let folder = publish_wrong(|rows| {
        let transactions = &rows[&Table::Transactions];
        let last = u32::try_from(transactions.num_rows()).unwrap();
        let indices = arrow::array::UInt32Array::from_iter_values((0..last).rev());
        let backwards = take_record_batch(transactions, &indices).unwrap();
        rows.insert(Table::Transactions, backwards);
    });
    expect(folder.path(), &[(Code::Order, NOVEMBER)]);

    let folder = publish_wrong(|rows| {
        // The ids of two rows of different months: in order in each file, and twice in the lake.
        let transactions = &rows[&Table::Transactions];
        let ids = numbers(transactions, "id").into_iter().map(|id| if id == 3 { 1 } else { id }).collect();
        let changed = sort(Table::Transactions, &with_column(transactions, "id", number(ids))).unwrap();
        rows.insert(Table::Transactions, changed);
    });
    expect(folder.path(), &[(Code::DuplicateKey, "parquet/transactions")]);

    let folder = publish_wrong(|rows| {
        let users = &rows[&Table::Users];
        let twice = concat_batches(&users.schema(), [users, users]).unwrap();
        rows.insert(Table::Users, sort(Table::Users, &twice).unwrap());
    });
    expect(folder.path(), &[(Code::DuplicateKey, "parquet/users/part-00000.parquet")]);

    let folder = publish_wrong(|rows| {
        let coverage = &rows[&Table::Coverage];
        let counts = numbers(coverage, "rows").into_iter().map(|rows| rows + 1).collect();
        rows.insert(Table::Coverage, with_column(coverage, "rows", number(counts)));
    });
    expect(folder.path(), &[(Code::Coverage, "parquet/coverage/part-00000.parquet")]);

    let folder = publish_wrong(|rows| {
        let coverage = rows[&Table::Coverage].slice(0, 2);
        rows.insert(Table::Coverage, coverage);
    });
    expect(folder.path(), &[(Code::Coverage, "parquet/coverage/part-00000.parquet")]);

    let folder = publish_wrong(|rows| {
        let transactions = &rows[&Table::Transactions];
        let wrong = number(vec![99; transactions.num_rows()]);
        rows.insert(Table::Transactions, with_column(transactions, "id_connection", wrong));
    });
    expect(folder.path(), &[(Code::Derived, "parquet/transactions")]);
}

#[test]
fn run_facts_that_do_not_agree() {
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| (manifest.users.complete, manifest.users.kept) = (1, 1));
    expect(folder.path(), &[(Code::Units, "state/units.parquet")]);
}

#[test]
fn tables_of_an_earlier_version_are_read_as_they_are() {
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| {
        for table in &mut manifest.tables {
            table.schema = crate::encode::Sha256::of(b"columns of another day");
        }
    });
    expect(folder.path(), &[]);
    overwrite(&snapshot.folder.join(NOVEMBER_CSV), b"");
    expect(folder.path(), &[(Code::Sha256, NOVEMBER_CSV)]);
}

#[test]
fn a_row_in_another_month_s_folder() {
    let folder = tempfile::tempdir().unwrap();
    let destination = fixture::open(folder.path(), 1).unwrap();
    let mut manifest = fixture::build(&destination, &fixture::rows(2), 1, false);
    let building = destination.layout.at(crate::lake::layout::place::building(&manifest.run_id));
    let other = "parquet/transactions/month=2026-12/part-00000.parquet";
    fs::rename(
        building.join("parquet/transactions/month=2026-11"),
        building.join("parquet/transactions/month=2026-12"),
    )
    .unwrap();
    let file = entry(&mut manifest, NOVEMBER);
    file.path = other.parse().unwrap();
    file.partition = Some("2026-12".to_owned());
    publish(&destination, &manifest, FILE_MODE).unwrap();
    drop(destination);
    expect(folder.path(), &[(Code::Partition, other)]);
}

#[test]
fn columns_of_another_table() {
    let (folder, snapshot) = lake();
    let path = snapshot.folder.join("parquet/users/part-00000.parquet");
    let bytes = fs::read(snapshot.folder.join("parquet/coverage/part-00000.parquet")).unwrap();
    overwrite(&path, &bytes);
    let report = verify(folder.path(), None).unwrap();
    assert!(
        codes(&report).is_superset(&BTreeSet::from([Code::Columns, Code::Sha256])),
        "{:#?}",
        report.findings
    );
}

#[test]
fn a_chain_ends_where_retention_has_been_and_breaks_where_a_parent_changed() {
    let (folder, first) = lake();
    let second = fixture::run(folder.path(), 2, 3, true);
    let third = fixture::run(folder.path(), 3, 3, true);
    assert!(third.manifest.files.iter().any(|file| file.since == first.run_id));
    fs::remove_dir_all(&first.folder).unwrap();
    expect(folder.path(), &[]);
    let mut manifest = second.manifest.clone();
    manifest.requests.total = 9;
    overwrite(&second.folder.join(MANIFEST), &manifest.to_bytes().unwrap());
    expect(folder.path(), &[(Code::Chain, MANIFEST)]);
}

#[test]
fn a_carried_file_changed_with_both_its_names() {
    // A hard link shares its bytes with the parent's: the digest in either manifest tells.
    let (folder, first) = lake();
    let second = fixture::run(folder.path(), 2, 3, true);
    let path = "parquet/users/part-00000.parquet";
    overwrite(&first.folder.join(path), b"PAR1");
    for run in [&first.run_id, &second.run_id] {
        let report = verify(folder.path(), Some(run)).unwrap();
        assert!(codes(&report).contains(&Code::Sha256), "{:#?}", report.findings);
    }
}

#[test]
fn findings_name_no_value() {
    let (folder, snapshot) = lake();
    for file in &snapshot.manifest.files {
        let path = file.path.under(&snapshot.folder);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        overwrite(&path, &bytes);
    }
    let report = verify(folder.path(), None).unwrap();
    assert!(report.findings.len() >= snapshot.manifest.files.len());
    let text = serde_json::to_string(&report).unwrap();
    for personal in ["café", "noir", "12.3", "7.77"] {
        assert!(!text.contains(personal), "{text}");
    }
}
