//! What a folder holds of an earlier process: reads it, judges it, sweeps the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use crate::model::UserId;

use super::journal::{self, Commit, Replayed};
use super::run::{self, Run};
use super::{Disk, StageError, StageKey};

/// What can be used again.
#[derive(Debug)]
pub(super) struct Reusable {
    pub(super) runs: BTreeMap<u64, Arc<Run>>,
    pub(super) commits: BTreeMap<UserId, Commit>,
    pub(super) next_journal: u64,
    pub(super) last_attempt: i64,
    pub(super) last_run: u64,
}

/// Makes the folder ours, keeps what is whole, of this key and of an age within `ages` (microseconds since the
/// Unix epoch), makes that durable and removes everything else.
pub(super) fn open(
    disk: &dyn Disk,
    folder: &Path,
    key: &StageKey,
    ages: std::ops::RangeInclusive<i64>,
) -> Result<Reusable, StageError> {
    own(disk, folder)?;
    let place = disk.locate(folder);
    let names = list(&place)?;
    let journals: BTreeSet<u64> =
        names.iter().filter_map(|name| journal::number_of(name.to_str()?)).collect();
    let replayed = journal::replay(&place, &journals, key)?;
    let same_key = replayed.is_some();
    let replayed = replayed.unwrap_or_else(|| Replayed { next_journal: 1, ..Replayed::default() });
    let reusable = judge(&place, replayed, &ages);
    let kept: BTreeSet<OsString> = match same_key && !reusable.commits.is_empty() {
        true => {
            let runs = reusable.runs.keys().map(|number| run::file_name(*number));
            let journals = journals.iter().map(|number| journal::file_name(*number));
            runs.chain(journals).map(OsString::from).collect()
        }
        false => BTreeSet::new(),
    };
    sweep(disk, folder, &names, &kept)?;
    make_durable(disk, folder, &kept)?;
    Ok(reusable)
}

/// Creates the folder, or sees to it that it is a folder that only we could write to.
fn own(disk: &dyn Disk, folder: &Path) -> Result<(), StageError> {
    match fs::symlink_metadata(disk.locate(folder)) {
        Ok(found) if !found.is_dir() => return Err(StageError::Foreign(folder.display().to_string())),
        Ok(found) if found.mode() & 0o077 == 0 => return Ok(()),
        // Others could have put files there: nothing of it is trusted.
        Ok(_) => disk.remove_dir(folder).map_err(StageError::disk("remove a folder open to others"))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(StageError::disk("look at its folder")(error)),
    }
    disk.create_dir(folder, 0o700).map_err(StageError::disk("create its folder"))
}

fn list(place: &Path) -> Result<Vec<OsString>, StageError> {
    let listed = StageError::disk("list its folder");
    let entries = fs::read_dir(place).map_err(&listed)?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<_>>();
    let mut names: Vec<OsString> = names.map_err(listed)?;
    names.sort_unstable();
    Ok(names)
}

/// The units all of whose rows are there, and the runs that have any of them.
fn judge(place: &Path, replayed: Replayed, ages: &std::ops::RangeInclusive<i64>) -> Reusable {
    let mut runs = BTreeMap::new();
    let mut broken: BTreeSet<i64> = BTreeSet::new();
    for (number, entry) in replayed.runs {
        let attempts = entry.attempts.clone();
        match Run::open(place, entry) {
            Some(run) => drop(runs.insert(number, Arc::new(run))),
            None => {
                tracing::warn!(run = number, "a staged run is damaged or gone: its users are fetched anew");
                broken.extend(attempts);
            }
        }
    }
    let mut commits = replayed.commits;
    commits.retain(|_, commit| ages.contains(&commit.at) && !broken.contains(&commit.attempt));
    let live: BTreeSet<i64> = commits.values().map(|commit| commit.attempt).collect();
    runs.retain(|_, run| run.pieces.keys().any(|attempt| live.contains(attempt)));
    Reusable {
        runs,
        commits,
        next_journal: replayed.next_journal,
        last_attempt: replayed.last_attempt,
        last_run: replayed.last_run,
    }
}

fn sweep(
    disk: &dyn Disk,
    folder: &Path,
    names: &[OsString],
    kept: &BTreeSet<OsString>,
) -> Result<(), StageError> {
    let place = disk.locate(folder);
    for name in names.iter().filter(|name| !kept.contains(*name)) {
        let path = folder.join(name);
        let removed = match fs::symlink_metadata(place.join(name)) {
            Ok(found) if found.is_dir() => disk.remove_dir(&path),
            _ => disk.remove_file(&path),
        };
        removed.map_err(StageError::disk("remove what is stale"))?;
    }
    Ok(())
}

/// What a killed process wrote may not have reached the disk yet. From here on it is relied upon.
fn make_durable(disk: &dyn Disk, folder: &Path, kept: &BTreeSet<OsString>) -> Result<(), StageError> {
    for name in kept {
        let path = folder.join(name);
        fs::File::open(disk.locate(&path))
            .and_then(|file| disk.sync_file(&path, &file))
            .map_err(StageError::disk("sync what an earlier run left"))?;
    }
    disk.sync_dir(folder).map_err(StageError::disk("sync its folder"))
}
