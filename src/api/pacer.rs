//! When the next request may go: one pacer for all workers of a run.
//!
//! Pure: it is told the time and never sleeps. Times are durations since the run's start on the monotonic clock;
//! rates are kept as intervals, so that there is no floating point in it.
//!
//! | phase | speeds up, while somebody waits for a slot | until |
//! |---|---|---|
//! | ramp | doubles each second, from 10/s | the first 429, or the concurrency binds |
//! | search | by a tenth each second | a 429 after 5 accepted requests (fewer: what was left of a burst) |
//! | close | by 2 % each second | the next such 429 |
//! | steady | by 2 % each 10 s | – |
//!
//! (A "second" of search and close is three intervals when those are longer.)
//!
//! After a 429: pause, then 0.9 × the rate that was accepted. What was accepted is counted from one 429 to the next
//! (a token bucket is empty at both ends, so this is its refill rate, unless it ran over in between) or over the last
//! seconds, whichever says more. In the steady phase the rate so found is not exceeded for 150 requests and 200 s: at
//! 30 calls a minute a 429 every 35 requests would be too many, and with small bursts the climb back alone would cost
//! more than a twentieth. Only the first 429 of those sent at one rate cuts it.
//!
//! A fixed rate is a ceiling on the steady phase: obeyed from the first request, cut by a 429 like any other.

use std::collections::VecDeque;
use std::time::Duration;

use super::rate::Rate;
use super::timings::Timings;

/// Nothing goes faster than 2,000 requests a second.
const SHORTEST_INTERVAL: Duration = Duration::from_micros(500);
/// Nothing is slowed below one request in 20 s (a pause is something else).
const LONGEST_INTERVAL: Duration = Duration::from_secs(20);
/// A slot missed by less than this is not lost: timers are late by up to a millisecond, networks by more.
const SLACK: Duration = Duration::from_millis(5);
/// Accepted requests that make a rate worth believing.
const BELIEVED: usize = 20;
/// Accepted requests between two 429s that show that the first one's burst is used up.
const CONVERGED: u64 = 5;
/// Accepted requests after a 429 before the rate found then is exceeded.
const KEPT_FOR: u64 = 150;
/// Steady steps after a 429 before the rate found then is exceeded.
const KEPT_FOR_STEPS: u32 = 20;

/// See the table above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Ramp,
    Search,
    Close,
    Steady,
}

/// The pacer's state.
#[derive(Debug)]
pub(super) struct Pacer {
    phase: Phase,
    /// The fixed rate's interval, below which nothing goes; `None` when adaptive.
    fixed: Option<Duration>,
    ramp_step: Duration,
    steady_step: Duration,
    interval: Duration,
    next_slot: Duration,
    paused_until: Duration,
    /// Raised by each cut, so that the requests sent before it do not cause a second one.
    epoch: u64,
    last_step: Duration,
    /// Whether anybody waited for a slot since the last step.
    bound: bool,
    last_throttle: Duration,
    accepted_since_throttle: u64,
    /// The interval of the rate that was accepted when the last 429 came.
    known: Option<Duration>,
    /// When requests were accepted: those of the last steady step, and at least the last [`BELIEVED`].
    accepted: VecDeque<Duration>,
}

impl Pacer {
    pub(super) fn new(rate: Rate, timings: &Timings) -> Self {
        let fixed = rate.interval();
        Self {
            phase: if fixed.is_some() { Phase::Steady } else { Phase::Ramp },
            fixed,
            ramp_step: timings.ramp_step,
            steady_step: timings.steady_step,
            interval: fixed.unwrap_or_else(|| timings.first_interval.max(SHORTEST_INTERVAL)),
            next_slot: Duration::ZERO,
            paused_until: Duration::ZERO,
            epoch: 0,
            last_step: Duration::ZERO,
            bound: false,
            last_throttle: Duration::ZERO,
            accepted_since_throttle: 0,
            known: None,
            accepted: VecDeque::new(),
        }
    }

    /// When the next request may go; not before now to be of use.
    pub(super) fn ready_at(&mut self, now: Duration) -> Duration {
        if self.next_slot > now {
            self.bound = true;
        }
        self.next_slot.max(self.paused_until)
    }

    /// Takes the slot that [`Self::ready_at`] promised. The epoch goes back with the request's result.
    pub(super) fn take(&mut self, now: Duration) -> u64 {
        self.speed_up(now);
        self.next_slot = self.next_slot.max(now.saturating_sub(SLACK)).saturating_add(self.interval);
        self.epoch
    }

    /// A request was answered otherwise than by 429.
    pub(super) fn accepted(&mut self, now: Duration) {
        self.accepted_since_throttle += 1;
        self.accepted.push_back(now);
        let horizon = now.saturating_sub(self.steady_step);
        while self.accepted.len() > BELIEVED && self.accepted.front().is_some_and(|at| *at < horizon) {
            self.accepted.pop_front();
        }
    }

