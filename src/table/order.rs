//! Row order, keys, months.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use arrow::array::{Array, AsArray, UInt32Array};
use arrow::compute::{SortColumn, SortOptions, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Date32Type, Int64Type};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use crate::model::time;

use super::Table;
use super::column::day;

/// The folder that rows without a date lie in; Hive's, Spark's and DuckDB's mark for null.
const UNDATED: &str = "__HIVE_DEFAULT_PARTITION__";

/// The month of a row's date, the value of a partition; rows without a date come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(Option<(i16, i8)>);

impl Month {
    /// The partition of rows without a date.
    pub const UNDATED: Self = Self(None);

    /// The month of a day (days since 1970-01-01).
    #[must_use]
    pub fn of(days: Option<i32>) -> Self {
        Self(days.and_then(time::date_of).map(|date| (date.year(), date.month())))
    }

    /// First and last day of the month (days since 1970-01-01); `None` for rows without a date.
    #[must_use]
    pub fn days(self) -> Option<(i32, i32)> {
        let (year, month) = self.0?;
        let first = jiff::civil::Date::new(year, month, 1).ok()?;
        Some((time::days_of(first), time::days_of(first.last_of_month())))
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str(UNDATED),
            Some((year, month)) => write!(f, "{year:04}-{month:02}"),
        }
    }
}

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        if text == UNDATED {
            return Ok(Self::UNDATED);
        }
        let days = time::parse_date(format!("{text}-01").as_bytes()).ok_or(NotAMonth)?;
        Ok(Self::of(Some(days)))
    }
}

/// The text is no `YYYY-MM`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a month: write YYYY-MM, as in 2026-10")]
pub struct NotAMonth;

/// The months of a partitioned table's rows, row by row.
/// `None` for a table that is not partitioned.
#[must_use]
pub fn months_of(table: Table, rows: &RecordBatch) -> Option<Vec<Month>> {
    let partition = table.schema().partition.as_ref()?;
    let dates = day(rows, &partition.of)?;
    let mut last: Option<(Option<i32>, Month)> = None;
    let month = |day: Option<i32>| match last {
        Some((known, month)) if known == day => month,
        _ => {
            let month = Month::of(day);
            last = Some((day, month));
            month
        }
    };
    Some(dates.iter().map(month).collect())
}

/// The order columns of a row as comparable numbers: nulls first (`i64::MIN`), unused places zero.
pub type OrderKey = [i64; 4];

/// The order keys of the rows. `None` for a table that is ordered by texts (`issues`).
#[must_use]
pub fn integer_keys(table: Table, rows: &RecordBatch) -> Option<Vec<OrderKey>> {
    let mut keys = vec![OrderKey::default(); rows.num_rows()];
    for (place, name) in table.schema().order.iter().enumerate() {
        let column = rows.column_by_name(name)?;
        match column.data_type() {
            DataType::Int64 => fill(&mut keys, place, column.as_primitive::<Int64Type>().iter()),
            DataType::Date32 => {
                fill(
                    &mut keys,
                    place,
                    column.as_primitive::<Date32Type>().iter().map(|day| day.map(i64::from)),
                );
            }
            _ => return None,
        }
    }
    Some(keys)
}

fn fill(keys: &mut [OrderKey], place: usize, values: impl Iterator<Item = Option<i64>>) {
    for (key, value) in keys.iter_mut().zip(values) {
        key[place] = value.unwrap_or(i64::MIN);
    }
}

/// The rows in the table's order; rows with equal keys keep theirs.
///
/// # Errors
/// When a batch is not of that table, or memory for the copy cannot be had.
pub fn sort(table: Table, rows: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let indices = match integer_keys(table, rows) {
        Some(keys) if keys.is_sorted() => return Ok(rows.clone()),
        Some(keys) => {
            let too_many = |_| ArrowError::InvalidArgumentError("more rows than a batch can have".to_owned());
            let mut indices: Vec<u32> = (0..u32::try_from(keys.len()).map_err(too_many)?).collect();
            indices.sort_by_key(|index| keys[*index as usize]);
            UInt32Array::from(indices)
        }
        None => lexsort_to_indices(&text_order(table, rows)?, None)?,
    };
    take_record_batch(rows, &indices)
}

fn text_order(table: Table, rows: &RecordBatch) -> Result<Vec<SortColumn>, ArrowError> {
    let column = |name: &String| -> Result<SortColumn, ArrowError> {
        let values = rows.column_by_name(name).ok_or_else(|| {
            ArrowError::SchemaError(format!("no column {name} in a batch of {}", table.name()))
        })?;
        let options = SortOptions { descending: false, nulls_first: true };
        Ok(SortColumn { values: values.clone(), options: Some(options) })
    };
    table.schema().order.iter().map(column).collect()
}

/// The distinct months of a partitioned table's rows.
#[must_use]
pub fn distinct_months(table: Table, rows: &RecordBatch) -> BTreeSet<Month> {
    months_of(table, rows).unwrap_or_default().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_texts_that_no_reader_retypes() {
        let day = time::parse_date(b"2026-02-15");
        let month = Month::of(day);
        assert_eq!(month.to_string(), "2026-02");
        assert_eq!("2026-02".parse(), Ok(month));
        assert_eq!(month.days().map(|(first, last)| last - first), Some(27));
        assert_eq!(Month::of(None).to_string(), UNDATED);
        assert_eq!(UNDATED.parse(), Ok(Month::UNDATED));
        assert!("2026-13".parse::<Month>().is_err() && "../x".parse::<Month>().is_err());
        assert!(Month::UNDATED < month);
    }
}
