//! What the last snapshot knows of each user, read from its own files.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;

use crate::encode::ParquetReader;
use crate::extract::{PreviousUnit, Structure};
use crate::lake::build::read_units;
use crate::lake::{FilePath, LakeError, Snapshot};
use crate::model::{UnitOutcome, UserId};
use crate::table::Table;

/// The users that the snapshot holds rows of.
pub(super) fn read(snapshot: &Snapshot) -> Result<BTreeMap<UserId, PreviousUnit>, LakeError> {
    let units = read_units(&FilePath::units().under(&snapshot.folder))?;
    let connections = rows(snapshot, Table::Connections, &["id", "id_user"])?;
    let accounts = rows(snapshot, Table::Accounts, ACCOUNT_COLUMNS)?;
    let mut structures = Structure::by_user(&connections, &accounts);
    let coverage = coverage(snapshot)?;
    let undated = null_last_update(snapshot)?;
    let incomplete: BTreeSet<UserId> = snapshot.manifest.incomplete.iter().map(|entry| entry.id_user).collect();
    let mut previous = BTreeMap::new();
    for (user, row) in units {
        let (Some(window), Some(walk_start), Some(full_walk_start)) = (row.window, row.walk_start, row.full_walk_start)
        else {
            continue;
        };
        if row.outcome == UnitOutcome::Gone {
            continue;
        }
        let structure = structures.remove(&user).unwrap_or_default();
        let empty = |account: &i64| coverage.get(account).is_none_or(|rows| *rows == 0);
        let archived = structure.accounts.iter().filter(|(_, shape)| shape.deleted && !shape.disabled);
        let archived_empty = archived.filter(|(account, _)| empty(account)).count() as u64;
        let unit = PreviousUnit {
            outcome: row.outcome,
            complete: !incomplete.contains(&user),
            window,
            walk_start,
            full_walk_start,
            rows: row.rows,
            null_last_update: undated.contains(&user),
            archived_empty,
            structure,
        };
        previous.insert(user, unit);
    }
    Ok(previous)
}

const ACCOUNT_COLUMNS: &[&str] =
    &["id", "id_user", "id_connection", "id_source", "currency", "deleted", "disabled", "extra"];

/// Some columns of a table, all of its rows: for tables that fit in memory.
fn rows(snapshot: &Snapshot, table: Table, columns: &'static [&'static str]) -> Result<Vec<RecordBatch>, LakeError> {
    let mut batches = Vec::new();
    for file in snapshot.parquet_files(table) {
        for batch in ParquetReader::open(&file.path.under(&snapshot.folder), Some(columns))? {
            batches.push(batch?);
        }
    }
    Ok(batches)
}

/// Transactions held per account.
fn coverage(snapshot: &Snapshot) -> Result<BTreeMap<i64, i64>, LakeError> {
    let mut held = BTreeMap::new();
    for batch in rows(snapshot, Table::Coverage, &["id_account", "rows"])? {
        let number = |name| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
        if let (Some(accounts), Some(rows)) = (number("id_account"), number("rows")) {
            held.extend(accounts.iter().flatten().zip(rows.values().iter().copied()));
        }
    }
    Ok(held)
}

/// The users of whom a row without `last_update` is held: no delta walk would show its changes.
fn null_last_update(snapshot: &Snapshot) -> Result<BTreeSet<UserId>, LakeError> {
    let mut users = BTreeSet::new();
    for file in snapshot.parquet_files(Table::Transactions) {
        let path = file.path.under(&snapshot.folder);
        for batch in ParquetReader::open(&path, Some(&["id_user", "last_update"]))? {
            let batch = batch?;
            let Some(updates) = batch.column_by_name("last_update").filter(|column| column.null_count() > 0) else {
                continue;
            };
            let Some(owners) = batch.column_by_name("id_user").and_then(|c| c.as_primitive_opt::<Int64Type>()) else {
                continue;
            };
            let nulls = (0..batch.num_rows()).filter(|row| updates.is_null(*row));
            users.extend(nulls.filter_map(|row| UserId::new(owners.value(row))));
        }
    }
    Ok(users)
}
