//! Files as the file system has them: there, regular, of the right length, closed to others, and no others.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::lake::layout::{FilePath, MANIFEST};
use crate::lake::manifest::FileEntry;
use crate::lake::{LakeError, listing};

use super::checked::Checked;
use super::report::Code;

/// Rights that no published file has: writing, executing, set-id bits.
const NEVER: u32 = 0o7333;
/// Rights of others, which no file has that the manifest has not.
const OTHERS: u32 = 0o007;

/// Checks the folder against the manifest. Returns the entries whose files can be read.
pub(super) fn check<'a>(checked: &Checked<'a>) -> Result<BTreeMap<&'a FilePath, &'a FileEntry>, LakeError> {
    let folder = &checked.snapshot.folder;
    let (found, folders) = listing(folder)?;
    let entries: BTreeMap<_, _> =
        checked.snapshot.manifest.files.iter().map(|file| (&file.path, file)).collect();

    let named: BTreeSet<&Path> = entries.keys().map(|path| Path::new(path.as_str())).collect();
    for path in &found {
        if path != Path::new(MANIFEST) && !named.contains(&**path) {
            checked.find(Code::ExtraFile, path, "the manifest does not name it");
        }
    }
    for path in &folders {
        if !named.iter().any(|file| file.starts_with(path)) {
            checked.find(Code::ExtraFile, path, "a folder in which no file of the manifest lies");
        }
    }
    let manifest_mode = folder.join(MANIFEST).symlink_metadata().map_or(0, |found| found.mode());
    check_mode(checked, Path::new(MANIFEST), manifest_mode, manifest_mode & 0o200);

    let mut present = BTreeMap::new();
    for (path, file) in entries {
        let place = PathBuf::from(path.as_str());
        match path.under(folder).symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                checked.find(Code::MissingFile, place, "the manifest names it and it is not there");
            }
            Err(error) => checked.find(Code::Unreadable, place, format!("cannot be looked at: {error}")),
            Ok(found) if !found.is_file() => {
                checked.find(Code::NotAFile, place, "is a link or a folder where a file belongs");
            }
            Ok(found) => {
                check_mode(checked, &place, found.mode(), manifest_mode & (0o200 | OTHERS));
                present.insert(path, file);
            }
        }
    }
    Ok(present)
}

/// Reports rights that are too many. `allowed`: which of those that no file has this one may have.
fn check_mode(checked: &Checked<'_>, path: &Path, mode: u32, allowed: u32) {
    let others = if path == Path::new(MANIFEST) { 0 } else { OTHERS };
    let excess = mode & (NEVER | others) & !allowed;
    if excess != 0 {
        let sentence = format!("its mode is {:04o}: {excess:04o} of it is too much", mode & 0o7777);
        checked.find(Code::Mode, path, sentence);
    }
}
