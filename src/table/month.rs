//! The months that a partitioned table is cut into.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

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
