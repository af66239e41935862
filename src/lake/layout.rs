//! Where everything lies in a lake. Paths are made of validated parts only: a text from a file or a
//! command line becomes a [`RunId`] or a [`FilePath`] first, and neither can leave its folder.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::table::{Month, Table};

pub use super::run_id::{NotARunId, RunId};

/// The kinds of file below a snapshot.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// The published Parquet files.
    Parquet,
    /// The published CSV files.
    Csv,
    /// What the next run needs and readers do not: `units`, and the Parquet to merge with when only CSV is published.
    State,
}

impl Area {
    /// Its folder.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::State => "state",
        }
    }

    /// The ending of its files.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Parquet | Self::State => "parquet",
        }
    }
}

/// A file below a snapshot folder, relative to it, with `/` on every system.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FilePath(String);

impl FilePath {
    /// The run facts of the snapshot's units.
    #[must_use]
    pub fn units() -> Self {
        Self("state/units.parquet".to_owned())
    }

    /// The `part`th file (from 0) of a table, or of one of its months.
    #[must_use]
    pub fn data(area: Area, table: Table, month: Option<Month>, part: usize) -> Self {
        let (folder, name, extension) = (area.folder(), table.name(), area.extension());
        Self(match month {
            Some(month) => format!("{folder}/{name}/month={month}/part-{part:05}.{extension}"),
            None => format!("{folder}/{name}/part-{part:05}.{extension}"),
        })
    }

    /// The path's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path's parts: area, table (`None`: `state/units.parquet`), month, number.
    #[must_use]
    pub fn parts(&self) -> FileParts {
        // A value of this type has passed `read`; the fallback cannot be reached.
        read(&self.0).unwrap_or(FileParts { area: Area::State, table: None, month: None, part: 0 })
    }

    /// Where it is below a snapshot folder.
    #[must_use]
    pub fn under(&self, snapshot: &Path) -> PathBuf {
        snapshot.join(&self.0)
    }
}

/// What a [`FilePath`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileParts {
    /// The kind of file.
    pub area: Area,
    /// The table; `None` for `state/units.parquet`.
    pub table: Option<Table>,
    /// The month of a partitioned table.
    pub month: Option<Month>,
    /// The file's number in its folder, from 0.
    pub part: usize,
}

fn read(text: &str) -> Option<FileParts> {
    if text == "state/units.parquet" {
        return Some(FileParts { area: Area::State, table: None, month: None, part: 0 });
    }
    let mut parts = text.split('/');
    let area = match parts.next()? {
        "parquet" => Area::Parquet,
        "csv" => Area::Csv,
        "state" => Area::State,
        _ => return None,
    };
    let table = Table::from_name(parts.next()?)?;
    let month = match &table.schema().partition {
        Some(partition) => {
            Some(parts.next()?.strip_prefix(&*partition.column)?.strip_prefix('=')?.parse().ok()?)
        }
        None => None,
    };
    let name = parts.next()?.strip_prefix("part-")?.strip_suffix(area.extension())?.strip_suffix('.')?;
    let part = name.parse().ok()?;
    let known = FileParts { area, table: Some(table), month, part };
    // Only the one spelling that we write: no `part-7`, no `+`, nothing after it.
    (FilePath::data(area, table, month, part).0 == text).then_some(known)
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for FilePath {
    type Err = NotAFilePath;
    fn from_str(text: &str) -> Result<Self, NotAFilePath> {
        read(text).map(|_| Self(text.to_owned())).ok_or(NotAFilePath)
    }
}

impl TryFrom<String> for FilePath {
    type Error = NotAFilePath;
    fn try_from(text: String) -> Result<Self, NotAFilePath> {
        text.parse()
    }
}

impl From<FilePath> for String {
    fn from(path: FilePath) -> String {
        path.0
    }
}

impl schemars::JsonSchema for FilePath {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FilePath".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "a file, relative to the snapshot folder",
            "type": "string",
            "pattern": "^(parquet|csv|state)(/[a-z_]+)?(/month=([0-9]{4}-[0-9]{2}|__HIVE_DEFAULT_PARTITION__))?/(part-[0-9]{5,}|units)\\.(parquet|csv)$"
        })
    }
}

/// The text is no path of a snapshot's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a file of a snapshot")]
pub struct NotAFilePath;

/// The name of the file that says what the snapshot holds.
pub const MANIFEST: &str = "manifest.json";

/// Places relative to the lake's folder, as [`Store`](super::Store) takes them.
pub mod place {
    use std::path::{Path, PathBuf};

    use super::{RunId, TRASH};

