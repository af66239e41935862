//! A bank, a lake, the library between them; and what a run is held against.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use powens_export::api::Timings;
use powens_export::export::{self, Cancel, RunConfig};
use powens_export::lake::Manifest;
use powens_export::model::Reason;
use powens_export::sandbox::{Endpoint, Fault, Rule, SandboxConfig};
use powens_export::table::Table;
use serde_json::Value;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::support::{Bank, Row, assert_verified, digests, latest, rows};

/// Three plain users whose rows come in three pages each.
pub(super) fn paged() -> SandboxConfig {
    SandboxConfig { page_cap: Some(15), ..small() }
}

/// Three plain users of one page each.
pub(super) fn small() -> SandboxConfig {
    SandboxConfig { users: 3, edge_cases: false, transactions_per_user: 40, ..SandboxConfig::default() }
}

/// A bank and a folder of lakes.
pub(super) struct Scene {
    pub(super) bank: Bank,
    folder: tempfile::TempDir,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) exit: u8,
    /// The error's message.
    pub(super) error: String,
    /// The log, one JSON object a line.
    pub(super) log: String,
    /// What the lake shows now.
    pub(super) manifest: Option<Manifest>,
    lake: PathBuf,
}

/// The digests of the data that a snapshot publishes, by path.
pub(super) type Digests = BTreeMap<String, String>;

