//! Reading the lake, choosing the form, the exit code.

use jiff::Timestamp;
use powens_export::lake::{Layout, Manifest, Snapshot, list};

use super::page::page;
use super::view::View;
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
        output::print(&page(&view, &last.manifest, output::width()))?;
    }
    Ok(if check && !passes { Exit::Partial } else { Exit::Complete })
}

/// The manifests of the snapshots before, newest first. One that cannot be read is `verify`'s business, not ours.
fn earlier(layout: &Layout, sequence: u64) -> Result<Vec<Manifest>, Failure> {
    let mut manifests: Vec<Manifest> = list(layout)?
        .into_iter()
        .filter_map(|listed| listed.snapshot.ok())
        .map(|snapshot| snapshot.manifest)
        .filter(|manifest| manifest.sequence < sequence)
        .collect();
    manifests.sort_by_key(|manifest| std::cmp::Reverse(manifest.sequence));
    Ok(manifests)
}
