//! How the simulated API behaves. The defaults are what the documentation and live traces say.

use std::time::Duration;

use jiff::Timestamp;

/// Everything that can be chosen when a sandbox starts.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Users at the start. Ten already show the interesting cases; many thousand are fine.
    pub users: usize,
    /// The world is a function of this.
    pub seed: u64,
    /// The loopback port; 0 takes a free one.
    pub port: u16,
    /// What the sandbox's clock shows at the start. It moves only with changes, nights and `advance`.
    pub start: Timestamp,
    /// Transactions of an ordinary user, on average. Users made for a case (exactly 1000, 2317, 0) have their own.
    pub transactions_per_user: usize,
    /// Put awkward cases in. Off: every user is plain and has exactly `transactions_per_user` rows.
    pub edge_cases: bool,
    /// How transaction lists are paged.
    pub paging: Paging,
    /// Serve at most this many transactions a page, whatever `limit` asks.
    pub page_cap: Option<usize>,
    /// Ignore `limit` and serve this many transactions a page.
    pub page_size: Option<usize>,
    /// `_links` carry paths (`/2.0/…`) instead of whole addresses.
    pub relative_links: bool,
    /// Added to every answer.
    pub latency: Duration,
    /// Answer 429 beyond this rate (real time, the whole domain).
    pub rate_limit: Option<RateLimit>,
    /// How the list of users is paged.
    pub user_list: UserList,
    /// What `total` says on the list of users.
    pub users_total: Total,
    /// What `total` says on transaction lists.
    pub transactions_total: Total,
    /// The status of `noAccount`: 409 as documented, or 400 as the published specification has it.
    pub no_account_status: u16,
    /// User-level and connection-level transaction lists with `all` include rows of archived accounts.
    pub archived_in_walk: bool,
    /// `expand=sources` leaves disabled sources out.
    pub hide_disabled_sources: bool,
    /// Write strings in ASCII only (`\u00e9`).
    pub ascii_only: bool,
    /// Compress answers for clients that accept gzip.
    pub gzip: bool,
    /// What may happen in a night.
    pub nights: Nights,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            users: 10,
            seed: 1,
            port: 0,
            // 2026-11-22 02:00:00 UTC: a Sunday night.
            start: Timestamp::constant(1_795_312_800, 0),
            transactions_per_user: 60,
            edge_cases: true,
            paging: Paging::Keyset,
            page_cap: None,
            page_size: None,
            relative_links: false,
            latency: Duration::ZERO,
            rate_limit: None,
            user_list: UserList::OffsetPaged,
            users_total: Total::Filtered,
            transactions_total: Total::Filtered,
            no_account_status: 409,
            archived_in_walk: true,
            hide_disabled_sources: false,
            ascii_only: false,
            gzip: false,
            nights: Nights::default(),
        }
    }
}

/// How transaction lists are paged. `offset` is honoured in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// `_links.next` carries a cursor over (date, id).
    Keyset,
    /// `_links.next` carries an `offset`.
    Offset,
    /// `_links.next` carries a cursor that looks like the other and counts rows.
    HiddenOffset,
    /// No `_links` at all.
    NoLinks,
}

/// How `GET /users` is paged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserList {
    /// Always the whole list, whatever is asked.
    Unpaged,
    /// `limit` and `offset` are honoured; without `limit` the whole list.
    OffsetPaged,
    /// `limit` is honoured, `offset` is not.
    IgnoresOffset,
    /// As `OffsetPaged`, with `_links`.
    WithLinks,
    /// As `OffsetPaged`, with at most this many users an answer.
    Capped(usize),
    /// `limit` is refused with 400 `invalidValue`.
    RefusesLimit,
}

/// What an envelope's `total` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// The size of the whole filtered set.
    Filtered,
    /// The number of rows in this answer.
    Page,
    /// The key is missing.
    Absent,
    /// The size of the whole filtered set, wrong by this much.
    Off(i64),
    /// The size of the whole filtered set, as a string.
    Text,
}

/// A token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests that trickle in per minute.
    pub per_minute: u32,
    /// Requests the bucket holds.
    pub burst: u32,
}

/// What may happen in a night. Everything but silent edits, unless changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches")]
pub struct Nights {
    /// New rows.
    pub rows_come: bool,
    /// Coming rows are booked, and rows are edited.
    pub rows_change: bool,
    /// Rows are marked deleted.
    pub soft_deletes: bool,
    /// Rows go without a trace, coming rows that are replaced included.
    pub hard_deletes: bool,
    /// Rows change and their `last_update` does not.
    pub silent_edits: bool,
    /// Connections break and are repaired.
    pub states_change: bool,
    /// Accounts are found, archived and recreated.
    pub accounts_change: bool,
    /// Users join and leave.
    pub users_come_and_go: bool,
}

impl Nights {
    /// Nights in which banks are synced and nothing is new.
    pub const QUIET: Self = Self {
        rows_come: false,
        rows_change: false,
        soft_deletes: false,
        hard_deletes: false,
        silent_edits: false,
        states_change: false,
        accounts_change: false,
        users_come_and_go: false,
    };
}

impl Default for Nights {
    fn default() -> Self {
        Self {
            rows_come: true,
            rows_change: true,
            soft_deletes: true,
            hard_deletes: true,
            silent_edits: false,
            states_change: true,
            accounts_change: true,
            users_come_and_go: true,
        }
    }
}
