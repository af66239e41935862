//! The transactions of a pack, read once: added up per account, and the lines to be listed put aside in a scratch file.
//!
//! Months are read in order. Within a month rows stand by account and date, so that an account's lines of a month are one
//! stretch of the scratch file (or a few, when they are many); its statement is its stretches, month by month. Memory
//! holds the sums and where the stretches lie, never the rows.

use std::collections::{HashMap, HashSet};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use tempfile::SpooledTempFile;

use crate::lake::Snapshot;
use crate::lake::manifest::FileEntry;
use crate::model::time;
use crate::table::{Month, Table};

use super::Period;
use super::account::Account;
use super::columns::columns;
use super::kind;
use super::line::{Line, Standing};
use super::tally::{Calendar, Entry, Tally};
use super::{Request, StatementsError};

/// Scratch bytes that may stay in memory.
const IN_MEMORY: usize = 32 * 1024 * 1024;

/// Bytes of lines that are put aside, and read back, at a time.
const STRETCH: usize = 1024 * 1024;

/// What the transactions add up to, account by account, and the lines to list.
#[derive(Debug)]
pub(super) struct Ledger {
    accounts: Vec<Kept>,
    scratch: SpooledTempFile,
    folder: PathBuf,
}

/// What is known of an account's transactions.
#[derive(Debug, Default)]
struct Kept {
    tally: Tally,
    /// Day and amount of an earlier balance.
    earlier: Option<(i32, i128)>,
    /// Where its lines lie in the scratch file: begin and length, in bytes.
    stretches: Vec<(u64, usize)>,
}

columns! {
    TransactionRows {
        id = "id", id_account = "id_account", date = "date", value_date = "vdate", amount = "value", kind = "type",
        coming = "coming", deleted = "deleted", original_wording = "original_wording", wording = "wording",
        simplified_wording = "simplified_wording", counterparty = "counterparty_label", categories = "categories",
        comment = "comment",
    }
}

columns! {
    IssueRows { table = "table", id_user = "id_user", id = "id", column = "column", kind = "kind", }
}

columns! {
    BalanceRows { id_account = "id_account", balance = "balance", last_update = "last_update", }
}

/// What is in doubt about a transaction, from the issues.
#[derive(Clone, Copy, Debug, Default)]
struct Doubt {
    amount: bool,
    standing: bool,
}

impl Ledger {
    /// Reads the transactions of these accounts. The scratch file has no name and lies in `folder`.
    pub(super) fn read(
        snapshot: &Snapshot,
        request: &Request,
        period: Period,
        accounts: &[Account],
        folder: &Path,
    ) -> Result<Self, StatementsError> {
        let mut ledger = Self {
            accounts: accounts.iter().map(|_| Kept::default()).collect(),
            scratch: tempfile::spooled_tempfile_in(IN_MEMORY, folder),
            folder: folder.to_owned(),
        };
        let places: HashMap<i64, usize> =
            accounts.iter().enumerate().map(|(place, account)| (account.id, place)).collect();
        ledger.earlier_balances(snapshot, period, accounts, &places)?;
        let doubts = doubts(snapshot, accounts)?;
        let reading = Reading { request, period, accounts, places, doubts };
        let mut open = Open::default();
        TransactionRows::for_each(snapshot, files(snapshot, period), |columns, row| {
            ledger.add(columns, row, &reading, &mut open)
        })?;
        ledger.put_aside(&mut open)?;
        Ok(ledger)
    }

    /// What the rows of the account in this place of the list add up to.
    pub(super) fn tally(&self, place: usize) -> &Tally {
        &self.accounts[place].tally
    }

    /// An earlier balance that the bank said, in the period: its day, and the amount.
    pub(super) fn earlier(&self, place: usize) -> Option<(i32, i128)> {
        self.accounts[place].earlier
    }

