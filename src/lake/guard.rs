//! Whether a snapshot may be published at all. A pure function: better no news than news of a
//! vanished bank.

use std::fmt;

/// What a snapshot holds, as far as the guard cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Users in the list.
    pub users: u64,
    /// Accounts not marked `deleted`.
    pub live_accounts: u64,
    /// Accounts marked `deleted`.
    pub deleted_accounts: u64,
    /// Transactions not marked `deleted`.
    pub live_rows: u64,
    /// Transactions marked `deleted`.
    pub deleted_rows: u64,
}

/// What the guard judges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The snapshot before, where there is one whose window is no larger than this run's.
    pub previous: Option<Counts>,
    /// The snapshot to be published.
    pub new: Counts,
    /// Whether the user list was proven.
    pub list_proven: bool,
    /// Users that were tried.
    pub tried: u64,
    /// Users of these that failed, carried ones included.
    pub failed: u64,
    /// Users of the previous snapshot that left the list.
    pub gone: u64,
}

/// What the operator allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--max-failed`: up to this percentage of users may fail, however few they are.
    pub max_failed_percent: Option<u8>,
    /// `--accept-shrink`: users, accounts and rows may be gone.
    pub accept_shrink: bool,
}

/// Users that may fail, in percent of those tried …
const FAILED_PERCENT: u8 = 10;
/// … and this many may always fail.
const FAILED_ALWAYS: u64 = 1;
/// Users that may be gone, in percent of those there were …
const GONE_PERCENT: u8 = 10;
/// … and this many may always be gone.
const GONE_ALWAYS: u64 = 5;
/// Accounts or rows that may be gone, in percent of those there were.
const SHRUNK_PERCENT: u8 = 20;

/// A reason not to publish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The user list could not be proven. Nothing overrides this.
    ListUnproven,
    /// Too many users failed.
    TooManyFailed {
        /// So many.
        failed: u64,
        /// Of so many tried.
        tried: u64,
        /// Where this percentage is allowed.
        allowed_percent: u8,
    },
    /// Too many users left the list.
    UsersGone {
        /// So many.
        gone: u64,
        /// Of so many.
        before: u64,
    },
    /// Accounts vanished without being served as deleted.
    AccountsShrank {
        /// Live accounts before.
        before: u64,
        /// Live accounts now.
        now: u64,
    },
    /// Transactions vanished without being served as deleted.
    RowsShrank {
        /// Live rows before.
        before: u64,
        /// Live rows now.
        now: u64,
    },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListUnproven => {
                f.write_str("the list of users kept changing and could not be proven: run again")
            }
            Self::TooManyFailed { failed, tried, allowed_percent } => write!(
                f,
                "{failed} of {tried} users failed, more than {allowed_percent} %: run again, or allow more with --max-failed"
            ),
            Self::UsersGone { gone, before } => write!(
                f,
                "{gone} of {before} users are gone: if that is right, run again with --accept-shrink"
            ),
            Self::AccountsShrank { before, now } => write!(
                f,
                "{now} live accounts where there were {before}, and deletions do not explain it: if that is right, run again with --accept-shrink"
            ),
            Self::RowsShrank { before, now } => write!(
                f,
                "{now} live transactions where there were {before}, and deletions do not explain it: if that is right, run again with --accept-shrink"
            ),
        }
    }
}

impl Refusal {
    /// Whether it is for users who failed.
    #[must_use]
    pub const fn is_of_failures(&self) -> bool {
        matches!(self, Self::TooManyFailed { .. })
    }
}

/// Whether to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Publish,
    /// No, for each of these reasons.
    Refuse(Vec<Refusal>),
}

/// Judges a run before it is published.
#[must_use]
pub fn judge(run: &Evidence, overrides: Overrides) -> Verdict {
    let mut refusals = Vec::new();
    if !run.list_proven {
        refusals.push(Refusal::ListUnproven);
    }
    let (percent, always) = match overrides.max_failed_percent {
        Some(percent) => (percent, 0),
        None => (FAILED_PERCENT, FAILED_ALWAYS),
    };
    if run.failed > always && exceeds(run.failed, percent, run.tried) {
        refusals.push(Refusal::TooManyFailed {
            failed: run.failed,
            tried: run.tried,
            allowed_percent: percent,
        });
    }
    if let Some(before) = run.previous.filter(|_| !overrides.accept_shrink) {
        if run.gone > GONE_ALWAYS && exceeds(run.gone, GONE_PERCENT, before.users) {
            refusals.push(Refusal::UsersGone { gone: run.gone, before: before.users });
        }
        let now = run.new;
        if shrank((before.live_accounts, before.deleted_accounts), (now.live_accounts, now.deleted_accounts))
        {
            refusals.push(Refusal::AccountsShrank { before: before.live_accounts, now: now.live_accounts });
        }
        if shrank((before.live_rows, before.deleted_rows), (now.live_rows, now.deleted_rows)) {
            refusals.push(Refusal::RowsShrank { before: before.live_rows, now: now.live_rows });
        }
    }
    if refusals.is_empty() { Verdict::Publish } else { Verdict::Refuse(refusals) }
}

