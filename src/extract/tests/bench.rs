//! A sandbox, the room, and somebody who takes the rows like a stage would.

use std::collections::{BTreeMap, BTreeSet};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use arrow::record_batch::RecordBatch;
use jiff::civil::Date;
use tokio::sync::mpsc;

use crate::api::{Api, ApiConfig, BaseUrl, Limits, Rate, Timings};
use crate::extract::walk::row_hashes;
use crate::extract::*;
use crate::model::{DecimalType, Reason, Secret, UnitMode, UnitOutcome, UserId, Window, time};
use crate::sandbox::{Endpoint, Kind, RequestRecord, Sandbox, SandboxConfig};
use crate::table::column::{day, ids, number, when};
use crate::table::{Context, Decoder, Issue, List, Table};

pub(super) struct Bench {
    pub sandbox: Sandbox,
    pub cancel: Cancel,
    pub drain: Duration,
    pub concurrency: usize,
    pub limits: Limits,
}

/// One row as a lake would hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub content: u64,
    pub date: Option<Date>,
    pub undated_update: bool,
}

/// What a run brought.
#[derive(Debug, Default)]
pub(super) struct Run {
    pub result: Option<Result<(), ExtractError>>,
    pub plan: Plan,
    pub units: BTreeMap<UserId, FetchedUnit>,
    pub failed: BTreeMap<UserId, (Reason, String)>,
    pub rows: BTreeMap<UserId, BTreeMap<i64, Row>>,
    pub tables: BTreeMap<(UserId, Table), Vec<RecordBatch>>,
    pub issues: BTreeMap<UserId, Vec<Issue>>,
    /// Messages with transactions in them.
    pub batches: usize,
}

pub(super) fn user(id: i64) -> UserId {
    UserId::new(id).unwrap()
}

/// One plain user with so many rows.
pub(super) fn plain(rows: usize) -> SandboxConfig {
    SandboxConfig { users: 1, edge_cases: false, transactions_per_user: rows, ..SandboxConfig::default() }
}

impl Bench {
    pub(super) async fn start(config: SandboxConfig) -> Self {
        Self {
            sandbox: Sandbox::start(config).await.unwrap(),
            cancel: Cancel::new(),
            drain: Duration::from_secs(60),
            concurrency: 4,
            limits: Limits { attempts: 3, ..Limits::default() },
        }
    }

    pub(super) fn users(&self) -> Vec<i64> {
        self.sandbox.with_world(|world| world.users())
    }

    pub(super) fn only_user(&self) -> UserId {
        user(self.users()[0])
    }

    pub(super) fn accounts_of(&self, user: i64) -> Vec<i64> {
        self.sandbox.with_world(|world| world.holdings(user).unwrap().accounts().map(|row| row.id).collect())
    }

    /// How many of the user's accounts have transactions.
    pub(super) fn accounts_with_rows(&self, user: UserId) -> usize {
        self.sandbox.with_world(|world| {
            let rows = world.holdings(user.get()).unwrap().transactions().iter();
            rows.map(|row| row.id_account).collect::<BTreeSet<_>>().len()
        })
    }

    pub(super) fn transactions_of(&self, user: i64) -> Vec<i64> {
        self.sandbox.with_world(|world| world.holdings(user).unwrap().transactions().ids().collect())
    }

    pub(super) fn fetcher(&self) -> Fetcher {
        self.fetcher_with(self.sandbox.client_secret())
    }

    pub(super) fn fetcher_with(&self, secret: String) -> Fetcher {
        let mut config = ApiConfig::new(
            BaseUrl::parse(&self.sandbox.base_url()).unwrap(),
            self.sandbox.client_id(),
            Secret::new(secret),
            Secret::new(self.sandbox.users_token()),
        );
        config.rate = Rate::PerSecond(NonZeroU32::new(50_000).unwrap());
        config.concurrency = NonZeroUsize::new(self.concurrency).unwrap();
        config.timings = Timings {
            idle_read: Duration::from_secs(5),
            attempt: Duration::from_secs(20),
            connect: Duration::from_secs(5),
            unit: Duration::from_secs(600),
            ..Timings::scaled(0.001)
        };
        config.limits = self.limits.clone();
        let api = Api::new(config).unwrap();
        let settings =
            FetchConfig { concurrency: NonZeroUsize::new(self.concurrency).unwrap(), drain: self.drain };
        Fetcher::new(api, DecimalType::default(), self.cancel.clone(), settings)
    }

    /// List, plan, fetch.
    pub(super) async fn run(&self, previous: &BTreeMap<UserId, PreviousUnit>, config: &PlanConfig) -> Run {
        let fetcher = self.fetcher();
        let list = fetcher.users().await.unwrap();
        assert!(list.proven);
        let plan = plan(&list, previous, config).unwrap();
        self.fetch(&fetcher, plan, previous).await
    }

