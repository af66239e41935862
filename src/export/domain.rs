//! The lists of the domain: its users, and the banks that it knows.

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;

use crate::extract::{Connectors, ExtractError, Fetcher, UserList};
use crate::lake::build::DomainLists;
use crate::model::DecimalType;
use crate::table::{Table, sort};

use super::error::ExportError;
use super::event::Event;

/// The lists as they were read.
#[derive(Debug)]
pub(super) struct Domain {
    pub(super) users: UserList,
    /// `None` when they could not be read: the last snapshot's stay.
    pub(super) connectors: Option<Connectors>,
}

impl Domain {
    /// Reads both lists.
    pub(super) async fn fetch(
        fetcher: &Fetcher,
        events: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<Self, ExportError> {
        Ok(Self { users: fetcher.users().await?, connectors: connectors(fetcher, events).await? })
    }

    /// The rows that they bring to the tables.
    pub(super) fn rows(&self, decimal: DecimalType) -> Result<DomainLists, ExportError> {
        let of = |table: Table, batches: &[RecordBatch]| {
            let schema = table.schema().arrow(decimal);
            concat_batches(&schema, batches).and_then(|rows| sort(table, &rows)).map_err(|error| {
                ExportError::Bug(format!("rows of {} cannot be joined: {error}", table.name()))
            })
        };
        let connectors = match &self.connectors {
            Some(list) => {
                Some((of(Table::Connectors, &list.rows)?, of(Table::ConnectorSources, &list.sources)?))
            }
            None => None,
        };
        let issues =
            self.connectors.iter().flat_map(|list| &list.issues).chain(&self.users.issues).cloned().collect();
        Ok(DomainLists { users: of(Table::Users, &self.users.rows)?, connectors, issues })
    }
}

/// The list of connectors. A run goes on without it: the last snapshot's stays.
pub(super) async fn connectors(
    fetcher: &Fetcher,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<Option<Connectors>, ExportError> {
    match fetcher.connectors().await {
        Ok(connectors) => Ok(Some(connectors)),
        Err(error @ ExtractError::Interrupted) => Err(error.into()),
        Err(error) => {
            events(Event::Notice(format!(
                "the list of connectors could not be read, the last one stays: {error}"
            )));
            Ok(None)
        }
    }
}
