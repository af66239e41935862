//! The pack's index and its balances: every account of the selection on a line each.

use std::collections::BTreeMap;

use crate::encode::CsvMarks;

use super::StatementsError;
use super::edition::Edition;
use super::sheet::{Cell, Line, Sheet, Width};
use super::statement::Statement;
use super::tally::Sum;

const SUMMARY_WIDTHS: [Width; 22] = [
    Width::Narrow,
    Width::Narrow,
    Width::Text,
    Width::Code,
    Width::Text,
    Width::Short,
    Width::Narrow,
    Width::Short,
    Width::Narrow,
    Width::Narrow,
    Width::Narrow,
    Width::Amount,
    Width::Amount,
    Width::Amount,
    Width::Amount,
    Width::Amount,
    Width::Short,
    Width::Narrow,
    Width::Wide,
    Width::Text,
    Width::Text,
    Width::Wide,
];

const BALANCE_WIDTHS: [Width; 17] = [
    Width::Narrow,
    Width::Narrow,
    Width::Text,
    Width::Narrow,
    Width::Narrow,
    Width::Narrow,
    Width::Amount,
    Width::Amount,
    Width::Amount,
    Width::Narrow,
    Width::Amount,
    Width::Text,
    Width::Amount,
    Width::Short,
    Width::Amount,
    Width::Narrow,
    Width::Amount,
];

/// Writes the index; what is missing stands in its first lines.
pub(super) fn write_summary(
    sheet: &mut dyn Sheet,
    statements: &[Statement],
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    let words = &edition.words;
    let gaps = statements.iter().filter(|statement| !statement.is_complete()).count();
    sheet.title(words.pack)?;
    let absent = edition.users_missing.len();
    let warning = gaps > 0 || absent > 0;
    let label = if warning { words.missing } else { words.complete };
    sheet.sentence(label, &(words.pack_gaps)(gaps, statements.len(), absent), warning)?;
    for (user, reason) in &edition.users_missing {
        sheet.sentence(words.missing, &(words.user_missing)(*user, reason.as_deref()), true)?;
    }
    sheet.sentence(words.card_rule, edition.card_rule(), false)?;
    let run = format!("run {}", edition.run);
    sheet.pairs(&[
        (words.from, Cell::date(edition.period.from)),
        (words.to, Cell::date(edition.period.to)),
        (words.exported, Cell::Datetime(edition.exported)),
        (words.profile, Cell::Text(edition.request.profile.as_str())),
        (words.snapshot, Cell::Text(&run)),
    ])?;
    sheet.gap()?;
    sheet.columns(&words.summary_columns, &SUMMARY_WIDTHS)?;
    for statement in statements {
        summary_line(sheet, statement, edition)?;
    }
    sheet.gap()?;
    write_totals(sheet, statements, edition)
}

fn summary_line(
    sheet: &mut dyn Sheet,
    statement: &Statement,
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    let Statement { account, tally, .. } = statement;
    let words = &edition.words;
    let totals = tally.totals();
    let found = statement.balances.as_ref().ok();
    let missing = joined(statement.missing(edition));
    let no_balance = statement.no_balance(edition).map(|why| format!("{}: {why}", words.no_balances));
    let remarks = joined(statement.remarks(edition).into_iter().chain(no_balance));
    let (connection, ask) = (statement.connection(edition), statement.ask(edition));
    sheet.currency(account.currency.as_deref());
    sheet.line(
        if statement.is_complete() { Line::Plain } else { Line::Warned },
        &[
            Cell::id(account.user),
            Cell::Id(account.id),
            Cell::text(account.name.as_deref()),
            Cell::text(account.identification()),
            Cell::text(account.bank.as_deref()),
            Cell::text(account.kind.as_deref()),
            Cell::text(account.currency.as_deref()),
            Cell::text(statement.file.as_deref().ok()),
            Cell::count(tally.rows),
            Cell::date(tally.first),
            Cell::date(tally.last),
            Cell::amount(totals.map(|totals| totals.0)),
            Cell::amount(totals.map(|totals| totals.1)),
            Cell::amount(found.map(|balances| balances.opening)),
            Cell::amount(found.map(|balances| balances.closing)),
            Cell::amount(account.balance),
            Cell::datetime(account.last_update),
            Cell::Text(if statement.is_complete() { words.yes } else { words.no }),
            Cell::text(missing.as_deref()),
            Cell::text(connection.as_deref()),
            Cell::text(ask.as_deref()),
            Cell::text(remarks.as_deref()),
        ],
    )
}

