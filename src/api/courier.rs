//! Delivers one request: sends it as often as its failures allow, and says what became of it.
//!
//! | failure | sent again | wait before |
//! |---|---|---|
//! | transient (broken, cut, timed out, 5xx, 408, 425, 409, 423, not a usable page) | 5 times | full jitter, 0.5 s doubling to 30 s |
//! | throttled (429, 503 with `Retry-After`) | until 20 in a row, or 15 min, without anything accepted | `Retry-After` and up to a tenth, or jitter from 1 s to 60 s; for all workers |
//! | an idle connection turned out closed | once, for nothing | none |
//! | probes of an open breaker that found no connection | until the breaker gives up, for nothing | the breaker's |
//! | everything else | never | – |
//!
//! Each retry of a transient failure costs one of a budget of 100 for the run, and each success earns a tenth back, so
//! that an outage never multiplies the requests. A slot of the concurrency is held while an attempt lasts, not while it
//! waits for the next, so that a poisoned user does not starve the others. There is no other layer that retries.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::breaker::Reach;
use super::budget::RetryBudget;
use super::endpoint::Endpoint;
use super::error::{ApiError, ApiErrorKind, ErrorContext, Fault};
use super::gate::{Gate, Stopped};
use super::random::Jitter;
use super::rate::Rate;
use super::stats::{Counters, RetryKind, Stats};
use super::timings::{Limits, Timings};
use crate::model::UserId;

/// How an attempt failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) class: FailureClass,
    /// What to report if it is the last one.
    pub(super) kind: ApiErrorKind,
    pub(super) status: Option<u16>,
    pub(super) body: Box<super::answer::ErrorBody>,
}

/// What a failure calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureClass {
    /// Nothing heals it; the API is there.
    Final,
    /// Nothing heals it, and it says nothing about the API (our own side).
    Internal,
    /// It may heal.
    Transient(RetryKind, Reach),
    /// The connection was closed before an answer; it may have been idle for too long.
    Stale,
    /// The API asks for a pause, of so many seconds if it says so.
    Throttled(Option<u64>),
}

impl Failure {
    pub(super) fn of(class: FailureClass, kind: ApiErrorKind) -> Self {
        Self { class, kind, status: None, body: Box::default() }
    }
}

/// One request that can be sent again.
pub(super) trait Attempt: Send {
    /// What it brings.
    type Output;
    /// Sends it once.
    fn attempt(&mut self) -> impl Future<Output = Result<Self::Output, Failure>> + Send;
}

/// What is delivered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand {
    pub(super) endpoint: Endpoint,
    pub(super) user: Option<UserId>,
    /// How often it may be sent if it fails in ways that heal.
    pub(super) attempts: u32,
}

/// Delivers requests.
#[derive(Debug)]
pub(super) struct Courier {
    gate: Gate,
    budget: RetryBudget,
    jitter: Jitter,
    timings: Timings,
    counters: Counters,
}

/// What happened to an errand so far.
struct Tally {
    started: Instant,
    number: u64,
    sent: u32,
    counted: u32,
    throttles: u32,
    stale_used: bool,
    last: Option<Fault>,
}

