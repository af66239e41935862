//! What the last snapshot knows of a user, as far as planning and fetching need it.

use jiff::Timestamp;

use crate::model::{UnitOutcome, Window};

use super::structure::Structure;

/// One user in the last snapshot. Users without rows there (failed at their first attempt, skipped) have none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviousUnit {
    /// How the unit ended then.
    pub outcome: UnitOutcome,
    /// Whether every account of it is complete: nothing of the user stood in `incomplete[]`.
    pub complete: bool,
    /// The dates that are held.
    pub window: Window,
    /// When the last transactions walk began, on the server's clock.
    pub walk_start: Timestamp,
    /// When the last full walk began, on the server's clock.
    pub full_walk_start: Timestamp,
    /// Transactions held.
    pub rows: u64,
    /// Whether one of them has no `last_update`: no delta walk would show its changes.
    pub null_last_update: bool,
    /// Archived accounts without transactions: a full walk asks each for its own.
    pub archived_empty: u64,
    /// Whether an account that is neither archived nor disabled has no transactions: after a full walk in one response
    /// the accounts are read once more.
    pub live_empty: bool,
    /// Accounts and connections.
    pub structure: Structure,
}

impl PreviousUnit {
    /// The ids of the user's accounts.
    pub(super) fn accounts(&self) -> impl Iterator<Item = i64> {
        self.structure.accounts.keys().copied()
    }
}
