//! What must hold of the destination before anything is asked of the API.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::LakeError;
use super::layout::{Layout, place};
use super::lock::Lock;
use super::snapshot::Snapshot;
use super::store::{Store, Syncs};
use jiff::Timestamp;

/// The mode of folders that hold published files.
pub const FOLDER_MODE: u32 = 0o750;
/// The mode of the folder of unpublished work.
pub const WORK_MODE: u32 = 0o700;

/// A lake that this run holds.
#[derive(Debug)]
pub struct Destination {
    /// Its places.
    pub layout: Layout,
    /// Its durable steps.
    pub store: Store,
    /// Its lock, held while this value lives.
    pub lock: Lock,
    /// The snapshot that `LATEST` names, if any.
    pub latest: Option<Snapshot>,
}

impl Destination {
    /// Creates the folder where it is missing, locks it, checks it, reads the last snapshot's manifest and moves aside
    /// what runs that died have left.
    ///
    /// # Errors
    /// [`LakeError::Busy`] when another run holds it; [`LakeError::Damaged`] and [`LakeError::Newer`] as
    /// [`Snapshot::latest`]; otherwise when the place is unsafe or the disk refuses.
    pub fn open(root: &Path, now: Timestamp, syncs: Syncs) -> Result<Self, LakeError> {
        let store = Store::open_or_create(root, FOLDER_MODE, syncs)?;
        let layout = Layout::new(store.root());
        let lock = Lock::acquire(&layout, now)?;
        prepare(&layout, &store)?;
        let latest = Snapshot::latest(&layout)?;
        super::sweep::sweep(&layout, &store, &lock, latest.as_ref().map_or(0, |s| s.manifest.sequence))?;
        Ok(Self { layout, store, lock, latest })
    }

    /// Makes sure that another snapshot has room. What frees space, such as [`prune`](super::retention::prune), must not
    /// ask for it first.
    ///
    /// # Errors
    /// [`LakeError::NoSpace`] when it has not; otherwise when the system does not say.
    pub fn check_space(&self) -> Result<(), LakeError> {
        let (free, needed) = (free_bytes(&self.layout)?, needed_bytes(self.latest.as_ref()));
        if free < needed {
            return Err(LakeError::NoSpace { root: self.layout.root().to_owned(), free, needed });
        }
        Ok(())
    }

    /// The sequence of the next snapshot.
    #[must_use]
    pub fn next_sequence(&self) -> u64 {
        self.latest.as_ref().map_or(1, |snapshot| snapshot.manifest.sequence + 1)
    }
}

/// Makes the folders, and sees that they are ours, on one file system, writable, and closed where they must be.
fn prepare(layout: &Layout, store: &Store) -> Result<(), LakeError> {
    store.create_dirs(place::work(), WORK_MODE)?;
    store.create_dirs(place::snapshots(), FOLDER_MODE)?;
    let look = |path: &Path| path.symlink_metadata().map_err(LakeError::io("look at", path));
    let root = look(layout.root())?;
    for place in [place::work(), place::snapshots()] {
        let path = layout.at(place);
        let found = look(&path)?;
        let problem = if !found.is_dir() {
            "is a link or a file where a folder of ours belongs: remove it"
        } else if found.dev() != root.dev() {
            "lies on another file system than the destination: nothing could be moved into place in one step"
        } else {
            continue;
        };
        return Err(LakeError::Unsafe { path, problem: problem.to_owned() });
    }
    let work = layout.at(place::work());
    let found = look(&work)?;
    // Whoever owns a file made just now is who we are.
    let probe = place::work().join("probe");
    store.remove_file(&probe)?;
    let made = store.create_file(&probe, 0o600)?.metadata().map_err(LakeError::io("look at", &work))?;
    store.remove_file(&probe)?;
    if made.uid() != found.uid() {
        let problem = "belongs to somebody else: run as its owner, or remove it".to_owned();
        return Err(LakeError::Unsafe { path: work, problem });
    }
    if found.mode() & 0o777 != WORK_MODE {
        store.set_mode(place::work(), WORK_MODE)?;
    }
    Ok(())
}

/// Free bytes for us on the file system of the destination.
///
/// # Errors
/// When the system does not say.
pub fn free_bytes(layout: &Layout) -> Result<u64, LakeError> {
    let found = rustix::fs::statvfs(layout.root())
        .map_err(|error| LakeError::io("ask for free space at", layout.root())(error.into()))?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Free bytes that the next snapshot may need: one and a half times the last one's.
#[must_use]
pub fn needed_bytes(latest: Option<&Snapshot>) -> u64 {
    let last = latest.map_or(0, |snapshot| snapshot.manifest.bytes());
    last.saturating_add(last / 2)
}
