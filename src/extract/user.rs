//! One user, from the accounts to the record of what was fetched.

use std::collections::BTreeSet;

use arrow::record_batch::RecordBatch;
use jiff::Timestamp;

use crate::model::{AccountId, AccountWalk, DecimalType, Proof, Reason, UnitMode, UserId, Window};
use crate::table::{Issue, IssueKind, Table};

use super::action::Action;
use super::error::Stop;
use super::holdings::{Holdings, Owners};
use super::previous::PreviousUnit;
use super::session::Session;
use super::unit::{FetchedUnit, flag};
use super::walk::{Scope, Sink, Tally, Walked, Walker, shrunk};

/// The user to fetch, and what is known of them.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub user: UserId,
    pub action: Action,
    pub previous: Option<PreviousUnit>,
}

/// What the walk asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Full { window: Window },
    Delta { since: Timestamp, window: Window },
    Window { window: Window, since: Option<Timestamp> },
}

impl Order {
    /// A delta walk is enough only on top of the very accounts and connections that the snapshot holds.
    fn of(job: &Job, holdings: &Holdings) -> Self {
        let changed = |held: &PreviousUnit| held.structure.difference(&holdings.structure);
        match (job.action, &job.previous) {
            (Action::Full { window }, _) => Self::Full { window },
            (Action::Window { window }, None) => Self::Window { window, since: None },
            (Action::Window { window }, Some(held)) => match changed(held) {
                None => Self::Window { window, since: Some(held.walk_start) },
                Some(why) => Self::in_full(job.user, window.union(&held.window), &why),
            },
            (Action::Delta, Some(held)) => match changed(held) {
                None => Self::Delta { since: held.walk_start, window: held.window },
                Some(why) => Self::in_full(job.user, held.window, &why),
            },
            _ => Self::Full { window: Window::OPEN },
        }
    }

    fn in_full(user: UserId, window: Window, why: &str) -> Self {
        tracing::info!(user = user.get(), why, "changes are not enough: everything is walked");
        Self::Full { window }
    }

    /// The same dates, in full.
    fn widened(self, held: Option<Window>) -> Self {
        match self {
            Self::Full { window } | Self::Delta { window, .. } => Self::Full { window },
            Self::Window { window, since: None } => Self::Window { window, since: None },
            Self::Window { window, since: Some(_) } => {
                Self::Full { window: held.map_or(window, |held| held.union(&window)) }
            }
        }
    }

    const fn asks_for_changes(self) -> bool {
        matches!(self, Self::Delta { .. } | Self::Window { since: Some(_), .. })
    }

    const fn window(self) -> Window {
        match self {
            Self::Full { window } | Self::Delta { window, .. } | Self::Window { window, .. } => window,
        }
    }

    const fn mode(self) -> UnitMode {
        match self {
            Self::Full { .. } => UnitMode::Full,
            Self::Delta { .. } => UnitMode::Delta,
            Self::Window { .. } => UnitMode::Window,
        }
    }
}

/// One attempt at the transactions.
struct Attempt {
    holdings: Holdings,
    /// Accounts or connections were others at its end: it proves nothing.
    changed: Option<String>,
    walked: Walked,
    tally: Tally,
    rows_held: u64,
    archived: Vec<AccountWalk>,
}

