//! Publishing, and what comes before and after it, on real folders.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use super::fixture;
use super::layout::{MANIFEST, place};
use super::manifest::{AttentionKind, json_schema};
use super::retention::{Keep, prunable, prune};
use super::{
    Destination, FILE_MODE, LakeError, LakeErrorKind, Latest, Layout, Snapshot, list, needed_bytes, publish,
    sweep_after_publish,
};

fn every_file(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let (files, _) = super::listing(folder).unwrap();
    let read = |path: &std::path::PathBuf| (path.display().to_string(), fs::read(folder.join(path)).unwrap());
    files.iter().map(read).collect()
}

#[test]
fn a_manifest_fits_its_schema() {
    let folder = tempfile::tempdir().unwrap();
    fixture::run(folder.path(), 1, 2, true);
    let second = fixture::run(folder.path(), 2, 3, true);
    let schema = serde_json::from_str(&json_schema().unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let bytes = fs::read(second.folder.join(MANIFEST)).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let errors: Vec<_> = validator.iter_errors(&manifest).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let mut other = manifest.clone();
    other.as_object_mut().unwrap().remove("parent");
    assert!(!validator.is_valid(&other), "a missing key");
    let mut other = manifest.clone();
    other["surprise"] = 1.into();
    assert!(!validator.is_valid(&other), "a key more");
    let mut other = manifest;
    other["started_at"] = "2026-11-22T03:00:00+01:00".into();
    assert!(!validator.is_valid(&other), "a time that is not UTC");
}

#[test]
fn a_published_snapshot_is_closed_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("new/lake");
    let snapshot = fixture::run(&root, 1, 2, true);
    let layout = Layout::new(&root);
    assert_eq!(Latest::read(&layout).unwrap(), Some(snapshot.commit()));
    assert_eq!(Snapshot::latest(&layout).unwrap(), Some(snapshot.clone()));
    assert_eq!(root.join("latest").canonicalize().unwrap(), snapshot.folder.canonicalize().unwrap());
    let (files, folders) = super::listing(&snapshot.folder).unwrap();
    assert_eq!(files.len(), snapshot.manifest.files.len() + 1);
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
    assert!(files.iter().all(|file| mode(&snapshot.folder.join(file)) == 0o440));
    assert!(folders.iter().all(|inner| mode(&snapshot.folder.join(inner)) == 0o750));
    assert_eq!([mode(&root), mode(&snapshot.folder), mode(&root.join("snapshots"))], [0o750; 3]);
    assert_eq!([mode(&root.join(".work")), mode(&root.join(".lock"))], [0o700, 0o600]);
}

#[test]
fn lists_say_who_is_needed_and_since_when() {
    let folder = tempfile::tempdir().unwrap();
    let first = fixture::run(folder.path(), 1, 2, false);
    let connections = first.manifest.connections.as_ref().unwrap();
    assert_eq!(connections.len(), 2);
    assert_eq!(connections[0].health, "healthy");
    assert_eq!(
        connections[0].last_update.unwrap().to_string(),
        "2026-11-21T22:00:00Z",
        "Paris is read as UTC + 1"
    );
    assert_eq!(connections[0].sources[0].access_expire.unwrap().to_string(), "2027-01-31T23:00:00Z");
    assert_eq!(connections[1].sources.len(), 2);
    let accounts = first.manifest.accounts.as_ref().unwrap();
    let shown: Vec<_> =
        accounts.iter().map(|a| (a.id.get(), a.rows, a.deleted.is_some(), a.complete)).collect();
    assert_eq!(shown, [(1000, 5, false, true), (1001, 1, true, true), (2000, 1, false, true)]);
    let needs: Vec<_> = first
        .manifest
        .attention
        .iter()
        .map(|need| {
            (need.kind, need.id_connection.unwrap().get(), need.id_source.map(|id| id.get()), &*need.who)
        })
        .collect();
    assert_eq!(
        needs,
        [(AttentionKind::Connection, 11, None, "user"), (AttentionKind::Source, 11, Some(101), "user")]
    );
    let second = fixture::run(folder.path(), 2, 2, false);
    assert_eq!(second.manifest.attention, first.manifest.attention, "since the first night");
    assert_eq!(first.manifest.attention[0].since, first.manifest.started_at);
}

