//! Published snapshots: which one `LATEST` names, and what their manifests say.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::encode::Sha256;
use crate::table::Table;

use super::error::LakeError;
use super::layout::{Area, Layout, MANIFEST, RunId, place};
use super::manifest::{FileEntry, First, MANIFEST_VERSION, Manifest, NotAManifest, Parent};

/// What `LATEST` holds: the commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latest {
    /// The snapshot's run.
    pub run_id: RunId,
    /// Its place in the order of snapshots.
    pub sequence: u64,
    /// The digest of its manifest's bytes.
    pub sha256: Sha256,
}

impl Latest {
    /// The bytes of `LATEST`.
    ///
    /// # Errors
    /// Never for a value that fits in memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads `LATEST`; `None` when there is none.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] when it is torn, empty, or no file of ours.
    pub fn read(layout: &Layout) -> Result<Option<Self>, LakeError> {
        let path = layout.at(place::latest());
        let Some(bytes) = read_regular(&path)? else { return Ok(None) };
        let read = serde_json::from_slice::<Self>(&bytes).ok();
        match read.filter(|latest| latest.to_bytes().is_ok_and(|again| again == bytes)) {
            Some(latest) => Ok(Some(latest)),
            None => Err(LakeError::damaged(&path, format!("is torn or not ours; {}", remedy(layout)))),
        }
    }
}

/// What somebody can do whose `LATEST` is gone or torn.
fn remedy(layout: &Layout) -> String {
    let whole = list(layout).unwrap_or_default().into_iter().filter_map(|listed| listed.snapshot.ok());
    match whole.max_by_key(|snapshot| snapshot.manifest.sequence) {
        Some(newest) => {
            let latest = newest.commit().to_bytes().unwrap_or_default();
            let line = String::from_utf8_lossy(&latest).trim_end().to_owned();
            format!(
                "the newest snapshot with a whole manifest is {}: check it with powens-export verify --run {}, then write into LATEST: {line}",
                newest.run_id, newest.run_id
            )
        }
        None => "there is no snapshot with a whole manifest either: choose another destination".to_owned(),
    }
}

/// The bytes of a regular file; `None` when nothing of that name is there.
fn read_regular(path: &Path) -> Result<Option<Vec<u8>>, LakeError> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(LakeError::io("look at", path)(error)),
        Ok(found) if !found.is_file() => return Err(LakeError::damaged(path, "is not a regular file")),
        Ok(_) => {}
    }
    fs::read(path).map(Some).map_err(LakeError::io("read", path))
}

/// A published snapshot whose manifest was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its run.
    pub run_id: RunId,
    /// Its folder.
    pub folder: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// The digest of its manifest's bytes.
    pub sha256: Sha256,
}

impl Snapshot {
    /// The snapshot that `LATEST` names; `None` on a lake without one.
    ///
    /// # Errors
    /// [`LakeError::Damaged`] when `LATEST` is torn, is missing from a lake that has had a second snapshot, or names a
    /// snapshot that is not there or has another manifest; [`LakeError::Newer`] when a newer program wrote it.
    pub fn latest(layout: &Layout) -> Result<Option<Self>, LakeError> {
        let Some(latest) = Latest::read(layout)? else {
            // A first run that died just before its commit leaves a first snapshot. Anything more means that LATEST
            // was lost, and must not be taken for an empty lake.
            let published_before = list(layout)?
                .into_iter()
                .any(|listed| !listed.snapshot.is_ok_and(|snapshot| snapshot.manifest.sequence == 1));
            if published_before {
                let path = layout.at(place::latest());
                return Err(LakeError::damaged(&path, format!("is missing; {}", remedy(layout))));
            }
            return Ok(None);
        };
        let snapshot = Self::open(layout, &latest.run_id).map_err(|error| match error {
            LakeError::NoSuchRun { .. } => {
                LakeError::damaged(&layout.snapshot(&latest.run_id), "is what LATEST names, and is not there")
            }
            error => error,
        })?;
        if snapshot.commit() != latest {
            let path = snapshot.folder.join(MANIFEST);
            return Err(LakeError::damaged(
                &path,
                "is not the manifest that LATEST names; run powens-export verify",
            ));
        }
        Ok(Some(snapshot))
    }

    /// The snapshot that `LATEST` names.
    ///
    /// # Errors
    /// As [`Snapshot::latest`], and [`LakeError::NoSnapshot`] on a lake without one.
    pub fn require_latest(layout: &Layout) -> Result<Self, LakeError> {
        Self::latest(layout)?.ok_or_else(|| LakeError::NoSnapshot { root: layout.root().to_owned() })
    }

