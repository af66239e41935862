//! Files of the snapshot under construction: written anew, or taken over from the parent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;

use crate::encode::{CsvProfile, FILE_ROWS, Format, PartWriter, TableShape};
use crate::lake::facts::{FileFacts, RowFacts};
use crate::lake::layout::RunId;
use crate::lake::manifest::FileEntry;
use crate::lake::{Area, FilePath, Store, WORK_MODE};
use crate::model::{DecimalType, UserId};
use crate::table::{Month, Table};

use super::BuildError;
use super::parent::Parent;
use super::units::{UnitRow, write_units};

/// Where the snapshot is built, and what its files have in common.
#[derive(Debug)]
pub(super) struct Output<'a> {
    pub(super) store: &'a Store,
    pub(super) building: PathBuf,
    pub(super) run: &'a RunId,
    pub(super) areas: &'static [Area],
    pub(super) csv: CsvProfile,
    pub(super) decimal: DecimalType,
}

impl Output<'_> {
    fn profile(&self, area: Area) -> Option<&'static str> {
        (area == Area::Csv).then(|| self.csv.as_str())
    }

    /// The parent's files that could stand for a table or partition in every area, if its rows are the same.
    pub(super) fn reusable<'p>(
        &self,
        parent: &'p Parent<'_>,
        part: (Table, Option<Month>),
    ) -> Option<Vec<(Area, &'p [&'p FileEntry])>> {
        let files = |area: &Area| Some((*area, parent.files_for(*area, part, self.profile(*area))?));
        self.areas.iter().map(files).collect()
    }

    /// Takes files of the parent over, as they are, after checking that they are as they were published.
    pub(super) fn link(
        &self,
        parent: &Parent<'_>,
        (table, month): (Table, Option<Month>),
        files: &[(Area, &[&FileEntry])],
    ) -> Result<Vec<FileEntry>, BuildError> {
        let mut linked = Vec::new();
        for (area, parts) in files {
            for (number, file) in parts.iter().enumerate() {
                // The source of the merge was checked before it was read.
                if *area == Area::Csv {
                    parent.check(file)?;
                }
                let path = FilePath::data(*area, table, month, number);
                linked.push(self.link_file(parent, file, path)?);
            }
        }
        Ok(linked)
    }

    fn link_file(
        &self,
        parent: &Parent<'_>,
        file: &FileEntry,
        path: FilePath,
    ) -> Result<FileEntry, BuildError> {
        if let Some(from) = parent.place_of(file) {
            self.create_folder_of(&path.under(&self.building))?;
            self.store.link_or_copy(&from, &path.under(&self.building), 0o600)?;
        }
        Ok(FileEntry { path, ..(*file).clone() })
    }

    /// The files of a table or partition; nothing is created before there is a row.
    pub(super) fn write(&self, table: Table, month: Option<Month>) -> PartOutput<'_> {
        let facts = vec![RowFacts::new(Some(table), self.decimal)];
        PartOutput { output: self, table, month, writer: None, facts }
    }

    /// Creates the folders of a table or partition and starts its files.
    fn start(&self, table: Table, month: Option<Month>) -> Result<PartWriter<'_>, BuildError> {
        let mut folders = Vec::new();
        for area in self.areas {
            let first = FilePath::data(*area, table, month, 0).under(&self.building);
            self.create_folder_of(&first)?;
            let format = if *area == Area::Csv { Format::Csv } else { Format::Parquet };
            folders.push((format, first.parent().unwrap_or(Path::new("")).to_owned()));
        }
        let schema = table.schema();
        let sorted_by = schema.order.clone();
        let shape = TableShape { schema: schema.arrow(self.decimal), sorted_by, csv: self.csv };
        Ok(PartWriter::new(self.store, shape, folders))
    }

    /// Writes the run's facts.
    pub(super) fn write_units(&self, rows: &BTreeMap<UserId, UnitRow>) -> Result<FileEntry, BuildError> {
        let path = FilePath::units();
        let place = path.under(&self.building);
        self.create_folder_of(&place)?;
        let written = write_units(self.store, &place, rows)?;
        let facts = FileFacts {
            rows: written.rows,
            bytes: written.fingerprint.bytes,
            sha256: written.fingerprint.sha256,
            dates: None,
            control_totals: Vec::new(),
        };
        Ok(FileEntry::new(path, facts, None, self.run.clone()))
    }

    /// Creates the folders above a file, private until they are published. Publishing syncs them.
    fn create_folder_of(&self, path: &Path) -> Result<(), BuildError> {
        Ok(path.parent().map_or(Ok(()), |folder| self.store.make_dirs(folder, WORK_MODE))?)
    }
}

