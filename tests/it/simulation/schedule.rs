//! Everything that a seed decides: how the API behaves, what the bank is like, and what each night brings.

use fastrand::Rng;
use jiff::Timestamp;
use powens_export::export::Formats;
use powens_export::sandbox::{Nights, Paging, SandboxConfig, Total, UserList};

use super::bank::BEFORE;

/// A schedule. The same seed gives the same one, for ever.
#[derive(Debug, Clone)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) api: SandboxConfig,
    pub(super) users: usize,
    pub(super) most_rows: usize,
    /// Users fetched at a time. With one, the same seed gives the same requests in the same order.
    pub(super) concurrency: usize,
    /// The pacer finds its own rate, instead of a high fixed one.
    pub(super) adaptive: bool,
    pub(super) formats: Formats,
    pub(super) silent: bool,
    pub(super) hard: bool,
    pub(super) nights: Vec<Night>,
    /// A reader looks at the lake all the time, and at the end it is compared with a fresh one, byte for byte.
    pub(super) compared: bool,
}

/// One night: what happened since the last, and the run.
#[derive(Debug, Clone)]
pub(super) struct Night {
    /// What is drawn while the night is played depends on this alone.
    pub(super) seed: u64,
    /// So many seconds after the last run, where it is not the next night.
    pub(super) soon: Option<i64>,
    /// So many nights after the last run, else.
    pub(super) gap: u8,
    /// Changes of rows before the run.
    pub(super) stirred: usize,
    /// Accounts or connections change before the run.
    pub(super) rearranged: bool,
    /// Users join or leave before the run.
    pub(super) moved: bool,
    /// How likely a change is before each request for transactions; none after so many requests.
    pub(super) churn: Option<(f64, u64)>,
    /// How many troubles the run has.
    pub(super) troubles: usize,
    pub(super) order: Order,
}

/// What is asked of the exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Changes where they are enough, everything every so many days.
    Auto(u32),
    Full,
    /// The dates from so many days ago to so many days ago, open where `None`.
    Window(Option<i32>, Option<i32>),
    /// Only one user.
    OneUser,
}

impl Schedule {
    pub(super) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5157);
        let rng = &mut rng;
        let formats = [Formats::Parquet, Formats::Both, Formats::Csv, Formats::Parquet][rng.usize(..4)];
        let windowed = rng.u8(..6) == 0;
        let length = [1, 1, 2, 2, 2, 2, 3, 5][rng.usize(..8)];
        let nights = (0..length).map(|night| Night::of(rng, night, windowed)).collect();
        Self {
            seed,
            api: manners(rng, seed),
            users: rng.usize(1..5),
            most_rows: [6, 25, 60][rng.usize(..3)],
            concurrency: [1, 1, 2, 4][rng.usize(..4)],
            adaptive: rng.u8(..12) == 0,
            formats,
            silent: rng.u8(..5) == 0,
            hard: rng.u8(..3) > 0,
            nights,
            compared: rng.u8(..8) == 0,
        }
    }

    /// Whether somebody listens to everything that the runs say: it costs time, so to some schedules only.
    pub(super) fn overheard(&self) -> bool {
        self.seed % 8 == 3
    }

    /// Whether a page that says less than there is can be found out: `total` tells the truth about the whole list.
    pub(super) fn total_tells(&self) -> bool {
        self.api.transactions_total == Total::Filtered
    }
}

/// The API's manners: paging, caps, totals that lie or are missing.
fn manners(rng: &mut Rng, seed: u64) -> SandboxConfig {
    let page_cap = [None, Some(rng.usize(3..12)), Some(rng.usize(5..30))][rng.usize(..3)];
    // A quiet night, the hour that comes twice, the night with the hour that never comes, the end of a month.
    let starts =
        ["2026-11-22T02:00:00Z", "2026-10-25T00:20:00Z", "2026-03-28T00:30:00Z", "2026-02-27T23:30:00Z"];
    let first: Timestamp = starts[rng.usize(..starts.len())].parse().unwrap();
    let start = first - jiff::SignedDuration::from_secs(BEFORE);
    let totals = [
        Total::Filtered,
        Total::Filtered,
        Total::Filtered,
        Total::Page,
        Total::Absent,
        Total::Off(rng.i64(1..4)),
        Total::Off(-rng.i64(1..4)),
        Total::Text,
    ];
    let users = [
        UserList::OffsetPaged,
        UserList::OffsetPaged,
        UserList::Unpaged,
        UserList::WithLinks,
        UserList::RefusesLimit,
        UserList::IgnoresOffset,
        UserList::Capped(rng.usize(1..3)),
    ];
    SandboxConfig {
        users: 0,
        seed,
        start,
        edge_cases: false,
        paging: [Paging::Keyset, Paging::Keyset, Paging::Offset, Paging::NoLinks][rng.usize(..4)],
        page_cap,
        page_size: (rng.u8(..10) == 0).then(|| rng.usize(4..20)),
        relative_links: rng.bool(),
        user_list: users[rng.usize(..users.len())],
        users_total: [Total::Filtered, Total::Filtered, Total::Absent, Total::Text][rng.usize(..4)],
        transactions_total: totals[rng.usize(..totals.len())],
        no_account_status: [400, 409][rng.usize(..2)],
        archived_in_walk: rng.u8(..3) > 0,
        hide_disabled_sources: rng.bool(),
        ascii_only: rng.bool(),
        gzip: rng.u8(..4) == 0,
        nights: Nights::QUIET,
        ..SandboxConfig::default()
    }
}

impl Night {
    fn of(rng: &mut Rng, night: usize, windowed: bool) -> Self {
        let order = match rng.u8(..10) {
            _ if windowed && night == 0 => Order::Window(Some(rng.i32(20..60)), None),
            0..5 => Order::Auto([400, 400, 7, 2][rng.usize(..4)]),
            5 | 6 => Order::Full,
            7 if windowed && rng.u8(..3) == 0 => {
                Order::Window(Some(rng.i32(100..130)), Some(rng.i32(70..95)))
            }
            7 | 8 if windowed => Order::Window(Some(rng.i32(30..130)), rng.bool().then(|| rng.i32(0..20))),
            7 if night > 0 => Order::OneUser,
            8 if night > 0 => Order::Window(Some(rng.i32(0..80)), Some(0)),
            _ => Order::Auto(400),
        };
        let troubles = if rng.u8(..5) < 2 { 0 } else { rng.usize(1..3) };
        Self {
            seed: rng.u64(..),
            soon: (rng.u8(..4) == 0).then(|| rng.i64(0..5_400)),
            gap: [1, 1, 1, 3][rng.usize(..4)],
            stirred: [0, 3, 12][rng.usize(..3)],
            rearranged: rng.u8(..3) == 0,
            moved: rng.u8(..5) == 0,
            churn: (rng.u8(..5) < 2).then(|| ([0.05, 0.3, 0.8][rng.usize(..3)], rng.u64(3..40))),
            troubles,
            order,
        }
    }
}
