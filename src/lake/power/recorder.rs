//! The steps that a publish does, written down.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::lake::store::Step;
use crate::lake::store::seam::{Act, Watcher, When};

pub(super) type Bytes = Arc<[u8]>;

/// A step that was done, as the model takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Did {
    MakeDir(PathBuf),
    MakeFile(PathBuf),
    MakeLink(PathBuf, PathBuf),
    /// The file has these bytes now.
    Write(PathBuf, Bytes),
    SyncFile(PathBuf),
    SyncDir(PathBuf),
    Rename(PathBuf, PathBuf),
    Link(PathBuf, PathBuf),
    Remove(PathBuf),
    /// The publish was said to have succeeded.
    Acknowledge,
}

/// Writes down what is done below a folder.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Did>>);

impl Recorder {
    pub(super) fn acknowledge(&self) {
        self.0.lock().unwrap().push(Did::Acknowledge);
    }

    pub(super) fn did(&self) -> Vec<Did> {
        self.0.lock().unwrap().clone()
    }
}

impl Watcher for Recorder {
    fn reach(&self, when: When, root: &Path, act: &Act<'_>) -> io::Result<()> {
        if when == When::Before {
            return Ok(());
        }
        let path = plain(act.path);
        let from = act.from.map(plain).unwrap_or_default();
        let did = match act.step {
            Step::CreateDir => Did::MakeDir(path),
            Step::CreateFile => Did::MakeFile(path),
            // A mode is as good as a byte: it is there when the file was synced after it.
            Step::Write | Step::SetMode if root.join(act.path).is_file() => {
                let bytes = fs::read(root.join(act.path))?.into();
                Did::Write(path, bytes)
            }
            Step::SyncFile => Did::SyncFile(path),
            Step::SyncDir => Did::SyncDir(path),
            Step::Rename => Did::Rename(from, path),
            Step::Link => Did::Link(from, path),
            Step::Remove => Did::Remove(path),
            Step::Symlink => Did::MakeLink(path, fs::read_link(root.join(act.path))?),
            // No lake is published by one.
            Step::Exchange => return Err(io::ErrorKind::Unsupported.into()),
            Step::Write | Step::SetMode | Step::Inspect => return Ok(()),
        };
        self.0.lock().unwrap().push(did);
        Ok(())
    }
}

/// The path without `.`: the root is empty.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
