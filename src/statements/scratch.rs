//! Lines put aside in a scratch file, until their statement is written.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use super::StatementsError;
use super::line::Line;

/// Scratch bytes that may stay in memory.
const IN_MEMORY: usize = 32 * 1024 * 1024;

/// A scratch file. It has no name, and lies in `folder` once it is larger than memory may hold.
#[derive(Debug)]
pub(super) struct Scratch {
    file: SpooledTempFile,
    folder: PathBuf,
}

/// Where lines lie in the scratch file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stretch {
    start: u64,
    /// In bytes.
    length: usize,
}

impl Scratch {
    pub(super) fn new(folder: &Path) -> Self {
        Self { file: tempfile::spooled_tempfile_in(IN_MEMORY, folder), folder: folder.to_owned() }
    }

    /// Writes encoded lines to its end.
    pub(super) fn put(&mut self, lines: &[u8]) -> Result<Stretch, StatementsError> {
        let write = StatementsError::io("write the scratch file in", &self.folder);
        let start = self
            .file
            .seek(SeekFrom::End(0))
            .and_then(|start| self.file.write_all(lines).map(|()| start))
            .map_err(write)?;
        Ok(Stretch { start, length: lines.len() })
    }

    /// Hands over the lines of these stretches, in their order.
    pub(super) fn for_each_line(
        &mut self,
        stretches: &[Stretch],
        mut hand_over: impl FnMut(&Line) -> Result<(), StatementsError>,
    ) -> Result<(), StatementsError> {
        let mut bytes = Vec::new();
        for Stretch { start, length } in stretches {
            bytes.resize(*length, 0);
            let read = self.file.seek(SeekFrom::Start(*start)).and_then(|_| self.file.read_exact(&mut bytes));
            read.map_err(StatementsError::io("read the scratch file in", &self.folder))?;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let line = Line::decode(&mut rest).ok_or(std::io::ErrorKind::InvalidData.into());
                hand_over(&line.map_err(StatementsError::io("read the scratch file in", &self.folder))?)?;
            }
        }
        Ok(())
    }
}
