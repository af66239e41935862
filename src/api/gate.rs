//! The door that every attempt goes through: concurrency, pacer and breaker in one place, first come first served.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::breaker::{Breaker, Passage, Reach};
use super::pacer::{Pacer, per_minute};
use super::rate::Rate;
use super::timings::{Limits, Timings};

/// The run has stopped asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The breaker gave up.
    Unreachable,
    /// The throttling did not end.
    Throttled,
}

/// The door.
#[derive(Debug)]
pub(super) struct Gate {
    start: Instant,
    slots: Arc<Semaphore>,
    /// Held by the one attempt that waits for the pacer or the breaker; those behind it queue here in order.
    turnstile: tokio::sync::Mutex<()>,
    state: Mutex<State>,
    changed: Notify,
    throttle_patience: Duration,
    throttles: u32,
    next_request: AtomicU64,
}

#[derive(Debug)]
struct State {
    pacer: Pacer,
    breaker: Breaker,
    stopped: Option<Stopped>,
    /// Answers 429 since something was accepted, and when the first of them came.
    throttles: u32,
    throttled_since: Duration,
}

impl Gate {
    pub(super) fn new(concurrency: usize, rate: Rate, timings: &Timings, limits: &Limits) -> Self {
        let state = State {
            pacer: Pacer::new(rate, timings),
            breaker: Breaker::new(timings, limits.breaker_failures),
            stopped: None,
            throttles: 0,
            throttled_since: Duration::ZERO,
        };
        Self {
            start: Instant::now(),
            slots: Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS))),
            turnstile: tokio::sync::Mutex::new(()),
            state: Mutex::new(state),
            changed: Notify::new(),
            throttle_patience: timings.throttle_patience,
            throttles: limits.throttles,
            next_request: AtomicU64::new(1),
        }
    }

    /// A number by which the breaker tells requests apart.
    pub(super) fn request_number(&self) -> u64 {
        self.next_request.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether anything was ever answered well.
    pub(super) fn has_succeeded(&self) -> bool {
        self.lock().breaker.has_succeeded()
    }

    /// Whether nobody has answered since several requests went unanswered.
    pub(super) fn is_silent(&self) -> bool {
        self.lock().breaker.is_open()
    }

    /// Requests per minute: accepted lately, and permitted now.
    pub(super) fn rates(&self) -> (u64, u64) {
        let now = self.now();
        let state = self.lock();
        (state.pacer.accepted_per_minute(now), per_minute(state.pacer.interval()))
    }

    /// Waits until one attempt may go. The pass is held for as long as the attempt lasts.
    pub(super) async fn pass(&self) -> Result<Pass<'_>, Stopped> {
        let slot = Arc::clone(&self.slots).acquire_owned().await.map_err(|_| Stopped::Unreachable)?;
        let _turn = self.turnstile.lock().await;
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change is missed.
            changed.as_mut().enable();
            match self.step() {
                Step::Go { epoch, probe } => {
                    return Ok(Pass { gate: self, epoch, probe, open: true, _slot: slot });
                }
                Step::Until(at) => {
                    tokio::select! {
                        () = sleep_until(self.start + at) => {}
                        () = changed => {}
                    }
                }
                Step::Changed => changed.await,
                Step::Stopped(why) => return Err(why),
            }
        }
    }

    fn step(&self) -> Step {
        let now = self.now();
        let mut state = self.lock();
        if let Some(why) = state.stopped {
            return Step::Stopped(why);
        }
        let probe = match state.breaker.passage(now) {
            Passage::Open => false,
            Passage::Probe => true,
            Passage::Until(at) => return Step::Until(at),
            Passage::AfterProbe => return Step::Changed,
            Passage::Never => return Step::Stopped(Stopped::Unreachable),
        };
        let ready = state.pacer.ready_at(now);
        if ready > now {
            return Step::Until(ready);
        }
        if probe {
            state.breaker.probe();
        }
        Step::Go { epoch: state.pacer.take(now), probe }
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can leave it half changed in a way that matters.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Step {
    Go { epoch: u64, probe: bool },
    Until(Duration),
    Changed,
    Stopped(Stopped),
}

/// The right to send one attempt, to be handed back with its result. Dropped without one (the task was cancelled, or
/// the attempt says nothing about the API), it counts for nothing.
#[derive(Debug)]
pub(super) struct Pass<'gate> {
    gate: &'gate Gate,
    epoch: u64,
    probe: bool,
    open: bool,
    _slot: OwnedSemaphorePermit,
}

impl Pass<'_> {
    /// The attempt brought what was asked for.
    pub(super) fn succeeded(mut self) {
        let now = self.gate.now();
        let mut state = self.gate.lock();
        state.pacer.accepted(now);
        state.throttles = 0;
        let woken = state.breaker.succeeded();
        drop(state);
        self.close(woken);
    }

    /// The API answered, with an error that is not about load.
    pub(super) fn answered(mut self) {
        let now = self.gate.now();
        let mut state = self.gate.lock();
        state.pacer.accepted(now);
        state.throttles = 0;
        let woken = state.breaker.answered();
        drop(state);
        self.close(woken);
    }

    /// The API answered 429: nobody goes before `pause` is over. Whether the run's patience is at its end.
    pub(super) fn throttled(mut self, pause: Duration) -> bool {
        let now = self.gate.now();
        let mut state = self.gate.lock();
        state.breaker.answered();
        state.pacer.throttled(now, self.epoch, pause);
        if state.throttles == 0 {
            state.throttled_since = now;
        }
        state.throttles += 1;
        let patience = self.gate.throttle_patience;
        let over = state.throttles >= self.gate.throttles
            || pause > patience
            || now.saturating_sub(state.throttled_since) >= patience;
        if over {
            state.stopped = Some(Stopped::Throttled);
        }
        drop(state);
        self.close(true);
        over
    }

    /// Nobody answered, or a gateway did, or the API did and the answer is of no use.
    pub(super) fn failed(mut self, request: u64, reach: Reach) -> Failed {
        let now = self.gate.now();
        let mut state = self.gate.lock();
        if reach == Reach::Answered {
            state.pacer.accepted(now);
            state.throttles = 0;
        }
        let pause = state.breaker.failed(now, request, reach, self.probe);
        let given_up = state.breaker.passage(now) == Passage::Never;
        drop(state);
        let was_probe = self.probe;
        self.close(true);
        Failed { pause, given_up, was_probe }
    }

    fn close(&mut self, changed: bool) {
        self.open = false;
        if changed || self.probe {
            self.gate.changed.notify_waiters();
        }
    }
}

/// What a failure led to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    /// The pause of all workers that begins with it.
    pub(super) pause: Option<Duration>,
    /// Whether it was the last one that patience allowed.
    pub(super) given_up: bool,
    /// Whether the attempt was a probe.
    pub(super) was_probe: bool,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.open && self.probe {
            let now = self.gate.now();
            self.gate.lock().breaker.abandoned(now);
            self.gate.changed.notify_waiters();
        }
    }
}
