//! Days and their texts. The sandbox has its own road between them, so that it agrees with the program that is tested
//! only when both are right.

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
}
