//! Which rows of the parent stay, for every table but the transactions.

use arrow::array::RecordBatch;

use crate::table::Table;

use super::BuildError;
use super::column::{Columns, at};
use super::judge::{Fate, Fates, Judge};
use super::population::{Population, Standing};

/// The rule for `connections`, `connection_sources` and `accounts`: what was fetched replaces everything of its user.
#[derive(Debug)]
pub(super) struct ByUser<'a> {
    pub(super) table: Table,
    pub(super) population: &'a Population,
}

impl Judge for ByUser<'_> {
    fn fates(&self, rows: &RecordBatch) -> Result<Fates, BuildError> {
        let users = Columns::of(self.table, rows).numbers("id_user")?;
        let fate = |row| match self.population.standing(at(users, row)) {
            Standing::Stays => Fate::Keep,
            Standing::Fetched | Standing::Gone => Fate::Vanished,
        };
        Ok(Fates::Each((0..rows.num_rows()).map(fate).collect()))
    }
}

/// The rule for a table that is one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whole {
    /// The list came: it is all there is.
    Replaced,
    /// It could not be fetched: the parent's stays.
    Stays,
}

impl Judge for Whole {
    fn fates(&self, _: &RecordBatch) -> Result<Fates, BuildError> {
        Ok(Fates::All(match self {
            Self::Replaced => Fate::Vanished,
            Self::Stays => Fate::Keep,
        }))
    }
}

/// The rule for `balances`: a row leaves with its user only.
#[derive(Debug)]
pub(super) struct Lasting<'a> {
    pub(super) population: &'a Population,
}

/// The columns that [`Lasting`] needs.
pub(super) const LASTING_COLUMNS: &[&str] = &["id_user"];

impl Judge for Lasting<'_> {
    fn fates(&self, rows: &RecordBatch) -> Result<Fates, BuildError> {
        let users = Columns::of(Table::Balances, rows).numbers("id_user")?;
        let gone = |row| self.population.standing(at(users, row)) == Standing::Gone;
        let fate = |row| if gone(row) { Fate::Vanished } else { Fate::Keep };
        Ok(Fates::Each((0..rows.num_rows()).map(fate).collect()))
    }
}
