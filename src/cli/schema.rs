//! `schema`: the tables' columns, their types and meaning.

use powens_export::table::Table;

use super::args::SchemaArgs;
use super::exit::Exit;
use super::failure::{Failure, UsageError};
use super::grid::{Align, Grid, wrap};
use super::output;

/// Performs the verb.
pub(crate) fn perform(args: &SchemaArgs) -> Result<Exit, Failure> {
    let tables = match &args.table {
        None => Table::ALL.to_vec(),
        Some(name) => vec![Table::from_name(name).ok_or_else(|| {
            let names = Table::ALL.map(Table::name).join(", ");
            UsageError::setting("TABLE", format!("there is no table of that name; there are {names}"))
        })?],
    };
    let width = output::width();
    let text: Vec<String> = tables.into_iter().map(|table| describe(table, width)).collect();
    output::print(&text.join("\n"))?;
    Ok(Exit::Complete)
}

fn describe(table: Table, width: usize) -> String {
    let schema = table.schema();
    let mut text = format!("{}\n", table.name());
    for line in wrap(&schema.meaning, width.saturating_sub(2)) {
        text.push_str(&format!("  {line}\n"));
    }
    text.push_str(&format!("  key {}, sorted by {}", schema.key.join(", "), schema.order.join(", ")));
    if let Some(partition) = &schema.partition {
        text.push_str(&format!(", a folder for each {} of {}", partition.column, partition.of));
    }
    text.push_str("\n\n");
    let mut grid = Grid::new(&[Align::Left, Align::Left, Align::Left]);
    for column in &schema.columns {
        grid.row([column.name.as_str(), column.kind.name(), &column.meaning]);
    }
    text.push_str(&grid.render("  ", width));
    text
}
