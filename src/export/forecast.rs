//! What a run would do, and what it would cost: asked before it is done. Takes no lock and writes nothing.

use std::num::NonZeroUsize;
use std::time::Duration;

use crate::api::{Api, Rate, estimate_duration};
use crate::extract::{Action, Cancel, Estimate, Fetcher, Plan};
use crate::lake::guard::{Counts, Evidence, Overrides, Refusal, Verdict, judge};
use crate::lake::layout::{Layout, RunId, place};
use crate::lake::manifest::Manifest;
use crate::lake::{LakeError, Snapshot};
use crate::model::{Window, exit_code};

use super::config::RunConfig;
use super::error::ExportError;
use super::event::{Event, Phase};
use super::journal::Journal;
use super::opening::Ground;
use super::{census, domain, plan, run};

/// What a run would do.
#[derive(Clone, Debug)]
pub struct Forecast {
    /// The API's host.
    pub host: String,
    /// The snapshot that the run would build upon: its run and its place in the order of snapshots.
    pub base: Option<(RunId, u64)>,
    /// The dates asked for.
    pub window: Window,
    /// Users in the list.
    pub listed: u64,
    /// Every user that is listed or held: what would be asked, why, and what it costs.
    pub plan: Plan,
    /// Users to fetch of whom the file of stored tokens has none: they would fail, and cost nothing.
    pub without_token: u64,
    /// Requests besides those for users.
    pub overhead: Overhead,
    /// Whether an interrupted run left work that this one may use: then it costs less than said.
    pub resumable: bool,
    /// Why the run would not be published, as far as the lists tell.
    pub refusals: Vec<Refusal>,
    /// How long the requests take, and how that is known.
    pub pace: Pace,
    /// Requests that this forecast has cost.
    pub spent: u64,
}

/// Requests besides those for users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overhead {
    /// The lists of users and of connectors.
    pub lists: u64,
    /// The list of users once more, because somebody is missing from it.
    pub second_reading: u64,
    /// Tokens to revoke that an interrupted run left.
    pub tokens_left: u64,
}

/// How long the requests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// From the first request to the last answer; building and publishing come after.
    pub duration: Duration,
    /// The rate asked for.
    pub rate: Rate,
    /// Users at a time.
    pub concurrency: NonZeroUsize,
    /// What an answer took on average while this forecast was made.
    pub latency: Duration,
    /// What the duration follows from.
    pub basis: Basis,
}

/// What a duration follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// The rate that was asked for.
    Rate,
    /// The latency of answers, and how many are awaited at a time.
    Latency,
    /// The pace of the last run, which the API throttled.
    LastRun,
}

impl Forecast {
    /// All requests of the run.
    #[must_use]
    pub fn requests(&self) -> Estimate {
        let Overhead { lists, second_reading, tokens_left } = self.overhead;
        let users = self.plan.estimate();
        Estimate {
            requests: users.requests + lists + second_reading + tokens_left,
            exact: users.exact && !self.resumable,
        }
    }

    /// The exit code: 0, or 4 when it is clear already that nothing would be published.
    #[must_use]
    pub fn exit(&self) -> u8 {
        if self.refusals.is_empty() { exit_code::COMPLETE } else { exit_code::REFUSED }
    }
}

