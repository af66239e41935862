//! How many requests a user may cost at most, computed from what the bank holds: a walk that runs in circles, or reads
//! everything again and again, is found out.

use std::collections::BTreeMap;

use powens_export::sandbox::{Endpoint, Paging, RequestRecord, SandboxConfig, Total, World};

use super::lake::Findings;

/// What is asked of a user.
const LISTS: &[Endpoint] =
    &[Endpoint::Connections, Endpoint::Accounts, Endpoint::Transactions, Endpoint::AccountTransactions];

/// What a list costs, by its rows and days.
#[derive(Debug, Default)]
struct Size {
    rows: u64,
    /// Rows of each day.
    days: BTreeMap<Option<String>, u64>,
}

/// How the API pages.
#[derive(Debug, Clone, Copy)]
struct Manner {
    page: u64,
    /// Links name rows, and `total` counts them.
    straight: bool,
}

impl Manner {
    fn of(api: &SandboxConfig) -> Self {
        let page = api.page_cap.unwrap_or(1000).min(api.page_size.unwrap_or(1000)).max(1) as u64;
        let straight = api.paging == Paging::Keyset && api.transactions_total == Total::Filtered;
        Self { page, straight }
    }

    fn pages(self, rows: u64) -> u64 {
        rows.div_ceil(self.page).max(1)
    }

    /// One reading of a list to its end.
    fn reading(self, size: &Size) -> u64 {
        if self.straight || size.rows < self.page {
            // A look behind an answer without links.
            return self.pages(size.rows) + u64::from(!self.straight);
        }
        // The dates are cut until each part is one answer, and each is looked behind; a day of more than one answer is
        // walked until two walks agree.
        let parts = 2 * size.days.len() as u64 + 3;
        let large = size.days.values().filter(|rows| **rows >= self.page);
        2 + 2 * parts + large.map(|rows| 5 * (self.pages(*rows) + 2)).sum::<u64>()
    }

    /// A full walk with its proof. `quiet`: nothing moved, so no pass brings news.
    fn walk(self, size: &Size, quiet: bool) -> u64 {
        let reading = self.reading(size);
        let equal = 5 * (self.pages(size.rows) + 3);
        if size.rows < self.page && self.straight {
            return reading + 1;
        }
        let (passes, rounds) = if quiet && self.straight { (2, 1) } else { (8, 4) };
        // Passes after the walk, after the accounts and for a `total` that moved; the look without dates; equal walks.
        reading + passes * rounds * reading + 3 + if quiet && self.straight { 0 } else { 2 * equal }
    }
}

/// Holds the requests about each user against the most that their rows may cost.
pub(super) fn bounded(
    world: &mut World,
    api: &SandboxConfig,
    requests: &[RequestRecord],
    quiet: bool,
    findings: &mut Findings,
) {
    let manner = Manner::of(api);
    for user in world.users() {
        let own = |record: &&RequestRecord| {
            record.user == Some(user) && LISTS.contains(&record.endpoint) && record.fault.is_none()
        };
        let asked = requests.iter().filter(own).count() as u64;
        let Some(holdings) = world.holdings(user) else { continue };
        let mut all = Size::default();
        let mut archived: BTreeMap<i64, Size> = BTreeMap::new();
        for account in holdings.accounts().filter(|account| account.deleted.is_some()) {
            archived.insert(account.id, Size::default());
        }
        for row in holdings.transactions().iter() {
            for size in [Some(&mut all), archived.get_mut(&row.id_account)].into_iter().flatten() {
                size.rows += 1;
                *size.days.entry(row.date.as_deref().map(str::to_owned)).or_default() += 1;
            }
        }
        // Changes first, then perhaps everything; accounts that moved under the walk make it once more.
        let walks = if quiet { 2 } else { 3 };
        let own: u64 = archived.values().map(|size| manner.walk(size, quiet)).sum();
        // Connections and accounts before and after each walk.
        let most = walks * (manner.walk(&all, quiet) + own + 4) + if quiet { 0 } else { 20 };
        if asked > most {
            findings.push(format!("user {user} cost {asked} requests, {most} at most for {} rows", all.rows));
        }
    }
}
