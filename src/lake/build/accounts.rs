//! What is known of fetched users' accounts, in the parent and now.

use std::collections::HashMap;

use arrow::array::RecordBatch;

use crate::table::{AccountFacts, Table};

use super::BuildError;
use super::column::{Columns, at, text_at};
use super::merge::Rows;
use super::population::{Population, Standing};

/// Connection and currency of each account.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    pub(super) before: HashMap<i64, (Option<i64>, Option<String>)>,
    pub(super) now: HashMap<i64, (Option<i64>, Option<String>)>,
    pub(super) facts: AccountFacts,
}

impl Accounts {
    /// Reads the accounts of fetched users, as the parent has them and as they are staged.
    pub(super) fn read(
        population: &Population,
        parent: Rows<'_>,
        staged: Rows<'_>,
    ) -> Result<Self, BuildError> {
        let mut accounts = Self::default();
        for rows in parent {
            collect(&rows?, population, &mut accounts.before)?;
        }
        let narrow = |rows: &RecordBatch| -> Result<RecordBatch, BuildError> {
            let place = |name| rows.schema_ref().index_of(name);
            let columns = [place("id"), place("id_connection"), place("currency")];
            let columns: Result<Vec<usize>, _> = columns.into_iter().collect();
            columns.and_then(|columns| rows.project(&columns)).map_err(BuildError::rows(Table::Accounts))
        };
        let mut staged_accounts = Vec::new();
        for rows in staged {
            let rows = rows?;
            collect(&rows, population, &mut accounts.now)?;
            staged_accounts.push(narrow(&rows)?);
        }
        accounts.facts = AccountFacts::of(&staged_accounts);
        Ok(accounts)
    }
}

fn collect(
    rows: &RecordBatch,
    population: &Population,
    into: &mut HashMap<i64, (Option<i64>, Option<String>)>,
) -> Result<(), BuildError> {
    let columns = Columns::of(Table::Accounts, rows);
    let (ids, users) = (columns.numbers("id")?, columns.numbers("id_user")?);
    let (connections, currencies) = (columns.numbers("id_connection")?, columns.texts("currency")?);
    for row in 0..rows.num_rows() {
        if population.standing(at(users, row)) == Standing::Fetched
            && let Some(id) = at(ids, row)
        {
            into.insert(id, (at(connections, row), text_at(currencies, row).map(str::to_owned)));
        }
    }
    Ok(())
}