#[test]
fn unchanged_files_share_their_bytes_and_retention_counts_what_comes_free() {
    let folder = tempfile::tempdir().unwrap();
    let snapshots: Vec<_> = (1..=4).map(|night| fixture::run(folder.path(), night, night, true)).collect();
    let layout = Layout::new(folder.path());
    let users =
        |snapshot: &Snapshot| snapshot.folder.join("parquet/users/part-00000.parquet").metadata().unwrap();
    assert_eq!(users(&snapshots[0]).ino(), users(&snapshots[3]).ino());

    let keep = Keep { last: 2, daily: 0, monthly: 0 };
    let before = every_file(&snapshots[3].folder);
    let goes = prunable(&layout, keep).unwrap();
    let runs: Vec<_> = goes.iter().map(|prunable| &prunable.snapshot.run_id).collect();
    assert_eq!(runs, [&snapshots[0].run_id, &snapshots[1].run_id]);
    for prunable in &goes {
        let manifest =
            fs::metadata(layout.snapshot(&prunable.snapshot.run_id).join(MANIFEST)).unwrap().size();
        assert!(prunable.freed > manifest, "the files of its own too");
        assert!(prunable.freed < snapshots[0].manifest.bytes() + manifest, "shared files stay");
    }
    assert_eq!(list(&layout).unwrap().len(), 4, "nothing is gone yet");
    let destination = fixture::open(folder.path(), 5).unwrap();
    assert_eq!(prune(&layout, &destination.store, &destination.lock, keep).unwrap(), goes);
    assert_eq!(list(&layout).unwrap().len(), 2);
    assert_eq!(every_file(&snapshots[3].folder), before);
    assert_eq!(fs::read_dir(layout.at(place::work())).unwrap().count(), 0);
}

#[test]
fn a_change_of_mode_leaves_the_parent_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let first = fixture::run(folder.path(), 1, 2, false);
    let destination = fixture::open(folder.path(), 2).unwrap();
    let manifest = fixture::build(&destination, &fixture::rows(2), 2, false);
    let second = publish(&destination, &manifest, 0o444).unwrap();
    let mode = |snapshot: &Snapshot| {
        snapshot.folder.join("parquet/users/part-00000.parquet").metadata().unwrap().mode() & 0o7777
    };
    assert_eq!((mode(&first), mode(&second)), (0o440, 0o444));
    drop(destination);
    for run in [&first.run_id, &second.run_id] {
        assert_eq!(crate::verify::verify(folder.path(), Some(run)).unwrap().findings, []);
    }
}

/// What a publish refuses, and that readers see nothing of it.
#[test]
fn faults_67_and_72_what_is_not_as_the_manifest_says_is_not_published() {
    type Damage = fn(&Destination, &mut super::Manifest);
    let cases: [(&str, Damage); 7] = [
        ("a file less", |d, m| {
            fs::remove_file(m.files[0].path.under(&d.layout.at(place::building(&m.run_id)))).unwrap();
        }),
        ("a file more", |d, m| {
            fs::write(d.layout.at(place::building(&m.run_id)).join("parquet/users/stray"), b"").unwrap();
        }),
        ("a link", |d, m| {
            let path = m.files[0].path.under(&d.layout.at(place::building(&m.run_id)));
            fs::rename(&path, d.layout.root().join("elsewhere")).unwrap();
            symlink(d.layout.root().join("elsewhere"), &path).unwrap();
        }),
        ("other bytes", |d, m| {
            let new = m.files.iter().find(|file| file.since == m.run_id).unwrap();
            let path = new.path.under(&d.layout.at(place::building(&m.run_id)));
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(&path, bytes).unwrap();
        }),
        ("other totals", |_, m| {
            let file =
                m.files.iter_mut().find(|file| !file.control_totals.is_empty() && file.since == m.run_id);
            file.unwrap().control_totals[0].sum = "0.01".to_owned();
            m.tables = super::manifest::table_entries(
                &m.files,
                fixture::decimal(),
                BTreeMap::new(),
                BTreeMap::new(),
            );
        }),
        ("sums that do not add up", |_, m| m.tables[0].rows += 1),
        ("another sequence", |_, m| m.sequence += 1),
    ];
    for (what, damage) in cases {
        let folder = tempfile::tempdir().unwrap();
        let first = fixture::run(folder.path(), 1, 2, true);
        let destination = fixture::open(folder.path(), 2).unwrap();
        let mut manifest = fixture::build(&destination, &fixture::rows(3), 2, true);
        damage(&destination, &mut manifest);
        let error = publish(&destination, &manifest, FILE_MODE).unwrap_err();
        assert_eq!(error.kind(), LakeErrorKind::Disk, "{what}: {error}");
        drop(destination);
        assert_eq!(Snapshot::latest(&Layout::new(folder.path())).unwrap(), Some(first), "{what}");
        // The same again, undamaged, works: what was left is put aside.
        let second = fixture::run(folder.path(), 2, 3, true);
        assert_eq!(second.manifest.sequence, 2, "{what}");
        assert_eq!(crate::verify::verify(folder.path(), None).unwrap().findings, [], "{what}");
    }
}

