//! Coverage against the rows, derived columns against the accounts, the manifest's list of accounts against coverage.

use std::collections::HashMap;

use crate::lake::layout::{Area, FilePath, MANIFEST};
use crate::lake::manifest::{AccountEntry, Day};
use crate::model::{Proof, Reason};
use crate::table::Table;

use super::checked::Checked;
use super::held::{Covered, Facts, Held};
use super::report::Code;

/// Reports what does not agree, as far as the tables are there.
pub(super) fn check(checked: &Checked<'_>, held: &Held) {
    let has_coverage = checked.is_whole(Table::Coverage);
    let has_accounts = checked.is_whole(Table::Accounts);
    if has_coverage && !held.unread && checked.is_whole(Table::Transactions) {
        check_coverage(checked, held);
    }
    if has_coverage && has_accounts {
        check_covered(checked, held);
    }
    if has_accounts {
        check_derived(checked, held);
    }
    if has_coverage {
        check_listed(checked, held);
    }
}

/// Every account has a row in coverage.
fn check_covered(checked: &Checked<'_>, held: &Held) {
    let path = first_file(checked, Table::Coverage);
    for (id, _) in sorted(&held.accounts) {
        if !held.coverage.contains_key(id) {
            checked.find(Code::Coverage, path.as_str(), format!("account {id} has no row"));
        }
    }
}

/// Coverage says what the rows do.
fn check_coverage(checked: &Checked<'_>, held: &Held) {
    let path = first_file(checked, Table::Coverage);
    for (account, covered) in sorted(&held.coverage) {
        let (rows, dates) =
            held.transactions.get(account).map_or((0, None), |found| (found.rows, found.dates));
        if covered.rows != rows {
            let sentence = format!("account {account} has {rows} rows, coverage says {}", covered.rows);
            checked.find(Code::Coverage, path.as_str(), sentence);
        }
        if covered.dates != dates {
            let sentence = format!("the dates of account {account} are not those of its rows");
            checked.find(Code::Coverage, path.as_str(), sentence);
        }
    }
    for (account, found) in sorted(&held.transactions) {
        match held.coverage.get(account) {
            None => {
                let sentence = format!("account {account} has {} rows and no coverage", found.rows);
                checked.find(Code::Coverage, path.as_str(), sentence);
            }
            Some(covered) if covered.user != found.user => {
                let sentence = format!("account {account} is not of the user that its rows are of");
                checked.find(Code::Coverage, path.as_str(), sentence);
            }
            Some(_) => {}
        }
    }
}

/// User, connection and currency of rows are those of their account.
fn check_derived(checked: &Checked<'_>, held: &Held) {
    for (account, found) in sorted(&held.transactions) {
        let known = held.accounts.get(account);
        let wrong = found.mixed
            || known.is_some_and(|known| known.facts != found.facts || known.user != found.user)
            || (known.is_none() && found.facts != Facts::default());
        if wrong {
            let sentence = format!(
                "user, connection or currency of transactions of account {account} are not the account's"
            );
            checked.find(Code::Derived, "parquet/transactions", sentence);
        }
    }
}

/// The manifest's list of accounts says what coverage does.
fn check_listed(checked: &Checked<'_>, held: &Held) {
    let Some(listed) = &checked.snapshot.manifest.accounts else { return };
    for entry in listed {
        let agrees = held.coverage.get(&entry.id.get()).is_some_and(|covered| covered.is(entry));
        if !agrees {
            let sentence = format!("what it says of account {} is not what coverage says", entry.id);
            checked.find(Code::Coverage, MANIFEST, sentence);
        }
    }
}

/// The first Parquet file of a table that is not partitioned.
fn first_file(checked: &Checked<'_>, table: Table) -> FilePath {
    let published = FilePath::data(Area::Parquet, table, None, 0);
    if checked.snapshot.manifest.files.iter().any(|file| file.path == published) {
        published
    } else {
        FilePath::data(Area::State, table, None, 0)
    }
}

impl Covered {
    fn is(&self, entry: &AccountEntry) -> bool {
        let day = |day: Option<i32>| day.and_then(Day::from_days);
        self.rows == i64::try_from(entry.rows).unwrap_or(-1)
            && day(self.dates.map(|(first, _)| first)) == entry.first_date
            && day(self.dates.map(|(_, last)| last)) == entry.last_date
            && self.complete == entry.complete
            && self.proof.as_deref() == entry.proof.map(Proof::as_str)
            && self.reason.as_deref() == entry.reason.map(Reason::as_str)
    }
}

fn sorted<T>(map: &HashMap<i64, T>) -> Vec<(&i64, &T)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_unstable_by_key(|(id, _)| **id);
    entries
}
