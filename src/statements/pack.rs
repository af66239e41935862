//! A pack: from a snapshot to a folder.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write as _};
use std::path::Path;

use serde::Serialize;

use crate::encode::{CsvMarks, CsvProfile, CsvSheet, windows1252};
use crate::lake::{LakeError, Snapshot};
use crate::model::{AccountId, DecimalType, UserId, Window, time};

use super::account::accounts;
use super::csv_page::CsvPage;
use super::finding::Export;
use super::folder::{Folder, KIND, Written};
use super::ledger::Ledger;
use super::names::{file_stem, sheet_name};
use super::ofx::{self, Ofx};
use super::statement::{Edition, Statement, write_statement};
use super::summary::{write_balances, write_marks, write_summary};
use super::tally::Period;
use super::words::words;
use super::workbook::{Book, Compromises};
use super::{PackFormat, Request, StatementsError};

/// Accounts of one workbook: each sheet is a scratch file while it is written, and a system has only so many.
const BOOK_ACCOUNTS: usize = 200;

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct PackReport {
    /// Accounts of the selection.
    pub accounts: usize,
    /// Counted transactions.
    pub rows: u64,
    /// Files.
    pub files: usize,
    /// Accounts of which something is missing, and what.
    pub missing: Vec<(AccountId, String)>,
    /// Users of the selection of whom the snapshot has nothing.
    pub users_missing: Vec<UserId>,
    /// What was changed of texts so that CSV can hold them and spreadsheets leave them alone.
    pub marks: CsvMarks,
    /// Amounts of more digits than a spreadsheet holds, written as text.
    pub amounts_as_text: u64,
    /// Texts cut at the longest that a cell can hold.
    pub cut_texts: u64,
}

impl PackReport {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.users_missing.is_empty()
    }
}

/// What [`PACK`](super::folder::PACK) says.
#[derive(Serialize)]
struct PackFile<'a> {
    kind: &'static str,
    version: u32,
    run_id: &'a str,
    manifest_sha256: String,
    format: &'static str,
    profile: &'static str,
    from: Option<String>,
    to: Option<String>,
    card_rows: &'static str,
    include_coming: bool,
    include_deleted: bool,
    complete: bool,
    accounts: usize,
    rows: u64,
    guarded_cells: u64,
    replaced_characters: u64,
    amounts_as_text: u64,
    cut_texts: u64,
    files: Vec<Written>,
}

/// Writes the pack that is asked for to the new folder `out`.
///
/// # Errors
/// When the selection is empty, `out` exists, the snapshot cannot be read, or the disk refuses. Nothing is left then.
pub fn write_pack(snapshot: &Snapshot, request: &Request, out: &Path) -> Result<PackReport, StatementsError> {
    let mut writing = Writing::begin(snapshot, request, out)?;
    match request.format {
        PackFormat::Csv => writing.csv()?,
        PackFormat::Xlsx => writing.xlsx()?,
        PackFormat::Ofx => writing.ofx()?,
    }
    writing.publish(snapshot)
}

/// A pack being written.
struct Writing<'a> {
    folder: Folder,
    edition: Edition<'a>,
    statements: Vec<Statement>,
    ledger: Ledger,
    scale: u8,
    marks: CsvMarks,
    compromises: Compromises,
}

impl<'a> Writing<'a> {
    /// Reads the snapshot.
    fn begin(snapshot: &Snapshot, request: &'a Request, out: &Path) -> Result<Self, StatementsError> {
        let decimal = decimal(snapshot)?;
        let accounts = accounts(snapshot, request)?;
        let folder = Folder::prepare(out, request.force)?;
        let period = days(request.period);
        let manifest = &snapshot.manifest;
        let exported = manifest.as_of.unwrap_or(manifest.started_at).get();
        let edition = Edition {
            request,
            words: words(request.profile),
            dialect: request.profile.dialect(),
            period,
            export: Export {
                window: manifest.window.window().map(days).unwrap_or_default(),
                day: Some(time::paris_day(exported)),
            },
            run: snapshot.run_id.to_string(),
            exported: Some(exported.as_microsecond()),
            users_missing: users_missing(
                snapshot,
                request,
                accounts.iter().filter_map(|account| account.user),
            ),
        };
        let ledger = Ledger::read(snapshot, request, period, &accounts, folder.path())?;
        let statement = |(at, account)| Statement::new(account, &ledger, at, &edition);
        let statements = accounts.into_iter().enumerate().map(statement).collect();
        let (marks, compromises) = (CsvMarks::default(), Compromises::default());
        Ok(Self { folder, edition, statements, ledger, scale: decimal.scale(), marks, compromises })
    }

