//! A disk that fails at a chosen step and then forgets what was not synced.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::TempDir;

use super::Disk;

#[derive(Debug, Default)]
struct State {
    steps: usize,
    fail_at: Option<usize>,
    /// Files whose names are durable, and how much of each file is.
    names: BTreeSet<PathBuf>,
    synced: BTreeMap<PathBuf, u64>,
    /// Files that were removed, until their folder is synced: a crash may bring them back.
    removed: BTreeMap<PathBuf, Vec<u8>>,
}

#[derive(Debug)]
pub(in crate::stage) struct TestDisk {
    root: TempDir,
    state: Mutex<State>,
}

impl TestDisk {
    pub(super) fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap(), state: Mutex::default() }
    }

    /// Lets the step of that number and all after it fail.
    pub(super) fn fail_at(&self, step: Option<usize>) {
        let mut state = self.state.lock().unwrap();
        (state.fail_at, state.steps) = (step, 0);
    }

    pub(super) fn steps(&self) -> usize {
        self.state.lock().unwrap().steps
    }

    /// The power is lost: each byte and name that was not synced is there or not, as `luck` (0..=255) has it.
    pub(super) fn lose_power(&self, folder: &Path, mut luck: impl FnMut() -> u8) {
        let mut state = self.state.lock().unwrap();
        for (path, bytes) in std::mem::take(&mut state.removed) {
            if luck().is_multiple_of(2) && !self.locate(&path).exists() {
                fs::write(self.locate(&path), bytes).unwrap();
                state.names.insert(path);
            }
        }
        let entries: Vec<_> = fs::read_dir(self.locate(folder)).into_iter().flatten().collect();
        for entry in entries {
            let path = folder.join(entry.unwrap().file_name());
            let place = self.locate(&path);
            if !state.names.contains(&path) && luck().is_multiple_of(2) {
                fs::remove_file(place).unwrap();
                continue;
            }
            let mut bytes = fs::read(&place).unwrap();
            let synced =
                usize::try_from(state.synced.get(&path).copied().unwrap_or(bytes.len() as u64)).unwrap();
            let rest = bytes.len() - synced.min(bytes.len());
            bytes.truncate(synced + rest * usize::from(luck()) / 255);
            // Blocks of the lost part may have been written out of order: here the first are zeros.
            if luck().is_multiple_of(3) {
                let torn = (bytes.len() - synced.min(bytes.len())) / 2;
                bytes[synced..synced + torn].fill(0);
            }
            fs::write(&place, bytes).unwrap();
        }
        let names = state.names.clone();
        *state = State { names, ..State::default() };
    }

    fn step(&self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.steps += 1;
        match state.fail_at {
            Some(step) if state.steps > step => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

impl Disk for TestDisk {
    fn locate(&self, path: &Path) -> PathBuf {
        self.root.path().join(path)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.step()?;
        DirBuilder::new().mode(mode).create(self.locate(path))
    }

    fn create_file(&self, path: &Path, mode: u32) -> io::Result<File> {
        self.step()?;
        self.state.lock().unwrap().synced.insert(path.to_owned(), 0);
        OpenOptions::new().write(true).create_new(true).mode(mode).open(self.locate(path))
    }

    fn write(&self, _: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        // A write that fails may have written half.
        if let Err(error) = self.step() {
            file.write_all(&bytes[..bytes.len() / 2])?;
            return Err(error);
        }
        file.write_all(bytes)
    }

    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()> {
        self.step()?;
        let length = file.metadata()?.len();
        self.state.lock().unwrap().synced.insert(path.to_owned(), length);
        Ok(())
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        let mut state = self.state.lock().unwrap();
        state.removed.clear();
        for entry in fs::read_dir(self.locate(path))? {
            state.names.insert(path.join(entry?.file_name()));
        }
        Ok(())
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        // A link to a folder has no bytes; it only has to go.
        let bytes = fs::read(self.locate(path)).unwrap_or_default();
        let mut state = self.state.lock().unwrap();
        state.removed.insert(path.to_owned(), bytes);
        state.names.remove(path);
        fs::remove_file(self.locate(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.step()?;
        fs::remove_dir_all(self.locate(path))
    }
}
