//! Which connections need whom, in the order in which a person can act.

use std::collections::BTreeMap;

use powens_export::lake::manifest::{Attention, AttentionKind, Manifest, UtcTime};

use super::{LIST_LENGTH, more};
use crate::cli::grid::{Align, Grid};
use crate::cli::human;

/// Longest name of an institution that is printed.
const NAME_LENGTH: usize = 32;

/// Connections and sources that need somebody, by who that is and in which state; empty when there are none.
pub(crate) fn attention(manifest: &Manifest, width: usize) -> String {
    let entries = &manifest.attention;
    let mut groups: BTreeMap<(u8, &str), BTreeMap<&str, Vec<&Attention>>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !said_of_connection(entry, entries)) {
        let states = groups.entry((rank(&entry.who), &entry.who)).or_default();
        states.entry(state(entry)).or_default().push(entry);
    }
    if groups.is_empty() {
        return String::new();
    }
    let mut text = "Connections that need somebody\n".to_owned();
    for ((_, who), states) in groups {
        let total = states.values().map(Vec::len).sum::<usize>();
        text.push_str(&format!("  {}: {}\n", heading(who), human::count(total as u64)));
        for (state, entries) in states {
            let lines = entries.len() as u64;
            text.push_str(&format!(
                "    {} ({})\n",
                human::tame(&state.replace('_', " "), NAME_LENGTH),
                human::count(lines)
            ));
            let mut grid = Grid::new(&[Align::Left; 4]);
            for entry in entries.iter().take(LIST_LENGTH) {
                grid.row(line(entry, manifest.started_at));
            }
            text.push_str(&grid.render("      ", width));
            text.extend(
                more(entries.len(), "`attention` in the manifest").map(|line| format!("      {line}")),
            );
        }
    }
    text
}

/// Whether the entry is a source's that says no more than its connection's does.
fn said_of_connection(entry: &Attention, entries: &[Attention]) -> bool {
    let says_the_same = |other: &&Attention| {
        other.kind == AttentionKind::Connection
            && other.id_connection == entry.id_connection
            && (&other.who, &other.state) == (&entry.who, &entry.state)
    };
    entry.kind == AttentionKind::Source && entries.iter().any(|other| says_the_same(&other))
}

fn state(entry: &Attention) -> &str {
    entry.state.as_deref().unwrap_or(&entry.health)
}

fn line(entry: &Attention, started_at: UtcTime) -> [String; 4] {
    let id = |name: &str, id: Option<i64>| id.map_or_else(String::new, |id| format!("{name} {id}"));
    let source = match entry.kind {
        AttentionKind::Connection => String::new(),
        AttentionKind::Source => format!(", {}", id("source", entry.id_source.map(|id| id.get()))),
    };
    let fresh = match entry.last_update {
        Some(moment) => format!("data of {}", moment.get().strftime("%Y-%m-%d")),
        None => "never synchronised".to_owned(),
    };
    [
        id("user", entry.id_user.map(|id| id.get())),
        id("connection", entry.id_connection.map(|id| id.get())) + &source,
        human::tame(entry.connector_name.as_deref().unwrap_or("?"), NAME_LENGTH),
        // What this run found first is news, and needs no date.
        match entry.since < started_at {
            true => format!("{fresh}, so since {}", entry.since.get().strftime("%Y-%m-%d")),
            false => fresh,
        },
    ]
}

/// Who can do something now comes first.
fn rank(who: &str) -> u8 {
    match who {
        "user" => 0,
        "user or operator" => 1,
        "powens" => 2,
        _ => 3,
    }
}

fn heading(who: &str) -> &str {
    match who {
        "user" => "the end user, who must re-authenticate or act at the bank",
        "user or operator" => "the end user or you: switched off, never refreshed",
        "powens" => "Powens",
        other => other,
    }
}
