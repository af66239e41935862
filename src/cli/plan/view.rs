//! Users by what is asked and why; the shape of `--json`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use powens_export::export::{Basis, Forecast};
use powens_export::extract::{Action, Planned};
use powens_export::model::{UserId, Window};
use serde::Serialize;

/// What a run would do.
#[derive(Debug, Serialize)]
pub(super) struct View {
    /// The API's host.
    pub(super) host: String,
    /// The lake.
    pub(super) dest: PathBuf,
    /// The run whose snapshot it would build upon.
    pub(super) base: Option<String>,
    pub(super) window: Window,
    pub(super) users_listed: u64,
    pub(super) users_to_fetch: u64,
    /// Users by what is asked and why, in the order of their cost.
    pub(super) groups: Vec<Group>,
    pub(super) requests: Requests,
    pub(super) duration: Duration,
    /// Users of whom no token is stored: they would fail.
    pub(super) users_without_token: u64,
    /// Whether an interrupted run left work that this one may use.
    pub(super) resumable: bool,
    /// Why nothing would be published; empty as a rule.
    pub(super) refusals: Vec<String>,
    /// Requests that planning has cost.
    pub(super) requests_spent: u64,
    /// Every user.
    pub(super) users: Vec<User>,
}

/// Users of whom the same is asked for the same reason.
#[derive(Debug, Serialize)]
pub(super) struct Group {
    pub(super) action: &'static str,
    pub(super) why: String,
    pub(super) users: u64,
    pub(super) requests: u64,
    pub(super) exact: bool,
}

/// What it costs.
#[derive(Debug, Serialize)]
pub(super) struct Requests {
    pub(super) total: u64,
    /// Right for a bank on which nothing moves; else a lower bound.
    pub(super) exact: bool,
    pub(super) users: u64,
    pub(super) lists: u64,
    pub(super) second_reading: u64,
    pub(super) tokens_left: u64,
}

/// How long the requests take.
#[derive(Debug, Serialize)]
pub(super) struct Duration {
    pub(super) seconds: u64,
    pub(super) rate: String,
    pub(super) concurrency: usize,
    pub(super) latency_ms: u64,
    /// `rate`, `latency`, or `last_run`.
    pub(super) basis: &'static str,
}

/// One user.
#[derive(Debug, Serialize)]
pub(super) struct User {
    id: UserId,
    action: &'static str,
    why: String,
    requests: u64,
    exact: bool,
}

impl View {
    pub(super) fn new(forecast: &Forecast, dest: &Path) -> Self {
        // Taken apart without `..`: what a forecast has to say is said.
        let Forecast {
            host,
            base,
            window,
            listed,
            plan,
            without_token,
            overhead,
            resumable,
            refusals,
            pace,
            spent,
        } = forecast;
        let total = forecast.requests();
        Self {
            host: host.clone(),
            dest: dest.to_owned(),
            base: base.as_ref().map(|(run, _)| run.to_string()),
            window: *window,
            users_listed: *listed,
            users_to_fetch: plan.to_fetch().count() as u64,
            groups: groups(plan.users.values()),
            requests: Requests {
                total: total.requests,
                exact: total.exact,
                users: plan.estimate().requests,
                lists: overhead.lists,
                second_reading: overhead.second_reading,
                tokens_left: overhead.tokens_left,
            },
            duration: Duration {
                seconds: pace.duration.as_secs() + u64::from(pace.duration.subsec_nanos() > 0),
                rate: pace.rate.to_string(),
                concurrency: pace.concurrency.get(),
                latency_ms: u64::try_from(pace.latency.as_millis()).unwrap_or(u64::MAX),
                basis: match pace.basis {
                    Basis::Rate => "rate",
                    Basis::Latency => "latency",
                    Basis::LastRun => "last_run",
                },
            },
            users_without_token: *without_token,
            resumable: *resumable,
            refusals: refusals.iter().map(ToString::to_string).collect(),
            requests_spent: *spent,
            users: plan.users.iter().map(|(id, planned)| User::new(*id, planned)).collect(),
        }
    }
}

impl User {
    fn new(id: UserId, planned: &Planned) -> Self {
        let Planned { action, why, estimate } = planned;
        Self {
            id,
            action: name(*action),
            why: why.to_string(),
            requests: estimate.requests,
            exact: estimate.exact,
        }
    }
}

fn groups<'a>(users: impl Iterator<Item = &'a Planned>) -> Vec<Group> {
    let mut groups: BTreeMap<(&str, String), Group> = BTreeMap::new();
    for Planned { action, why, estimate } in users {
        let (action, why) = (name(*action), why.to_string());
        let empty = Group { action, why: why.clone(), users: 0, requests: 0, exact: true };
        let group = groups.entry((action, why)).or_insert(empty);
        group.users += 1;
        group.requests += estimate.requests;
        group.exact &= estimate.exact;
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by(|a, b| b.requests.cmp(&a.requests).then(b.users.cmp(&a.users)).then(a.why.cmp(&b.why)));
    groups
}

const fn name(action: Action) -> &'static str {
    match action {
        Action::Full { .. } => "full",
        Action::Delta => "delta",
        Action::Window { .. } => "window",
        Action::Keep => "keep",
        Action::Skip => "skip",
        Action::Gone => "gone",
    }
}
