//! From a seed to a world. Everything a user has is a function of the seed and the user's index.
//!
//! | file | noun |
//! |---|---|
//! | `cases` | which user shows which case |
//! | `people` | how a user is put together |
//! | `bank` | connectors and connections |
//! | `account`, `iban` | accounts and their numbers |
//! | `transaction`, `wording`, `awkward` | rows: ordinary ones, what they say, and those that trip programs up |

mod account;
mod awkward;
mod bank;
mod cases;
mod iban;
mod people;
mod transaction;
mod wording;

use jiff::{SignedDuration, Timestamp};

use super::clock::paris_text;
use super::config::SandboxConfig;
use super::random::{mix, seeded};

pub(crate) use account::{fresh as fresh_account, recreated};
pub(crate) use bank::{connectors, fresh as fresh_connection};
pub(crate) use people::holdings;
pub(crate) use transaction::{Entry, ordinary};

/// What decides how a user's holdings are built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) users: u64,
    pub(crate) rows: u64,
    pub(crate) edge_cases: bool,
}

impl Plan {
    pub(crate) fn of(config: &SandboxConfig) -> Self {
        Self {
            users: config.users as u64,
            rows: config.transactions_per_user as u64,
            edge_cases: config.edge_cases,
        }
    }
}

/// The connection states of the documentation, and one that it does not know.
pub(crate) const STATES: [&str; 13] = [
    "SCARequired",
    "webauthRequired",
    "additionalInformationNeeded",
    "decoupled",
    "validating",
    "actionNeeded",
    "passwordExpired",
    "wrongpass",
    "rateLimiting",
    "websiteUnavailable",
    "bug",
    "notSupported",
    "consentBeingMigrated",
];

/// The id of the user with this index: ascending, with gaps.
pub(crate) fn user_id(seed: u64, index: u64) -> i64 {
    i64::try_from(4_101 + 3 * index + mix(&[seed, index, 1]) % 3).unwrap_or(i64::MAX)
}

/// When the user with this index signed in, as Paris wall clock. One user of a larger world is so young that a
/// token could make a temporary user permanent.
pub(crate) fn signin(plan: &Plan, seed: u64, index: u64, start: Timestamp) -> Box<str> {
    let age = if plan.edge_cases && plan.users >= 8 && index == cases::YOUNG {
        20 * 60
    } else {
        i64::try_from(seeded(&[seed, index, 2]).u64(910 * 86_400..1_500 * 86_400)).unwrap_or(0)
    };
    paris_text(start.saturating_sub(SignedDuration::from_secs(age)).unwrap_or(start))
}

/// When a user who joins in the night signed in: the evening before.
pub(crate) fn signin_last_evening(seed: u64, index: u64, now: Timestamp) -> Box<str> {
    let age = i64::try_from(seeded(&[seed, index, 2]).u64(5 * 3_600..20 * 3_600)).unwrap_or(0);
    paris_text(now.saturating_sub(SignedDuration::from_secs(age)).unwrap_or(now))
}
