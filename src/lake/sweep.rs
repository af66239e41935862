//! What a crash leaves behind, and what a publish no longer needs.
//!
//! Only things that carry one of our own names are touched: folders named like runs, `trash-…`, our temporary files.

use std::fs;
use std::io;

use super::error::LakeError;
use super::layout::{Layout, RunId, TRASH, place};
use super::lock::Lock;
use super::snapshot::{Snapshot, firsts};
use super::store::Store;

/// What was moved or removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Snapshots that were never committed, now in the trash until the next publish.
    pub uncommitted: Vec<RunId>,
    /// Work areas of runs that died.
    pub work: Vec<RunId>,
}

/// Puts aside what runs that died have left: snapshots with a sequence above `committed` (that of `LATEST`, 0 without
/// one) and work areas. The stage and the token journal stay.
///
/// # Errors
/// When the disk refuses.
pub fn sweep(layout: &Layout, store: &Store, _lock: &Lock, committed: u64) -> Result<Swept, LakeError> {
    let mut swept = Swept { work: remove_work(layout, store)?, uncommitted: Vec::new() };
    for name in ["LATEST.tmp", "latest.tmp"] {
        store.remove_file(name.as_ref())?;
    }
    for (run, first) in firsts(layout)? {
        let whole = match first {
            Ok(first) if first.sequence <= committed => continue,
            Ok(_) => Snapshot::open(layout, &run).map(drop),
            Err(error) => Err(error),
        };
        match whole {
            Ok(()) => {
                store.rename(&place::snapshot(&run), &place::trash(&run))?;
                swept.uncommitted.push(run);
            }
            // Whole or not, it was not left by a crash: a manifest is durable before its folder gets this place.
            Err(error) => tracing::warn!(%run, %error, "leaving a snapshot that cannot be read"),
        }
    }
    if !swept.uncommitted.is_empty() || !swept.work.is_empty() {
        tracing::info!(
            uncommitted = swept.uncommitted.len(),
            work = swept.work.len(),
            "moved aside what an earlier run left"
        );
    }
    Ok(swept)
}

/// Removes all work after a publish: every run's area, the stage, the trash.
///
/// # Errors
/// When the disk refuses. The snapshot is published all the same.
pub fn sweep_after_publish(layout: &Layout, store: &Store, _lock: &Lock) -> Result<(), LakeError> {
    store.remove_dir(&place::stage())?;
    remove_work(layout, store).map(|_| ())
}

/// Removes runs' work areas and the trash.
fn remove_work(layout: &Layout, store: &Store) -> Result<Vec<RunId>, LakeError> {
    let folder = layout.at(place::work());
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::io("list", &folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(LakeError::io("list", &folder))?.file_name().to_str().map(str::to_owned));
    }
    names.sort();
    let mut runs = Vec::new();
    for name in names {
        let trashed = name.strip_prefix(TRASH).is_some_and(|run| run.parse::<RunId>().is_ok());
        match name.parse::<RunId>() {
            Ok(run) => {
                store.remove_dir(&place::run_work(&run))?;
                runs.push(run);
            }
            Err(_) if trashed => store.remove_dir(&place::work().join(&name))?,
            Err(_) => {}
        }
    }
    Ok(runs)
}
