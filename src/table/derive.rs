//! Columns that other tables or other columns give: a transaction's account, a connection's health.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Builder, StringBuilder};
use arrow::datatypes::Int64Type;
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;

use super::Table;
use super::column::{flag, number, text, text_at};
use super::health::{Facts, health};

/// What transactions need to know of accounts: connection and currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountFacts(HashMap<i64, (Option<i64>, Option<String>)>);

impl AccountFacts {
    /// The facts of the accounts in batches of the `accounts` table; a later row of an account replaces an earlier.
    #[must_use]
    pub fn of<'a>(accounts: impl IntoIterator<Item = &'a RecordBatch>) -> Self {
        let mut facts = HashMap::new();
        for rows in accounts {
            let columns = (number(rows, "id"), number(rows, "id_connection"), text(rows, "currency"));
            let (Some(ids), Some(connections), Some(currencies)) = columns else { continue };
            for ((id, connection), currency) in ids.iter().zip(connections.iter()).zip(currencies.iter()) {
                if let Some(id) = id {
                    facts.insert(id, (connection, currency.map(str::to_owned)));
                }
            }
        }
        Self(facts)
    }

    /// Whether the account is in the list.
    #[must_use]
    pub fn knows(&self, account: i64) -> bool {
        self.0.contains_key(&account)
    }
}

/// The same transactions with `id_connection` and `currency` of their accounts; null where an account is unknown.
///
/// # Errors
/// When the batch is not of the `transactions` table.
pub fn derive_transactions(rows: &RecordBatch, facts: &AccountFacts) -> Result<RecordBatch, ArrowError> {
    let schema = Table::Transactions.schema();
    let place = |name: &str| {
        schema
            .index_of(name)
            .ok_or_else(|| ArrowError::SchemaError(format!("transactions has no column {name}")))
    };
    let accounts = rows
        .column(place("id_account")?)
        .as_primitive_opt::<Int64Type>()
        .ok_or_else(|| ArrowError::SchemaError("id_account is no Int64".to_owned()))?;
    let mut connections = Int64Builder::with_capacity(rows.num_rows());
    let mut currencies = StringBuilder::with_capacity(rows.num_rows(), rows.num_rows() * 3);
    // Rows of one account lie together: it is looked up once for each stretch.
    let (mut last, mut fact) = (None, None);
    for account in accounts {
        if account != last {
            (last, fact) = (account, account.and_then(|account| facts.0.get(&account)));
        }
        connections.append_option(fact.and_then(|(connection, _)| *connection));
        currencies.append_option(fact.and_then(|(_, currency)| currency.as_deref()));
    }
    let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
    columns[place("id_connection")?] = Arc::new(connections.finish());
    columns[place("currency")?] = Arc::new(currencies.finish());
    RecordBatch::try_new(rows.schema(), columns)
}

/// The same rows with `health` computed, for the tables that have it.
pub(super) fn fill_health(table: Table, rows: RecordBatch) -> Result<RecordBatch, ArrowError> {
    let Some(place) = table.schema().index_of("health") else { return Ok(rows) };
    let valid = |name: &str, row: usize| rows.column_by_name(name).is_some_and(|column| column.is_valid(row));
    let active = flag(&rows, "active");
    let (states, errors) = (text(&rows, "state"), text(&rows, "error"));
    let mut healths = StringBuilder::with_capacity(rows.num_rows(), rows.num_rows() * 8);
    for row in 0..rows.num_rows() {
        healths.append_value(
            health(Facts {
                state: states.and_then(|column| text_at(column, row)),
                error: errors.and_then(|column| text_at(column, row)),
                active: active.filter(|column| column.is_valid(row)).map(|column| column.value(row)),
                disabled: valid("disabled", row),
                ever_updated: valid("last_update", row),
            })
            .as_str(),
        );
    }
    let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
    columns[place] = Arc::new(healths.finish());
    RecordBatch::try_new(rows.schema(), columns)
}