#[test]
fn fault_70_what_a_crash_leaves_is_put_aside() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let first = fixture::run(folder.path(), 1, 2, true);
    let second = fixture::run(folder.path(), 2, 3, true);
    // As if the second had died just before its commit, with a stage, a journal and things that are not ours about.
    fs::set_permissions(layout.at("LATEST"), Permissions::from_mode(0o600)).unwrap();
    fs::write(layout.at("LATEST"), first.commit().to_bytes().unwrap()).unwrap();
    fs::write(layout.at("LATEST.tmp"), b"half").unwrap();
    fs::create_dir_all(layout.at(place::building(&second.run_id))).unwrap();
    fs::create_dir_all(layout.at(place::stage())).unwrap();
    fs::write(layout.at(place::token_journal()), b"").unwrap();
    fs::write(layout.at(".work/notes"), b"").unwrap();
    fs::create_dir_all(layout.at("snapshots/of-somebody-else")).unwrap();

    let destination = fixture::open(folder.path(), 3).unwrap();
    assert_eq!(destination.latest, Some(first.clone()));
    assert_eq!(destination.next_sequence(), 2);
    assert!(layout.at(place::trash(&second.run_id)).is_dir(), "in the trash until the next publish");
    assert!(!layout.snapshot(&second.run_id).exists() && !layout.at("LATEST.tmp").exists());
    assert!(!layout.at(place::run_work(&second.run_id)).exists());
    for stays in
        [place::stage(), place::token_journal(), ".work/notes".into(), "snapshots/of-somebody-else".into()]
    {
        assert!(layout.at(&stays).exists(), "{}", stays.display());
    }
    let manifest = fixture::build(&destination, &fixture::rows(3), 2, true);
    assert_ne!(manifest.run_id, second.run_id, "the name is taken by the trash");
    let again = publish(&destination, &manifest, FILE_MODE).unwrap();
    sweep_after_publish(&layout, &destination.store, &destination.lock).unwrap();
    assert!(!layout.at(place::stage()).exists() && !layout.at(place::trash(&second.run_id)).exists());
    for (path, bytes) in every_file(&second.folder.with_file_name(again.run_id.as_str())) {
        assert!(path == MANIFEST || !bytes.is_empty());
    }
    drop(destination);
    assert_eq!(crate::verify::verify(folder.path(), None).unwrap().findings, []);
}

#[test]
fn a_first_run_that_died_before_its_commit_leaves_an_empty_lake() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    let first = fixture::run(folder.path(), 1, 2, false);
    fs::remove_file(layout.at("LATEST")).unwrap();
    assert_eq!(Snapshot::latest(&layout).unwrap(), None);
    let destination = fixture::open(folder.path(), 2).unwrap();
    assert_eq!(destination.next_sequence(), 1);
    assert!(layout.at(place::trash(&first.run_id)).is_dir());
}

#[test]
fn fault_73_a_lake_that_lost_latest_is_not_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path());
    fixture::run(folder.path(), 1, 2, false);
    let second = fixture::run(folder.path(), 2, 2, false);
    fs::remove_file(layout.at("LATEST")).unwrap();
    let error = fixture::open(folder.path(), 3).unwrap_err();
    assert_eq!(error.kind(), LakeErrorKind::Damaged);
    // The message says how to mend it, word for word.
    let text = error.to_string();
    let line = text.split("write into LATEST: ").nth(1).unwrap();
    fs::write(layout.at("LATEST"), format!("{line}\n")).unwrap();
    assert_eq!(Snapshot::latest(&layout).unwrap(), Some(second));
    assert_eq!(list(&layout).unwrap().len(), 2, "nothing was swept");
}

#[test]
fn fault_73_a_newer_lake_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = fixture::run(folder.path(), 1, 2, false);
    let path = first.folder.join(MANIFEST);
    let newer = b"{\"manifest_version\": 2, \"other\": []}\n";
    fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, newer).unwrap();
    let error = fixture::open(folder.path(), 2).unwrap_err();
    assert!(matches!(error, LakeError::Newer { version: 2, .. }), "{error}");
    assert_eq!(error.kind(), LakeErrorKind::Usage);
    assert_eq!(fs::read(&path).unwrap(), newer);
}

#[test]
fn fault_79_a_second_run_is_turned_away_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let destination = fixture::open(folder.path(), 1).unwrap();
    let manifest = fixture::build(&destination, &fixture::rows(1), 1, false);
    assert_eq!(fixture::open(folder.path(), 2).unwrap_err().kind(), LakeErrorKind::Busy);
    publish(&destination, &manifest, FILE_MODE).unwrap();
}

#[test]
fn fault_71_unsafe_places_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for name in [".work", "snapshots"] {
        let root = folder.path().join(format!("lake-{name}"));
        fs::create_dir(&root).unwrap();
        symlink(&elsewhere, root.join(name)).unwrap();
        assert_eq!(fixture::open(&root, 1).unwrap_err().kind(), LakeErrorKind::Disk, "{name}");
        assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0, "nothing was made where the link leads");
    }
    let root = folder.path().join("loose");
    fs::create_dir_all(root.join(".work")).unwrap();
    fs::set_permissions(root.join(".work"), Permissions::from_mode(0o777)).unwrap();
    fixture::open(&root, 1).unwrap();
    assert_eq!(root.join(".work").metadata().unwrap().mode() & 0o777, 0o700, "closed");
}

#[test]
fn space_for_one_and_a_half_snapshots_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = fixture::run(folder.path(), 1, 2, false);
    let bytes = first.manifest.bytes();
    assert_eq!(needed_bytes(Some(&first)), bytes + bytes / 2);
    assert_eq!(needed_bytes(None), 0);
    first.manifest.files[0].bytes = u64::MAX / 2;
    assert!(needed_bytes(Some(&first)) > u64::MAX / 2);
}
