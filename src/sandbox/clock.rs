//! The sandbox's own clock, and how the API spells what it shows.
//!
//! Nothing here reads the machine's clock or its time zones: the same calls give the same instants on every machine.

use std::time::SystemTime;

use jiff::{SignedDuration, Timestamp};

use crate::model::time;

/// A clock that moves only when told to.
#[derive(Debug, Clone)]
pub struct Clock {
    now: Timestamp,
}

impl Clock {
    /// A clock that stands at `start`.
    pub(crate) fn new(start: Timestamp) -> Self {
        Self { now: start }
    }

    /// The instant it shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Moves it on by `seconds` (a negative number moves it back, which a real server's clock can do too).
    pub fn advance(&mut self, seconds: i64) {
        self.now = self.now.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.now);
    }

    /// The instant as Paris wall clock (`last_update`, `created`, `deleted`, `signin`, …).
    #[must_use]
    pub fn paris_text(&self) -> Box<str> {
        paris_text(self.now)
    }

    /// The Paris calendar day, in days since 1970-01-01.
    #[must_use]
    pub fn paris_day(&self) -> i32 {
        time::paris_day(self.now)
    }

    /// The instant as the `Date` header carries it.
    #[must_use]
    pub fn http_date(&self) -> String {
        http_date(self.now)
    }
}

/// An instant as Paris wall clock, `YYYY-MM-DD HH:MM:SS`.
pub(crate) fn paris_text(instant: Timestamp) -> Box<str> {
    time::paris_wall(instant, SignedDuration::ZERO).into_boxed_str()
}

/// The instant as an HTTP date.
pub(crate) fn http_date(instant: Timestamp) -> String {
    httpdate::fmt_http_date(SystemTime::from(instant))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_two_spellings() {
        let clock = Clock::new("2026-11-22T23:30:05Z".parse().unwrap());
        assert_eq!(&*clock.paris_text(), "2026-11-23 00:30:05");
        assert_eq!(clock.http_date(), "Sun, 22 Nov 2026 23:30:05 GMT");
        assert_eq!(time::date_text(clock.paris_day()), "2026-11-23");
    }
}
