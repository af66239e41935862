//! Which snapshots are kept, and how the others go.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;

use super::error::LakeError;
use super::layout::{Layout, RunId, place};
use super::lock::Lock;
use super::manifest::UtcTime;
use super::publish::listing;
use super::snapshot::{Latest, firsts};
use super::store::Store;

/// What is kept. A snapshot stays when any of the three asks for it; the published one always stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// So many newest snapshots.
    pub last: u32,
    /// The newest snapshot of each of so many days (UTC) that have one.
    pub daily: u32,
    /// The newest snapshot of each of so many months (UTC) that have one.
    pub monthly: u32,
}

impl Default for Keep {
    fn default() -> Self {
        Self { last: 7, daily: 30, monthly: 12 }
    }
}

/// A snapshot, as far as retention cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Its run.
    pub run_id: RunId,
    /// Its place in the order of snapshots.
    pub sequence: u64,
    /// When its run began.
    pub started_at: UtcTime,
}

/// A snapshot that is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prunable {
    /// The snapshot.
    pub snapshot: Dated,
    /// Bytes that come free when all that are to go are gone; files shared with one that stays do not.
    pub freed: u64,
}

/// The runs whose snapshots are to go, oldest first. Never `published`, nor a later one.
#[must_use]
pub fn plan(snapshots: &[Dated], keep: Keep, published: &RunId) -> Vec<RunId> {
    let mut newest_first: Vec<&Dated> = snapshots.iter().collect();
    newest_first.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.sequence));
    let published = snapshots.iter().find(|snapshot| snapshot.run_id == *published).map(|s| s.sequence);
    let Some(published) = published else { return Vec::new() };

    let mut kept: BTreeSet<&RunId> = BTreeSet::new();
    kept.extend(newest_first.iter().take(keep.last as usize).map(|snapshot| &snapshot.run_id));
    for (characters, periods) in [(10, keep.daily), (7, keep.monthly)] {
        let mut seen = BTreeSet::new();
        for snapshot in &newest_first {
            let period: String = snapshot.started_at.to_string().chars().take(characters).collect();
            if seen.len() == periods as usize && !seen.contains(&period) {
                break;
            }
            if seen.insert(period) {
                kept.insert(&snapshot.run_id);
            }
        }
    }
    let goes = |snapshot: &&&Dated| snapshot.sequence < published && !kept.contains(&snapshot.run_id);
    newest_first.iter().rev().filter(goes).map(|snapshot| snapshot.run_id.clone()).collect()
}

/// What would go, oldest first (`prune --dry-run`). Takes no lock and changes nothing.
///
/// # Errors
/// When the lake cannot be read, or `LATEST` is torn.
pub fn prunable(layout: &Layout, keep: Keep) -> Result<Vec<Prunable>, LakeError> {
    let Some(latest) = Latest::read(layout)? else { return Ok(Vec::new()) };
    let mut snapshots = Vec::new();
    for (run_id, first) in firsts(layout)? {
        match first {
            Ok(first) => {
                snapshots.push(Dated { run_id, sequence: first.sequence, started_at: first.started_at })
            }
            // What nobody can read, nobody decided upon.
            Err(error) => tracing::warn!(run = %run_id, %error, "leaving a snapshot that cannot be read"),
        }
    }
    let runs = plan(&snapshots, keep, &latest.run_id);
    let freed = freed(layout, &runs)?;
    let of = |run: RunId| snapshots.iter().find(|snapshot| snapshot.run_id == run).cloned();
    let with =
        |snapshot: Dated| Prunable { freed: freed.get(&snapshot.run_id).copied().unwrap_or(0), snapshot };
    Ok(runs.into_iter().filter_map(of).map(with).collect())
}