    /// A run's snapshot.
    ///
    /// # Errors
    /// [`LakeError::NoSuchRun`] when it is not there; else as [`Snapshot::latest`].
    pub fn open(layout: &Layout, run: &RunId) -> Result<Self, LakeError> {
        let folder = layout.snapshot(run);
        match folder.symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(LakeError::damaged(&folder, "is not a folder")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(LakeError::NoSuchRun { root: layout.root().to_owned(), run: run.clone() });
            }
            Err(error) => return Err(LakeError::io("look at", &folder)(error)),
        }
        let snapshot = Self::open_alone(&folder)?;
        if snapshot.run_id != *run {
            let problem = format!("is that of run {}", snapshot.run_id);
            return Err(LakeError::damaged(&folder.join(MANIFEST), problem));
        }
        Ok(snapshot)
    }

    /// A snapshot's folder, wherever it lies (a copy elsewhere).
    ///
    /// # Errors
    /// As [`Snapshot::latest`].
    pub fn open_alone(folder: &Path) -> Result<Self, LakeError> {
        let path = folder.join(MANIFEST);
        let bytes = read_regular(&path)?.ok_or_else(|| LakeError::damaged(&path, "is missing"))?;
        let manifest = Manifest::from_bytes(&bytes).map_err(|error| match error {
            NotAManifest::Version(version) if version > u64::from(MANIFEST_VERSION) => {
                LakeError::Newer { path: path.clone(), version, known: MANIFEST_VERSION }
            }
            error => LakeError::damaged(&path, error.to_string()),
        })?;
        let sha256 = Sha256::of(&bytes);
        Ok(Self { run_id: manifest.run_id.clone(), folder: folder.to_owned(), manifest, sha256 })
    }

    /// What `LATEST` holds when it names this snapshot.
    #[must_use]
    pub fn commit(&self) -> Latest {
        Latest { run_id: self.run_id.clone(), sequence: self.manifest.sequence, sha256: self.sha256 }
    }

    /// What the next manifest says of this snapshot.
    #[must_use]
    pub fn as_parent(&self) -> Parent {
        Parent { run_id: self.run_id.clone(), sha256: self.sha256 }
    }

    /// The Parquet files of a table, in order: the published ones, or those kept for merging where only CSV is
    /// published.
    pub fn parquet_files(&self, table: Table) -> impl Iterator<Item = &FileEntry> {
        self.manifest
            .files
            .iter()
            .filter(move |file| file.table == Some(table) && file.path.parts().area != Area::Csv)
    }
}

/// A folder below `snapshots/`.
#[derive(Debug)]
pub struct Listed {
    /// Its run.
    pub run_id: RunId,
    /// The snapshot, or why its manifest cannot be read.
    pub snapshot: Result<Snapshot, LakeError>,
}

/// Every snapshot folder, by name. Things whose name is no run's are not ours and are left out.
///
/// # Errors
/// When `snapshots/` cannot be listed; a lake that has none yet has no snapshots.
pub fn list(layout: &Layout) -> Result<Vec<Listed>, LakeError> {
    let open = |run_id: RunId| Listed { snapshot: Snapshot::open(layout, &run_id), run_id };
    Ok(runs(layout)?.into_iter().map(open).collect())
}

/// A run, and what its manifest says first, or why that cannot be read.
pub type Place = (RunId, Result<First, LakeError>);

/// Where each snapshot stands in the order, by name: the first lines of its manifest, or why they cannot be read.
///
/// # Errors
/// As [`list`].
pub fn firsts(layout: &Layout) -> Result<Vec<Place>, LakeError> {
    let first = |run: &RunId| {
        let path = layout.snapshot(run).join(MANIFEST);
        let file = fs::File::open(&path).map_err(LakeError::io("read", &path))?;
        let first = First::read(io::BufReader::new(file));
        match first.map_err(|error| LakeError::damaged(&path, error.to_string()))? {
            first if first.run_id == *run => Ok(first),
            other => Err(LakeError::damaged(&path, format!("is that of run {}", other.run_id))),
        }
    };
    Ok(runs(layout)?.into_iter().map(|run| (run.clone(), first(&run))).collect())
}

/// The runs that have a folder below `snapshots/`, by name.
fn runs(layout: &Layout) -> Result<Vec<RunId>, LakeError> {
    let folder = layout.at(place::snapshots());
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LakeError::io("list", &folder)(error)),
    };
    let mut runs = Vec::new();
    for entry in entries {
        let entry = entry.map_err(LakeError::io("list", &folder))?;
        if let Some(run) = entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok()) {
            runs.push(run);
        }
    }
    runs.sort();
    Ok(runs)
}
