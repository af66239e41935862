//! What a user's walk asks for.

use jiff::Timestamp;

use crate::model::{UnitMode, Window};

use super::action::Action;
use super::holdings::Holdings;
use super::job::Job;

/// What the walk asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Everything in the dates.
    Full { window: Window },
    /// What changed since the last walk, on top of the dates that are held.
    Delta { window: Window },
    /// Everything in the dates, and what changed in the others since, where there are others.
    Window { window: Window, since: Option<Timestamp> },
}

impl Order {
    /// What a plan comes to once the accounts are known: changes are enough only on top of the very accounts and
    /// connections that the snapshot holds.
    pub(super) fn of(job: &Job, holdings: &Holdings) -> Self {
        let (window, held) = match (job.action, &job.previous) {
            (Action::Full { window }, _) => return Self::Full { window },
            (Action::Window { window }, None) => return Self::Window { window, since: None },
            (Action::Window { window }, Some(held)) => (window, held),
            _ => return Self::Full { window: Window::OPEN },
        };
        match held.structure.difference(&holdings.structure) {
            None => Self::Window { window, since: Some(held.walk_start) },
            Some(why) => {
                tracing::info!(user = job.user.get(), why, "changes are not enough: everything is walked");
                Self::Full { window: window.union(&held.window) }
            }
        }
    }

    /// The same dates, in full.
    pub(super) fn widened(self, held: Option<Window>) -> Self {
        match self {
            Self::Full { window } | Self::Delta { window } => Self::Full { window },
            Self::Window { window, since: None } => Self::Window { window, since: None },
            Self::Window { window, since: Some(_) } => {
                Self::Full { window: held.map_or(window, |held| held.union(&window)) }
            }
        }
    }

    pub(super) const fn asks_for_changes(self) -> bool {
        matches!(self, Self::Delta { .. } | Self::Window { since: Some(_), .. })
    }

    pub(super) const fn window(self) -> Window {
        match self {
            Self::Full { window } | Self::Delta { window } | Self::Window { window, .. } => window,
        }
    }

    pub(super) const fn mode(self) -> UnitMode {
        match self {
            Self::Full { .. } => UnitMode::Full,
            Self::Delta { .. } => UnitMode::Delta,
            Self::Window { .. } => UnitMode::Window,
        }
    }
}
