//! All of a run's reading: the lists of the domain, and many users at a time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::api::{Api, ApiError, ApiErrorKind, Timings};
use crate::model::{DecimalType, Reason, UserId};
use crate::table::Decoder;

use super::action::Action;
use super::cancel::Cancel;
use super::connectors::{self, Connectors};
use super::error::{ExtractError, Stop};
use super::estimate::Expected;
use super::holdings::Owners;
use super::job::Job;
use super::plan::Plan;
use super::previous::PreviousUnit;
use super::probe;
use super::session::Session;
use super::unit::{Fetched, FetchedUnit};
use super::user;
use super::users::{self, UserList};
use super::walk::Sink;

/// So many refused tokens in a row, and not one granted, mean that the client's credentials are wrong.
const REFUSED_TOKENS: u32 = 3;

/// The settings of the fetching.
#[derive(Clone, Copy, Debug)]
pub struct FetchConfig {
    /// Users at a time.
    pub concurrency: NonZeroUsize,
    /// How long users in hand may go on once the run is to end.
    pub drain: Duration,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            concurrency: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
            drain: Timings::default().drain,
        }
    }
}

/// Reads from the API. Cheap to clone; clones share what the run learns.
#[derive(Clone, Debug)]
pub struct Fetcher {
    api: Api,
    decoder: Decoder,
    decimal: DecimalType,
    cancel: Cancel,
    config: FetchConfig,
    shared: Arc<Shared>,
}

/// What the users' fetches tell each other.
#[derive(Debug, Default)]
struct Shared {
    owners: Owners,
    /// Thrown when an error ends the run: nobody asks for anything more.
    ending: Cancel,
    token_granted: AtomicBool,
    tokens_refused: AtomicU32,
}

impl Fetcher {
    /// A fetcher for one run into a lake with that decimal type.
    #[must_use]
    pub fn new(api: Api, decimal: DecimalType, cancel: Cancel, config: FetchConfig) -> Self {
        Self { api, decoder: Decoder::new(decimal), decimal, cancel, config, shared: Arc::default() }
    }

    /// Reads the list of users to its proven end.
    ///
    /// # Errors
    /// When the list cannot be read at all; one that cannot be proven says so itself. When the run is to end, at once.
    pub async fn users(&self) -> Result<UserList, ExtractError> {
        let mut session = Session::domain(&self.api, &self.decoder, &self.shared.ending);
        self.cancel.unless_cancelled(users::read(&mut session)).await?
    }

    /// Reads the list of connectors with their sources.
    ///
    /// # Errors
    /// When it cannot be read; a run may go on with those of its last snapshot. When the run is to end, at once.
    pub async fn connectors(&self) -> Result<Connectors, ExtractError> {
        let mut session = Session::anyone(&self.api, &self.decoder, &self.shared.ending);
        self.cancel.unless_cancelled(connectors::read(&mut session)).await?
    }

    /// Fetches every user that the plan says, several at a time, and sends what comes to `out`. Those of `done`
    /// (fetched by an earlier attempt of this run) are left out; that no account is theirs and another's, too, is seen.
    ///
    /// Once the run is to end no further user is begun, and those in hand have [`FetchConfig::drain`] to finish. Where
    /// an error ends it, they ask for nothing more, and have as long to give their tokens back: a request for a token
    /// that is dropped under way leaves one behind that nobody has written down.
    ///
    /// # Errors
    /// What ends the run. The failure of one user is a message.
    pub async fn fetch(
        &self,
        plan: &Plan,
        previous: &BTreeMap<UserId, PreviousUnit>,
        done: &BTreeMap<UserId, FetchedUnit>,
        out: &mpsc::Sender<Fetched>,
    ) -> Result<(), ExtractError> {
        for (user, unit) in done {
            self.shared.owners.claim(*user, unit.accounts())?;
        }
        // Whoever is fetched says anew which accounts are theirs: what the snapshot has of them may have been wrong.
        let stays =
            |user: &UserId| plan.users.get(user).is_some_and(|planned| planned.action == Action::Keep);
        for (user, held) in previous.iter().filter(|(user, _)| stays(user)) {
            self.shared.owners.claim(*user, held.accounts())?;
        }
        let jobs: Vec<Job> = plan
            .to_fetch()
            .filter(|(user, _)| !done.contains_key(user))
            .map(|(user, action)| Job { user, action, previous: previous.get(&user).cloned() })
            .collect();
        let planned = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        let mut jobs = jobs.into_iter();
        let mut running = JoinSet::new();
        let ending = &self.shared.ending;
        let drained = async {
            tokio::select! {
                () = self.cancel.cancelled() => {}
                () = ending.cancelled() => {}
            }
            tokio::time::sleep(self.config.drain).await;
        };
        tokio::pin!(drained);
        let mut ended = None;
        loop {
            while ended.is_none()
                && !self.cancel.is_cancelled()
                && running.len() < self.config.concurrency.get()
                && let Some(job) = jobs.next()
            {
                let (fetcher, out) = (self.clone(), out.clone());
                running.spawn(async move { fetcher.fetch_user(&job, planned, &out).await });
            }
            // Leaving drops the set, which ends what still runs.
            let joined = tokio::select! {
                joined = running.join_next() => joined,
                () = &mut drained => return Err(ended.unwrap_or(ExtractError::Interrupted)),
            };
            let failure = match joined {
                None if self.cancel.is_cancelled() => return Err(ended.unwrap_or(ExtractError::Interrupted)),
                None => return ended.map_or(Ok(()), Err),
                Some(Ok(Ok(()))) => continue,
                Some(Ok(Err(error))) => error,
                Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Some(Err(_)) => ExtractError::Interrupted,
            };
            ending.cancel();
            ended.get_or_insert(failure);
        }
    }

