//! One run, told as a sentence.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::api::Api;
use crate::extract::{Cancel, ExtractError, FetchConfig, FetchedUnit, Fetcher, Plan};
use crate::lake::build::{self, Attempt, BuildError, BuildInput, Built, Stop};
use crate::lake::guard::Refusal;
use crate::lake::layout::place;
use crate::lake::store::Store;
use crate::lake::{self, LakeError, Snapshot, WORK_MODE, retention};
use crate::model::{DecimalType, UserId};
use crate::stage::{Stage, StageKey, StageOptions, StageParent, Staged};
use crate::table::Table;

use super::config::RunConfig;
use super::domain::Domain;
use super::error::ExportError;
use super::event::{Event, Phase};
use super::fetch::{self, Gathered};
use super::guarded::Guarded;
use super::journal::Journal;
use super::opening::Opening;
use super::plan;
use super::record::{Facts, Learned};
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
    let domain = Domain::fetch(&fetcher, events).await?;
    let plan = plan::of(&domain.users, &opening.previous, opening.rewrite, &config)?;

    events(Event::Phase(Phase::Fetching));
    let staging = staging(&opening, &config, &plan)?;
    let estimate = plan.estimate();
    events(Event::Planned {
        users: plan.to_fetch().count() as u64,
        requests_estimate: estimate.exact.then_some(estimate.requests),
    });
    let Gathered { staged, failed, reused } =
        fetch::fetch(&fetcher, &api, &plan, &opening, staging, events).await?;
    let (attempts, users) = settle::attempts(&fetcher, domain.users, &plan, staged.units(), &failed).await?;

    let guarded = Guarded::of(&users, &attempts, &config);
    let learned = Learned {
        host: config.api.base_url.host(),
        window: config.window,
        domain: Domain { users, ..domain },
        plan,
        stats: api.stats(),
    };
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
        finish(&config, &opening, &learned, staged, attempts, (&guarded, &stop), &enter)
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
    learned: &Learned,
    staged: Staged<FetchedUnit>,
    attempts: BTreeMap<UserId, Attempt>,
    (guarded, stop): (&Guarded, &(dyn Fn() -> bool + Sync)),
    enter: &dyn Fn(Phase),
) -> Result<RunReport, ExportError> {
    enter(Phase::Building);
    let built = built(config, opening, &learned.domain, &staged, attempts, Stop(stop))?;
    guarded.judge(&built)?;
    let manifest = Facts { opening, learned, units: staged.units(), built }.manifest()?;
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
        Stage::open(Arc::new(disk), &place::stage(), &key, options, opening.started_at())?;
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
    domain: &Domain,
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
        started_at: opening.started_at(),
        parent: opening.parent(),
        staged,
        lists: domain.rows(opening.decimal)?,
        attempts,
        formats: config.formats,
        csv: config.csv_profile,
        decimal: opening.decimal,
        threads: NonZeroUsize::new(BUILDERS).unwrap_or(NonZeroUsize::MIN),
        stop,
    };
    match build::build(&input) {
        Err(BuildError::Stopped) => Err(ExtractError::Interrupted.into()),
        built => Ok(built?),
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