/// Whether `part` is more than `percent` of `whole`.
fn exceeds(part: u64, percent: u8, whole: u64) -> bool {
    u128::from(part) * 100 > u128::from(percent) * u128::from(whole)
}

/// Whether more is gone than may be, of (live, deleted) ones, beyond those that are now marked deleted.
fn shrank(before: (u64, u64), now: (u64, u64)) -> bool {
    let lost = before.0.saturating_sub(now.0);
    let explained = now.1.saturating_sub(before.1);
    exceeds(lost.saturating_sub(explained), SHRUNK_PERCENT, before.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: Counts =
        Counts { users: 100, live_accounts: 200, deleted_accounts: 10, live_rows: 10_000, deleted_rows: 100 };

    fn quiet() -> Evidence {
        Evidence { previous: Some(BEFORE), new: BEFORE, list_proven: true, tried: 100, failed: 0, gone: 0 }
    }

    fn refusals(run: &Evidence, overrides: Overrides) -> usize {
        match judge(run, overrides) {
            Verdict::Publish => 0,
            Verdict::Refuse(refusals) => refusals.len(),
        }
    }

    #[test]
    fn each_rule_at_its_edge() {
        let default = Overrides::default();
        let shrink = Overrides { accept_shrink: true, ..default };
        let percent = |percent| Overrides { max_failed_percent: Some(percent), ..default };
        let new = |change: fn(&mut Counts)| {
            let mut run = quiet();
            change(&mut run.new);
            run
        };
        let cases = [
            ("quiet", quiet(), default, 0),
            ("a first run", Evidence { previous: None, ..quiet() }, default, 0),
            ("an unproven list", Evidence { list_proven: false, ..quiet() }, shrink, 1),
            ("ten failed", Evidence { failed: 10, ..quiet() }, default, 0),
            ("eleven failed", Evidence { failed: 11, ..quiet() }, default, 1),
            ("eleven allowed", Evidence { failed: 11, ..quiet() }, percent(11), 0),
            ("none allowed", Evidence { failed: 1, ..quiet() }, percent(0), 1),
            ("the only user failed", Evidence { tried: 1, failed: 1, ..quiet() }, default, 0),
            ("two of three failed", Evidence { tried: 3, failed: 2, ..quiet() }, default, 1),
            ("ten gone", Evidence { gone: 10, ..quiet() }, default, 0),
            ("eleven gone", Evidence { gone: 11, ..quiet() }, default, 1),
            ("eleven gone, accepted", Evidence { gone: 11, ..quiet() }, shrink, 0),
            (
                "five of six gone",
                Evidence { gone: 5, previous: Some(Counts { users: 6, ..BEFORE }), ..quiet() },
                default,
                0,
            ),
            ("a fifth of the rows", new(|new| new.live_rows = 8_000), default, 0),
            ("more than a fifth", new(|new| new.live_rows = 7_999), default, 1),
            ("more than a fifth, accepted", new(|new| new.live_rows = 7_999), shrink, 0),
            ("a fifth of the accounts", new(|new| new.live_accounts = 160), default, 0),
            ("more accounts", new(|new| new.live_accounts = 159), default, 1),
            (
                "deletions explain it",
                new(|new| (new.live_rows, new.deleted_rows) = (1_000, 7_100)),
                default,
                0,
            ),
            (
                "deletions explain too little",
                new(|new| (new.live_rows, new.deleted_rows) = (1_000, 7_099)),
                default,
                1,
            ),
            ("both", new(|new| (new.live_rows, new.live_accounts) = (0, 0)), default, 2),
        ];
        for (what, run, overrides, expected) in cases {
            assert_eq!(refusals(&run, overrides), expected, "{what}");
        }
    }
}
