//! Ordinary transactions.

use fastrand::Rng;

use super::wording::habits;
use crate::sandbox::amount;
use crate::sandbox::calendar::{date_of, day_text};
use crate::sandbox::random::{digit_string, one_in, pick};
use crate::sandbox::render::currency::symbol;
use crate::sandbox::world::rows::{Account, Counterparty, Transaction};

/// Where and when a row appears.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) id: i64,
    pub(crate) account: &'a Account,
    /// Booking day.
    pub(crate) day: i32,
    /// Paris wall clock of the sync that brought it.
    pub(crate) scraped: &'a str,
}

/// A row such as the account's type makes one expect.
pub(crate) fn ordinary(rng: &mut Rng, entry: Entry<'_>) -> Transaction {
    let account = entry.account;
    let habit = pick(rng, habits(&account.kind));
    let ordered = entry.day - i32::from(rng.u8(0..3));
    let (_, month, day) = date_of(ordered);
    let original =
        habit.original.replace("{d}", &format!("{day:02}/{month:02}")).replace("{r}", &digit_string(rng, 8));
    let hundredths = rng.i64(habit.from..=habit.to);
    let date = day_text(entry.day);
    let mut row = Transaction {
        id: entry.id,
        id_account: account.id,
        webid: one_in(rng, 3).then(|| format!("tx{}", digit_string(rng, 7)).into()),
        application_date: Some(date.clone()),
        vdate: (!one_in(rng, 4)).then(|| date.clone()),
        date: Some(date),
        rdate: Some(day_text(ordered)),
        value: Some(money(hundredths, account.currency.as_deref())),
        kind: habit.kind.into(),
        original_wording: original.into(),
        simplified_wording: habit.simplified.into(),
        wording: Some(habit.simplified.into()),
        date_scraped: Some(entry.scraped.into()),
        active: true,
        last_update: Some(entry.scraped.into()),
        card: matches!(habit.kind, "card" | "deferred_card").then(|| card_number(account.id)),
        ..Transaction::default()
    };
    if habit.kind == "transfer" && one_in(rng, 2) {
        row.rare_mut().counterparty = Some(counterparty(rng, habit.simplified, hundredths));
    }
    if habit.kind == "card" && one_in(rng, 12) {
        abroad(rng, &mut row, hundredths);
    }
    if one_in(rng, 10) {
        timed(rng, &mut row, entry.day);
    }
    row
}

/// An amount of hundredths in the precision of the currency.
fn money(hundredths: i64, code: Option<&str>) -> Box<str> {
    let (_, precision) = symbol(code.unwrap_or("EUR"));
    match precision {
        0 => hundredths.to_string().into_boxed_str(),
        1..=7 => amount::cents(hundredths),
        // Coins: the same digits, a fraction of a coin.
        _ => {
            let sign = if hundredths < 0 { "-" } else { "" };
            format!("{sign}0.{:08}", hundredths.unsigned_abs()).into_boxed_str()
        }
    }
}

/// The masked number of the card that belongs to an account.
fn card_number(account: i64) -> Box<str> {
    format!("4970XXXXXXXX{:04}", account.rem_euclid(10_000)).into_boxed_str()
}

fn counterparty(rng: &mut Rng, label: &str, hundredths: i64) -> Counterparty {
    Counterparty {
        label: Some(label.into()),
        account_scheme_name: Some("iban".into()),
        account_identification: one_in(rng, 2).then(|| super::iban::french(rng, "30999").into()),
        kind: Some(if hundredths < 0 { "creditor" } else { "debtor" }.into()),
    }
}

/// Paid in another currency, with a commission that is already part of the value.
fn abroad(rng: &mut Rng, row: &mut Transaction, hundredths: i64) {
    let rare = row.rare_mut();
    rare.original_value = Some(amount::cents(hundredths * 107 / 100));
    rare.original_currency = Some((*pick(rng, &["USD", "GBP", "CHF", "JPY"])).into());
    rare.commission = Some(amount::cents(-rng.i64(10..150)));
    rare.commission_currency = Some("EUR".into());
    rare.gross_value = Some(amount::cents(hundredths + 30));
}

/// Some sources know the time of day. These are UTC, and not always spelled alike.
fn timed(rng: &mut Rng, row: &mut Transaction, day: i32) {
    let (date, hour, minute) = (day_text(day), rng.u8(5..20), rng.u8(0..60));
    let text = match rng.u8(0..6) {
        0 => format!("{date}T{hour:02}:{minute:02}:00Z"),
        1 => format!("{date} {hour:02}:{minute:02}:30.250000"),
        _ => format!("{date} {hour:02}:{minute:02}:00"),
    };
    let rare = row.rare_mut();
    rare.datetime = Some(text.into());
    if one_in(rng, 2) {
        rare.rdatetime = Some(format!("{date} {:02}:{minute:02}:11", hour - 1).into());
    }
}