/// Fetches the user: every row leaves through `sink`, the record is returned.
pub(super) async fn fetch(
    session: &mut Session<'_>,
    owners: &Owners,
    sink: &Sink,
    job: &Job,
    decimal: DecimalType,
) -> Result<FetchedUnit, Stop> {
    let mut holdings = Holdings::read(session, job.user).await?;
    let as_of = holdings.at();
    let mut order = Order::of(job, &holdings);
    let mut flags = BTreeSet::new();
    let mut received = 0;
    loop {
        owners.claim(job.user, holdings.account_ids())?;
        let again = flags.contains(flag::ACCOUNTS_CHANGED);
        let attempt = walk(session, sink, job, order, holdings).await?;
        received += attempt.tally.received;
        match attempt.changed {
            None => {
                owners.claim(job.user, attempt.holdings.account_ids())?;
                let strangers = strangers(&attempt);
                owners.check(job.user, strangers.iter().map(|(account, _)| *account))?;
                // Whoever lists one of these accounts later finds it taken: the order of users hides nothing.
                owners.claim(job.user, strangers.iter().map(|(account, _)| *account))?;
                report_strangers(sink, &strangers, decimal).await?;
                let mut unit = record(job, order, &attempt, as_of, session);
                unit.rows_received = received;
                unit.flags = flags.union(&attempt.tally.flags).map(ToString::to_string).collect();
                if attempt.holdings.total_mismatch() && !unit.flags.iter().any(|f| f == flag::TOTAL_MISMATCH)
                {
                    unit.flags.push(flag::TOTAL_MISMATCH.to_owned());
                }
                if session.uses_own_clock() {
                    unit.flags.push(flag::OWN_CLOCK.to_owned());
                }
                attempt.holdings.send(sink).await?;
                return Ok(unit);
            }
            Some(what) if again => {
                return Err(Stop::unit(Reason::AccountsChanged, format!("{what} under the second walk too")));
            }
            Some(what) => {
                tracing::info!(
                    user = job.user.get(),
                    what,
                    "accounts changed under the walk: it is repeated"
                );
                flags.insert(flag::ACCOUNTS_CHANGED);
                order = order.widened(job.previous.as_ref().map(|held| held.window));
                holdings = attempt.holdings;
            }
        }
    }
}

async fn walk(
    session: &mut Session<'_>,
    sink: &Sink,
    job: &Job,
    order: Order,
    mut holdings: Holdings,
) -> Result<Attempt, Stop> {
    let known = holdings.account_ids();
    let mut walker = Walker::new(session, Scope::User(job.user), sink, &known);
    let mut changes = None;
    let mut walked = match order {
        Order::Full { window } => walker.full(window).await?,
        Order::Delta { since, .. } => walker.changes(since).await?,
        Order::Window { window, since } => {
            let mut walked = walker.full(window).await?;
            if let Some(since) = since {
                walker.check(&mut walked).await?;
                changes = Some(walker.changes(since).await?);
            }
            walked
        }
    };
    let several = walked.several || changes.is_some_and(|changes| changes.several);
    let mut changed = None;
    if several {
        let second = Holdings::read(walker.session(), job.user).await?;
        changed = holdings.structure.difference(&second.structure);
        if changed.is_none() && second.moved_since(&holdings) {
            walker.again(changes.as_mut().unwrap_or(&mut walked)).await?;
        }
        holdings = second;
    } else if !walker.tally.strangers.is_empty() {
        let before = holdings.structure.clone();
        holdings = holdings.read_accounts_again(walker.session(), job.user).await?;
        // A full walk in one response saw the new account whole; changes may have shown a part of it.
        changed = before.difference(&holdings.structure).filter(|_| order.asks_for_changes());
    }
    let mut archived = Vec::new();
    let mut rows_held = walker.rows_held();
    if changed.is_none() && !matches!(order, Order::Delta { .. }) {
        if changes.is_none() {
            walker.check(&mut walked).await?;
        }
        rows_held = walker.rows_held();
        for account in holdings.archived() {
            if !walker.tally.accounts.contains(&account.get()) {
                let (one, rows) =
                    walk_account(&mut walker, sink, job.user, account, order.window(), &known).await?;
                rows_held += rows;
                archived.push(one);
            }
        }
        if let (Order::Full { window }, Some(held)) = (order, &job.previous)
            && held.window == window
            && held.structure.difference(&holdings.structure).is_none()
            && shrunk(held.rows, rows_held)
        {
            walker.confirm(&mut walked).await?;
        }
    }
    Ok(Attempt { holdings, changed, walked, tally: walker.tally, rows_held, archived })
}

