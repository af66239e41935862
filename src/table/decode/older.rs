//! Values of columns that an older program had otherwise: read once more as JSON, or brought exactly into today's type.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::text::push_json_text;

/// A column that today's schema does not have, or has with another type.
pub(super) struct Older {
    /// Where its values go in a row's object.
    pub(super) path: Vec<String>,
    /// Its values as JSON, row by row. Numbers are exact, moments and days are texts.
    pub(super) values: Vec<Option<String>>,
}

impl Older {
    /// # Errors
    /// When its type is one that no program of ours wrote.
    pub(super) fn new(path: Vec<String>, column: &ArrayRef) -> Result<Self, ArrowError> {
        let kind = column.data_type();
        let (column, zone) = match kind {
            // The formatter knows no zone by name; ours is UTC wherever there is one.
            DataType::Timestamp(_, Some(_)) => match column.as_primitive_opt::<TimestampMicrosecondType>() {
                Some(moments) => (Arc::new(moments.clone().with_timezone_opt(None::<&str>)) as ArrayRef, "Z"),
                None => (column.clone(), ""),
            },
            _ => (column.clone(), ""),
        };
        let options = FormatOptions::new().with_display_error(false);
        let texts = ArrayFormatter::try_new(&column, &options)?;
        let json = |row: usize| -> Result<Option<String>, ArrowError> {
            let there = column.is_valid(row);
            there.then(|| Ok(json(kind, texts.value(row).try_to_string()? + zone))).transpose()
        };
        let values = (0..column.len()).map(json).collect::<Result<_, _>>()?;
        Ok(Self { path, values })
    }
}

/// A value that the formatter has written, as JSON.
fn json(kind: &DataType, text: String) -> String {
    match kind {
        DataType::Decimal128(_, 1..) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        DataType::Boolean | DataType::Int64 | DataType::Decimal128(..) => text,
        _ => {
            let mut json = String::new();
            push_json_text(&mut json, &text);
            json
        }
    }
}

/// The values in another type, where it can hold every one of them as it is.
///
/// # Errors
/// When any value would change: a change of the schema must not lose data.
pub(super) fn exactly(values: &ArrayRef, name: &str, kind: &DataType) -> Result<ArrayRef, ArrowError> {
    let strict = CastOptions { safe: false, ..CastOptions::default() };
    let converted = cast_with_options(values, kind, &strict);
    let back =
        converted.as_ref().ok().and_then(|now| cast_with_options(now, values.data_type(), &strict).ok());
    match converted {
        Ok(converted) if back.as_ref() == Some(values) => Ok(converted),
        _ => Err(ArrowError::SchemaError(format!(
            "the column {name} was {} and is {kind}, which cannot hold its values: use the powens-export that wrote the lake",
            values.data_type()
        ))),
    }
}
