//! Dates, naive datetimes, Europe/Paris.
//!
//! A date is a number of days since 1970-01-01 and never becomes an instant. A naive datetime is a number of
//! microseconds since 1970-01-01 00:00:00 on whatever clock the API meant; [`ParisClock`] reads it as Paris wall
//! clock: the autumn fold is its first occurrence, the spring gap uses the offset before it.

use std::sync::LazyLock;

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The zone that naive datetimes of the API are read in.
pub const ASSUMED_ZONE: &str = "Europe/Paris";

/// Europe/Paris from the time zone data inside the program, so that no machine's own data changes a byte.
static PARIS: LazyLock<TimeZone> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the zone is part of the data compiled in; a test reads it")]
    TimeZoneDatabase::bundled().get(ASSUMED_ZONE).expect("Europe/Paris is bundled")
});

/// Europe/Paris.
#[must_use]
pub fn paris() -> &'static TimeZone {
    &PARIS
}

/// A datetime as the API wrote it: the wall clock's digits, and the offset if the text names one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenDatetime {
    /// Microseconds since 1970-01-01 00:00:00 on the clock that was read.
    pub micros: i64,
    /// Seconds east of UTC, when the text says so.
    pub offset: Option<i32>,
}

/// Days since 1970-01-01 of `YYYY-MM-DD`; a midnight after it is tolerated (`2037-01-01 00:00:00` was seen).
/// `None` for anything else, `0000-00-00` and 30 February included.
#[must_use]
pub fn parse_date(text: &[u8]) -> Option<i32> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = days_of_text(date)?;
    match rest {
        b"" | b" 00:00:00" | b"T00:00:00" | b"T00:00:00Z" => Some(days),
        _ => None,
    }
}

/// Reads `YYYY-MM-DD HH:MM:SS`, with `T`, a fraction of up to six digits and an offset (`Z`, `+02:00`, ` +0200`)
/// tolerated. `None` for anything else.
#[must_use]
pub fn parse_datetime(text: &[u8]) -> Option<WrittenDatetime> {
    let (date, rest) = text.split_at_checked(10)?;
    let days = i64::from(days_of_text(date)?);
    let (clock, rest) = rest.split_at_checked(9)?;
    let [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2] = *clock else { return None };
    let (hours, minutes, seconds) = (two_digits(h1, h2)?, two_digits(m1, m2)?, two_digits(s1, s2)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let (fraction, rest) = parse_fraction(rest)?;
    let offset = parse_offset(rest)?;
    let clock_micros = (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + fraction;
    Some(WrittenDatetime { micros: days * MICROS_PER_DAY + clock_micros, offset })
}

fn two_digits(a: u8, b: u8) -> Option<i64> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| i64::from(a - b'0') * 10 + i64::from(b - b'0'))
}

fn days_of_text(text: &[u8]) -> Option<i32> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text else { return None };
    let year = two_digits(y1, y2)? * 100 + two_digits(y3, y4)?;
    let (month, day) = (two_digits(m1, m2)?, two_digits(d1, d2)?);
    if year == 0 || day == 0 || day > days_of_month(year, month)? {
        return None;
    }
    // Counted from 1 March of year 0, so that a leap day ends its year; the Gregorian calendar repeats every 400 years.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let days = 365 * year + year / 4 - year / 100 + year / 400 + day_of_year;
    i32::try_from(days - DAYS_TO_1970).ok()
}

/// From 1 March of year 0 to 1 January 1970.
const DAYS_TO_1970: i64 = 719_468;

fn days_of_month(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    Some(match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return None,
    })
}

