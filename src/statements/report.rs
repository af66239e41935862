//! What a pack holds, said to the caller and, in the pack itself, to programs.

use serde::Serialize;

use crate::encode::{CsvMarks, CsvProfile};
use crate::lake::Snapshot;
use crate::model::{AccountId, UserId};

use super::Request;
use super::folder::{KIND, Written};
use super::statement::{Edition, Statement};
use super::words::words;
use super::workbook::Compromises;

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

impl PackReport {
    /// The report of these statements, in English whatever the language of the pack.
    pub(super) fn of(
        statements: &[Statement],
        edition: &Edition<'_>,
        marks: CsvMarks,
        compromises: Compromises,
        files: usize,
    ) -> Self {
        let english =
            Edition { words: words(CsvProfile::Iso), dialect: CsvProfile::Iso.dialect(), ..edition.clone() };
        let missing = |statement: &Statement| {
            Some((AccountId::new(statement.account.id)?, statement.missing(&english).join("; ")))
        };
        let replaced_characters = marks.replaced_characters + compromises.replaced_characters;
        Self {
            accounts: statements.len(),
            rows: statements.iter().map(|statement| statement.tally.rows).sum(),
            files,
            missing: statements
                .iter()
                .filter(|statement| !statement.is_complete())
                .filter_map(missing)
                .collect(),
            users_missing: edition.users_missing.iter().filter_map(|(user, _)| UserId::new(*user)).collect(),
            marks: CsvMarks { replaced_characters, ..marks },
            amounts_as_text: compromises.amounts_as_text,
            cut_texts: compromises.cut_texts,
        }
    }
}

/// The bytes of [`PACK`](super::folder::PACK).
pub(super) fn label(
    snapshot: &Snapshot,
    request: &Request,
    report: &PackReport,
    files: Vec<Written>,
) -> std::io::Result<Vec<u8>> {
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
        files,
    };
    let mut bytes = serde_json::to_vec_pretty(&pack)?;
    bytes.push(b'\n');
    Ok(bytes)
}
