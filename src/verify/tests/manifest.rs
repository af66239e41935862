//! Damage to the manifest, to `LATEST`, and to the chain of manifests.

use std::collections::BTreeSet;
use std::fs;

use super::{Code, NOVEMBER, NOVEMBER_CSV, codes, entry, expect, forge, lake, overwrite, verify};
use crate::encode::Sha256;
use crate::lake::layout::MANIFEST;
use crate::lake::manifest::{FileEntry, Manifest, Status};
use crate::lake::{LakeErrorKind, fixture};

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
    assert_eq!(verify(folder.path(), None).unwrap_err().kind(), LakeErrorKind::Usage);
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
        |manifest| manifest.status = Status::Partial,
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
fn a_manifest_that_says_something_else_of_a_file() {
    type Forgery = fn(&mut FileEntry);
    let cases: [(Forgery, Code); 2] = [
        (|file| file.min_date = file.max_date, Code::Dates),
        (|file| file.sha256 = Sha256::of(b""), Code::Sha256),
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
fn run_facts_that_do_not_agree() {
    let (folder, snapshot) = lake();
    forge(folder.path(), &snapshot, |manifest| (manifest.users.complete, manifest.users.kept) = (1, 1));
    expect(folder.path(), &[(Code::Units, "state/units.parquet")]);
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
