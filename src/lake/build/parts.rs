//! The tables and partitions that depend on nothing but their own rows: built side by side, the largest first.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use arrow::array::RecordBatch;

use crate::table::{Month, Table};

use super::BuildError;
use super::coverage::Listed;
use super::drop_set::{DropSet, SCANNED};
use super::held::Held;
use super::input::BuildInput;
use super::judge::Judge;
use super::merge::{Rows, none, one};
use super::output::Output;
use super::parent::Parent;
use super::part::{BuiltPart, PartSource, Watch, scan, untouched};
use super::population::Population;
use super::rules::{ByUser, LASTING_COLUMNS, Lasting, Whole};
use super::staged::staged;

/// What all parts are built from.
pub(super) struct Sources<'a> {
    pub(super) input: &'a BuildInput<'a>,
    pub(super) output: &'a Output<'a>,
    pub(super) parent: &'a Parent<'a>,
    pub(super) population: &'a Population,
}

/// One part to build.
#[derive(Clone, Copy, Debug)]
struct Part {
    table: Table,
    month: Option<Month>,
    /// Whether rows of it were staged.
    fresh: bool,
    /// Bytes of it in the parent.
    bytes: u64,
}

/// The parts to build.
pub(super) struct Parts<'a> {
    sources: &'a Sources<'a>,
    drop_set: &'a DropSet<'a>,
    balances: &'a BTreeMap<Month, RecordBatch>,
    parts: Vec<Part>,
}

/// A part that was built, and what was watched of its rows.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) part: BuiltPart<()>,
    held: Held,
    listed: Listed,
}

impl Done {
    /// What transactions and accounts have shown.
    pub(super) fn watched(&mut self) -> (Held, Listed) {
        (std::mem::take(&mut self.held), std::mem::take(&mut self.listed))
    }
}

/// The columns that show whether all rows of a batch stay, and how.
type Look<'l> = (&'static [&'static str], &'l dyn Fn(&RecordBatch) -> Result<bool, BuildError>);

impl<'a> Parts<'a> {
    /// Lists them.
    pub(super) fn plan(
        sources: &'a Sources<'a>,
        drop_set: &'a DropSet<'a>,
        balances: &'a BTreeMap<Month, RecordBatch>,
    ) -> Result<Self, BuildError> {
        let part =
            |table, month, fresh| Part { table, month, fresh, bytes: sources.parent.bytes(table, month) };
        let mut parts = Vec::new();
        for table in Table::ALL {
            let fresh: BTreeSet<Month> = match table {
                // They depend on the rows of the others, and come after them.
                Table::Coverage | Table::Issues => continue,
                Table::Users
                | Table::Connectors
                | Table::ConnectorSources
                | Table::Connections
                | Table::ConnectionSources
                | Table::Accounts => {
                    parts.push(part(table, None, true));
                    continue;
                }
                Table::Transactions => sources.input.staged.months(table)?.into_iter().collect(),
                Table::Balances => balances.keys().copied().collect(),
            };
            let months: BTreeSet<Month> = fresh.iter().copied().chain(sources.parent.months(table)).collect();
            parts.extend(months.into_iter().map(|month| part(table, Some(month), fresh.contains(&month))));
        }
        // The largest first, so that no core is left with it at the end. The order changes no byte.
        parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        Ok(Self { sources, drop_set, balances, parts })
    }

