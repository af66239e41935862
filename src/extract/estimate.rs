//! What fetching a user costs, before it is done: the arithmetic of the walks on a bank on which nothing moves.

use std::iter::Sum;

use jiff::Timestamp;

use crate::model::Window;

use super::action::Action;
use super::previous::PreviousUnit;
use super::walk::{self, PAGE_ROWS};

/// A number of requests, and whether it is more than a lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// Requests, minting and revoking a token included.
    pub requests: u64,
    /// Right for a bank on which nothing moves; else a lower bound.
    pub exact: bool,
}

/// What a user's walks will bring, as far as a snapshot or a probe tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Transactions in the dates that are walked in full.
    pub rows: u64,
    /// Transactions that the API gives in one answer.
    pub page: u64,
    /// Transactions that a delta walk on top of the last run's brings; `None` where there is none to build on.
    pub changed: Option<u64>,
    /// Transactions that each pass brings again, because they changed within its margin.
    pub fresh: u64,
    /// Requests for archived accounts of which the full walk brings no row.
    pub archived: u64,
    /// Whether the walk of one response brings no row of an account that may have some.
    pub empty: bool,
    /// Whether the numbers above are all there is.
    pub exact: bool,
}

/// Since when changes are asked for, as naive datetimes in microseconds: rows whose `last_update` lies after come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// By the next delta walk.
    pub run: i64,
    /// By each pass within a walk.
    pub pass: i64,
}

impl Bounds {
    /// The bounds of walks that begin `now` on top of one that began at `last_walk`, both on the server's clock.
    #[must_use]
    pub fn of(last_walk: Timestamp, now: Timestamp) -> Self {
        Self { run: walk::run_bound(last_walk), pass: walk::pass_bound(now) }
    }
}

impl Default for Expected {
    fn default() -> Self {
        Self { rows: 0, page: PAGE_ROWS, changed: None, fresh: 0, archived: 0, empty: false, exact: false }
    }
}

impl Default for Estimate {
    fn default() -> Self {
        Self { requests: 0, exact: true }
    }
}

impl Estimate {
    /// What one user will cost, going by the number of rows that are held.
    #[must_use]
    pub fn of(action: Action, held: Option<&PreviousUnit>, stored_tokens: bool) -> Self {
        let expected = match (action, held) {
            (Action::Full { window }, Some(held)) if window == held.window => Expected {
                rows: held.rows,
                archived: held.archived_empty,
                empty: held.live_empty,
                exact: true,
                ..Expected::default()
            },
            (_, held) => Expected {
                changed: held.map(|_| 0),
                exact: action == Action::Delta && held.is_some(),
                ..Expected::default()
            },
        };
        Self::expecting(action, expected, stored_tokens)
    }

    /// What one user will cost who shows that.
    #[must_use]
    pub fn expecting(action: Action, expected: Expected, stored_tokens: bool) -> Self {
        let walks = match action {
            Action::Keep | Action::Skip | Action::Gone => return Self::default(),
            Action::Full { window } => expected.full(window),
            Action::Delta => expected.changes(),
            Action::Window { window } if expected.changed.is_some() => {
                expected.full(window).and(expected.changes())
            }
            Action::Window { window } => expected.full(window),
        };
        let archived = if action == Action::Delta { 0 } else { expected.archived };
        let again = match action {
            // The accounts come after the changes; after several pages so do the connections, and one more pass.
            Action::Delta if walks.several => 1 + expected.passes(),
            Action::Delta => 0,
            _ if walks.several => 2,
            Action::Window { .. } if expected.changed.is_some() => 1,
            _ => u64::from(expected.empty),
        };
        // A token is minted and revoked; connections and accounts are read.
        let around = if stored_tokens { 2 } else { 4 };
        Self { requests: around + walks.requests + archived + again, exact: expected.exact }
    }
}

/// Requests for transactions.
#[derive(Clone, Copy)]
pub(super) struct Walks {
    pub requests: u64,
    /// Whether a walk takes more than one answer.
    pub several: bool,
}

impl Walks {
    const ONE: Self = Self { requests: 1, several: false };

