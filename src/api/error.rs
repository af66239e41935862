//! The room's one error: what failed, on what, and what to do next.

use std::fmt;
use std::time::Duration;

use super::endpoint::Endpoint;
use crate::model::{Reason, UserId, exit_code};

/// A request that has failed for good: every attempt that its kind allows was made.
///
/// The message names the endpoint, the user's id, the status and the API's own code; never a URL's query, a body or a
/// token. The source error of the HTTP client is not kept: it prints whole URLs.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// What failed; decides the next step.
    pub kind: ApiErrorKind,
    /// On what.
    pub context: Box<ErrorContext>,
}

/// What a failed request was about.
#[derive(Clone, Debug, Default)]
pub struct ErrorContext {
    /// What was asked; `None` before any request.
    pub endpoint: Option<Endpoint>,
    /// Of which user.
    pub user: Option<UserId>,
    /// The last status, if there was an answer.
    pub status: Option<u16>,
    /// The API's own code, such as `notFound`.
    pub code: Option<String>,
    /// The API's description, cut and without numbers.
    pub description: Option<String>,
    /// The API's id of the request, for its support.
    pub request_id: Option<String>,
    /// How often the request was sent.
    pub attempts: u32,
    /// From the first attempt to the last, waits included.
    pub elapsed: Duration,
}

/// What failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiErrorKind {
    /// 401. For a user: renew the token once, then give the user up.
    #[error("the token was refused")]
    Unauthorized,
    /// 403.
    #[error("access is forbidden")]
    Forbidden,
    /// 404 after something was answered well: the user or account has gone, or was never ours.
    #[error("not found")]
    NotFound,
    /// `noAccount`: the user has no bank account, so the list asked for is empty.
    #[error("the user has no bank account")]
    NoAccount,
    /// A tokens file is used and has no token for this user.
    #[error("there is no token for this user")]
    NoToken,
    /// A 4xx that no retry heals: our mistake, or a change of the API.
    #[error("the request was refused")]
    BadRequest,
    /// 409 or 423 at every attempt.
    #[error("the resource stays locked")]
    Locked,
    /// 404 on the very first call: no Powens API lives at the base URL.
    #[error("there is no Powens API at the base URL")]
    NotApi,
    /// A redirect. It was not followed.
    #[error("a redirect to {} was refused", host.as_deref().unwrap_or("an unnamed host"))]
    Redirect {
        /// The host it leads to.
        host: Option<String>,
    },
    /// The answer is no JSON object: a proxy's or a login page.
    #[error("the answer is not JSON")]
    NotJson,
    /// A 200 whose body could not be decoded, at every attempt. Carries what the decoder said.
    #[error("the page could not be decoded ({0})")]
    Undecodable(String),
    /// A body beyond the limits on bytes, rows, depth or number length.
    #[error("the answer is too large ({0})")]
    TooLarge(String),
    /// 5xx, 408 or 425 at every attempt.
    #[error("the API answered with a server error")]
    ServerError,
    /// The connection failed, broke or stalled at every attempt.
    #[error("the connection failed ({0})")]
    Transport(Fault),
    /// The answer was none that HTTP and this API allow, at every attempt.
    #[error("the answer cannot be used ({0})")]
    Protocol(Fault),
    /// The server's certificate or TLS version was refused. Never retried, never ignored.
    #[error("the server's identity could not be verified ({0})")]
    Tls(String),
    /// The API has not answered anybody for as long as patience lasts.
    #[error("the API cannot be reached ({0})")]
    Unreachable(Fault),
    /// 429 again and again, or for longer than patience lasts.
    #[error("the API keeps throttling")]
    RateExhausted,
    /// The retry budget of the run is used up: too many requests fail for it to be chance.
    #[error("too many requests have failed in this run")]
    BudgetExhausted,
    /// The client cannot be built from the settings.
    #[error("the connection settings cannot be used: {0}")]
    Configuration(String),
    /// A minted token could not be written down, so it was revoked and not used.
    #[error("a token could not be journalled ({0:?})")]
    Journal(std::io::ErrorKind),
}

/// How an attempt failed below the level of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// The name could not be resolved.
    Dns,
    /// No connection: refused, unreachable, or not in time.
    Connect,
    /// The connection was closed or reset before any answer.
    Closed,
    /// The body ended early.
    Cut,
    /// Nothing came for too long.
    Stalled,
    /// The body came too slowly.
    TooSlow,
    /// The attempt as a whole took too long.
    AttemptTimeout,
    /// The answer is not HTTP.
    NotHttp,
    /// The body has neither a length nor chunks: a cut one could not be told from a whole one.
    Unframed,
    /// The body does not end where a JSON object ends.
    Truncated,
    /// A 200 without a body.
    Empty,
    /// An encoding that was not asked for.
    Encoding,
    /// gzip that is cut, damaged, or no gzip.
    Gzip,
    /// Something follows the gzip member.
    GzipTail,
    /// A status that is neither 200 nor an error.
    UnexpectedStatus,
    /// A gateway's 502, 503 or 504.
    Gateway,
}

