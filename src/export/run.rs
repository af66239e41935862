//! One run, told as a sentence.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::api::Api;
use crate::extract::{Cancel, FetchConfig, FetchedUnit, Fetcher, Plan};
use crate::lake::LakeError;
use crate::lake::guard::Refusal;
use crate::lake::layout::place;
use crate::lake::store::Store;
use crate::model::{DecimalType, UserId};
use crate::stage::{Stage, StageKey, StageOptions, StageParent};
use crate::table::Table;

use super::config::RunConfig;
use super::domain::Domain;
use super::error::ExportError;
use super::event::{Event, Phase};
use super::fetch::{self, Gathered};
use super::finish::Finishing;
use super::guard::Guard;
use super::journal::Journal;
use super::opening::Opening;
use super::plan;
use super::record::Learned;
use super::report::RunReport;
use super::settle;

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

    let guard = Guard::of(&users, &attempts, &config);
    let learned = Learned {
        host: config.api.base_url.host(),
        window: config.window,
        domain: Domain { users, ..domain },
        plan,
        stats: api.stats(),
    };
    let finishing = Finishing { config, opening, learned, staged, attempts, guard };
    match finishing.perform(cancel, events).await {
        Ok(report) => Ok(RunReport { reused_units: reused, ..report }),
        // Too many users failed, and the last of them because nobody answered any more: that is what to say.
        Err(ExportError::Refused(refusals)) if refusals.iter().any(Refusal::is_of_failures) => {
            Err(api.outage().map_or(ExportError::Refused(refusals), Into::into))
        }
        Err(error) => Err(error),
    }
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
