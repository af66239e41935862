//! What is asked of one user, and why.

use std::fmt;

use crate::model::Window;

/// What will be asked of one user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Everything in the window.
    Full {
        /// The dates to walk.
        window: Window,
    },
    /// What changed since the last walk; everything, should accounts or connections turn out to differ.
    Delta,
    /// Everything in the window, and for a user who is held what changed since the last walk.
    Window {
        /// The dates to walk.
        window: Window,
    },
    /// Nothing: the rows of the last snapshot stay as they are.
    Keep,
    /// Nothing: there is nothing to keep either.
    Skip,
    /// Nothing: the user is not in the list, and leaves once a second reading agrees.
    Gone,
}

impl Action {
    /// Whether requests are made.
    #[must_use]
    pub const fn fetches(self) -> bool {
        matches!(self, Self::Full { .. } | Self::Delta | Self::Window { .. })
    }
}

/// Why a user gets what the plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No rows are held.
    New,
    /// `--mode full`.
    AskedFull,
    /// `--from`, `--to`.
    AskedWindow,
    /// The files will be written anew.
    Rewrite,
    /// The last attempt failed.
    Carried,
    /// Something of the user was incomplete.
    Incomplete,
    /// Fewer dates are held than were asked for.
    Narrower,
    /// A row has no `last_update`.
    NullLastUpdate,
    /// By the API's clock, the last walk began in the future.
    ClockWentBack,
    /// It is the user's night, or the last full walk is too long ago.
    Due,
    /// The last snapshot is complete: changes are enough.
    Changes,
    /// Not among `--user`.
    NotSelected,
    /// Signed up moments ago.
    TooYoung,
    /// Held, and not in the list.
    Absent,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::New => "no rows are held yet",
            Self::AskedFull => "a full run was asked for",
            Self::AskedWindow => "a window was asked for",
            Self::Rewrite => "the files are written anew",
            Self::Carried => "the last attempt failed",
            Self::Incomplete => "the last snapshot is incomplete for this user",
            Self::Narrower => "fewer dates are held than were asked for",
            Self::NullLastUpdate => "a row without last_update is held: its changes would not show",
            Self::ClockWentBack => {
                "the API's clock went back: changes since the last walk would not all show"
            }
            Self::Due => "a full walk is due",
            Self::Changes => "complete in the last snapshot",
            Self::NotSelected => "not among the users asked for",
            Self::TooYoung => "signed up moments ago: a token could make a temporary user permanent",
            Self::Absent => "not in the list of users any more",
        })
    }
}