impl Fault {
    /// The reason code, as in logs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Dns => "http.dns",
            Self::Connect => "http.connect",
            Self::Closed => "http.closed",
            Self::Cut => "http.cut",
            Self::Stalled => "http.stalled",
            Self::TooSlow => "http.too_slow",
            Self::AttemptTimeout => "http.timeout",
            Self::NotHttp => "http.protocol",
            Self::Unframed => "http.unframed",
            Self::Truncated => "json.truncated",
            Self::Empty => "http.empty",
            Self::Encoding => "http.encoding",
            Self::Gzip => "http.gzip",
            Self::GzipTail => "http.gzip_tail",
            Self::UnexpectedStatus => "http.unexpected_status",
            Self::Gateway => "http.gateway",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

/// The exit class of a run that one failed request stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitClass {
    /// Settings that cannot be used; nothing was requested.
    Usage,
    /// The API answered something that cannot be right.
    Data,
    /// Unreachable or exhausted; the same command resumes.
    Unavailable,
    /// The disk.
    Disk,
    /// Credentials refused.
    Credentials,
}

impl ExitClass {
    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Usage => exit_code::USAGE,
            Self::Data => exit_code::DATA,
            Self::Unavailable => exit_code::UNAVAILABLE,
            Self::Disk => exit_code::DISK,
            Self::Credentials => exit_code::CREDENTIALS,
        }
    }
}

impl ApiError {
    pub(super) fn new(kind: ApiErrorKind, context: ErrorContext) -> Self {
        Self { kind, context: Box::new(context) }
    }

    pub(super) fn configuration(why: impl Into<String>) -> Self {
        Self::new(ApiErrorKind::Configuration(why.into()), ErrorContext::default())
    }

    /// The exit class if this failure stops the run.
    #[must_use]
    pub const fn exit_class(&self) -> ExitClass {
        match self.kind {
            ApiErrorKind::Unauthorized | ApiErrorKind::Forbidden => ExitClass::Credentials,
            ApiErrorKind::Configuration(_) | ApiErrorKind::NoToken => ExitClass::Usage,
            ApiErrorKind::Journal(_) => ExitClass::Disk,
            ApiErrorKind::NotFound
            | ApiErrorKind::NoAccount
            | ApiErrorKind::BadRequest
            | ApiErrorKind::NotApi
            | ApiErrorKind::Redirect { .. }
            | ApiErrorKind::NotJson
            | ApiErrorKind::Undecodable(_)
            | ApiErrorKind::TooLarge(_)
            | ApiErrorKind::Protocol(_) => ExitClass::Data,
            ApiErrorKind::Locked
            | ApiErrorKind::ServerError
            | ApiErrorKind::Transport(_)
            | ApiErrorKind::Tls(_)
            | ApiErrorKind::Unreachable(_)
            | ApiErrorKind::RateExhausted
            | ApiErrorKind::BudgetExhausted => ExitClass::Unavailable,
        }
    }