    /// Hands over the account's lines by date and id, those without a date first.
    pub(super) fn for_each_line(
        &mut self,
        place: usize,
        mut hand_over: impl FnMut(&Line) -> Result<(), StatementsError>,
    ) -> Result<(), StatementsError> {
        let mut bytes = Vec::new();
        for (start, length) in &self.accounts[place].stretches {
            bytes.resize(*length, 0);
            let read =
                self.scratch.seek(SeekFrom::Start(*start)).and_then(|_| self.scratch.read_exact(&mut bytes));
            read.map_err(StatementsError::io("read the scratch file in", &self.folder))?;
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let line = Line::decode(&mut rest).ok_or(std::io::ErrorKind::InvalidData.into());
                hand_over(&line.map_err(StatementsError::io("read the scratch file in", &self.folder))?)?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        columns: &TransactionRows<'_>,
        row: usize,
        reading: &Reading<'_>,
        open: &mut Open,
    ) -> Result<(), StatementsError> {
        let Some(id_account) = columns.id_account.number(row) else { return Ok(()) };
        if open.account != Some(id_account) {
            self.put_aside(open)?;
            *open = Open {
                account: Some(id_account),
                place: reading.places.get(&id_account).copied(),
                ..Open::default()
            };
        }
        let Some(place) = open.place else { return Ok(()) };
        let date = columns.date.date(row);
        if date.is_some_and(|date| reading.period.from.is_some_and(|from| date < from)) {
            return Ok(());
        }
        let account = &reading.accounts[place];
        let kept = &mut self.accounts[place];
        let (entry, kind) = reading.entry(columns, row, account);
        let days = Calendar {
            period: reading.period,
            as_of: account.as_of_day(),
            check: kept.earlier.map(|(day, _)| day),
        };
        kept.tally.add(entry, days);
        if reading.period.contains(date) && reading.lists(entry.standing) {
            kept.tally.listed += 1;
            line(columns, row, entry, kind).encode(&mut open.bytes);
        }
        if open.bytes.len() >= STRETCH { self.put_aside(open) } else { Ok(()) }
    }

    /// Writes the open stretch to the scratch file.
    fn put_aside(&mut self, open: &mut Open) -> Result<(), StatementsError> {
        let Some(place) = open.place.filter(|_| !open.bytes.is_empty()) else { return Ok(()) };
        let write = StatementsError::io("write the scratch file in", &self.folder);
        let start = self
            .scratch
            .seek(SeekFrom::End(0))
            .and_then(|start| self.scratch.write_all(&open.bytes).map(|()| start))
            .map_err(write)?;
        self.accounts[place].stretches.push((start, open.bytes.len()));
        open.bytes.clear();
        Ok(())
    }

    /// Of each account, the last balance that an earlier night brought and that is of a day of the period.
    fn earlier_balances(
        &mut self,
        snapshot: &Snapshot,
        period: Period,
        accounts: &[Account],
        places: &HashMap<i64, usize>,
    ) -> Result<(), StatementsError> {
        BalanceRows::for_each(snapshot, snapshot.parquet_files(Table::Balances), |columns, row| {
            let place = columns.id_account.number(row).and_then(|id| places.get(&id).copied());
            let (Some(place), Some(balance), Some(update)) =
                (place, columns.balance.amount(row), columns.last_update.micros(row))
            else {
                return Ok(());
            };
            let day = time::day_of(update);
            let is_earlier = accounts[place].as_of_day().is_some_and(|as_of| day < as_of);
            let kept = &mut self.accounts[place].earlier;
            if is_earlier && period.contains(Some(day)) && kept.is_none_or(|(known, _)| known <= day) {
                *kept = Some((day, balance));
            }
            Ok(())
        })
    }
}

/// The lines of one account and month on their way to the scratch file.
#[derive(Debug, Default)]
struct Open {
    account: Option<i64>,
    place: Option<usize>,
    bytes: Vec<u8>,
}

/// What stays the same while reading.
struct Reading<'a> {
    request: &'a Request,
    period: Period,
    accounts: &'a [Account],
    places: HashMap<i64, usize>,
    doubts: HashMap<i64, Doubt>,
}

impl Reading<'_> {
    fn entry<'r>(
        &self,
        columns: &TransactionRows<'r>,
        row: usize,
        account: &Account,
    ) -> (Entry, Option<&'r str>) {
        let kind = columns.kind.text(row);
        let standing = if columns.deleted.micros(row).is_some() {
            Standing::Deleted
        } else if columns.coming.truth(row) == Some(true) {
            Standing::Coming
        } else if self.request.card_rows.sets_aside(kind, account.is_card()) {
            Standing::SetAside
        } else {
            Standing::Booked
        };
        let doubt = columns.id.number(row).and_then(|id| self.doubts.get(&id).copied()).unwrap_or_default();
        let entry = Entry {
            date: columns.date.date(row),
            amount: columns.amount.amount(row),
            standing,
            amount_in_doubt: doubt.amount,
            standing_in_doubt: doubt.standing,
            purchase: kind::is_deferred_purchase(kind),
            monthly: kind::is_monthly_debit(kind),
        };
        (entry, kind)
    }

    fn lists(&self, standing: Standing) -> bool {
        match standing {
            Standing::Booked | Standing::SetAside => true,
            Standing::Coming => self.request.include_coming,
            Standing::Deleted => self.request.include_deleted,
        }
    }
}

fn line(columns: &TransactionRows<'_>, row: usize, entry: Entry, kind: Option<&str>) -> Line {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Line {
        id: columns.id.number(row).unwrap_or_default(),
        date: entry.date,
        value_date: columns.value_date.date(row),
        amount: entry.amount,
        standing: entry.standing,
        kind: some(kind),
        // The bank's own label: the others are simplified, or edited by the user.
        wording: some(columns.original_wording.text(row))
            .or_else(|| some(columns.wording.text(row)))
            .or_else(|| some(columns.simplified_wording.text(row))),
        counterparty: some(columns.counterparty.text(row)),
        category: columns.categories.text(row).and_then(category),
        comment: some(columns.comment.text(row)),
    }
}

/// The codes in `[{"code":…,"parent_code":…}]`; anything else as it is.
fn category(json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Category {
        code: String,
    }
    match serde_json::from_str::<Vec<Category>>(json) {
        Ok(categories) if categories.is_empty() => None,
        Ok(categories) => {
            Some(categories.into_iter().map(|category| category.code).collect::<Vec<_>>().join(", "))
        }
        Err(_) if json == "null" || json == "{}" => None,
        Err(_) => Some(json.to_owned()),
    }
}

/// The files that hold rows of the period or after it, and those without a date, by month.
fn files(snapshot: &Snapshot, period: Period) -> Vec<&FileEntry> {
    let first = Month::of(period.from);
    let month = |file: &FileEntry| file.path.parts().month.unwrap_or(Month::UNDATED);
    let mut files: Vec<&FileEntry> = snapshot
        .parquet_files(Table::Transactions)
        .filter(|file| month(file) == Month::UNDATED || month(file) >= first)
        .collect();
    files.sort_by_key(|file| (month(file), file.path.parts().part));
    files
}

/// The transactions of these users whose amount, or whether they count, is in doubt.
fn doubts(snapshot: &Snapshot, accounts: &[Account]) -> Result<HashMap<i64, Doubt>, StatementsError> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_their_codes() {
        assert_eq!(category("[]"), None);
        assert_eq!(
            category(r#"[{"code":"food","parent_code":null},{"code":"bar","x":1}]"#).as_deref(),
            Some("food, bar")
        );
        assert_eq!(category("7").as_deref(), Some("7"));
    }
}
