//! The steps on the disk, and why one failed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A step on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Looking at what is there.
    Inspect,
    /// Creating a folder.
    CreateDir,
    /// Creating a file.
    CreateFile,
    /// Writing bytes to a file.
    Write,
    /// Making a file's bytes durable.
    SyncFile,
    /// Making a folder's names durable.
    SyncDir,
    /// Giving a file or folder another name.
    Rename,
    /// Giving two files or folders each other's names.
    Exchange,
    /// A second name for a file, or a copy of it.
    Link,
    /// Giving a file or folder its permissions.
    SetMode,
    /// Removing a file, link or folder.
    Remove,
    /// Creating a symbolic link.
    Symlink,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inspect => "look at",
            Self::CreateDir => "create the folder",
            Self::CreateFile => "create the file",
            Self::Write => "write to",
            Self::SyncFile => "sync the file",
            Self::SyncDir => "sync the folder",
            Self::Rename => "rename",
            Self::Exchange => "exchange",
            Self::Link => "link or copy",
            Self::SetMode => "set the mode of",
            Self::Remove => "remove",
            Self::Symlink => "create the symbolic link",
        })
    }
}

/// Why a step failed. Paths are relative to the root; `.` is the root itself.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk refused a step.
    #[error("cannot {step} {}: {source}", path.display())]
    Io {
        /// What was tried.
        step: Step,
        /// On what.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// The disk could not promise to keep what was written. Final: the same file is never synced again.
    #[error("cannot {step} {}: {source}; {}", path.display(), remedy(*step, source))]
    Sync {
        /// Of a file or of a folder.
        step: Step,
        /// On what.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A symbolic link lies where the program keeps its own files.
    #[error("{} is a symbolic link: somebody put it there, remove it", .0.display())]
    Symlink(PathBuf),
    /// Everybody on the machine could replace what is published.
    #[error("{} is writable by everybody: take that right away (chmod o-w) or set the sticky bit", .0.display())]
    WorldWritable(PathBuf),
    /// The root is no folder.
    #[error("{} is not a folder: give another place", .0.display())]
    NotAFolder(PathBuf),
    /// The path leads out of the root.
    #[error("{} does not stay below the destination", .0.display())]
    Outside(PathBuf),
}

impl StoreError {
    /// The kind of the system's answer.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self {
            Self::Io { source, .. } | Self::Sync { source, .. } => source.kind(),
            Self::Symlink(_) | Self::Outside(_) | Self::WorldWritable(_) => io::ErrorKind::PermissionDenied,
            Self::NotAFolder(_) => io::ErrorKind::NotADirectory,
        }
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), error)
    }
}

/// What to do about a failed sync. A file system that knows no syncs of folders (FUSE, SMB) will never do it; that is no
/// reason to go on without: a snapshot that was promised could be gone after a power cut.
fn remedy(step: Step, source: &io::Error) -> &'static str {
    let unknown = matches!(source.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported);
    if step == Step::SyncDir && unknown {
        "this file system cannot make names durable: choose a destination on another, such as a local disk"
    } else {
        "what was written there may be lost, check the disk and run again"
    }
}

pub(super) fn failed(step: Step, path: &Path, source: io::Error) -> StoreError {
    let path = path.to_owned();
    match step {
        Step::SyncFile | Step::SyncDir => StoreError::Sync { step, path, source },
        _ => StoreError::Io { step, path, source },
    }
}
