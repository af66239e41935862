//! The steps on the disk: their names, their fail points, and why one failed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A step on the disk, as it stands in errors and in the names of fail points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// A second name for a file, or a copy of it.
    Link,
    /// Removing a file, link or folder.
    Remove,
    /// Creating a symbolic link.
    Symlink,
}

impl Step {
    /// The name in fail points.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inspect => "inspect",
            Self::CreateDir => "create_dir",
            Self::CreateFile => "create_file",
            Self::Write => "write",
            Self::SyncFile => "sync_file",
            Self::SyncDir => "sync_dir",
            Self::Rename => "rename",
            Self::Link => "link",
            Self::Remove => "remove",
            Self::Symlink => "symlink",
        }
    }
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
            Self::Link => "link or copy",
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
    #[error("cannot {step} {}: {source}; what was written there may be lost, check the disk and run again", path.display())]
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
    #[error(
        "the destination is writable by everybody: take that right away (chmod o-w) or set the sticky bit"
    )]
    WorldWritable,
    /// The root is no folder.
    #[error("the destination is not a folder")]
    NotAFolder,
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
            Self::Symlink(_) | Self::Outside(_) | Self::WorldWritable => io::ErrorKind::PermissionDenied,
            Self::NotAFolder => io::ErrorKind::NotADirectory,
        }
    }

    /// Whether a sync failed, so that the fate of the last step is unknown.
    #[must_use]
    pub fn is_sync(&self) -> bool {
        matches!(self, Self::Sync { .. })
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::new(error.kind(), error)
    }
}

pub(super) fn failed(step: Step, path: &Path, source: io::Error) -> StoreError {
    let path = path.to_owned();
    match step {
        Step::SyncFile | Step::SyncDir => StoreError::Sync { step, path, source },
        _ => StoreError::Io { step, path, source },
    }
}

/// Does a step between its fail points.
pub(super) fn attempt<T>(
    step: Step,
    path: &Path,
    act: impl FnOnce() -> io::Result<T>,
) -> Result<T, StoreError> {
    let run = || {
        reach(step, "before")?;
        let value = act()?;
        reach(step, "after")?;
        Ok(value)
    };
    run().map_err(|source| failed(step, path, source))
}

/// The fail points of a step; nothing without the feature.
#[cfg_attr(
    not(feature = "failpoints"),
    expect(unused_variables, clippy::unnecessary_wraps, reason = "no fail points")
)]
fn reach(step: Step, when: &str) -> io::Result<()> {
    fail::fail_point!("store::step", |what| injected(what.as_deref()));
    fail::fail_point!(&format!("store::{}::{when}", step.name()), |what| injected(what.as_deref()));
    Ok(())
}

/// What a fail point does: the error it names, or the end of the process.
#[cfg(feature = "failpoints")]
fn injected(what: Option<&str>) -> io::Result<()> {
    let errno = match what {
        Some("kill") => std::process::abort(),
        Some("EACCES") => 13,
        Some("ENOSPC") => 28,
        _ => 5,
    };
    Err(io::Error::from_raw_os_error(errno))
}
