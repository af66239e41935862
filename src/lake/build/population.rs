//! Who is in the new snapshot, with which rows and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::model::{Days, Reason, UnitMode, UnitOutcome, UserId};

use super::BuildError;
use super::input::{Attempt, Walked};
use super::units::UnitRow;

/// How a user's rows of the parent are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Fetched in this run.
    Fetched,
    /// Failed or not asked for: what the parent has stays.
    Stays,
    /// Left the list.
    Gone,
}

/// Every user of the list and of the parent.
#[derive(Debug)]
pub(super) struct Population {
    rows: BTreeMap<UserId, UnitRow>,
    fetched: BTreeSet<i64>,
    listed: BTreeSet<i64>,
    /// The dates held of fetched users of whom not everything is asked for.
    limits: BTreeMap<i64, Days>,
}

impl Population {
    /// Settles every user's outcome.
    pub(super) fn settle(
        attempts: &BTreeMap<UserId, Attempt>,
        staged: &[UserId],
        parent: &BTreeMap<UserId, UnitRow>,
        started_at: Timestamp,
    ) -> Result<Self, BuildError> {
        let is_fetched = |user: &UserId| matches!(attempts.get(user), Some(Attempt::Fetched(_)));
        if let Some(user) = staged.iter().find(|user| !is_fetched(user)) {
            return Err(BuildError::Unlisted(*user));
        }
        let mut rows = BTreeMap::new();
        let mut fetched = BTreeSet::new();
        for (user, attempt) in attempts {
            let before = parent.get(user).filter(|row| row.outcome != UnitOutcome::Gone);
            let row = match attempt {
                Attempt::Fetched(_) if staged.binary_search(user).is_err() => {
                    return Err(BuildError::NotStaged(*user));
                }
                Attempt::Fetched(walked) => {
                    fetched.insert(user.get());
                    complete(*user, walked, before, started_at)
                }
                Attempt::Failed(reason) => failed(*user, UnitOutcome::Failed, *reason, before, started_at),
                Attempt::Skipped(reason) => failed(*user, UnitOutcome::Skipped, *reason, before, started_at),
                Attempt::NotPlanned => kept(*user, before),
            };
            rows.insert(*user, row);
        }
        let gone = parent
            .iter()
            .filter(|(user, row)| row.outcome != UnitOutcome::Gone && !attempts.contains_key(user));
        for (user, row) in gone {
            let gone = UnitRow {
                outcome: UnitOutcome::Gone,
                since: Some(started_at),
                ..UnitRow::without_rows(*user)
            };
            rows.insert(*user, UnitRow { as_of: row.as_of, ..gone });
        }
        let listed = attempts.keys().map(|user| user.get()).collect();
        let limits = rows
            .values()
            .filter(|row| fetched.contains(&row.user.get()))
            .filter_map(|row| Some((row.user.get(), row.window.filter(|window| !window.is_open())?.into())))
            .collect();
        Ok(Self { rows, fetched, listed, limits })
    }

    /// How the rows of a user are treated. Rows without a user belong to nobody who could leave.
    pub(super) fn standing(&self, user: Option<i64>) -> Standing {
        match user {
            Some(user) if self.fetched.contains(&user) => Standing::Fetched,
            Some(user) if !self.listed.contains(&user) => Standing::Gone,
            _ => Standing::Stays,
        }
    }

    /// Whether the parent's rows of any user are touched at all.
    pub(super) fn all_stay(&self) -> bool {
        self.fetched.is_empty() && self.nobody_left()
    }

    /// Whether every user of the parent is still listed.
    pub(super) fn nobody_left(&self) -> bool {
        self.rows.values().all(|row| row.outcome != UnitOutcome::Gone)
    }

    /// Whether of some fetched user not all dates are held.
    pub(super) fn has_limits(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Whether a fetched row lies outside the dates that are held of its user. A walk for changes shows such rows too. They
    /// are left out: nobody asked for the rest of their day, and a lone row would pass for a whole one.
    pub(super) fn is_outside(&self, user: Option<i64>, day: Option<i32>) -> bool {
        user.and_then(|user| self.limits.get(&user)).is_some_and(|days| !days.contains(day))
    }

    /// A user's line.
    pub(super) fn row(&self, user: i64) -> Option<&UnitRow> {
        UserId::new(user).and_then(|user| self.rows.get(&user))
    }

    /// Every user's line, with the number of transactions that the snapshot holds.
    pub(super) fn into_rows(mut self, held: &BTreeMap<i64, u64>) -> BTreeMap<UserId, UnitRow> {
        for (user, row) in &mut self.rows {
            row.rows = held.get(&user.get()).copied().unwrap_or(0);
        }
        self.rows
    }
}

fn complete(user: UserId, unit: &Walked, before: Option<&UnitRow>, started_at: Timestamp) -> UnitRow {
    let held = before.and_then(|row| row.window);
    let window = match (unit.mode, held) {
        (UnitMode::Delta, Some(held)) => held,
        // Plans see to it that the two touch: rows held outside the walked window stay.
        (UnitMode::Full | UnitMode::Window, Some(held)) => held.union(&unit.window),
        (_, None) => unit.window,
    };
    UnitRow {
        user,
        outcome: UnitOutcome::Complete,
        reason: unit.lacks,
        since: unit.lacks.map(|lacks| {
            before.filter(|row| row.reason == Some(lacks)).and_then(|row| row.since).unwrap_or(started_at)
        }),
        proof: Some(unit.proof),
        window: Some(window),
        walk_start: Some(unit.walk_start),
        full_walk_start: Some(unit.full_walk_start),
        as_of: Some(unit.as_of),
        rows: 0,
    }
}

/// A user who was tried in vain: with the rows of an earlier snapshot, or without any.
fn failed(
    user: UserId,
    outcome: UnitOutcome,
    reason: Reason,
    before: Option<&UnitRow>,
    started_at: Timestamp,
) -> UnitRow {
    let held = before.filter(|row| row.holds());
    let outcome = if held.is_some() { UnitOutcome::Carried } else { outcome };
    // A reason lives on in a unit that was kept: the trouble is as old as its first failure.
    let failed = before.filter(|row| row.reason.is_some_and(|reason| reason != Reason::RowWithoutKey));
    let since = failed.and_then(|row| row.since).unwrap_or(started_at);
    let base = held.cloned().unwrap_or_else(|| UnitRow::without_rows(user));
    UnitRow { outcome, reason: Some(reason), since: Some(since), ..base }
}

/// A user outside the plan: everything as it was, an unmended failure included.
fn kept(user: UserId, before: Option<&UnitRow>) -> UnitRow {
    match before {
        Some(row) if row.holds() => UnitRow { outcome: UnitOutcome::Kept, ..row.clone() },
        Some(row) => row.clone(),
        None => UnitRow { outcome: UnitOutcome::Skipped, ..UnitRow::without_rows(user) },
    }
}