    /// A request of `epoch` was answered 429: nobody goes before `pause` is over.
    pub(super) fn throttled(&mut self, now: Duration, epoch: u64, pause: Duration) {
        self.paused_until = self.paused_until.max(now.saturating_add(pause));
        self.next_slot = self.next_slot.max(self.paused_until);
        if epoch != self.epoch {
            return;
        }
        let estimate = self.estimate(now);
        self.known = Some(estimate);
        self.interval = (estimate * 10 / 9).clamp(self.shortest(), LONGEST_INTERVAL);
        self.epoch += 1;
        self.last_throttle = now;
        self.accepted_since_throttle = 0;
        self.accepted.clear();
        self.bound = false;
        // The first step comes a full step after the pause.
        self.last_step = self.paused_until;
    }

    /// The interval between two requests that is permitted now.
    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Requests accepted over the last steady step, per minute.
    pub(super) fn accepted_per_minute(&self, now: Duration) -> u64 {
        let span = now.min(self.steady_step);
        let horizon = now.saturating_sub(span);
        let count = self.accepted.iter().filter(|at| **at >= horizon).count();
        per_minute(interval_of(span, count as u64).unwrap_or(Duration::MAX))
    }

    fn shortest(&self) -> Duration {
        self.fixed.unwrap_or(SHORTEST_INTERVAL)
    }

    /// Whether it is too early to exceed the rate found at the last 429.
    fn keeps(&self, now: Duration) -> bool {
        self.accepted_since_throttle < KEPT_FOR
            || now < self.last_throttle + self.steady_step * KEPT_FOR_STEPS
    }

    fn speed_up(&mut self, now: Duration) {
        let step = match self.phase {
            Phase::Ramp => self.ramp_step,
            Phase::Search | Phase::Close => self.ramp_step.max(self.interval * 3),
            Phase::Steady => self.steady_step,
        };
        if now < self.last_step.saturating_add(step) {
            return;
        }
        self.last_step = now;
        if !std::mem::take(&mut self.bound) {
            return;
        }
        let faster = match (self.phase, self.known) {
            (Phase::Ramp, _) => self.interval / 2,
            (Phase::Search, _) => self.interval * 10 / 11,
            (Phase::Steady, Some(known)) if self.keeps(now) => {
                (self.interval * 100 / 102).max(known.min(self.interval))
            }
            (Phase::Close | Phase::Steady, _) => self.interval * 100 / 102,
        };
        self.interval = faster.max(self.shortest());
    }

    /// The interval at which requests were accepted until this 429; moves on to the next phase.
    fn estimate(&mut self, now: Duration) -> Duration {
        let since = now.saturating_sub(self.last_throttle);
        let current = self.interval;
        let count = self.accepted_since_throttle;
        // A whole number of requests was accepted, and the next one nearly: count half of it.
        let overall = interval_of(since * 2, count * 2 + 1).unwrap_or(current * 2);
        let believed = count >= BELIEVED as u64;
        let estimate = match self.phase {
            Phase::Ramp => {
                self.phase = Phase::Search;
                self.recent(now, self.ramp_step).unwrap_or(overall)
            }
            Phase::Search | Phase::Close if count < CONVERGED => overall,
            Phase::Search | Phase::Close => {
                self.phase = if self.phase == Phase::Search { Phase::Close } else { Phase::Steady };
                if believed {
                    self.recent(now, self.ramp_step * 2).map_or(overall, |recent| recent.min(overall))
                } else {
                    overall
                }
            }
            Phase::Steady if !believed => overall.min(current * 2),
            Phase::Steady => match self.known {
                // Refused at a rate that was thought safe: it was not; what went through since is.
                Some(known) if current >= known => overall,
                // Refused beyond it: the truth is between the two.
                Some(known) => {
                    let recent = self.recent(now, self.steady_step).unwrap_or(overall);
                    ((known + recent) / 2).min(known).min(overall)
                }
                None => self.recent(now, self.steady_step).unwrap_or(overall),
            },
        };
        estimate.max(current)
    }

    /// The interval of what was accepted within `span`, or of the last [`BELIEVED`] requests when it holds fewer.
    fn recent(&self, now: Duration, span: Duration) -> Option<Duration> {
        let horizon = now.saturating_sub(span);
        let inside = self.accepted.iter().rev().take_while(|at| **at >= horizon).count();
        if inside >= BELIEVED {
            return interval_of(span.min(now), inside as u64);
        }
        let last = self.accepted.iter().rev().take(BELIEVED);
        let (count, first) = last.fold((0, now), |(count, _), at| (count + 1, *at));
        interval_of(now.saturating_sub(first), count)
    }
}

/// Requests per minute at an interval.
pub(super) fn per_minute(interval: Duration) -> u64 {
    let nanos = interval.as_nanos();
    60_000_000_000_u128.checked_div(nanos).and_then(|n| u64::try_from(n).ok()).unwrap_or(u64::MAX)
}

fn interval_of(span: Duration, count: u64) -> Option<Duration> {
    let nanos = u64::try_from(span.as_nanos()).ok()?.checked_div(count)?;
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}