    fn profile(&self) -> CsvProfile {
        self.edition.request.profile
    }

    /// A CSV file of the pack.
    fn page(&mut self, name: &str) -> Result<CsvPage, StatementsError> {
        let (file, path) = self.folder.create(name)?;
        Ok(CsvPage::new(CsvSheet::new(Box::new(file), &path, self.profile())?, self.scale))
    }

    /// The name of an account's file.
    fn file_name(&self, at: usize) -> String {
        let Edition { words, request, period, .. } = &self.edition;
        let stem = file_stem(words.file_statement, &self.statements[at].account, *period, request.names);
        format!("{}/{stem}.{}", words.folder_statements, request.format.as_str())
    }

    fn csv(&mut self) -> Result<(), StatementsError> {
        self.folder.create_dir(self.edition.words.folder_statements)?;
        for at in 0..self.statements.len() {
            let name = self.file_name(at);
            let mut page = self.page(&name)?;
            write_statement(&mut page, &self.statements[at], &mut self.ledger, at, &self.edition)?;
            self.marks += page.close()?.marks;
            self.statements[at].place = Ok(name);
        }
        self.index_as_csv()
    }

    /// The index and the balances as CSV files.
    fn index_as_csv(&mut self) -> Result<(), StatementsError> {
        let mut balances = self.page(&format!("{}.csv", self.edition.words.file_balances))?;
        write_balances(&mut balances, &self.statements, &self.edition)?;
        self.marks += balances.close()?.marks;
        let mut summary = self.page(&format!("{}.csv", self.edition.words.file_summary))?;
        write_summary(&mut summary, &self.statements, &self.edition)?;
        let mut total = self.marks;
        total += summary.marks();
        write_marks(&mut summary, total, self.compromises.amounts_as_text, &self.edition)?;
        self.marks += summary.close()?.marks;
        Ok(())
    }

    fn xlsx(&mut self) -> Result<(), StatementsError> {
        let accounts = self.statements.len();
        let books = accounts.div_ceil(BOOK_ACCOUNTS);
        let stem = self.edition.words.folder_statements;
        let book_name = |book: usize| match books {
            1 => format!("{stem}.xlsx"),
            _ => format!("{stem}-{}.xlsx", book + 1),
        };
        for at in 0..accounts {
            let sheet = sheet_name(&self.statements[at].account, 1, self.edition.request.names);
            let book = at / BOOK_ACCOUNTS;
            self.statements[at].place =
                Ok(if books == 1 { sheet } else { format!("{}: {sheet}", book_name(book)) });
        }
        for book in 0..books {
            let from = book * BOOK_ACCOUNTS;
            self.book(&book_name(book), from..accounts.min(from + BOOK_ACCOUNTS))?;
        }
        Ok(())
    }

    /// One workbook: the index, the accounts, the balances.
    fn book(&mut self, name: &str, accounts: std::ops::Range<usize>) -> Result<(), StatementsError> {
        let Self { folder, edition, statements, ledger, .. } = self;
        let words = &edition.words;
        let created = edition.exported.unwrap_or_default().div_euclid(1_000_000);
        let mut book = Book::new(words.pack, created, edition.dialect, self.scale, folder.path())?;
        for at in accounts {
            let statement = &statements[at];
            let sheet = |part| sheet_name(&statement.account, part, edition.request.names);
            let mut page = book.page(sheet, words.continued)?;
            write_statement(&mut page, statement, ledger, at, edition)?;
            page.finish()?;
        }
        let mut page = book.page(|part| numbered(words.sheet_balances, part), words.continued)?;
        write_balances(&mut page, statements, edition)?;
        page.finish()?;
        let so_far = book.compromises();
        let mut page = book.page(|part| numbered(words.sheet_summary, part), words.continued)?;
        write_summary(&mut page, statements, edition)?;
        let marks = CsvMarks { replaced_characters: so_far.replaced_characters, ..CsvMarks::default() };
        write_marks(&mut page, marks, so_far.amounts_as_text, edition)?;
        page.finish_in_front()?;
        let (mut file, _) = folder.create(name)?;
        self.compromises += book.save(&mut file)?;
        Ok(())
    }

