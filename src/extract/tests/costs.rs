//! What a user costs, by kind: the table that the documents quote.

use std::fmt::Write as _;

use crate::extract::tests::bench::{Bench, Lake, Run, plain, window};
use crate::extract::{PlanConfig, RunMode};
use crate::model::Window;
use crate::sandbox::{Endpoint, NewAccount, Nights, Paging, SandboxConfig};

/// The table under way.
struct Costs(String);

impl Costs {
    /// One run of one user: requests, and how many rows they brought.
    fn line(&mut self, kind: &str, bench: &Bench, run: &Run) {
        let user = bench.only_user();
        let (unit, rows) = (run.unit(user), run.rows_of(user).len());
        let all = bench.requests_of(user).len();
        let lists = bench.count(Endpoint::Transactions) + bench.count(Endpoint::AccountTransactions);
        let pages = rows.div_ceil(1000).max(1);
        // Beside the pages themselves, in percent of them and of the four requests that every user costs.
        let proof = 100 * (all - 4 - pages) / (pages + 4);
        let proven = unit.proof.as_str();
        writeln!(self.0, "{kind:<52} {rows:>7} {lists:>13} {all:>5} {proof:>7} % {proven}").unwrap();
        bench.sandbox.forget_requests();
        bench.assert_polite();
    }

    async fn first(&mut self, kind: &str, bench: &Bench) {
        let run = bench.full().await;
        if run.rows_of(bench.only_user()).len() < 30_000 {
            bench.check_run(&run);
        }
        self.line(kind, bench, &run);
    }

    /// A second run, on top of a first one and what happened since.
    async fn again(&mut self, kind: &str, bench: &Bench, mode: RunMode, changed: usize) {
        let mut lake = Lake::default();
        lake.absorb(&bench.full().await);
        bench.sandbox.night_of(Nights::QUIET);
        let user = bench.only_user();
        let ids = bench.transactions_of(user.get());
        bench.sandbox.with_world(|world| {
            for id in ids.iter().take(changed) {
                world.edit_transaction(user.get(), *id, |row| row.wording = Some("revu".into()));
            }
            // Longer ago than a pass looks back.
            world.advance(5 * 3_600);
        });
        bench.sandbox.forget_requests();
        let run = bench.run(&lake.previous(), &PlanConfig { mode, ..PlanConfig::default() }).await;
        self.line(kind, bench, &run);
    }
}

/// A user of so many rows, the last of which changed long ago.
async fn rested(rows: usize, change: impl FnOnce(&mut SandboxConfig)) -> Bench {
    let mut config = plain(rows);
    change(&mut config);
    let bench = Bench::start(config).await;
    bench.sandbox.with_world(|world| world.advance(3 * 86_400));
    bench
}

/// Accounts with one row each, archived or not, beside the others.
fn more_accounts(bench: &Bench, accounts: usize, rows: usize, archived: bool) {
    let user = bench.only_user().get();
    bench.sandbox.with_world(|world| {
        for _ in 0..accounts {
            let account = world.add_account(user, &NewAccount::default()).unwrap();
            for _ in 0..rows {
                world.insert_transaction(user, account, "2026-01-01", "1.00").unwrap();
            }
            if archived {
                world.archive_account(user, account);
            }
        }
        world.advance(3 * 86_400);
    });
}

#[tokio::test]
async fn what_each_kind_of_user_costs() {
    let mut costs = Costs(format!(
        "{:<52} {:>7} {:>13} {:>5} {:>9} proof\n",
        "kind of user", "rows", "for the rows", "all", "proof"
    ));
    costs.first("first run: one page", &rested(1000, |_| ()).await).await;
    let bench = rested(400, |_| ()).await;
    more_accounts(&bench, 1, 0, false);
    costs.first("first run: one page, an account without rows", &bench).await;
    costs.first("first run: three pages", &rested(2500, |_| ()).await).await;
    costs.first("first run: a hundred pages", &rested(100_000, |_| ()).await).await;
    let bench = rested(400, |config| config.archived_in_walk = false).await;
    more_accounts(&bench, 3, 1, true);
    costs.first("first run: three archived accounts out of sight", &bench).await;
    let offset = |config: &mut SandboxConfig| config.paging = Paging::Offset;
    costs.first("first run: links that count rows, one page", &rested(1000, offset).await).await;
    costs.first("first run: links that count rows, three pages", &rested(2500, offset).await).await;
    costs.first("first run: links that count rows, twenty pages", &rested(20_000, offset).await).await;
    let none = |config: &mut SandboxConfig| config.paging = Paging::NoLinks;
    costs.first("first run: no links, one page", &rested(900, none).await).await;
    costs.first("first run: no links, three pages", &rested(2500, none).await).await;
    let bench = rested(0, |config| config.paging = Paging::Offset).await;
    more_accounts(&bench, 1, 1500, false);
    costs.first("first run: links that count rows, 1,500 rows on a day", &bench).await;
    let bench = rested(2500, |_| ()).await;
    let year: Window = window(Some("2025-11-01"), None);
    let config = PlanConfig { window: year, ..PlanConfig::default() };
    let run = bench.run(&std::collections::BTreeMap::new(), &config).await;
    costs.line("first run: a window", &bench, &run);
    costs.again("quiet night", &rested(2500, |_| ()).await, RunMode::Incremental, 0).await;
    costs.again("night with 300 changes", &rested(2500, |_| ()).await, RunMode::Incremental, 300).await;
    costs.again("night with 2,400 changes", &rested(2500, |_| ()).await, RunMode::Incremental, 2400).await;
    costs.again("weekly full walk of one page", &rested(1000, |_| ()).await, RunMode::Full, 0).await;
    costs.again("weekly full walk of three pages", &rested(2500, |_| ()).await, RunMode::Full, 0).await;
    insta::assert_snapshot!(costs.0);
}
