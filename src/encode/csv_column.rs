//! The cells of a batch's columns as text.

use std::path::Path;

use arrow::array::{
    Array, AsArray, BooleanArray, Date32Array, Decimal128Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Decimal128Type, Int64Type, TimeUnit, TimestampMicrosecondType};

use super::csv_text::{date_text, datetime_text, instant_text, push_amount, push_field, push_number};
use super::profile::Dialect;
use super::{CsvMarks, EncodeError};

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
