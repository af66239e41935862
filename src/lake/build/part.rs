//! One table or partition: linked when nothing of it changed, written otherwise.

use arrow::array::RecordBatch;

use crate::lake::manifest::FileEntry;
use crate::table::{Month, Table};

use super::BuildError;
use super::column::Columns;
use super::key::{Key, NumberKey, TextKey};
use super::merge::{Judge, Merge, Rows};
use super::output::{Output, Written};
use super::parent::Parent;
use super::tally::Tally;

/// What is watched of the rows that the new snapshot holds.
pub(super) trait Watch: Default {
    /// Sees rows, in order.
    fn see(&mut self, rows: &RecordBatch) -> Result<(), BuildError>;
}

/// Nothing.
impl Watch for () {
    fn see(&mut self, _: &RecordBatch) -> Result<(), BuildError> {
        Ok(())
    }
}

/// A table or partition of the new snapshot.
#[derive(Debug)]
pub(super) struct BuiltPart<W> {
    pub(super) table: Table,
    pub(super) files: Vec<FileEntry>,
    pub(super) tally: Tally,
    pub(super) watched: W,
    pub(super) replaced_nuls: u64,
}

impl<W> BuiltPart<W> {
    /// The part, and what was watched of it.
    pub(super) fn split(self) -> (BuiltPart<()>, W) {
        let Self { table, files, tally, watched, replaced_nuls } = self;
        (BuiltPart { table, files, tally, watched: (), replaced_nuls }, watched)
    }
}

/// What one table or partition is built from.
pub(super) struct PartSource<'a, 'r> {
    pub(super) table: Table,
    pub(super) month: Option<Month>,
    /// Opens the staged rows; may be called again.
    pub(super) staged: &'a (dyn Fn() -> Result<Rows<'r>, BuildError> + Sync),
    pub(super) judge: &'a dyn Judge,
}

impl PartSource<'_, '_> {
    /// Builds it.
    pub(super) fn build<W: Watch>(
        &self,
        output: &Output<'_>,
        parent: &Parent<'_>,
    ) -> Result<BuiltPart<W>, BuildError> {
        if self.table == Table::Issues {
            self.build_by::<TextKey, W>(output, parent)
        } else {
            self.build_by::<NumberKey, W>(output, parent)
        }
    }

    fn build_by<K: Key, W: Watch>(
        &self,
        output: &Output<'_>,
        parent: &Parent<'_>,
    ) -> Result<BuiltPart<W>, BuildError> {
        let part = (self.table, self.month);
        parent.check_sources(self.table, self.month)?;
        if let Some(files) = output.reusable(parent, part)
            && let Some((tally, watched)) = self.unchanged::<K, W>(parent)?
        {
            let files = output.link(parent, part, &files)?;
            return Ok(BuiltPart { table: self.table, files, tally, watched, replaced_nuls: 0 });
        }
        let mut merge = self.merge::<K>(parent)?;
        let mut watched = W::default();
        let mut writer = output.write(self.table, self.month);
        for rows in merge.by_ref() {
            let rows = rows?;
            watched.see(&rows)?;
            writer.write(&rows)?;
        }
        let Written { files, replaced_nuls } = writer.close(parent)?;
        Ok(BuiltPart { table: self.table, files, tally: merge.into_tally(), watched, replaced_nuls })
    }

    fn merge<'b, K: Key>(&'b self, parent: &'b Parent<'_>) -> Result<Merge<'b, K>, BuildError> {
        let staged = (self.staged)()?;
        Ok(Merge::new(self.table, staged, parent.rows(self.table, self.month), self.judge))
    }

    /// Merges without writing, up to the first row that differs from the parent's; `None` when there is one.
    fn unchanged<K: Key, W: Watch>(&self, parent: &Parent<'_>) -> Result<Option<(Tally, W)>, BuildError> {
        let mut merge = self.merge::<K>(parent)?;
        let mut watched = W::default();
        while let Some(rows) = merge.next() {
            let rows = rows?;
            if merge.tally().differs() {
                return Ok(None);
            }
            watched.see(&rows)?;
        }
        let tally = merge.into_tally();
        Ok((!tally.differs()).then_some((tally, watched)))
    }
}

/// A partition of the parent to which no row was staged: linked without reading more than a few columns, where every
/// row stays as it is. `None` when it must be merged.
pub(super) fn scan<W: Watch>(
    output: &Output<'_>,
    parent: &Parent<'_>,
    part: (Table, Option<Month>),
    columns: &'static [&'static str],
    stays: impl Fn(&RecordBatch) -> Result<bool, BuildError>,
) -> Result<Option<BuiltPart<W>>, BuildError> {
    let Some(files) = output.reusable(parent, part) else { return Ok(None) };
    let (table, month) = part;
    parent.check_sources(table, month)?;
    let (mut tally, mut watched) = (Tally::default(), W::default());
    for rows in parent.columns(table, month, columns) {
        let rows = rows?;
        if !stays(&rows)? {
            return Ok(None);
        }
        tally.before(Columns::of(table, &rows));
        tally.after(Columns::of(table, &rows));
        watched.see(&rows)?;
    }
    let files = output.link(parent, part, &files)?;
    Ok(Some(BuiltPart { table, files, tally, watched, replaced_nuls: 0 }))
}
