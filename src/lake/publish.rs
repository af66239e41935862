//! Making a snapshot visible: everything durable first, then one pointer move.
//!
//! | step | after it |
//! |---|---|
//! | 1 the build area holds exactly what the manifest names, the manifest is consistent | |
//! | 2 modes, then every new file synced | bytes are durable |
//! | 3 every new file read back | bytes are right |
//! | 4 folders synced, the deepest first | names are durable |
//! | 5 manifest written, synced, its folder synced | the snapshot is whole |
//! | 6 folder renamed into `snapshots/`, both parents synced | it has its place, unseen |
//! | 7 `LATEST` replaced, the root synced | readers see it: the commit |
//! | 8 the link `latest` | people see it |
//!
//! Before step 7 ends nothing a reader can see has changed. Every step on the disk goes
//! through [`Store`](super::Store), where tests look on and make it fail.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::encode::Sha256;

use super::error::LakeError;
use super::layout::{Layout, MANIFEST, place};
use super::manifest::{FileEntry, Manifest};
use super::preflight::{Destination, FOLDER_MODE};
use super::readback::read_back;
use super::snapshot::{Latest, Snapshot};

/// The mode of published files, where `--file-mode` says nothing else.
pub const FILE_MODE: u32 = 0o440;

/// Publishes what lies in the build area of the manifest's run ([`place::building`]). Files whose entry's `since` is
/// this run are new: they are synced and read back; the others are links to files of the parent.
///
/// # Errors
/// When something is not as the manifest says, or the disk refuses: then `LATEST` is untouched.
/// [`LakeError::CommitUnknown`] when `LATEST` was replaced and the disk did not confirm it.
pub fn publish(
    destination: &Destination,
    manifest: &Manifest,
    file_mode: u32,
) -> Result<Snapshot, LakeError> {
    let Destination { layout, store, .. } = destination;
    let run = &manifest.run_id;
    let building = place::building(run);
    let folder = layout.at(&building);

    check_manifest(&folder, manifest, destination.next_sequence())?;
    let folders = check_listing(&folder, manifest)?;
    set_modes(destination, &building, manifest, &folders, file_mode)?;
    let new_files = || manifest.files.iter().filter(|file| file.since == *run);
    sync_files(destination, &building, new_files())?;

    let decimal = manifest.decimal.column().unwrap_or_default();
    read_back(&folder, new_files(), decimal)?;
    store.sync_tree(&building)?;

    let bytes = manifest.to_bytes().map_err(|error| unreadable(&folder, &error))?;
    let path = building.join(MANIFEST);
    store.write_file(&path, file_mode, &bytes)?;
    let written = fs::read(layout.at(&path)).map_err(LakeError::io("read back", &layout.at(&path)))?;
    let again = Manifest::from_bytes(&written).map_err(|error| unreadable(&folder, &error))?;
    if again != *manifest {
        return Err(unreadable(&folder, &"it is not the manifest that was written"));
    }
    store.sync_dir(&building)?;

    store.rename(&building, &place::snapshot(run))?;
    let sha256 = Sha256::of(&written);
    let snapshot =
        Snapshot { run_id: run.clone(), folder: layout.snapshot(run), manifest: manifest.clone(), sha256 };
    commit(destination, &snapshot, file_mode)?;

    if let Err(error) = store.replace_symlink(place::latest_link(), &Layout::latest_link_target(run)) {
        tracing::warn!(%run, %error, "the link `latest` still points at an older snapshot; LATEST is right");
    }
    Ok(snapshot)
}

/// The pointer move.
fn commit(destination: &Destination, snapshot: &Snapshot, file_mode: u32) -> Result<(), LakeError> {
    let Destination { layout, store, .. } = destination;
    let latest = snapshot.commit();
    let bytes = latest.to_bytes().map_err(|error| unreadable(&snapshot.folder, &error))?;
    store.replace(place::latest(), file_mode, &bytes).map_err(|source| {
        match Latest::read(layout) {
            // Readers see it, but nobody promised that it outlives a power cut.
            Ok(Some(seen)) if seen == latest => {
                LakeError::CommitUnknown { run: snapshot.run_id.clone(), source }
            }
            _ => source.into(),
        }
    })
}

fn unreadable(folder: &Path, problem: &dyn std::fmt::Display) -> LakeError {
    LakeError::ReadBack { path: folder.join(MANIFEST), problem: problem.to_string() }
}

