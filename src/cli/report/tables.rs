//! Rows, files, sizes, and what changed since the snapshot before.

use powens_export::lake::manifest::{Changes, Manifest};

use crate::cli::grid::{Align, Grid};
use crate::cli::human;

/// The tables, one line each.
pub(crate) fn tables(manifest: &Manifest, width: usize) -> String {
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Left]);
    grid.row([
        "table",
        "rows",
        "files",
        "size",
        if manifest.parent.is_some() { "since the last one" } else { "" },
    ]);
    let (mut rows, mut files, mut bytes) = (0, 0, 0);
    for table in &manifest.tables {
        let change = match manifest.changes.get(&table.name) {
            Some(changes) if manifest.parent.is_some() => change(changes),
            _ => String::new(),
        };
        grid.row([
            table.name.name().to_owned(),
            human::count(table.rows),
            human::count(table.files),
            human::bytes(table.bytes),
            change,
        ]);
        rows += table.rows;
        files += table.files;
        bytes += table.bytes;
    }
    grid.row(["".to_owned(), human::count(rows), human::count(files), human::bytes(bytes), String::new()]);
    grid.render("  ", width)
}

/// `312 new, 14 changed, 2 deleted, 1 vanished` – what is not zero.
fn change(changes: &Changes) -> String {
    let Changes { inserted, updated, deleted, vanished } = *changes;
    let named: Vec<String> =
        [(inserted, "new"), (updated, "changed"), (deleted, "deleted"), (vanished, "vanished")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{} {what}", human::count(count)))
            .collect();
    if named.is_empty() { "unchanged".to_owned() } else { named.join(", ") }
}
