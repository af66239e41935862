//! Renewing and revoking: users' tokens are minted for the run, written down before they are used, and revoked when
//! their user is done.

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, Serialize};

use super::client::Api;
use super::courier::Errand;
use super::endpoint::Endpoint;
use super::error::{ApiError, ApiErrorKind, ErrorContext};
use super::exchange::{Decode, Done, Exchange};
use super::response::{Response, Undecodable};
use super::target::Target;
use super::token::{Origin, UserToken};
use crate::model::{Secret, UserId};

/// The documented body of a renewal. `id_user` is no `Option`: without it the API would create a user.
#[derive(Serialize)]
struct Renewal<'a> {
    grant_type: &'static str,
    client_id: &'a str,
    client_secret: &'a str,
    id_user: UserId,
    revoke_previous: bool,
}

#[derive(Deserialize)]
struct Renewed {
    access_token: String,
}

impl Api {
    /// Gets a token for a user: from the tokens file where one is used, else by `POST /auth/renew`, always with
    /// `id_user` and never revoking others. A minted token is journalled before it is handed out.
    ///
    /// # Errors
    /// Everything that a request may fail with; [`ApiErrorKind::NoToken`] when the tokens file does not know the user;
    /// [`ApiErrorKind::Journal`] when the token could not be written down (it is revoked then).
    pub async fn renew(&self, user: UserId) -> Result<UserToken, ApiError> {
        let shared = self.shared();
        if let Some(tokens) = &shared.user_tokens {
            let known = tokens.get(&user);
            return known
                .map(|secret| UserToken { user, secret: secret.clone(), origin: Origin::Given })
                .ok_or_else(|| own_failure(ApiErrorKind::NoToken, user));
        }
        let renewal = Renewal {
            grant_type: "client_credentials",
            client_id: &shared.client_id,
            client_secret: shared.client_secret.expose(),
            id_user: user,
            revoke_previous: false,
        };
        let json = serde_json::to_vec(&renewal)
            .map_err(|_| ApiError::configuration("the client's id or secret cannot be written as JSON"))?;
        let exchange = Exchange {
            shared,
            method: Method::POST,
            target: &Target::renew(),
            endpoint: Endpoint::Renew,
            bearer: None,
            json: Some(Bytes::from(json)),
            read: Decode(read_token),
        };
        let errand =
            Errand { endpoint: Endpoint::Renew, user: Some(user), attempts: shared.limits.renew_attempts };
        let secret = shared.courier.deliver(errand, exchange).await?;
        let token = UserToken { user, secret, origin: Origin::Minted };
        shared.courier.counters().token_left(1);
        if let Some(Err(error)) = self.journal().map(|journal| journal.minted(&token)) {
            if let Err(error) = self.revoke(token).await {
                tracing::warn!(user = user.get(), %error, "a token that could not be journalled is left alive");
            }
            return Err(own_failure(ApiErrorKind::Journal(error.kind()), user));
        }
        Ok(token)
    }

    /// Revokes a token that this program minted, in this run or in one that was killed; leaves others alone. One that
    /// the API no longer knows counts as revoked.
    ///
    /// # Errors
    /// Everything that a request may fail with. It need not fail anything: the token is counted in
    /// [`super::Stats::tokens_left`].
    pub async fn revoke(&self, token: UserToken) -> Result<(), ApiError> {
        if !token.is_ours() {
            return Ok(());
        }
        let shared = self.shared();
        let exchange = Exchange {
            shared,
            method: Method::DELETE,
            target: &Target::token(),
            endpoint: Endpoint::Revoke,
            bearer: Some(token.secret.expose()),
            json: None,
            read: Done,
        };
        let errand = Errand {
            endpoint: Endpoint::Revoke,
            user: Some(token.user),
            attempts: shared.limits.renew_attempts,
        };
        let counters = shared.courier.counters();
        match shared.courier.deliver(errand, exchange).await {
            Ok(()) => {}
            Err(error) if matches!(error.kind, ApiErrorKind::Unauthorized | ApiErrorKind::NotFound) => {}
            Err(error) => {
                if token.origin == Origin::Journalled {
                    counters.token_left(1);
                }
                return Err(error);
            }
        }
        if token.origin == Origin::Minted {
            counters.token_left(-1);
        }
        if let Some(Err(error)) = self.journal().map(|journal| journal.revoked(&token)) {
            tracing::warn!(user = token.user.get(), kind = ?error.kind(), "a revoked token stays in the journal");
        }
        Ok(())
    }
}

fn read_token(response: &Response) -> Result<Secret, Undecodable> {
    let renewed: Renewed = serde_json::from_slice(&response.body)
        .map_err(|_| Undecodable::new("no access_token in the answer"))?;
    let token = renewed.access_token;
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Undecodable::new("the access_token is not one"));
    }
    Ok(Secret::new(token))
}

fn own_failure(kind: ApiErrorKind, user: UserId) -> ApiError {
    let context =
        ErrorContext { endpoint: Some(Endpoint::Renew), user: Some(user), ..ErrorContext::default() };
    ApiError::new(kind, context)
}
