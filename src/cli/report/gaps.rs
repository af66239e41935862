//! Who is incomplete, and why.

use powens_export::lake::manifest::{Incomplete, Manifest};
use powens_export::model::Reason;

use super::{LIST_LENGTH, more};
use crate::cli::grid::{Align, Grid};
use crate::cli::human;

/// Users and accounts that are not complete; empty when there are none.
pub(crate) fn incomplete(manifest: &Manifest, width: usize) -> String {
    let entries = &manifest.incomplete;
    if entries.is_empty() {
        return String::new();
    }
    let mut text = format!("Incomplete: {}\n", human::counted(entries.len() as u64, "entry", "entries"));
    let mut grid = Grid::new(&[Align::Left, Align::Left, Align::Left]);
    for entry in entries.iter().take(LIST_LENGTH) {
        grid.row([who(entry), entry.reason.to_string(), why(entry)]);
    }
    text.push_str(&grid.render("  ", width));
    text.extend(more(entries.len(), "`incomplete` in the manifest").map(|line| format!("  {line}")));
    text
}

fn who(entry: &Incomplete) -> String {
    match entry.id_account {
        Some(account) => format!("user {}, account {account}", entry.id_user),
        None => format!("user {}", entry.id_user),
    }
}

fn why(entry: &Incomplete) -> String {
    let mut text = meaning(entry.reason).to_owned();
    if let Some(count) = entry.count {
        text.push_str(&format!(" ({})", human::counted(count, "row", "rows")));
    }
    if let Some(since) = entry.since {
        text.push_str(&format!("; since {}", since.get().strftime("%Y-%m-%d")));
    }
    text.push_str(if entry.retryable {
        "; asked again at the next run"
    } else {
        "; somebody has to look into it"
    });
    text
}

/// What a reason code means, in the words of a report. Exhaustive: a new code needs its sentence.
fn meaning(reason: Reason) -> &'static str {
    match reason {
        Reason::TooYoung => "signed up moments ago",
        Reason::Unauthorized => "the token was refused twice",
        Reason::Forbidden => "the API forbids this user to us",
        Reason::NotFound => "listed, but the API says there is no such user",
        Reason::RenewRefused => "no token could be had",
        Reason::ServerError => "the API failed at every attempt",
        Reason::Transport => "the connection broke at every attempt",
        Reason::RetryBudget => "too many requests had to be sent again in this run",
        Reason::Undecodable => "an answer was no page, at every attempt",
        Reason::PageTooLarge => "an answer exceeds what is taken in",
        Reason::RequestRefused => "the API refused a request that it documents",
        Reason::NextRefused => "a next link leads elsewhere; it was not followed",
        Reason::NextLoop => "a next link leads back to where the walk has been",
        Reason::PageLimit => "there are more pages than a walk may have",
        Reason::Unstable => "the list kept changing under every pass",
        Reason::TotalMismatch => "the API's total and the rows received do not agree",
        Reason::WindowBlind => "rows exist that no date window shows",
        Reason::RowWithoutKey => "rows came without an id or an account and cannot be stored",
        Reason::AccountsChanged => "the accounts changed under the walk, twice",
        Reason::Shrunk => "far fewer rows than are held, and two walks did not agree",
        Reason::Deadline => "it took longer than a user may take",
    }
}
