//! What the stage asks of a disk. The lake's store keeps these promises; the stage stands below the lake and so
//! names them here.

use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Durable steps below one root. Paths are relative to it; errors name the step and the path.
pub trait Disk: Debug + Send + Sync {
    /// Where a path lies, for reading.
    fn locate(&self, path: &Path) -> PathBuf;

    /// Creates a folder of exactly this mode, durably: its parent is synced.
    ///
    /// # Errors
    /// When it exists already, when a symbolic link lies on the way, or when the disk refuses.
    fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()>;

    /// Creates a file of exactly this mode, for writing; never opens one that exists, nor follows a link.
    ///
    /// # Errors
    /// When it exists already, when a symbolic link lies on the way, or when the disk refuses.
    fn create_file(&self, path: &Path, mode: u32) -> io::Result<File>;

    /// Writes all the bytes at the file's end.
    ///
    /// # Errors
    /// When the disk refuses.
    fn write(&self, path: &Path, file: &mut File, bytes: &[u8]) -> io::Result<()>;

    /// Makes what was written to the file durable. After a failure the file must not be used again.
    ///
    /// # Errors
    /// When the disk cannot promise it.
    fn sync_file(&self, path: &Path, file: &File) -> io::Result<()>;

    /// Makes the names in a folder durable.
    ///
    /// # Errors
    /// When the disk cannot promise it.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Removes a file or a link; one that is not there is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder and all below it, following no link; one that is not there is no error.
    ///
    /// # Errors
    /// When the disk refuses.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
}