    /// The commit: which snapshot is published.
    #[must_use]
    pub fn latest() -> &'static Path {
        Path::new("LATEST")
    }

    /// The link for people.
    #[must_use]
    pub fn latest_link() -> &'static Path {
        Path::new("latest")
    }

    /// The folder of the snapshots.
    #[must_use]
    pub fn snapshots() -> &'static Path {
        Path::new("snapshots")
    }

    /// One snapshot's folder.
    #[must_use]
    pub fn snapshot(run: &RunId) -> PathBuf {
        snapshots().join(run.as_str())
    }

    /// The lock file.
    #[must_use]
    pub fn lock() -> &'static Path {
        Path::new(".lock")
    }

    /// The folder of unpublished work, 0700.
    #[must_use]
    pub fn work() -> &'static Path {
        Path::new(".work")
    }

    /// One run's work area.
    #[must_use]
    pub fn run_work(run: &RunId) -> PathBuf {
        work().join(run.as_str())
    }

    /// Where a run builds its snapshot.
    #[must_use]
    pub fn building(run: &RunId) -> PathBuf {
        run_work(run).join("snapshot")
    }

    /// The stage. It has no run in its name: a run goes on with what a killed one staged.
    #[must_use]
    pub fn stage() -> PathBuf {
        work().join("stage")
    }

    /// Tokens minted and not yet revoked, 0600.
    #[must_use]
    pub fn token_journal() -> PathBuf {
        work().join("tokens")
    }

    /// Where a snapshot goes before it is deleted.
    #[must_use]
    pub fn trash(run: &RunId) -> PathBuf {
        work().join(format!("{TRASH}{run}"))
    }
}

/// The places of one lake, absolute where its folder is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The lake at `root` (`--dest`). Touches nothing.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The lake's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a [`place`] is.
    #[must_use]
    pub fn at(&self, place: impl AsRef<Path>) -> PathBuf {
        self.root.join(place)
    }

    /// One snapshot's folder.
    #[must_use]
    pub fn snapshot(&self, run: &RunId) -> PathBuf {
        self.at(place::snapshot(run))
    }

    /// What the link for people points at: relative, so that the lake can be moved.
    #[must_use]
    pub fn latest_link_target(run: &RunId) -> PathBuf {
        place::snapshot(run)
    }

    /// An id for a run that starts at `start`, unlike that of any snapshot or work area of this lake.
    #[must_use]
    pub fn free_run_id(&self, start: Timestamp) -> RunId {
        let taken = |run: &RunId| {
            [place::snapshot(run), place::run_work(run), place::trash(run)]
                .iter()
                .any(|path| self.at(path).symlink_metadata().is_ok())
        };
        let mut attempt = 1;
        loop {
            let run = RunId::new(start, attempt);
            if !taken(&run) || attempt == u32::MAX {
                return run;
            }
            attempt += 1;
        }
    }
}

/// How the names of folders on their way out begin.
pub(crate) const TRASH: &str = "trash-";

#[cfg(test)]
mod tests {
    use super::*;

    fn start() -> Timestamp {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    #[test]
    fn fault_69_a_taken_second_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        assert_eq!(layout.free_run_id(start()), RunId::new(start(), 1));
        std::fs::create_dir_all(layout.snapshot(&RunId::new(start(), 1))).unwrap();
        std::fs::create_dir_all(layout.at(place::run_work(&RunId::new(start(), 2)))).unwrap();
        assert_eq!(layout.free_run_id(start()), RunId::new(start(), 3));
    }

    #[test]
    fn file_paths_are_those_we_write() {
        let month = "2026-10".parse().unwrap();
        let path = FilePath::data(Area::Parquet, Table::Transactions, Some(month), 0);
        assert_eq!(path.as_str(), "parquet/transactions/month=2026-10/part-00000.parquet");
        let known =
            FileParts { area: Area::Parquet, table: Some(Table::Transactions), month: Some(month), part: 0 };
        assert_eq!(path.as_str().parse::<FilePath>().map(|path| path.parts()), Ok(known));
        for good in [
            "csv/accounts/part-00012.csv",
            "state/units.parquet",
            "state/balances/month=__HIVE_DEFAULT_PARTITION__/part-00000.parquet",
        ] {
            assert_eq!(good.parse::<FilePath>().map(|path| path.to_string()).as_deref(), Ok(good));
        }
        for bad in [
            "",
            "/etc/passwd",
            "manifest.json",
            "parquet/../manifest.json",
            "parquet/accounts/../accounts/part-00000.parquet",
            "parquet/accounts/part-0.parquet",
            "parquet/accounts/part-00000.csv",
            "parquet/accounts/month=2026-10/part-00000.parquet",
            "parquet/transactions/part-00000.parquet",
            "parquet/transactions/month=2026-13/part-00000.parquet",
            "parquet/secrets/part-00000.parquet",
            "parquet//accounts/part-00000.parquet",
            "csv/accounts/part-00000.csv/",
        ] {
            assert_eq!(bad.parse::<FilePath>(), Err(NotAFilePath), "{bad}");
        }
    }
}
