//! What the guard is told: how the users ended, and what the build counted.

use std::collections::BTreeMap;

use crate::extract::UserList;
use crate::lake::build::{Attempt, Built, RowCount};
use crate::lake::guard::{Counts, Evidence, Overrides, Verdict, judge};
use crate::model::{UnitOutcome, UserId};
use crate::table::Table;

use super::config::RunConfig;
use super::error::ExportError;

/// What the guard knows before the build.
#[derive(Debug)]
pub(super) struct Guard {
    list_proven: bool,
    tried: u64,
    failed: u64,
    overrides: Overrides,
}

impl Guard {
    pub(super) fn of(list: &UserList, attempts: &BTreeMap<UserId, Attempt>, config: &RunConfig) -> Self {
        let count =
            |pick: fn(&Attempt) -> bool| attempts.values().filter(|attempt| pick(attempt)).count() as u64;
        let failed = count(|attempt| matches!(attempt, Attempt::Failed(_)));
        let fetched = count(|attempt| matches!(attempt, Attempt::Fetched(_)));
        Self {
            list_proven: list.proven,
            tried: failed + fetched,
            failed,
            overrides: Overrides {
                max_failed_percent: config.max_failed_percent,
                accept_shrink: config.accept_shrink,
            },
        }
    }

    /// Whether the snapshot may be published.
    ///
    /// # Errors
    /// [`ExportError::Refused`] with every reason.
    pub(super) fn judge(&self, built: &Built) -> Result<(), ExportError> {
        let counts = |pick: fn(&(RowCount, RowCount)) -> RowCount| {
            let of = |table| built.counts.get(&table).map(pick).unwrap_or_default();
            let (accounts, rows) = (of(Table::Accounts), of(Table::Transactions));
            Counts {
                users: of(Table::Users).all(),
                live_accounts: accounts.live,
                deleted_accounts: accounts.deleted,
                live_rows: rows.live,
                deleted_rows: rows.deleted,
            }
        };
        let before = counts(|(before, _)| *before);
        let gone = built.units.values().filter(|row| row.outcome == UnitOutcome::Gone).count() as u64;
        let judged = Evidence {
            previous: (before != Counts::default()).then_some(before),
            new: counts(|(_, after)| *after),
            list_proven: self.list_proven,
            tried: self.tried,
            failed: self.failed,
            gone,
        };
        match judge(&judged, self.overrides) {
            Verdict::Publish => Ok(()),
            Verdict::Refuse(refusals) => Err(ExportError::Refused(refusals)),
        }
    }
}
