//! The text of a value in a CSV file, as a dialect spells it.

use super::CsvMarks;
use super::guard::{GUARD, SPREADSHEET_DIGITS, needs_guard};
use super::profile::{DateForm, Dialect};
use crate::model::{time, write_decimal};

impl Dialect {
    /// A day's text (days since 1970-01-01).
    #[must_use]
    pub fn date_text(&self, days: i32) -> String {
        date_text(days, self)
    }
}

/// The day's text.
pub(super) fn date_text(days: i32, dialect: &Dialect) -> String {
    let iso = time::date_text(days);
    let Some((year, month, day)) = parts(&iso) else { return iso };
    match dialect.dates {
        DateForm::Iso => iso,
        DateForm::DayFirst(separator) => {
            let separator = char::from(separator);
            format!("{day}{separator}{month}{separator}{year}")
        }
        DateForm::MonthFirst => format!("{month}/{day}/{year}"),
    }
}

/// Year, month and day of `2026-11-22`.
fn parts(iso: &str) -> Option<(&str, &str, &str)> {
    let (rest, day) = iso.rsplit_once('-')?;
    let (year, month) = rest.rsplit_once('-')?;
    Some((year, month, day))
}

/// The text of a naive datetime.
pub(super) fn datetime_text(micros: i64, dialect: &Dialect) -> String {
    let iso = time::datetime_text(micros);
    if dialect.dates == DateForm::Iso {
        return iso;
    }
    let Some((_, clock)) = iso.split_once(' ') else { return iso };
    let clock = clock.replace('.', char::from(dialect.decimal_mark).encode_utf8(&mut [0; 4]));
    format!("{} {clock}", date_text(time::day_of(micros), dialect))
}

/// The text of an instant; in the dialects of spreadsheets, which know no zones, its UTC clock.
pub(super) fn instant_text(micros: i64, dialect: &Dialect) -> String {
    match dialect.dates {
        DateForm::Iso => time::instant_text(micros),
        _ => datetime_text(micros, dialect),
    }
}

/// Appends an amount: never guarded, however it begins.
pub(super) fn push_amount(out: &mut String, unscaled: i128, scale: u8, dialect: &Dialect) {
    let start = out.len();
    write_decimal(out, unscaled, scale);
    if dialect.decimal_mark != b'.'
        && let Some(at) = out[start..].find('.')
    {
        out.replace_range(start + at..=start + at, char::from(dialect.decimal_mark).encode_utf8(&mut [0; 4]));
    }
}

/// Appends a whole number; where a spreadsheet would lose its last digits, guarded.
pub(super) fn push_number(out: &mut String, value: i64, dialect: &Dialect, marks: &mut CsvMarks) {
    if dialect.guard && value.unsigned_abs() >= 10_u64.pow(SPREADSHEET_DIGITS) {
        out.push(GUARD);
        marks.guarded += 1;
    }
    push_integer(out, value);
}

fn push_integer(out: &mut String, value: i64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// Appends a text, guarded where the dialect says so, and quoted where RFC 4180 asks for it, where another dialect's
/// delimiter stands in it, and when it is empty: an empty field without quotes is null.
pub(super) fn push_field(out: &mut String, text: &str, dialect: &Dialect, marks: &mut CsvMarks) {
    let guarded = dialect.guard && needs_guard(text);
    marks.guarded += u64::from(guarded);
    let special = |byte: u8| {
        byte == dialect.delimiter
            || matches!(byte, b'"' | b'\n' | b'\r' | 0)
            || (dialect.guard && matches!(byte, b',' | b';' | b'\t' | b'|'))
    };
    if !text.is_empty() && !text.bytes().any(special) {
        if guarded {
            out.push(GUARD);
        }
        out.push_str(text);
        return;
    }
    out.push('"');
    if guarded {
        out.push(GUARD);
    }
    for character in text.chars() {
        match character {
            '"' => out.push_str("\"\""),
            '\0' => {
                marks.replaced_nuls += 1;
                out.push(char::REPLACEMENT_CHARACTER);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::CsvProfile;

    fn field(text: &str, profile: CsvProfile) -> (String, CsvMarks) {
        let (mut out, mut marks) = (String::new(), CsvMarks::default());
        push_field(&mut out, text, profile.dialect(), &mut marks);
        (out, marks)
    }

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let text = |of: &str| {
            let (out, marks) = field(of, CsvProfile::Iso);
            assert_eq!(marks.guarded, 0);
            (out, marks.replaced_nuls)
        };
        assert_eq!(text("plain = +text"), ("plain = +text".to_owned(), 0));
        assert_eq!(text("=1+1"), ("=1+1".to_owned(), 0));
        assert_eq!(text(""), ("\"\"".to_owned(), 0));
        assert_eq!(text("a,b"), ("\"a,b\"".to_owned(), 0));
        assert_eq!(text("a;b"), ("a;b".to_owned(), 0));
        assert_eq!(text("say \"hi\"\r\n"), ("\"say \"\"hi\"\"\r\n\"".to_owned(), 0));
        assert_eq!(text("a\0b"), ("\"a\u{FFFD}b\"".to_owned(), 1));
    }

    #[test]
    fn spreadsheets_get_guarded_texts_and_bare_amounts() {
        for (of, expected, guarded) in [
            ("CB PARIS", "CB PARIS", 0),
            ("-12,50", "\"'-12,50\"", 1),
            ("=1+1", "'=1+1", 1),
            ("'tis", "''tis", 1),
            ("a,b", "\"a,b\"", 0),
            ("\t=1", "\"'\t=1\"", 1),
        ] {
            let (out, marks) = field(of, CsvProfile::Fr);
            assert_eq!((&*out, marks.guarded), (expected, guarded));
        }
        let amount = |profile: CsvProfile| {
            let mut out = "x".to_owned();
            push_amount(&mut out, -1_250_000_000, 8, profile.dialect());
            out
        };
        assert_eq!(
            (amount(CsvProfile::Fr), amount(CsvProfile::Uk)),
            ("x-12,50".to_owned(), "x-12.50".to_owned())
        );
    }

    #[test]
    fn days_and_clocks_in_each_form() {
        let micros = time::parse_datetime(b"2026-11-22 02:00:00.5").unwrap().micros;
        let texts = |profile: CsvProfile| {
            let dialect = profile.dialect();
            (date_text(1, dialect), datetime_text(micros, dialect), instant_text(micros, dialect))
        };
        let own = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(
            texts(CsvProfile::Iso),
            own("1970-01-02", "2026-11-22 02:00:00.5", "2026-11-22T02:00:00.5Z")
        );
        assert_eq!(
            texts(CsvProfile::Fr),
            own("02/01/1970", "22/11/2026 02:00:00,5", "22/11/2026 02:00:00,5")
        );
        assert_eq!(texts(CsvProfile::De).0, "02.01.1970");
        assert_eq!(
            texts(CsvProfile::Us),
            own("01/02/1970", "11/22/2026 02:00:00.5", "11/22/2026 02:00:00.5")
        );
    }

    #[test]
    fn integers_at_their_ends() {
        let number = |value: i64, profile: CsvProfile| {
            let mut out = String::new();
            push_number(&mut out, value, profile.dialect(), &mut CsvMarks::default());
            out
        };
        for value in [0, 7, -1, i64::MIN, i64::MAX] {
            assert_eq!(number(value, CsvProfile::Iso), value.to_string());
        }
        assert_eq!(number(999_999_999_999_999, CsvProfile::Uk), "999999999999999");
        assert_eq!(number(1_000_000_000_000_000, CsvProfile::Uk), "'1000000000000000");
    }
}
