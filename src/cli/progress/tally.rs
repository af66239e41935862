//! What the events have said so far.

use std::time::{Duration, Instant};

use powens_export::export::{Event, Phase};
use powens_export::model::UnitOutcome;

use crate::cli::human;

/// Sums of a run under way.
#[derive(Debug)]
pub(super) struct Tally {
    started: Instant,
    pub(super) phase: Option<Phase>,
    pub(super) users: u64,
    pub(super) users_done: u64,
    pub(super) users_failed: u64,
    pub(super) requests: u64,
    pub(super) rows: u64,
    pub(super) bytes: u64,
    /// Requests per minute, lately.
    pub(super) requests_per_minute: u64,
}

impl Tally {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            started: now,
            phase: None,
            users: 0,
            users_done: 0,
            users_failed: 0,
            requests: 0,
            rows: 0,
            bytes: 0,
            requests_per_minute: 0,
        }
    }

    /// Takes an event in.
    pub(super) fn take(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Planned { users, .. } => {
                self.users = *users;
                self.started = now;
            }
            Event::UserDone { outcome, .. } => {
                self.users_done += 1;
                if matches!(outcome, UnitOutcome::Carried | UnitOutcome::Failed) {
                    self.users_failed += 1;
                }
            }
            Event::Progress(progress) => {
                self.requests = progress.requests;
                self.rows = progress.rows;
                self.bytes = progress.bytes;
                self.requests_per_minute = progress.requests_per_minute;
            }
            Event::Phase(phase) => self.phase = Some(*phase),
            Event::Notice(_) => {}
        }
    }

    /// How long the rest of the users takes if it goes on like this; unknown before the first is done.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let rest = self.users.checked_sub(self.users_done).filter(|rest| *rest > 0)?;
        let elapsed = now.duration_since(self.started);
        let done = u32::try_from(self.users_done).ok().filter(|done| *done > 0)?;
        elapsed.checked_mul(u32::try_from(rest).ok()?).map(|total| total / done)
    }

    /// `1,012 requests, 54,321 rows, 12.3 MB, 9.5 requests/s`
    pub(super) fn sums(&self) -> String {
        let per_second = self.requests_per_minute / 6;
        format!(
            "{}, {}, {}, {}.{} requests/s",
            human::counted(self.requests, "request", "requests"),
            human::counted(self.rows, "row", "rows"),
            human::bytes(self.bytes),
            per_second / 10,
            per_second % 10,
        )
    }
}

#[cfg(test)]
mod tests {
    use powens_export::model::UserId;

    use super::*;

    #[test]
    fn the_time_left_follows_from_the_users_done() {
        let start = Instant::now();
        let mut tally = Tally::new(start);
        tally.take(&Event::Planned { users: 4, requests_estimate: Some(20) }, start);
        assert_eq!(tally.left(start), None);
        let user = UserId::new(1).unwrap();
        tally.take(&Event::UserDone { user, outcome: UnitOutcome::Complete }, start);
        assert_eq!(tally.left(start + Duration::from_secs(2)), Some(Duration::from_secs(6)));
        tally.take(&Event::UserDone { user, outcome: UnitOutcome::Failed }, start);
        assert_eq!((tally.users_done, tally.users_failed), (2, 1));
    }
}
