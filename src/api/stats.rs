//! What the run cost so far: counters that any worker adds to and anybody may read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::endpoint::Endpoint;
use super::named::named;

named! {
    /// Why a request was sent again.
    RetryKind {
        /// No connection could be made.
        Connect = "connect",
        /// The connection broke, or the body was cut.
        Broken = "broken",
        /// A time limit ran out.
        Timeout = "timeout",
        /// An idle connection had been closed by the server.
        StaleConnection = "stale_connection",
        /// A status 5xx, 408 or 425.
        Server = "server",
        /// 409 or 423.
        Locked = "locked",
        /// 429, or 503 with `Retry-After`.
        Throttled = "throttled",
        /// An answer that HTTP does not allow, or that is no page.
        Protocol = "protocol",
        /// A page that could not be decoded.
        Undecodable = "undecodable",
    }
}

/// The counters.
#[derive(Debug, Default)]
pub(super) struct Counters {
    requests: [AtomicU64; Endpoint::ALL.len()],
    retries: [AtomicU64; RetryKind::ALL.len()],
    throttled: AtomicU64,
    waited_ms: AtomicU64,
    answers: AtomicU64,
    answer_us: AtomicU64,
    bytes: AtomicU64,
    tokens_left: AtomicI64,
}

impl Counters {
    pub(super) fn request(&self, endpoint: Endpoint) {
        if let Some(counter) = self.requests.get(endpoint as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn retry(&self, kind: RetryKind) {
        if let Some(counter) = self.retries.get(kind as usize) {
            counter.fetch_add(1, Relaxed);
        }
    }

    pub(super) fn throttled(&self) {
        self.throttled.fetch_add(1, Relaxed);
    }

    pub(super) fn waited(&self, wait: Duration) {
        self.waited_ms.fetch_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX), Relaxed);
    }

    /// A good answer, and how long it took from sending to the last byte.
    pub(super) fn answered(&self, took: Duration) {
        self.answers.fetch_add(1, Relaxed);
        self.answer_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Relaxed);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(super) fn token_left(&self, change: i64) {
        self.tokens_left.fetch_add(change, Relaxed);
    }

    pub(super) fn snapshot(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Relaxed);
        let by_endpoint: BTreeMap<_, _> = Endpoint::ALL
            .iter()
            .zip(&self.requests)
            .map(|(endpoint, counter)| (*endpoint, read(counter)))
            .collect();
        let retries: BTreeMap<_, _> =
            RetryKind::ALL.iter().zip(&self.retries).map(|(kind, counter)| (*kind, read(counter))).collect();
        Stats {
            requests: by_endpoint.values().sum(),
            by_endpoint: by_endpoint.into_iter().filter(|(_, count)| *count > 0).collect(),
            retries: retries.into_iter().filter(|(_, count)| *count > 0).collect(),
            throttled: read(&self.throttled),
            waited: Duration::from_millis(read(&self.waited_ms)),
            mean_answer: read(&self.answer_us)
                .checked_div(read(&self.answers))
                .map_or(Duration::ZERO, Duration::from_micros),
            bytes: read(&self.bytes),
            tokens_left: u64::try_from(self.tokens_left.load(Relaxed)).unwrap_or(0),
            accepted_per_minute: 0,
            permitted_per_minute: 0,
        }
    }
}

/// What the run cost so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// The same by endpoint; endpoints that were never asked are left out.
    pub by_endpoint: BTreeMap<Endpoint, u64>,
    /// Requests sent again, by reason; reasons that never were are left out.
    pub retries: BTreeMap<RetryKind, u64>,
    /// Answers 429 (or 503 with `Retry-After`).
    pub throttled: u64,
    /// Waits that were no part of the pacing: back-off of single requests, pauses of all of them.
    pub waited: Duration,
    /// What a good answer took on average, from sending the request to the last byte; zero before the first.
    pub mean_answer: Duration,
    /// Body bytes received, as they came over the wire.
    pub bytes: u64,
    /// Tokens minted (by this run or one that was killed) and not revoked.
    pub tokens_left: u64,
    /// Requests accepted over the last ten seconds, as a rate.
    pub accepted_per_minute: u64,
    /// What the pacer permits now.
    pub permitted_per_minute: u64,
}

impl Stats {
    /// Requests without the repeated ones: what the same questions cost an API that answers each at once.
    #[must_use]
    pub fn asked(&self) -> u64 {
        self.requests.saturating_sub(self.retries.values().sum())
    }
}
