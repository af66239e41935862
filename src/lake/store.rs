//! The one file that renames and syncs.
//!
//! Every durable step below a destination goes through a [`Store`], so that none can be forgotten: a rename syncs
//! both parents, a replacement is written beside, synced and renamed over, a new folder's parent is synced. Build
//! and publish assume no renames or links beyond it.
//!
//! - Paths are relative to the root, may not leave it, and no part of one may be a symbolic link.
//! - Files are created, never opened for writing again; modes are exact whatever the umask.
//! - A failed sync is final ([`StoreError::Sync`]): the kernel may have dropped the bytes, so a second sync of the
//!   same file could succeed without them. Nothing here tries again.
//! - Before and after each step a test may look on, make the step fail, and write down what happened (`seam`);
//!   nothing of that is in a shipped program.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

mod disk;
mod error;
#[cfg(test)]
pub(crate) mod faulty;
mod file;
pub(crate) mod seam;
#[cfg(test)]
mod tests;

use error::failed;
pub use error::{Step, StoreError};
pub use file::StoreFile;
use seam::{Act, Seam};

/// For `open`: an error instead of following a link at the end of the path.
const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

/// Threads that sync files at the same time: disks merge the flushes, and more gain nothing.
const SYNC_THREADS: usize = 4;

/// Whether syncs reach the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// They are executed.
    #[default]
    Executed,
    /// They are only counted: for simulations of many nights, never for a lake that somebody keeps.
    Counted,
}

/// How a file came to a second place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carried {
    /// A second name of the same bytes.
    Linked,
    /// A copy, because the file system refuses links; it is synced.
    Copied,
}

/// The durable steps below one root. Clones share the count of syncs.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    mode: Syncs,
    syncs: Arc<AtomicU64>,
    seam: Seam,
}

impl Store {
    /// The store of an existing folder.
    ///
    /// # Errors
    /// When it is no folder, or writable by everybody without the sticky bit.
    pub fn open(root: &Path, mode: Syncs) -> Result<Self, StoreError> {
        let root = root.canonicalize().map_err(|source| failed(Step::Inspect, root, source))?;
        let metadata = fs::metadata(&root).map_err(|source| failed(Step::Inspect, &root, source))?;
        if !metadata.is_dir() {
            return Err(StoreError::NotAFolder(root));
        }
        if metadata.mode() & 0o1002 == 0o0002 {
            return Err(StoreError::WorldWritable(root));
        }
        let seam = Seam::of(&root);
        Ok(Self { root, mode, syncs: Arc::default(), seam })
    }

    /// The store of a folder, which is created with this mode where it is missing, missing parents included.
    ///
    /// # Errors
    /// As [`Store::open`], and when the disk refuses.
    pub fn open_or_create(root: &Path, dir_mode: u32, mode: Syncs) -> Result<Self, StoreError> {
        let here = Path::new(".");
        let missing: Vec<&Path> =
            root.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists()).collect();
        let seam = Seam::of(root);
        for path in missing.iter().rev() {
            seam.around(&Act::on(Step::CreateDir, here), || make_dir(path, dir_mode))
                .map_err(|source| failed(Step::CreateDir, path, source))?;
        }
        let store = Self::open(root, mode)?;
        for path in missing.iter().rev() {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            store.sync_dir_at(here, parent.unwrap_or(here))?;
        }
        Ok(store)
    }

    /// The root, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a path lies, for reading.
    #[must_use]
    pub fn locate(&self, path: &Path) -> PathBuf {
        self.root.join(path)
    }

    /// How many syncs there were so far, executed or counted.
    #[must_use]
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Whether something of that name is there; a link counts, wherever it leads.
    ///
    /// # Errors
    /// When that cannot be told.
    pub fn exists(&self, path: &Path) -> Result<bool, StoreError> {
        match fs::symlink_metadata(self.beneath(path)?) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(failed(Step::Inspect, path, source)),
        }
    }

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

    fn rename_over(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let (source, target) = (self.beneath(from)?, self.beneath(to)?);
        self.perform(&Act::between(Step::Rename, from, to), || fs::rename(&source, &target))?;
        self.sync_parents(from, to)
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

    fn sync_parents(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        self.sync_parent(to)?;
        if parent(from) != parent(to) {
            self.sync_parent(from)?;
        }
        Ok(())
    }

    fn sync_parent(&self, path: &Path) -> Result<(), StoreError> {
        self.sync_dir(parent(path))
    }

    fn sync_dir_at(&self, path: &Path, place: &Path) -> Result<(), StoreError> {
        self.attempt(Step::SyncDir, path, || File::open(place).and_then(|folder| self.sync(&folder)))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        match self.mode {
            Syncs::Executed => self.seam.sync(file),
            Syncs::Counted => Ok(()),
        }
    }

    /// Does a step on one path.
    fn attempt<T>(
        &self,
        step: Step,
        path: &Path,
        run: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, StoreError> {
        self.perform(&Act::on(step, path), run)
    }

    fn perform<T>(&self, act: &Act<'_>, run: impl FnOnce() -> io::Result<T>) -> Result<T, StoreError> {
        self.seam.around(act, run).map_err(|source| failed(act.step, act.path, source))
    }

    /// The place of a path, once it is sure that it stays below the root and that no folder on the way is a link.
    fn beneath(&self, path: &Path) -> Result<PathBuf, StoreError> {
        let mut place = self.root.clone();
        let mut walked = PathBuf::new();
        let mut parts = path.components().filter(|part| *part != Component::CurDir).peekable();
        while let Some(part) = parts.next() {
            let Component::Normal(name) = part else { return Err(StoreError::Outside(path.to_owned())) };
            place.push(name);
            walked.push(name);
            if parts.peek().is_some() && fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink()) {
                return Err(StoreError::Symlink(walked));
            }
        }
        Ok(place)
    }
}

/// A path's parent; `.` for a name at the root.
fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".tmp");
    path.with_file_name(name)
}

/// The mode is given when the folder is made, so that nobody ever finds it wider; the rights that the umask took
/// away are given back afterwards.
fn make_dir(place: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(place)?;
    fs::set_permissions(place, Permissions::from_mode(mode))
}

/// `create_new` is `O_CREAT|O_EXCL`: it fails on anything of that name and never follows a link.
fn make_file(place: &Path, mode: u32) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(place)?;
    file.set_permissions(Permissions::from_mode(mode))?;
    Ok(file)
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
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
