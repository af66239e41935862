//! Whether the API is there at all: after five failures in a row, over all workers, everything pauses and one probe at
//! a time goes out.
//!
//! Pure: it is told the time. A failure counts when nobody answered, or a gateway did so in the API's stead (502, 503,
//! 504). An answer of the API itself, a 500 or a cut body included, shows that it is there and closes the breaker; a
//! poisoned page must not stop the other users. For the same reason five unanswered attempts of *one* request open it
//! only when no connection can be made at all, or when nothing has ever been answered.

use std::time::Duration;

/// How far a failed attempt came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// No connection: name resolution, refusal, time-out.
    Unconnected,
    /// A connection, or a gateway, but no answer of the API.
    Unanswered,
    /// The API answered, badly.
    Answered,
}

/// What may happen now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Go.
    Open,
    /// Go, alone: the result decides for all.
    Probe,
    /// Nobody goes before this time.
    Until(Duration),
    /// Nobody goes before the probe has come back.
    AfterProbe,
    /// Nobody goes any more.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { probe_at: Duration, probes: usize },
    Probing { probes: usize },
    GivenUp,
}

/// The breaker's state.
#[derive(Debug)]
pub(super) struct Breaker {
    state: State,
    threshold: u32,
    probe_waits: Vec<Duration>,
    first_success_patience: Duration,
    outage_patience: Duration,
    succeeded: bool,
    failures: u32,
    /// The request that failed first since an answer, and whether another one did too.
    first_failed: u64,
    several: bool,
    unconnected: u32,
    /// When the first failure since an answer was.
    since: Duration,
}

impl Breaker {
    pub(super) fn new(timings: &super::Timings, threshold: u32) -> Self {
        Self {
            state: State::Closed,
            threshold,
            probe_waits: timings.probe_waits.clone(),
            first_success_patience: timings.first_success_patience,
            outage_patience: timings.outage_patience,
            succeeded: false,
            failures: 0,
            first_failed: 0,
            several: false,
            unconnected: 0,
            since: Duration::ZERO,
        }
    }

    pub(super) fn passage(&self, now: Duration) -> Passage {
        match self.state {
            State::Closed => Passage::Open,
            State::Open { probe_at, .. } if probe_at > now => Passage::Until(probe_at),
            State::Open { .. } => Passage::Probe,
            State::Probing { .. } => Passage::AfterProbe,
            State::GivenUp => Passage::Never,
        }
    }

    /// The probe that [`Passage::Probe`] allowed goes out.
    pub(super) fn probe(&mut self) {
        if let State::Open { probes, .. } = self.state {
            self.state = State::Probing { probes };
        }
    }

    /// The API answered, well or badly. Whether that closed the breaker.
    pub(super) fn answered(&mut self) -> bool {
        if self.state == State::GivenUp {
            return false;
        }
        self.failures = 0;
        self.unconnected = 0;
        std::mem::replace(&mut self.state, State::Closed) != State::Closed
    }

    /// The API answered well: from now on it is known to be one.
    pub(super) fn succeeded(&mut self) -> bool {
        self.succeeded = true;
        self.answered()
    }

    /// Whether anything was ever answered well.
    pub(super) fn has_succeeded(&self) -> bool {
        self.succeeded
    }

    /// Whether everything waits for an answer.
    pub(super) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// The probe was dropped before it came back: the next one may go at once.
    pub(super) fn abandoned(&mut self, now: Duration) {
        if let State::Probing { probes } = self.state {
            self.state = State::Open { probe_at: now, probes };
        }
    }

    /// Request `request` got no answer. The wait that begins with it, if one does.
    pub(super) fn failed(
        &mut self,
        now: Duration,
        request: u64,
        reach: Reach,
        probe: bool,
    ) -> Option<Duration> {
        if reach == Reach::Answered {
            self.answered();
            return None;
        }
        if self.failures == 0 {
            (self.since, self.first_failed, self.several) = (now, request, false);
        }
        self.failures += 1;
        self.several |= request != self.first_failed;
        self.unconnected = if reach == Reach::Unconnected { self.unconnected + 1 } else { 0 };
        match self.state {
            State::Closed if self.opens() => self.open(now, 0),
            State::Probing { probes } if probe => {
                if now >= self.since + self.patience() {
                    self.state = State::GivenUp;
                    return None;
                }
                self.open(now, probes + 1)
            }
            _ => None,
        }
    }

