//! What ends a run, and what ends one user only.

use crate::api::{ApiError, ExitClass};
use crate::model::{Reason, UserId};

/// What ends the whole run. Messages hold ids, endpoints and statuses only.
#[derive(Debug, thiserror::Error)]
pub enum ExtractError {
    /// A request failed that everything hangs on, or in a way that the next user's would too.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// No user's token can be had.
    #[error("the first {refused} users' tokens were all refused: {last}")]
    CredentialsRefused {
        /// How many.
        refused: u32,
        /// What the API said to the last.
        last: ApiError,
    },
    /// A list of the domain cannot be read although its answers are whole.
    #[error("the list of {what} cannot be read: {detail}")]
    BrokenList {
        /// Of what.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// An answer for one user held data of another.
    #[error(
        "an answer for user {asked} holds {what} of user {found}: nothing is published and what was fetched is \
         dropped; tell the API's operator"
    )]
    ForeignData {
        /// The user asked for.
        asked: UserId,
        /// The other user.
        found: i64,
        /// What kind of row.
        what: &'static str,
    },
    /// Somebody asked to stop.
    #[error("interrupted: nothing is published, what was fetched is kept")]
    Interrupted,
    /// Nobody takes the rows any more.
    #[error("the rows are not taken any more: staging stopped")]
    ReceiverGone,
}

/// What an [`ExtractError`] means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtractErrorKind {
    /// The exit class that the failed request has, foreign data and broken lists included.
    Exit(ExitClass),
    /// The signal's own exit code.
    Interrupted,
    /// The error to report is that of whoever took the rows.
    ReceiverGone,
}

impl ExtractError {
    /// What it means for the run.
    #[must_use]
    pub fn kind(&self) -> ExtractErrorKind {
        match self {
            Self::Api(error) => ExtractErrorKind::Exit(error.exit_class()),
            Self::CredentialsRefused { .. } => ExtractErrorKind::Exit(ExitClass::Credentials),
            Self::BrokenList { .. } | Self::ForeignData { .. } => ExtractErrorKind::Exit(ExitClass::Data),
            Self::Interrupted => ExtractErrorKind::Interrupted,
            Self::ReceiverGone => ExtractErrorKind::ReceiverGone,
        }
    }
}

/// Why work on one list or user stops.
#[derive(Debug)]
pub(super) enum Stop {
    /// This user only.
    Unit {
        /// The code.
        reason: Reason,
        /// In words.
        detail: String,
    },
    /// The run.
    Run(ExtractError),
}

impl Stop {
    pub(super) fn unit(reason: Reason, detail: impl Into<String>) -> Self {
        Self::Unit { reason, detail: detail.into() }
    }

    /// For a list of the domain there is no user to blame.
    pub(super) fn of_list(self, what: &'static str) -> ExtractError {
        match self {
            Self::Unit { detail, .. } => ExtractError::BrokenList { what, detail },
            Self::Run(error) => error,
        }
    }
}

impl From<ExtractError> for Stop {
    fn from(error: ExtractError) -> Self {
        Self::Run(error)
    }
}

impl From<ApiError> for Stop {
    fn from(error: ApiError) -> Self {
        match error.reason() {
            Some(reason) => Self::Unit { reason, detail: error.to_string() },
            None => Self::Run(error.into()),
        }
    }
}

/// Rows that do not fit the schema they were decoded with: our own mistake, kept to the one user.
impl From<arrow::error::ArrowError> for Stop {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::unit(Reason::Undecodable, format!("rows do not fit their table: {error}"))
    }
}
