//! Tonight's balances: one row for each account that was fetched, on the Paris day on which its user's attempt began.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::SchemaRef;

use crate::model::{DecimalType, time};
use crate::table::{Month, Table, sort};

use super::BuildError;
use super::column::{Columns, at};
use super::input::Walked;
use super::merge::Rows;

/// The columns of `balances` that are columns of `accounts` under the same name, but for the account's id.
const TAKEN: &[&str] = &["id", "id_user", "currency", "balance", "coming", "last_update"];

/// Tonight's rows of `balances`, by month, in the table's order.
pub(super) fn tonight(
    accounts: Rows<'_>,
    walked: &BTreeMap<i64, &Walked>,
    decimal: DecimalType,
) -> Result<BTreeMap<Month, RecordBatch>, BuildError> {
    let table = Table::Accounts;
    let mut pieces = Vec::new();
    for rows in accounts {
        let rows = rows?;
        let places: Result<Vec<usize>, _> =
            TAKEN.iter().map(|name| rows.schema_ref().index_of(name)).collect();
        pieces.push(places.and_then(|places| rows.project(&places)).map_err(BuildError::rows(table))?);
    }
    let Some(first) = pieces.first() else { return Ok(BTreeMap::new()) };
    let accounts = concat_batches(first.schema_ref(), &pieces).map_err(BuildError::rows(table))?;
    drop(pieces);

    let mut months: BTreeMap<Month, Vec<(u32, i32)>> = BTreeMap::new();
    for ((_, day), row) in latest(&accounts, walked)? {
        months.entry(Month::of(Some(day))).or_default().push((row, day));
    }
    let schema = Table::Balances.schema().arrow(decimal);
    let rows = |(month, rows): (Month, Vec<(u32, i32)>)| Ok((month, batch(&schema, &accounts, &rows)?));
    months.into_iter().map(rows).collect()
}

/// The row of each account and day. Should two users' lists both have an account, the later attempt's counts.
fn latest(
    accounts: &RecordBatch,
    walked: &BTreeMap<i64, &Walked>,
) -> Result<BTreeMap<(i64, i32), u32>, BuildError> {
    let columns = Columns::of(Table::Accounts, accounts);
    let (ids, users) = (columns.numbers("id")?, columns.numbers("id_user")?);
    let mut rows: BTreeMap<(i64, i32), (jiff::Timestamp, u32)> = BTreeMap::new();
    for (row, number) in (0..accounts.num_rows()).zip(0_u32..) {
        let unit = at(users, row).and_then(|user| walked.get(&user));
        let (Some(id), Some(unit)) = (at(ids, row), unit) else { continue };
        let entry = rows.entry((id, time::paris_day(unit.as_of))).or_insert((unit.as_of, number));
        if unit.as_of > entry.0 {
            *entry = (unit.as_of, number);
        }
    }
    Ok(rows.into_iter().map(|(key, (_, row))| (key, row)).collect())
}

fn batch(schema: &SchemaRef, accounts: &RecordBatch, rows: &[(u32, i32)]) -> Result<RecordBatch, BuildError> {
    let failed = BuildError::rows(Table::Balances);
    let indices = UInt32Array::from_iter_values(rows.iter().map(|(row, _)| *row));
    let days: ArrayRef = Arc::new(Date32Array::from_iter_values(rows.iter().map(|(_, day)| *day)));
    let column = |name: &str| -> Result<ArrayRef, BuildError> {
        let source = match name {
            "day" => return Ok(days.clone()),
            "id_account" => "id",
            name => name,
        };
        let missing = BuildError::Columns { table: Table::Accounts, what: "that balances take from them" };
        let values = accounts.column_by_name(source).ok_or(missing)?;
        take(values, &indices, None).map_err(BuildError::rows(Table::Balances))
    };
    let columns = schema.fields().iter().map(|field| column(field.name())).collect::<Result<_, _>>()?;
    let batch = RecordBatch::try_new(schema.clone(), columns).map_err(&failed)?;
    sort(Table::Balances, &batch).map_err(failed)
}