/// Walks an archived account of which the user's list shows nothing. What the API refuses of it is the account's
/// matter alone.
async fn walk_account(
    walker: &mut Walker<'_, '_>,
    sink: &Sink,
    user: UserId,
    account: AccountId,
    window: Window,
    known: &BTreeSet<i64>,
) -> Result<(AccountWalk, u64), Stop> {
    let mut own = Walker::new(walker.session(), Scope::Account(user, account), sink, known);
    let result = match own.full(window).await {
        Ok(mut walked) => own.check(&mut walked).await.map(|()| walked.proof),
        Err(stop) => Err(stop),
    };
    let (rows, tally) = (own.rows_held(), own.tally);
    walker.tally.received += tally.received;
    walker.tally.without_key += tally.without_key;
    walker.tally.flags.extend(tally.flags);
    walker.tally.strangers.extend(tally.strangers);
    match result {
        Ok(proof) => Ok((AccountWalk { account, proof, complete: true, reason: None }, rows)),
        Err(Stop::Unit { reason, detail })
            if rows == 0
                && matches!(reason, Reason::NotFound | Reason::Forbidden | Reason::RequestRefused) =>
        {
            tracing::warn!(user = user.get(), account = account.get(), %reason, detail, "an archived account is refused");
            let walk =
                AccountWalk { account, proof: Proof::SingleResponse, complete: false, reason: Some(reason) };
            Ok((walk, 0))
        }
        Err(stop) => Err(stop),
    }
}

/// Transactions whose account is in no list, not even in the one read last.
fn strangers(attempt: &Attempt) -> BTreeSet<(i64, i64)> {
    let accounts = &attempt.holdings.structure.accounts;
    attempt.tally.strangers.iter().filter(|(account, _)| !accounts.contains_key(account)).copied().collect()
}

async fn report_strangers(
    sink: &Sink,
    strangers: &BTreeSet<(i64, i64)>,
    decimal: DecimalType,
) -> Result<(), Stop> {
    let issue = |transaction: i64| Issue {
        table: Table::Transactions,
        user: Some(sink.user),
        id: transaction,
        column: "id_account".to_owned(),
        kind: IssueKind::AccountUnknown,
        n: 1,
    };
    let issues: Vec<Issue> = strangers.iter().map(|(_, transaction)| issue(*transaction)).collect();
    let none = RecordBatch::new_empty(Table::Transactions.schema().arrow(decimal));
    sink.rows(Table::Transactions, none, issues).await
}

fn record(
    job: &Job,
    order: Order,
    attempt: &Attempt,
    as_of: Timestamp,
    session: &Session<'_>,
) -> FetchedUnit {
    let (walked, tally) = (&attempt.walked, &attempt.tally);
    let walk_of = |account: i64| {
        let account = AccountId::new(account)?;
        let own = attempt.archived.iter().find(|walk| walk.account == account);
        Some(own.cloned().unwrap_or(AccountWalk {
            account,
            proof: walked.proof,
            complete: true,
            reason: None,
        }))
    };
    let weakest = attempt.archived.iter().filter(|walk| walk.complete).map(|walk| walk.proof).max();
    let earlier_full =
        job.previous.as_ref().filter(|_| order.asks_for_changes()).map(|held| held.full_walk_start);
    FetchedUnit {
        user: job.user,
        mode: order.mode(),
        proof: weakest.map_or(walked.proof, |proof| proof.max(walked.proof)),
        window: order.window(),
        walk_start: walked.start,
        full_walk_start: earlier_full.unwrap_or(walked.start),
        as_of,
        accounts_walked: attempt.holdings.account_ids().into_iter().filter_map(walk_of).collect(),
        connection_states_at_end: attempt.holdings.states(),
        api_range: tally.range.clone().unwrap_or_default(),
        unknown_fields: session.unknown_fields.clone(),
        rows_without_key: tally.without_key + attempt.holdings.rows_without_key(),
        flags: Vec::new(),
        rows_received: tally.received,
        rows_held: attempt.rows_held,
        requests: session.requests,
    }
}
