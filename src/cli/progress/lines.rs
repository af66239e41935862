//! Progress as log lines, for cron and pipes: one every few seconds, and one for each phase.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use powens_export::export::Event;

use super::tally::Tally;

/// Often enough to see that it moves, rarely enough that a night's log stays readable.
const EVERY: Duration = Duration::from_secs(5);

/// Writes log lines.
#[derive(Debug)]
pub(crate) struct Lines(Mutex<State>);

#[derive(Debug)]
struct State {
    tally: Tally,
    last_line: Instant,
}

impl Lines {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self(Mutex::new(State { tally: Tally::new(now), last_line: now }))
    }

    pub(super) fn see(&self, event: &Event) {
        let now = Instant::now();
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.tally.take(event, now);
        match event {
            Event::Planned { users, requests_estimate } => {
                tracing::info!(users, requests = requests_estimate, "planned");
            }
            Event::Phase(phase) => tracing::info!("{phase}"),
            Event::Notice(notice) => tracing::warn!("{notice}"),
            Event::UserDone { .. } | Event::Progress(_) => {
                if now.duration_since(state.last_line) >= EVERY {
                    state.last_line = now;
                    let tally = &state.tally;
                    tracing::info!(
                        users = tally.users,
                        failed = tally.users_failed,
                        requests = tally.requests,
                        rows = tally.rows,
                        bytes = tally.bytes,
                        requests_per_minute = tally.requests_per_minute,
                        left_seconds = tally.left(now).map(|left| left.as_secs()),
                        "{} users done",
                        tally.users_done,
                    );
                }
            }
        }
    }
}
