//! What is in doubt about transactions, from the issues.

use std::collections::{HashMap, HashSet};

use crate::lake::Snapshot;
use crate::table::Table;

use super::StatementsError;
use super::account::Account;
use super::columns::columns;

columns! {
    IssueRows { table = "table", id_user = "id_user", id = "id", column = "column", kind = "kind", }
}

/// What is in doubt about a transaction, from the issues.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doubt {
    pub(super) amount: bool,
    pub(super) standing: bool,
}

/// The transactions of these users whose amount, or whether they count, is in doubt.
pub(super) fn doubts(
    snapshot: &Snapshot,
    accounts: &[Account],
) -> Result<HashMap<i64, Doubt>, StatementsError> {
    let users: HashSet<Option<i64>> = accounts.iter().map(|account| account.user).collect();
    let mut doubts: HashMap<i64, Doubt> = HashMap::new();
    IssueRows::for_each(snapshot, snapshot.parquet_files(Table::Issues), |columns, row| {
        let user = columns.id_user.number(row);
        let of_ours = columns.table.text(row) == Some(Table::Transactions.name())
            && (user.is_none() || users.contains(&user));
        let Some(id) = columns.id.number(row).filter(|_| of_ours) else { return Ok(()) };
        let conflict = columns.kind.text(row) == Some("conflict");
        let column = columns.column.text(row).unwrap_or_default();
        let doubt =
            Doubt { amount: conflict || column == "value", standing: matches!(column, "coming" | "deleted") };
        if doubt.amount || doubt.standing {
            let known = doubts.entry(id).or_default();
            known.amount |= doubt.amount;
            known.standing |= doubt.standing;
        }
        Ok(())
    })?;
    Ok(doubts)
}
