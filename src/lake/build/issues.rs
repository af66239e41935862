//! The `issues` table: an issue lives and dies with its row.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{Array, RecordBatch};

use crate::table::Table;

use super::BuildError;
use super::column::{Columns, at, text_at};
use super::drop_set::DropSet;
use super::judge::{Fate, Fates, Judge};
use super::part::Watch;
use super::population::{Population, Standing};

/// The rule for the parent's issues.
#[derive(Debug)]
pub(super) struct IssueRule<'a> {
    pub(super) population: &'a Population,
    pub(super) transactions: &'a DropSet<'a>,
    /// Transactions that are no longer there.
    pub(super) vanished: HashSet<i64>,
    /// Whether the list of connectors came in this run.
    pub(super) connectors_came: bool,
}

impl Judge for IssueRule<'_> {
    fn fates(&self, rows: &RecordBatch) -> Result<Fates, BuildError> {
        let columns = Columns::of(Table::Issues, rows);
        let (tables, users, ids) =
            (columns.texts("table")?, columns.numbers("id_user")?, columns.numbers("id")?);
        let lives = |row: usize| {
            let table = text_at(tables, row).and_then(Table::from_name);
            let standing = self.population.standing(at(users, row));
            match table {
                Some(Table::Users) => false,
                Some(Table::Connectors | Table::ConnectorSources) => !self.connectors_came,
                // A delta walk fetches some rows of a user only: a row's issues stay until it comes again or goes.
                Some(Table::Transactions) => {
                    let id = at(ids, row).unwrap_or(0);
                    standing != Standing::Gone
                        && !self.transactions.received(id)
                        && !self.vanished.contains(&id)
                }
                _ => standing == Standing::Stays,
            }
        };
        let fate = |row| if lives(row) { Fate::Keep } else { Fate::Vanished };
        Ok(Fates::Each((0..rows.num_rows()).map(fate).collect()))
    }
}

/// Issues by table and kind, watched while the table is built.
#[derive(Debug, Default)]
pub(super) struct Kinds(pub(super) BTreeMap<Table, BTreeMap<String, u64>>);

impl Watch for Kinds {
    fn see(&mut self, rows: &RecordBatch) -> Result<(), BuildError> {
        let columns = Columns::of(Table::Issues, rows);
        let (tables, kinds, counts) =
            (columns.texts("table")?, columns.texts("kind")?, columns.numbers("n")?);
        for row in 0..rows.num_rows() {
            let table = text_at(tables, row).and_then(Table::from_name);
            let (Some(table), Some(kind)) = (table, text_at(kinds, row)) else { continue };
            let n = if counts.is_valid(row) { u64::try_from(counts.value(row)).unwrap_or(0) } else { 0 };
            let of_table = self.0.entry(table).or_default();
            match of_table.get_mut(kind) {
                Some(known) => *known += n,
                None => drop(of_table.insert(kind.to_owned(), n)),
            }
        }
        Ok(())
    }
}
