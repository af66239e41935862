//! The text of each cell of a CSV file, in the profile's dialect.

use std::path::Path;

use arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType};

use super::guard::{GUARD, SPREADSHEET_DIGITS, needs_guard};
use super::profile::{DateForm, Dialect};
use super::{CsvMarks, EncodeError};
use crate::model::{time, write_decimal};

/// A column of a batch, ready to be written cell by cell.
pub(super) enum TextColumn<'a> {
    Integer(&'a Int64Array),
    Decimal(&'a Decimal128Array, u8),
    Boolean(&'a BooleanArray),
    Date(&'a Date32Array, Remembered<i32>),
    Datetime(&'a TimestampMicrosecondArray, Remembered<i64>),
    Instant(&'a TimestampMicrosecondArray, Remembered<i64>),
    Text(&'a StringArray),
}

/// The value written last and its text: rows are sorted by date, so the same one comes again and again.
#[derive(Default)]
pub(super) struct Remembered<T> {
    last: Option<T>,
    text: String,
}

impl<T: Copy + PartialEq> Remembered<T> {
    fn text(&mut self, value: T, make: impl FnOnce(T) -> String) -> &str {
        if self.last != Some(value) {
            self.text = make(value);
            self.last = Some(value);
        }
        &self.text
    }
}

impl<'a> TextColumn<'a> {
    /// The columns of a batch.
    pub(super) fn all(batch: &'a RecordBatch, path: &Path) -> Result<Vec<Self>, EncodeError> {
        let fields = batch.schema_ref().fields().iter();
        fields
            .zip(batch.columns())
            .map(|(field, array)| {
                Self::of(array, field.data_type()).ok_or_else(|| EncodeError::NoText {
                    path: path.to_owned(),
                    column: field.name().clone(),
                })
            })
            .collect()
    }

    fn of(array: &'a dyn Array, kind: &DataType) -> Option<Self> {
        Some(match kind {
            DataType::Int64 => Self::Integer(array.as_primitive_opt::<Int64Type>()?),
            DataType::Decimal128(_, scale) => {
                Self::Decimal(array.as_primitive_opt::<Decimal128Type>()?, u8::try_from(*scale).ok()?)
            }
            DataType::Boolean => Self::Boolean(array.as_boolean_opt()?),
            DataType::Date32 => Self::Date(array.as_primitive_opt::<Date32Type>()?, Remembered::default()),
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let values = array.as_primitive_opt::<TimestampMicrosecondType>()?;
                if zone.is_some() {
                    Self::Instant(values, Remembered::default())
                } else {
                    Self::Datetime(values, Remembered::default())
                }
            }
            DataType::Utf8 => Self::Text(array.as_string_opt()?),
            _ => return None,
        })
    }

    /// Appends the text of one cell; null is no text at all.
    pub(super) fn write(&mut self, row: usize, out: &mut String, dialect: &Dialect, marks: &mut CsvMarks) {
        match self {
            Self::Integer(values) if values.is_valid(row) => {
                push_number(out, values.value(row), dialect, marks);
            }
            Self::Decimal(values, scale) if values.is_valid(row) => {
                push_amount(out, values.value(row), *scale, dialect);
            }
            Self::Boolean(values) if values.is_valid(row) => {
                out.push_str(if values.value(row) { "true" } else { "false" });
            }
            Self::Date(values, remembered) if values.is_valid(row) => {
                out.push_str(remembered.text(values.value(row), |days| date_text(days, dialect)));
            }
            Self::Datetime(values, remembered) if values.is_valid(row) => {
                out.push_str(remembered.text(values.value(row), |micros| datetime_text(micros, dialect)));
            }
            Self::Instant(values, remembered) if values.is_valid(row) => {
                out.push_str(remembered.text(values.value(row), |micros| instant_text(micros, dialect)));
            }
            Self::Text(values) if values.is_valid(row) => push_field(out, values.value(row), dialect, marks),
            _ => {}
        }
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
    let days = i32::try_from(micros.div_euclid(MICROS_PER_DAY)).unwrap_or(i32::MAX);
    let clock = clock.replace('.', char::from(dialect.decimal_mark).encode_utf8(&mut [0; 4]));
    format!("{} {clock}", date_text(days, dialect))
}

/// The text of an instant; in the dialects of spreadsheets, which know no zones, its UTC clock.
fn instant_text(micros: i64, dialect: &Dialect) -> String {
    match dialect.dates {
        DateForm::Iso => time::instant_text(micros),
        _ => datetime_text(micros, dialect),
    }
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

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
