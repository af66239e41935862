//! A file that is written with [`Write`], each write a step of the store.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::Store;
use super::error::Step;
use super::seam::Act;

/// A new file below a store's root. Its bytes are durable once it is synced.
#[derive(Debug)]
pub struct StoreFile {
    store: Store,
    path: PathBuf,
    file: File,
}

impl StoreFile {
    pub(super) fn new(store: Store, path: PathBuf, file: File) -> Self {
        Self { store, path, file }
    }
}

impl Write for StoreFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Self { store, path, file } = self;
        // The caller says which file it is: errors are the system's own.
        store.seam.around(&Act::on(Step::Write, path), || file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for StoreFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