    /// Everything of everybody.
    pub(super) async fn full(&self) -> Run {
        self.run(&BTreeMap::new(), &PlanConfig::default()).await
    }

    pub(super) async fn fetch(
        &self,
        fetcher: &Fetcher,
        plan: Plan,
        previous: &BTreeMap<UserId, PreviousUnit>,
    ) -> Run {
        let (out, mut messages) = mpsc::channel(2);
        let mut run = Run::default();
        let work = async {
            let result = fetcher.fetch(&plan, previous, &BTreeMap::new(), &out).await;
            drop(out);
            result
        };
        let take = async {
            while let Some(message) = messages.recv().await {
                run.take(message);
            }
        };
        let (result, ()) = tokio::join!(work, take);
        run.result = Some(result);
        run.plan = plan;
        run
    }

    /// The requests about one user.
    pub(super) fn requests_of(&self, user: UserId) -> Vec<RequestRecord> {
        self.sandbox.requests().into_iter().filter(|request| request.user == Some(user.get())).collect()
    }

    /// How many requests one endpoint got.
    pub(super) fn count(&self, endpoint: Endpoint) -> usize {
        self.sandbox.requests().iter().filter(|request| request.endpoint == endpoint).count()
    }

    /// The hashes of transactions' JSON texts, decoded as a page.
    fn contents(user: UserId, rows: &[&str]) -> Vec<u64> {
        let body = format!(r#"{{"transactions":[{}],"_links":{{"next":null}}}}"#, rows.join(","));
        let decoder = Decoder::new(DecimalType::default());
        let page = decoder.decode(List::Transactions, body.as_bytes(), Context { user: Some(user) }).unwrap();
        row_hashes(&page.rows)
    }

    /// The first and the last of the user's requests for transactions after a request.
    pub(super) fn interval(&self, user: UserId, since: u64) -> (u64, u64) {
        let walk: Vec<u64> = self
            .requests_of(user)
            .iter()
            .filter(|request| {
                matches!(request.endpoint, Endpoint::Transactions | Endpoint::AccountTransactions)
            })
            .map(|request| request.number)
            .filter(|number| *number > since)
            .collect();
        (*walk.first().unwrap(), *walk.last().unwrap())
    }

    /// Every row that was there during all of the user's transaction requests is among `rows`, with a content that it
    /// had meanwhile, and nothing else is that was never there. Returns how many rows there were to find.
    pub(super) fn check(&self, user: UserId, rows: &BTreeMap<i64, Row>, since: u64) -> usize {
        let (first, last) = self.interval(user, since);
        let history = self.sandbox.history(user.get()).unwrap();
        let known: BTreeSet<i64> = history.ids(Kind::Transaction).into_iter().collect();
        for id in rows.keys() {
            assert!(known.contains(id), "row {id} of user {user} never existed");
        }
        let versions: Vec<(i64, Vec<Option<&str>>)> =
            known.into_iter().map(|id| (id, history.versions(Kind::Transaction, id, first, last))).collect();
        let texts: Vec<&str> =
            versions.iter().flat_map(|(_, versions)| versions.iter().flatten().copied()).collect();
        let mut contents = Self::contents(user, &texts).into_iter();
        let mut there = 0;
        for (id, versions) in versions {
            let contents: Vec<u64> = contents.by_ref().take(versions.iter().flatten().count()).collect();
            let found = rows.get(&id);
            if versions.iter().all(Option::is_some) {
                there += 1;
                assert!(found.is_some(), "row {id} of user {user} is lost");
            }
            if let Some(found) = found {
                assert!(contents.contains(&found.content), "row {id} of user {user} is altered or was gone");
            }
        }
        there
    }

    /// As [`Bench::check`], for everything that a run of full walks brought.
    pub(super) fn check_run(&self, run: &Run) -> usize {
        assert!(matches!(run.result, Some(Ok(()))), "{:?}", run.result);
        let empty = BTreeMap::new();
        run.units.keys().map(|user| self.check(*user, run.rows.get(user).unwrap_or(&empty), 0)).sum()
    }

    /// Nothing forbidden was asked, and no token is left.
    pub(super) fn assert_polite(&self) {
        assert_eq!(self.sandbox.violations(), []);
        assert_eq!(self.sandbox.tokens_left(), Vec::<i64>::new());
    }
}

impl Run {
    pub(super) fn take(&mut self, message: Fetched) {
        match message {
            Fetched::Rows { user, table, rows, issues } => {
                assert!(rows.num_rows() > 0 || !issues.is_empty());
                self.issues.entry(user).or_default().extend(issues);
                if table == Table::Transactions {
                    self.batches += 1;
                    self.rows.entry(user).or_default().extend(rows_of(&rows));
                } else {
                    self.tables.entry((user, table)).or_default().push(rows);
                }
            }
            Fetched::Done(unit) => {
                assert!(!self.failed.contains_key(&unit.user));
                // The record survives its own form on disk.
                let text = serde_json::to_string(&unit).unwrap();
                assert_eq!(serde_json::from_str::<FetchedUnit>(&text).unwrap(), *unit);
                self.units.insert(unit.user, *unit);
            }
            Fetched::Failed { user, reason, detail } => {
                self.rows.remove(&user);
                self.failed.insert(user, (reason, detail));
            }
        }
    }

