//! Ids are unique in the whole snapshot, not only in a file. A table of any length is checked in bounded memory: in
//! several passes over the one column, each for a share of the ids.

use std::path::Path;

use crate::encode::{EncodeError, ParquetReader};
use crate::table::Table;
use crate::table::column::number;

use super::checked::Checked;
use super::report::Code;

/// Ids held at a time: 64 MB.
const IDS_PER_PASS: u64 = 8_000_000;

/// Reports every id that is there twice, for tables with one key column. The key of the others is their order, and
/// equal rows stand side by side.
pub(super) fn check(checked: &Checked<'_>) {
    for table in Table::ALL {
        let [key] = &table.schema().key[..] else { continue };
        let there = checked.snapshot.parquet_files(table);
        let files: Vec<_> = there.filter(|file| checked.present.contains_key(&file.path)).collect();
        let rows: u64 = files.iter().map(|file| file.rows).sum();
        let passes = i64::try_from(rows.div_ceil(IDS_PER_PASS)).unwrap_or(i64::MAX).max(1);
        for pass in 0..passes {
            let mut ids = Vec::new();
            for file in &files {
                // What cannot be read has been reported.
                let _ = collect(&file.path.under(&checked.snapshot.folder), key, (pass, passes), &mut ids);
            }
            ids.sort_unstable();
            let mut twice: Vec<i64> =
                ids.windows(2).filter(|pair| pair[0] == pair[1]).map(|pair| pair[0]).collect();
            twice.dedup();
            for id in twice {
                let folder = files.first().map_or("parquet", |file| file.path.parts().area.folder());
                let sentence = format!("{key} {id} is there more than once");
                checked.find(Code::DuplicateKey, format!("{folder}/{}", table.name()), sentence);
            }
        }
    }
}

/// Adds the ids of a file that belong to this pass.
fn collect(
    path: &Path,
    key: &str,
    (pass, passes): (i64, i64),
    ids: &mut Vec<i64>,
) -> Result<(), EncodeError> {
    for rows in ParquetReader::open(path, Some(&[key]))? {
        let rows = rows?;
        ids.extend(
            number(&rows, key).into_iter().flatten().flatten().filter(|id| id.rem_euclid(passes) == pass),
        );
    }
    Ok(())
}