    /// Looks at every user whose cost the plan does not know, several at a time, and says what their walks will bring.
    /// Every token minted is revoked, also when the looking is stopped. Users who cannot be looked at are left out.
    ///
    /// # Errors
    /// What would end a run, too.
    pub async fn probe(
        &self,
        plan: &Plan,
        previous: &BTreeMap<UserId, PreviousUnit>,
    ) -> Result<BTreeMap<UserId, Expected>, ExtractError> {
        let unknown =
            plan.to_fetch().filter(|(user, _)| plan.users.get(user).is_some_and(|p| !p.estimate.exact));
        let jobs: Vec<Job> = unknown
            .map(|(user, action)| Job { user, action, previous: previous.get(&user).cloned() })
            .collect();
        let planned = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
        let (mut jobs, mut running) = (jobs.into_iter(), JoinSet::new());
        let (mut found, mut stopped) = (BTreeMap::new(), None);
        loop {
            while running.len() < self.config.concurrency.get()
                && stopped.is_none()
                && let Some(job) = jobs.next()
            {
                let fetcher = self.clone();
                running.spawn(async move { (job.user, fetcher.look_at(&job, planned).await) });
            }
            // Whoever is under way is waited for: a task that is dropped would leave its token behind.
            match running.join_next().await {
                None => return stopped.map_or(Ok(found), Err),
                Some(Ok((user, Ok(expected)))) => drop(found.insert(user, expected)),
                Some(Ok((user, Err(Stop::Unit { reason, detail })))) => {
                    tracing::warn!(user = user.get(), %reason, detail, "the user could not be looked at");
                }
                Some(Ok((_, Err(Stop::Run(error))))) => drop(stopped.get_or_insert(error)),
                Some(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Some(Err(_)) => drop(stopped.get_or_insert(ExtractError::Interrupted)),
            }
        }
    }

    async fn look_at(&self, job: &Job, planned: u32) -> Result<Expected, Stop> {
        if self.cancel.is_cancelled() {
            return Err(ExtractError::Interrupted.into());
        }
        let mut session = match Session::user(&self.api, &self.decoder, &self.shared.ending, job.user).await {
            Ok(session) => session,
            Err(error) => return Err(self.refused(error, planned)),
        };
        self.shared.token_granted.store(true, Ordering::Relaxed);
        let expected = probe::look(&mut session, job).await;
        session.close().await;
        expected
    }

    async fn fetch_user(
        &self,
        job: &Job,
        planned: u32,
        out: &mpsc::Sender<Fetched>,
    ) -> Result<(), ExtractError> {
        let message = match self.attempt(job, planned, out).await {
            Ok(done) => done,
            Err(Stop::Unit { reason, detail }) => {
                tracing::warn!(user = job.user.get(), %reason, detail, "the user could not be fetched");
                // What the snapshot has of them is carried.
                if let Some(held) = &job.previous {
                    self.shared.owners.claim(job.user, held.accounts())?;
                }
                Fetched::Failed { user: job.user, reason, detail }
            }
            Err(Stop::Run(error)) => return Err(error),
        };
        out.send(message).await.map_err(|_| ExtractError::ReceiverGone)
    }

    async fn attempt(&self, job: &Job, planned: u32, out: &mpsc::Sender<Fetched>) -> Result<Fetched, Stop> {
        let mut session = match Session::user(&self.api, &self.decoder, &self.shared.ending, job.user).await {
            Ok(session) => session,
            Err(error) => return Err(self.refused(error, planned)),
        };
        self.shared.token_granted.store(true, Ordering::Relaxed);
        let sink = Sink { user: job.user, out: out.clone() };
        let work = user::fetch(&mut session, &self.shared.owners, &sink, job, self.decimal);
        let deadline = self.api.timings().unit;
        let result = tokio::time::timeout(deadline, work).await.unwrap_or_else(|_| {
            let minutes = deadline.as_secs() / 60;
            Err(Stop::unit(Reason::Deadline, format!("not done after {minutes} minutes")))
        });
        // A token is given back also after a failure, unless nobody is there to take it.
        if !matches!(&result, Err(Stop::Run(ExtractError::Api(_)))) {
            session.close().await;
        }
        result.map(|unit| Fetched::Done(Box::new(unit)))
    }

    /// A refused token is the user's failure, unless nobody gets one.
    fn refused(&self, error: ApiError, planned: u32) -> Stop {
        let credentials = matches!(
            error.kind,
            ApiErrorKind::Unauthorized | ApiErrorKind::Forbidden | ApiErrorKind::BadRequest
        );
        if credentials && !self.shared.token_granted.load(Ordering::Relaxed) {
            let refused = self.shared.tokens_refused.fetch_add(1, Ordering::Relaxed) + 1;
            if refused >= REFUSED_TOKENS.min(planned) {
                return ExtractError::CredentialsRefused { refused, last: error }.into();
            }
        }
        error.into()
    }
}
