//! The client itself: one per run, cloned into every task.

use std::sync::Arc;

use http::{HeaderValue, Method};

use super::base_url::BaseUrl;
use super::config::ApiConfig;
use super::connect;
use super::courier::{Courier, Errand};
use super::endpoint::Endpoint;
use super::error::{ApiError, ApiErrorKind, ErrorContext, Fault};
use super::exchange::{Decode, Exchange, Read, Whole};
use super::memory::ByteBudget;
use super::random::Jitter;
use super::response::{Response, Undecodable};
use super::shared::Shared;
use super::stats::Stats;
use super::target::Target;
use super::timings::Timings;
use super::token::{TokenJournal, UserToken};
use crate::model::Secret;

/// The API of one domain. Cheap to clone; clones share everything.
#[derive(Clone, Debug)]
pub struct Api {
    shared: Arc<Shared>,
    journal: Option<Arc<dyn TokenJournal>>,
}

/// Whose token a request carries.
#[derive(Clone, Copy, Debug)]
pub enum Auth<'a> {
    /// None: the connectors are public.
    None,
    /// The users token.
    Users,
    /// A user's.
    User(&'a UserToken),
}

impl Api {
    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    /// [`super::ApiErrorKind::Configuration`] when the CA file, a token or the user agent cannot be used.
    pub fn new(config: ApiConfig) -> Result<Self, ApiError> {
        if config.client_id.is_empty() || !config.client_id.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ApiError::configuration("POWENS_CLIENT_ID is empty or holds blanks"));
        }
        usable("POWENS_CLIENT_SECRET", &config.client_secret)?;
        usable("POWENS_USERS_TOKEN", &config.users_token)?;
        for secret in config.user_tokens.iter().flatten().map(|(_, secret)| secret) {
            usable("a token of the tokens file", secret)?;
        }
        let client = connect::client(&config)?;
        let ApiConfig {
            base_url,
            client_id,
            client_secret,
            users_token,
            user_tokens,
            concurrency,
            rate,
            timings,
            limits,
            ..
        } = config;
        let courier = Courier::new(concurrency.get(), rate, timings.clone(), &limits, Jitter::from_process());
        let memory = ByteBudget::new(limits.bytes_in_flight);
        let shared = Shared {
            base_url,
            client,
            courier,
            memory,
            timings,
            limits,
            client_id,
            client_secret,
            users_token,
            user_tokens,
        };
        Ok(Self { shared: Arc::new(shared), journal: None })
    }

    /// The same client, writing minted tokens down.
    #[must_use]
    pub fn with_journal(&self, journal: Arc<dyn TokenJournal>) -> Self {
        Self { shared: Arc::clone(&self.shared), journal: Some(journal) }
    }

    /// That the API is gone, where nobody has answered since several requests went unanswered: the reason behind what
    /// failed last.
    #[must_use]
    pub fn outage(&self) -> Option<ApiError> {
        let gone = || ApiError::new(ApiErrorKind::Unreachable(Fault::Closed), ErrorContext::default());
        self.shared.courier.is_silent().then(gone)
    }

    /// What the client takes in, and how much of it.
    #[must_use]
    pub fn limits(&self) -> &super::Limits {
        &self.shared.limits
    }

    /// Asks for a page and hands it over as it is.
    ///
    /// The response holds memory that other bodies wait for: drop it before asking for the next page. Prefer
    /// [`Api::get_decoded`], which asks again for a page that cannot be decoded.
    ///
    /// # Errors
    /// After every attempt that the kind of failure allows: see [`ApiError`].
    pub async fn get(
        &self,
        auth: Auth<'_>,
        target: &Target,
        endpoint: Endpoint,
    ) -> Result<Response, ApiError> {
        self.fetch(auth, target, endpoint, Whole).await
    }

    /// Asks for a page and decodes it; a page that cannot be decoded counts as a failed attempt, like a cut one.
    ///
    /// # Errors
    /// As [`Api::get`]; [`super::ApiErrorKind::Undecodable`] with the decoder's words when the last attempt failed so,
    /// [`super::ApiErrorKind::TooLarge`] at once when the decoder says so.
    pub async fn get_decoded<T, F>(
        &self,
        auth: Auth<'_>,
        target: &Target,
        endpoint: Endpoint,
        decode: F,
    ) -> Result<T, ApiError>
    where
        T: Send,
        F: FnMut(&Response) -> Result<T, Undecodable> + Send,
    {
        self.fetch(auth, target, endpoint, Decode(decode)).await
    }

    async fn fetch<R: Read>(
        &self,
        auth: Auth<'_>,
        target: &Target,
        endpoint: Endpoint,
        read: R,
    ) -> Result<R::Output, ApiError> {
        let bearer = match auth {
            Auth::None => None,
            Auth::Users => Some(self.shared.users_token.expose()),
            Auth::User(token) => Some(token.secret().expose()),
        };
        let exchange = Exchange {
            shared: &self.shared,
            method: Method::GET,
            target,
            endpoint,
            bearer,
            json: None,
            read,
        };
        let errand = Errand { endpoint, user: target.asked_user(), attempts: self.shared.limits.attempts };
        self.shared.courier.deliver(errand, exchange).await
    }

    /// The origin that is asked; [`Target::next`] needs it.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.shared.base_url
    }

    /// Every duration that is waited or allowed.
    #[must_use]
    pub fn timings(&self) -> &Timings {
        &self.shared.timings
    }

    /// What the run cost so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.courier.stats()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) fn journal(&self) -> Option<&dyn TokenJournal> {
        self.journal.as_deref()
    }
}

/// A secret that a header can carry (fault 95: empty, or with a line's end from a file).
fn usable(name: &str, secret: &Secret) -> Result<(), ApiError> {
    let text = secret.expose();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) || HeaderValue::try_from(text).is_err()
    {
        return Err(ApiError::configuration(format!(
            "{name} is empty or holds blanks, line ends or other odd characters"
        )));
    }
    Ok(())
}
