use std::collections::BTreeSet;
use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::io::Errno;
use tempfile::TempDir;

use super::faulty::{Faulty, Forgetful, Point, Refusal};
use super::seam::{self, When};
use super::{Carried, Step, Store, StoreError, Syncs};

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Syncs::Executed).unwrap();
    (folder, store)
}

fn path(text: &str) -> &Path {
    Path::new(text)
}

fn mode_of(store: &Store, at: &str) -> u32 {
    fs::symlink_metadata(store.locate(path(at))).unwrap().mode() & 0o7777
}

fn names(store: &Store) -> BTreeSet<String> {
    fs::read_dir(store.root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn fault_74_modes_are_exact() {
    let (_folder, store) = store();
    for (name, mode) in [("a", 0o440), ("b", 0o600), ("c", 0o666)] {
        store.write_file(path(name), mode, b"x").unwrap();
        assert_eq!(mode_of(&store, name), mode);
    }
    for (name, mode) in [("d", 0o750), ("e", 0o700), ("f", 0o777)] {
        store.create_dir(path(name), mode).unwrap();
        assert_eq!(mode_of(&store, name), mode);
    }
}

#[test]
fn a_file_that_exists_is_never_opened() {
    let (_folder, store) = store();
    store.write_file(path("a"), 0o600, b"first").unwrap();
    let error = store.write_file(path("a"), 0o600, b"second").unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(fs::read(store.locate(path("a"))).unwrap(), b"first");
}

#[test]
fn fault_71_planted_links_are_not_followed() {
    let (_folder, store) = store();
    let elsewhere = tempfile::tempdir().unwrap();
    let victim = elsewhere.path().join("victim");
    fs::write(&victim, b"precious").unwrap();
    symlink(elsewhere.path(), store.locate(path(".work"))).unwrap();
    symlink(&victim, store.locate(path("LATEST"))).unwrap();

    assert!(
        matches!(store.create_file(path(".work/x"), 0o600), Err(StoreError::Symlink(at)) if at == path(".work"))
    );
    assert!(matches!(store.create_dirs(path(".work/x/y"), 0o700), Err(StoreError::Symlink(_))));
    assert!(matches!(store.rename(path("LATEST"), path(".work/x")), Err(StoreError::Symlink(_))));
    assert!(matches!(store.replace(path("LATEST"), 0o640, b"new"), Err(StoreError::Symlink(_))));
    assert!(matches!(store.link_or_copy(path("LATEST"), path("copy"), 0o440), Err(StoreError::Symlink(_))));
    assert!(store.create_file(path("LATEST"), 0o600).is_err());

    // Links at the temporary name, and links that are to be removed, are removed themselves.
    symlink(&victim, store.locate(path("state.tmp"))).unwrap();
    store.replace(path("state"), 0o640, b"new").unwrap();
    store.remove_dir(path(".work")).unwrap();
    store.remove_file(path("LATEST")).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
    assert_eq!(names(&store), BTreeSet::from(["state".to_owned()]));
}

#[test]
fn paths_stay_below_the_root() {
    let (_folder, store) = store();
    for outside in ["../x", "/etc/x", "a/../../x"] {
        assert!(matches!(store.create_file(path(outside), 0o600), Err(StoreError::Outside(_))), "{outside}");
    }
    assert!(store.create_file(path("./x"), 0o600).is_ok());
}

#[test]
fn a_root_that_everybody_may_write_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let set = |mode| fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
    set(0o777);
    assert!(matches!(Store::open(folder.path(), Syncs::Executed), Err(StoreError::WorldWritable(_))));
    set(0o1777);
    assert!(Store::open(folder.path(), Syncs::Executed).is_ok());
    let file = folder.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(matches!(Store::open(&file, Syncs::Executed), Err(StoreError::NotAFolder(_))));
}

#[test]
fn a_missing_root_is_created_with_its_parents() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("deep/lake");
    let store = Store::open_or_create(&root, 0o750, Syncs::Executed).unwrap();
    assert_eq!(mode_of(&store, "."), 0o750);
    assert_eq!(store.syncs(), 2, "the parents of both new folders");
}