/// Says what a run with these settings would do. `probe` looks at the users whose cost the lake does not tell, which
/// mints a token for each of them and revokes it; without it no token is minted.
///
/// # Errors
/// Those of [`super::run`] for the part of the road that both go.
pub async fn forecast(
    config: RunConfig,
    probe: bool,
    cancel: Cancel,
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<Forecast, ExportError> {
    let api = Api::new(config.api.clone())?;
    events(Event::Phase(Phase::Planning));
    let layout = Layout::new(&config.dest);
    let parent = Snapshot::latest(&layout)?;
    let ground = Ground::of(parent.as_ref(), &config)?;
    let fetcher = Fetcher::new(api.clone(), ground.decimal, cancel, run::fetch_config(&config));

    let users = fetcher.users().await?;
    let list_cost = api.stats().asked();
    domain::connectors(&fetcher, events).await?;
    let lists = api.stats().asked();
    let mut plan = plan::of(&users, &ground.previous, ground.rewrite, &config)?;
    if let Some(parent) = &parent {
        let expected = census::take(parent, &ground.previous, &plan, users.server_now)?;
        plan.expect(&expected, config.api.user_tokens.is_some());
    }
    let without_token = without_token(&mut plan, &config);
    if probe {
        let found = fetcher.probe(&plan, &ground.previous).await?;
        plan.expect(&found, config.api.user_tokens.is_some());
    }

    let gone = plan.users.values().filter(|planned| planned.action == Action::Gone).count() as u64;
    let overhead = Overhead {
        lists,
        second_reading: if gone > 0 { list_cost } else { 0 },
        tokens_left: tokens_left(&layout)?,
    };
    let mut forecast = Forecast {
        host: config.api.base_url.host(),
        base: parent.as_ref().map(|parent| (parent.run_id.clone(), parent.manifest.sequence)),
        window: config.window,
        listed: users.users.len() as u64,
        plan,
        without_token,
        overhead,
        resumable: has_stage(&layout),
        refusals: refusals(users.proven, ground.previous.len() as u64, gone, &config),
        pace: Pace {
            duration: Duration::ZERO,
            rate: config.api.rate,
            concurrency: config.api.concurrency,
            latency: api.stats().mean_answer,
            basis: Basis::Latency,
        },
        spent: api.stats().requests,
    };
    forecast.time(parent.as_ref().map(|parent| &parent.manifest));
    Ok(forecast)
}

impl Forecast {
    /// How long the run's requests take. No user is faster than their own requests one after the other, and no more
    /// users are asked at a time than there are.
    fn time(&mut self, last: Option<&Manifest>) {
        let requests = self.requests().requests;
        let asked = self.plan.users.values().map(|planned| planned.estimate.requests);
        let longest = u32::try_from(asked.clone().max().unwrap_or(0)).unwrap_or(u32::MAX);
        let users = NonZeroUsize::new(asked.filter(|requests| *requests > 0).count());
        let workers = self.pace.concurrency.min(users.unwrap_or(NonZeroUsize::MIN));
        let Pace { rate, latency, .. } = self.pace;
        let computed = estimate_duration(requests, rate, workers, latency).max(latency * longest);
        let throttled = last.filter(|_| rate == Rate::Adaptive).and_then(interval_of);
        let at_last_pace = throttled.map(|interval| interval * u32::try_from(requests).unwrap_or(u32::MAX));
        (self.pace.duration, self.pace.basis) = match at_last_pace {
            Some(slower) if slower > computed => (slower, Basis::LastRun),
            _ if rate.interval().is_some_and(|interval| interval > latency / workers_of(workers)) => {
                (computed, Basis::Rate)
            }
            _ => (computed, Basis::Latency),
        };
    }
}

fn workers_of(workers: NonZeroUsize) -> u32 {
    u32::try_from(workers.get()).unwrap_or(u32::MAX)
}

/// The time between two requests of a run that the API throttled: what it permits, or close to it.
fn interval_of(last: &Manifest) -> Option<Duration> {
    let requests = u32::try_from(last.requests.total).ok().filter(|_| last.requests.throttled > 0)?;
    let took = Duration::try_from(last.finished_at.get().duration_since(last.started_at.get())).ok()?;
    took.checked_div(requests)
}

/// Takes the users out of the bill of whom no token is stored, and counts them.
fn without_token(plan: &mut Plan, config: &RunConfig) -> u64 {
    let Some(tokens) = &config.api.user_tokens else { return 0 };
    let mut count = 0;
    for (user, planned) in &mut plan.users {
        if planned.action.fetches() && !tokens.contains_key(user) {
            planned.estimate = Estimate::default();
            count += 1;
        }
    }
    count
}

fn tokens_left(layout: &Layout) -> Result<u64, ExportError> {
    let path = layout.at(place::token_journal());
    let count = Journal::count_left(&path);
    Ok(count.map_err(|source| LakeError::Io { action: "read the token journal", path, source })?)
}

/// Whether a stage lies there. One that cannot be listed is the run's business.
fn has_stage(layout: &Layout) -> bool {
    std::fs::read_dir(layout.at(place::stage())).is_ok_and(|mut entries| entries.next().is_some())
}

/// What the guard says to the lists alone; how many users fail and what is missing only a run can tell.
fn refusals(list_proven: bool, before: u64, gone: u64, config: &RunConfig) -> Vec<Refusal> {
    let users = |users| Counts { users, ..Counts::default() };
    let judged = Evidence {
        previous: (before > 0).then(|| users(before)),
        new: users(before),
        list_proven,
        gone,
        ..Evidence::default()
    };
    let overrides = Overrides { max_failed_percent: None, accept_shrink: config.accept_shrink };
    match judge(&judged, overrides) {
        Verdict::Publish => Vec::new(),
        Verdict::Refuse(refusals) => refusals,
    }
}
