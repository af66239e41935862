//! The view, for people.

use std::time::Duration;

use powens_export::lake::manifest::{Manifest, Status};

use super::view::{Consent, Growth, Stale, View};
use crate::cli::grid::{Align, Grid};
use crate::cli::{human, report};

/// Entries of a list that are printed.
const LIST_LENGTH: usize = 10;
const NAME_LENGTH: usize = 32;

pub(super) fn page(view: &View<'_>, last: &Manifest, width: usize) -> String {
    let snapshot = &view.snapshot;
    let age = human::span(Duration::from_secs(snapshot.age_seconds));
    let status = snapshot.status.as_str();
    let mut text = format!("Snapshot {} is {status}; its data are {age} old\n\n", snapshot.run_id);
    let mut grid = report::head(last);
    grid.row(["lake", snapshot.path.as_str()]);
    text.push_str(&grid.render("  ", width));
    text.push('\n');
    text.push_str(&report::tables(last, width));
    text.push('\n');
    text.push_str(&growth(&view.growth, width));
    let sections = [
        health(view, width),
        stale(view.stale.as_deref().unwrap_or_default(), width),
        consents(view.consents.as_deref().unwrap_or_default(), width),
        report::incomplete(last, width),
        report::attention(view.attention, width),
    ];
    for section in sections.iter().filter(|section| !section.is_empty()) {
        text.push('\n');
        text.push_str(section);
    }
    text
}

fn growth(snapshots: &[Growth<'_>], width: usize) -> String {
    let mut grid = Grid::new(&[
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
    ]);
    grid.row(["snapshot", "users", "accounts", "transactions", "size", "requests", ""]);
    for snapshot in snapshots {
        grid.row([
            snapshot.run_id.to_string(),
            human::count(snapshot.users),
            human::count(snapshot.accounts),
            human::count(snapshot.transactions),
            human::bytes(snapshot.bytes),
            human::count(snapshot.requests),
            if snapshot.status == Status::Complete { String::new() } else { "partial".to_owned() },
        ]);
    }
    grid.render("  ", width)
}

fn health(view: &View<'_>, width: usize) -> String {
    let Some(connections) = &view.connections else {
        return "Connections: too many for the manifest; see the table `connections`\n".to_owned();
    };
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Left]);
    for (health, count) in connections {
        grid.row([health.replace('_', " "), human::count(*count), String::new()]);
    }
    if grid.is_empty() {
        String::new()
    } else {
        format!("Connections by health\n{}", grid.render("  ", width))
    }
}

fn stale(connections: &[Stale<'_>], width: usize) -> String {
    let mut grid = Grid::new(&[Align::Left; 4]);
    for connection in connections.iter().take(LIST_LENGTH) {
        grid.row([
            connection.id_user.map_or_else(String::new, |id| format!("user {id}")),
            format!("connection {}", connection.id_connection),
            human::tame(connection.connector_name.unwrap_or("?"), NAME_LENGTH),
            format!("data of {}", connection.last_update.get().strftime("%Y-%m-%d")),
        ]);
    }
    section("Healthy by their state, but not refreshed for three days", &grid, connections.len(), width)
}

fn consents(consents: &[Consent<'_>], width: usize) -> String {
    let mut grid = Grid::new(&[Align::Left; 4]);
    for consent in consents.iter().take(LIST_LENGTH) {
        let verb = if consent.expired { "ended" } else { "ends" };
        grid.row([
            consent.id_user.map_or_else(String::new, |id| format!("user {id}")),
            format!("connection {}, source {}", consent.id_connection, consent.id_source),
            human::tame(consent.connector_name.unwrap_or("?"), NAME_LENGTH),
            format!("{verb} {}", consent.access_expire.get().strftime("%Y-%m-%d")),
        ]);
    }
    section("Consents that end within 14 days, or have ended", &grid, consents.len(), width)
}

fn section(title: &str, grid: &Grid, total: usize, width: usize) -> String {
    if grid.is_empty() {
        return String::new();
    }
    let mut text = format!("{title}: {}\n{}", human::count(total as u64), grid.render("  ", width));
    if total > LIST_LENGTH {
        text.push_str(&format!(
            "  … and {} more: --json lists them\n",
            human::count((total - LIST_LENGTH) as u64)
        ));
    }
    text
}
