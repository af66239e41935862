//! What counts of the runs: the rows of live attempts, and of each attempt's pieces the last copy of each key.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;

use crate::model::DecimalType;
use crate::table::column::{number, text};
use crate::table::{Month, OrderKey, Table, integer_keys};

use super::StageError;
use super::block::{attempts_of, staged_schema, without_attempts};
use super::ids::{Ids, row_ids};
use super::merge::{Bounds, Input, MergeStream};
use super::run::{BlockEntry, FirstRow, Run};

/// A stream of a table's rows in its order.
pub type Rows = Box<dyn Iterator<Item = Result<RecordBatch, StageError>> + Send>;

/// A run and what counts of it.
#[derive(Debug)]
pub(super) struct View {
    pub(super) run: Arc<Run>,
    /// Whether any row of it does not count.
    partial: bool,
    /// The attempts that count.
    live: BTreeSet<i64>,
    /// Keys that a later piece of the same attempt has too.
    superseded: HashMap<(Table, i64), Ids>,
}

/// The views of all runs, in which `live` attempts count.
pub(super) fn views(
    runs: impl IntoIterator<Item = Arc<Run>>,
    live: impl Fn(i64) -> bool,
) -> Result<Vec<View>, StageError> {
    let mut views: Vec<View> = Vec::new();
    let mut pieces: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for run in runs {
        let alive: BTreeSet<i64> = run.pieces.keys().copied().filter(|attempt| live(*attempt)).collect();
        for attempt in &alive {
            pieces.entry(*attempt).or_default().push(views.len());
        }
        let partial = alive.len() < run.pieces.len();
        views.push(View { run, partial, live: alive, superseded: HashMap::new() });
    }
    for (attempt, mut places) in pieces {
        if places.len() > 1 {
            places.sort_by_key(|place| views[*place].run.pieces[&attempt].sequence);
            supersede(&mut views, attempt, &places)?;
        }
    }
    Ok(views)
}

/// Finds the keys that pieces of one attempt, in ascending sequence, have in common.
fn supersede(views: &mut [View], attempt: i64, places: &[usize]) -> Result<(), StageError> {
    for table in Table::ALL {
        let mut later = Ids::new(table);
        for place in places.iter().rev() {
            let view = &mut views[*place];
            let (union, common) = later.union_and_common(&view.run.ids(attempt, table)?);
            later = union;
            if !common.is_empty() {
                view.partial = true;
                view.superseded.insert((table, attempt), common);
            }
        }
    }
    Ok(())
}

impl View {
    /// Whether every row of the run counts.
    pub(super) fn is_whole(&self) -> bool {
        !self.partial
    }

    /// The attempts that count.
    pub(super) fn live(&self) -> impl Iterator<Item = i64> + '_ {
        self.live.iter().copied()
    }

    /// The keys of an attempt's rows that count.
    pub(super) fn ids(&self, attempt: i64, table: Table) -> Result<Ids, StageError> {
        let all = self.run.ids(attempt, table)?;
        let Some(superseded) = self.superseded.get(&(table, attempt)) else { return Ok(all) };
        let mut ids = Ids::new(table);
        all.iter().filter(|id| !superseded.contains(id)).for_each(|id| ids.push(id));
        Ok(ids)
    }

    /// How many of an attempt's rows count.
    pub(super) fn count(&self, attempt: i64, table: Table) -> u64 {
        let all = self.run.pieces.get(&attempt).and_then(|piece| piece.keys.get(&table));
        let superseded = self.superseded.get(&(table, attempt)).map_or(0, Ids::len);
        all.map_or(0, |(count, _)| *count) - superseded as u64
    }

    /// The rows of a block that count.
    fn rows(&self, table: Table, schema: &SchemaRef, block: BlockEntry) -> Result<RecordBatch, StageError> {
        let rows = self.run.rows(schema, block)?;
        if self.is_whole() {
            return Ok(rows);
        }
        let attempts = attempts_of(&rows).ok_or(StageError::Columns(table))?;
        let counts: Vec<bool> = if table == Table::Issues {
            let (Some(tables), Some(ids)) = (text(&rows, "table"), number(&rows, "id")) else {
                return Err(StageError::Columns(table));
            };
            (0..rows.num_rows())
                .map(|row| {
                    let named = Table::from_name(tables.value(row));
                    self.live.contains(&attempts.value(row))
                        && !named.is_some_and(|table| {
                            self.superseded
                                .get(&(table, attempts.value(row)))
                                .is_some_and(|superseded| superseded.contains_first(ids.value(row)))
                        })
                })
                .collect()
        } else {
            let ids = row_ids(table, &rows)?;
            // Rows of one attempt lie together: it is looked up once for each stretch.
            let mut last: Option<(i64, bool, Option<&Ids>)> = None;
            ids.iter()
                .zip(attempts.values())
                .map(|(id, attempt)| {
                    let (_, live, superseded) = match last {
                        Some(known) if known.0 == *attempt => known,
                        _ => {
                            let found = (
                                *attempt,
                                self.live.contains(attempt),
                                self.superseded.get(&(table, *attempt)),
                            );
                            last = Some(found);
                            found
                        }
                    };
                    live && !superseded.is_some_and(|ids| ids.contains(id))
                })
                .collect()
        };
        Ok(filter_record_batch(&rows, &BooleanArray::from(counts))?)
    }
}

