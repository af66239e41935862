//! The plan, for people.

use std::fmt::Write as _;
use std::time::Duration;

use powens_export::model::Window;

use super::view::{Requests, View};
use crate::cli::grid::{Align, Grid};
use crate::cli::human;

/// The page.
pub(super) fn page(view: &View, width: usize) -> String {
    let mut text = match &view.base {
        Some(run) => format!("A run would build on snapshot {run}\n\n"),
        None => "A run would be the first into this lake\n\n".to_owned(),
    };
    text.push_str(&head(view).render("  ", width));
    text.push('\n');
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Left]);
    grid.row(["asked", "users", "requests", "why"]);
    for group in &view.groups {
        let requests = bound(group.requests, group.exact);
        grid.row([group.action, &human::count(group.users), &requests, &group.why].map(str::to_owned));
    }
    text.push_str(&grid.render("  ", width));
    for line in notes(view) {
        let _ = write!(text, "\n{line}\n");
    }
    text
}

fn head(view: &View) -> Grid {
    let mut grid = Grid::new(&[Align::Left, Align::Left]);
    grid.row(["bank".to_owned(), view.host.clone()]);
    grid.row(["lake".to_owned(), view.dest.display().to_string()]);
    if view.window != Window::OPEN {
        grid.row(["dates".to_owned(), view.window.to_string()]);
    }
    let (listed, fetched) = (human::count(view.users_listed), human::count(view.users_to_fetch));
    grid.row(["users".to_owned(), format!("{listed} listed, {fetched} to fetch")]);
    grid.row(["requests".to_owned(), requests(&view.requests)]);
    grid.row(["duration".to_owned(), duration(view)]);
    grid
}

/// `at least 12,345`, or `12,345` where nothing is left to chance.
fn bound(requests: u64, exact: bool) -> String {
    if exact { human::count(requests) } else { format!("at least {}", human::count(requests)) }
}

fn requests(requests: &Requests) -> String {
    // Taken apart without `..`: what costs is named.
    let Requests { total, exact, users, lists, second_reading, tokens_left } = *requests;
    let parts = [
        (users, "for users"),
        (lists, "for the lists of users and connectors"),
        (second_reading, "for the list of users once more"),
        (tokens_left, "to revoke tokens that an interrupted run left"),
    ];
    let named: Vec<String> = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{} {what}", human::count(count)))
        .collect();
    format!("{}: {}", bound(total, exact), named.join(", "))
}

fn duration(view: &View) -> String {
    let duration = &view.duration;
    let why = match duration.basis {
        "rate" => format!("at {}", duration.rate),
        "last_run" => "at the pace of the last run, which the API throttled".to_owned(),
        _ => format!(
            "at {} ms an answer, {} at a time, unless the API throttles",
            duration.latency_ms,
            human::counted(duration.concurrency as u64, "user", "users")
        ),
    };
    let span = human::span(Duration::from_secs(duration.seconds));
    let bound = if view.requests.exact { "about" } else { "at least" };
    format!("{bound} {span} for the requests, {why}; building and publishing come after")
}

/// What a number cannot say.
fn notes(view: &View) -> Vec<String> {
    let mut notes = Vec::new();
    if view.resumable {
        notes.push(
            "An interrupted run left work: what this run can use of it is not asked for again, and the run \
             costs less than said here."
                .to_owned(),
        );
    } else if !view.requests.exact {
        notes.push(
            "--probe looks at the users whose cost is not known, and makes the numbers exact.".to_owned(),
        );
    }
    if view.users_without_token > 0 {
        let users = human::counted(view.users_without_token, "user has", "users have");
        notes.push(format!("{users} no token in the file of tokens: they would fail, at no cost."));
    }
    notes.extend(view.refusals.iter().map(|refusal| format!("Nothing would be published: {refusal}.")));
    notes
}
