//! The statement of one account: what is known of it, put together, and its page.

use super::account::Account;
use super::balance::{Balances, Check, NoBalance, balances, check};
use super::edition::Edition;
use super::finding::{Ask, Gap, Remark, ask, gaps, remarks};
use super::ledger::Kept;
use super::line::{Line as Row, Standing};
use super::ofx::NoFile;
use super::scratch::{Scratch, Stretch};
use super::sheet::{Cell, Line, Sheet, Width};
use super::tally::Tally;
use super::words::Words;
use super::{CardRows, StatementsError};

/// All that is known of an account and period.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) account: Account,
    pub(super) tally: Tally,
    /// Where its lines lie in the scratch file.
    pub(super) stretches: Vec<Stretch>,
    pub(super) balances: Result<Balances, NoBalance>,
    pub(super) check: Option<Check>,
    pub(super) gaps: Vec<Gap>,
    pub(super) remarks: Vec<Remark>,
    pub(super) ask: Option<Ask>,
    /// Whether its sums are left out of those of its currency: see [`super::cards`].
    pub(super) apart: bool,
    /// The name of its file or sheet (empty until it has one), or why there is none.
    pub(super) file: Result<String, NoFile>,
}

impl Statement {
    /// Puts an account's statement together.
    pub(super) fn new(account: Account, kept: Kept, edition: &Edition<'_>) -> Self {
        let Kept { tally, earlier, stretches } = kept;
        let (period, today) = (edition.period, edition.today);
        let balances = balances(&account, &tally, period, edition.request.card_rows);
        let earlier = earlier.filter(|_| balances.is_ok());
        Self {
            check: check(&account, &tally, earlier),
            gaps: gaps(&account, &tally, period, today),
            remarks: remarks(&account, &tally, period),
            ask: ask(&account, today),
            apart: false,
            file: Ok(String::new()),
            account,
            tally,
            stretches,
            balances,
        }
    }

    /// Whether anything is missing.
    pub(super) fn is_complete(&self) -> bool {
        self.gaps.is_empty() && self.file.is_ok()
    }

    /// What is missing, a sentence each.
    pub(super) fn missing(&self, edition: &Edition<'_>) -> Vec<String> {
        let mut missing: Vec<String> =
            self.gaps.iter().map(|gap| (edition.words.gap)(gap, &edition.day())).collect();
        missing.extend(self.file.as_ref().err().map(|why| (edition.words.file_missing)(*why)));
        missing
    }

    /// The connection's state in words.
    pub(super) fn connection(&self, edition: &Edition<'_>) -> Option<String> {
        self.account.health.map(|health| (edition.words.state)(health, self.account.state.as_deref()))
    }

    /// What to ask the client.
    pub(super) fn ask(&self, edition: &Edition<'_>) -> Option<String> {
        self.ask.map(|ask| (edition.words.ask_for)(ask, &edition.day()))
    }

    /// What is worth knowing, a sentence each.
    pub(super) fn remarks(&self, edition: &Edition<'_>) -> Vec<String> {
        self.remarks.iter().map(|remark| (edition.words.remark_of)(*remark, &edition.day())).collect()
    }

    /// Why there are no balances.
    pub(super) fn no_balance(&self, edition: &Edition<'_>) -> Option<String> {
        self.balances.as_ref().err().map(|why| (edition.words.no_balance)(why, &edition.day()))
    }
}

const WIDTHS: [Width; 14] = [
    Width::Narrow,
    Width::Narrow,
    Width::Wide,
    Width::Text,
    Width::Amount,
    Width::Amount,
    Width::Amount,
    Width::Amount,
    Width::Short,
    Width::Text,
    Width::Short,
    Width::Short,
    Width::Amount,
    Width::Narrow,
];

/// Writes the page of a statement.
pub(super) fn write_statement(
    sheet: &mut dyn Sheet,
    statement: &Statement,
    scratch: &mut Scratch,
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    write_heading(sheet, statement, edition)?;
    sheet.gap()?;
    sheet.columns(&edition.words.statement_columns, &WIDTHS)?;
    let mut running = statement.balances.as_ref().ok().map(|balances| balances.opening);
    scratch.for_each_line(&statement.stretches, |row| {
        let counts = row.standing == Standing::Booked;
        running = running
            .zip(row.amount.filter(|_| counts).or(Some(0)))
            .and_then(|(sum, amount)| sum.checked_add(amount));
        let kind = if counts { Line::Plain } else { Line::Muted };
        sheet.line(kind, &cells(row, running.filter(|_| counts), &edition.words))
    })?;
    if let Some((debits, credits)) = statement.tally.totals() {
        let closing = statement.balances.as_ref().ok().map(|balances| balances.closing);
        sheet.line(
            Line::Total,
            &[
                Cell::Text(edition.words.total),
                Cell::Empty,
                Cell::Empty,
                Cell::Empty,
                Cell::Amount(debits),
                Cell::Amount(credits),
                Cell::amount(credits.checked_sub(debits)),
                Cell::amount(closing),
            ],
        )?;
    }
    Ok(())
}

