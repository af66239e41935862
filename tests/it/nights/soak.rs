//! A thousand nights of five users: both changes of the clock, a 29 February, failures, nights without a run, nights with
//! two. `make soak` plays them all; the tests play the first two hundred, from autumn to spring.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use powens_export::export::{Event, Formats, Phase, RunConfig, RunReport};
use powens_export::lake::manifest::Status;
use powens_export::sandbox::{Endpoint, Fault, Nights, Rule, SandboxConfig};
use powens_export::table::Table;

use super::held::{Balances, EQUAL, Held, of_one_full_run, outcomes, paris_day};
use crate::support::{Bank, assert_verified, digests, disk, latest};

/// How many nights are played when nobody asks for more.
const FEW: u64 = 200;
/// Users, likewise.
const FIVE: u64 = 5;
/// Every so many nights the lake is verified and held against a lake made by one full run.
const CHECKED_EVERY: u64 = 50;
/// Eleven nights before the clocks go back; the run begins in the hour that comes twice and, in spring, never.
const START: &str = "2027-10-20T00:20:00Z";
/// As many as the default retention keeps at most: 30 days, 12 months, and a second run of a day among the last 7.
const SNAPSHOTS: usize = 30 + 12 + 7;

/// What the nights cost.
#[derive(Debug, Default)]
struct Sum {
    runs: u64,
    partial: u64,
    requests: u64,
    changed_rows: u64,
    linked: u64,
    written: u64,
    bytes_written: u64,
    most_snapshots: usize,
    slowest: Duration,
    /// How long each part of the runs took.
    phases: BTreeMap<Phase, Duration>,
}

/// The parts of one run, and when each began.
#[derive(Debug, Default)]
struct Phases(Mutex<Vec<(Phase, Instant)>>);

impl Phases {
    fn see(&self, event: &Event) {
        if let Event::Phase(phase) = event {
            self.0.lock().unwrap().push((*phase, Instant::now()));
        }
    }

    fn end(self, sums: &mut BTreeMap<Phase, Duration>) {
        let mut end = Instant::now();
        for (phase, began) in self.0.into_inner().unwrap().into_iter().rev() {
            *sums.entry(phase).or_default() += end.duration_since(began);
            end = began;
        }
    }
}

impl Sum {
    fn add(&mut self, report: &RunReport, took: Duration) {
        let manifest = &report.manifest;
        self.runs += 1;
        self.partial += u64::from(manifest.status == Status::Partial);
        self.requests += manifest.requests.total;
        let changes = manifest.changes.values();
        self.changed_rows += changes.map(|c| c.inserted + c.updated + c.deleted + c.vanished).sum::<u64>();
        let (written, linked): (Vec<_>, Vec<_>) =
            manifest.files.iter().partition(|file| file.since == manifest.run_id);
        self.written += written.len() as u64;
        self.linked += linked.len() as u64;
        self.bytes_written += written.iter().map(|file| file.bytes).sum::<u64>();
        self.slowest = self.slowest.max(took);
    }
}

#[test]
fn a_lake_stays_right_for_a_thousand_nights() {
    let asked = |name: &str| std::env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
    let nights = asked("POWENS_EXPORT_SOAK_NIGHTS").unwrap_or(FEW);
    let people = asked("POWENS_EXPORT_SOAK_USERS").unwrap_or(FIVE);
    let bank = Bank::new(SandboxConfig {
        users: people as usize,
        seed: 29,
        transactions_per_user: 12,
        start: START.parse::<Timestamp>().unwrap(),
        nights: Nights { hard_deletes: false, users_come_and_go: false, ..Nights::default() },
        ..SandboxConfig::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let users = bank.sandbox.with_world(|world| world.users());
    let (mut sum, mut balances, mut first_disk) = (Sum::default(), Balances::default(), 0);
    let began = Instant::now();
    for night in 0..nights {
        // Each eleventh night there is no run, each thirteenth there are two, and each seventh somebody cannot be fetched.
        let runs = if night % 11 == 5 { 0 } else { 1 + u64::from(night % 13 == 7) };
        for _ in 0..runs {
            if night % 7 == 3 {
                let user = users[(night / 7) as usize % users.len()];
                bank.sandbox
                    .inject(Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Status(403)));
            }
            let start = Instant::now();
            // A few accounts of five people are soon a fifth of them.
            let config = RunConfig { accept_shrink: true, ..bank.config(&lake) };
            let phases = Phases::default();
            let report = bank.export_watched(config, &|event| phases.see(&event)).unwrap();
            sum.add(&report, start.elapsed());
            phases.end(&mut sum.phases);
            bank.sandbox.clear_rules();
            let snapshot = latest(&lake);
            let held = Held::some_of(&snapshot, &[Table::Accounts]);
            balances.add(&held, &outcomes(&snapshot), &paris_day(&bank));
        }
        let snapshots = fs::read_dir(lake.join("snapshots")).unwrap().count();
        sum.most_snapshots = sum.most_snapshots.max(snapshots);
        if night == 0 {
            first_disk = disk(&lake);
        }
        if night % CHECKED_EVERY == CHECKED_EVERY - 1 || night == nights - 1 {
            check(&bank, &lake, &folder.path().join(format!("full-{night}")), &mut balances);
        }
        bank.sandbox.night();
        bank.sandbox.forget_requests();
    }
    assert!(sum.most_snapshots <= SNAPSHOTS, "{} snapshots", sum.most_snapshots);
    assert_eq!(bank.sandbox.violations(), []);
    let snapshot = latest(&lake);
    eprintln!(
        "{nights} nights, {} runs ({} partial) in {:.0?}, the slowest {:.0?}; {} requests, {:.1} a user and run\n\
         {} transactions, {} balances; {} rows changed; {} files written ({} bytes), {} linked\n\
         {} snapshots at most; {} bytes of disk, {} after the first night\n\
         {:.0?}",
        sum.runs,
        sum.partial,
        began.elapsed(),
        sum.slowest,
        sum.requests,
        sum.requests as f64 / (sum.runs * users.len() as u64) as f64,
        snapshot.manifest.rows(Table::Transactions),
        snapshot.manifest.rows(Table::Balances),
        sum.changed_rows,
        sum.written,
        sum.bytes_written,
        sum.linked,
        sum.most_snapshots,
        disk(&lake),
        first_disk,
        sum.phases,
    );
}

/// A second run of the night, in which nobody fails, and then: verified, the bytes of one full run, every balance.
fn check(bank: &Bank, lake: &Path, full: &Path, balances: &mut Balances) {
    let config = RunConfig { accept_shrink: true, ..bank.config(lake) };
    let nightly = bank.export(config).unwrap();
    assert_verified(lake);
    assert_eq!(
        digests(&nightly.manifest, EQUAL),
        of_one_full_run(bank, full, Formats::Parquet),
        "{}",
        full.display()
    );
    fs::remove_dir_all(full).unwrap();
    let snapshot = latest(lake);
    balances.add(&Held::some_of(&snapshot, &[Table::Accounts]), &outcomes(&snapshot), &paris_day(bank));
    assert_eq!(Held::some_of(&snapshot, &[Table::Balances]).0[&Table::Balances], balances.0);
}
