//! The run facts: how every user ended, against the manifest's counts and the rows held.

use crate::lake::build::read_units;
use crate::lake::layout::{FilePath, MANIFEST};
use crate::lake::manifest::UserCounts;
use crate::model::UnitOutcome;
use crate::table::Table;

use super::checked::Checked;
use super::held::Held;
use super::report::Code;

/// Checks `state/units.parquet`.
pub(super) fn check(checked: &Checked<'_>, held: &Held) {
    let path = FilePath::units();
    let manifest = &checked.snapshot.manifest;
    if !manifest.files.iter().any(|file| file.path == path) {
        checked.find(Code::Contradiction, MANIFEST, "it names no state/units.parquet");
    }
    if !checked.present.contains_key(&path) {
        return;
    }
    let units = match read_units(&path.under(&checked.snapshot.folder)) {
        Ok(units) => units,
        Err(_) => {
            checked.find(Code::Units, path.as_str(), "it does not hold the run facts of users");
            return;
        }
    };
    let mut counts = UserCounts { listed: manifest.users.listed, ..UserCounts::default() };
    for unit in units.values() {
        *match unit.outcome {
            UnitOutcome::Complete => &mut counts.complete,
            UnitOutcome::Carried => &mut counts.carried,
            UnitOutcome::Kept => &mut counts.kept,
            UnitOutcome::Failed => &mut counts.failed,
            UnitOutcome::Skipped => &mut counts.skipped,
            UnitOutcome::Gone => &mut counts.gone,
        } += 1;
    }
    if counts != manifest.users {
        checked.find(Code::Units, path.as_str(), "its outcomes are not those that the manifest counts");
    }
    if held.unread || !checked.is_whole(Table::Transactions) {
        return;
    }
    let mut rows = held.rows_by_user();
    for (user, unit) in &units {
        let found = rows.remove(&user.get()).unwrap_or(0);
        if found != unit.rows {
            let sentence = format!("user {user} has {found} transactions, it says {}", unit.rows);
            checked.find(Code::Units, path.as_str(), sentence);
        }
    }
    for (user, found) in rows {
        checked.find(Code::Units, path.as_str(), format!("user {user} has {found} transactions and no line"));
    }
}