    pub(super) fn unit(&self, user: UserId) -> &FetchedUnit {
        self.units
            .get(&user)
            .unwrap_or_else(|| panic!("user {user}: {:?} {:?}", self.failed.get(&user), self.result))
    }

    pub(super) fn rows_of(&self, user: UserId) -> BTreeMap<i64, Row> {
        self.rows.get(&user).cloned().unwrap_or_default()
    }

    pub(super) fn ids(&self, user: UserId, table: Table) -> BTreeSet<i64> {
        self.tables.get(&(user, table)).into_iter().flatten().flat_map(ids).collect()
    }

    pub(super) fn structure(&self, user: UserId) -> Structure {
        let none = Vec::new();
        let rows = |table| self.tables.get(&(user, table)).unwrap_or(&none);
        Structure::of(rows(Table::Connections), rows(Table::Accounts))
    }
}

fn rows_of(rows: &RecordBatch) -> Vec<(i64, Row)> {
    use arrow::array::Array;
    let (ids, dates, updates) =
        (number(rows, "id").unwrap(), day(rows, "date").unwrap(), when(rows, "last_update").unwrap());
    let row = |at: usize, content: u64| Row {
        content,
        date: dates.is_valid(at).then(|| dates.value(at)).and_then(time::date_of),
        undated_update: updates.is_null(at),
    };
    row_hashes(rows).into_iter().enumerate().map(|(at, content)| (ids.value(at), row(at, content))).collect()
}

/// What the nights before have left: the least of a lake.
#[derive(Clone, Debug, Default)]
pub(super) struct Lake(pub BTreeMap<UserId, HeldUser>);

#[derive(Clone, Debug)]
pub(super) struct HeldUser {
    pub rows: BTreeMap<i64, Row>,
    pub facts: PreviousUnit,
}

impl Lake {
    pub(super) fn previous(&self) -> BTreeMap<UserId, PreviousUnit> {
        self.0.iter().map(|(user, held)| (*user, held.facts.clone())).collect()
    }

    /// Builds upon what is held, as the next snapshot would.
    pub(super) fn absorb(&mut self, run: &Run) {
        for (user, unit) in &run.units {
            let before = self.0.remove(user);
            let mut rows = before.as_ref().map(|held| held.rows.clone()).unwrap_or_default();
            match unit.mode {
                UnitMode::Full => {
                    rows.retain(|_, row| !unit.window.contains(row.date) && !unit.window.is_open())
                }
                UnitMode::Window => rows.retain(|_, row| !unit.window.contains(row.date)),
                UnitMode::Delta => {}
            }
            rows.extend(run.rows_of(*user));
            let window = match (&before, unit.mode) {
                (Some(held), UnitMode::Window) => held.facts.window.union(&unit.window),
                _ => unit.window,
            };
            let facts = PreviousUnit {
                outcome: UnitOutcome::Complete,
                complete: unit.accounts_walked.iter().all(|walk| walk.complete) && unit.rows_without_key == 0,
                window,
                walk_start: unit.walk_start,
                full_walk_start: unit.full_walk_start,
                rows: rows.len() as u64,
                null_last_update: rows.values().any(|row| row.undated_update),
                archived_empty: 0,
                live_empty: false,
                structure: run.structure(*user),
            };
            self.0.insert(*user, HeldUser { rows, facts });
        }
        for user in run.failed.keys() {
            if let Some(held) = self.0.get_mut(user) {
                held.facts.outcome = UnitOutcome::Carried;
            }
        }
        for (user, planned) in &run.plan.users {
            if planned.action == Action::Gone {
                self.0.remove(user);
            }
        }
    }

    pub(super) fn rows(&self, user: UserId) -> &BTreeMap<i64, Row> {
        &self.0[&user].rows
    }
}

pub(super) fn window(from: Option<&str>, to: Option<&str>) -> Window {
    let date = |text: &str| text.parse::<Date>().unwrap();
    Window::new(from.map(date), to.map(date)).unwrap()
}
