//! Steps on names: what readers see change.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Store;
use super::error::{Step, StoreError, failed};
use super::seam::Act;

/// How a file came to a second place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A second name of the same bytes.
    Linked,
    /// A copy, because the file system refuses links; it is synced.
    Copied,
}

impl Store {
    /// Gives a file or folder another name and syncs both parents.
    ///
    /// # Errors
    /// When something of the new name exists, or the disk refuses. After [`StoreError::Sync`] either name may be
    /// found after a power loss.
    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        if self.exists(to)? {
            let source = io::Error::from(io::ErrorKind::AlreadyExists);
            return Err(failed(Step::Rename, to, source));
        }
        self.rename_over(from, to)
    }

    /// Gives two files or folders each other's names in one step, so that neither name is ever without one, and syncs
    /// both parents. Returns `false`, and does nothing, where the file system cannot do that.
    ///
    /// # Errors
    /// When one of them is not there, or the disk refuses. After [`StoreError::Sync`] a power loss may undo it.
    pub fn exchange(&self, one: &Path, other: &Path) -> Result<bool, StoreError> {
        let (first, second) = (self.beneath(one)?, self.beneath(other)?);
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        let act = Act::between(Step::Exchange, one, other);
        let swap =
            || Ok(rustix::fs::renameat_with(rustix::fs::CWD, &first, rustix::fs::CWD, &second, flags)?);
        match self.perform(&act, swap) {
            Ok(()) => self.sync_parents(one, other).map(|()| true),
            Err(StoreError::Io { source, .. }) if knows_no_exchange(&source) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Puts a file of these bytes in the place of whatever file has that name, in one step that readers see whole:
    /// written beside as `<name>.tmp`, synced, renamed over, the folder synced. A `.tmp` left by a crash is removed.
    ///
    /// # Errors
    /// When the name is a symbolic link, or the disk refuses. Up to the rename the old file stands; after
    /// [`StoreError::Sync`] of the folder either may be found after a power loss.
    pub fn replace(&self, path: &Path, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
        if fs::symlink_metadata(self.beneath(path)?).is_ok_and(|found| found.is_symlink()) {
            return Err(StoreError::Symlink(path.to_owned()));
        }
        let beside = beside(path);
        self.remove_file(&beside)?;
        self.write_file(&beside, mode, bytes)?;
        self.rename_over(&beside, path)
    }

    /// Puts a symbolic link in the place of the link of that name, if any, in one step.
    ///
    /// # Errors
    /// When something else than a link has the name, or the disk refuses.
    pub fn replace_symlink(&self, path: &Path, target: &Path) -> Result<(), StoreError> {
        let place = self.beneath(path)?;
        if fs::symlink_metadata(place).is_ok_and(|found| !found.is_symlink()) {
            return Err(failed(Step::Symlink, path, io::ErrorKind::AlreadyExists.into()));
        }
        let beside = beside(path);
        self.remove_file(&beside)?;
        let place = self.beneath(&beside)?;
        self.attempt(Step::Symlink, &beside, || symlink(target, place))?;
        self.rename_over(&beside, path)
    }

    /// Gives a file a second name; where the file system refuses that, copies it with this mode and syncs the copy.
    /// The folder is left to the caller.
    ///
    /// # Errors
    /// When the source is no regular file, the new name exists, or the disk refuses.
    pub fn link_or_copy(&self, from: &Path, to: &Path, mode: u32) -> Result<Carried, StoreError> {
        let (source, target) = (self.beneath(from)?, self.beneath(to)?);
        let found = fs::symlink_metadata(&source).map_err(|error| failed(Step::Inspect, from, error))?;
        if found.is_symlink() {
            return Err(StoreError::Symlink(from.to_owned()));
        }
        if !found.is_file() {
            return Err(failed(Step::Link, from, io::ErrorKind::InvalidInput.into()));
        }
        match self.perform(&Act::between(Step::Link, from, to), || fs::hard_link(&source, &target)) {
            Ok(()) => Ok(Carried::Linked),
            Err(StoreError::Io { source: error, .. }) if refuses_links(&error) => {
                self.copy(from, to, mode)?;
                Ok(Carried::Copied)
            }
            Err(error) => Err(error),
        }
    }

    fn rename_over(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let (source, target) = (self.beneath(from)?, self.beneath(to)?);
        self.perform(&Act::between(Step::Rename, from, to), || fs::rename(&source, &target))?;
        self.sync_parents(from, to)
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".tmp");
    path.with_file_name(name)
}

/// Whether the kernel or the file system cannot exchange two names.
fn knows_no_exchange(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput)
}

/// Whether the file system has no hard links, not between these two places, or no more for this file.
fn refuses_links(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported
            | io::ErrorKind::CrossesDevices
            | io::ErrorKind::TooManyLinks
            | io::ErrorKind::PermissionDenied
    )
}
