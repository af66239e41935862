//! Values of columns that an older program had otherwise: read once more as JSON, or brought exactly into today's type.

use arrow::array::{Array, ArrayRef};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

use super::rows::push_json_text;

/// A column that today's schema does not have, or has with another type, and where its values go in a row's object.
pub(super) struct Older<'a> {
    pub(super) path: Vec<String>,
    values: ArrayFormatter<'a>,
    nulls: &'a dyn Array,
    kind: &'a DataType,
}

impl<'a> Older<'a> {
    /// # Errors
    /// When its type is one that no program of ours wrote.
    pub(super) fn new(path: Vec<String>, column: &'a ArrayRef) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);
        let values = ArrayFormatter::try_new(column, &OPTIONS)?;
        Ok(Self { path, values, nulls: column.as_ref(), kind: column.data_type() })
    }

    /// The value of a row as JSON; `None` where there is none. Numbers are exact, moments and days are texts.
    ///
    /// # Errors
    /// When a moment is no moment.
    pub(super) fn json(&self, row: usize) -> Result<Option<String>, ArrowError> {
        if self.nulls.is_null(row) {
            return Ok(None);
        }
        let text = self.values.value(row).try_to_string()?;
        Ok(Some(match self.kind {
            DataType::Boolean => text,
            DataType::Decimal128(_, 1..) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
            kind if kind.is_integer() || matches!(kind, DataType::Decimal128(..)) => text,
            _ => {
                let mut json = String::new();
                push_json_text(&mut json, &text);
                json
            }
        }))
    }
}

/// The values in another type, where it can hold every one of them as it is.
///
/// # Errors
/// When it cannot: then they must not be lost for a change of mind.
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
