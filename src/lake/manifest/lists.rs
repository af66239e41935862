//! Connections and accounts of a snapshot, collected from its own tables.

use std::collections::BTreeMap;
use std::path::Path;

use arrow::array::Array;
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;

use crate::encode::{EncodeError, ParquetReader};
use crate::lake::layout::Area;
use crate::model::time::ParisClock;
use crate::model::{AccountId, ConnectionId, ConnectorId, Proof, Reason, SourceId, UserId};
use crate::table::Table;
use crate::table::column::{self, at, text_at};

use super::Manifest;
use super::attention::Needs;
use super::content::FileEntry;
use super::people::{AccountEntry, Attention, AttentionKind, ConnectionEntry, SourceEntry};
use super::text::{Day, UtcTime};

/// Above so many connections or accounts the manifest does not list them.
pub const LIST_LIMIT: u64 = 20_000;

/// What the manifest says of people's connections and accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lists {
    /// Connections with their sources; `None` when truncated.
    pub connections: Option<Vec<ConnectionEntry>>,
    /// Accounts and what is held of each; `None` when truncated.
    pub accounts: Option<Vec<AccountEntry>>,
    /// Whether there are more than [`LIST_LIMIT`] of either.
    pub truncated: bool,
    /// Connections and sources that need somebody, by user, connection and source.
    pub attention: Vec<Attention>,
}

impl Lists {
    /// Reads the lists from the Parquet files of a snapshot folder (published or being built).
    ///
    /// `states_at_end`: the states read again at the end of users' walks. `parent`: gives `since` of what needed
    /// somebody before; what is new there is so since `started_at`.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(
        folder: &Path,
        files: &[FileEntry],
        states_at_end: &BTreeMap<ConnectionId, Option<String>>,
        parent: Option<&Manifest>,
        started_at: UtcTime,
    ) -> Result<Self, EncodeError> {
        let published = |table| files.iter().filter(move |file| file.table == Some(table));
        let rows = |table: Table| -> u64 {
            published(table).filter(|file| file.path.parts().area != Area::Csv).map(|file| file.rows).sum()
        };
        let truncated = rows(Table::Connections) > LIST_LIMIT
            || rows(Table::Accounts) > LIST_LIMIT
            || rows(Table::Coverage) > LIST_LIMIT;
        let batches = |table| {
            published(table)
                .filter(|file| file.path.parts().area != Area::Csv)
                .map(|file| ParquetReader::open(&file.path.under(folder), None))
        };
        let mut lists = Collector { needs: Needs::since(parent, started_at), ..Collector::default() };
        for file in batches(Table::Connections) {
            for rows in file? {
                lists.connections(&rows?, states_at_end, !truncated);
            }
        }
        for file in batches(Table::ConnectionSources) {
            for rows in file? {
                lists.sources(&rows?, !truncated);
            }
        }
        if !truncated {
            for file in batches(Table::Coverage) {
                for rows in file? {
                    lists.coverage(&rows?);
                }
            }
            for file in batches(Table::Accounts) {
                for rows in file? {
                    lists.accounts(&rows?);
                }
            }
        }
        Ok(lists.finish(truncated))
    }
}

#[derive(Debug, Default)]
struct Collector {
    needs: Needs,
    connections: BTreeMap<ConnectionId, ConnectionEntry>,
    /// For sources: the user and institution of every connection.
    facts: BTreeMap<ConnectionId, (Option<UserId>, Option<String>)>,
    accounts: BTreeMap<AccountId, AccountEntry>,
    paris: ParisClock,
}

impl Collector {
    fn connections(
        &mut self,
        rows: &RecordBatch,
        states_at_end: &BTreeMap<ConnectionId, Option<String>>,
        listed: bool,
    ) {
        let columns = Columns(rows);
        for row in 0..rows.num_rows() {
            let Some(id) = columns.number("id", row).and_then(ConnectionId::new) else { continue };
            let state = columns.text("state", row);
            let entry = ConnectionEntry {
                id,
                id_user: columns.number("id_user", row).and_then(UserId::new),
                id_connector: columns.number("id_connector", row).and_then(ConnectorId::new),
                connector_name: columns.text("connector_name", row),
                state_at_end: states_at_end.get(&id).cloned().unwrap_or_else(|| state.clone()),
                state,
                health: columns.text("health", row).unwrap_or_default(),
                last_update: columns.time("last_update_utc", row, &mut self.paris),
                next_try: columns.time("next_try", row, &mut self.paris),
                active: columns.truth("active", row),
                sources: Vec::new(),
            };
            let needy = (AttentionKind::Connection, Some(id), None);
            let state = entry.state.as_deref();
            if let Some(need) = self.needs.add(needy, &entry.health, state, entry.last_update) {
                need.id_user = entry.id_user;
                need.connector_name.clone_from(&entry.connector_name);
            }
            self.facts.insert(id, (entry.id_user, entry.connector_name.clone()));
            if listed {
                self.connections.insert(id, entry);
            }
        }
    }