#[test]
fn many_threads_may_make_one_folder() {
    let (_folder, store) = store();
    for round in 0..50 {
        let deep = PathBuf::from(format!("{round}/a/b"));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| store.make_dirs(&deep, 0o700).unwrap());
            }
        });
        assert!(store.locate(&deep).is_dir());
    }
    store.write_file(path("file"), 0o600, b"").unwrap();
    assert!(store.make_dirs(path("file"), 0o700).is_err(), "something else is in the way");
}

#[test]
fn a_rename_replaces_nothing_and_syncs_both_parents() {
    let (_folder, store) = store();
    store.create_dirs(path("a/b"), 0o750).unwrap();
    store.create_dir(path("c"), 0o750).unwrap();
    let before = store.syncs();
    store.rename(path("a/b"), path("c/b")).unwrap();
    assert_eq!(store.syncs() - before, 2);
    store.create_dir(path("a/b"), 0o750).unwrap();
    assert_eq!(store.rename(path("a/b"), path("c/b")).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert!(store.exists(path("a/b")).unwrap());
}

#[test]
fn a_replacement_is_whole_and_leaves_nothing_beside() {
    let (_folder, store) = store();
    store.replace(path("LATEST"), 0o640, b"one").unwrap();
    fs::write(store.locate(path("LATEST.tmp")), b"left by a crash").unwrap();
    let old = File::open(store.locate(path("LATEST"))).unwrap();
    store.replace(path("LATEST"), 0o640, b"two").unwrap();
    assert_eq!(io::read_to_string(old).unwrap(), "one", "readers of the old file keep it");
    assert_eq!(fs::read(store.locate(path("LATEST"))).unwrap(), b"two");
    assert_eq!(names(&store), BTreeSet::from(["LATEST".to_owned()]));
}

#[test]
fn a_link_is_replaced_and_a_folder_is_not() {
    let (_folder, store) = store();
    store.replace_symlink(path("latest"), path("snapshots/1")).unwrap();
    store.replace_symlink(path("latest"), path("snapshots/2")).unwrap();
    assert_eq!(fs::read_link(store.locate(path("latest"))).unwrap(), path("snapshots/2"));
    store.create_dir(path("folder"), 0o750).unwrap();
    assert!(store.replace_symlink(path("folder"), path("x")).is_err());
    assert_eq!(names(&store).len(), 2);
}

#[test]
fn two_folders_change_places() {
    let (_folder, store) = store();
    for name in ["one", "other"] {
        store.create_dir(path(name), 0o750).unwrap();
        store.write_file(&path(name).join("file"), 0o440, name.as_bytes()).unwrap();
    }
    assert!(store.exchange(path("one"), path("other")).unwrap());
    let inside = |name| fs::read(store.locate(&path(name).join("file"))).unwrap();
    assert_eq!((inside("one"), inside("other")), (b"other".to_vec(), b"one".to_vec()));
    assert_eq!(store.exchange(path("one"), path("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn an_unchanged_file_shares_its_bytes() {
    let (_folder, store) = store();
    store.write_file(path("a"), 0o440, b"rows").unwrap();
    assert_eq!(store.link_or_copy(path("a"), path("b"), 0o440).unwrap(), Carried::Linked);
    let inode = |name| fs::metadata(store.locate(path(name))).unwrap().ino();
    assert_eq!(inode("a"), inode("b"));
    assert!(store.link_or_copy(path("a"), path("b"), 0o440).is_err());
    store.create_dir(path("folder"), 0o750).unwrap();
    assert!(store.link_or_copy(path("folder"), path("c"), 0o440).is_err());
}

#[test]
fn a_tree_leaves_its_place_whole() {
    let (_folder, store) = store();
    store.create_dirs(path("a/b/c"), 0o750).unwrap();
    store.write_file(path("a/b/c/file"), 0o440, b"x").unwrap();
    store.sync_tree(path("a")).unwrap();
    store.remove_tree(path("a"), path("trash-1")).unwrap();
    assert_eq!(names(&store), BTreeSet::new());
    store.remove_dir(path("a")).unwrap();
}

#[test]
fn syncs_are_counted_and_may_be_left_out() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [Syncs::Executed, Syncs::Counted] {
        let store = Store::open(folder.path(), mode).unwrap();
        store.create_dir(path("many"), 0o700).unwrap();
        let files: Vec<_> = (0..20)
            .map(|number| PathBuf::from(format!("many/{number}")))
            .map(|at| (at.clone(), store.create_file(&at, 0o600).unwrap()))
            .collect();
        store.sync_all(&files).unwrap();
        assert_eq!(store.clone().syncs(), 21);
        store.remove_dir(path("many")).unwrap();
    }
}

#[test]
fn errors_name_the_step_and_no_more_than_the_relative_path() {
    let (folder, store) = store();
    let error = store.create_file(path("no/such"), 0o600).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let text = error.to_string();
    assert!(text.starts_with("cannot create the file no/such: "), "{text}");
    assert!(!text.contains(folder.path().to_str().unwrap()));
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::NotFound);
    assert!(matches!(store.sync_dir(path("no")), Err(StoreError::Sync { .. })));
}

#[test]
fn fault_64_a_failed_sync_is_final() {
    let folder = tempfile::tempdir().unwrap();
    let kernel = Arc::new(Forgetful::default());
    let _watching = seam::watch(folder.path(), kernel.clone());
    let store = Store::open(folder.path(), Syncs::Executed).unwrap();
    // The sync of the file, then that of its folder.
    for (nth, step) in [Step::SyncFile, Step::SyncDir].into_iter().enumerate() {
        kernel.lose_at(nth);
        let error = store.replace(path("LATEST"), 0o640, b"new").unwrap_err();
        assert!(matches!(error, StoreError::Sync { step: failed, .. } if failed == step), "{error}");
        assert_eq!(kernel.asked(), nth + 1, "{step}: the kernel is asked again");
    }
    // One of many files is enough.
    let file = |name: &str| (name.into(), store.create_file(path(name), 0o600).unwrap());
    let files = ["a", "b", "c"].map(file);
    kernel.lose_at(1);
    assert!(matches!(store.sync_all(&files), Err(StoreError::Sync { .. })));
}

#[test]
fn every_step_can_be_made_to_fail() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = Arc::new(Faulty::default());
    let _watching = seam::watch(folder.path(), faulty.clone());
    let store = Store::open(folder.path(), Syncs::Executed).unwrap();
    for (when, step, name, visible) in [
        (When::Before, Step::CreateFile, "LATEST.tmp", b"old"),
        (When::After, Step::Write, "LATEST.tmp", b"old"),
        (When::Before, Step::SyncFile, "LATEST.tmp", b"old"),
        (When::Before, Step::Rename, "LATEST", b"old"),
        (When::After, Step::Rename, "LATEST", b"new"),
        (When::Before, Step::SyncDir, ".", b"new"),
    ] {
        store.replace(path("LATEST"), 0o640, b"old").unwrap();
        faulty.refuse(Some(Refusal::once(Point { when, step, path: name.into(), nth: 0 }, Errno::NOSPC)));
        let error = store.replace(path("LATEST"), 0o640, b"new").unwrap_err();
        faulty.refuse(None);
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{when:?} {step:?}");
        assert_eq!(fs::read(store.locate(path("LATEST"))).unwrap(), visible, "{when:?} {step:?}");
    }
    // Another folder's store knows nothing of it.
    let elsewhere = self::store();
    faulty.refuse(Some(Refusal::everything(Errno::IO)));
    elsewhere.1.replace(path("LATEST"), 0o640, b"new").unwrap();
    assert!(store.replace(path("LATEST"), 0o640, b"new").is_err());
}