/// What stands above the list: what is missing first.
fn write_heading(
    sheet: &mut dyn Sheet,
    statement: &Statement,
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    let Statement { account, tally, .. } = statement;
    let words = &edition.words;
    sheet.currency(account.currency.as_deref());
    sheet.title(words.statement)?;
    let missing = statement.missing(edition);
    sheet.sentence(
        words.complete,
        if missing.is_empty() { words.yes } else { words.no },
        !missing.is_empty(),
    )?;
    for sentence in &missing {
        sheet.sentence(words.missing, sentence, true)?;
    }
    if tally.totals().is_none() {
        sheet.sentence(words.missing, words.no_totals, true)?;
    }
    if let Some(ask) = statement.ask(edition) {
        sheet.sentence(words.ask, &ask, true)?;
    }
    if let Some(why) = statement.no_balance(edition) {
        sheet.sentence(words.no_balances, &why, false)?;
    }
    for sentence in statement.remarks(edition) {
        sheet.sentence(words.remark, &sentence, false)?;
    }
    let concerns = !account.is_card() || edition.request.card_rows == CardRows::Deferred;
    if concerns && (tally.set_aside > 0 || tally.purchases) {
        sheet.sentence(words.card_rule, edition.card_rule(), false)?;
    }
    if let Some(connection) = statement.connection(edition) {
        sheet.sentence(words.connection, &connection, false)?;
    }
    let dated = |label: &str, day: Option<i32>| match day {
        Some(day) => (words.day_of)(label, edition.dialect.date_text(day)),
        None => label.to_owned(),
    };
    let found = statement.balances.as_ref().ok();
    let bank_balance = dated(words.bank_balance, account.as_of_day());
    let opening = dated(words.opening, found.map(|balances| balances.opening_day));
    let closing = dated(words.closing, found.map(|balances| balances.closing_day));
    let totals = tally.totals();
    sheet.gap()?;
    sheet.pairs(&[
        (words.account, Cell::text(account.name.as_deref())),
        (words.bank, Cell::text(account.bank.as_deref())),
        (words.iban, Cell::text(account.identification())),
        (words.currency, Cell::Text(account.currency.as_deref().unwrap_or(words.unknown_currency))),
        (words.user, Cell::id(account.user)),
        (words.account_id, Cell::Id(account.id)),
        (words.from, Cell::date(edition.period.from)),
        (words.to, Cell::date(edition.period.to)),
        (&opening, Cell::amount(found.map(|balances| balances.opening))),
        (words.debits, Cell::amount(totals.map(|totals| totals.0))),
        (words.credits, Cell::amount(totals.map(|totals| totals.1))),
        (&closing, Cell::amount(found.map(|balances| balances.closing))),
        (words.rows, Cell::count(tally.rows)),
        (&bank_balance, Cell::amount(account.balance)),
        (words.data_as_of, Cell::datetime(account.last_update)),
    ])
}

fn cells<'a>(row: &'a Row, running: Option<i128>, words: &'a Words) -> [Cell<'a>; 14] {
    let counts = row.standing == Standing::Booked;
    let counted = row.amount.filter(|_| counts);
    let status = match row.standing {
        Standing::Booked => None,
        Standing::Coming => Some(words.coming),
        Standing::Deleted => Some(words.deleted),
        Standing::SetAside => Some(words.set_aside),
    };
    [
        Cell::date(row.date),
        Cell::date(row.value_date),
        Cell::text(row.wording.as_deref()),
        Cell::text(row.counterparty.as_deref()),
        Cell::amount(counted.filter(|amount| *amount < 0).and_then(i128::checked_neg)),
        Cell::amount(counted.filter(|amount| *amount >= 0)),
        Cell::amount(counted),
        Cell::amount(running),
        Cell::text(row.category.as_deref()),
        Cell::text(row.comment.as_deref()),
        Cell::text(row.kind.as_deref()),
        Cell::text(status),
        Cell::amount(row.amount.filter(|_| !counts)),
        Cell::Id(row.id),
    ]
}
