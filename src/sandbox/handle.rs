//! One request from arrival to outcome: count it, fire the rules, answer it, spoil the answer, write it down.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::config::SandboxConfig;
use super::fault::{Fault, Outcome, Scene, apply, gzip_good, instead};
use super::log::{RequestRecord, Violation, ViolationKind};
use super::request::Request;
use super::route::{Endpoint, Route};
use super::routes::{Call, answer};
use super::state::State;
use super::tokens::Holder;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: SandboxConfig,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: String,
    /// The same, of a host where nobody has any business.
    pub(crate) decoy: String,
    pub(crate) started: Instant,
    pub(crate) state: Mutex<State>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a request gets.
#[derive(Debug)]
pub(crate) struct Reply {
    /// How long to wait before it is sent.
    pub(crate) wait: Duration,
    /// The `Date` header, by the sandbox's clock.
    pub(crate) date: String,
    pub(crate) outcome: Outcome,
}

/// Handles a request.
pub(crate) fn handle(shared: &Shared, request: &Request) -> Reply {
    let mut guard = shared.lock();
    let state = &mut *guard;
    let number = state.world.number + 1;
    let route = Route::of(&request.method, &request.path);
    let endpoint = route.endpoint();
    let holder = state.tokens.holder(request.bearer.as_deref());
    let user = named_user(request, &route, holder);
    if request.query.contains("access_token=") || request.query.contains("client_secret=") {
        state.violate(request, number, ViolationKind::TokenInUrl);
    }
    // Changes made by a rule happened before this request: it counts after them.
    let (fault, delay) = fire(state, endpoint, user, request);
    state.world.number = number;
    let target = match request.query.as_str() {
        "" => request.path.clone(),
        query => format!("{}?{query}", request.path),
    };
    let now = state.world.clock().now();
    let scene = Scene { origin: &shared.origin, decoy: &shared.decoy, target: &target, now, number };
    let throttled = state.bucket.as_mut().and_then(|bucket| bucket.take(Instant::now()).err());
    let spared = match (&fault, throttled) {
        (_, Some(seconds)) => Some(Answer::too_many(number, Some(seconds.to_string()))),
        (Some(fault), None) => instead(fault, scene),
        (None, None) => None,
    };
    let handled = spared.is_none();
    let answered = spared.unwrap_or_else(|| {
        let origin = &shared.origin;
        answer(Call { config: &shared.config, origin, state: &mut *state, request, route: &route, number })
    });
    let (rows, bytes, said) = (answered.rows, answered.body.len(), fault.as_ref().map(name));
    let outcome = match fault {
        Some(fault) if handled => apply(fault, answered, scene),
        _ if shared.config.gzip && request.accepts_gzip && answered.status == 200 => {
            Outcome::Http(zipped(answered))
        }
        _ => Outcome::Http(answered),
    };
    let status = match &outcome {
        Outcome::Http(answer) => answer.status,
        Outcome::Script { status, .. } => *status,
    };
    let now = state.world.clock().now();
    state.log.push(RequestRecord {
        number,
        endpoint,
        method: request.method.to_string(),
        path: request.path.clone(),
        query: request.query.clone(),
        holder,
        user,
        status,
        at: now,
        received: shared.started.elapsed(),
        rows,
        bytes,
        fault: said,
    });
    Reply { wait: shared.config.latency + delay, date: state.world.clock().http_date(), outcome }
}

/// The user a request is about: named in the path, the token's own for `me`, or the one a renew names.
fn named_user(request: &Request, route: &Route, holder: Holder) -> Option<i64> {
    match (route.user.as_deref(), holder) {
        (Some("me"), Holder::User(user)) => Some(user),
        (Some(text), _) => text.parse().ok(),
        (None, Holder::User(user)) if route.endpoint() == Endpoint::Revoke => Some(user),
        (None, _) if route.endpoint() == Endpoint::Renew => request.field("id_user")?.parse().ok(),
        (None, _) => None,
    }
}

/// Applies the rules that are about this request: their changes, the first one's fault, their delays together.
fn fire(
    state: &mut State,
    endpoint: Endpoint,
    user: Option<i64>,
    request: &Request,
) -> (Option<Fault>, Duration) {
    let State { rules, world, .. } = state;
    let (mut fault, mut delay) = (None, Duration::ZERO);
    for armed in rules.iter_mut() {
        if armed.applies(endpoint, user, request) {
            let (its_fault, its_delay) = armed.fire(world);
            fault = fault.or(its_fault);
            delay += its_delay;
        }
    }
    (fault, delay)
}

/// The name of a fault without what it carries.
fn name(fault: &Fault) -> String {
    let text = format!("{fault:?}");
    text.split(['(', ' ', '{']).next().unwrap_or("").to_owned()
}

fn zipped(mut answer: Answer) -> Answer {
    answer.body = gzip_good(&answer.body);
    answer.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
    answer
}

/// Somebody came to the decoy host: only a link or a redirect can have named it.
pub(crate) fn lured(shared: &Shared, request: &Request) {
    let what = format!("{} {}", request.method, request.path);
    shared.lock().violations.push(Violation { number: 0, kind: ViolationKind::Lured, what });
}
