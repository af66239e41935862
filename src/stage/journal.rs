//! The journal: which runs count, which units are finished. One line a record: the first 16 hexadecimal digits of
//! its SHA-256, a space, the record as JSON. A line that is not whole, and every line after it, does not count.
//!
//! Each process writes a journal of its own, so that no file is ever opened for writing again; they are read in the
//! order of their numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::model::UserId;

use super::run::RunEntry;
use super::{Disk, StageError, StageKey};

/// Raised when the stage's files change their meaning.
const FORMAT: u32 = 2;

/// A line of the journal.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// The first line: what all others depend on.
    Begin { format: u32, key: StageKey },
    /// A run was written, and units were finished whose rows lie in it and in earlier runs.
    Group { run: Option<RunEntry>, commits: Vec<Commit> },
    /// A run took the place of others.
    Merged { run: RunEntry, from: Vec<u64> },
    /// Finished units that do not count any more.
    Discarded { users: Vec<UserId> },
}

/// A finished unit.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Commit {
    pub(super) user: UserId,
    pub(super) attempt: i64,
    /// When it was finished: microseconds since the Unix epoch.
    pub(super) at: i64,
    /// The caller's record of it.
    pub(super) record: Box<RawValue>,
}

/// What the journals of a folder say.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// The number after the last journal's.
    pub(super) next_journal: u64,
    pub(super) runs: BTreeMap<u64, RunEntry>,
    pub(super) commits: BTreeMap<UserId, Commit>,
    /// Numbers used so far, also by what no longer counts.
    pub(super) last_attempt: i64,
    pub(super) last_run: u64,
}

/// The journal of this process.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

/// The name of a journal.
pub(super) fn file_name(number: u64) -> String {
    format!("journal-{number:06}")
}

/// The number of a journal, if the name is one's.
pub(super) fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("journal-")?.parse().ok()?;
    (file_name(number) == name).then_some(number)
}

impl Journal {
    /// Begins the journal of that number, durably.
    pub(super) fn create(
        disk: &dyn Disk,
        folder: &Path,
        number: u64,
        key: &StageKey,
    ) -> Result<Self, StageError> {
        let path = folder.join(file_name(number));
        let file = disk.create_file(&path, 0o600).map_err(StageError::disk("create its journal"))?;
        let mut journal = Self { path, file };
        journal.append(disk, &Record::Begin { format: FORMAT, key: key.clone() })?;
        disk.sync_dir(folder).map_err(StageError::disk("sync its folder"))?;
        Ok(journal)
    }

    /// Adds a record, durably. After an error the journal must not be used again.
    pub(super) fn append(&mut self, disk: &dyn Disk, record: &Record) -> Result<(), StageError> {
        let json = serde_json::to_string(record)?;
        let line = format!("{} {json}\n", digest(&json));
        disk.write(&self.path, &mut self.file, line.as_bytes())
            .map_err(StageError::disk("write its journal"))?;
        disk.sync_file(&self.path, &self.file).map_err(StageError::disk("sync its journal"))
    }
}

/// Reads the journals of a folder, given by their numbers. `None` when one was begun under another key: nothing
/// of the folder can be used then.
pub(super) fn replay(
    folder: &Path,
    numbers: &BTreeSet<u64>,
    key: &StageKey,
) -> Result<Option<Replayed>, StageError> {
    let mut replayed = Replayed { next_journal: 1, ..Replayed::default() };
    for number in numbers {
        replayed.next_journal = number + 1;
        let read = StageError::disk("read its journal");
        let mut lines = BufReader::new(File::open(folder.join(file_name(*number))).map_err(&read)?);
        let mut line = Vec::new();
        let mut failure = None;
        let mut records = std::iter::from_fn(|| {
            line.clear();
            match lines.read_until(b'\n', &mut line) {
                Ok(0) => None,
                Ok(_) => parse(&line),
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        match records.next() {
            Some(Record::Begin { format, key: theirs }) if format != FORMAT || theirs != *key => {
                return Ok(None);
            }
            Some(Record::Begin { .. }) => records.for_each(|record| replayed.apply(record)),
            // Torn at its first line: the process died, or the line was damaged, and nothing after it counts.
            _ => {}
        }
        if let Some(error) = failure {
            return Err(read(error));
        }
    }
    Ok(Some(replayed))
}

fn parse(line: &[u8]) -> Option<Record> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (sum, json) = line.split_at_checked(16)?;
    let json = json.strip_prefix(' ')?;
    if digest(json) != sum {
        return None;
    }
    serde_json::from_str(json).ok()
}

fn digest(json: &str) -> String {
    Sha256::digest(json.as_bytes()).iter().take(8).fold(String::with_capacity(16), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

impl Replayed {
    fn apply(&mut self, record: Record) {
        match record {
            Record::Begin { .. } => {}
            Record::Group { run, commits } => {
                run.into_iter().for_each(|run| self.add(run));
                for commit in commits {
                    self.last_attempt = self.last_attempt.max(commit.attempt);
                    self.commits.insert(commit.user, commit);
                }
            }
            Record::Merged { run, from } => {
                for number in from {
                    self.runs.remove(&number);
                }
                self.add(run);
            }
            Record::Discarded { users } => {
                for user in users {
                    self.commits.remove(&user);
                }
            }
        }
    }

    fn add(&mut self, run: RunEntry) {
        self.last_run = self.last_run.max(run.number);
        self.last_attempt = run.attempts.iter().fold(self.last_attempt, |last, attempt| last.max(*attempt));
        self.runs.insert(run.number, run);
    }
}
