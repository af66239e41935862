//! The closing report of a run.

use std::fmt::Write as _;

use powens_export::export::RunReport;
use powens_export::lake::manifest::{Manifest, Mode, Status, UserCounts};

use crate::cli::grid::{Align, Grid};
use crate::cli::human;

/// What was exported, what was not, who is needed, where it is.
pub(crate) fn of_run(report: &RunReport, width: usize) -> String {
    // Taken apart without `..`: what a run has to say is said.
    let RunReport { manifest, snapshot, reused_units, pruned } = report;
    let mut text = format!("Snapshot {} is published: {}\n\n", manifest.run_id, verdict(manifest));
    let mut grid = head(manifest);
    grid.row(["requests".to_owned(), requests(manifest)]);
    if *reused_units > 0 {
        let users = human::counted(*reused_units, "user", "users");
        grid.row(["resumed".to_owned(), format!("{users} had been fetched by the interrupted run before")]);
    }
    grid.row(["lake".to_owned(), snapshot.display().to_string()]);
    if !pruned.is_empty() {
        let snapshots = human::counted(pruned.len() as u64, "old snapshot", "old snapshots");
        grid.row(["removed".to_owned(), format!("{snapshots}, by retention")]);
    }
    text.push_str(&grid.render("  ", width));
    text.push('\n');
    text.push_str(&super::tables(manifest, width));
    for section in [super::incomplete(manifest, width), super::attention(&manifest.attention, width)] {
        if !section.is_empty() {
            text.push('\n');
            text.push_str(&section);
        }
    }
    text
}

/// The lines that every report on a snapshot begins with.
pub(crate) fn head(manifest: &Manifest) -> Grid {
    let mut grid = Grid::new(&[Align::Left, Align::Left]);
    let kind = match manifest.mode {
        Mode::Full => "everything",
        Mode::Incremental => "what changed, on top of the snapshot before",
        Mode::Backfill => "a window of dates",
    };
    let window = match manifest.window.window() {
        Some(window) if !window.is_open() => format!("{kind}: {window}"),
        _ => kind.to_owned(),
    };
    let took = human::between(manifest.started_at.get(), manifest.finished_at.get());
    grid.row(["bank".to_owned(), manifest.source.host.clone()]);
    grid.row(["asked for".to_owned(), window]);
    grid.row(["read".to_owned(), {
        let from = manifest.as_of.unwrap_or(manifest.started_at).get();
        format!("{}, took {}", human::instant(from), human::span(took))
    }]);
    grid.row(["users".to_owned(), users(&manifest.users)]);
    let dates = match &manifest.window.exported {
        Some(exported) => format!("{} to {} (transactions)", exported.min, exported.max),
        None => "no transaction".to_owned(),
    };
    grid.row(["dates".to_owned(), dates]);
    grid
}

/// `23 complete, 1 carried over` – what is not zero.
fn users(users: &UserCounts) -> String {
    // Taken apart without `..`: a new way to end has to be named here.
    let UserCounts { listed, complete, carried, kept, failed, gone, skipped } = *users;
    let ends = [
        (complete, "complete"),
        (carried, "failed, earlier rows kept"),
        (failed, "failed, no rows"),
        (kept, "not asked for, earlier rows kept"),
        (skipped, "too young to be asked"),
        (gone, "gone"),
    ];
    let named: Vec<String> = ends
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, end)| format!("{} {end}", human::count(count)))
        .collect();
    match named.is_empty() {
        true => "none".to_owned(),
        false => format!("{} listed: {}", human::count(listed), named.join(", ")),
    }
}

fn verdict(manifest: &Manifest) -> &'static str {
    match manifest.status {
        Status::Complete => "complete",
        Status::Partial => "partial, see what is incomplete below",
    }
}

fn requests(manifest: &Manifest) -> String {
    let requests = &manifest.requests;
    let mut text =
        format!("{}, {} received", human::count(requests.total), human::bytes(requests.bytes_received));
    let again: u64 = requests.retries.values().sum();
    let extras = [
        (again, "sent again"),
        (requests.throttled, "throttled"),
        (requests.seconds_waited, "seconds waited"),
        (requests.tokens_left, "tokens left behind (revoked at the next run)"),
    ];
    for (count, what) in extras.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(text, ", {} {what}", human::count(count));
    }
    text
}
