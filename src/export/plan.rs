//! The plan of a run: the settings of the run, in the words of the plan.

use std::collections::BTreeMap;

use crate::extract::{self, Plan, PlanConfig, PreviousUnit, UserList};
use crate::model::UserId;

use super::config::RunConfig;
use super::error::ExportError;

/// Who is asked for what.
pub(super) fn of(
    list: &UserList,
    previous: &BTreeMap<UserId, PreviousUnit>,
    rewrite: bool,
    config: &RunConfig,
) -> Result<Plan, ExportError> {
    let settings = PlanConfig {
        mode: config.mode,
        full_every_days: config.full_every_days,
        window: config.window,
        only: (!config.users.is_empty()).then(|| config.users.iter().copied().collect()),
        rewrite,
        stored_tokens: config.api.user_tokens.is_some(),
    };
    let plan = extract::plan(list, previous, &settings)?;
    if plan.unknown.is_empty() { Ok(plan) } else { Err(ExportError::UnknownUsers(plan.unknown)) }
}
