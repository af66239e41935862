//! What can go wrong with a lake, sorted by what to do next.

use std::io;
use std::path::{Path, PathBuf};

use crate::encode::EncodeError;
use crate::model::exit_code;

use super::layout::RunId;
use super::store::StoreError;

/// A failure of the lake. Names paths and runs, never rows.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// A durable step failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The operating system refused something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another run holds the destination.
    #[error("another run holds {}{}; wait until it ends", root.display(), holder.as_deref().map(|who| format!(" ({who})")).unwrap_or_default())]
    Busy {
        /// The lake.
        root: PathBuf,
        /// Who holds it, as far as it says so.
        holder: Option<String>,
    },
    /// The destination is not a place to keep bank data in.
    #[error("{} {problem}", path.display())]
    Unsafe {
        /// What.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// Too little room for another snapshot.
    #[error(
        "{} has {free} bytes free and the next snapshot may need {needed}: free some, or keep fewer snapshots (powens-export prune)",
        root.display()
    )]
    NoSpace {
        /// The lake.
        root: PathBuf,
        /// Bytes free to us.
        free: u64,
        /// Bytes that the next snapshot may need.
        needed: u64,
    },
    /// A published snapshot is not as it was published.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// What.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// A newer program wrote this lake.
    #[error("{} has manifest version {version}, this program knows up to {known}: use the newer powens-export", path.display())]
    Newer {
        /// The manifest.
        path: PathBuf,
        /// Its version.
        version: u64,
        /// The newest that we know.
        known: u32,
    },
    /// There is no snapshot where one is needed.
    #[error("{} holds no snapshot yet: run powens-export run --dest on it first", root.display())]
    NoSnapshot {
        /// The lake.
        root: PathBuf,
    },
    /// There is no snapshot of that name.
    #[error("{} holds no snapshot {run}: powens-export status lists them", root.display())]
    NoSuchRun {
        /// The lake.
        root: PathBuf,
        /// The run asked for.
        run: RunId,
    },
    /// What was written does not read back as it was meant.
    #[error("{} does not read back as it was written: {problem}; nothing was published", path.display())]
    ReadBack {
        /// The file.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
    /// `LATEST` was replaced but the replacement may not outlive a power cut.
    #[error(
        "snapshot {run} is in place, but the disk did not confirm it: {source}; run powens-export verify, then run again"
    )]
    CommitUnknown {
        /// The run.
        run: RunId,
        /// What the disk said.
        source: StoreError,
    },
}

/// What a failure asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LakeErrorKind {
    /// Disk: cannot write, sync or read back.
    Disk,
    /// Another run holds the destination.
    Busy,
    /// Damage in a published snapshot.
    Damaged,
    /// The wrong command for this lake.
    Usage,
}

impl LakeErrorKind {
    /// The exit code that it asks for.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Disk => exit_code::DISK,
            Self::Busy => exit_code::BUSY,
            Self::Damaged => exit_code::DAMAGE,
            Self::Usage => exit_code::USAGE,
        }
    }
}

impl LakeError {
    /// An operating system's refusal, to be used in `map_err`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    pub(crate) fn damaged(path: &Path, problem: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), problem: problem.into() }
    }

    /// What the failure asks for.
    #[must_use]
    pub const fn kind(&self) -> LakeErrorKind {
        match self {
            Self::Store(_)
            | Self::Encode(_)
            | Self::Io { .. }
            | Self::Unsafe { .. }
            | Self::NoSpace { .. }
            | Self::ReadBack { .. }
            | Self::CommitUnknown { .. } => LakeErrorKind::Disk,
            Self::Busy { .. } => LakeErrorKind::Busy,
            Self::Damaged { .. } => LakeErrorKind::Damaged,
            Self::Newer { .. } | Self::NoSnapshot { .. } | Self::NoSuchRun { .. } => LakeErrorKind::Usage,
        }
    }
}
