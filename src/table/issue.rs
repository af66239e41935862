//! What did not fit its column. The value itself stays in the row's `extra`; an issue only names it.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use serde::{Deserialize, Serialize};

use crate::model::{DecimalType, UserId};

use super::Table;

/// What was wrong with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueKind {
    /// The JSON type is not one that the column can take.
    WrongType,
    /// Not a whole number within the column's range, written as one.
    NotAnInteger,
    /// An amount with more decimals than the column holds.
    TooPrecise,
    /// An amount with more digits than the column holds.
    TooLarge,
    /// A text where a number belongs that is none.
    NotANumber,
    /// No date of the calendar.
    NotADate,
    /// No datetime.
    NotADatetime,
    /// A date where a datetime belongs: read as midnight.
    DateOnly,
    /// An instant before year 1 or after year 9999.
    OutOfRange,
    /// A lone surrogate escape, replaced by U+FFFD.
    LoneSurrogate,
    /// A key twice in one object: the first value stands in the column.
    DuplicateKey,
    /// The row's account is not in the user's list: derived columns are null.
    AccountUnknown,
    /// Equal id and `last_update`, other content, inside one walk.
    Conflict,
}

impl IssueKind {
    /// The kind as it is written into files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WrongType => "wrong_type",
            Self::NotAnInteger => "not_an_integer",
            Self::TooPrecise => "too_precise",
            Self::TooLarge => "too_large",
            Self::NotANumber => "not_a_number",
            Self::NotADate => "not_a_date",
            Self::NotADatetime => "not_a_datetime",
            Self::DateOnly => "date_only",
            Self::OutOfRange => "out_of_range",
            Self::LoneSurrogate => "lone_surrogate",
            Self::DuplicateKey => "duplicate_key",
            Self::AccountUnknown => "account_unknown",
            Self::Conflict => "conflict",
        }
    }
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One row of the `issues` table: something about one column of one row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Issue {
    /// The row's table.
    pub table: Table,
    /// The row's user; `None` for tables without one.
    pub user: Option<UserId>,
    /// The row's id.
    pub id: i64,
    /// The column.
    pub column: String,
    /// What was wrong.
    pub kind: IssueKind,
    /// How often.
    pub n: u64,
}

/// The issues as a batch of the `issues` table, in its order.
///
/// # Errors
/// When the columns do not match the schema, which a test excludes.
pub fn issues_batch(issues: &[Issue], decimal: DecimalType) -> Result<RecordBatch, ArrowError> {
    let text = |of: fn(&Issue) -> &str| -> ArrayRef {
        Arc::new(issues.iter().map(|i| Some(of(i))).collect::<StringArray>())
    };
    let number = |of: fn(&Issue) -> Option<i64>| -> ArrayRef {
        Arc::new(issues.iter().map(of).collect::<Int64Array>())
    };
    let columns = vec![
        text(|issue| issue.table.name()),
        number(|issue| issue.user.map(UserId::get)),
        number(|issue| Some(issue.id)),
        text(|issue| &issue.column),
        text(|issue| issue.kind.as_str()),
        number(|issue| i64::try_from(issue.n).ok()),
    ];
    let batch = RecordBatch::try_new(Table::Issues.schema().arrow(decimal), columns)?;
    super::sort(Table::Issues, &batch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_become_rows_in_order() {
        let issue = |id, kind| Issue {
            table: Table::Transactions,
            user: UserId::new(7),
            id,
            column: "value".to_owned(),
            kind,
            n: 1,
        };
        let batch = issues_batch(
            &[issue(2, IssueKind::TooLarge), issue(1, IssueKind::TooPrecise)],
            DecimalType::default(),
        )
        .unwrap();
        let ids = batch.column(2).as_any().downcast_ref::<Int64Array>().unwrap();
        assert_eq!(ids.values(), &[1, 2]);
    }
}
