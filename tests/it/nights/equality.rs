//! A lake of nights is the lake of one full run, byte for byte, and what each night says of itself is true.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use powens_export::export::{Formats, RunConfig, RunMode, RunReport};
use powens_export::lake::manifest::Status;
use powens_export::model::{UnitOutcome, UserId};
use powens_export::sandbox::{Endpoint, Fault, Nights, Paging, Rule, SandboxConfig};
use powens_export::table::Table;
use proptest::prelude::*;

use super::happenings::{night, pass};
use super::held::{Balances, EQUAL, Held, of_one_full_run, outcomes, paris_day};
use crate::support::{Bank, assert_verified, digests, latest};

/// A run of a history.
#[derive(Clone, Debug)]
struct Run {
    /// Which users are asked for, by place; none: all.
    only: Option<u16>,
    /// A user who cannot be fetched: place, where, with which status.
    failing: Option<(usize, Endpoint, u16)>,
    formats: Formats,
}

fn run() -> impl Strategy<Value = Run> {
    let endpoint = prop_oneof![
        Just(Endpoint::Connections),
        Just(Endpoint::Accounts),
        Just(Endpoint::Transactions),
        Just(Endpoint::Renew),
    ];
    let failing = (0_usize..100, endpoint, prop_oneof![Just(403_u16), Just(404)]);
    let only = prop_oneof![3 => Just(None), 1 => any::<u16>().prop_map(Some)];
    let formats = prop_oneof![3 => Just(Formats::Parquet), 1 => Just(Formats::Csv), 1 => Just(Formats::Both)];
    (only, prop::option::weighted(0.3, failing), formats).prop_map(|(only, failing, formats)| Run {
        only,
        failing,
        formats,
    })
}

/// Moments at which histories begin: before the clocks change, before a year ends, before a 29 February.
const STARTS: [&str; 5] = [
    "2026-10-23T00:30:00Z",
    "2026-03-27T00:50:00Z",
    "2026-12-29T22:30:00Z",
    "2028-02-26T23:10:00Z",
    "2026-11-22T02:00:00Z",
];

fn bank() -> impl Strategy<Value = SandboxConfig> {
    let paging =
        prop_oneof![2 => Just(Paging::Keyset), 1 => Just(Paging::Offset), 1 => Just(Paging::NoLinks)];
    let page_cap = prop::option::of(prop_oneof![Just(5_usize), Just(11)]);
    (4_usize..12, any::<u64>(), 0..STARTS.len(), paging, page_cap, any::<bool>()).prop_map(
        |(users, seed, start, paging, page_cap, archived_in_walk)| SandboxConfig {
            users,
            seed,
            start: STARTS[start].parse::<Timestamp>().unwrap(),
            transactions_per_user: 12,
            paging,
            page_cap,
            archived_in_walk,
            ..SandboxConfig::default()
        },
    )
}

/// A lake that a history fills, and what it must hold.
struct Lake<'a> {
    bank: &'a Bank,
    root: &'a Path,
    full_every_days: u32,
    held: Held,
    balances: Balances,
    /// Users who failed and of whom nothing is held.
    absent: BTreeSet<i64>,
}

