//! `prune`: removes old snapshots, by the same rule as every run. What `LATEST` names always stays.

use jiff::Timestamp;
use powens_export::lake::retention::{Prunable, prunable, prune};
use powens_export::lake::store::Syncs;
use powens_export::lake::{Destination, Layout, Snapshot};

use super::args::{Common, PruneArgs};
use super::config_file::ConfigFile;
use super::exit::Exit;
use super::failure::Failure;
use super::grid::{Align, Grid};
use super::{human, logging, output, settings};

/// Performs the verb.
pub(crate) fn perform(args: PruneArgs, common: &Common) -> Result<Exit, Failure> {
    logging::start_quiet(common)?;
    let PruneArgs { dest, dry_run, keep } = args;
    let keep = settings::retention(&keep, &ConfigFile::read(common.config.as_deref())?);
    // A folder that is no lake is refused before anything is created in it.
    Snapshot::require_latest(&Layout::new(&dest))?;
    let gone = if dry_run {
        prunable(&Layout::new(&dest), keep)?
    } else {
        let lake = Destination::open(&dest, Timestamp::now(), Syncs::Executed)?;
        prune(&lake.layout, &lake.store, &lake.lock, keep)?
    };
    if !common.quiet {
        output::print_page(&page(&gone, dry_run, output::width()))?;
    }
    Ok(Exit::Complete)
}

fn page(gone: &[Prunable], dry_run: bool, width: usize) -> String {
    let verb = if dry_run { "would go" } else { "removed" };
    if gone.is_empty() {
        return "nothing to remove\n".to_owned();
    }
    let freed = human::bytes(gone.iter().map(|snapshot| snapshot.freed).sum());
    let snapshots = human::counted(gone.len() as u64, "snapshot", "snapshots");
    let mut grid = Grid::new(&[Align::Left, Align::Right, Align::Left]);
    for prunable in gone {
        grid.row([prunable.snapshot.run_id.to_string(), human::bytes(prunable.freed), String::new()]);
    }
    format!("{snapshots} {verb}, {freed} of disk\n{}", grid.render("  ", width))
}
