//! Steps on files.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::{Step, StoreError, failed};
use super::{Store, StoreFile};

/// For `open`: an error instead of following a link at the end of the path.
const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// Threads that sync files at the same time: disks merge the flushes, and more gain nothing.
const SYNC_THREADS: usize = 4;

impl Store {
    /// Creates a file of exactly this mode, for writing. It is durable once it and its folder are synced.
    ///
    /// # Errors
    /// When something of that name exists (a link too: it is not followed), or the disk refuses.
    pub fn create_file(&self, path: &Path, mode: u32) -> Result<File, StoreError> {
        let place = self.beneath(path)?;
        self.attempt(Step::CreateFile, path, || make_file(&place, mode))
    }

    /// As [`Store::create_file`], for those who write with [`Write`]: each write is a step.
    ///
    /// # Errors
    /// As [`Store::create_file`].
    pub fn create_writer(&self, path: &Path, mode: u32) -> Result<StoreFile, StoreError> {
        Ok(StoreFile::new(self.clone(), path.to_owned(), self.create_file(path, mode)?))
    }

    /// Opens a file to add to its end; creates it with this mode where it is missing. For notes that outlive the
    /// process that wrote them, never for anything that is published.
    ///
    /// # Errors
    /// When the name is a link or no regular file, or the disk refuses.
    pub fn open_to_append(&self, path: &Path, mode: u32) -> Result<File, StoreError> {
        let place = self.beneath(path)?;
        self.attempt(Step::CreateFile, path, || {
            let file = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(mode)
                .custom_flags(NO_FOLLOW)
                .open(&place)?;
            file.set_permissions(Permissions::from_mode(mode))?;
            Ok(file)
        })
    }

    /// Gives a file or folder of ours exactly this mode. It is durable once the file, or the folder, is synced.
    ///
    /// # Errors
    /// When the name is a link, or the disk refuses.
    pub fn set_mode(&self, path: &Path, mode: u32) -> Result<(), StoreError> {
        let place = self.beneath(path)?;
        let found = fs::symlink_metadata(&place).map_err(|error| failed(Step::Inspect, path, error))?;
        if found.is_symlink() {
            return Err(StoreError::Symlink(path.to_owned()));
        }
        self.attempt(Step::SetMode, path, || fs::set_permissions(&place, Permissions::from_mode(mode)))
    }

    /// Writes all the bytes at the file's end.
    ///
    /// # Errors
    /// When the disk refuses: the file is then unusable.
    pub fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> Result<(), StoreError> {
        self.attempt(Step::Write, path, || file.write_all(bytes))
    }

    /// Creates a file of these bytes and syncs it; its folder is left to the caller.
    ///
    /// # Errors
    /// As [`Store::create_file`], [`Store::write`] and [`Store::sync_file`].
    pub fn write_file(&self, path: &Path, mode: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let mut file = self.create_file(path, mode)?;
        self.write(path, &mut file, bytes)?;
        self.sync_file(path, &file)
    }

    /// Makes the file's bytes durable.
    ///
    /// # Errors
    /// When the disk cannot promise it. The file must then not be used or synced again.
    pub fn sync_file(&self, path: &Path, file: &File) -> Result<(), StoreError> {
        self.attempt(Step::SyncFile, path, || self.sync(file))
    }

    /// Makes the bytes of many files durable, several at a time.
    ///
    /// # Errors
    /// The first failure, after all that were begun have ended.
    pub fn sync_all(&self, files: &[(PathBuf, File)]) -> Result<(), StoreError> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<(), StoreError> {
            while let Some((path, file)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.sync_file(path, file).inspect_err(|_| next.store(files.len(), Ordering::Relaxed))?;
            }
            Ok(())
        };
        if files.len() < 2 {
            return work();
        }
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..SYNC_THREADS.min(files.len())).map(|_| scope.spawn(work)).collect();
            let results: Vec<_> = workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect();
            results.into_iter().collect()
        })
    }

    /// Copies a file to a new one of this mode and syncs that. The folder is left to the caller.
    ///
    /// # Errors
    /// When the new name exists, or the disk refuses.
    pub fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<(), StoreError> {
        let source = self.beneath(from)?;
        let mut original = File::open(&source).map_err(|error| failed(Step::Inspect, from, error))?;
        let mut copy = self.create_file(to, mode)?;
        self.attempt(Step::Write, to, || io::copy(&mut original, &mut copy))?;
        self.sync_file(to, &copy)
    }

    /// Removes a file or a link; one that is not there is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_file(&self, path: &Path) -> Result<(), StoreError> {
        let place = self.beneath(path)?;
        self.attempt(Step::Remove, path, || absent_is_fine(fs::remove_file(&place)))
    }
}

/// `create_new` is `O_CREAT|O_EXCL`: it fails on anything of that name and never follows a link.
fn make_file(place: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(place)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

pub(super) fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
