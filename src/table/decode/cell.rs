//! One column under construction: typed values go in, what does not fit comes back as a kind of issue.

use arrow::array::{
    ArrayBuilder, ArrayRef, ArrowPrimitiveType, BooleanBuilder, Date32Builder, Decimal128Builder,
    Int64Builder, PrimitiveBuilder, StringBuilder, TimestampMicrosecondBuilder,
};

use crate::model::time::{self, ParisClock};
use crate::model::{DecimalError, DecimalType};
use crate::table::{Clock, Column, ColumnType, IssueKind};

use super::cursor::{Escapes, Raw, Value};
use super::text::unescape;

/// A column under construction. Rows that nothing was written to are null; they are filled in when the next value
/// comes, so that an empty cell costs nothing.
#[derive(Debug)]
pub(super) enum Cell {
    Integer { values: Int64Builder, least: i64 },
    Decimal { values: Decimal128Builder, decimal: DecimalType },
    Boolean(BooleanBuilder),
    Date(Date32Builder),
    Datetime(TimestampMicrosecondBuilder),
    Instant { values: TimestampMicrosecondBuilder, paris: Option<ParisClock> },
    Text(StringBuilder),
    Json(StringBuilder),
}

/// What became of a value that does not fit as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misfit(pub(super) IssueKind);

impl Cell {
    pub(super) fn new(column: &Column, decimal: DecimalType, rows: usize) -> Self {
        match column.kind {
            ColumnType::Id => Self::Integer { values: Int64Builder::with_capacity(rows), least: 1 },
            ColumnType::Integer => {
                Self::Integer { values: Int64Builder::with_capacity(rows), least: i64::MIN }
            }
            ColumnType::Decimal => {
                let values =
                    Decimal128Builder::with_capacity(rows).with_data_type(column.kind.arrow(decimal));
                Self::Decimal { values, decimal }
            }
            ColumnType::Boolean => Self::Boolean(BooleanBuilder::with_capacity(rows)),
            ColumnType::Date => Self::Date(Date32Builder::with_capacity(rows)),
            ColumnType::Datetime => Self::Datetime(TimestampMicrosecondBuilder::with_capacity(rows)),
            ColumnType::Instant => Self::Instant {
                values: TimestampMicrosecondBuilder::with_capacity(rows).with_timezone("UTC"),
                paris: (column.clock == Clock::Paris).then(ParisClock::default),
            },
            ColumnType::Text => Self::Text(StringBuilder::with_capacity(rows, rows * 8)),
            ColumnType::Json | ColumnType::Extra => Self::Json(StringBuilder::with_capacity(rows, 0)),
        }
    }

    /// Rows that have a place so far; a cell of row `r` was written when this exceeds `r`.
    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Integer { values, .. } => values.len(),
            Self::Decimal { values, .. } => values.len(),
            Self::Boolean(values) => values.len(),
            Self::Date(values) => values.len(),
            Self::Datetime(values) | Self::Instant { values, .. } => values.len(),
            Self::Text(values) | Self::Json(values) => values.len(),
        }
    }

    /// The whole number written last.
    pub(super) fn last_integer(&self) -> Option<i64> {
        match self {
            Self::Integer { values, .. } => values.values_slice().last().copied(),
            _ => None,
        }
    }

    /// Writes a whole number that does not come from JSON, where the row has none yet.
    pub(super) fn put_integer(&mut self, row: usize, value: i64) {
        if let Self::Integer { values, .. } = self
            && values.next_in(row)
        {
            values.append_value(value);
        }
    }

    /// Writes a value that is not null into a row; a cell that was written before stays as it is (another path to
    /// the same column came first). `json` is the value's own text.
    ///
    /// # Errors
    /// The kind of issue when the column cannot hold the value as it is; nothing was written then, except for
    /// [`IssueKind::LoneSurrogate`] and [`IssueKind::DateOnly`], where the nearest value was.
    #[inline]
    pub(super) fn put(
        &mut self,
        row: usize,
        value: Value<'_>,
        json: &str,
        scratch: &mut String,
    ) -> Result<(), Misfit> {
        if !self.next_in(row) {
            return Ok(());
        }
        match self {
            Self::Integer { values, least } => values.append_value(integer(value, *least, scratch)?),
            Self::Decimal { values, decimal } => values.append_value(amount(value, *decimal, scratch)?),
            Self::Boolean(values) => values.append_value(match value {
                Value::Boolean(value) => value,
                Value::Number("0") => false,
                Value::Number("1") => true,
                _ => return Err(Misfit(IssueKind::WrongType)),
            }),
            Self::Date(values) => {
                let text = text_of(value, scratch)?;
                values.append_value(time::parse_date(text.as_bytes()).ok_or(Misfit(IssueKind::NotADate))?);
            }
            Self::Datetime(values) => {
                let text = text_of(value, scratch)?;
                let (written, midnight) = datetime(text)?;
                values.append_value(written.micros);
                midnight?;
            }
            Self::Instant { values, paris } => {
                let text = text_of(value, scratch)?;
                let (written, midnight) = datetime(text)?;
                let utc = match (written.offset, paris) {
                    (Some(offset), _) => Some(written.micros - i64::from(offset) * 1_000_000),
                    (None, Some(clock)) => clock.utc_of(written.micros),
                    (None, None) => Some(written.micros),
                };
                values.append_value(utc.ok_or(Misfit(IssueKind::OutOfRange))?);
                midnight?;
            }
            Self::Text(values) => return put_text(values, value, scratch),
            Self::Json(values) => values.append_value(json),
        }
        Ok(())
    }

    /// Writes what was written last, in the row before `first`, into so many more rows. `json` is the value's text; a text
    /// in it has no escapes.
    pub(super) fn put_again(&mut self, first: usize, rows: usize, json: &str) {
        fn again<T: ArrowPrimitiveType>(values: &mut PrimitiveBuilder<T>, rows: usize) {
            if let Some(last) = values.values_slice().last().copied() {
                values.append_value_n(last, rows);
            }
        }
        if self.len() != first {
            return;
        }
        match self {
            Self::Integer { values, .. } => again(values, rows),
            Self::Decimal { values, .. } => again(values, rows),
            Self::Date(values) => again(values, rows),
            Self::Datetime(values) | Self::Instant { values, .. } => again(values, rows),
            Self::Boolean(values) => values.append_n(rows, matches!(json, "true" | "1")),
            Self::Text(values) => {
                let text = json.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
                values.append_value_n(text.unwrap_or(json), rows);
            }
            Self::Json(values) => values.append_value_n(json, rows),
        }
    }

    /// Whether the row is the next to be written; rows before it that nothing was written to become null.
    #[inline]
    fn next_in(&mut self, row: usize) -> bool {
        match self {
            Self::Integer { values, .. } => values.next_in(row),
            Self::Decimal { values, .. } => values.next_in(row),
            Self::Boolean(values) => values.next_in(row),
            Self::Date(values) => values.next_in(row),
            Self::Datetime(values) | Self::Instant { values, .. } => values.next_in(row),
            Self::Text(values) | Self::Json(values) => values.next_in(row),
        }
    }

    pub(super) fn finish(self, rows: usize) -> ArrayRef {
        match self {
            Self::Integer { values, .. } => whole(values, rows),
            Self::Decimal { values, .. } => whole(values, rows),
            Self::Boolean(values) => whole(values, rows),
            Self::Date(values) => whole(values, rows),
            Self::Datetime(values) | Self::Instant { values, .. } => whole(values, rows),
            Self::Text(values) | Self::Json(values) => whole(values, rows),
        }
    }
}

