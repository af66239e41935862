//! What becomes of the parent's transactions: gone users and accounts take their rows with them, a
//! full walk proves what is no longer there inside its window, and an id that came again replaces its old copy
//! wherever that lies.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;

use crate::model::{Days, UnitMode};
use crate::table::{AccountFacts, Table, derive_transactions};

use super::BuildError;
use super::accounts::Accounts;
use super::column::{Columns, at, text_at};
use super::input::Walked;
use super::judge::{Fate, Fates, Judge};
use super::population::{Population, Standing};
use super::received::Received;

/// The rule for the parent's transactions.
#[derive(Debug)]
pub(super) struct DropSet<'a> {
    population: &'a Population,
    /// Ids of all staged transactions.
    received: Received,
    /// Those of them that lie outside the dates held of their user: they replace what they were, and are left out.
    outside: HashSet<i64>,
    units: HashMap<i64, UnitRule>,
    /// Accounts of fetched users that the parent has.
    known_before: HashSet<i64>,
    /// Accounts of fetched users whose connection or currency changed.
    revised: HashSet<i64>,
    /// How the accounts of fetched users are now.
    facts: AccountFacts,
}

/// What a fetched unit says of its user's rows.
#[derive(Debug)]
struct UnitRule {
    /// The days that the walk covered; `None` for a delta walk, which proves no absence.
    walked: Option<Days>,
    /// The accounts in the user's list, and whether the walk brought all of each.
    accounts: HashMap<i64, bool>,
}

impl UnitRule {
    fn of(unit: &Walked) -> Self {
        let walked = match unit.mode {
            UnitMode::Full | UnitMode::Window => Some(Days::from(unit.window)),
            UnitMode::Delta => None,
        };
        let accounts = unit.accounts.iter().map(|walk| (walk.account.get(), walk.complete));
        Self { walked, accounts: accounts.collect() }
    }
}

impl<'a> DropSet<'a> {
    pub(super) fn new(
        population: &'a Population,
        walked: &BTreeMap<i64, &Walked>,
        received: Vec<i64>,
        outside: HashSet<i64>,
        accounts: Accounts,
    ) -> Self {
        let changed =
            accounts.now.iter().filter(|(id, now)| accounts.before.get(id).is_some_and(|b| b != *now));
        Self {
            population,
            received: Received::new(received),
            outside,
            units: walked.iter().map(|(user, unit)| (*user, UnitRule::of(unit))).collect(),
            revised: changed.map(|(id, _)| *id).collect(),
            known_before: accounts.before.into_keys().collect(),
            facts: accounts.facts,
        }
    }

    /// Whether no row of the parent can be touched.
    pub(super) fn is_idle(&self) -> bool {
        self.received.is_empty() && self.population.all_stay()
    }

    /// Whether a row of that id came in this run.
    pub(super) fn received(&self, id: i64) -> bool {
        self.received.contains(id)
    }

    /// What becomes of all rows of an account, or on which days rows vanish.
    fn fate_of(&self, user: Option<i64>, account: Option<i64>) -> AccountFate {
        match self.population.standing(user) {
            Standing::Stays => return AccountFate::Stays,
            Standing::Gone => return AccountFate::Leaves,
            Standing::Fetched => {}
        }
        let Some(rule) = user.and_then(|user| self.units.get(&user)) else { return AccountFate::Stays };
        let covered = match account.map(|account| (account, rule.accounts.get(&account))) {
            Some((_, Some(complete))) => *complete,
            Some((account, None)) if self.known_before.contains(&account) => return AccountFate::Leaves,
            // Never in the list: its rows come and go with walks of the whole user.
            _ => rule.accounts.values().all(|complete| *complete),
        };
        match rule.walked {
            Some(days) if covered => AccountFate::Walked(days),
            _ => AccountFate::Stays,
        }
    }
}

#[derive(Clone, Copy)]
enum AccountFate {
    Stays,
    Leaves,
    Walked(Days),
}

