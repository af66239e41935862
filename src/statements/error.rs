//! Why there is no pack.

use std::io;
use std::path::{Path, PathBuf};

use arrow::error::ArrowError;
use rust_xlsxwriter::XlsxError;

use crate::encode::EncodeError;
use crate::lake::store::StoreError;
use crate::lake::{LakeError, LakeErrorKind};
use crate::model::AccountId;

/// A pack could not be written; nothing is left where it was to be. No message holds what a row says.
#[derive(Debug, thiserror::Error)]
pub enum StatementsError {
    /// The snapshot cannot be read.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// A file of the snapshot cannot be read, or one of the pack not written.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// A durable step failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows of the snapshot are not what their table promises.
    #[error("rows of the snapshot cannot be read: {0}; run powens-export verify")]
    Rows(#[from] ArrowError),
    /// The workbook could not be put together.
    #[error("cannot write the workbook: {0}")]
    Workbook(#[from] XlsxError),
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
    /// There is something where the pack was to be.
    #[error("{} exists: give another folder, or --force to replace the pack in it", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// `--force` would have removed something that is no pack.
    #[error("{} is not a pack of this program, and is not replaced: give another folder", path.display())]
    NotAPack {
        /// Where.
        path: PathBuf,
    },
    /// The path names no new folder.
    #[error("{} cannot be a new folder: give the path of one, in a folder that exists", path.display())]
    NoPlace {
        /// What was given.
        path: PathBuf,
    },
    /// No account of the snapshot is asked for.
    #[error(
        "the snapshot holds no account of this selection: compare --user and --account with its table accounts"
    )]
    NothingSelected,
    /// An account asked for is not there.
    #[error(
        "the snapshot holds no account {0} of this selection: its table accounts has those that there are"
    )]
    NoSuchAccount(AccountId),
}

impl StatementsError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }

    /// What the failure asks for.
    #[must_use]
    pub const fn kind(&self) -> LakeErrorKind {
        match self {
            Self::Lake(error) => error.kind(),
            Self::Rows(_) => LakeErrorKind::Damaged,
            Self::Encode(_) | Self::Store(_) | Self::Workbook(_) | Self::Io { .. } => LakeErrorKind::Disk,
            Self::Exists { .. }
            | Self::NotAPack { .. }
            | Self::NoPlace { .. }
            | Self::NothingSelected
            | Self::NoSuchAccount(_) => LakeErrorKind::Usage,
        }
    }
}