fn whole(mut values: impl ArrayBuilder + Padded, rows: usize) -> ArrayRef {
    values.next_in(rows);
    values.finish()
}

/// A builder in which rows that nothing was written to are null.
trait Padded {
    /// Fills up with nulls to `row`. Whether that row is the next to be written.
    fn next_in(&mut self, row: usize) -> bool;
}

macro_rules! padded {
    ($($builder:ty),*) => {
        $(impl Padded for $builder {
            #[inline]
            fn next_in(&mut self, row: usize) -> bool {
                let length = self.len();
                if length < row {
                    self.append_nulls(row - length);
                }
                length <= row
            }
        })*
    };
}

padded!(
    Int64Builder,
    Decimal128Builder,
    BooleanBuilder,
    Date32Builder,
    TimestampMicrosecondBuilder,
    StringBuilder
);

/// The text of a JSON string, unescaped into `scratch` where it has escapes.
#[inline]
fn text_of<'a>(value: Value<'a>, scratch: &'a mut String) -> Result<&'a str, Misfit> {
    match value {
        Value::Text(Raw { text, escapes: Escapes::None }) => Ok(text),
        Value::Text(raw) => {
            scratch.clear();
            unescape(raw, scratch);
            Ok(scratch)
        }
        _ => Err(Misfit(IssueKind::WrongType)),
    }
}

/// The digits of a number, or of a text that holds one.
#[inline]
fn number_of<'a>(value: Value<'a>, scratch: &'a mut String) -> Result<&'a str, Misfit> {
    match value {
        Value::Number(text) => Ok(text),
        _ => text_of(value, scratch),
    }
}

/// A whole number written as one: `1.0`, `1e3` and what exceeds 63 bits are not.
#[inline]
fn integer(value: Value<'_>, least: i64, scratch: &mut String) -> Result<i64, Misfit> {
    let text = number_of(value, scratch)?;
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Misfit(IssueKind::NotAnInteger));
    }
    text.parse().ok().filter(|value| *value >= least).ok_or(Misfit(IssueKind::NotAnInteger))
}

#[inline]
fn amount(value: Value<'_>, decimal: DecimalType, scratch: &mut String) -> Result<i128, Misfit> {
    let text = number_of(value, scratch)?;
    decimal.parse(text.as_bytes()).map_err(|error| {
        Misfit(match error {
            DecimalError::NotANumber => IssueKind::NotANumber,
            DecimalError::TooPrecise => IssueKind::TooPrecise,
            DecimalError::TooLarge => IssueKind::TooLarge,
        })
    })
}

/// A datetime, and whether only a date stood there: a `deleted` that says just the day must not read as null.
fn datetime(text: &str) -> Result<(time::WrittenDatetime, Result<(), Misfit>), Misfit> {
    if let Some(written) = time::parse_datetime(text.as_bytes()) {
        return Ok((written, Ok(())));
    }
    let days = Some(text).filter(|text| text.len() == 10).and_then(|text| time::parse_date(text.as_bytes()));
    let days = days.ok_or(Misfit(IssueKind::NotADatetime))?;
    let written = time::WrittenDatetime { micros: i64::from(days) * 86_400_000_000, offset: None };
    Ok((written, Err(Misfit(IssueKind::DateOnly))))
}

/// Texts pass byte for byte; a number that stands for a text keeps its own digits.
#[inline]
fn put_text(values: &mut StringBuilder, value: Value<'_>, scratch: &mut String) -> Result<(), Misfit> {
    match value {
        Value::Text(Raw { text, escapes: Escapes::None }) | Value::Number(text) => values.append_value(text),
        Value::Text(raw) => {
            scratch.clear();
            let lone = unescape(raw, scratch);
            values.append_value(&scratch);
            if lone {
                return Err(Misfit(IssueKind::LoneSurrogate));
            }
        }
        _ => return Err(Misfit(IssueKind::WrongType)),
    }
    Ok(())
}
