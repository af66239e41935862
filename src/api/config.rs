//! What the client is built from.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::base_url::BaseUrl;
use super::rate::Rate;
use super::timings::{Limits, Timings};
use crate::model::{Secret, UserId};

/// The client's settings. `Debug` shows no secret.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// The one origin that is asked.
    pub base_url: BaseUrl,
    /// The client application's id, digits.
    pub client_id: String,
    /// Its secret: goes into the body of a renewal and nowhere else.
    pub client_secret: Secret,
    /// The token that lists the users.
    pub users_token: Secret,
    /// Tokens of those who store them; they replace renewing and are never revoked.
    pub user_tokens: Option<HashMap<UserId, Secret>>,
    /// Requests at one time.
    pub concurrency: NonZeroUsize,
    /// Requests a second.
    pub rate: Rate,
    /// Every duration.
    pub timings: Timings,
    /// Every limit.
    pub limits: Limits,
    /// PEM file of certificate authorities to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What the program calls itself.
    pub user_agent: String,
}

impl ApiConfig {
    /// Settings with the program's defaults: eight requests at a time, adaptive rate.
    #[must_use]
    pub fn new(base_url: BaseUrl, client_id: String, client_secret: Secret, users_token: Secret) -> Self {
        Self {
            base_url,
            client_id,
            client_secret,
            users_token,
            user_tokens: None,
            concurrency: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
            rate: Rate::Adaptive,
            timings: Timings::default(),
            limits: Limits::default(),
            ca_file: None,
            user_agent: concat!("powens-export/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}
