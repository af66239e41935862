//! The sandbox's own clock, and the two zones the API speaks.
//!
//! Nothing here reads the machine's clock or its time zones: the same calls give the same instants on every machine.

use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::time::{self, paris};

/// A clock that moves only when told to.
#[derive(Debug, Clone)]
pub struct Clock {
    now: Timestamp,
}

impl Clock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
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

    /// Sets it.
    pub fn set(&mut self, now: Timestamp) {
        self.now = now;
    }

    /// The instant as a naive UTC datetime (`datetime`, `vdatetime`, `rdatetime`).
    #[must_use]
    pub fn utc_text(&self) -> Box<str> {
        naive(&TimeZone::UTC, self.now)
    }

    /// The instant as Paris wall clock (`last_update`, `created`, `deleted`, `signin`, …).
    #[must_use]
    pub fn paris_text(&self) -> Box<str> {
        paris_text(self.now)
    }

    /// The Paris calendar day, in days since 1970-01-01.
    #[must_use]
    pub fn paris_day(&self) -> i32 {
        paris_day(self.now)
    }

    /// The instant as the `Date` header carries it.
    #[must_use]
    pub fn http_date(&self) -> String {
        http_date(self.now)
    }
}

/// An instant as Paris wall clock, `YYYY-MM-DD HH:MM:SS`.
pub(crate) fn paris_text(instant: Timestamp) -> Box<str> {
    naive(paris(), instant)
}

/// The Paris calendar day of an instant, in days since 1970-01-01.
pub(crate) fn paris_day(instant: Timestamp) -> i32 {
    time::paris_day(instant)
}

/// The instant as an HTTP date.
pub(crate) fn http_date(instant: Timestamp) -> String {
    httpdate::fmt_http_date(SystemTime::from(instant))
}

fn naive(zone: &TimeZone, instant: Timestamp) -> Box<str> {
    let wall = zone.to_datetime(instant);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        wall.year(),
        wall.month(),
        wall.day(),
        wall.hour(),
        wall.minute(),
        wall.second()
    )
    .into_boxed_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_in_three_spellings() {
        let clock = Clock::new("2026-11-22T23:30:05Z".parse().unwrap());
        assert_eq!(&*clock.utc_text(), "2026-11-22 23:30:05");
        assert_eq!(&*clock.paris_text(), "2026-11-23 00:30:05");
        assert_eq!(clock.http_date(), "Sun, 22 Nov 2026 23:30:05 GMT");
        assert_eq!(time::date_text(clock.paris_day()), "2026-11-23");
    }
}
