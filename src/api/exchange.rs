//! One attempt: sends a request, judges the answer's head, reads its body.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use reqwest::Url;
use tokio::time::{Instant, timeout_at};

use super::answer::{ErrorBody, retry_after};
use super::body::{BodyReader, unusable};
use super::breaker::Reach;
use super::connect::classify;
use super::courier::{Attempt, Failure, FailureClass};
use super::endpoint::Endpoint;
use super::error::{ApiErrorKind, Fault};
use super::response::{Response, Undecodable};
use super::shared::Shared;
use super::stats::RetryKind;
use super::target::Target;

/// One request, as often as it is sent.
pub(super) struct Exchange<'a, R> {
    pub(super) shared: &'a Shared,
    pub(super) method: Method,
    pub(super) target: &'a Target,
    pub(super) endpoint: Endpoint,
    /// The token that goes with it.
    pub(super) bearer: Option<&'a str>,
    pub(super) json: Option<Bytes>,
    pub(super) read: R,
}

/// What is made of a good answer.
pub(super) trait Read: Send {
    /// What it becomes.
    type Output: Send;
    /// Reads a page.
    fn page(&mut self, response: Response) -> Result<Self::Output, Undecodable>;
    /// The meaning of 204, where it is a good answer.
    fn no_content(&mut self) -> Option<Self::Output> {
        None
    }
}

/// Decodes a page with a closure.
pub(super) struct Decode<F>(pub(super) F);

impl<T: Send, F: FnMut(&Response) -> Result<T, Undecodable> + Send> Read for Decode<F> {
    type Output = T;

    fn page(&mut self, response: Response) -> Result<T, Undecodable> {
        (self.0)(&response)
    }
}

/// Hands the page on as it is.
pub(super) struct Whole;

impl Read for Whole {
    type Output = Response;

    fn page(&mut self, response: Response) -> Result<Response, Undecodable> {
        Ok(response)
    }
}

/// Wants to know only that it was done.
pub(super) struct Done;

impl Read for Done {
    type Output = ();

    /// A 200 that carries an error's code was not done.
    fn page(&mut self, response: Response) -> Result<(), Undecodable> {
        match ErrorBody::parse(&response.body, &[]).code {
            None => Ok(()),
            Some(_) => Err(Undecodable::new("an error under status 200")),
        }
    }

    fn no_content(&mut self) -> Option<()> {
        Some(())
    }
}

impl<R: Read> Attempt for Exchange<'_, R> {
    type Output = R::Output;

    async fn attempt(&mut self) -> Result<R::Output, Failure> {
        let timings = &self.shared.timings;
        let started = Instant::now();
        let deadline = started + timings.attempt;
        let head_by = deadline.min(started + timings.connect + timings.idle_read);
        let sent = self.shared.client.execute(self.request()?);
        let mut response = match timeout_at(head_by, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(classify(&error)),
            Err(_) => {
                let class = FailureClass::Transient(RetryKind::Timeout, Reach::Unanswered);
                return Err(Failure::of(class, ApiErrorKind::Transport(Fault::Stalled)));
            }
        };
        let status = response.status().as_u16();
        let result = match status {
            200 => self.page(&mut response, deadline).await,
            204 => self.read.no_content().ok_or_else(|| unusable(Fault::UnexpectedStatus)),
            _ => Err(refusal(self.shared, self.endpoint, self.bearer, &mut response, deadline).await),
        };
        tracing::debug!(
            endpoint = self.endpoint.name(),
            user = self.target.asked_user().map(crate::model::UserId::get),
            status,
            good = result.is_ok(),
            elapsed_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            "answered"
        );
        result.map_err(|failure| Failure { status: Some(status), ..failure })
    }
}