    fn opens(&self) -> bool {
        self.failures >= self.threshold
            && (self.several || !self.succeeded || self.unconnected >= self.threshold)
    }

    fn patience(&self) -> Duration {
        if self.succeeded { self.outage_patience } else { self.first_success_patience }
    }

    fn open(&mut self, now: Duration, probes: usize) -> Option<Duration> {
        let wait = self.probe_waits.get(probes).or(self.probe_waits.last()).copied().unwrap_or_default();
        // The last probe goes when patience ends, not a minute later.
        let probe_at = (now + wait).min((self.since + self.patience()).max(now));
        self.state = State::Open { probe_at, probes };
        Some(probe_at.saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Timings;
    use super::*;

    fn secs(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn breaker() -> Breaker {
        Breaker::new(&Timings::default(), 5)
    }

    /// Fails the first request until the breaker opens at `now`.
    fn open(breaker: &mut Breaker, now: Duration, reach: Reach) {
        for _ in 0..5 {
            assert_eq!(breaker.passage(now), Passage::Open);
            breaker.failed(now, 1, reach, false);
        }
    }

    /// The times at which probes go when each fails at once.
    fn probes(breaker: &mut Breaker, start: Duration) -> Vec<u64> {
        let mut now = start;
        let mut times = Vec::new();
        loop {
            match breaker.passage(now) {
                Passage::Until(at) => now = at,
                Passage::Probe => {
                    breaker.probe();
                    assert_eq!(breaker.passage(now), Passage::AfterProbe);
                    times.push((now - start).as_secs());
                    breaker.failed(now, 1, Reach::Unconnected, true);
                }
                Passage::Never => return times,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn fault_14_an_outage_is_probed_for_fifteen_minutes() {
        let mut breaker = breaker();
        breaker.succeeded();
        open(&mut breaker, secs(100), Reach::Unconnected);
        let times = probes(&mut breaker, secs(100));
        assert_eq!(times[..7], [5, 15, 35, 75, 135, 195, 255]);
        assert_eq!(times.last(), Some(&900));
        assert_eq!(times.len(), 18);
    }

    #[test]
    fn fault_01_an_api_that_never_answered_is_probed_for_two_minutes() {
        let mut breaker = breaker();
        open(&mut breaker, secs(3), Reach::Unconnected);
        assert_eq!(probes(&mut breaker, secs(3)), [5, 15, 35, 75, 120]);
    }

    #[test]
    fn a_good_probe_closes_the_breaker() {
        let mut breaker = breaker();
        breaker.succeeded();
        open(&mut breaker, secs(0), Reach::Unconnected);
        breaker.probe();
        breaker.failed(secs(5), 1, Reach::Unconnected, true);
        assert_eq!(breaker.passage(secs(14)), Passage::Until(secs(15)));
        assert_eq!(breaker.passage(secs(15)), Passage::Probe);
        breaker.probe();
        assert!(breaker.succeeded());
        assert_eq!(breaker.passage(secs(15)), Passage::Open);
        // The next outage starts counting from the beginning.
        for _ in 0..4 {
            breaker.failed(secs(20), 1, Reach::Unconnected, false);
        }
        assert_eq!(breaker.passage(secs(20)), Passage::Open);
    }

    #[test]
    fn a_dropped_probe_makes_room_for_the_next() {
        let mut breaker = breaker();
        open(&mut breaker, secs(0), Reach::Unconnected);
        breaker.probe();
        breaker.abandoned(secs(6));
        assert_eq!(breaker.passage(secs(6)), Passage::Probe);
    }

    #[test]
    fn fault_19_a_poisoned_page_does_not_open_it() {
        let mut breaker = breaker();
        breaker.succeeded();
        for _ in 0..20 {
            breaker.failed(secs(1), 1, Reach::Unanswered, false);
            breaker.failed(secs(1), 1, Reach::Answered, false);
        }
        for _ in 0..20 {
            breaker.failed(secs(1), 1, Reach::Unanswered, false);
        }
        assert_eq!(breaker.passage(secs(1)), Passage::Open);
        breaker.failed(secs(1), 2, Reach::Unanswered, false);
        assert_eq!(breaker.passage(secs(1)), Passage::Until(secs(6)));
    }
}
