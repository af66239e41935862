//! Connections, accounts, ranges, gaps, and who is needed.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::model::{AccountId, ConnectionId, ConnectorId, Proof, Reason, SourceId, UserId};
use crate::table::health::Health;

use super::text::{Day, UtcTime};

/// A user's link to an institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConnectionEntry {
    /// Its id.
    pub id: ConnectionId,
    /// The user.
    pub id_user: Option<UserId>,
    /// The institution.
    pub id_connector: Option<ConnectorId>,
    /// The institution's name.
    pub connector_name: Option<String>,
    /// What stands in the way of its synchronisation, verbatim; null: healthy.
    pub state: Option<String>,
    /// The same, read again at the end of the user's walk where the walk took more than one page.
    pub state_at_end: Option<String>,
    /// What the state means for the data.
    #[schemars(schema_with = "health")]
    pub health: String,
    /// Last successful synchronisation; null: never.
    pub last_update: Option<UtcTime>,
    /// Next planned synchronisation.
    pub next_try: Option<UtcTime>,
    /// Whether it is synchronised at all.
    pub active: Option<bool>,
    /// The ways in which it reaches its institution.
    pub sources: Vec<SourceEntry>,
}

/// One of the ways in which a connection reaches its institution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceEntry {
    /// Its id.
    pub id: SourceId,
    /// Its name: `openapi`, `directaccess`, …
    pub name: Option<String>,
    /// Its order among the sources.
    pub priority: Option<i64>,
    /// As of a connection, for this source alone.
    pub state: Option<String>,
    /// Last success of this source; null: never.
    pub last_update: Option<UtcTime>,
    /// Since when it is ignored.
    pub disabled: Option<UtcTime>,
    /// When the consent ends.
    pub access_expire: Option<UtcTime>,
    /// What the state means for the data.
    #[schemars(schema_with = "health")]
    pub health: String,
}

/// An account and what the snapshot holds of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountEntry {
    /// Its id.
    pub id: AccountId,
    /// The user.
    pub id_user: Option<UserId>,
    /// The connection; null: none, or the account is not in its user's list.
    pub id_connection: Option<ConnectionId>,
    /// Since when it is archived.
    pub deleted: Option<UtcTime>,
    /// Since when it is switched off, for want of the user's consent.
    pub disabled: Option<UtcTime>,
    /// Earliest `date` of its transactions here.
    pub first_date: Option<Day>,
    /// Latest `date` of its transactions here.
    pub last_date: Option<Day>,
    /// Transactions here.
    pub rows: u64,
    /// How we know that nothing is missing.
    pub proof: Option<Proof>,
    /// Whether everything in the window asked for is here.
    pub complete: bool,
    /// Why not.
    pub reason: Option<Reason>,
}

/// The ranges that the API itself named for a user's transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiRange {
    /// The user.
    pub id_user: UserId,
    /// As the API said it.
    pub first_date: Option<String>,
    /// As the API said it.
    pub last_date: Option<String>,
    /// As the API said it.
    pub result_min_date: Option<String>,
    /// As the API said it.
    pub result_max_date: Option<String>,
}

/// A user or account that is not complete.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incomplete {
    /// The user.
    pub id_user: UserId,
    /// The account, where only that is concerned.
    pub id_account: Option<AccountId>,
    /// Why.
    pub reason: Reason,
    /// Start of the run that first found it so.
    pub since: Option<UtcTime>,
    /// Whether the next run may well succeed without anybody doing anything.
    pub retryable: bool,
    /// How many rows are concerned, where that is known.
    pub count: Option<u64>,
}

/// A connection or a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttentionKind {
    /// A connection.
    Connection,
    /// A source of a connection.
    Source,
}

/// A connection or source that needs somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attention {
    /// Which of the two.
    pub kind: AttentionKind,
    /// The user.
    pub id_user: Option<UserId>,
    /// The connection.
    pub id_connection: Option<ConnectionId>,
    /// The source, where it is one.
    pub id_source: Option<SourceId>,
    /// The institution's name.
    pub connector_name: Option<String>,
    /// The state, verbatim.
    pub state: Option<String>,
    /// What the state means for the data.
    #[schemars(schema_with = "health")]
    pub health: String,
    /// Who can clear it.
    #[schemars(schema_with = "who")]
    pub who: String,
    /// Start of the run that first found it in this state.
    pub since: UtcTime,
    /// Last successful synchronisation; null: never.
    pub last_update: Option<UtcTime>,
}

/// A remark that changes nothing about completeness.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Flag {
    /// What.
    pub flag: String,
    /// The user concerned; null: the run.
    pub id_user: Option<UserId>,
}

fn health(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Health::ALL.map(Health::as_str) })
}

fn who(_: &mut SchemaGenerator) -> Schema {
    let mut who: Vec<&str> = Health::ALL.into_iter().filter_map(Health::who).collect();
    who.sort_unstable();
    who.dedup();
    json_schema!({ "type": "string", "enum": who })
}
