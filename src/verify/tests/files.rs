//! Damage to files: gone, added, others' to change, other bytes.

use std::collections::BTreeSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use super::{Code, NOVEMBER, NOVEMBER_CSV, codes, expect, forge, lake, overwrite, verify};
use crate::encode::Sha256;
use crate::lake::fixture;

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
fn tables_of_an_earlier_version_are_read_as_they_are() {
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| {
        for table in &mut manifest.tables {
            table.schema = Sha256::of(b"columns of another day");
        }
    });
    expect(folder.path(), &[]);
    overwrite(&snapshot.folder.join(NOVEMBER_CSV), b"");
    expect(folder.path(), &[(Code::Sha256, NOVEMBER_CSV)]);
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