    fn sources(&mut self, rows: &RecordBatch, listed: bool) {
        let columns = Columns(rows);
        for row in 0..rows.num_rows() {
            let Some(id) = columns.number("id", row).and_then(SourceId::new) else { continue };
            let connection = columns.number("id_connection", row).and_then(ConnectionId::new);
            let entry = SourceEntry {
                id,
                name: columns.text("name", row),
                priority: columns.number("priority", row),
                state: columns.text("state", row),
                last_update: columns.time("last_update_utc", row, &mut self.paris),
                disabled: columns.time("disabled", row, &mut self.paris),
                access_expire: columns.time("access_expire", row, &mut self.paris),
                health: columns.text("health", row).unwrap_or_default(),
            };
            let user = columns.number("id_user", row).and_then(UserId::new);
            let name = connection.and_then(|id| self.facts.get(&id)).and_then(|(_, name)| name.clone());
            let needy = (AttentionKind::Source, connection, Some(id));
            let state = entry.state.as_deref();
            if let Some(need) = self.needs.add(needy, &entry.health, state, entry.last_update) {
                need.id_user = user;
                need.connector_name = name;
            }
            if listed && let Some(owner) = connection.and_then(|id| self.connections.get_mut(&id)) {
                owner.sources.push(entry);
            }
        }
    }

    fn coverage(&mut self, rows: &RecordBatch) {
        let columns = Columns(rows);
        for row in 0..rows.num_rows() {
            let Some(id) = columns.number("id_account", row).and_then(AccountId::new) else { continue };
            let entry = AccountEntry {
                id,
                id_user: columns.number("id_user", row).and_then(UserId::new),
                id_connection: None,
                deleted: None,
                disabled: None,
                first_date: columns.day("first_date", row),
                last_date: columns.day("last_date", row),
                rows: columns.number("rows", row).and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0),
                proof: columns.text("proof", row).and_then(|code| Proof::from_code(&code)),
                complete: columns.truth("complete", row).unwrap_or(false),
                reason: columns.text("reason", row).and_then(|code| Reason::from_code(&code)),
            };
            self.accounts.insert(id, entry);
        }
    }

    /// After `coverage`, which has a row for every account.
    fn accounts(&mut self, rows: &RecordBatch) {
        let columns = Columns(rows);
        for row in 0..rows.num_rows() {
            let id = columns.number("id", row).and_then(AccountId::new);
            let Some(entry) = id.and_then(|id| self.accounts.get_mut(&id)) else { continue };
            entry.id_user = columns.number("id_user", row).and_then(UserId::new);
            entry.id_connection = columns.number("id_connection", row).and_then(ConnectionId::new);
            entry.deleted = columns.time("deleted", row, &mut self.paris);
            entry.disabled = columns.time("disabled", row, &mut self.paris);
        }
    }

    fn finish(mut self, truncated: bool) -> Lists {
        for connection in self.connections.values_mut() {
            connection.sources.sort_by_key(|source| source.id);
        }
        Lists {
            connections: (!truncated).then(|| self.connections.into_values().collect()),
            accounts: (!truncated).then(|| self.accounts.into_values().collect()),
            truncated,
            attention: self.needs.sorted(),
        }
    }
}

/// A batch's cells by column name; null where the column is missing.
struct Columns<'a>(&'a RecordBatch);

impl Columns<'_> {
    fn number(&self, name: &str, row: usize) -> Option<i64> {
        at(column::number(self.0, name)?, row)
    }

    fn text(&self, name: &str, row: usize) -> Option<String> {
        text_at(column::text(self.0, name)?, row).map(str::to_owned)
    }

    fn truth(&self, name: &str, row: usize) -> Option<bool> {
        let column = column::flag(self.0, name)?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn day(&self, name: &str, row: usize) -> Option<Day> {
        at(column::day(self.0, name)?, row).and_then(Day::from_days)
    }

    /// An instant; a naive datetime is read as Paris wall clock.
    fn time(&self, name: &str, row: usize, paris: &mut ParisClock) -> Option<UtcTime> {
        let column = column::when(self.0, name)?;
        let naive = matches!(column.data_type(), DataType::Timestamp(_, None));
        let micros = at(column, row)?;
        UtcTime::from_micros(if naive { paris.utc_of(micros)? } else { micros })
    }
}