impl Scene {
    pub(super) fn new(config: SandboxConfig) -> Self {
        Self { bank: Bank::new(config), folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn lake(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The users of the bank.
    pub(super) fn users(&self) -> Vec<i64> {
        self.bank.sandbox.with_world(|world| world.users())
    }

    pub(super) fn user(&self) -> i64 {
        self.users()[1]
    }

    pub(super) fn accounts(&self, user: i64) -> Vec<i64> {
        let ids = |world: &mut powens_export::sandbox::World| {
            world.holdings(user).unwrap().accounts().map(|row| row.id).collect()
        };
        self.bank.sandbox.with_world(ids)
    }

    /// The ids of a user's transactions, oldest first.
    pub(super) fn transactions(&self, user: i64) -> Vec<i64> {
        let ids = |world: &mut powens_export::sandbox::World| {
            let ledger = world.holdings(user).unwrap().transactions();
            ledger.ids().collect()
        };
        self.bank.sandbox.with_world(ids)
    }

    pub(super) fn inject(&self, rule: Rule) {
        self.bank.sandbox.inject(rule);
    }

    pub(super) fn requests(&self, endpoint: Endpoint) -> usize {
        self.bank.sandbox.requests().iter().filter(|request| request.endpoint == endpoint).count()
    }

    /// A run into the lake of that name.
    pub(super) fn run(&self, lake: &str) -> Ended {
        self.run_with(lake, |_| ())
    }

    /// The same, with other settings.
    pub(super) fn run_with(&self, lake: &str, change: impl FnOnce(&mut RunConfig)) -> Ended {
        let lake = self.lake(lake);
        let mut config = self.bank.config(&lake);
        change(&mut config);
        // On one thread, so that the log is this run's alone.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let log = Log::default();
        let layer = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(log.clone());
        let logging = tracing_subscriber::registry().with(layer).with(LevelFilter::TRACE);
        let outcome = tracing::subscriber::with_default(logging, || {
            runtime.block_on(export::run(config, Cancel::new(), &|_| ()))
        });
        let (exit, error) = match &outcome {
            Ok(report) => (report.exit(), String::new()),
            Err(error) => (error.exit_code(), error.to_string()),
        };
        let manifest = lake.join("LATEST").exists().then(|| latest(&lake).manifest);
        let ended = Ended { exit, error, log: log.text(), manifest, lake };
        self.keeps_secrets(&ended);
        assert_eq!(self.bank.sandbox.violations(), [], "the guest misbehaved");
        ended
    }

    /// A run on a bank that behaves, into a lake of its own: what others are held against.
    pub(super) fn calm(&self) -> Digests {
        self.bank.sandbox.clear_rules();
        let name = format!("calm-{}", self.bank.sandbox.request_count());
        self.run(&name).whole().digests()
    }

    /// Nothing secret stands in what a run said or wrote beside its data.
    fn keeps_secrets(&self, ended: &Ended) {
        let sandbox = &self.bank.sandbox;
        for secret in [sandbox.client_secret(), sandbox.users_token()] {
            let said = format!("{}{}", ended.log, ended.error);
            assert!(!said.contains(&secret), "a secret is said: {said}");
            if ended.manifest.is_some() {
                let manifest = std::fs::read_to_string(ended.lake.join("latest/manifest.json")).unwrap();
                assert!(!manifest.contains(&secret), "a secret stands in the manifest");
            }
        }
    }

    /// The fault comes once, and the run is as complete as without it; the request was sent again for one of `kinds`.
    pub(super) fn heals(&self, calm: &Digests, on: Endpoint, fault: Fault, kinds: &[&str]) {
        let what = format!("{fault:?} on {on:?}");
        self.bank.sandbox.clear_rules();
        self.inject(Rule::on(on).nth(2).fault(fault));
        let ended = self.run(&format!("heals-{}", self.bank.sandbox.request_count())).whole();
        assert_eq!(&ended.digests(), calm, "{what}");
        let retries = &ended.manifest().requests.retries;
        assert_eq!(retries.len(), 1, "{what}: {retries:?}");
        let (kind, count) = retries.iter().next().unwrap();
        assert!(kinds.contains(&kind.as_str()) && *count == 1, "{what}: {retries:?}");
        let said = ended.lines().into_iter().find(|line| line["message"] == "request is sent again").unwrap();
        assert_eq!((&said["kind"], &said["level"]), (&kind.as_str().into(), &"WARN".into()), "{what}");
        assert_eq!(self.bank.sandbox.tokens_left(), Vec::<i64>::new(), "{what}");
    }

    /// The fault does not end for one user: that user alone is named, the others are complete; on a lake that holds the
    /// user, the rows stay; and the next run mends it.
    pub(super) fn fails_alone(&self, calm: &Digests, rule: impl Fn(i64) -> Rule, reason: Reason) {
        let user = self.user();
        let number = self.bank.sandbox.request_count();
        let (fresh, held) = (format!("fresh-{number}"), format!("held-{number}"));
        self.bank.sandbox.clear_rules();
        self.run(&held).whole();
        self.inject(rule(user));

        let ended = self.run(&fresh).partial(user, reason);
        assert_eq!((ended.manifest().users.failed, ended.manifest().users.complete), (1, 2));
        let found: BTreeSet<String> =
            ended.rows(Table::Transactions).into_iter().map(|row| row["id_user"].clone()).collect();
        let others: BTreeSet<String> =
            self.users().into_iter().filter(|other| *other != user).map(|other| other.to_string()).collect();
        assert_eq!(found, others, "{reason}: the others are there, the user is not");
        let said = ended.lines().into_iter().find(|line| line["message"] == "the user could not be fetched");
        assert_eq!(said.map(|line| line["reason"].clone()), Some(reason.as_str().into()), "{}", ended.log);

        self.bank.sandbox.clear_rules();
        self.inject(rule(user));
        let carried = self.run_with(&held, |config| config.mode = export::RunMode::Full);
        let carried = carried.partial(user, reason);
        assert_eq!(carried.manifest().users.carried, 1, "{reason}");
        assert_eq!(
            carried.digests_of(&[Table::Transactions, Table::Accounts]),
            of_tables(calm, &["transactions", "accounts"])
        );

        self.bank.sandbox.clear_rules();
        for lake in [&fresh, &held] {
            assert_eq!(&self.run(lake).whole().digests(), calm, "{reason}: mended");
        }
        assert_eq!(self.bank.sandbox.tokens_left(), Vec::<i64>::new(), "{reason}");
    }

    /// The fault ends the run with `exit`: nothing is published, what was published stays, and the next run is whole.
    pub(super) fn ends_run(&self, calm: &Digests, rule: impl Fn() -> Rule, exit: u8, said: &str) {
        let number = self.bank.sandbox.request_count();
        let (fresh, held) = (format!("fresh-{number}"), format!("held-{number}"));
        self.bank.sandbox.clear_rules();
        self.run(&held).whole();
        let before = std::fs::read(self.lake(&held).join("LATEST")).unwrap();
        for lake in [&fresh, &held] {
            self.bank.sandbox.clear_rules();
            self.inject(rule());
            let ended = self.run_with(lake, |config| {
                config.api.timings = impatient();
                config.mode = export::RunMode::Full;
            });
            assert_eq!(ended.exit, exit, "{}: {}", ended.error, ended.log);
            assert!(ended.error.contains(said), "{}", ended.error);
        }
        assert!(!self.lake(&fresh).join("LATEST").exists(), "published");
        assert_eq!(std::fs::read(self.lake(&held).join("LATEST")).unwrap(), before, "LATEST moved");
        self.bank.sandbox.clear_rules();
        for lake in [&fresh, &held] {
            assert_eq!(&self.run(lake).whole().digests(), calm, "the next run");
        }
        assert_eq!(self.bank.sandbox.tokens_left(), Vec::<i64>::new());
    }
}

/// Timings under which an outage of a quarter of an hour takes a second.
pub(super) fn impatient() -> Timings {
    let fast = Timings::scaled(0.001);
    Timings {
        connect: std::time::Duration::from_secs(10),
        idle_read: std::time::Duration::from_secs(10),
        attempt: std::time::Duration::from_secs(30),
        slow_window: std::time::Duration::from_secs(30),
        keep_alive: std::time::Duration::from_secs(50),
        unit: std::time::Duration::from_secs(600),
        // Tokens under way are given back also on a busy machine.
        drain: std::time::Duration::from_secs(10),
        ..fast
    }
}

pub(super) fn of_tables(digests: &Digests, tables: &[&str]) -> Digests {
    let of = |path: &str| tables.iter().any(|table| path.contains(&format!("/{table}/")));
    digests.iter().filter(|(path, _)| of(path)).map(|(path, digest)| (path.clone(), digest.clone())).collect()
}

impl Ended {
    pub(super) fn manifest(&self) -> &Manifest {
        self.manifest.as_ref().unwrap_or_else(|| panic!("nothing is published: {}\n{}", self.error, self.log))
    }

    /// Exit 0, complete, and as it was published.
    pub(super) fn whole(self) -> Self {
        assert_eq!((self.exit, self.error.as_str()), (0, ""), "{}", self.log);
        assert_eq!(self.manifest().incomplete, [], "{}", self.log);
        assert_verified(&self.lake);
        self
    }

    /// Exit 3, and one user is named.
    pub(super) fn partial(self, user: i64, reason: Reason) -> Self {
        assert_eq!(self.exit, 3, "{}\n{}", self.error, self.log);
        let named: Vec<(i64, Reason)> =
            self.manifest().incomplete.iter().map(|entry| (entry.id_user.get(), entry.reason)).collect();
        assert_eq!(named, [(user, reason)], "{}", self.log);
        assert_verified(&self.lake);
        self
    }

    /// The digests of all data: how a walk is proven, which `coverage` says, may differ.
    pub(super) fn digests(&self) -> Digests {
        let data: Vec<Table> = Table::ALL.into_iter().filter(|table| *table != Table::Coverage).collect();
        self.digests_of(&data)
    }

    pub(super) fn digests_of(&self, tables: &[Table]) -> Digests {
        digests(self.manifest(), tables)
    }

    /// The published rows of a table.
    pub(super) fn rows(&self, table: Table) -> Vec<Row> {
        rows(&latest(&self.lake), table).into_values().collect()
    }

    /// One row.
    pub(super) fn row(&self, table: Table, id: i64) -> Row {
        let id = id.to_string();
        let found = self.rows(table).into_iter().find(|row| row.get("id") == Some(&id));
        found.unwrap_or_else(|| panic!("{} {id} is not there", table.name()))
    }

    /// The kinds of issues of one row, by column.
    pub(super) fn issues(&self, id: i64) -> BTreeMap<String, String> {
        let id = id.to_string();
        let own = self.rows(Table::Issues).into_iter().filter(|row| row.get("id") == Some(&id));
        own.map(|row| (row["column"].clone(), row["kind"].clone())).collect()
    }

    /// The published files whose path begins so.
    pub(super) fn files(&self, start: &str) -> Vec<PathBuf> {
        let snapshot = latest(&self.lake);
        let named = snapshot.manifest.files.iter().filter(|file| file.path.as_str().starts_with(start));
        named.map(|file| file.path.under(&snapshot.folder)).collect()
    }

    /// The log's lines.
    pub(super) fn lines(&self) -> Vec<Value> {
        self.log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
    }
}

/// Where the log goes.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// What this program said: what libraries say below `info` is never logged.
    fn text(&self) -> String {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines()
            .filter(|line| line.contains("\"target\":\"powens_export"))
            .map(|line| format!("{line}\n"))
            .collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
