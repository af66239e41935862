//! One user, from the accounts to the record of what was fetched.

use std::collections::BTreeSet;

use arrow::record_batch::RecordBatch;
use jiff::Timestamp;

use crate::model::{AccountId, AccountWalk, DecimalType, Proof, Reason, UserId, Window};
use crate::table::{Issue, IssueKind, Table};

use super::action::Action;
use super::error::Stop;
use super::holdings::{self, Holdings, Owners};
use super::job::Job;
use super::list::ListRead;
use super::order::Order;
use super::previous::PreviousUnit;
use super::session::Session;
use super::unit::{FetchedUnit, flag};
use super::walk::{Scope, Sink, Tally, Walked, Walker, shrunk};

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
    let connections = holdings::read_connections(session, job.user).await?;
    let as_of = connections.at;
    let mut flags = BTreeSet::new();
    let mut received = 0;
    let (mut order, mut attempt) = match (job.action, &job.previous) {
        (Action::Delta, Some(held)) => {
            let order = Order::Delta { window: held.window };
            (order, walk_changes(session, sink, job.user, held, connections).await?)
        }
        _ => {
            let holdings = Holdings::beside(connections, session, job.user).await?;
            owners.claim(job.user, holdings.account_ids())?;
            let order = Order::of(job, &holdings);
            (order, walk(session, sink, job, order, holdings).await?)
        }
    };
    loop {
        owners.claim(job.user, attempt.holdings.account_ids())?;
        received += attempt.tally.received;
        let Some(what) = attempt.changed else { break };
        let user = job.user.get();
        if matches!(order, Order::Delta { .. }) {
            tracing::info!(user, what, "changes are not enough: everything is walked");
        } else if flags.insert(flag::ACCOUNTS_CHANGED) {
            tracing::info!(user, what, "accounts changed under the walk: it is repeated");
        } else {
            return Err(Stop::unit(Reason::AccountsChanged, format!("{what} under the second walk too")));
        }
        order = order.widened(job.previous.as_ref().map(|held| held.window));
        attempt = walk(session, sink, job, order, attempt.holdings).await?;
    }
    let strangers = strangers(&attempt);
    let unknown_accounts: BTreeSet<i64> = strangers.iter().map(|(account, _)| *account).collect();
    owners.check(job.user, unknown_accounts.iter().copied())?;
    // Whoever lists one of these accounts later finds it taken: the order of users hides nothing.
    owners.claim(job.user, unknown_accounts.iter().copied())?;
    report_strangers(sink, &strangers, decimal).await?;
    let mut unit = record(job, order, &attempt, as_of, session);
    unit.unknown_accounts = unknown_accounts;
    unit.rows_received = received;
    flags.extend(&attempt.tally.flags);
    if attempt.holdings.total_mismatch() {
        flags.insert(flag::TOTAL_MISMATCH);
    }
    if session.uses_own_clock() {
        flags.insert(flag::OWN_CLOCK);
    }
    unit.flags = flags.into_iter().map(ToString::to_string).collect();
    attempt.holdings.send(sink).await?;
    Ok(unit)
}

/// What changed since the last run, and only then the accounts: where they are those of the snapshot, no account was
/// archived or came while the changes were read, and no list of transactions hid its rows.
async fn walk_changes(
    session: &mut Session<'_>,
    sink: &Sink,
    user: UserId,
    held: &PreviousUnit,
    connections: ListRead,
) -> Result<Attempt, Stop> {
    let known = held.structure.accounts.keys().copied().collect();
    let mut walker = Walker::new(session, Scope::User(user), sink, &known);
    let mut walked = walker.changes(held.walk_start).await?;
    let holdings = if walked.several {
        Holdings::read(walker.session(), user).await?
    } else {
        Holdings::beside(connections, walker.session(), user).await?
    };
    let changed = held.structure.difference(&holdings.structure);
    if changed.is_none() && walked.several {
        // Balances were read now: what they count came before this pass.
        walker.again(&mut walked).await?;
    }
    let rows_held = walker.rows_held();
    Ok(Attempt { holdings, changed, walked, tally: walker.tally, rows_held, archived: Vec::new() })
}

/// Everything in the dates, between two looks at the accounts unless the rows themselves tell that none was hidden.
async fn walk(
    session: &mut Session<'_>,
    sink: &Sink,
    job: &Job,
    order: Order,
    mut holdings: Holdings,
) -> Result<Attempt, Stop> {
    let known = holdings.account_ids();
    let mut walker = Walker::new(session, Scope::User(job.user), sink, &known);
    let mut walked = walker.full(order.window()).await?;
    let mut changes = None;
    if let Order::Window { since: Some(since), .. } = order {
        walker.check(&mut walked).await?;
        changes = Some(walker.changes(since).await?);
    }
    let mut changed = None;
    if walked.several || changes.is_some_and(|changes| changes.several) {
        let second = Holdings::read(walker.session(), job.user).await?;
        changed = holdings.structure.difference(&second.structure);
        if changed.is_none() && second.moved_since(&holdings) {
            walker.again(changes.as_mut().unwrap_or(&mut walked)).await?;
        }
        holdings = second;
    } else if changes.is_some()
        || !walker.tally.strangers.is_empty()
        || holdings.structure.live().any(|account| !walker.tally.accounts.contains(&account))
    {
        // An account without a row may have been archived before the rows were read, and have hidden them: then it is
        // walked by itself below. One that came before them was seen whole; of one that came or was opened later the
        // changes may show a part only.
        let before = holdings.structure.clone();
        holdings = Holdings::beside(holdings.connections, walker.session(), job.user).await?;
        let late = |account| !before.is_live(account) && !walker.tally.accounts.contains(&account);
        let unseen = changes.is_some() || holdings.structure.live().any(late);
        changed = before.difference(&holdings.structure).filter(|_| unseen);
    }
    let mut archived = Vec::new();
    let mut rows_held = walker.rows_held();
    if changed.is_none() {
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
        unknown_accounts: BTreeSet::new(),
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
