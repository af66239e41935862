//! One run, told as a sentence.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::api::Api;
use crate::encode::CsvProfile;
use crate::extract::{Cancel, Connectors, ExtractError, FetchConfig, FetchedUnit, Fetcher, Plan, UserList};
use crate::lake::build::{self, Attempt, BuildError, BuildInput, Built, DomainLists, Stop};
use crate::lake::guard::{Counts, Judged, Overrides, Refusal, Verdict, judge};
use crate::lake::layout::place;
use crate::lake::manifest::Manifest;
use crate::lake::store::Store;
use crate::lake::{self, LakeError, Snapshot, WORK_MODE, retention};
use crate::model::{DecimalType, UserId};
use crate::stage::{Stage, StageKey, StageOptions, StageParent, Staged};
use crate::table::{Table, sort};
use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;

use super::config::RunConfig;
use super::error::ExportError;
use super::event::{Event, Phase};
use super::fetch::{self, Gathered};
use super::journal::Journal;
use super::opening::Opening;
use super::plan;
use super::record::Facts;
use super::report::RunReport;
use super::settle;

/// Partitions built at the same time.
const BUILDERS: usize = 2;

/// Copies the domain into the lake: one published, verified snapshot, or an error and nothing that a reader can see.
///
/// `events` is told what happens meanwhile, from the task that polls the future.
///
/// # Errors
/// See [`ExportError`] and its exit codes. What was fetched and staged before is used by the next run.
pub async fn run(
    config: RunConfig,
    cancel: Cancel,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<RunReport, ExportError> {
    let api = Api::new(config.api.clone())?;
    events(Event::Phase(Phase::Planning));
    let opening = Opening::open(&config)?;
    let api = with_journal(&api, &opening, &cancel, events).await?;
    let fetcher = Fetcher::new(api.clone(), opening.decimal, cancel.clone(), fetch_config(&config));
    let (list, connectors) = domain(&fetcher, events).await?;
    let plan = plan::of(&list, &opening.previous, opening.rewrite, &config)?;

    events(Event::Phase(Phase::Fetching));
    let staging = staging(&opening, &config, &plan)?;
    let estimate = plan.estimate();
    events(Event::Planned {
        users: plan.to_fetch().count() as u64,
        requests_estimate: estimate.exact.then_some(estimate.requests),
    });
    let Gathered { staged, failed, reused } =
        fetch::fetch(&fetcher, &api, &plan, &opening, staging, events).await?;
    let (attempts, list) = settle::attempts(&fetcher, list, &plan, staged.units(), &failed).await?;

    let guarded = Guarded::of(&list, &attempts, &config);
    let recorded = Recorded { list, connectors, plan, host: config.api.base_url.host(), stats: api.stats() };
    let opening = Arc::new(opening);
    // A run that nobody polls any more, because it was dropped or its caller panicked, publishes nothing.
    let polled = Arc::new(());
    let poller = Arc::downgrade(&polled);
    let stop = move || cancel.is_cancelled() || poller.strong_count() == 0;
    let (phase, mut phases) = tokio::sync::mpsc::unbounded_channel();
    let finishing = tokio::task::spawn_blocking(move || {
        // Whoever listened may have left: then nobody is told.
        let enter = |now| {
            let _ = phase.send(now);
        };
        finish(&config, &opening, &recorded, staged, attempts, (&guarded, &stop), &enter)
    });
    while let Some(now) = phases.recv().await {
        events(Event::Phase(now));
    }
    let finished = finishing.await;
    drop(polled);
    match finished.map_err(|_| ExportError::Bug("the build's thread panicked".to_owned()))? {
        Ok(report) => Ok(RunReport { reused_units: reused, ..report }),
        // Too many users failed, and the last of them because nobody answered any more: that is what to say.
        Err(ExportError::Refused(refusals)) if refusals.iter().any(Refusal::is_of_failures) => {
            Err(api.outage().map_or(ExportError::Refused(refusals), Into::into))
        }
        Err(error) => Err(error),
    }
}

/// The synchronous half: build, guard, publish, prune.
fn finish(
    config: &RunConfig,
    opening: &Opening,
    recorded: &Recorded,
    staged: Staged<FetchedUnit>,
    attempts: BTreeMap<UserId, Attempt>,
    (guarded, stop): (&Guarded, &(dyn Fn() -> bool + Sync)),
    enter: &dyn Fn(Phase),
) -> Result<RunReport, ExportError> {
    enter(Phase::Building);
    let built = built(config, opening, recorded, &staged, attempts, Stop(stop))?;
    guarded.judge(&built)?;
    let manifest = recorded.manifest(config, opening, staged.units(), built)?;
    // From here on the run is as good as done: who asks it to stop now finds it published.
    if stop() {
        return Err(ExtractError::Interrupted.into());
    }

    enter(Phase::Publishing);
    let destination = &opening.destination;
    let snapshot = lake::publish(destination, &manifest, config.file_mode)?;
    drop(staged);

    enter(Phase::Pruning);
    let pruned = tidy(opening, config, &snapshot);
    Ok(RunReport { manifest, snapshot: snapshot.folder, reused_units: 0, pruned })
}

/// The client, writing down the tokens that it mints, once those that a killed run left are revoked.
async fn with_journal(
    api: &Api,
    opening: &Opening,
    cancel: &Cancel,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<Api, ExportError> {
    let (journal, left) = Journal::open(&opening.destination.store).map_err(|source| LakeError::Io {
        action: "open the token journal",
        path: opening.destination.layout.at(place::token_journal()),
        source,
    })?;
    let api = api.with_journal(Arc::new(journal));
    if !left.is_empty() {
        events(Event::Notice(format!("revoking {} tokens that an interrupted run left", left.len())));
    }
    for token in left {
        let user = token.user();
        if let Err(error) = cancel.unless_cancelled(api.revoke(token)).await? {
            tracing::warn!(user = user.get(), %error, "a token of an interrupted run could not be revoked");
        }
    }
    Ok(api)
}

pub(super) fn fetch_config(config: &RunConfig) -> FetchConfig {
    FetchConfig { concurrency: config.api.concurrency, drain: config.api.timings.drain }
}

/// The lists of the domain.
async fn domain(
    fetcher: &Fetcher,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<(UserList, Option<Connectors>), ExportError> {
    Ok((fetcher.users().await?, connectors(fetcher, events).await?))
}

/// The list of connectors. A run goes on without it: the last snapshot's stays.
pub(super) async fn connectors(
    fetcher: &Fetcher,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<Option<Connectors>, ExportError> {
    match fetcher.connectors().await {
        Ok(connectors) => Ok(Some(connectors)),
        Err(error @ ExtractError::Interrupted) => Err(error.into()),
        Err(error) => {
            events(Event::Notice(format!(
                "the list of connectors could not be read, the last one stays: {error}"
            )));
            Ok(None)
        }
    }
}

/// The stage, and what an interrupted run left in it that this one can use.
fn staging(
    opening: &Opening,
    config: &RunConfig,
    plan: &Plan,
) -> Result<(Stage<FetchedUnit>, BTreeMap<UserId, FetchedUnit>), ExportError> {
    let key = StageKey {
        base_url: config.api.base_url.as_str().to_owned(),
        parent: opening.parent().map(|parent| StageParent {
            run_id: parent.run_id.to_string(),
            manifest_sha256: parent.sha256.to_string(),
        }),
        window: config.window,
        schema_fingerprint: schemas(opening.decimal),
        decimal: opening.decimal,
    };
    let options = StageOptions { max_age: config.resume_max_age, ..StageOptions::default() };
    let disk = Store::open(opening.destination.layout.root(), config.syncs).map_err(LakeError::from)?;
    let (mut stage, found) =
        Stage::open(Arc::new(disk), &Opening::stage_place(), &key, options, opening.started_at)?;
    let reused = fetch::reusable(&mut stage, found, plan)?;
    Ok((stage, reused))
}

/// One fingerprint of all tables.
fn schemas(decimal: DecimalType) -> String {
    Table::ALL.map(|table| table.schema().fingerprint(decimal)).join(",")
}

fn built(
    config: &RunConfig,
    opening: &Opening,
    recorded: &Recorded,
    staged: &Staged<FetchedUnit>,
    attempts: BTreeMap<UserId, Attempt>,
    stop: Stop<'_>,
) -> Result<Built, ExportError> {
    let destination = &opening.destination;
    let building = place::building(&opening.run);
    destination.store.create_dirs(&building, WORK_MODE).map_err(LakeError::from)?;
    let input = BuildInput {
        store: &destination.store,
        building,
        run: &opening.run,
        started_at: opening.started_at,
        parent: opening.parent(),
        staged,
        lists: recorded.lists(opening.decimal)?,
        attempts,
        formats: match (config.formats.parquet, config.formats.csv) {
            (true, true) => build::Formats::Both,
            (false, true) => build::Formats::Csv,
            (_, false) => build::Formats::Parquet,
        },
        csv: config.csv_profile.parse::<CsvProfile>().unwrap_or_default(),
        decimal: opening.decimal,
        threads: NonZeroUsize::new(BUILDERS).unwrap_or(NonZeroUsize::MIN),
        stop,
    };
    match build::build(&input) {
        Err(BuildError::Stopped) => Err(ExtractError::Interrupted.into()),
        built => Ok(built?),
    }
}

/// What the manifest tells besides the files.
#[derive(Debug)]
struct Recorded {
    list: UserList,
    connectors: Option<Connectors>,
    plan: Plan,
    host: String,
    stats: crate::api::Stats,
}

impl Recorded {
    fn lists(&self, decimal: DecimalType) -> Result<DomainLists, ExportError> {
        let one = |table: Table, batches: &[RecordBatch]| {
            let schema = table.schema().arrow(decimal);
            concat_batches(&schema, batches).and_then(|rows| sort(table, &rows)).map_err(|error| {
                ExportError::Bug(format!("rows of {} cannot be joined: {error}", table.name()))
            })
        };
        let connectors = match &self.connectors {
            Some(list) => {
                Some((one(Table::Connectors, &list.rows)?, one(Table::ConnectorSources, &list.sources)?))
            }
            None => None,
        };
        let issues =
            self.connectors.iter().flat_map(|list| &list.issues).chain(&self.list.issues).cloned().collect();
        Ok(DomainLists { users: one(Table::Users, &self.list.rows)?, connectors, issues })
    }

    fn manifest(
        &self,
        config: &RunConfig,
        opening: &Opening,
        units: &BTreeMap<UserId, FetchedUnit>,
        built: Built,
    ) -> Result<Manifest, ExportError> {
        let folder = opening.destination.layout.at(place::building(&opening.run));
        let facts = Facts {
            opening,
            host: self.host.clone(),
            window: config.window,
            list: &self.list,
            connectors: self.connectors.as_ref(),
            plan: &self.plan,
            units,
            built,
            stats: self.stats.clone(),
        };
        Ok(facts.manifest(&folder, opening.clock.now())?)
    }
}

/// What the guard knows before the build.
#[derive(Debug)]
struct Guarded {
    list_proven: bool,
    tried: u64,
    failed: u64,
    overrides: Overrides,
}

impl Guarded {
    fn of(list: &UserList, attempts: &BTreeMap<UserId, Attempt>, config: &RunConfig) -> Self {
        let failed = attempts.values().filter(|attempt| matches!(attempt, Attempt::Failed(_))).count() as u64;
        let fetched =
            attempts.values().filter(|attempt| matches!(attempt, Attempt::Fetched(_))).count() as u64;
        Self {
            list_proven: list.proven,
            tried: failed + fetched,
            failed,
            overrides: Overrides {
                max_failed_percent: config.max_failed_percent,
                accept_shrink: config.accept_shrink,
            },
        }
    }

    fn judge(&self, built: &Built) -> Result<(), ExportError> {
        let counts = |pick: fn(&(build::RowCount, build::RowCount)) -> build::RowCount| {
            let of = |table| built.counts.get(&table).map(pick).unwrap_or_default();
            let (accounts, rows) = (of(Table::Accounts), of(Table::Transactions));
            Counts {
                users: of(Table::Users).all(),
                live_accounts: accounts.live,
                deleted_accounts: accounts.deleted,
                live_rows: rows.live,
                deleted_rows: rows.deleted,
            }
        };
        let before = counts(|(before, _)| *before);
        let gone =
            built.units.values().filter(|row| row.outcome == crate::model::UnitOutcome::Gone).count() as u64;
        let judged = Judged {
            previous: (before != Counts::default()).then_some(before),
            new: counts(|(_, after)| *after),
            list_proven: self.list_proven,
            tried: self.tried,
            failed: self.failed,
            gone,
        };
        match judge(&judged, self.overrides) {
            Verdict::Publish => Ok(()),
            Verdict::Refuse(refusals) => Err(ExportError::Refused(refusals)),
        }
    }
}

/// After the commit nothing may fail the run: what cannot be tidied now is tidied by the next run.
fn tidy(opening: &Opening, config: &RunConfig, snapshot: &Snapshot) -> Vec<crate::lake::layout::RunId> {
    let destination = &opening.destination;
    let swept = lake::sweep_after_publish(&destination.layout, &destination.store, &destination.lock);
    let pruned =
        retention::prune(&destination.layout, &destination.store, &destination.lock, config.retention);
    if let Err(error) = Journal::remove_if_empty(&destination.store) {
        tracing::warn!(run = %snapshot.run_id, %error, "the token journal could not be removed");
    }
    if let Err(error) = swept {
        tracing::warn!(run = %snapshot.run_id, %error, "the work area could not be emptied");
    }
    match pruned {
        Ok(pruned) => pruned.into_iter().map(|gone| gone.snapshot.run_id).collect(),
        Err(error) => {
            tracing::warn!(run = %snapshot.run_id, %error, "old snapshots could not be removed");
            Vec::new()
        }
    }
}
