//! The pack's folder: staged beside its place, synced, and renamed there when it is whole.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::encode::Fingerprint;
use crate::lake::store::{Store, StoreFile, Syncs};

use super::StatementsError;
use super::label::{LABEL, Written, is_pack};

/// Permissions of the pack's files and folders: for their owner and group.
const FILE_MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o750;

/// Files that are synced at a time.
const SYNCED: usize = 64;

/// A pack's folder under construction. Dropped before it has its place, it leaves nothing.
#[derive(Debug)]
pub(super) struct Folder {
    store: Store,
    staging: TempDir,
    /// The staging folder's and the pack's names in the folder that holds both.
    name: PathBuf,
    target: PathBuf,
    replaces: bool,
    files: Vec<String>,
}

impl Folder {
    /// Prepares a pack at `out`, which must not exist, or be a pack (or empty) when it may be replaced.
    pub(super) fn prepare(out: &Path, force: bool) -> Result<Self, StatementsError> {
        let no_place = || StatementsError::NoPlace { path: out.to_owned() };
        let target = PathBuf::from(out.file_name().ok_or_else(no_place)?);
        let parent = match out.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !parent.is_dir() {
            return Err(no_place());
        }
        let replaces = match out.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
            Err(error) => return Err(StatementsError::io("look at", out)(error)),
            Ok(_) if !force => return Err(StatementsError::Exists { path: out.to_owned() }),
            Ok(found) if found.is_dir() && is_pack(out) => true,
            Ok(_) => return Err(StatementsError::NotAPack { path: out.to_owned() }),
        };
        let store = Store::open(parent, Syncs::Executed)?;
        let staging = tempfile::Builder::new()
            .prefix(".powens-statements-")
            .tempdir_in(store.root())
            .map_err(StatementsError::io("create a folder in", parent))?;
        let name = PathBuf::from(staging.path().file_name().ok_or_else(no_place)?);
        Ok(Self { store, staging, name, target, replaces, files: Vec::new() })
    }

    /// Where the staging folder is: also a place for scratch files without a name.
    pub(super) fn path(&self) -> &Path {
        self.staging.path()
    }

    /// Creates a folder of the pack.
    pub(super) fn create_dir(&self, name: &str) -> Result<(), StatementsError> {
        Ok(self.store.create_dir(&self.name.join(name), FOLDER_MODE)?)
    }

    /// Creates a file of the pack; returns where it is, too.
    pub(super) fn create(&mut self, name: &str) -> Result<(StoreFile, PathBuf), StatementsError> {
        let file = self.store.create_writer(&self.name.join(name), FILE_MODE)?;
        self.files.push(name.to_owned());
        Ok((file, self.staging.path().join(name)))
    }

    /// The files so far, by name, read back for their digests.
    pub(super) fn written(&self) -> Result<Vec<Written>, StatementsError> {
        let mut names: Vec<&String> = self.files.iter().collect();
        names.sort();
        let written = |name: &&String| {
            let found = Fingerprint::of_file(&self.staging.path().join(name))?;
            Ok(Written { path: (*name).clone(), bytes: found.bytes, sha256: found.sha256.to_string() })
        };
        names.iter().map(written).collect()
    }

    /// Number of files so far.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    /// Writes the label, syncs everything and gives the folder its place.
    pub(super) fn publish(mut self, label: &[u8]) -> Result<(), StatementsError> {
        let (mut file, path) = self.create(LABEL)?;
        file.write_all(label).map_err(StatementsError::io("write", &path))?;
        drop(file);
        for names in self.files.chunks(SYNCED) {
            let open = |name: &String| {
                let path = self.staging.path().join(name);
                let file = File::open(&path).map_err(StatementsError::io("open", &path))?;
                Ok((self.name.join(name), file))
            };
            let files = names.iter().map(open).collect::<Result<Vec<_>, StatementsError>>()?;
            self.store.sync_all(&files)?;
        }
        self.store.set_mode(&self.name, FOLDER_MODE)?;
        self.store.sync_tree(&self.name)?;
        if self.replaces {
            self.replace()?;
        } else {
            self.store.rename(&self.name, &self.target)?;
        }
        // Nothing of that name is left to be removed.
        let _ = self.staging.keep();
        Ok(())
    }

    /// Puts the pack in the place of the old one, and removes that. The two change places in one step; only where the
    /// file system cannot do that is there no pack for the instant between two renames.
    fn replace(&self) -> Result<(), StatementsError> {
        if self.store.exchange(&self.name, &self.target)? {
            return Ok(self.store.remove_dir(&self.name)?);
        }
        let mut old = self.name.clone().into_os_string();
        old.push("-old");
        let old = PathBuf::from(old);
        self.store.rename(&self.target, &old)?;
        if let Err(error) = self.store.rename(&self.name, &self.target) {
            // The old pack gets its place back; that this may fail too is no reason to hide the first failure.
            let _ = self.store.rename(&old, &self.target);
            return Err(error.into());
        }
        Ok(self.store.remove_dir(&old)?)
    }
}