impl Courier {
    pub(super) fn new(
        concurrency: usize,
        rate: Rate,
        timings: Timings,
        limits: &Limits,
        jitter: Jitter,
    ) -> Self {
        Self {
            gate: Gate::new(concurrency, rate, &timings, limits),
            budget: RetryBudget::new(limits.retry_budget),
            jitter,
            timings,
            counters: Counters::default(),
        }
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    pub(super) fn stats(&self) -> Stats {
        let (accepted_per_minute, permitted_per_minute) = self.gate.rates();
        Stats { accepted_per_minute, permitted_per_minute, ..self.counters.snapshot() }
    }

    /// Whether anything was ever answered well.
    pub(super) fn has_succeeded(&self) -> bool {
        self.gate.has_succeeded()
    }

    /// Whether nobody has answered since several requests went unanswered.
    pub(super) fn is_silent(&self) -> bool {
        self.gate.is_silent()
    }

    /// Sends the request until it succeeds or fails for good.
    pub(super) async fn deliver<A: Attempt>(
        &self,
        errand: Errand,
        mut attempt: A,
    ) -> Result<A::Output, ApiError> {
        let mut tally = Tally {
            started: Instant::now(),
            number: self.gate.request_number(),
            sent: 0,
            counted: 0,
            throttles: 0,
            stale_used: false,
            last: None,
        };
        loop {
            let pass = match self.gate.pass().await {
                Ok(pass) => pass,
                Err(why) => return Err(self.stopped(errand, &tally, why)),
            };
            tally.sent += 1;
            self.counters.request(errand.endpoint);
            let sent = Instant::now();
            let failure = match attempt.attempt().await {
                Ok(output) => {
                    self.counters.answered(sent.elapsed());
                    pass.succeeded();
                    self.budget.earn();
                    return Ok(output);
                }
                Err(failure) => failure,
            };
            match failure.class {
                FailureClass::Final => {
                    pass.answered();
                    return Err(error(errand, &tally, failure));
                }
                FailureClass::Internal => {
                    drop(pass);
                    return Err(error(errand, &tally, failure));
                }
                FailureClass::Stale if !tally.stale_used && self.has_succeeded() => {
                    drop(pass);
                    tally.stale_used = true;
                    self.retry(errand, &tally, RetryKind::StaleConnection, Duration::ZERO);
                }
                FailureClass::Stale => {
                    let class = FailureClass::Transient(RetryKind::Broken, Reach::Unanswered);
                    self.transient(errand, &mut tally, pass, Failure { class, ..failure }).await?;
                }
                FailureClass::Transient(..) => self.transient(errand, &mut tally, pass, failure).await?,
                FailureClass::Throttled(asked) => {
                    tally.throttles += 1;
                    let pause = self.throttle_pause(asked, tally.throttles);
                    self.counters.throttled();
                    self.counters.waited(pause);
                    if pass.throttled(pause) {
                        tracing::error!(
                            endpoint = errand.endpoint.name(),
                            "the API keeps throttling; giving up"
                        );
                        return Err(error(
                            errand,
                            &tally,
                            Failure { kind: ApiErrorKind::RateExhausted, ..failure },
                        ));
                    }
                    self.retry(errand, &tally, RetryKind::Throttled, pause);
                }
            }
        }
    }

    async fn transient(
        &self,
        errand: Errand,
        tally: &mut Tally,
        pass: super::gate::Pass<'_>,
        failure: Failure,
    ) -> Result<(), ApiError> {
        let FailureClass::Transient(kind, reach) = failure.class else {
            return Err(error(errand, tally, failure));
        };
        tally.last = Some(fault_of(&failure.kind));
        let outcome = pass.failed(tally.number, reach);
        if let Some(pause) = outcome.pause {
            self.counters.waited(pause);
            tracing::warn!(wait_ms = millis(pause), cause = %fault_of(&failure.kind), "the API does not answer; all wait");
        }
        if outcome.given_up {
            let kind = ApiErrorKind::Unreachable(fault_of(&failure.kind));
            return Err(error(errand, tally, Failure { kind, ..failure }));
        }
        // The breaker decides how long a missing connection is waited for, once it is open.
        let free = outcome.pause.is_some()
            && outcome.was_probe
            && (reach == Reach::Unconnected || (reach == Reach::Unanswered && !self.has_succeeded()));
        if !free {
            tally.counted += 1;
            if tally.counted >= errand.attempts {
                return Err(error(errand, tally, failure));
            }
            if !self.budget.spend() {
                return Err(error(errand, tally, Failure { kind: ApiErrorKind::BudgetExhausted, ..failure }));
            }
        }
        let wait = if outcome.pause.is_some() {
            Duration::ZERO
        } else {
            self.jitter.backoff(
                self.timings.backoff_base,
                self.timings.backoff_cap,
                tally.counted.saturating_sub(1),
            )
        };
        self.counters.waited(wait);
        self.retry(errand, tally, kind, wait);
        sleep(wait).await;
        Ok(())
    }

    /// How long all workers wait after a 429: what the API asks for and up to a tenth more, or our own back-off.
    fn throttle_pause(&self, asked: Option<u64>, throttles: u32) -> Duration {
        match asked {
            Some(seconds) => {
                let asked = self
                    .timings
                    .retry_after_second
                    .saturating_mul(u32::try_from(seconds).unwrap_or(u32::MAX));
                asked.saturating_add(self.jitter.up_to(asked / 10))
            }
            None => self.jitter.backoff(
                self.timings.throttle_base,
                self.timings.throttle_cap,
                throttles.saturating_sub(1),
            ),
        }
    }

    fn retry(&self, errand: Errand, tally: &Tally, kind: RetryKind, wait: Duration) {
        self.counters.retry(kind);
        tracing::warn!(
            endpoint = errand.endpoint.name(),
            user = errand.user.map(UserId::get),
            kind = kind.name(),
            attempt = tally.sent,
            wait_ms = millis(wait),
            "request is sent again"
        );
    }

    fn stopped(&self, errand: Errand, tally: &Tally, why: Stopped) -> ApiError {
        let kind = match why {
            Stopped::Unreachable => ApiErrorKind::Unreachable(tally.last.unwrap_or(Fault::Connect)),
            Stopped::Throttled => ApiErrorKind::RateExhausted,
        };
        error(errand, tally, Failure::of(FailureClass::Internal, kind))
    }
}

fn error(errand: Errand, tally: &Tally, failure: Failure) -> ApiError {
    let context = ErrorContext {
        endpoint: Some(errand.endpoint),
        user: errand.user,
        status: failure.status,
        code: failure.body.code,
        description: failure.body.description,
        request_id: failure.body.request_id,
        attempts: tally.sent,
        elapsed: tally.started.elapsed(),
    };
    ApiError::new(failure.kind, context)
}

fn fault_of(kind: &ApiErrorKind) -> Fault {
    match kind {
        ApiErrorKind::Transport(fault) | ApiErrorKind::Protocol(fault) | ApiErrorKind::Unreachable(fault) => {
            *fault
        }
        _ => Fault::Gateway,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
