//! What time it is for a run: one reading of the machine's clock, and the time that has gone by since.

use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// The clock of one run. The machine's may be set while the run goes on; this one only goes forward.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Timestamp,
    began: Instant,
}

impl Clock {
    /// A clock that shows `start` now; the machine's time where there is none.
    pub(super) fn start(start: Option<Timestamp>) -> Self {
        Self { start: start.unwrap_or_else(Timestamp::now), began: Instant::now() }
    }

    /// When the run began.
    pub(super) const fn started_at(&self) -> Timestamp {
        self.start
    }

    /// What it shows.
    pub(super) fn now(&self) -> Timestamp {
        let gone_by = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::ZERO);
        self.start.saturating_add(gone_by).unwrap_or(self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_the_start_and_goes_on_from_there() {
        let start: Timestamp = "2024-02-29T02:00:00Z".parse().unwrap();
        let clock = Clock::start(Some(start));
        let (first, second) = (clock.now(), clock.now());
        assert!(clock.started_at() == start && start <= first && first <= second);
        assert!(first.duration_since(start) < SignedDuration::from_hours(1));
    }
}
