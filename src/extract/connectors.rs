//! The banks that the domain knows.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;

use crate::api::{Endpoint, Target};
use crate::table::{Issue, List, Table};

use super::error::ExtractError;
use super::list::{self, Asking};
use super::session::Session;

/// The list of connectors with their sources.
#[derive(Clone, Debug)]
pub struct Connectors {
    /// Rows of the table `connectors`.
    pub rows: Vec<RecordBatch>,
    /// Rows of the table `connector_sources`.
    pub sources: Vec<RecordBatch>,
    /// What did not fit.
    pub issues: Vec<Issue>,
    /// Fields that the schemas do not know.
    pub unknown_fields: BTreeMap<(Table, String), u64>,
    /// Rows without an id.
    pub rows_without_key: u64,
    /// Whether nothing can be missing.
    pub proven: bool,
}

pub(super) async fn read(session: &mut Session<'_>) -> Result<Connectors, ExtractError> {
    let first = Target::connectors().with("expand", "sources");
    let paged = first.clone().with("limit", 1000);
    let asking = Asking {
        list: List::Connectors,
        endpoint: Endpoint::Connectors,
        first,
        paged,
        whole: None,
        eager: false,
    };
    let read = list::read(session, &asking).await.map_err(|stop| stop.of_list("connectors"))?;
    Ok(Connectors {
        rows: read.rows,
        sources: read.children,
        issues: read.issues,
        unknown_fields: read.unknown_fields,
        rows_without_key: read.rows_without_key,
        proven: read.proven,
    })
}