impl Lake<'_> {
    fn config(&self, formats: Formats) -> RunConfig {
        RunConfig {
            formats,
            full_every_days: self.full_every_days,
            max_failed_percent: Some(100),
            accept_shrink: true,
            ..self.bank.config(self.root)
        }
    }

    /// Runs as a history says, and checks what the run says.
    fn run(&mut self, run: &Run) -> Result<RunReport, TestCaseError> {
        let users = self.bank.sandbox.with_world(|world| world.users());
        let mut config = self.config(run.formats);
        if let Some(mask) = run.only {
            let chosen = users.iter().enumerate().filter(|(place, _)| mask >> (place % 16) & 1 == 1);
            config.users = chosen.filter_map(|(_, user)| UserId::new(*user)).collect();
        }
        if let Some((place, endpoint, status)) = run.failing {
            // A run that gets no token at all has wrong credentials, and is another story.
            let endpoint = if config.users.is_empty() { endpoint } else { Endpoint::Accounts };
            let user = users[place % users.len()];
            self.bank.sandbox.inject(Rule::on(endpoint).user(user).always().fault(Fault::Status(status)));
        }
        let failing = run.failing.map(|(place, ..)| users[place % users.len()]);
        let report = self.bank.export(config).unwrap();
        self.bank.sandbox.clear_rules();
        self.check(&report, failing)?;
        Ok(report)
    }

    fn check(&mut self, report: &RunReport, failing: Option<i64>) -> Result<(), TestCaseError> {
        assert_verified(self.root);
        let snapshot = latest(self.root);
        let held = Held::of(&snapshot);
        for table in Table::ALL {
            let truth = held.changes_since(&self.held, table);
            prop_assert_eq!(report.manifest.changes[&table], truth, "changes of {}", table.name());
        }

        let outcomes = outcomes(&snapshot);
        for (user, outcome) in &outcomes {
            let stays = matches!(outcome, UnitOutcome::Carried | UnitOutcome::Kept);
            for table in [Table::Transactions, Table::Accounts, Table::Connections, Table::ConnectionSources]
            {
                if stays {
                    prop_assert_eq!(held.of_user(table, *user), self.held.of_user(table, *user));
                }
                if *outcome == UnitOutcome::Gone {
                    prop_assert!(held.of_user(table, *user).is_empty());
                }
            }
        }
        let failed: Vec<i64> = outcomes
            .iter()
            .filter(|(_, outcome)| matches!(outcome, UnitOutcome::Carried | UnitOutcome::Failed))
            .map(|(user, _)| user.get())
            .collect();
        // Who never worked and is not asked for again is still absent, and still named.
        let known = |user: &i64| Some(*user) == failing || self.absent.contains(user);
        prop_assert!(failed.iter().all(known), "{failed:?} failed, not {failing:?}");
        let absent = outcomes.iter().filter(|(_, outcome)| **outcome == UnitOutcome::Failed);
        self.absent = absent.map(|(user, _)| user.get()).collect();
        prop_assert_eq!(report.manifest.status == Status::Partial, !failed.is_empty());

        self.balances.add(&held, &outcomes, &paris_day(self.bank));
        prop_assert_eq!(&held.0[&Table::Balances], &self.balances.0);
        self.held = held;
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10, max_shrink_iters: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_lake_of_nights_is_the_lake_of_one_full_run(
        config in bank(),
        full_every_days in prop_oneof![Just(400_u32), 1_u32..9],
        history in prop::collection::vec((night(), prop::collection::vec(run(), 0..3)), 1..7),
        formats in prop_oneof![3 => Just(Formats::Parquet), 1 => Just(Formats::Both)],
    ) {
        let bank = Bank::new(config);
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("nights");
        let mut lake =
            Lake {
            bank: &bank,
            root: &root,
            full_every_days,
            held: Held::default(),
            balances: Balances::default(),
            absent: BTreeSet::new(),
        };
        for (night, runs) in &history {
            // The first run comes before the first night.
            for run in runs {
                lake.run(run)?;
            }
            pass(&bank.sandbox, night);
        }
        let last = lake.run(&Run { only: None, failing: None, formats })?;
        let once = of_one_full_run(&bank, &folder.path().join("once"), formats);
        prop_assert_eq!(digests(&last.manifest, EQUAL), once);
        prop_assert_eq!(bank.sandbox.violations(), []);
    }
}

/// A year in which rows change and go without a trace: changes do not show it, the next full walk does.
#[test]
fn what_leaves_no_trace_is_found_by_the_next_full_walk() {
    const SILENT: Nights = Nights { silent_edits: true, hard_deletes: true, ..Nights::QUIET };
    let bank =
        Bank::new(SandboxConfig { users: 9, seed: 5, transactions_per_user: 12, ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let (root, full_every_days) = (folder.path().join("nights"), 3);
    let formats = Formats::Parquet;
    let run = |mode| {
        bank.export(RunConfig { mode, full_every_days, accept_shrink: true, ..bank.config(&root) }).unwrap()
    };
    run(RunMode::Auto);
    let mut differed = false;
    for night in 0..6 {
        // Each night touches one row of an account with the odds of one in eight: several pass at once.
        (0..5).for_each(|_| bank.sandbox.night_of(SILENT));
        let nightly = run(RunMode::Incremental);
        let full = of_one_full_run(&bank, &folder.path().join(format!("full-{night}")), formats);
        differed |= digests(&nightly.manifest, EQUAL) != full;
        // Five nights in one are more than three days: everybody is due.
        let repaired = run(RunMode::Auto);
        assert_eq!(digests(&repaired.manifest, EQUAL), full, "night {night}");
    }
    assert!(differed, "the bank changed nothing silently");
}