/// The columns that [`DropSet::fates`] needs, and those that a linked partition's rows are known by.
pub(super) const SCANNED: &[&str] = &["id", "id_account", "id_user", "date", "deleted"];

impl Judge for DropSet<'_> {
    fn fates(&self, rows: &RecordBatch) -> Result<Fates, BuildError> {
        if self.is_idle() {
            return Ok(Fates::All(Fate::Keep));
        }
        let columns = Columns::of(Table::Transactions, rows);
        let (ids, dates) = (columns.numbers("id")?, columns.dates("date")?);
        let mut fates = Vec::with_capacity(rows.num_rows());
        for (user, account, stretch) in columns.accounts()? {
            let fate = self.fate_of(user, account);
            for row in stretch {
                fates.push(match fate {
                    _ if self.outside.contains(&ids.value(row)) => Fate::Vanished,
                    _ if self.received(ids.value(row)) => Fate::Moved,
                    AccountFate::Leaves => Fate::Vanished,
                    AccountFate::Walked(days) if days.contains(at(dates, row)) => Fate::Vanished,
                    AccountFate::Stays | AccountFate::Walked(_) => Fate::Keep,
                });
            }
        }
        Ok(if fates.iter().all(|fate| *fate == Fate::Keep) {
            Fates::All(Fate::Keep)
        } else {
            Fates::Each(fates)
        })
    }

    fn revise(&self, rows: &RecordBatch) -> Result<Option<RecordBatch>, BuildError> {
        if self.revised.is_empty() {
            return Ok(None);
        }
        let table = Table::Transactions;
        let mut pieces = Vec::new();
        let mut any = false;
        for (_, account, stretch) in Columns::of(table, rows).accounts()? {
            let piece = rows.slice(stretch.start, stretch.len());
            pieces.push(if account.is_some_and(|account| self.revised.contains(&account)) {
                any = true;
                derive_transactions(&piece, &self.facts).map_err(BuildError::rows(table))?
            } else {
                piece
            });
        }
        if !any {
            return Ok(None);
        }
        arrow::compute::concat_batches(rows.schema_ref(), &pieces).map(Some).map_err(BuildError::rows(table))
    }
}

impl DropSet<'_> {
    /// Staged rows that are to be held, with the columns that their accounts give.
    pub(super) fn derive(&self, rows: &RecordBatch) -> Result<RecordBatch, BuildError> {
        let table = Table::Transactions;
        let inside = self.without_outside(table, rows, |_| true)?;
        derive_transactions(&inside, &self.facts).map_err(BuildError::rows(table))
    }

    /// Staged issues of rows that are to be held.
    pub(super) fn issues(&self, rows: &RecordBatch) -> Result<RecordBatch, BuildError> {
        let tables = Columns::of(Table::Issues, rows).texts("table")?;
        let of_transactions = |row| text_at(tables, row) == Some(Table::Transactions.name());
        self.without_outside(Table::Issues, rows, of_transactions)
    }

    /// The rows but for those whose `id` names a transaction that is left out.
    fn without_outside(
        &self,
        table: Table,
        rows: &RecordBatch,
        of_transactions: impl Fn(usize) -> bool,
    ) -> Result<RecordBatch, BuildError> {
        if self.outside.is_empty() {
            return Ok(rows.clone());
        }
        let ids = Columns::of(table, rows).numbers("id")?;
        let left_out =
            |row| of_transactions(row) && at(ids, row).is_some_and(|id| self.outside.contains(&id));
        let keep: BooleanArray = (0..rows.num_rows()).map(|row| Some(!left_out(row))).collect();
        filter_record_batch(rows, &keep).map_err(BuildError::rows(table))
    }

    /// Whether rows of these accounts get other derived columns.
    pub(super) fn revises(&self, rows: &RecordBatch) -> Result<bool, BuildError> {
        if self.revised.is_empty() {
            return Ok(false);
        }
        let accounts: &Int64Array = Columns::of(Table::Transactions, rows).numbers("id_account")?;
        Ok(accounts.iter().flatten().any(|account| self.revised.contains(&account)))
    }
}
