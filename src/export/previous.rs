//! What the last snapshot knows of each user, read from its own files.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, RecordBatch};

use crate::encode::ParquetReader;
use crate::extract::{PreviousUnit, Structure};
use crate::lake::build::read_units;
use crate::lake::{FilePath, LakeError, Snapshot};
use crate::model::{UnitOutcome, UserId};
use crate::table::Table;
use crate::table::column::{flag, number, when};

/// The users that the snapshot holds rows of.
pub(super) fn read(snapshot: &Snapshot) -> Result<BTreeMap<UserId, PreviousUnit>, LakeError> {
    let units = read_units(&FilePath::units().under(&snapshot.folder))?;
    let connections = rows(snapshot, Table::Connections, &["id", "id_user"])?;
    let accounts = rows(snapshot, Table::Accounts, ACCOUNT_COLUMNS)?;
    let mut structures = Structure::by_user(&connections, &accounts);
    let Coverage { held, incomplete: accounts_incomplete } = coverage(snapshot)?;
    let undated = null_last_update(snapshot)?;
    let incomplete: BTreeSet<UserId> =
        snapshot.manifest.incomplete.iter().map(|entry| entry.id_user).collect();
    let mut previous = BTreeMap::new();
    for (user, row) in units {
        let (Some(window), Some(walk_start), Some(full_walk_start)) =
            (row.window, row.walk_start, row.full_walk_start)
        else {
            continue;
        };
        if row.outcome == UnitOutcome::Gone {
            continue;
        }
        let structure = structures.remove(&user).unwrap_or_default();
        let empty = |account: &i64| held.get(account).is_none_or(|rows| *rows == 0);
        let archived_empty = structure.archived().filter(empty).count() as u64;
        let live_empty = structure.live().any(|account| empty(&account));
        let unit = PreviousUnit {
            outcome: row.outcome,
            // A unit that was kept keeps the reason of its last failure, and its accounts theirs.
            complete: row.reason.is_none()
                && !incomplete.contains(&user)
                && !accounts_incomplete.contains(&user),
            window,
            walk_start,
            full_walk_start,
            rows: row.rows,
            null_last_update: undated.contains(&user),
            archived_empty,
            live_empty,
            structure,
        };
        previous.insert(user, unit);
    }
    Ok(previous)
}

const ACCOUNT_COLUMNS: &[&str] =
    &["id", "id_user", "id_connection", "id_source", "currency", "deleted", "disabled", "extra"];

/// Some columns of a table, all of its rows: for tables that fit in memory.
fn rows(
    snapshot: &Snapshot,
    table: Table,
    columns: &'static [&'static str],
) -> Result<Vec<RecordBatch>, LakeError> {
    let mut batches = Vec::new();
    for file in snapshot.parquet_files(table) {
        for batch in ParquetReader::open(&file.path.under(&snapshot.folder), Some(columns))? {
            batches.push(batch?);
        }
    }
    Ok(batches)
}

/// What the table `coverage` says.
#[derive(Default)]
struct Coverage {
    /// Transactions held per account.
    held: BTreeMap<i64, i64>,
    /// Users with an account that is not complete.
    incomplete: BTreeSet<UserId>,
}

fn coverage(snapshot: &Snapshot) -> Result<Coverage, LakeError> {
    let mut coverage = Coverage::default();
    for batch in rows(snapshot, Table::Coverage, &["id_account", "id_user", "rows", "complete"])? {
        let number = |name| number(&batch, name);
        let (Some(accounts), Some(users), Some(rows), Some(complete)) =
            (number("id_account"), number("id_user"), number("rows"), flag(&batch, "complete"))
        else {
            continue;
        };
        for row in 0..batch.num_rows() {
            coverage.held.insert(accounts.value(row), rows.value(row));
            if complete.is_valid(row) && !complete.value(row) {
                coverage.incomplete.extend(UserId::new(users.value(row)));
            }
        }
    }
    Ok(coverage)
}

/// The users of whom a row without `last_update` is held: no delta walk would show its changes.
fn null_last_update(snapshot: &Snapshot) -> Result<BTreeSet<UserId>, LakeError> {
    let mut users = BTreeSet::new();
    for file in snapshot.parquet_files(Table::Transactions) {
        let path = file.path.under(&snapshot.folder);
        // Hardly any file has such a row, and its footer says so: a quiet night does not read the history for it.
        if ParquetReader::is_never_null(&path, "last_update")? {
            continue;
        }
        for batch in ParquetReader::open(&path, Some(&["id_user", "last_update"]))? {
            let batch = batch?;
            let updates = when(&batch, "last_update").filter(|column| column.null_count() > 0);
            let (Some(updates), Some(owners)) = (updates, number(&batch, "id_user")) else { continue };
            let nulls = (0..batch.num_rows()).filter(|row| updates.is_null(*row));
            users.extend(nulls.filter_map(|row| UserId::new(owners.value(row))));
        }
    }
    Ok(users)
}
