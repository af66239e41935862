//! The snapshot to build upon: its rows, and its files where they can be taken over as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;

use crate::encode::{Fingerprint, ParquetReader};
use crate::lake::layout::place;
use crate::lake::manifest::FileEntry;
use crate::lake::{Area, LakeError, Snapshot};
use crate::model::DecimalType;
use crate::table::{Month, Refill, Table};

use super::BuildError;
use super::merge::Rows;

/// The parent, or its absence, which is a parent without a row.
#[derive(Debug)]
pub(super) struct Parent<'a> {
    snapshot: Option<&'a Snapshot>,
    decimal: DecimalType,
    /// Where the Parquet of all its tables is.
    area: Area,
    files: BTreeMap<(Area, Table, Option<Month>), Vec<&'a FileEntry>>,
    /// Tables whose files this program would write with the same bytes.
    same_writer: BTreeSet<Table>,
}

impl<'a> Parent<'a> {
    pub(super) fn new(snapshot: Option<&'a Snapshot>, decimal: DecimalType) -> Self {
        let mut files: BTreeMap<_, Vec<&FileEntry>> = BTreeMap::new();
        for file in snapshot.iter().flat_map(|snapshot| &snapshot.manifest.files) {
            if let Some(table) = file.table {
                let parts = file.path.parts();
                files.entry((parts.area, table, parts.month)).or_default().push(file);
            }
        }
        for parts in files.values_mut() {
            parts.sort_by_key(|file| file.path.parts().part);
        }
        let has_parquet = files.keys().any(|(area, ..)| *area == Area::Parquet);
        let area = if has_parquet { Area::Parquet } else { Area::State };
        let same =
            |table: &Table| snapshot.is_some_and(|held| held.manifest.is_written_as_now(*table, decimal));
        let same_writer = Table::ALL.into_iter().filter(same).collect();
        Self { snapshot, decimal, area, files, same_writer }
    }

    /// Whether there is one.
    pub(super) fn exists(&self) -> bool {
        self.snapshot.is_some()
    }

    /// The months of which it has rows of a table.
    pub(super) fn months(&self, table: Table) -> impl Iterator<Item = Month> {
        self.files
            .keys()
            .filter(move |(area, of, _)| (*area, *of) == (self.area, table))
            .filter_map(|key| key.2)
    }

    /// The files that hold a table's or partition's rows.
    fn sources(&self, table: Table, month: Option<Month>) -> &[&'a FileEntry] {
        self.files.get(&(self.area, table, month)).map_or(&[], Vec::as_slice)
    }

    /// Bytes of these files.
    pub(super) fn bytes(&self, table: Table, month: Option<Month>) -> u64 {
        self.sources(table, month).iter().map(|file| file.bytes).sum()
    }

    /// The files that could stand in an area of the new snapshot, if rows are the same: `None` when there are none, or
    /// this program would write other bytes.
    pub(super) fn files_for(
        &self,
        area: Area,
        (table, month): (Table, Option<Month>),
        profile: Option<&str>,
    ) -> Option<&[&'a FileEntry]> {
        // The Parquet of a lake that publishes CSV alone is the same, but for its place.
        let from = if area == Area::Csv { area } else { self.area };
        let files = self.files.get(&(from, table, month))?;
        let as_now = files.iter().all(|file| file.profile.as_deref() == profile);
        (self.same_writer.contains(&table) && as_now).then_some(files)
    }

    /// Where a file of it lies, relative to the store's root.
    pub(super) fn place_of(&self, file: &FileEntry) -> Option<PathBuf> {
        let snapshot = self.snapshot?;
        Some(file.path.under(&place::snapshot(&snapshot.run_id)))
    }

    /// Makes sure that a file is as it was published: damage is never carried on.
    pub(super) fn check(&self, file: &FileEntry) -> Result<(), BuildError> {
        let Some(snapshot) = self.snapshot else { return Ok(()) };
        let path = file.path.under(&snapshot.folder);
        let damaged = |problem: String| LakeError::Damaged { path: path.clone(), problem };
        // A file that is gone is damage too; one that cannot be read may be the disk's fault.
        match path.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(damaged("is missing; run powens-export verify".to_owned()).into());
            }
            Ok(found) if !found.is_file() => {
                return Err(damaged("is not a regular file; run powens-export verify".to_owned()).into());
            }
            Ok(found) if found.len() != file.bytes => {
                let problem = format!(
                    "has {} bytes where its manifest says {}; run powens-export verify",
                    found.len(),
                    file.bytes
                );
                return Err(damaged(problem).into());
            }
            _ => {}
        }
        if (Fingerprint { bytes: file.bytes, sha256: file.sha256 }) == Fingerprint::of_file(&path)? {
            return Ok(());
        }
        Err(damaged("does not have the sha256 of its manifest; run powens-export verify".to_owned()).into())
    }

    /// Makes sure of all files that hold a table's or partition's rows.
    pub(super) fn check_sources(&self, table: Table, month: Option<Month>) -> Result<(), BuildError> {
        self.sources(table, month).iter().try_for_each(|file| self.check(file))
    }

    /// The rows of a table or partition, with the columns that it has today. Check the files first.
    pub(super) fn rows(&self, table: Table, month: Option<Month>) -> Rows<'_> {
        let today = Refill::new(table, self.decimal);
        self.read(table, month, None, move |batch| today.rows(&batch))
    }

    /// Some columns of these rows. A column that its files lack is left out.
    pub(super) fn columns(
        &self,
        table: Table,
        month: Option<Month>,
        names: &'static [&'static str],
    ) -> Rows<'_> {
        self.read(table, month, Some(names), Ok)
    }

    fn read(
        &self,
        table: Table,
        month: Option<Month>,
        columns: Option<&'static [&'static str]>,
        shape: impl Fn(RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> + Send + Sync + 'static,
    ) -> Rows<'_> {
        let Some(snapshot) = self.snapshot else { return Box::new(std::iter::empty()) };
        let shape = Arc::new(shape);
        let files = self.sources(table, month).iter().map(|file| file.path.under(&snapshot.folder));
        let open = move |path: PathBuf| -> Rows<'static> {
            let shape = shape.clone();
            match ParquetReader::open(&path, columns) {
                Err(error) => Box::new(std::iter::once(Err(error.into()))),
                Ok(reader) => {
                    Box::new(reader.map(move |batch| shape(batch?).map_err(BuildError::rows(table))))
                }
            }
        };
        Box::new(files.collect::<Vec<_>>().into_iter().flat_map(open))
    }
}
