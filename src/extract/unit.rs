//! What leaves this room: rows page by page, and one commit record or one failure per user.

use std::collections::{BTreeMap, BTreeSet};

use arrow::record_batch::RecordBatch;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{AccountWalk, ConnectionId, Proof, Reason, UnitMode, UserId, Window};
use crate::table::{Issue, Table};

/// One message of the channel. Messages of one user come in order; those of several users are interleaved.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// Rows of a user. For equal keys the later row wins, within a batch too.
    Rows {
        /// The user that the rows belong to.
        user: UserId,
        /// Their table.
        table: Table,
        /// The rows; may be empty when there are issues only.
        rows: RecordBatch,
        /// What did not fit in these rows.
        issues: Vec<Issue>,
    },
    /// The user is fetched: every row sent before counts.
    Done(Box<FetchedUnit>),
    /// The user could not be fetched: every row sent before is to be dropped.
    Failed {
        /// The user.
        user: UserId,
        /// Why, as a code of the contract.
        reason: Reason,
        /// Why, in words: endpoint, status, ids. Never personal data.
        detail: String,
    },
}

/// The commit record of one user: what was asked, how it is proven, and where the next delta walk begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchedUnit {
    /// The user.
    pub user: UserId,
    /// What was asked for: everything, what changed, or a window and what changed.
    pub mode: UnitMode,
    /// How we know that nothing is missing: the weakest proof among the user's walks.
    pub proof: Proof,
    /// The dates that the walk covered; for a delta walk those that the lake holds already.
    pub window: Window,
    /// When the transactions walk began, on the server's clock: the next delta walk counts from here.
    pub walk_start: Timestamp,
    /// When the last walk that asked for everything in the window began, on the server's clock.
    pub full_walk_start: Timestamp,
    /// When the attempt that fetched this user began, on the server's clock.
    pub as_of: Timestamp,
    /// The accounts in the user's list, each with its proof or the reason why it is incomplete.
    pub accounts_walked: Vec<AccountWalk>,
    /// Accounts that rows name and no list of the user shows.
    pub unknown_accounts: BTreeSet<i64>,
    /// The connections' states after the walk (`None`: healthy).
    pub connection_states_at_end: Vec<(ConnectionId, Option<String>)>,
    /// The ranges that the API named.
    pub api_range: ApiRange,
    /// Fields that the schemas do not know, and in how many rows they came.
    #[serde(with = "pairs")]
    pub unknown_fields: BTreeMap<(Table, String), u64>,
    /// Rows without a valid `id` or `id_account`, which cannot be stored.
    pub rows_without_key: u64,
    /// What was odd without being wrong; see [`flag`].
    pub flags: Vec<String>,
    /// Transactions received, repetitions included.
    pub rows_received: u64,
    /// Distinct transactions that the user's walks hold.
    pub rows_held: u64,
    /// Requests that the user cost, renewing included and revoking left out.
    pub requests: u64,
}

impl FetchedUnit {
    /// The ids of all accounts that the user has data of.
    pub(super) fn accounts(&self) -> impl Iterator<Item = i64> {
        let walked = self.accounts_walked.iter().map(|walk| walk.account.get());
        walked.chain(self.unknown_accounts.iter().copied())
    }
}

/// The codes in [`FetchedUnit::flags`].
pub mod flag {
    /// `total` and the rows received do not agree; two equal walks in a row, or the rows' surplus, settled it.
    pub const TOTAL_MISMATCH: &str = "total_mismatch";
    /// Rows came that no date window shows; a walk without dates brought them.
    pub const WINDOW_BLIND: &str = "window_blind";
    /// Next links counted rows instead of naming one, or came out of order: dates were split.
    pub const OFFSET_PAGING: &str = "offset_paging";
    /// A full walk brought far fewer rows than are held, and another agreed.
    pub const SHRUNK: &str = "shrunk";
    /// Accounts or connections changed under the walk: it was walked again.
    pub const ACCOUNTS_CHANGED: &str = "accounts_changed";
    /// No answer had a `Date` header: the clock is ours.
    pub const OWN_CLOCK: &str = "own_clock";
}

/// The ranges of dates in a transactions answer, verbatim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiRange {
    /// First day of what the API has.
    pub first_date: Option<String>,
    /// Last day of what the API has.
    pub last_date: Option<String>,
    /// First day of what was asked for.
    pub result_min_date: Option<String>,
    /// Last day of what was asked for.
    pub result_max_date: Option<String>,
}

/// A map whose keys are no strings, as a list of pairs: JSON has no other form for it.
mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serializer};

    use crate::table::Table;

    type Fields = BTreeMap<(Table, String), u64>;

    pub(super) fn serialize<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(fields.iter().map(|((table, name), n)| (table, name, n)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
        let triples = Vec::<(Table, String, u64)>::deserialize(deserializer)?;
        Ok(triples.into_iter().map(|(table, name, n)| ((table, name), n)).collect())
    }
}
