//! How each user ended, once the list has been read again where that was in doubt.

use std::collections::{BTreeMap, BTreeSet};

use crate::extract::{
    Action, ExtractError, FetchedUnit, Fetcher, Plan, UserList, needs_second_reading, settle,
};
use crate::lake::build::{Attempt, Walked, WalkedAccount};
use crate::model::{Reason, UserId};

/// How each user of the list ended, and the list as it is then; users who are gone are in neither.
pub(super) async fn attempts(
    fetcher: &Fetcher,
    mut list: UserList,
    plan: &Plan,
    units: &BTreeMap<UserId, FetchedUnit>,
    failed: &BTreeMap<UserId, Reason>,
) -> Result<(BTreeMap<UserId, Attempt>, UserList), ExtractError> {
    let with = |action: Action| plan.users.iter().filter(move |(_, planned)| planned.action == action);
    let absent: BTreeSet<UserId> = with(Action::Gone).map(|(user, _)| *user).collect();
    let gone = if needs_second_reading(&absent, failed) {
        let second: UserList = fetcher.users().await?;
        let settled = settle(&second, &absent, failed);
        list = list.settled(&second, &settled)?;
        settled.gone
    } else {
        BTreeSet::new()
    };
    let attempt = |(user, action): (UserId, Action)| {
        let attempt = match (units.get(&user), failed.get(&user), action) {
            (Some(unit), ..) => Attempt::Fetched(walked(unit)),
            (None, Some(reason), _) => Attempt::Failed(*reason),
            (None, None, Action::Skip) => match plan.users.get(&user).map(|planned| planned.why) {
                Some(crate::extract::Why::TooYoung) => Attempt::Skipped(Reason::TooYoung),
                _ => Attempt::NotPlanned,
            },
            // Somebody who was missing at first and is back, or whose rows were not asked for.
            (None, None, _) => Attempt::NotPlanned,
        };
        (user, attempt)
    };
    let actions = plan.users.iter().map(|(user, planned)| (*user, planned.action));
    Ok((actions.filter(|(user, _)| !gone.contains(user)).map(attempt).collect(), list))
}

fn walked(unit: &FetchedUnit) -> Walked {
    let account = |walk: &crate::extract::AccountWalk| WalkedAccount {
        account: walk.account,
        proof: walk.proof,
        complete: walk.complete,
        reason: walk.reason,
    };
    Walked {
        mode: unit.mode,
        proof: unit.proof,
        window: unit.window,
        walk_start: unit.walk_start,
        full_walk_start: unit.full_walk_start,
        as_of: unit.as_of,
        accounts: unit.accounts_walked.iter().map(account).collect(),
        lacks: (unit.rows_without_key > 0).then_some(Reason::RowWithoutKey),
    }
}
