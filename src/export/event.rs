//! What a run tells whoever watches it.

use std::fmt;

use crate::model::{UnitOutcome, UserId};

/// Something that happened, or how far the run is. The library calls one function with each; it prints nothing itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A part of the run begins.
    Phase(Phase),
    /// The users to fetch are known.
    Planned {
        /// Users that will be asked for.
        users: u64,
        /// Requests that they will cost, where that can be said.
        requests_estimate: Option<u64>,
    },
    /// A user has an outcome.
    UserDone {
        /// The user.
        user: UserId,
        /// What the snapshot will hold of it.
        outcome: UnitOutcome,
    },
    /// Sums since the start.
    Progress(Progress),
    /// Something that a person should read. Ids, never personal data.
    Notice(String),
}

/// Sums since the start of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Requests answered.
    pub requests: u64,
    /// Transactions received.
    pub rows: u64,
    /// Bytes of bodies received.
    pub bytes: u64,
    /// Requests per minute, lately.
    pub requests_per_minute: u64,
}

/// The parts of a run, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Locking, reading the last snapshot, listing users.
    Planning,
    /// Fetching users and staging what they bring.
    Fetching,
    /// Merging, sorting, writing files.
    Building,
    /// Reading back, syncing, moving the pointer.
    Publishing,
    /// Removing old snapshots.
    Pruning,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Planning => "planning",
            Self::Fetching => "fetching",
            Self::Building => "building",
            Self::Publishing => "publishing",
            Self::Pruning => "pruning",
        })
    }
}