fn check_manifest(folder: &Path, manifest: &Manifest, sequence: u64) -> Result<(), LakeError> {
    if manifest.sequence != sequence {
        let problem = format!("its sequence is {} where {sequence} is due", manifest.sequence);
        return Err(unreadable(folder, &problem));
    }
    if let Some(table) = manifest.foreign_tables().first() {
        let problem = format!("its schema of {} is not the one of this program", table.name());
        return Err(unreadable(folder, &problem));
    }
    manifest.inconsistencies().first().map_or(Ok(()), |problem| Err(unreadable(folder, problem)))
}

/// Everything below a folder: files and folders, relative to it. Links and other things are files here.
pub(crate) fn listing(folder: &Path) -> Result<(BTreeSet<PathBuf>, BTreeSet<PathBuf>), LakeError> {
    let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
    let mut waiting = vec![PathBuf::new()];
    while let Some(inner) = waiting.pop() {
        let here = folder.join(&inner);
        for entry in fs::read_dir(&here).map_err(LakeError::io("list", &here))? {
            let entry = entry.map_err(LakeError::io("list", &here))?;
            let path = inner.join(entry.file_name());
            if entry.file_type().map_err(LakeError::io("look at", &here))?.is_dir() {
                waiting.push(path.clone());
                folders.insert(path);
            } else {
                files.insert(path);
            }
        }
    }
    Ok((files, folders))
}

/// The folders of the build area, once it is sure that it holds exactly the manifest's files.
fn check_listing(folder: &Path, manifest: &Manifest) -> Result<BTreeSet<PathBuf>, LakeError> {
    let (mut found, folders) = listing(folder)?;
    // Left by a publish that failed between writing it and moving the folder.
    found.remove(Path::new(MANIFEST));
    let named: BTreeSet<PathBuf> =
        manifest.files.iter().map(|file| PathBuf::from(file.path.as_str())).collect();
    let problem = |path: &PathBuf, problem: &str| {
        Err(LakeError::ReadBack { path: folder.join(path), problem: problem.to_owned() })
    };
    if let Some(path) = named.difference(&found).next() {
        return problem(path, "the manifest names it and it is not there");
    }
    if let Some(path) = found.difference(&named).next() {
        return problem(path, "the manifest does not name it");
    }
    Ok(folders)
}

/// Gives files and folders the modes that readers find. A file that shares its bytes, and so its mode, with the
/// parent's is copied when the mode is to change: the parent stays as it was published.
fn set_modes(
    destination: &Destination,
    building: &Path,
    manifest: &Manifest,
    folders: &BTreeSet<PathBuf>,
    file_mode: u32,
) -> Result<(), LakeError> {
    let layout = &destination.layout;
    for file in &manifest.files {
        let path = file.path.under(building);
        let place = layout.at(&path);
        let found = place.symlink_metadata().map_err(LakeError::io("look at", &place))?;
        if !found.is_file() {
            let problem = "is a link where a file of ours belongs".to_owned();
            return Err(LakeError::Unsafe { path: place, problem });
        }
        if found.mode() & 0o7777 == file_mode {
            continue;
        }
        if found.nlink() > 1 {
            unshare(destination, building, &path, file_mode)?;
        } else {
            destination.store.set_mode(&path, file_mode)?;
        }
    }
    for inner in folders.iter().map(PathBuf::as_path).chain([Path::new("")]) {
        destination.store.set_mode(&building.join(inner), FOLDER_MODE)?;
    }
    Ok(())
}

/// Puts a copy of a file in its place.
fn unshare(destination: &Destination, building: &Path, path: &Path, mode: u32) -> Result<(), LakeError> {
    let store = &destination.store;
    let copy = building.join("copy.tmp");
    store.copy(path, &copy, mode)?;
    store.remove_file(path)?;
    Ok(store.rename(&copy, path)?)
}

/// Syncs files a hundred at a time, so that few are open at once.
fn sync_files<'a>(
    destination: &Destination,
    building: &Path,
    files: impl Iterator<Item = &'a FileEntry>,
) -> Result<(), LakeError> {
    let paths: Vec<PathBuf> = files.map(|file| file.path.under(building)).collect();
    for some in paths.chunks(100) {
        let opened = some
            .iter()
            .map(|path| {
                let place = destination.layout.at(path);
                Ok((path.clone(), File::open(&place).map_err(LakeError::io("open", &place))?))
            })
            .collect::<Result<Vec<_>, LakeError>>()?;
        destination.store.sync_all(&opened)?;
    }
    Ok(())
}
