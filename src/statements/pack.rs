//! A pack: from a snapshot to a folder.

use std::io::{BufWriter, Write as _};
use std::path::Path;

use crate::encode::{CsvMarks, CsvProfile, CsvSheet, windows1252};
use crate::lake::{LakeError, Snapshot};
use crate::model::{DecimalType, time};

use super::Period;
use super::cards;
use super::csv_page::CsvPage;
use super::edition::Edition;
use super::folder::Folder;
use super::label::label;
use super::ledger;
use super::names::{file_stem, sheet_name};
use super::ofx::{self, Ofx};
use super::report::PackReport;
use super::scratch::Scratch;
use super::selection::{accounts, users_missing};
use super::statement::{Statement, write_statement};
use super::summary::{write_balances, write_marks, write_summary};
use super::words::words;
use super::workbook::{ACCOUNTS, Book, Compromises, STATEMENT};
use super::{PackFormat, Request, StatementsError};

/// Accounts of one workbook: each sheet is a scratch file while it is written, and a system has only so many.
const BOOK_ACCOUNTS: usize = 200;

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
    scratch: Scratch,
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
        let period = Period::from(request.period);
        let manifest = &snapshot.manifest;
        let exported = manifest.as_of.unwrap_or(manifest.started_at).get();
        let edition = Edition {
            request,
            words: words(request.profile),
            dialect: request.profile.dialect(),
            period,
            today: time::paris_day(exported),
            run: snapshot.run_id.to_string(),
            exported: exported.as_microsecond(),
            users_missing: users_missing(snapshot, request, &accounts),
        };
        let scratch = Scratch::new(folder.path());
        let (kept, scratch) = ledger::read(snapshot, request, period, &accounts, scratch)?;
        let statement = |(account, kept)| Statement::new(account, kept, &edition);
        let mut statements: Vec<Statement> = accounts.into_iter().zip(kept).map(statement).collect();
        cards::settle(&mut statements, request.card_rows);
        let (marks, compromises) = (CsvMarks::default(), Compromises::default());
        Ok(Self { folder, edition, statements, scratch, scale: decimal.scale(), marks, compromises })
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
            write_statement(&mut page, &self.statements[at], &mut self.scratch, &self.edition)?;
            self.marks += page.close()?.marks;
            self.statements[at].file = Ok(name);
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
            self.statements[at].file =
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
        let Self { folder, edition, statements, scratch, .. } = self;
        let words = &edition.words;
        let created = edition.exported.div_euclid(1_000_000);
        let mut book = Book::new(words.pack, created, edition.dialect, self.scale, folder.path())?;
        for statement in &statements[accounts] {
            let sheet = |part| sheet_name(&statement.account, part, edition.request.names);
            let mut page = book.page(STATEMENT, sheet, words.continued)?;
            write_statement(&mut page, statement, scratch, edition)?;
            page.finish()?;
        }
        let mut page = book.page(ACCOUNTS, |part| numbered(words.sheet_balances, part), words.continued)?;
        write_balances(&mut page, statements, edition)?;
        page.finish()?;
        let so_far = book.compromises();
        let mut page = book.page(ACCOUNTS, |part| numbered(words.sheet_summary, part), words.continued)?;
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
            self.statements[at].file = match ofx::permitted(&self.statements[at].account) {
                Ok(()) => Ok(self.ofx_file(at)?),
                Err(why) => Err(why),
            };
        }
        self.index_as_csv()
    }

    /// Writes an account's OFX file; returns its name.
    fn ofx_file(&mut self, at: usize) -> Result<String, StatementsError> {
        let name = self.file_name(at);
        let (file, path) = self.folder.create(&name)?;
        let mut file = BufWriter::new(file);
        let Statement { account, tally, stretches, .. } = &self.statements[at];
        let covered = ofx::covered(self.edition.period, account, tally.first, tally.last);
        let (exported, language) = (self.edition.exported, self.edition.words.ofx);
        let mut ofx = Ofx::begin(account, exported, covered, language, self.scale);
        let mut replaced = 0;
        let mut bytes = Vec::new();
        let mut write = |text: &str| {
            bytes.clear();
            replaced += windows1252(text, &mut bytes);
            file.write_all(&bytes).map_err(StatementsError::io("write", &path))
        };
        self.scratch.for_each_line(stretches, |line| {
            ofx.transaction(line);
            write(&ofx.take())
        })?;
        write(&ofx.end(account))?;
        file.flush().map_err(StatementsError::io("write", &path))?;
        self.marks.replaced_characters += replaced;
        Ok(name)
    }

    /// Says what the pack holds, and gives it its place.
    fn publish(self, snapshot: &Snapshot) -> Result<PackReport, StatementsError> {
        let Self { folder, edition, statements, marks, compromises, .. } = self;
        let report = PackReport::of(&statements, &edition, marks, compromises, folder.len() + 1);
        let label = label(snapshot, edition.request, &report, folder.written()?);
        let label = label.map_err(StatementsError::io("describe", folder.path()))?;
        folder.publish(&label)?;
        Ok(report)
    }
}

fn numbered(name: &str, part: u32) -> String {
    if part == 1 { name.to_owned() } else { format!("{name} ({part})") }
}

fn decimal(snapshot: &Snapshot) -> Result<DecimalType, StatementsError> {
    let found = snapshot.manifest.decimal.column();
    found.ok_or_else(|| LakeError::damaged(&snapshot.folder, "has a decimal type that no lake has").into())
}
