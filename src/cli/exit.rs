//! Exit codes: a contract with cron, written once. A new failure does not compile until its code is chosen here.

use super::failure::Failure;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Published, complete; or the question was answered.
    Complete,
    /// A bug.
    Bug,
    /// Usage or configuration: nothing was requested or written. Also: no snapshot where one is needed.
    Usage,
    /// Published, partial; `status --check`: partial or too old.
    Partial,
    /// Damage found in a published snapshot.
    Damage,
    /// Disk: cannot write, sync or read back.
    Disk,
    /// Interrupted (SIGINT).
    Interrupted,
    /// Interrupted (SIGTERM).
    Terminated,
    /// What the library says of its own outcomes and failures.
    Library(u8),
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Damage => 5,
            Self::Disk => 74,
            Self::Interrupted => 130,
            Self::Terminated => 143,
            Self::Library(code) => code,
        }
    }

    /// The code of a failure.
    pub(crate) fn of(failure: &Failure) -> Self {
        match failure {
            Failure::Usage(_) => Self::Usage,
            Failure::Export(error) => Self::Library(error.exit_code()),
            Failure::Lake(error) => Self::Library(error.kind().exit_code()),
            Failure::Statements(error) => Self::Library(error.kind().exit_code()),
            Failure::System(_) | Failure::Write { .. } => Self::Disk,
            #[cfg(feature = "sandbox")]
            Failure::Serve { .. } => Self::Usage,
        }
    }
}
