//! Every duration and every limit of the room, in two values.

use std::time::Duration;

use super::rate::FIRST_INTERVAL;

/// Every duration that the client waits or allows. Tests scale it; there is no flag for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timings {
    /// A connection must stand within this (name resolution and TLS included).
    pub connect: Duration,
    /// The longest silence while an answer is awaited or read.
    pub idle_read: Duration,
    /// One attempt, from sending to the last byte (waiting for memory not counted).
    pub attempt: Duration,
    /// A body must bring [`Limits::slowest_bytes_per_second`] on average over each span of this length.
    pub slow_window: Duration,
    /// First step of the back-off after a transient failure; doubles with each further one.
    pub backoff_base: Duration,
    /// Longest step of that back-off.
    pub backoff_cap: Duration,
    /// First step of the back-off after a 429 that names no time.
    pub throttle_base: Duration,
    /// Longest step of that back-off.
    pub throttle_cap: Duration,
    /// What one second of a `Retry-After` lasts.
    pub retry_after_second: Duration,
    /// The run ends when the API throttles for this long without letting anything through.
    pub throttle_patience: Duration,
    /// Waits before the probes of an open breaker; the last one repeats.
    pub probe_waits: Vec<Duration>,
    /// The run ends when the API has not answered once for this long.
    pub first_success_patience: Duration,
    /// The run ends when the API has been gone for this long.
    pub outage_patience: Duration,
    /// Between the first two requests of the adaptive pacer.
    pub first_interval: Duration,
    /// How often the adaptive pacer speeds up before the first 429.
    pub ramp_step: Duration,
    /// How often it speeds up afterwards.
    pub steady_step: Duration,
    /// After a request to stop, users in hand may go on for this long.
    pub drain: Duration,
    /// Idle connections are closed after this, before the server does.
    pub keep_alive: Duration,
    /// A user that takes longer than this fails; wide, since a slow pacer stretches every walk.
    pub unit: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            connect: seconds(10),
            idle_read: seconds(30),
            attempt: seconds(120),
            slow_window: seconds(60),
            backoff_base: Duration::from_millis(500),
            backoff_cap: seconds(30),
            throttle_base: seconds(1),
            throttle_cap: seconds(60),
            retry_after_second: seconds(1),
            throttle_patience: seconds(15 * 60),
            probe_waits: [5, 10, 20, 40, 60].map(seconds).to_vec(),
            first_success_patience: seconds(2 * 60),
            outage_patience: seconds(15 * 60),
            first_interval: FIRST_INTERVAL,
            ramp_step: seconds(1),
            steady_step: seconds(10),
            drain: seconds(10),
            keep_alive: seconds(50),
            unit: seconds(6 * 3600),
        }
    }
}

impl Timings {
    /// The default timings with every duration multiplied by `factor` (0.001 makes an hour of patience 3.6 s).
    #[must_use]
    pub fn scaled(factor: f64) -> Self {
        let full = Self::default();
        let scale = |duration: Duration| duration.mul_f64(factor);
        Self {
            connect: scale(full.connect),
            idle_read: scale(full.idle_read),
            attempt: scale(full.attempt),
            slow_window: scale(full.slow_window),
            backoff_base: scale(full.backoff_base),
            backoff_cap: scale(full.backoff_cap),
            throttle_base: scale(full.throttle_base),
            throttle_cap: scale(full.throttle_cap),
            retry_after_second: scale(full.retry_after_second),
            throttle_patience: scale(full.throttle_patience),
            probe_waits: full.probe_waits.iter().copied().map(scale).collect(),
            first_success_patience: scale(full.first_success_patience),
            outage_patience: scale(full.outage_patience),
            first_interval: scale(full.first_interval),
            ramp_step: scale(full.ramp_step),
            steady_step: scale(full.steady_step),
            drain: scale(full.drain),
            keep_alive: scale(full.keep_alive),
            unit: scale(full.unit),
        }
    }
}

/// What the client takes in and how often it tries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest decoded body, in bytes.
    pub body_bytes: usize,
    /// Bytes of bodies held at one time, over all workers.
    pub bytes_in_flight: usize,
    /// A body that is slower than this is given up.
    pub slowest_bytes_per_second: u64,
    /// Attempts for a request that fails in ways that heal.
    pub attempts: u32,
    /// Attempts for a renewal, which leaves a token behind each time.
    pub renew_attempts: u32,
    /// Answers 429 in a row after which the run ends.
    pub throttles: u32,
    /// Retries that may be owed at one time; each success earns a tenth of one.
    pub retry_budget: u32,
    /// Failures in a row, over all workers, that open the breaker.
    pub breaker_failures: u32,
    /// Pages after which a walk is given up.
    pub walk_pages: u64,
    /// Rows after which a walk is given up.
    pub walk_rows: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 * 1024 * 1024,
            bytes_in_flight: 32 * 1024 * 1024,
            slowest_bytes_per_second: 1024,
            attempts: 6,
            renew_attempts: 3,
            throttles: 20,
            retry_budget: 100,
            breaker_failures: 5,
            walk_pages: 10_000,
            walk_rows: 5_000_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_by_one_changes_nothing() {
        assert_eq!(Timings::scaled(1.0), Timings::default());
        let fast = Timings::scaled(0.001);
        assert_eq!(fast.connect, Duration::from_millis(10));
        assert_eq!(fast.probe_waits[4], Duration::from_millis(60));
        assert_eq!(fast.outage_patience, Duration::from_millis(900));
    }
}
