//! What fetching a user costs, before it is done.

use std::iter::Sum;

use super::plan::Action;
use super::previous::PreviousUnit;
use super::walk::PAGE_ROWS;

/// A number of requests, and whether it is more than a lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Requests, minting and revoking a token included.
    pub requests: u64,
    /// Right for a bank on which nothing moves; else a lower bound.
    pub exact: bool,
}

impl Default for Estimate {
    fn default() -> Self {
        Self { requests: 0, exact: true }
    }
}

impl Estimate {
    /// What one user will cost.
    #[must_use]
    pub fn of(action: Action, held: Option<&PreviousUnit>, stored_tokens: bool) -> Self {
        if !action.fetches() {
            return Self::default();
        }
        // A token is minted and revoked; connections and accounts are read.
        let around = if stored_tokens { 2 } else { 4 };
        let (walk, exact) = match (action, held) {
            (Action::Delta, _) => (1, true),
            (Action::Full { window }, Some(held)) if window == held.window => {
                (full_walk(held.rows, window.is_open()) + held.archived_empty, true)
            }
            (Action::Window { .. }, Some(_)) => (2, false),
            _ => (1, false),
        };
        Self { requests: around + walk, exact }
    }

    /// What a user would cost whose first answer said so many rows.
    #[must_use]
    pub fn of_first_walk(rows: u64, stored_tokens: bool) -> Self {
        let around = if stored_tokens { 2 } else { 4 };
        Self { requests: around + full_walk(rows, true), exact: true }
    }
}

/// Pages; for more than one also a delta pass, accounts and connections again, and the look without dates.
fn full_walk(rows: u64, open: bool) -> u64 {
    match rows.div_ceil(PAGE_ROWS) {
        0 | 1 => 1,
        pages => pages + 3 + u64::from(open),
    }
}

impl Sum for Estimate {
    fn sum<I: Iterator<Item = Self>>(estimates: I) -> Self {
        estimates.fold(Self::default(), |sum, one| Self {
            requests: sum.requests + one.requests,
            exact: sum.exact && one.exact,
        })
    }
}