/// Whether rows keep the column of their attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempts {
    Kept,
    Dropped,
}

/// The rows that count of a table and month in these runs, merged; one block of each run is read at a time.
pub(super) fn merged(
    views: &[Arc<View>],
    (table, month): (Table, Option<Month>),
    decimal: DecimalType,
    attempts: Attempts,
    batch_rows: usize,
) -> Rows {
    let schema = staged_schema(table, decimal);
    let views: Vec<Arc<View>> =
        views.iter().filter(|view| !view.run.blocks(table, month).is_empty()).cloned().collect();
    let users = Arc::new(users_of(&views));
    let firsts =
        views.iter().map(|view| view.run.blocks(table, month).iter().map(BlockEntry::first).collect());
    let firsts: Vec<Option<Vec<FirstRow>>> = firsts.collect();
    let inputs = views
        .into_iter()
        .map(|view| {
            let schema = schema.clone();
            let blocks = view.run.blocks(table, month).to_vec();
            let rows = blocks.into_iter().map(move |block| view.rows(table, &schema, block));
            Box::new(rows) as Input<'static, StageError>
        })
        .collect();
    // Users and attempts stand behind the table's order in the keys: rows of two attempts of one user, or of two
    // users, never take each other's place, and their order does not depend on who came first.
    let rows: Rows = if table == Table::Issues {
        Box::new(MergeStream::new(schema, inputs, issue_keys, batch_rows))
    } else {
        let user_of = |users: &HashMap<i64, i64>, attempt| users.get(&attempt).copied().unwrap_or_default();
        let bounds = firsts.into_iter().map(|firsts| {
            let users = users.clone();
            let key = move |(order, attempt)| (order, (user_of(&users, attempt), attempt));
            Box::new(firsts.unwrap_or_default().into_iter().map(key)) as Bounds<'static, RowKey>
        });
        let bounds: Vec<_> = bounds.collect();
        let keys = move |rows: &RecordBatch| {
            let malformed = || ArrowError::SchemaError(format!("not the columns of {}", table.name()));
            let orders = integer_keys(table, rows).ok_or_else(malformed)?;
            let attempts = attempts_of(rows).ok_or_else(malformed)?;
            // Rows of one attempt lie together: its user is looked up once for each stretch.
            let mut end = (0, i64::MIN);
            let key = |(order, attempt): (OrderKey, &i64)| {
                if end.1 != *attempt {
                    end = (user_of(&users, *attempt), *attempt);
                }
                (order, end)
            };
            Ok(orders.into_iter().zip(attempts.values()).map(key).collect::<Vec<RowKey>>())
        };
        Box::new(MergeStream::new(schema, inputs, keys, batch_rows).with_bounds(bounds))
    };
    if attempts == Attempts::Kept {
        return rows;
    }
    let plain = table.schema().arrow(decimal);
    Box::new(rows.map(move |rows| Ok(without_attempts(&plain, &rows?)?)))
}

/// Order, user, attempt.
type RowKey = (OrderKey, (i64, i64));

/// The user of each live attempt.
fn users_of(views: &[Arc<View>]) -> HashMap<i64, i64> {
    let pieces = views.iter().flat_map(|view| view.run.pieces.values());
    pieces.map(|piece| (piece.attempt, piece.user.get())).collect()
}

/// Table, user, id, column, kind, attempt.
type IssueKey = (String, i64, i64, String, String, i64);

/// The order of the `issues` table, which holds texts.
fn issue_keys(rows: &RecordBatch) -> Result<Vec<IssueKey>, ArrowError> {
    let missing = || ArrowError::SchemaError("not the columns of issues".to_owned());
    let text = |name| text(rows, name).ok_or_else(missing);
    let number = |name| number(rows, name).ok_or_else(missing);
    let (tables, columns, kinds) = (text("table")?, text("column")?, text("kind")?);
    let (users, ids) = (number("id_user")?, number("id")?);
    let attempts = attempts_of(rows).ok_or_else(missing)?;
    let user = |row| if users.is_null(row) { i64::MIN } else { users.value(row) };
    Ok((0..rows.num_rows())
        .map(|row| {
            (
                tables.value(row).to_owned(),
                user(row),
                ids.value(row),
                columns.value(row).to_owned(),
                kinds.value(row).to_owned(),
                attempts.value(row),
            )
        })
        .collect())
}
