//! Reading the lake, choosing the form, the exit code.

use jiff::Timestamp;
use powens_export::lake::{Layout, Manifest, Snapshot, firsts};

use super::page::page;
use super::view::{GROWTH_LENGTH, View};
use crate::cli::args::{Common, StatusArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::values::Span;
use crate::cli::{defaults, logging, output, settings};

/// Performs the verb.
pub(crate) fn perform(args: StatusArgs, common: &Common) -> Result<Exit, Failure> {
    logging::start_quiet(common)?;
    let StatusArgs { dest, json, check, max_age } = args;
    let layout = Layout::new(&dest);
    let last = Snapshot::require_latest(&layout)?;
    let earlier = earlier(&layout, last.manifest.sequence)?;
    let view = View::new(&last.manifest, &earlier, &last.folder, Timestamp::now());
    let max_age = max_age.unwrap_or_else(|| settings::default::<Span>(defaults::MAX_AGE)).0;
    let passes = view.passes(max_age);
    if json {
        output::print_json(&view)?;
    } else if !(common.quiet && (passes || !check)) {
        output::print_page(&page(&view, &last.manifest, output::width()))?;
    }
    Ok(if check && !passes { Exit::Partial } else { Exit::Complete })
}

/// The manifests of the snapshots before, newest first. One that cannot be read is `verify`'s business, not ours.
fn earlier(layout: &Layout, sequence: u64) -> Result<Vec<Manifest>, Failure> {
    let before = firsts(layout)?.into_iter().filter_map(|(run, first)| Some((first.ok()?.sequence, run)));
    let mut before: Vec<_> = before.filter(|(earlier, _)| *earlier < sequence).collect();
    before.sort_by_key(|(sequence, _)| std::cmp::Reverse(*sequence));
    let manifests = before.iter().filter_map(|(_, run)| Snapshot::open(layout, run).ok());
    Ok(manifests.map(|snapshot| snapshot.manifest).take(GROWTH_LENGTH - 1).collect())
}