/// Sentences as one text; `None` when there are none.
fn joined(sentences: impl IntoIterator<Item = String>) -> Option<String> {
    sentences.into_iter().reduce(|text, sentence| format!("{text}; {sentence}"))
}

/// Sums of one currency.
#[derive(Debug, Default)]
struct Totals {
    accounts: u64,
    rows: u64,
    debits: Sum,
    credits: Sum,
    unknown: u64,
    apart: bool,
}

fn write_totals(
    sheet: &mut dyn Sheet,
    statements: &[Statement],
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    let words = &edition.words;
    let mut currencies: BTreeMap<Option<&str>, Totals> = BTreeMap::new();
    for statement in statements {
        let totals = currencies.entry(statement.account.currency.as_deref()).or_default();
        if statement.apart {
            totals.apart = true;
            continue;
        }
        let Some((debits, credits)) = statement.tally.totals() else {
            totals.unknown += 1;
            continue;
        };
        totals.accounts += 1;
        totals.rows += statement.tally.rows;
        totals.debits.add(debits);
        totals.credits.add(credits);
    }
    sheet.title(words.totals)?;
    let (narrow, amount) = (Width::Narrow, Width::Amount);
    sheet.columns(&words.total_columns, &[narrow, amount, amount, amount, amount, narrow])?;
    for (currency, totals) in currencies {
        let unknown = (totals.unknown > 0).then(|| (words.without)(totals.unknown));
        let apart = totals.apart.then(|| words.card_accounts_apart.to_owned());
        let remarks = joined(unknown.into_iter().chain(apart));
        sheet.currency(currency);
        sheet.line(
            Line::Plain,
            &[
                Cell::Text(currency.unwrap_or(words.unknown_currency)),
                Cell::count(totals.accounts),
                Cell::count(totals.rows),
                Cell::amount(totals.debits.get()),
                Cell::amount(totals.credits.get()),
                Cell::text(remarks.as_deref()),
            ],
        )?;
    }
    Ok(())
}

/// Writes how many texts were changed, and how, below everything else.
pub(super) fn write_marks(
    sheet: &mut dyn Sheet,
    marks: CsvMarks,
    as_text: u64,
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    let words = &edition.words;
    sheet.gap()?;
    sheet.figures(&[
        (words.guarded, Cell::count(marks.guarded)),
        (words.replaced, Cell::count(marks.replaced_characters + marks.replaced_nuls)),
        (words.as_text, Cell::count(as_text)),
    ])
}

/// Writes the balances: which are computed, and how they compare with what the bank said earlier.
pub(super) fn write_balances(
    sheet: &mut dyn Sheet,
    statements: &[Statement],
    edition: &Edition<'_>,
) -> Result<(), StatementsError> {
    let words = &edition.words;
    sheet.columns(&words.balance_columns, &BALANCE_WIDTHS)?;
    for statement in statements {
        let Statement { account, tally, .. } = statement;
        let found = statement.balances.as_ref().ok();
        let totals = tally.totals();
        let opening_day = found.map(|balances| balances.opening_day).or(edition.period.from);
        let closing_day = found.map(|balances| balances.closing_day).or(edition.period.to);
        let why = statement.no_balance(edition).map(|why| format!("{}: {why}", words.computed_none));
        sheet.currency(account.currency.as_deref());
        sheet.line(
            Line::Plain,
            &[
                Cell::id(account.user),
                Cell::Id(account.id),
                Cell::text(account.name.as_deref()),
                Cell::text(account.currency.as_deref()),
                Cell::date(opening_day),
                Cell::date(closing_day),
                Cell::amount(found.map(|balances| balances.opening)),
                Cell::amount(totals.map(|totals| totals.0)),
                Cell::amount(totals.map(|totals| totals.1)),
                Cell::count(tally.rows),
                Cell::amount(found.map(|balances| balances.closing)),
                Cell::Text(why.as_deref().unwrap_or(words.computed_both)),
                Cell::amount(account.balance),
                Cell::datetime(account.last_update),
                Cell::amount(statement.check.map(|check| check.bank)),
                Cell::date(statement.check.map(|check| check.day)),
                Cell::amount(statement.check.map(|check| check.difference)),
            ],
        )?;
    }
    Ok(())
}
