//! One user's work.

use crate::model::UserId;

use super::action::Action;
use super::previous::PreviousUnit;

/// The user to fetch, and what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub user: UserId,
    pub action: Action,
    pub previous: Option<PreviousUnit>,
}
