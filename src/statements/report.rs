//! What a pack holds, said to the caller.

use crate::encode::{CsvMarks, CsvProfile};
use crate::model::{AccountId, UserId};

use super::edition::Edition;
use super::statement::Statement;
use super::words::words;
use super::workbook::Compromises;

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct PackReport {
    /// Accounts of the selection.
    pub accounts: usize,
    /// Counted transactions.
    pub rows: u64,
    /// Files of the pack, its label included.
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

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.users_missing.is_empty()
    }
}