/// The files of a table or partition being written.
#[derive(Debug)]
pub(super) struct PartOutput<'a> {
    output: &'a Output<'a>,
    table: Table,
    month: Option<Month>,
    writer: Option<PartWriter<'a>>,
    /// Of each part, the last one being written.
    facts: Vec<RowFacts>,
}

/// The files of a table or partition that were written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) files: Vec<FileEntry>,
    /// NUL characters that CSV could not hold.
    pub(super) replaced_nuls: u64,
}

impl PartOutput<'_> {
    /// Adds rows, in the table's order.
    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), BuildError> {
        let mut offset = 0;
        while offset < rows.num_rows() {
            let full = self.facts.last().is_none_or(|facts| facts.rows() == FILE_ROWS);
            if full {
                self.facts.push(RowFacts::new(Some(self.table), self.output.decimal));
            }
            let Some(facts) = self.facts.last_mut() else { break };
            let space = usize::try_from(FILE_ROWS - facts.rows()).unwrap_or(usize::MAX);
            let slice = rows.slice(offset, space.min(rows.num_rows() - offset));
            facts.add(&slice);
            let writer = match &mut self.writer {
                Some(writer) => writer,
                none => none.insert(self.output.start(self.table, self.month)?),
            };
            writer.write(&slice)?;
            offset += slice.num_rows();
        }
        Ok(())
    }

    /// Ends the files. A partition without rows has none; a table always has one. A file that came out as the parent
    /// has it is the parent's.
    pub(super) fn close(self, parent: &Parent<'_>) -> Result<Written, BuildError> {
        let mut written = Written { files: Vec::new(), replaced_nuls: 0 };
        let writer = match self.writer {
            Some(writer) => writer,
            None if self.month.is_some() => return Ok(written),
            None => self.output.start(self.table, None)?,
        };
        let parts = writer.close(true)?;
        if parts.len() != self.facts.len() {
            // Both count the rows of a file: a bug, by which a file would be missing from the manifest.
            return Err(BuildError::Files(self.table));
        }
        for (part, facts) in parts.into_iter().zip(self.facts) {
            let areas = self.output.areas.iter();
            for (area, (_, file)) in areas.zip(part.files) {
                written.replaced_nuls += file.marks.replaced_nuls;
                let path = FilePath::data(*area, self.table, self.month, part.part as usize);
                let facts = facts.clone().finish(file.fingerprint);
                let profile = self.output.profile(*area);
                let entry = FileEntry::new(path, facts, profile, self.output.run.clone());
                written.files.push(self.output.take_over(parent, entry, &file.path)?);
            }
        }
        Ok(written)
    }
}

impl Output<'_> {
    /// Puts the parent's file in the place of one that was written with the same bytes.
    fn take_over(
        &self,
        parent: &Parent<'_>,
        entry: FileEntry,
        place: &Path,
    ) -> Result<FileEntry, BuildError> {
        let parts = entry.path.parts();
        let Some(table) = parts.table else { return Ok(entry) };
        let before = parent.files_for(parts.area, (table, parts.month), entry.profile.as_deref());
        let Some(same) =
            before.and_then(|files| files.get(parts.part)).filter(|file| file.same_content(&entry))
        else {
            return Ok(entry);
        };
        parent.check(same)?;
        self.store.remove_file(place)?;
        self.link_file(parent, same, entry.path)
    }
}