/// Bytes of files all of whose names go, counted at the last of them.
fn freed(layout: &Layout, runs: &[RunId]) -> Result<BTreeMap<RunId, u64>, LakeError> {
    let mut names: BTreeMap<(u64, u64), u64> = BTreeMap::new();
    let mut freed = BTreeMap::new();
    for run in runs {
        let folder = layout.snapshot(run);
        let mut bytes = 0;
        for file in listing(&folder)?.0 {
            let path = folder.join(file);
            let found = path.symlink_metadata().map_err(LakeError::io("look at", &path))?;
            let seen = names.entry((found.dev(), found.ino())).or_default();
            *seen += 1;
            if *seen == found.nlink() {
                bytes += found.size();
            }
        }
        freed.insert(run.clone(), bytes);
    }
    Ok(freed)
}

/// Removes what is to go, oldest first: each first leaves its place by a rename, so that nobody finds a half of it.
///
/// # Errors
/// When the lake cannot be read or the disk refuses; what is gone until then is gone.
pub fn prune(layout: &Layout, store: &Store, _lock: &Lock, keep: Keep) -> Result<Vec<Prunable>, LakeError> {
    let goes = prunable(layout, keep)?;
    for Prunable { snapshot, .. } in &goes {
        let trash = place::trash(&snapshot.run_id);
        store.remove_dir(&trash)?;
        store.remove_tree(&place::snapshot(&snapshot.run_id), &trash)?;
    }
    Ok(goes)
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, ToSpan};

    use super::*;

    /// A snapshot each night, oldest first; `sequence` counts from 1.
    fn nights(count: i64) -> Vec<Dated> {
        let first: Timestamp = "2026-01-01T02:00:00Z".parse().unwrap();
        let night = |n: i64| {
            let start = first.checked_add((24 * n).hours()).unwrap();
            Dated {
                run_id: RunId::new(start, 1),
                sequence: u64::try_from(n + 1).unwrap(),
                started_at: UtcTime::seconds(start),
            }
        };
        (0..count).map(night).collect()
    }

    fn kept(snapshots: &[Dated], keep: Keep) -> Vec<u64> {
        let goes = plan(snapshots, keep, &snapshots[snapshots.len() - 1].run_id);
        snapshots.iter().filter(|s| !goes.contains(&s.run_id)).map(|s| s.sequence).collect()
    }

    #[test]
    fn last_daily_and_monthly_add_up() {
        let year = nights(365);
        let none = Keep { last: 0, daily: 0, monthly: 0 };
        assert_eq!(kept(&year, none), [365], "what is published stays");
        assert_eq!(kept(&year, Keep { last: 3, ..none }), [363, 364, 365]);
        assert_eq!(kept(&year, Keep { monthly: 3, ..none }), [304, 334, 365]);
        let default = kept(&year, Keep::default());
        assert_eq!(default.len(), 30 + 11, "thirty days, and the eleven months before December");
        assert_eq!(kept(&nights(5), Keep::default()), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_day_keeps_its_newest_and_sequence_is_the_order() {
        let mut snapshots = nights(2);
        // A second run on the first day, by a clock that ran backwards: later by sequence, earlier by name.
        let early: Timestamp = "2026-01-02T01:00:00Z".parse().unwrap();
        snapshots.push(Dated {
            run_id: RunId::new(early, 1),
            sequence: 3,
            started_at: UtcTime::seconds(early),
        });
        assert_eq!(kept(&snapshots, Keep { last: 0, daily: 2, monthly: 0 }), [1, 3]);
        assert_eq!(kept(&snapshots, Keep { last: 1, daily: 0, monthly: 0 }), [3]);
    }

    #[test]
    fn nothing_goes_where_nothing_is_published_or_after_it() {
        let snapshots = nights(3);
        let none = Keep { last: 0, daily: 0, monthly: 0 };
        let other = RunId::new("2030-01-01T00:00:00Z".parse().unwrap(), 1);
        assert_eq!(plan(&snapshots, none, &other), []);
        assert_eq!(plan(&snapshots, none, &snapshots[0].run_id), []);
    }
}
