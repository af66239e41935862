//! What becomes of the parent's transactions: gone users and accounts take their rows with them, a
//! full walk proves what is no longer there inside its window, and an id that came again replaces its old copy
//! wherever that lies.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{BooleanArray, Int64Array, RecordBatch};
use arrow::compute::filter_record_batch;

use crate::model::UnitMode;
use crate::table::{AccountFacts, Table, derive_transactions};

use super::BuildError;
use super::column::{Columns, at, text_at};
use super::input::Walked;
use super::judge::{Fate, Fates, Judge};
use super::merge::Rows;
use super::population::{Days, Population, Standing};

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
    /// Accounts of fetched users whose connection or currency changed, and how all accounts of such users are now.
    revised: HashSet<i64>,
    facts: AccountFacts,
}

/// A set of ids that is asked for each row of the parent, nearly always in vain: a table of bits, some sixteen for each
/// id, answers most of that without a search.
#[derive(Debug)]
struct Received {
    /// Ascending.
    ids: Vec<i64>,
    bits: Vec<u64>,
    /// The highest bits of an id's hash that name its bit.
    shift: u32,
}

impl Received {
    fn new(mut ids: Vec<i64>) -> Self {
        ids.sort_unstable();
        ids.dedup();
        let places = (ids.len() * 16).next_power_of_two().max(64);
        let mut set = Self { ids, bits: vec![0; places / 64], shift: 64 - places.trailing_zeros() };
        for at in 0..set.ids.len() {
            let (word, bit) = set.place(set.ids[at]);
            set.bits[word] |= bit;
        }
        set
    }

    /// Where an id's bit is. Ids follow one another: a multiplication by an odd number scatters them.
    fn place(&self, id: i64) -> (usize, u64) {
        let place = id.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> self.shift;
        (usize::try_from(place / 64).unwrap_or(0), 1 << (place % 64))
    }

    fn contains(&self, id: i64) -> bool {
        let (word, bit) = self.place(id);
        self.bits[word] & bit != 0 && self.ids.binary_search(&id).is_ok()
    }
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

/// What is known of fetched users' accounts, in the parent and now.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    before: HashMap<i64, (Option<i64>, Option<String>)>,
    now: HashMap<i64, (Option<i64>, Option<String>)>,
    facts: AccountFacts,
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
        self.received.ids.is_empty() && self.population.all_stay()
    }

    /// Whether a row of that id came in this run.
    pub(super) fn received(&self, id: i64) -> bool {
        self.received.contains(id)
    }

    /// What becomes of all rows of an account, or on which days rows vanish.
    fn account(&self, user: Option<i64>, account: Option<i64>) -> AccountFate {
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
        for (user, account, stretch) in accounts_of(columns)? {
            let account = self.account(user, account);
            for row in stretch {
                fates.push(match account {
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
        for (_, account, stretch) in accounts_of(Columns::of(table, rows))? {
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

/// Rows of one user and account: both, and where they stand in their batch.
pub(super) type Stretch = (Option<i64>, Option<i64>, std::ops::Range<usize>);

/// The stretches of rows of one user and account.
pub(super) fn accounts_of(columns: Columns<'_>) -> Result<impl Iterator<Item = Stretch>, BuildError> {
    let (users, accounts) = (columns.numbers("id_user")?, columns.numbers("id_account")?);
    let of = |row: usize| (at(users, row), at(accounts, row));
    let rows = columns.rows.num_rows();
    let mut start = 0;
    Ok(std::iter::from_fn(move || {
        if start == rows {
            return None;
        }
        let (user, account) = of(start);
        let end = (start..rows).find(|row| of(*row) != (user, account)).unwrap_or(rows);
        let stretch = start..end;
        start = end;
        Some((user, account, stretch))
    }))
}
