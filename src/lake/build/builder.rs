//! The build from end to end: settle who stays, build every table and partition, then what depends on their rows.

use std::collections::{BTreeMap, HashSet};

use crate::lake::FilePath;
use crate::model::UserId;
use crate::table::{Table, issues_batch};

use super::BuildError;
use super::accounts::Accounts;
use super::balances::tonight;
use super::built::Built;
use super::column::{Columns, at};
use super::coverage::{self, Before, Listed};
use super::drop_set::DropSet;
use super::held::Held;
use super::input::{Attempt, BuildInput, Walked};
use super::issues::{IssueRule, Kinds};
use super::key::TextKey;
use super::merge::{Merge, Rows, one};
use super::output::Output;
use super::parent::Parent;
use super::part::{BuiltPart, PartSource};
use super::parts::{Parts, Sources};
use super::population::Population;
use super::rules::Whole;
use super::staged::staged;
use super::sum::Sum;
use super::units::{UnitRow, read_units};

/// Builds a snapshot's files. The data files are a pure function of the parent's rows, the staged rows, the lists and
/// the formats; nothing is synced, and nothing outside the build folder is touched.
///
/// # Errors
/// When a file of the parent is not as it was published, the stage or the disk fails, or the input contradicts itself.
pub fn build(input: &BuildInput<'_>) -> Result<Built, BuildError> {
    let output = Output {
        store: input.store,
        building: input.building.clone(),
        run: input.run,
        areas: input.formats.areas(),
        csv: input.csv,
        decimal: input.decimal,
    };
    let parent = Parent::new(input.parent, input.decimal);
    let walked: BTreeMap<i64, &Walked> = input
        .attempts
        .iter()
        .filter_map(|(user, attempt)| match attempt {
            Attempt::Fetched(walked) => Some((user.get(), walked)),
            _ => None,
        })
        .collect();
    let units_before = units_of_parent(input, &parent)?;
    let population =
        Population::settle(&input.attempts, &input.staged.users(), &units_before, input.started_at)?;
    let drop_set = drop_set(input, &parent, &population, &walked)?;
    let balances = tonight(staged(input.staged, Table::Accounts, None), &walked, input.decimal)?;

    let sources = Sources { input, output: &output, parent: &parent, population: &population };
    let parts = Parts::plan(&sources, &drop_set, &balances)?.build(input.threads)?;
    let mut sum = Sum::default();
    let (mut held, mut listed) = (Held::default(), Listed::default());
    for mut part in parts {
        let (of_transactions, of_accounts) = part.watched();
        held.merge(of_transactions);
        listed.0.extend(of_accounts.0);
        sum.add(part.part);
    }

    let held = held.into_accounts();
    let vanished = sum.vanished(Table::Transactions);
    let coverage = {
        parent.check_sources(Table::Coverage, None)?;
        let before = Before::read(parent.rows(Table::Coverage, None), &population)?;
        coverage::rows(listed, &held, &walked, &population, &before, input.decimal)?
    };
    let rows = || Ok(one(coverage.clone()));
    let judge = &Whole::Replaced;
    let source = PartSource { table: Table::Coverage, month: None, staged: &rows, judge };
    let part: BuiltPart<()> = source.build(&output, &parent)?;
    sum.add(part);

    let judge = IssueRule {
        population: &population,
        transactions: &drop_set,
        vanished,
        connectors_came: input.lists.connectors.is_some(),
    };
    let rows = || issues(input, &drop_set);
    let source = PartSource { table: Table::Issues, month: None, staged: &rows, judge: &judge };
    let part: BuiltPart<Kinds> = source.build(&output, &parent)?;
    let (part, kinds) = part.split();
    sum.add(part);

    let mut rows_of: BTreeMap<i64, u64> = BTreeMap::new();
    for ((user, _), account) in &held {
        *rows_of.entry(user.unwrap_or(0)).or_default() += account.rows;
    }
    let ranges = held.values().filter_map(|account| account.dates);
    let dates = ranges.reduce(|(a, b), (c, d)| (a.min(c), b.max(d)));
    let units = population.into_rows(&rows_of);
    sum.add_file(output.write_units(&units)?);
    Ok(sum.finish(Built { issues: kinds.0, units, dates, ..Built::default() }))
}

fn units_of_parent(
    input: &BuildInput<'_>,
    parent: &Parent<'_>,
) -> Result<BTreeMap<UserId, UnitRow>, BuildError> {
    let Some(snapshot) = input.parent else { return Ok(BTreeMap::new()) };
    let path = FilePath::units();
    let Some(entry) = snapshot.manifest.files.iter().find(|file| file.path == path) else {
        return Ok(BTreeMap::new());
    };
    parent.check(entry)?;
    Ok(read_units(&path.under(&snapshot.folder))?)
}

fn drop_set<'a>(
    input: &BuildInput<'_>,
    parent: &Parent<'_>,
    population: &'a Population,
    walked: &BTreeMap<i64, &Walked>,
) -> Result<DropSet<'a>, BuildError> {
    let mut received = Vec::new();
    // Without a parent no row of it can be dropped.
    let fetched = if parent.exists() { input.staged.users() } else { Vec::new() };
    for user in fetched {
        received.extend(input.staged.transaction_ids(user)?);
    }
    let outside = outside(input, population)?;
    parent.check_sources(Table::Accounts, None)?;
    let accounts = Accounts::read(
        population,
        parent.rows(Table::Accounts, None),
        staged(input.staged, Table::Accounts, None),
    )?;
    Ok(DropSet::new(population, walked, received, outside, accounts))
}

/// The staged transactions that lie outside the dates held of their user.
fn outside(input: &BuildInput<'_>, population: &Population) -> Result<HashSet<i64>, BuildError> {
    let mut outside = HashSet::new();
    if !population.has_limits() {
        return Ok(outside);
    }
    for month in input.staged.months(Table::Transactions)? {
        for rows in staged(input.staged, Table::Transactions, Some(month)) {
            let rows = rows?;
            let columns = Columns::of(Table::Transactions, &rows);
            let (ids, users) = (columns.numbers("id")?, columns.numbers("id_user")?);
            let dates = columns.dates("date")?;
            let left_out =
                (0..rows.num_rows()).filter(|row| population.is_outside(at(users, *row), at(dates, *row)));
            outside.extend(left_out.filter_map(|row| at(ids, row)));
        }
    }
    Ok(outside)
}

/// The staged issues, and those of the domain's lists.
fn issues<'a>(input: &BuildInput<'a>, drop_set: &'a DropSet<'_>) -> Result<Rows<'a>, BuildError> {
    let table = Table::Issues;
    let of_lists = issues_batch(&input.lists.issues, input.decimal).map_err(BuildError::rows(table))?;
    let staged: Rows<'a> = Box::new(staged(input.staged, table, None).map(|rows| drop_set.issues(&rows?)));
    Ok(Box::new(Merge::<TextKey>::new(table, staged, one(of_lists), &Whole::Stays)))
}
