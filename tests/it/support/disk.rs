//! What a folder takes on the disk.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Bytes of a folder's files, those with many names counted once.
pub(crate) fn disk(folder: &Path) -> u64 {
    let (mut inodes, mut waiting) = (BTreeMap::new(), vec![folder.to_owned()]);
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let found = path.symlink_metadata().unwrap();
            if found.is_dir() {
                waiting.push(path);
            } else {
                inodes.insert(found.ino(), found.size());
            }
        }
    }
    inodes.values().sum()
}
