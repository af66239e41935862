//! One table or partition: linked when nothing of it changed, written otherwise.

use arrow::array::RecordBatch;

use crate::lake::manifest::FileEntry;
use crate::table::{Month, OrderKey, Table};

use super::BuildError;
use super::column::Columns;
use super::judge::Judge;
use super::key::{Key, TextKey};
use super::merge::{Merge, Rows};
use super::output::{Output, Written};
use super::parent::Parent;
use super::tally::Tally;

/// What is watched of the rows that the new snapshot holds.
pub(super) trait Watch: Default {
    /// Sees rows, in order.
    fn see(&mut self, rows: &RecordBatch) -> Result<(), BuildError>;
}

/// For parts of which nothing is watched.
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
            self.build_by::<OrderKey, W>(output, parent)
        }
    }

    fn build_by<K: Key, W: Watch>(
        &self,
        output: &Output<'_>,
        parent: &Parent<'_>,
    ) -> Result<BuiltPart<W>, BuildError> {
        let part = (self.table, self.month);
        parent.check_sources(self.table, self.month)?;
        let begun = match output.reusable(parent, part) {
            None => None,
            Some(files) => match self.compare::<K, W>(parent)? {
                Compared::Same(tally, watched) => {
                    let files = output.link(parent, part, &files)?;
                    return Ok(BuiltPart { table: self.table, files, tally, watched, replaced_nuls: 0 });
                }
                Compared::Differs(begun) => begun,
            },
        };
        let (mut merge, first) = match begun {
            Some(begun) => (begun.merge, begun.rows),
            None => (self.merge::<K>(parent)?, Vec::new()),
        };
        let mut watched = W::default();
        let mut writer = output.write(self.table, self.month);
        for rows in first.into_iter().map(Ok).chain(merge.by_ref()) {
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

    /// Merges without writing, up to the first row that differs from the parent's.
    fn compare<'b, K: Key, W: Watch>(
        &'b self,
        parent: &'b Parent<'_>,
    ) -> Result<Compared<'b, K, W>, BuildError> {
        let mut merge = self.merge::<K>(parent)?;
        let mut watched = W::default();
        let (mut rows, mut count) = (Vec::new(), 0);
        while let Some(next) = merge.next() {
            let next = next?;
            watched.see(&next)?;
            count += next.num_rows();
            if count <= HELD_BACK {
                rows.push(next);
            } else {
                rows.clear();
            }
            if merge.tally().differs() {
                break;
            }
        }
        if !merge.tally().differs() {
            return Ok(Compared::Same(merge.into_tally(), watched));
        }
        Ok(Compared::Differs((count <= HELD_BACK).then(|| Box::new(Begun { merge, rows }))))
    }
}

/// Rows that are kept in hand while nothing differs from the parent. A part that differs within them is read once.
const HELD_BACK: usize = 8_192;

/// What comparing a part with the parent's has shown.
enum Compared<'b, K, W> {
    /// Every row is the parent's.
    Same(Tally, W),
    /// A row is not; what was merged until then, where it is still in hand.
    Differs(Option<Box<Begun<'b, K>>>),
}

/// A merge, and the rows that it has already given.
struct Begun<'b, K> {
    merge: Merge<'b, K>,
    rows: Vec<RecordBatch>,
}

/// A partition of the parent of which it is known that every row stays and none is marked deleted: linked unread. `None`
/// when it must be written.
pub(super) fn untouched(
    output: &Output<'_>,
    parent: &Parent<'_>,
    part: (Table, Option<Month>),
) -> Result<Option<BuiltPart<()>>, BuildError> {
    let Some(files) = output.reusable(parent, part) else { return Ok(None) };
    let (table, month) = part;
    parent.check_sources(table, month)?;
    let mut tally = Tally::default();
    // Each area has the same rows.
    tally.stay(files.first().map_or(0, |(_, files)| files.iter().map(|file| file.rows).sum()));
    let files = output.link(parent, part, &files)?;
    Ok(Some(BuiltPart { table, files, tally, watched: (), replaced_nuls: 0 }))
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