    /// Builds them, so many at a time.
    pub(super) fn build(&self, threads: NonZeroUsize) -> Result<Vec<Done>, BuildError> {
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::with_capacity(self.parts.len()));
        let station = || -> Result<(), BuildError> {
            while let Some(part) = self.parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                let stopped = (self.sources.input.stop.0)();
                match if stopped { Err(BuildError::Stopped) } else { self.build_part(*part) } {
                    Ok(part) => {
                        done.lock().unwrap_or_else(PoisonError::into_inner).push(part);
                    }
                    Err(error) => {
                        // Nobody begins another part.
                        next.store(self.parts.len(), Ordering::Relaxed);
                        return Err(error);
                    }
                }
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let stations: Vec<_> = (1..threads.get()).map(|_| scope.spawn(station)).collect();
            let mut result = station();
            for joined in stations {
                result = result.and(joined.join().unwrap_or(Err(BuildError::Lost)));
            }
            result
        })?;
        Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    fn build_part(&self, part: Part) -> Result<Done, BuildError> {
        let Sources { input, population, .. } = *self.sources;
        let Part { table, month, .. } = part;
        let from_stage = || Ok(staged(input.staged, table, month));
        let quiet = |(part, ())| Done { part, held: Held::default(), listed: Listed::default() };
        match table {
            Table::Transactions => {
                let stays = |rows: &RecordBatch| {
                    Ok(self.drop_set.fates(rows)?.all_stay() && !self.drop_set.revises(rows)?)
                };
                // Staged rows get connection and currency from the accounts that stand beside them in the snapshot.
                let derived = || -> Result<Rows<'_>, BuildError> {
                    Ok(Box::new(staged(input.staged, table, month).map(|rows| self.drop_set.derive(&rows?))))
                };
                let (part, held) = self.partition(part, self.drop_set, &derived, (SCANNED, &stays))?;
                Ok(Done { part, held, listed: Listed::default() })
            }
            Table::Balances => {
                // Balances are kept for ever: a night must not read all there ever were.
                if !part.fresh
                    && population.nobody_left()
                    && let Some(linked) = untouched(self.sources.output, self.sources.parent, (table, month))?
                {
                    return Ok(quiet((linked, ())));
                }
                let judge = Lasting { population };
                let tonight =
                    || Ok(month.and_then(|m| self.balances.get(&m)).map_or_else(none, |r| one(r.clone())));
                let stays = |rows: &RecordBatch| Ok(judge.fates(rows)?.all_stay());
                self.partition(part, &judge, &tonight, (LASTING_COLUMNS, &stays)).map(quiet)
            }
            Table::Accounts => {
                let judge = ByUser { table, population };
                let (part, listed) = self.merged(part, &judge, &from_stage)?;
                Ok(Done { part, held: Held::default(), listed })
            }
            Table::Connections | Table::ConnectionSources => {
                self.merged(part, &ByUser { table, population }, &from_stage).map(quiet)
            }
            Table::Users | Table::Connectors | Table::ConnectorSources | Table::Coverage | Table::Issues => {
                let list = match (table, &input.lists.connectors) {
                    (Table::Users, _) => Some(&input.lists.users),
                    (Table::Connectors, Some((connectors, _))) => Some(connectors),
                    (Table::ConnectorSources, Some((_, sources))) => Some(sources),
                    _ => None,
                };
                let rows = || Ok(list.map_or_else(none, |rows| one(rows.clone())));
                let judge = if list.is_some() { Whole::Replaced } else { Whole::Stays };
                self.merged(part, &judge, &rows).map(quiet)
            }
        }
    }

    fn merged<W: Watch>(
        &self,
        part: Part,
        judge: &dyn Judge,
        rows: &(dyn Fn() -> Result<Rows<'a>, BuildError> + Sync),
    ) -> Result<(BuiltPart<()>, W), BuildError> {
        let source = PartSource { table: part.table, month: part.month, staged: rows, judge };
        source.build(self.sources.output, self.sources.parent).map(BuiltPart::split)
    }

    /// A partition: without fresh rows, a look at some columns may be enough.
    fn partition<W: Watch>(
        &self,
        part: Part,
        judge: &dyn Judge,
        rows: &(dyn Fn() -> Result<Rows<'a>, BuildError> + Sync),
        (columns, stays): Look<'_>,
    ) -> Result<(BuiltPart<()>, W), BuildError> {
        if !part.fresh {
            let Sources { output, parent, .. } = *self.sources;
            if let Some(linked) = scan(output, parent, (part.table, part.month), columns, stays)? {
                return Ok(linked.split());
            }
        }
        self.merged(part, judge, rows)
    }
}