    fn ofx(&mut self) -> Result<(), StatementsError> {
        self.folder.create_dir(self.edition.words.folder_statements)?;
        for at in 0..self.statements.len() {
            let name = self.file_name(at);
            if let Err(why) = ofx::permitted(&self.statements[at].account) {
                self.statements[at].place = Err(why);
                continue;
            }
            let (file, path) = self.folder.create(&name)?;
            let mut file = BufWriter::new(file);
            let Statement { account, tally, .. } = &self.statements[at];
            let covered = ofx::covered(self.edition.period, account, tally.first, tally.last);
            let (exported, language) = (self.edition.exported, self.edition.words.ofx);
            let mut ofx = Ofx::begin(account, exported, covered, language, self.scale);
            let mut lacking = 0;
            let mut bytes = Vec::new();
            let mut write = |text: &str| {
                bytes.clear();
                lacking += windows1252(text, &mut bytes);
                file.write_all(&bytes).map_err(StatementsError::io("write", &path))
            };
            self.ledger.for_each_line(at, |line| {
                ofx.transaction(line);
                write(&ofx.take())
            })?;
            write(&ofx.end(account))?;
            file.flush().map_err(StatementsError::io("write", &path))?;
            self.marks.replaced_characters += lacking;
            self.statements[at].place = Ok(name);
        }
        self.index_as_csv()
    }

    fn publish(self, snapshot: &Snapshot) -> Result<PackReport, StatementsError> {
        let Self { folder, edition, statements, marks, compromises, .. } = self;
        let request = edition.request;
        let mut report = PackReport {
            accounts: statements.len(),
            rows: statements.iter().map(|statement| statement.tally.rows).sum(),
            files: folder.len() + 1,
            missing: Vec::new(),
            users_missing: edition.users_missing.iter().filter_map(|(user, _)| UserId::new(*user)).collect(),
            marks,
            amounts_as_text: compromises.amounts_as_text,
            cut_texts: compromises.cut_texts,
        };
        report.marks.replaced_characters += compromises.replaced_characters;
        for statement in statements.iter().filter(|statement| !statement.is_complete()) {
            if let Some(account) = AccountId::new(statement.account.id) {
                report.missing.push((account, statement.missing(&edition).join("; ")));
            }
        }
        let text = |date: Option<jiff::civil::Date>| date.map(|date| date.to_string());
        let pack = PackFile {
            kind: KIND,
            version: 1,
            run_id: snapshot.run_id.as_str(),
            manifest_sha256: snapshot.sha256.to_string(),
            format: request.format.as_str(),
            profile: request.profile.as_str(),
            from: text(request.period.from()),
            to: text(request.period.to()),
            card_rows: request.card_rows.as_str(),
            include_coming: request.include_coming,
            include_deleted: request.include_deleted,
            complete: report.is_complete(),
            accounts: report.accounts,
            rows: report.rows,
            guarded_cells: report.marks.guarded,
            replaced_characters: report.marks.replaced_characters + report.marks.replaced_nuls,
            amounts_as_text: report.amounts_as_text,
            cut_texts: report.cut_texts,
            files: folder.written()?,
        };
        let mut bytes = serde_json::to_vec_pretty(&pack)
            .map_err(std::io::Error::from)
            .map_err(StatementsError::io("write", folder.path()))?;
        bytes.push(b'\n');
        folder.publish(&bytes)?;
        Ok(report)
    }
}

fn numbered(name: &str, part: u32) -> String {
    if part == 1 { name.to_owned() } else { format!("{name} ({part})") }
}

/// The window's ends as days.
fn days(window: Window) -> Period {
    Period { from: window.from().map(time::days_of), to: window.to().map(time::days_of) }
}

fn decimal(snapshot: &Snapshot) -> Result<DecimalType, StatementsError> {
    let found = snapshot.manifest.decimal.column();
    found.ok_or_else(|| LakeError::damaged(&snapshot.folder, "has a decimal type that no lake has").into())
}

/// Users of the selection of whom the snapshot has no account: those asked for by id, and those that it names as missing.
fn users_missing(
    snapshot: &Snapshot,
    request: &Request,
    with_accounts: impl Iterator<Item = i64>,
) -> Vec<(i64, Option<String>)> {
    if !request.accounts.is_empty() {
        return Vec::new();
    }
    let with_accounts: BTreeSet<i64> = with_accounts.collect();
    let incomplete = &snapshot.manifest.incomplete;
    let reason = |user: i64| {
        let found = incomplete.iter().find(|one| one.id_user.get() == user && one.id_account.is_none());
        found.map(|one| one.reason.as_str().to_owned())
    };
    let asked: BTreeSet<i64> = match &request.users[..] {
        [] => incomplete.iter().filter(|one| one.id_account.is_none()).map(|one| one.id_user.get()).collect(),
        users => users.iter().map(|user| user.get()).collect(),
    };
    asked.difference(&with_accounts).map(|user| (*user, reason(*user))).collect()
}
