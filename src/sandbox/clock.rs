//! The sandbox's own clock, and the two zones the API speaks.
//!
//! Nothing here reads the machine's clock: the same calls give the same instants on every machine.

use std::sync::LazyLock;
use std::time::SystemTime;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

static PARIS: LazyLock<TimeZone> = LazyLock::new(|| TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC));

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
    naive(&PARIS, instant)
}

/// The Paris calendar day of an instant, in days since 1970-01-01.
pub(crate) fn paris_day(instant: Timestamp) -> i32 {
    let date = PARIS.to_datetime(instant).date();
    days_of(i32::from(date.year()), u8_of(date.month()), u8_of(date.day()))
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

fn u8_of(part: i8) -> u8 {
    u8::try_from(part).unwrap_or(1)
}

/// Days since 1970-01-01 of a proleptic Gregorian date.
pub(crate) fn days_of(year: i32, month: u8, day: u8) -> i32 {
    let (month, day) = (i32::from(month), i32::from(day));
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub(crate) fn date_of(days: i32) -> (i32, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i32::from(month <= 2);
    (year, u8::try_from(month).unwrap_or(1), u8::try_from(day).unwrap_or(1))
}

/// `YYYY-MM-DD`.
pub(crate) fn day_text(days: i32) -> Box<str> {
    let (year, month, day) = date_of(days);
    let Some(year) = u16::try_from(year).ok().filter(|year| *year < 10_000) else {
        return format!("{year:04}-{month:02}-{day:02}").into_boxed_str();
    };
    // Several a row, millions of rows: without the formatting machinery.
    let mut text = String::with_capacity(10);
    for (number, unit) in [(year, 1_000), (u16::from(month), 10), (u16::from(day), 10)] {
        if !text.is_empty() {
            text.push('-');
        }
        let mut unit: u16 = unit;
        while unit > 0 {
            text.push(char::from(b'0' + u8::try_from(number / unit % 10).unwrap_or(0)));
            unit /= 10;
        }
    }
    text.into_boxed_str()
}

/// The length of a month.
pub(crate) fn month_length(year: i32, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Reads `YYYY-MM-DD`; anything that is not a day of the calendar is `None`.
pub(crate) fn parse_day(text: &str) -> Option<i32> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year: i32 = digits(&text[..4])?;
    let month = u8::try_from(digits(&text[5..7])?).ok()?;
    let day = u8::try_from(digits(&text[8..])?).ok()?;
    let valid = year >= 1 && (1..=12).contains(&month) && day >= 1 && day <= month_length(year, month);
    valid.then(|| days_of(year, month, day))
}

/// Reads a text that must consist of ASCII digits only.
pub(crate) fn digits(text: &str) -> Option<i32> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_are_inverse() {
        for days in (-800_000..3_000_000).step_by(37) {
            let (year, month, day) = date_of(days);
            assert_eq!(days_of(year, month, day), days);
        }
        assert_eq!(&*day_text(0), "1970-01-01");
        assert_eq!((&*day_text(-719_162), &*day_text(2_932_897)), ("0001-01-01", "10000-01-01"));
        assert_eq!(parse_day("2024-02-29"), Some(19_782));
        for wrong in ["2023-02-29", "0000-00-00", "2024-13-01", "2024-1-01", "", "20240101", "2024-02-3x"] {
            assert_eq!(parse_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn one_instant_in_three_spellings() {
        let clock = Clock::new("2026-11-22T23:30:05Z".parse().unwrap());
        assert_eq!(&*clock.utc_text(), "2026-11-22 23:30:05");
        assert_eq!(&*clock.paris_text(), "2026-11-23 00:30:05");
        assert_eq!(clock.http_date(), "Sun, 22 Nov 2026 23:30:05 GMT");
        assert_eq!(&*day_text(clock.paris_day()), "2026-11-23");
    }
}
