//! Numbers, sizes and times as people read them. Whole numbers throughout: nothing here is computed with.

use std::time::Duration;

/// `1,234,567`
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 user`, `2 users`
pub(crate) fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// `812 B`, `12.3 kB`, `4.0 MB` (powers of ten)
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if number < 1_000 {
        return format!("{number} B");
    }
    // In tenths, rounded down: a size is never said to be more than it is.
    let mut tenths = number / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1_000;
        unit += 1;
    }
    if tenths >= 1_000 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// `0.8 s`, `42 s`, `3 min 05 s`, `2 h 10 min`, `3 days 4 h`
pub(crate) fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    match seconds {
        0..10 => format!("{seconds}.{} s", length.subsec_millis() / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..172_800 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} days {} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

/// `2026-11-22 02:00:03 UTC`
pub(crate) fn instant(instant: jiff::Timestamp) -> String {
    instant.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The time from `earlier` to `later`; none when the clocks disagree.
pub(crate) fn between(earlier: jiff::Timestamp, later: jiff::Timestamp) -> Duration {
    Duration::try_from(later.duration_since(earlier)).unwrap_or_default()
}

/// Text of the API (a bank's name, a state) made harmless for a terminal: no control characters, at most `limit` long.
pub(crate) fn tame(text: &str, limit: usize) -> String {
    let mut tamed: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit + 1).collect();
    if tamed.chars().count() > limit {
        tamed = tamed.chars().take(limit.saturating_sub(1)).collect();
        tamed.push('…');
    }
    tamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well_at_the_edges() {
        assert_eq!(
            ["0", "999", "1,000", "1,234,567"],
            [0, 999, 1_000, 1_234_567].map(count).each_ref().map(|s| s.as_str())
        );
        let sizes = [0, 999, 1_000, 99_949, 100_000, 999_999, 1_000_000, 4_050_000_000, u64::MAX].map(bytes);
        assert_eq!(
            sizes.each_ref().map(|s| s.as_str()),
            ["0 B", "999 B", "1.0 kB", "99.9 kB", "100 kB", "999 kB", "1.0 MB", "4.0 GB", "18446 PB"]
        );
        let spans =
            [812, 9_999, 10_000, 185_000, 7_800_000, 273_600_000].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(
            spans.each_ref().map(|s| s.as_str()),
            ["0.8 s", "9.9 s", "10 s", "3 min 05 s", "2 h 10 min", "3 days 4 h"]
        );
    }

    #[test]
    fn a_terminal_is_never_driven_by_the_banks_text() {
        assert_eq!(tame("Cr\u{1b}[31médit\n", 20), "Cr [31médit ");
        assert_eq!(tame("abcdef", 4), "abc…");
        assert_eq!(tame("abcd", 4), "abcd");
    }
}