    const fn and(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, several: self.several || other.several }
    }
}

impl Expected {
    /// Pages; after several of them the passes, and where no date is left out the look without dates.
    pub(super) fn full(&self, window: Window) -> Walks {
        match self.pages(self.rows) {
            1 => Walks::ONE,
            pages => {
                let requests = pages + self.passes() + u64::from(window.is_open());
                Walks { requests, several: true }
            }
        }
    }

    /// Pages; after several of them the passes.
    fn changes(&self) -> Walks {
        match self.pages(self.changed.unwrap_or(0)) {
            1 => Walks::ONE,
            pages => Walks { requests: pages + self.passes(), several: true },
        }
    }

    /// One quiet pass; one of several pages must be followed by another.
    fn passes(&self) -> u64 {
        match self.pages(self.fresh) {
            1 => 1,
            pages => 2 * pages,
        }
    }

    /// Answers that so many rows take.
    fn pages(&self, rows: u64) -> u64 {
        rows.div_ceil(self.page.max(1)).max(1)
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const FULL: Action = Action::Full { window: Window::OPEN };

    fn cost(action: Action, expected: Expected) -> u64 {
        Estimate::expecting(action, expected, false).requests
    }

    fn rows(rows: u64) -> Expected {
        Expected { rows, ..Expected::default() }
    }

    #[test]
    fn a_full_walk_costs_its_pages_and_their_proof() {
        for one_page in [0, 1, 1000] {
            assert_eq!(cost(FULL, rows(one_page)), 5, "{one_page} rows");
        }
        // Two pages, a pass, the look without dates, accounts and connections again.
        assert_eq!(cost(FULL, rows(1001)), 4 + 2 + 1 + 1 + 2);
        let year = Window::new(Some(date(2025, 1, 1)), None).unwrap();
        assert_eq!(cost(Action::Full { window: year }, rows(1001)), 4 + 2 + 1 + 2);
        // A pass that comes in two pages is repeated.
        assert_eq!(cost(FULL, Expected { fresh: 1500, ..rows(1500) }), 4 + 2 + 4 + 1 + 2);
        assert_eq!(cost(FULL, Expected { archived: 3, ..rows(1000) }), 5 + 3);
        // An account without a row: the accounts are read once more, as they are after several pages anyway.
        assert_eq!(cost(FULL, Expected { empty: true, ..rows(1000) }), 5 + 1);
        assert_eq!(cost(FULL, Expected { empty: true, ..rows(1001) }), 4 + 2 + 1 + 1 + 2);
        // A server that gives 25 rows an answer, whatever is asked for.
        assert_eq!(cost(FULL, Expected { page: 25, ..rows(100) }), 4 + 4 + 1 + 1 + 2);
    }

    #[test]
    fn changes_cost_pages_too() {
        let changed = |changed| Expected { changed: Some(changed), ..Expected::default() };
        assert_eq!(cost(Action::Delta, changed(0)), 5);
        // Three pages and a pass, connections again, and a pass after the accounts.
        assert_eq!(cost(Action::Delta, changed(2001)), 4 + 3 + 1 + 1 + 1);
        assert_eq!(
            cost(Action::Delta, Expected { fresh: 1500, ..changed(2001) }),
            4 + 3 + 4 + 1 + 4,
            "passes of two pages"
        );
        let window = Action::Window { window: Window::new(Some(date(2025, 1, 1)), None).unwrap() };
        assert_eq!(cost(window, changed(3)), 4 + 1 + 1 + 1, "the accounts once more");
        assert_eq!(cost(window, Expected { rows: 1001, ..changed(1001) }), 4 + 2 + 1 + 2 + 1 + 2);
        assert_eq!(cost(window, Expected { changed: None, ..rows(0) }), 5, "nothing is held to build on");
    }

    #[test]
    fn stored_tokens_cost_nothing_and_who_is_not_asked_costs_nothing() {
        assert_eq!(Estimate::expecting(FULL, rows(10), true).requests, 3);
        for action in [Action::Keep, Action::Skip, Action::Gone] {
            assert_eq!(Estimate::expecting(action, rows(10), false), Estimate::default());
        }
    }
}
