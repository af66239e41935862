//! The store of one root, and the one way in which each of its steps is done.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::error::{Step, StoreError, failed};
use super::seam::{Act, Seam};

/// Whether syncs reach the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// They are executed.
    #[default]
    Executed,
    /// They are only counted: for simulations of many nights, never for a lake that somebody keeps.
    Counted,
}

/// The durable steps below one root. Clones share the count of syncs.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) root: PathBuf,
    mode: Syncs,
    syncs: Arc<AtomicU64>,
    pub(super) seam: Seam,
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

    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        match self.mode {
            Syncs::Executed => self.seam.sync(file),
            Syncs::Counted => Ok(()),
        }
    }

    /// Does a step on one path.
    pub(super) fn attempt<T>(
        &self,
        step: Step,
        path: &Path,
        run: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, StoreError> {
        self.perform(&Act::on(step, path), run)
    }

    pub(super) fn perform<T>(
        &self,
        act: &Act<'_>,
        run: impl FnOnce() -> io::Result<T>,
    ) -> Result<T, StoreError> {
        self.seam.around(act, run).map_err(|source| failed(act.step, act.path, source))
    }

    /// The place of a path, once it is sure that it stays below the root and that no folder on the way is a link.
    pub(super) fn beneath(&self, path: &Path) -> Result<PathBuf, StoreError> {
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

/// The mode is given when the folder is made, so that nobody ever finds it wider; the rights that the umask took
/// away are given back afterwards.
pub(super) fn make_dir(place: &Path, mode: u32) -> io::Result<()> {
    DirBuilder::new().mode(mode).create(place)?;
    fs::set_permissions(place, Permissions::from_mode(mode))
}
