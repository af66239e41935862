//! The chain of manifests: each names its parent's digest. A parent that retention has removed ends it; that is no
//! finding.

use std::collections::HashMap;

use crate::lake::layout::MANIFEST;
use crate::lake::manifest::FileEntry;
use crate::lake::{LakeError, Layout, Snapshot};

use super::checked::Checked;
use super::report::Code;

/// Follows the chain from the snapshot back to the oldest one kept.
pub(super) fn check(checked: &Checked<'_>, layout: &Layout) {
    let mut child = checked.snapshot.clone();
    while let Some(named) = child.manifest.parent.clone() {
        let parent = match Snapshot::open(layout, &named.run_id) {
            Ok(parent) => parent,
            Err(LakeError::NoSuchRun { .. }) => return,
            Err(error) => {
                checked.find(
                    Code::Chain,
                    MANIFEST,
                    format!("its ancestor {} cannot be read: {error}", named.run_id),
                );
                return;
            }
        };
        if parent.sha256 != named.sha256 {
            let sentence =
                format!("{} was built upon another manifest of {} than is there", child.run_id, named.run_id);
            checked.find(Code::Chain, MANIFEST, sentence);
            return;
        }
        if parent.manifest.sequence + 1 != child.manifest.sequence {
            let sentence =
                format!("the sequence of {} does not follow that of {}", child.run_id, named.run_id);
            checked.find(Code::Chain, MANIFEST, sentence);
            return;
        }
        if child.run_id == checked.snapshot.run_id {
            check_carried(checked, &parent);
        }
        child = parent;
    }
}

/// Files that the snapshot has not written itself are its parent's; their place may have changed with the format.
fn check_carried(checked: &Checked<'_>, parent: &Snapshot) {
    let mut theirs: HashMap<_, Vec<_>> = HashMap::new();
    for file in &parent.manifest.files {
        theirs.entry(file.sha256).or_default().push(file);
    }
    let known = |file: &FileEntry| {
        theirs.get(&file.sha256).is_some_and(|same| {
            same.iter().any(|other| {
                other.same_content(file) && (other.table, &other.since) == (file.table, &file.since)
            })
        })
    };
    for file in checked.snapshot.manifest.files.iter().filter(|file| file.since != checked.snapshot.run_id) {
        if !known(file) {
            let sentence =
                format!("it is carried from {}, whose manifest does not have it so", parent.run_id);
            checked.find(Code::Chain, file.path.as_str(), sentence);
        }
    }
}