    /// Why the user is incomplete, when it is one user's failure; `None` when it is everybody's.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        if !self.context.endpoint.is_some_and(Endpoint::is_per_user) {
            return None;
        }
        let no_token = self.context.endpoint == Some(Endpoint::Renew)
            && self.context.status.is_some_and(|s| s / 100 == 4 && s != 429);
        Some(match self.kind {
            ApiErrorKind::NotApi
            | ApiErrorKind::Redirect { .. }
            | ApiErrorKind::Tls(_)
            | ApiErrorKind::Unreachable(_)
            | ApiErrorKind::RateExhausted
            | ApiErrorKind::Configuration(_)
            | ApiErrorKind::Journal(_) => return None,
            _ if no_token => Reason::RenewRefused,
            ApiErrorKind::Unauthorized => Reason::Unauthorized,
            ApiErrorKind::Forbidden => Reason::Forbidden,
            ApiErrorKind::NotFound => Reason::NotFound,
            ApiErrorKind::NoToken => Reason::RenewRefused,
            ApiErrorKind::ServerError | ApiErrorKind::Locked => Reason::ServerError,
            ApiErrorKind::NotJson | ApiErrorKind::Undecodable(_) => Reason::Undecodable,
            ApiErrorKind::TooLarge(_) => Reason::PageTooLarge,
            ApiErrorKind::BudgetExhausted => Reason::RetryBudget,
            ApiErrorKind::Transport(_) | ApiErrorKind::Protocol(_) => Reason::Transport,
            ApiErrorKind::NoAccount | ApiErrorKind::BadRequest => Reason::RequestRefused,
        })
    }

    /// What to do, when the message is all that somebody sees.
    fn next_step(&self) -> &'static str {
        match (&self.kind, self.context.endpoint) {
            (ApiErrorKind::Unauthorized | ApiErrorKind::Forbidden, Some(Endpoint::Users)) => {
                "check POWENS_USERS_TOKEN: it must be the domain's users token"
            }
            (
                ApiErrorKind::Unauthorized | ApiErrorKind::Forbidden | ApiErrorKind::BadRequest,
                Some(Endpoint::Renew),
            ) => "check POWENS_CLIENT_ID and POWENS_CLIENT_SECRET",
            (ApiErrorKind::Unauthorized | ApiErrorKind::Forbidden, _) => "the user is left out of this run",
            (ApiErrorKind::NotFound, _) => "the user or account may have been deleted meanwhile",
            (ApiErrorKind::NoAccount, _) => "there is nothing to fetch",
            (ApiErrorKind::NoToken, _) => "add the user to the tokens file, or leave the file out",
            (ApiErrorKind::NotApi | ApiErrorKind::Redirect { .. }, _) => {
                "check POWENS_DOMAIN or POWENS_BASE_URL, which ends with /2.0"
            }
            (ApiErrorKind::NotJson, _) => {
                "a proxy or login page may stand between; check the network and the base URL"
            }
            (ApiErrorKind::BadRequest, _) => {
                "please report this: the program sent what the API does not take"
            }
            (ApiErrorKind::Tls(_), _) => {
                "check the host name, the clock, and the CA file if the network inspects TLS"
            }
            (ApiErrorKind::TooLarge(_), _) => "please report this: no page should be as large",
            (ApiErrorKind::Configuration(_), _) => "nothing was requested",
            (ApiErrorKind::Journal(_), _) => "check the destination's disk",
            (ApiErrorKind::Unreachable(_) | ApiErrorKind::RateExhausted, _) => {
                "run the same command again later to resume"
            }
            (
                ApiErrorKind::Locked
                | ApiErrorKind::Undecodable(_)
                | ApiErrorKind::ServerError
                | ApiErrorKind::Transport(_)
                | ApiErrorKind::Protocol(_)
                | ApiErrorKind::BudgetExhausted,
                _,
            ) => "the next run tries again",
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = &self.context;
        if let Some(endpoint) = context.endpoint {
            f.write_str(endpoint.name())?;
            if let Some(user) = context.user {
                write!(f, " of user {user}")?;
            }
            f.write_str(": ")?;
        }
        write!(f, "{}", self.kind)?;
        if let Some(status) = context.status {
            write!(f, ", status {status}")?;
        }
        if let Some(code) = &context.code {
            write!(f, ", code {code}")?;
        }
        if let Some(description) = &context.description {
            write!(f, ", \"{description}\"")?;
        }
        if let Some(id) = &context.request_id {
            write!(f, ", request {id}")?;
        }
        if context.attempts > 1 {
            write!(f, ", after {} attempts in {} s", context.attempts, context.elapsed.as_secs())?;
        }
        write!(f, "; {}", self.next_step())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_say_what_to_what_and_what_next() {
        let context = ErrorContext {
            endpoint: Some(Endpoint::Accounts),
            user: UserId::new(4101),
            status: Some(403),
            code: Some("forbidden".to_owned()),
            attempts: 1,
            ..ErrorContext::default()
        };
        let error = ApiError::new(ApiErrorKind::Forbidden, context.clone());
        assert_eq!(
            error.to_string(),
            "accounts of user 4101: access is forbidden, status 403, code forbidden; the user is left out of this run"
        );
        assert!(error.reason().is_some());
        assert_eq!(error.reason(), Some(Reason::Forbidden));
        let users = ErrorContext { endpoint: Some(Endpoint::Users), user: None, ..context };
        let error = ApiError::new(ApiErrorKind::Unauthorized, users);
        assert_eq!(error.reason(), None);
        assert_eq!(error.exit_class(), ExitClass::Credentials);
        let users = ErrorContext {
            endpoint: Some(Endpoint::Accounts),
            user: UserId::new(4101),
            ..ErrorContext::default()
        };
        // Whoever is told to ask less, it is meant for all.
        for kind in
            [ApiErrorKind::RateExhausted, ApiErrorKind::Unreachable(Fault::Connect), ApiErrorKind::NotApi]
        {
            assert_eq!(ApiError::new(kind, users.clone()).reason(), None);
        }
        let error = ApiError::configuration("the CA file holds no certificate");
        assert_eq!(
            error.to_string(),
            "the connection settings cannot be used: the CA file holds no certificate; nothing was requested"
        );
    }
}
