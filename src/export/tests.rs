//! Whole runs on a disk that refuses, and with threads that panic.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustix::io::Errno;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::config::RunConfig;
use super::{Cancel, ExportError, RunMode, RunReport, run};
use crate::api::{ApiConfig, BaseUrl, Rate};
use crate::lake::fixture::copy;
use crate::lake::store::faulty::{Faulty, Point, Refusal};
use crate::lake::store::seam::{self, Act, Watcher, When};
use crate::lake::store::{Step, Syncs};
use crate::lake::{Layout, Snapshot};
use crate::model::Secret;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::verify::verify;

const ERRORS: [Errno; 4] = [Errno::IO, Errno::NOSPC, Errno::ACCESS, Errno::DQUOT];

/// A bank of three users, and a lake that has two of them.
struct Bench {
    runtime: Runtime,
    sandbox: Sandbox,
    lake: TempDir,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let config = SandboxConfig {
            users: 3,
            edge_cases: false,
            transactions_per_user: 10,
            ..SandboxConfig::default()
        };
        let sandbox = runtime.block_on(Sandbox::start(config)).unwrap();
        let bench = Self { runtime, sandbox, lake: tempfile::tempdir().unwrap() };
        let mut first = bench.config(bench.lake.path());
        let users = bench.sandbox.with_world(|world| world.users());
        first.users = users.iter().take(2).filter_map(|id| crate::model::UserId::new(*id)).collect();
        bench.export(first).unwrap();
        bench
    }

    fn config(&self, lake: &Path) -> RunConfig {
        let mut api = ApiConfig::new(
            BaseUrl::parse(&self.sandbox.base_url()).unwrap(),
            self.sandbox.client_id(),
            Secret::new(self.sandbox.client_secret()),
            Secret::new(self.sandbox.users_token()),
        );
        api.rate = Rate::PerSecond(std::num::NonZeroU32::new(50_000).unwrap());
        api.concurrency = std::num::NonZeroUsize::MIN;
        let mode = RunMode::Full;
        RunConfig { mode, syncs: Syncs::Counted, ..RunConfig::new(lake.to_owned(), api) }
    }

    fn export(&self, config: RunConfig) -> Result<RunReport, ExportError> {
        self.runtime.block_on(run(config, Cancel::new(), &|_| ()))
    }

    /// A copy of the lake.
    fn copy(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        copy(self.lake.path(), folder.path());
        folder
    }

    /// Runs again without a disturbance, and checks what came of it.
    fn heals(&self, lake: &Path, expected: &BTreeMap<String, String>, what: &dyn std::fmt::Debug) {
        assert_eq!(verify(lake, None).unwrap().findings, [], "{what:?}");
        let report = self.export(self.config(lake)).unwrap();
        assert_eq!(data(&report), *expected, "{what:?}");
        let left: Vec<_> = std::fs::read_dir(lake.join(".work")).unwrap().collect();
        assert!(left.is_empty(), "{what:?}: {left:?}");
    }
}

fn sequence(lake: &Path) -> u64 {
    Snapshot::latest(&Layout::new(lake)).unwrap().unwrap().manifest.sequence
}

/// The digests of the data files; facts of the run are never the same twice.
fn data(report: &RunReport) -> BTreeMap<String, String> {
    let files = report.manifest.files.iter().map(|file| (file.path.to_string(), file.sha256.to_string()));
    files.filter(|(path, _)| !path.starts_with("state/")).collect()
}

/// Points are of one kind when only the table, month or number differs.
fn kind(point: &Point) -> (When, Step, Vec<String>) {
    let part = |part: &str| part.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    (point.when, point.step, point.path.split('/').take(3).map(part).collect())
}

#[test]
fn faults_62_to_68_every_kind_of_step_of_a_run_may_fail() {
    let bench = Bench::new();
    let undisturbed = bench.copy();
    let faulty = Arc::new(Faulty::default());
    let expected = {
        let _watching = seam::watch(undisturbed.path(), faulty.clone());
        data(&bench.export(bench.config(undisturbed.path())).unwrap())
    };
    let mut kinds = BTreeSet::new();
    let points: Vec<Point> = faulty.points().into_iter().filter(|point| kinds.insert(kind(point))).collect();
    for part in
        [".work/stage/run-", ".work/stage/journal-", ".work/tokens", ".work/RUN/snapshot/parquet", "LATEST"]
    {
        assert!(points.iter().any(|point| point.path.starts_with(part)), "no step on {part}");
    }
    let (mut old, mut new) = (0, 0);
    for (number, point) in points.iter().enumerate() {
        let lake = bench.copy();
        let outcome = {
            let faulty = Arc::new(Faulty::default());
            let _watching = seam::watch(lake.path(), faulty.clone());
            faulty.refuse(Some(Refusal::once(point.clone(), ERRORS[number % ERRORS.len()])));
            let outcome = bench.export(bench.config(lake.path()));
            assert!(faulty.has_refused(), "{point:?} was not reached");
            outcome
        };
        let published = sequence(lake.path()) == 2;
        match outcome {
            Ok(_) => assert!(published, "{point:?}: a run that succeeded published nothing"),
            Err(error) => {
                assert_eq!(error.exit_code(), 74, "{point:?}: {error}");
                assert_eq!(error.is_published(), published, "{point:?}: {error}");
            }
        }
        (old, new) = if published { (old, new + 1) } else { (old + 1, new) };
        bench.heals(lake.path(), &expected, point);
    }
    assert!(old > 20 && new > 5, "{old} old, {new} new");
    println!("{} points of {} kinds: {old} left the old snapshot, {new} the new", points.len(), kinds.len());
}

/// A bug in whatever thread does this step.
#[derive(Debug)]
struct Bug {
    step: Step,
    path: &'static str,
}

impl Watcher for Bug {
    fn reach(&self, when: When, _: &Path, act: &Act<'_>) -> io::Result<()> {
        let here = when == When::Before && act.step == self.step;
        assert!(!(here && act.path.to_string_lossy().contains(self.path)), "a bug");
        Ok(())
    }
}

#[test]
fn fault_78_a_panic_in_any_thread_publishes_nothing() {
    let bench = Bench::new();
    let expected = {
        let undisturbed = bench.copy();
        data(&bench.export(bench.config(undisturbed.path())).unwrap())
    };
    for (step, path) in [
        (Step::Write, ".work/stage/run-"),
        (Step::Write, ".work/tokens"),
        (Step::CreateFile, "/snapshot/parquet/transactions/"),
        (Step::SyncFile, "/snapshot/parquet/"),
        (Step::Rename, "LATEST"),
    ] {
        let lake = bench.copy();
        let outcome = {
            let _watching = seam::watch(lake.path(), Arc::new(Bug { step, path }));
            let config = bench.config(lake.path());
            let running = bench.runtime.spawn(async move { run(config, Cancel::new(), &|_| ()).await });
            bench.runtime.block_on(running)
        };
        match outcome {
            Ok(ended) => assert_eq!(ended.unwrap_err().exit_code(), 1, "{step:?} {path}"),
            Err(error) => assert!(error.is_panic(), "{step:?} {path}"),
        }
        assert_eq!(sequence(lake.path()), 1, "{step:?} {path}");
        bench.heals(lake.path(), &expected, &(step, path));
    }
}
