//! What is asked: whose list, which dates, changed since when.

use jiff::{SignedDuration, Timestamp};

use crate::api::{Endpoint, Target};
use crate::model::{AccountId, UserId, Window, time};

/// Rows asked for in one answer: the API's maximum.
pub(in crate::extract) const PAGE_ROWS: u64 = 1000;

/// Where "all dates" begins: without a first date the API may answer with the last month only.
const FIRST_DAY: &str = "1900-01-01";

/// How far before the previous walk's start a nightly delta walk begins, as naive time: more than the autumn fold
/// and a wrong guess of the zone together.
const NIGHTLY_MARGIN: SignedDuration = SignedDuration::from_hours(28);

/// The same for passes within a walk.
const PASS_MARGIN: SignedDuration = SignedDuration::from_hours(4);

/// What a delta walk on top of a run's walk that began then leaves out: rows whose `last_update` is no later than this
/// naive datetime, in microseconds.
pub(in crate::extract) fn run_bound(start: Timestamp) -> i64 {
    naive(&time::paris_wall(start, NIGHTLY_MARGIN))
}

/// The same for a pass on top of a walk that began then.
pub(in crate::extract) fn pass_bound(start: Timestamp) -> i64 {
    naive(&time::paris_wall(start, PASS_MARGIN))
}

fn naive(wall: &str) -> i64 {
    time::parse_datetime(wall.as_bytes()).map_or(i64::MIN, |written| written.micros)
}

/// Whose list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::extract) enum Scope {
    /// All of a user's transactions.
    User(UserId),
    /// Those of one account.
    Account(UserId, AccountId),
}

impl Scope {
    pub(in crate::extract) fn endpoint(self) -> Endpoint {
        match self {
            Self::User(_) => Endpoint::Transactions,
            Self::Account(..) => Endpoint::AccountTransactions,
        }
    }

    fn list(self) -> Target {
        match self {
            Self::User(user) => Target::transactions(user),
            Self::Account(user, account) => Target::account_transactions(user, account),
        }
    }

    /// The one row that brings a `total` of everything.
    pub(super) fn probe(self) -> Target {
        self.list().flag("all").with("limit", 1)
    }
}

/// A list of transactions to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::extract) struct Query {
    pub(super) scope: Scope,
    dates: Dates,
    since: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dates {
    /// None are sent.
    Unasked,
    /// Part of a list that was asked for without dates: its open ends stay open.
    Part(Window),
    /// A window whose open beginning is the first day there is.
    Within(Window),
}

impl Query {
    /// Everything in the window.
    pub(in crate::extract) fn window(scope: Scope, window: Window) -> Self {
        Self { scope, dates: Dates::Within(window), since: None }
    }

    /// Everything, rows included that no window shows.
    pub(super) fn undated(scope: Scope) -> Self {
        Self { scope, dates: Dates::Unasked, since: None }
    }

    /// What changed since a walk of an earlier run began.
    pub(in crate::extract) fn changes_since_run(scope: Scope, start: Timestamp) -> Self {
        Self { since: Some(time::paris_wall(start, NIGHTLY_MARGIN)), ..Self::undated(scope) }
    }

    /// What changed since a walk or pass of this run began.
    pub(in crate::extract) fn changes_since_pass(scope: Scope, start: Timestamp) -> Self {
        Self { since: Some(time::paris_wall(start, PASS_MARGIN)), ..Self::undated(scope) }
    }

    /// The dates asked for.
    pub(super) fn asked(&self) -> Window {
        match self.dates {
            Dates::Unasked => Window::OPEN,
            Dates::Part(window) | Dates::Within(window) => window,
        }
    }

    /// The same list, cut to some of its dates.
    pub(super) fn part(&self, window: Window) -> Self {
        let dates = match self.dates {
            Dates::Unasked | Dates::Part(_) => Dates::Part(window),
            Dates::Within(_) => Dates::Within(window),
        };
        Self { dates, ..self.clone() }
    }

    /// The first request.
    pub(in crate::extract) fn target(&self) -> Target {
        self.limited(PAGE_ROWS)
    }

    /// The one row that brings a `total` of the list.
    pub(in crate::extract) fn count(&self) -> Target {
        self.limited(1)
    }

    fn limited(&self, rows: u64) -> Target {
        let mut target = self.scope.list().flag("all").with("limit", rows);
        let (window, first) = match self.dates {
            Dates::Unasked => (None, None),
            Dates::Part(window) => (Some(window), window.from().map(|day| day.to_string())),
            Dates::Within(window) => (
                Some(window),
                Some(window.from().map_or_else(|| FIRST_DAY.to_owned(), |day| day.to_string())),
            ),
        };
        if let Some(window) = window {
            target = target.with("filter", "date");
            if let Some(first) = first {
                target = target.with("min_date", first);
            }
            if let Some(last) = window.to() {
                target = target.with("max_date", last);
            }
        }
        match &self.since {
            Some(since) => target.with("last_update", since),
            None => target,
        }
    }

    /// The request for the rows after the first `offset`.
    pub(super) fn target_after(&self, offset: u64) -> Target {
        self.target().with("offset", offset)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn scope() -> Scope {
        Scope::User(UserId::new(7).unwrap())
    }

    #[test]
    fn requests_are_those_of_the_reference() {
        let query = Query::window(scope(), Window::OPEN);
        assert_eq!(query.target().path(), "/users/7/transactions");
        assert_eq!(query.target().query(), "all&limit=1000&filter=date&min_date=1900-01-01");
        assert_eq!(
            query.target_after(500).query(),
            "all&limit=1000&filter=date&min_date=1900-01-01&offset=500"
        );
        let older = Window::new(None, Some(date(2026, 1, 31))).unwrap();
        let part = query.part(older).target();
        assert_eq!(part.query(), "all&limit=1000&filter=date&min_date=1900-01-01&max_date=2026-01-31");
        assert_eq!(scope().probe().query(), "all&limit=1");
    }

    #[test]
    fn changes_are_asked_for_on_the_paris_clock_and_without_dates() {
        let start = "2026-11-22T02:00:00Z".parse().unwrap();
        let nightly = Query::changes_since_run(scope(), start);
        assert_eq!(nightly.target().query(), "all&limit=1000&last_update=2026-11-20%2023:00:00");
        let pass = Query::changes_since_pass(scope(), start);
        assert_eq!(pass.target().query(), "all&limit=1000&last_update=2026-11-21%2023:00:00");
        let newer = Window::new(Some(date(2026, 2, 1)), None).unwrap();
        assert_eq!(
            pass.part(newer).target().query(),
            "all&limit=1000&filter=date&min_date=2026-02-01&last_update=2026-11-21%2023:00:00"
        );
    }
}
