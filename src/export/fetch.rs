//! Fetchers on one side of the channel, the stage on the other.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::api::{Api, ExitClass};
use crate::extract::{Action, ExtractError, ExtractErrorKind, Fetched, FetchedUnit, Fetcher, Plan};
use crate::model::{Reason, UnitMode, UnitOutcome, UserId};
use crate::stage::{Stage, StageError, Staged};
use crate::table::Table;

use super::clock::Clock;
use super::error::ExportError;
use super::event::{Event, Progress};
use super::opening::Opening;

/// Messages between fetchers and stage. Each is at most a page of rows; when the channel is full, fetchers wait: with 8
/// messages they did so each time that the stage wrote a run, and a run of 1,000,000 rows took 10 % longer.
pub const CHANNEL: usize = 32;

/// How often sums are told.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// What fetching brought.
#[derive(Debug)]
pub(super) struct Gathered {
    /// The finished units.
    pub(super) staged: Staged<FetchedUnit>,
    /// Users that failed, and why.
    pub(super) failed: BTreeMap<UserId, Reason>,
    /// Units that an earlier attempt of this run had finished.
    pub(super) reused: u64,
}

/// What the stage's side has to say.
enum Told {
    Done(UserId),
    Failed(UserId),
}

/// Units staged by an earlier attempt that the plan of this one can use; the others are discarded.
pub(super) fn reusable(
    stage: &mut Stage<FetchedUnit>,
    found: BTreeMap<UserId, FetchedUnit>,
    plan: &Plan,
) -> Result<BTreeMap<UserId, FetchedUnit>, StageError> {
    let mut reused = BTreeMap::new();
    for (user, unit) in found {
        let action = plan.users.get(&user).map(|planned| planned.action);
        // More than was asked for is as good; less is not.
        let enough = match action {
            Some(Action::Full { .. }) => unit.mode == UnitMode::Full,
            Some(Action::Window { .. }) => unit.mode != UnitMode::Delta,
            Some(Action::Delta) => true,
            Some(Action::Keep | Action::Skip | Action::Gone) | None => false,
        };
        if enough {
            reused.insert(user, unit);
        } else {
            stage.discard(user)?;
        }
    }
    Ok(reused)
}

/// Fetches what the plan asks for and is not staged yet. Whatever ends the fetching early, what was finished is
/// durable when this returns.
pub(super) async fn fetch(
    fetcher: &Fetcher,
    api: &Api,
    plan: &Plan,
    opening: &Opening,
    (stage, reused): (Stage<FetchedUnit>, BTreeMap<UserId, FetchedUnit>),
    events: &(dyn Fn(Event) + Send + Sync),
) -> Result<Gathered, ExportError> {
    let (previous, clock) = (&opening.previous, opening.clock);
    for user in reused.keys() {
        events(Event::UserDone { user: *user, outcome: UnitOutcome::Complete });
    }
    let rows = Arc::new(AtomicU64::new(reused.values().map(|unit| unit.rows_received).sum()));
    let (out, messages) = mpsc::channel(CHANNEL);
    let (tell, mut told) = mpsc::unbounded_channel();
    let stager: JoinHandle<Result<_, StageError>> = {
        let (rows, runtime) = (rows.clone(), tokio::runtime::Handle::current());
        tokio::task::spawn_blocking(move || store(stage, messages, &rows, &tell, clock, &runtime))
    };

    let progress = || {
        let stats = api.stats();
        events(Event::Progress(Progress {
            requests: stats.requests,
            rows: rows.load(Relaxed),
            bytes: stats.bytes,
            requests_per_minute: stats.accepted_per_minute,
        }));
    };
    let hear = |told: Told| {
        events(match told {
            Told::Done(user) => Event::UserDone { user, outcome: UnitOutcome::Complete },
            Told::Failed(user) => {
                let held = previous.contains_key(&user);
                Event::UserDone {
                    user,
                    outcome: if held { UnitOutcome::Carried } else { UnitOutcome::Failed },
                }
            }
        });
    };
    let fetched = {
        let fetching = fetcher.fetch(plan, previous, &reused, &out);
        tokio::pin!(fetching);
        let mut ticks = tokio::time::interval(TELL_EVERY);
        loop {
            tokio::select! {
                fetched = &mut fetching => break fetched,
                Some(message) = told.recv() => hear(message),
                _ = ticks.tick() => progress(),
            }
        }
    };
    drop(out);
    let stored = stager.await.map_err(|_| ExportError::Bug("the stage's thread panicked".to_owned()))?;
    while let Ok(message) = told.try_recv() {
        hear(message);
    }
    progress();
    match (fetched, stored) {
        // The receiver leaves only with an error of its own.
        (Err(ExtractError::ReceiverGone) | Ok(()), Err(error)) => Err(error.into()),
        // The disk's failure is the better message: nobody would suspect a full disk behind an API that does not answer.
        (Err(error), Err(disk)) if is_milder(&error) => Err(disk.into()),
        (Err(error @ ExtractError::ForeignData { .. }), Ok((mut stage, _))) => {
            // Nobody knows which of the answers were wrong: the next run asks for all of them again.
            let dropped = tokio::task::spawn_blocking(move || stage.discard_all()).await;
            if !matches!(dropped, Ok(Ok(()))) {
                tracing::warn!("what was fetched could not be dropped: {dropped:?}");
            }
            Err(error.into())
        }
        (Err(error), _) => Err(error.into()),
        (Ok(()), Ok((stage, failed))) => {
            let staged = tokio::task::spawn_blocking(move || stage.finish())
                .await
                .map_err(|_| ExportError::Bug("the stage's thread panicked".to_owned()))??;
            Ok(Gathered { staged, failed, reused: reused.len() as u64 })
        }
    }
}

/// Whether a full disk is the better reason to give. Credentials and wrong data come before it.
fn is_milder(error: &ExtractError) -> bool {
    matches!(error.kind(), ExtractErrorKind::Exit(ExitClass::Unavailable) | ExtractErrorKind::Interrupted)
}

/// The stage's side: takes messages until the last fetcher has left, and makes finished units durable in groups.
fn store(
    mut stage: Stage<FetchedUnit>,
    mut messages: mpsc::Receiver<Fetched>,
    rows: &AtomicU64,
    tell: &mpsc::UnboundedSender<Told>,
    clock: Clock,
    runtime: &tokio::runtime::Handle,
) -> Result<(Stage<FetchedUnit>, BTreeMap<UserId, Reason>), StageError> {
    let mut failed = BTreeMap::new();
    loop {
        let patience = stage.tick(Instant::now())?;
        let message = match runtime.block_on(async { tokio::time::timeout(patience, messages.recv()).await })
        {
            Err(_) => continue,
            Ok(None) => break,
            Ok(Some(message)) => message,
        };
        // Nobody may be listening any more: what is told is for show only.
        match message {
            Fetched::Rows { user, table, rows: some, issues } => {
                if table == Table::Transactions {
                    rows.fetch_add(some.num_rows() as u64, Relaxed);
                }
                stage.rows(user, table, &some, &issues)?;
            }
            Fetched::Done(unit) => {
                stage.commit(unit.user, &unit, clock.now())?;
                let _ = tell.send(Told::Done(unit.user));
            }
            Fetched::Failed { user, reason, .. } => {
                stage.discard(user)?;
                failed.insert(user, reason);
                let _ = tell.send(Told::Failed(user));
            }
        }
    }
    stage.flush_finished()?;
    Ok((stage, failed))
}