impl<R: Read> Exchange<'_, R> {
    fn request(&self) -> Result<reqwest::Request, Failure> {
        let mut request = reqwest::Request::new(self.method.clone(), self.target.url(&self.shared.base_url));
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        if let Some(token) = self.bearer {
            let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| {
                let why = "a token holds characters that no header may carry".to_owned();
                Failure::of(FailureClass::Internal, ApiErrorKind::Configuration(why))
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(json) = &self.json {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(json.clone().into());
        }
        Ok(request)
    }

    async fn page(
        &mut self,
        response: &mut reqwest::Response,
        deadline: Instant,
    ) -> Result<R::Output, Failure> {
        let server_date = date(response.headers()).and_then(|at| Timestamp::try_from(at).ok());
        let (body, memory) = reader(self.shared).page(response, deadline).await?;
        self.read.page(Response { body, server_date, _memory: memory }).map_err(|undecodable| {
            if undecodable.too_large {
                return Failure::of(FailureClass::Final, ApiErrorKind::TooLarge(undecodable.reason));
            }
            let class = FailureClass::Transient(RetryKind::Undecodable, Reach::Answered);
            Failure::of(class, ApiErrorKind::Undecodable(undecodable.reason))
        })
    }
}

fn reader(shared: &Shared) -> BodyReader<'_> {
    BodyReader {
        timings: &shared.timings,
        limits: &shared.limits,
        memory: &shared.memory,
        counters: shared.courier.counters(),
    }
}

/// What a status other than 200 calls for (reliability table, §5).
async fn refusal(
    shared: &Shared,
    endpoint: Endpoint,
    bearer: Option<&str>,
    response: &mut reqwest::Response,
    deadline: Instant,
) -> Failure {
    let status = response.status().as_u16();
    let headers = response.headers();
    if matches!(status, 300..=399) && status != 304 {
        let host = header(headers, &LOCATION).and_then(|location| host_of(shared.base_url.url(), location));
        return Failure::of(FailureClass::Final, ApiErrorKind::Redirect { host });
    }
    let asked = retry_after(header(headers, &RETRY_AFTER), date(headers));
    let body = reader(shared).excerpt(response, deadline).await;
    let secrets = [bearer.unwrap_or_default(), shared.client_secret.expose()];
    let body = Box::new(ErrorBody::parse(&body, &secrets));
    let transient = |kind, reach, error| Failure::of(FailureClass::Transient(kind, reach), error);
    let last = |error| Failure::of(FailureClass::Final, error);
    let failure = match status {
        400..=499 if body.is("noAccount") => last(ApiErrorKind::NoAccount),
        401 => last(ApiErrorKind::Unauthorized),
        403 => last(ApiErrorKind::Forbidden),
        404 if !shared.courier.has_succeeded() && !endpoint.is_token() => last(ApiErrorKind::NotApi),
        404 | 410 => last(ApiErrorKind::NotFound),
        408 | 425 | 500 => transient(RetryKind::Server, Reach::Answered, ApiErrorKind::ServerError),
        409 | 423 => transient(RetryKind::Locked, Reach::Answered, ApiErrorKind::Locked),
        429 => Failure::of(FailureClass::Throttled(asked), ApiErrorKind::RateExhausted),
        503 if asked.is_some() => Failure::of(FailureClass::Throttled(asked), ApiErrorKind::ServerError),
        502..=504 => transient(RetryKind::Server, Reach::Unanswered, ApiErrorKind::ServerError),
        505..=599 | 501 => transient(RetryKind::Server, Reach::Answered, ApiErrorKind::ServerError),
        // The API gives a code with each refusal: without one the body was spoiled on its way, `noAccount` maybe.
        400 if body.code.is_none() => {
            transient(RetryKind::Undecodable, Reach::Answered, ApiErrorKind::BadRequest)
        }
        400..=499 => last(ApiErrorKind::BadRequest),
        _ => unusable(Fault::UnexpectedStatus),
    };
    Failure { body, ..failure }
}

fn header<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn date(headers: &HeaderMap) -> Option<SystemTime> {
    let at = httpdate::parse_http_date(header(headers, &DATE)?).ok()?;
    // A clock before 1980 is no clock.
    (at > SystemTime::UNIX_EPOCH + Duration::from_secs(10 * 365 * 86_400)).then_some(at)
}

/// The host that a redirect names: letters of a host name only, whatever the server wrote.
fn host_of(base: &Url, location: &str) -> Option<String> {
    base.join(location).ok()?.host_str().map(|host| host.chars().take(100).collect())
}
