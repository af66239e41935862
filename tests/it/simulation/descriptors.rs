//! Files that a run has open below its folder: few while it lasts, none when it is over.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use super::lake::Findings;

/// So many at a time are enough for a bank of this size.
const MOST: usize = 64;
/// Tasks that were left under way when a run was stopped let go of their files a moment later.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most that were open at once.
#[derive(Debug, Default)]
pub(super) struct Peak(AtomicUsize);

impl Peak {
    pub(super) fn look(&self, folder: &Path) {
        self.0.fetch_max(open_below(folder).len(), Relaxed);
    }

    pub(super) fn is_bounded(&self, findings: &mut Findings) {
        let most = self.0.load(Relaxed);
        if most > MOST {
            findings.push(format!("{most} files were open at once"));
        }
    }
}

/// Nothing is left open. Other schedules have folders of their own.
pub(super) async fn closed(folder: &Path, findings: &mut Findings) {
    let mut waited = Duration::ZERO;
    loop {
        let open = open_below(folder);
        if open.is_empty() {
            return;
        }
        if waited > PATIENCE {
            findings.push(format!("still open after the run: {open:?}"));
            return;
        }
        let pause = Duration::from_millis(5);
        tokio::time::sleep(pause).await;
        waited += pause;
    }
}

fn open_below(folder: &Path) -> Vec<String> {
    let descriptors = fs::read_dir("/proc/self/fd").into_iter().flatten();
    let places = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    let inside = places.filter(|place| place.starts_with(folder));
    inside.map(|place| place.strip_prefix(folder).unwrap().display().to_string()).collect()
}

#[test]
fn an_open_file_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("open")).unwrap();
    assert_eq!(open_below(folder.path()), ["open"]);
    drop(file);
    assert!(open_below(folder.path()).is_empty());
}
