//! What there is to say about a lake, at a moment. A function of manifests and the clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use powens_export::lake::RunId;
use powens_export::lake::manifest::{
    Attention, Exported, Incomplete, Manifest, Source, Status, UserCounts, UtcTime,
};
use powens_export::model::{ConnectionId, SourceId, UserId};
use powens_export::table::Table;
use serde::Serialize;

use crate::cli::human;

/// Consents that end within this are named in time to renew them.
const CONSENT_NOTICE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// A connection that says it is healthy and has not been refreshed for this long is not: synchronisation is daily.
const STALE: SignedDuration = SignedDuration::from_hours(72);
/// Snapshots whose growth is shown.
pub(crate) const GROWTH_LENGTH: usize = 7;

/// A lake at a moment.
#[derive(Debug, Serialize)]
pub(crate) struct View<'a> {
    /// When this was asked.
    pub(crate) now: UtcTime,
    /// The last snapshot.
    pub(crate) snapshot: Snapshot<'a>,
    pub(crate) source: &'a Source,
    /// Earliest and latest `date` of the transactions.
    pub(crate) dates: Option<Exported>,
    pub(crate) users: UserCounts,
    /// Rows by table.
    pub(crate) rows: BTreeMap<&'static str, u64>,
    /// The last snapshots, newest first.
    pub(crate) growth: Vec<Growth<'a>>,
    /// Connections by health; null when the manifest left its lists out for their length.
    pub(crate) connections: Option<BTreeMap<&'a str, u64>>,
    /// Connections that say nothing is wrong and were not refreshed for three days.
    pub(crate) stale: Option<Vec<Stale<'a>>>,
    /// Consents that end within 14 days, or have ended; null as above.
    pub(crate) consents: Option<Vec<Consent<'a>>>,
    /// Connections and sources that need somebody.
    pub(crate) attention: &'a [Attention],
    /// Users and accounts that are not complete.
    pub(crate) incomplete: &'a [Incomplete],
}

/// The last snapshot.
#[derive(Debug, Serialize)]
pub(crate) struct Snapshot<'a> {
    pub(crate) run_id: &'a RunId,
    pub(crate) sequence: u64,
    pub(crate) status: Status,
    pub(crate) as_of: Option<UtcTime>,
    pub(crate) finished_at: UtcTime,
    /// Seconds since the run that read the data began.
    pub(crate) age_seconds: u64,
    pub(crate) bytes: u64,
    pub(crate) path: String,
}

/// A snapshot among the last ones.
#[derive(Debug, Serialize)]
pub(crate) struct Growth<'a> {
    pub(crate) run_id: &'a RunId,
    pub(crate) status: Status,
    pub(crate) users: u64,
    pub(crate) accounts: u64,
    pub(crate) transactions: u64,
    pub(crate) bytes: u64,
    pub(crate) requests: u64,
}

/// A connection that is not refreshed although nothing seems wrong with it.
#[derive(Debug, Serialize)]
pub(crate) struct Stale<'a> {
    pub(crate) id_user: Option<UserId>,
    pub(crate) id_connection: ConnectionId,
    pub(crate) connector_name: Option<&'a str>,
    pub(crate) last_update: UtcTime,
}

/// A consent that ends soon.
#[derive(Debug, Serialize)]
pub(crate) struct Consent<'a> {
    pub(crate) id_user: Option<UserId>,
    pub(crate) id_connection: ConnectionId,
    pub(crate) id_source: SourceId,
    pub(crate) connector_name: Option<&'a str>,
    pub(crate) access_expire: UtcTime,
    pub(crate) expired: bool,
}

impl<'a> View<'a> {
    /// The view of a lake whose snapshots have these manifests (newest first, at least one).
    pub(crate) fn new(last: &'a Manifest, earlier: &'a [Manifest], folder: &Path, now: Timestamp) -> Self {
        // Our clock with ours, the bank's with the bank's: what it shows now is what it showed at the walk's start, plus the
        // time that has gone by here since the run began.
        let age = human::between(last.started_at.get(), now);
        let there = last.as_of.map_or(now, |as_of| as_of.get().saturating_add(age).unwrap_or(now));
        Self {
            now: UtcTime::seconds(now),
            snapshot: Snapshot {
                run_id: &last.run_id,
                sequence: last.sequence,
                status: last.status,
                as_of: last.as_of,
                finished_at: last.finished_at,
                age_seconds: age.as_secs(),
                bytes: last.bytes(),
                path: folder.display().to_string(),
            },
            source: &last.source,
            dates: last.window.exported,
            users: last.users,
            rows: last.tables.iter().map(|table| (table.name.name(), table.rows)).collect(),
            growth: std::iter::once(last).chain(earlier).take(GROWTH_LENGTH).map(growth).collect(),
            connections: by_health(last),
            stale: stale(last, there),
            consents: consents(last, there),
            attention: &last.attention,
            incomplete: &last.incomplete,
        }
    }

    /// Whether the last snapshot is complete and the run that read its data began at most `max_age` ago.
    pub(crate) fn passes(&self, max_age: Duration) -> bool {
        self.snapshot.status == Status::Complete && self.snapshot.age_seconds <= max_age.as_secs()
    }
}

fn growth(manifest: &Manifest) -> Growth<'_> {
    Growth {
        run_id: &manifest.run_id,
        status: manifest.status,
        users: manifest.rows(Table::Users),
        accounts: manifest.rows(Table::Accounts),
        transactions: manifest.rows(Table::Transactions),
        bytes: manifest.bytes(),
        requests: manifest.requests.total,
    }
}

fn by_health(manifest: &Manifest) -> Option<BTreeMap<&str, u64>> {
    let mut counts = BTreeMap::new();
    for connection in manifest.connections.as_ref()? {
        *counts.entry(connection.health.as_str()).or_insert(0) += 1;
    }
    Some(counts)
}

fn stale(manifest: &Manifest, now: Timestamp) -> Option<Vec<Stale<'_>>> {
    let silent = |last_update: UtcTime| now.duration_since(last_update.get()) > STALE;
    let connections =
        manifest.connections.as_ref()?.iter().filter(|connection| connection.health == "healthy");
    let stale = connections.filter_map(|connection| {
        Some(Stale {
            id_user: connection.id_user,
            id_connection: connection.id,
            connector_name: connection.connector_name.as_deref(),
            last_update: connection.last_update.filter(|moment| silent(*moment))?,
        })
    });
    Some(stale.collect())
}

fn consents(manifest: &Manifest, now: Timestamp) -> Option<Vec<Consent<'_>>> {
    let mut consents = Vec::new();
    for connection in manifest.connections.as_ref()? {
        for source in connection.sources.iter().filter(|source| source.disabled.is_none()) {
            let Some(access_expire) = source.access_expire else { continue };
            let left = access_expire.get().duration_since(now);
            if left <= CONSENT_NOTICE {
                consents.push(Consent {
                    id_user: connection.id_user,
                    id_connection: connection.id,
                    id_source: source.id,
                    connector_name: connection.connector_name.as_deref(),
                    access_expire,
                    expired: left.is_negative(),
                });
            }
        }
    }
    consents.sort_by_key(|consent| (consent.access_expire, consent.id_connection));
    Some(consents)
}
