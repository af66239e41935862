//! A look at one user, just enough to say what fetching will cost: the archived accounts, the first page of the walk, and
//! how many rows the passes will bring.

use std::collections::BTreeSet;

use crate::model::{AccountId, Window};
use crate::table::{Links, List};

use super::action::Action;
use super::error::Stop;
use super::estimate::Expected;
use super::holdings::read_structure;
use super::job::Job;
use super::session::{Answer, Session};
use super::walk::{PAGE_ROWS, Query, Scope, counts_rows, total_of};
use crate::table::column::number;

/// Looks at the user.
pub(super) async fn look(session: &mut Session<'_>, job: &Job) -> Result<Expected, Stop> {
    let scope = Scope::User(job.user);
    let window = match job.action {
        Action::Full { window } | Action::Window { window } => window,
        _ => Window::OPEN,
    };
    let structure = read_structure(session, job.user).await?;
    let query = Query::window(scope, window);
    let first = ask(session, scope, &query.target()).await?;
    let (mut expected, several) = of_first_page(session, &query, &first);
    if let (Action::Window { .. }, Some(held)) = (job.action, &job.previous) {
        expected.changed = count(session, scope, &Query::changes_since_run(scope, held.walk_start)).await?;
        expected.exact &= expected.changed.is_some();
    }
    if several || expected.changed.is_some_and(|changed| changed > expected.page) {
        let fresh = count(session, scope, &Query::changes_since_pass(scope, first.at)).await?;
        expected.exact &= fresh.is_some();
        expected.fresh = fresh.unwrap_or(0);
    }
    let seen: BTreeSet<i64> =
        number(&first.page.rows, "id_account").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    expected.empty = structure.live().any(|account| !seen.contains(&account));
    let archived = structure.archived().filter_map(AccountId::new);
    for account in archived.filter(|account| !seen.contains(&account.get())) {
        look_at_archived(session, job, account, window, several, &mut expected).await?;
    }
    Ok(expected)
}

/// What the first page tells of the others, and whether there are others.
fn of_first_page(session: &Session<'_>, query: &Query, first: &Answer) -> (Expected, bool) {
    let envelope = &first.page.envelope;
    let received = envelope.received as u64;
    let total = total_of(envelope);
    let several = matches!(envelope.links, Links::Next(_));
    let agrees = total.is_none_or(|total| total == received);
    let expected = match &envelope.links {
        Links::Next(href) => {
            let by_row = query.target().next(session.base(), href).is_ok_and(|next| !counts_rows(&next));
            let more = total.filter(|total| *total > received);
            Expected {
                rows: more.unwrap_or(received + 1),
                page: received.max(1),
                exact: by_row && more.is_some() && received > 0,
                ..Expected::default()
            }
        }
        Links::End => Expected { rows: received, exact: agrees, ..Expected::default() },
        // Without links the walk looks behind whatever came.
        Links::Absent => Expected {
            rows: received,
            archived: u64::from(received > 0),
            exact: agrees && received < PAGE_ROWS,
            ..Expected::default()
        },
    };
    (expected, several)
}

/// An archived account of which the first page shows nothing is walked by itself, unless a later page shows it.
async fn look_at_archived(
    session: &mut Session<'_>,
    job: &Job,
    account: AccountId,
    window: Window,
    several: bool,
    expected: &mut Expected,
) -> Result<(), Stop> {
    let scope = Scope::Account(job.user, account);
    let rows = count(session, scope, &Query::window(scope, window)).await?;
    match rows {
        Some(rows) if rows > 0 && several => expected.exact = false,
        _ => {
            let own = Expected { rows: rows.unwrap_or(0), ..*expected }.full(window);
            expected.archived += own.requests;
            expected.exact &= rows.is_some() && !own.several;
        }
    }
    Ok(())
}

/// How many rows a list has, if the API says so.
async fn count(session: &mut Session<'_>, scope: Scope, query: &Query) -> Result<Option<u64>, Stop> {
    let answer = ask(session, scope, &query.count()).await?;
    let envelope = &answer.page.envelope;
    match total_of(envelope) {
        // A total of one that comes with one row may count the page.
        Some(total) if total != 1 || envelope.links == Links::End => Ok(Some(total)),
        None if envelope.received == 0 => Ok(Some(0)),
        _ => Ok(None),
    }
}

async fn ask(session: &mut Session<'_>, scope: Scope, target: &crate::api::Target) -> Result<Answer, Stop> {
    session.page(List::Transactions, scope.endpoint(), target).await
}
