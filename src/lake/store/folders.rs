//! Steps on folders.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::Store;
use super::error::{Step, StoreError, failed};
use super::files::absent_is_fine;
use super::root::make_dir;

impl Store {
    /// Creates a folder of exactly this mode and syncs its parent.
    ///
    /// # Errors
    /// When something of that name exists, or the disk refuses.
    pub fn create_dir(&self, path: &Path, mode: u32) -> Result<(), StoreError> {
        self.make_one_dir(path, mode)?;
        self.sync_parent(path)
    }

    /// Creates the folders of the path that are missing, each with exactly this mode, and syncs their parents.
    ///
    /// # Errors
    /// When the disk refuses, or something else than a folder is in the way.
    pub fn create_dirs(&self, path: &Path, mode: u32) -> Result<(), StoreError> {
        let missing = self.missing(path);
        missing.iter().rev().try_for_each(|path| self.create_dir(path, mode))
    }

    /// As [`Store::create_dirs`], without a sync: for folders that [`Store::sync_tree`] makes durable later, all at
    /// once. Several threads may make the same folder at the same time.
    ///
    /// # Errors
    /// As [`Store::create_dirs`].
    pub fn make_dirs(&self, path: &Path, mode: u32) -> Result<(), StoreError> {
        for path in self.missing(path).iter().rev() {
            match self.make_one_dir(path, mode) {
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists && self.root.join(path).is_dir() => {}
                made => made?,
            }
        }
        Ok(())
    }

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// When the disk cannot promise it.
    pub fn sync_dir(&self, path: &Path) -> Result<(), StoreError> {
        self.sync_dir_at(path, &self.beneath(path)?)
    }

    /// Makes the names in a folder and in all folders below it durable, the deepest first.
    ///
    /// # Errors
    /// When the disk cannot promise it, or a folder cannot be listed.
    pub fn sync_tree(&self, path: &Path) -> Result<(), StoreError> {
        let place = self.beneath(path)?;
        let listed = |source| failed(Step::Inspect, path, source);
        for entry in fs::read_dir(place).map_err(listed)? {
            let entry = entry.map_err(listed)?;
            if entry.file_type().map_err(listed)?.is_dir() {
                self.sync_tree(&path.join(entry.file_name()))?;
            }
        }
        self.sync_dir(path)
    }

    /// Removes a folder and all below it, following no link; one that is not there is no error. Its disappearance
    /// is not atomic: what readers may look at goes through [`Store::remove_tree`].
    ///
    /// # Errors
    /// When the disk refuses; part of it may be gone.
    pub fn remove_dir(&self, path: &Path) -> Result<(), StoreError> {
        let place = self.beneath(path)?;
        self.attempt(Step::Remove, path, || absent_is_fine(fs::remove_dir_all(&place)))
    }

    /// Removes a folder and all below it: it first leaves its place whole, by a rename to `trash`, so that nobody
    /// finds a half of it.
    ///
    /// # Errors
    /// When the disk refuses. What is left lies at `trash`.
    pub fn remove_tree(&self, path: &Path, trash: &Path) -> Result<(), StoreError> {
        self.rename(path, trash)?;
        self.remove_dir(trash)
    }

    fn make_one_dir(&self, path: &Path, mode: u32) -> Result<(), StoreError> {
        let place = self.beneath(path)?;
        self.attempt(Step::CreateDir, path, || make_dir(&place, mode))
    }

    /// The path and the folders above it that are not there, the deepest first.
    fn missing<'p>(&self, path: &'p Path) -> Vec<&'p Path> {
        path.ancestors()
            .take_while(|path| !path.as_os_str().is_empty() && !self.root.join(path).is_dir())
            .collect()
    }

    pub(super) fn sync_parents(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.sync_parent(to)?;
        if parent(from) != parent(to) {
            self.sync_parent(from)?;
        }
        Ok(())
    }

    fn sync_parent(&self, path: &Path) -> Result<(), StoreError> {
        self.sync_dir(parent(path))
    }

    pub(super) fn sync_dir_at(&self, path: &Path, place: &Path) -> Result<(), StoreError> {
        self.attempt(Step::SyncDir, path, || File::open(place).and_then(|folder| self.sync(&folder)))
    }
}

/// A path's parent; `.` for a name at the root.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
