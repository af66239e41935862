//! What all clones of the client share.

use std::collections::HashMap;

use super::base_url::BaseUrl;
use super::courier::Courier;
use super::memory::ByteBudget;
use super::timings::{Limits, Timings};
use crate::model::{Secret, UserId};

/// What all clones share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) base_url: BaseUrl,
    pub(super) client: reqwest::Client,
    pub(super) courier: Courier,
    pub(super) memory: ByteBudget,
    pub(super) timings: Timings,
    pub(super) limits: Limits,
    pub(super) client_id: String,
    pub(super) client_secret: Secret,
    pub(super) users_token: Secret,
    pub(super) user_tokens: Option<HashMap<UserId, Secret>>,
}
