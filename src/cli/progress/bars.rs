//! Bars, on a terminal: users and the time left on one line, sums on the next.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use powens_export::export::Event;

use super::tally::Tally;
use crate::cli::human;

const WORKING: &str = "{spinner} {prefix:12} {elapsed:>5}  {msg}";
const COUNTING: &str = "{spinner} {prefix:12} {elapsed:>5}  [{bar:30}] {human_pos}/{human_len} users{msg}";

/// One bar of two lines.
#[derive(Clone, Debug)]
pub(crate) struct Bars {
    bar: ProgressBar,
    tally: Arc<Mutex<Tally>>,
}

impl Bars {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        bar.set_style(style(WORKING));
        bar.set_prefix("starting");
        bar.enable_steady_tick(Duration::from_millis(125));
        Self { bar, tally: Arc::new(Mutex::new(Tally::new(Instant::now()))) }
    }

    /// Runs `write` with the bars out of the way.
    pub(crate) fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    pub(super) fn see(&self, event: &Event) {
        let now = Instant::now();
        let mut tally = self.tally();
        tally.take(event, now);
        match event {
            Event::Planned { users, .. } => {
                self.bar.set_length(*users);
                self.bar.set_style(style(COUNTING));
            }
            Event::UserDone { .. } => self.bar.set_position(tally.users_done),
            Event::Progress(_) => {}
            Event::Phase(phase) => {
                self.bar.set_prefix(phase.to_string());
                if tally.users_done >= tally.users {
                    self.bar.set_style(style(WORKING));
                }
            }
            Event::Notice(notice) => self.bar.println(notice),
        }
        let left = tally.left(now).map_or_else(String::new, |left| format!(", {} left", human::span(left)));
        let failed = match tally.users_failed {
            0 => String::new(),
            failed => format!(", {} failed", human::count(failed)),
        };
        let separator = if tally.users_done < tally.users { "\n  " } else { "" };
        self.bar.set_message(format!("{failed}{left}{separator}{}", tally.sums()));
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_templates() {
        assert!(ProgressStyle::with_template(WORKING).is_ok());
        assert!(ProgressStyle::with_template(COUNTING).is_ok());
    }
}
