//! The text of each cell of a CSV file.

use std::path::Path;

use arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType};

use super::EncodeError;
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

    /// Appends the text of one cell; null is no text at all. Returns how many NULs were replaced.
    pub(super) fn write(&mut self, row: usize, out: &mut String) -> u64 {
        match self {
            Self::Integer(values) if values.is_valid(row) => push_integer(out, values.value(row)),
            Self::Decimal(values, scale) if values.is_valid(row) => {
                write_decimal(out, values.value(row), *scale);
            }
            Self::Boolean(values) if values.is_valid(row) => {
                out.push_str(if values.value(row) { "true" } else { "false" });
            }
            Self::Date(values, remembered) if values.is_valid(row) => {
                out.push_str(remembered.text(values.value(row), time::date_text));
            }
            Self::Datetime(values, remembered) if values.is_valid(row) => {
                out.push_str(remembered.text(values.value(row), time::datetime_text));
            }
            Self::Instant(values, remembered) if values.is_valid(row) => {
                out.push_str(remembered.text(values.value(row), time::instant_text));
            }
            Self::Text(values) if values.is_valid(row) => return push_field(out, values.value(row)),
            _ => {}
        }
        0
    }
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

/// Appends a field, quoted where RFC 4180 asks for it, and when it is empty: an empty field without quotes is null.
pub(super) fn push_field(out: &mut String, text: &str) -> u64 {
    let special = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r' | 0);
    if !text.is_empty() && !text.as_bytes().iter().any(special) {
        out.push_str(text);
        return 0;
    }
    let mut nuls = 0;
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\"\""),
            '\0' => {
                nuls += 1;
                out.push(char::REPLACEMENT_CHARACTER);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    nuls
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_only_where_they_must_be() {
        let text = |field: &str| {
            let mut out = String::new();
            let nuls = push_field(&mut out, field);
            (out, nuls)
        };
        assert_eq!(text("plain = +text"), ("plain = +text".to_owned(), 0));
        assert_eq!(text(""), ("\"\"".to_owned(), 0));
        assert_eq!(text("a,b"), ("\"a,b\"".to_owned(), 0));
        assert_eq!(text("say \"hi\"\r\n"), ("\"say \"\"hi\"\"\r\n\"".to_owned(), 0));
        assert_eq!(text("a\0b"), ("\"a\u{FFFD}b\"".to_owned(), 1));
    }

    #[test]
    fn integers_at_their_ends() {
        for value in [0, 7, -1, i64::MIN, i64::MAX] {
            let mut out = String::new();
            push_integer(&mut out, value);
            assert_eq!(out, value.to_string());
        }
    }
}
