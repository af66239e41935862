//! The files of a snapshot, by folder.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::lake::layout::Area;
use crate::lake::manifest::FileEntry;
use crate::table::{Month, Table};

use super::checked::Checked;
use super::report::Code;

/// The files of one folder of a table, whose rows are one sequence.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) table: Option<Table>,
    pub(super) month: Option<Month>,
    pub(super) parts: Vec<Part<'a>>,
}

/// A Parquet file and the CSV file of the same rows, of which either may be missing.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    pub(super) parquet: Option<&'a FileEntry>,
    pub(super) csv: Option<&'a FileEntry>,
}

/// The files that are there, by folder, the largest folder first. Reports what the manifest's list of them lacks.
pub(super) fn groups<'a>(checked: &Checked<'a>) -> Vec<Group<'a>> {
    let manifest = &checked.snapshot.manifest;
    let mut folders: BTreeMap<(Option<Table>, Option<Month>), BTreeMap<usize, Part<'a>>> = BTreeMap::new();
    for file in &manifest.files {
        let parts = file.path.parts();
        let part = folders.entry((parts.table, parts.month)).or_default().entry(parts.part).or_default();
        let side = if parts.area == Area::Csv { &mut part.csv } else { &mut part.parquet };
        *side = Some(file);
    }
    let has_csv = manifest.files.iter().any(|file| file.path.parts().area == Area::Csv);
    let mut groups: Vec<Group<'a>> = Vec::new();
    for ((table, month), parts) in folders {
        let wants_csv = has_csv && table.is_some();
        for (expected, (number, part)) in parts.iter().enumerate() {
            check_listed(checked, part, wants_csv, *number == expected);
        }
        let parts = parts.into_values().map(|part| part.present(checked)).collect();
        groups.push(Group { table, month, parts });
    }
    groups.sort_by_key(|group| Reverse(group.bytes()));
    groups
}

/// Each Parquet file has its CSV file where there are any, each CSV file its Parquet file, and no number is left out.
fn check_listed(checked: &Checked<'_>, part: &Part<'_>, wants_csv: bool, follows: bool) {
    let Some(file) = part.parquet.or(part.csv) else { return };
    if part.parquet.is_none() || (wants_csv && part.csv.is_none()) {
        let sentence = "the manifest names no file of the other format";
        checked.find(Code::Unpaired, file.path.as_str(), sentence);
    }
    if !follows {
        let sentence = "the manifest names no file of the number before";
        checked.find(Code::MissingFile, file.path.as_str(), sentence);
    }
}

impl Group<'_> {
    fn bytes(&self) -> u64 {
        let files = self.parts.iter().flat_map(|part| [part.parquet, part.csv]).flatten();
        files.map(|file| file.bytes).sum()
    }
}

impl Part<'_> {
    /// The files of it that are there.
    fn present(self, checked: &Checked<'_>) -> Self {
        let there = |file: &&FileEntry| checked.present.contains_key(&file.path);
        Self { parquet: self.parquet.filter(there), csv: self.csv.filter(there) }
    }
}
