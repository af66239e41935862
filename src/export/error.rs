//! Why a run ends without a snapshot, and the exit code of each reason.

use std::fmt;

use crate::api::ApiError;
use crate::extract::{ExtractError, ExtractErrorKind, PlanError};
use crate::lake::LakeError;
use crate::lake::build::BuildError;
use crate::lake::guard::Refusal;
use crate::model::{DecimalType, UserId, exit_code};
use crate::stage::StageError;

/// Why a run ended without publishing. `LATEST` is what it was before, but for [`LakeError::CommitUnknown`].
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The destination.
    #[error(transparent)]
    Lake(#[from] LakeError),
    /// The API's client could not be made.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Fetching stopped.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// Settings that contradict what the lake holds.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The stage.
    #[error(transparent)]
    Stage(#[from] StageError),
    /// The snapshot's files could not be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Users asked for that nobody knows.
    #[error("no such user: {}; nothing was fetched. Leave them out of --user: the table users has those that there are", Ids(.0))]
    UnknownUsers(Vec<UserId>),
    /// `--mode incremental` where nothing can be built upon.
    #[error(
        "--mode incremental needs a snapshot to build on, and {dest} has none: leave --mode out for a first run"
    )]
    NothingToBuildOn {
        /// The destination.
        dest: String,
    },
    /// Another decimal type than the lake's.
    #[error(
        "the lake's amounts are decimals of ({lake}), and --decimal asks for ({asked}): the type of a lake never changes; leave --decimal out, or export to another --dest"
    )]
    DecimalFixed {
        /// The lake's.
        lake: DecimalType,
        /// Asked for.
        asked: DecimalType,
    },
    /// The guard refused; what was fetched is kept for a run that overrides it.
    #[error("nothing is published, what was fetched is kept: {}", Refusals(.0))]
    Refused(Vec<Refusal>),
    /// A part of the program failed that cannot fail.
    #[error("a bug: {0}; please report it")]
    Bug(String),
}

impl ExportError {
    /// Whether readers see the new snapshot all the same: then a signal does not decide the exit code.
    #[must_use]
    pub fn is_published(&self) -> bool {
        matches!(self, Self::Lake(LakeError::CommitUnknown { .. }))
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Lake(error) | Self::Build(BuildError::Lake(error)) => error.kind().exit_code(),
            Self::Build(BuildError::Store(_) | BuildError::Encode(_) | BuildError::Stage(_)) => {
                exit_code::DISK
            }
            // What was staged and what the plan says do not go together: a mistake of ours.
            Self::Build(_) => exit_code::BUG,
            Self::Api(error) => error.exit_class().code(),
            Self::Extract(error) => match error.kind() {
                ExtractErrorKind::Exit(class) => class.code(),
                ExtractErrorKind::Interrupted => exit_code::INTERRUPTED,
                ExtractErrorKind::ReceiverGone => exit_code::DISK,
            },
            Self::Stage(_) => exit_code::DISK,
            Self::Plan(_)
            | Self::UnknownUsers(_)
            | Self::NothingToBuildOn { .. }
            | Self::DecimalFixed { .. } => exit_code::USAGE,
            Self::Refused(_) => exit_code::REFUSED,
            Self::Bug(_) => exit_code::BUG,
        }
    }
}

struct Ids<'a>(&'a [UserId]);

impl fmt::Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(UserId::to_string).collect();
        f.write_str(&texts.join(", "))
    }
}

struct Refusals<'a>(&'a [Refusal]);

impl fmt::Display for Refusals<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.0.iter().map(Refusal::to_string).collect();
        f.write_str(&texts.join("; "))
    }
}
