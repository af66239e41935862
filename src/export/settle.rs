//! How each user ended, once the list has been read again where that was in doubt.

use std::collections::{BTreeMap, BTreeSet};

use crate::extract::{
    Action, ExtractError, FetchedUnit, Fetcher, Plan, Planned, UserList, Why, needs_second_reading, settle,
};
use crate::lake::build::{Attempt, Walked};
use crate::model::{Reason, UserId};

/// How each user of the list ended, and the list as it is then; users who are gone are in neither.
pub(super) async fn attempts(
    fetcher: &Fetcher,
    mut list: UserList,
    plan: &Plan,
    units: &BTreeMap<UserId, FetchedUnit>,
    failed: &BTreeMap<UserId, Reason>,
) -> Result<(BTreeMap<UserId, Attempt>, UserList), ExtractError> {
    let absent = plan.users.iter().filter(|(_, planned)| planned.action == Action::Gone);
    let absent: BTreeSet<UserId> = absent.map(|(user, _)| *user).collect();
    let gone = if needs_second_reading(&absent, failed) {
        let second: UserList = fetcher.users().await?;
        let settled = settle(&second, &absent, failed);
        list = list.settled(&second, &settled)?;
        settled.gone
    } else {
        BTreeSet::new()
    };
    let ended = |user: &UserId, planned: &Planned| match (units.get(user), failed.get(user)) {
        (Some(unit), _) => Attempt::Fetched(walked(unit)),
        (None, Some(reason)) => Attempt::Failed(*reason),
        (None, None) if (planned.action, planned.why) == (Action::Skip, Why::TooYoung) => {
            Attempt::Skipped(Reason::TooYoung)
        }
        // Somebody who was missing at first and is back, or whose rows were not asked for.
        (None, None) => Attempt::NotPlanned,
    };
    let stayed = plan.users.iter().filter(|(user, _)| !gone.contains(user));
    Ok((stayed.map(|(user, planned)| (*user, ended(user, planned))).collect(), list))
}

fn walked(unit: &FetchedUnit) -> Walked {
    Walked {
        mode: unit.mode,
        proof: unit.proof,
        window: unit.window,
        walk_start: unit.walk_start,
        full_walk_start: unit.full_walk_start,
        as_of: unit.as_of,
        accounts: unit.accounts_walked.clone(),
        lacks: (unit.rows_without_key > 0).then_some(Reason::RowWithoutKey),
    }
}
