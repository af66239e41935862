//! The store as the rooms below and beside the lake know it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::encode::{FileSink, NewFiles};
use crate::stage::Disk;

use super::Store;

/// Readable by its owner alone until it is published.
const PRIVATE: u32 = 0o600;

impl NewFiles for Store {
    fn new_file(&self, path: &Path) -> io::Result<FileSink> {
        Ok(Box::new(self.create_writer(path, PRIVATE)?))
    }
}

impl Disk for Store {
    fn locate(&self, path: &Path) -> PathBuf {
        self.locate(path)
    }

    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        Ok(self.create_dir(path, mode)?)
    }

    fn create_file(&self, path: &Path, mode: u32) -> io::Result<File> {
        Ok(self.create_file(path, mode)?)
    }

    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        Ok(self.write(path, file, bytes)?)
    }

    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()> {
        Ok(self.sync_file(path, file)?)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        Ok(self.sync_dir(path)?)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Ok(self.remove_file(path)?)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        Ok(self.remove_dir(path)?)
    }
}