/// Microseconds of an optional fraction, and what follows it.
fn parse_fraction(text: &[u8]) -> Option<(i64, &[u8])> {
    let [b'.', rest @ ..] = text else { return Some((0, text)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 || rest[..digits].iter().skip(6).any(|digit| *digit != b'0') {
        return None;
    }
    let micros =
        (0..6).fold(0, |sum, at| sum * 10 + rest[..digits].get(at).map_or(0, |d| i64::from(d - b'0')));
    Some((micros, &rest[digits..]))
}

/// `Some(None)` when the text names no offset, `None` when it is no offset at all.
fn parse_offset(text: &[u8]) -> Option<Option<i32>> {
    let text = text.strip_prefix(b" ").unwrap_or(text);
    let (sign, digits) = match text {
        b"" => return Some(None),
        b"Z" => return Some(Some(0)),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match *digits {
        [h1, h2] => (two_digits(h1, h2)?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (two_digits(h1, h2)?, two_digits(m1, m2)?),
        _ => return None,
    };
    if hours > 23 || minutes > 59 {
        return None;
    }
    i32::try_from(sign * (hours * 3600 + minutes * 60)).ok().map(Some)
}

/// Reads Paris wall clock as UTC. Remembers the stretch of the year between two clock changes that it used last,
/// since a page's datetimes lie close together.
#[derive(Clone, Debug, Default)]
pub struct ParisClock {
    /// Naive microseconds `[from, to)` in which the offset below holds without doubt.
    known: Option<(i64, i64, i64)>,
}

impl ParisClock {
    /// Microseconds since the Unix epoch of a Paris wall clock reading. `None` beyond what a timestamp can hold.
    pub fn utc_of(&mut self, naive: i64) -> Option<i64> {
        if let Some((from, to, offset)) = self.known
            && (from..to).contains(&naive)
        {
            return Some(naive - offset);
        }
        let datetime = datetime_of(naive)?;
        // jiff's "compatible" is the rule above: earlier in a fold, the offset before in a gap.
        let instant = PARIS.to_ambiguous_timestamp(datetime).compatible().ok()?;
        self.known = stretch_around(instant);
        Some(instant.as_microsecond())
    }
}

/// The naive interval around `instant` in which Paris wall clock is neither ambiguous nor skipped.
fn stretch_around(instant: Timestamp) -> Option<(i64, i64, i64)> {
    let offset_at = |at: Timestamp| i64::from(PARIS.to_offset(at).seconds()) * 1_000_000;
    let offset = offset_at(instant);
    // A day away from each change nothing is in doubt.
    let margin = MICROS_PER_DAY;
    let from = PARIS.preceding(instant).next()?.timestamp().as_microsecond() + offset + margin;
    let to = PARIS.following(instant).next()?.timestamp().as_microsecond() + offset - margin;
    let naive = instant.as_microsecond() + offset;
    (from..to).contains(&naive).then_some((from, to, offset))
}

fn datetime_of(naive_micros: i64) -> Option<DateTime> {
    let seconds = naive_micros.div_euclid(1_000_000);
    let nanos = i32::try_from(naive_micros.rem_euclid(1_000_000) * 1000).ok()?;
    DateTime::constant(1970, 1, 1, 0, 0, 0, 0).checked_add(SignedDuration::new(seconds, nanos)).ok()
}

/// Days since 1970-01-01.
#[must_use]
pub fn days_of(date: Date) -> i32 {
    // Every jiff date lies within ± 10,000 years: the difference fits.
    (date - Date::constant(1970, 1, 1)).get_days()
}

/// The day of a naive datetime, or of an instant in UTC (microseconds since 1970-01-01 00:00:00), as days since
/// 1970-01-01.
#[must_use]
pub fn day_of(micros: i64) -> i32 {
    // The days of 2^63 microseconds are some hundred million: they fit.
    i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX)
}

/// The date that many days after 1970-01-01, within the years that a date column can show (−9999 to 9999).
#[must_use]
pub fn date_of(days: i32) -> Option<Date> {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// The day in Paris at that instant, as days since 1970-01-01.
#[must_use]
pub fn paris_day(instant: Timestamp) -> i32 {
    days_of(instant.to_zoned(PARIS.clone()).date())
}

/// The Paris wall clock at that instant, moved back by `margin` as naive time, in the API's form
/// `YYYY-MM-DD HH:MM:SS` (for `last_update=`).
#[must_use]
pub fn paris_wall(instant: Timestamp, margin: SignedDuration) -> String {
    let wall = instant.to_zoned(PARIS.clone()).datetime();
    wall.saturating_sub(margin).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// The day's text, `2026-11-22`.
#[must_use]
pub fn date_text(days: i32) -> String {
    date_of(days).map_or_else(|| format!("day {days}"), |date| date.to_string())
}

/// A naive datetime's text, `2026-11-22 02:00:00`, with a fraction only where there is one.
#[must_use]
pub fn datetime_text(naive_micros: i64) -> String {
    let Some(datetime) = datetime_of(naive_micros) else { return format!("{naive_micros} µs") };
    let mut text = datetime.strftime("%Y-%m-%d %H:%M:%S").to_string();
    push_fraction(&mut text, naive_micros);
    text
}

/// An instant's text, RFC 3339 in UTC: `2026-11-22T02:00:00Z`, with a fraction only where there is one.
#[must_use]
pub fn instant_text(utc_micros: i64) -> String {
    let Some(datetime) = datetime_of(utc_micros) else { return format!("{utc_micros} µs") };
    let mut text = datetime.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    push_fraction(&mut text, utc_micros);
    text.push('Z');
    text
}

/// A timestamp's text, RFC 3339 in UTC, in whole seconds.
#[must_use]
pub fn rfc3339(instant: Timestamp) -> String {
    instant_text(instant.as_second() * 1_000_000)
}

/// The run id that a start time gives: `20261122T020000Z`.
#[must_use]
pub fn run_id_of(start: Timestamp) -> String {
    start.strftime("%Y%m%dT%H%M%SZ").to_string()
}

fn push_fraction(text: &mut String, micros: i64) {
    let fraction = micros.rem_euclid(1_000_000);
    if fraction != 0 {
        let digits = format!("{fraction:06}");
        text.push('.');
        text.push_str(digits.trim_end_matches('0'));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utc(text: &str) -> Option<String> {
        let written = parse_datetime(text.as_bytes())?;
        ParisClock::default().utc_of(written.micros).map(instant_text)
    }

    #[test]
    fn dates() {
        assert_eq!(parse_date(b"1970-01-02"), Some(1));
        assert_eq!(parse_date(b"2037-01-01 00:00:00"), parse_date(b"2037-01-01"));
        assert_eq!(parse_date(b"9999-12-31").map(date_text).as_deref(), Some("9999-12-31"));
        for bad in
            ["", "0000-00-00", "2025-02-30", "2025-2-3", "10000-01-01", "2025-01-01 00:00:01", "20250101xx"]
        {
            assert_eq!(parse_date(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn datetimes_and_offsets() {
        let micros = |text: &str| parse_datetime(text.as_bytes());
        assert_eq!(micros("1970-01-01 00:00:01"), Some(WrittenDatetime { micros: 1_000_000, offset: None }));
        assert_eq!(
            micros("1970-01-01T00:00:00.5Z"),
            Some(WrittenDatetime { micros: 500_000, offset: Some(0) })
        );
        assert_eq!(micros("1970-01-01 00:00:00+02:00").and_then(|d| d.offset), Some(7200));
        assert_eq!(micros("1970-01-01 00:00:00 -0130").and_then(|d| d.offset), Some(-5400));
        for bad in [
            "1970-01-01",
            "1970-01-01 24:00:00",
            "1970-01-01 00:00:60",
            "1970-01-01 00:00:00.1234567",
            "1970-01-01 00:00:00 CET",
        ] {
            assert_eq!(micros(bad), None, "{bad}");
        }
    }

    #[test]
    fn paris_gap_and_fold() {
        assert_eq!(utc("2026-01-15 12:00:00").as_deref(), Some("2026-01-15T11:00:00Z"));
        assert_eq!(utc("2026-07-15 12:00:00").as_deref(), Some("2026-07-15T10:00:00Z"));
        // 29 March: 02:30 does not exist, the offset before the gap (+01:00) is used.
        assert_eq!(utc("2026-03-29 02:30:00").as_deref(), Some("2026-03-29T01:30:00Z"));
        // 25 October: 02:30 comes twice, the first occurrence (+02:00) is meant.
        assert_eq!(utc("2026-10-25 02:30:00").as_deref(), Some("2026-10-25T00:30:00Z"));
        assert_eq!(utc("2026-10-25 03:00:00").as_deref(), Some("2026-10-25T02:00:00Z"));
    }

    #[test]
    fn wall_clock_and_days() {
        let instant: Timestamp = "2026-11-22T23:30:00Z".parse().unwrap();
        assert_eq!(date_text(paris_day(instant)), "2026-11-23");
        assert_eq!(date_text(day_of(instant.as_microsecond())), "2026-11-22");
        assert_eq!((day_of(-1), day_of(i64::MAX)), (-1, 106_751_991));
        assert_eq!(paris_wall(instant, SignedDuration::from_hours(28)), "2026-11-21 20:30:00");
        assert_eq!(run_id_of(instant), "20261122T233000Z");
        assert_eq!(rfc3339(instant), "2026-11-22T23:30:00Z");
    }

    proptest! {
        #[test]
        fn remembering_the_season_changes_nothing(first in 0_i64..4_000_000_000, second in 0_i64..4_000_000_000) {
            let mut clock = ParisClock::default();
            clock.utc_of(first * 1_000_000);
            prop_assert_eq!(clock.utc_of(second * 1_000_000), ParisClock::default().utc_of(second * 1_000_000));
        }

        #[test]
        fn a_date_is_one_of_the_calendar(year in 0_i16..3_000, month in 0_i8..14, day in 0_i8..33) {
            let text = format!("{year:04}-{month:02}-{day:02}");
            let known = Date::new(year, month, day).ok().filter(|_| year > 0).map(days_of);
            prop_assert_eq!(parse_date(text.as_bytes()), known);
        }

        #[test]
        fn a_date_s_text_leads_back(days in -700_000_i32..2_900_000) {
            prop_assert_eq!(parse_date(date_text(days).as_bytes()), Some(days));
        }
    }
}
