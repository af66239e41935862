//! How the program ends. A new failure does not compile until its exit code is chosen here.

use powens_export::model::exit_code;

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
            Self::Complete => exit_code::COMPLETE,
            Self::Bug => exit_code::BUG,
            Self::Usage => exit_code::USAGE,
            Self::Partial => exit_code::PARTIAL,
            Self::Damage => exit_code::DAMAGE,
            Self::Disk => exit_code::DISK,
            Self::Interrupted => exit_code::INTERRUPTED,
            Self::Terminated => exit_code::TERMINATED,
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
