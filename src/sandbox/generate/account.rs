//! Accounts: a checking account, its card, savings, a loan, securities, coins; and what becomes of them.

use fastrand::Rng;

use super::iban;
use crate::sandbox::amount;
use crate::sandbox::random::{digit_string, hex_string, one_in};
use crate::sandbox::render::currency::{account_type_id, symbol};
use crate::sandbox::world::NewAccount;
use crate::sandbox::world::rows::{Account, Loan, Wealth};

/// An account of this type and currency, enabled. Parents, sources and fates are the caller's.
pub(crate) fn of_kind(rng: &mut Rng, id: i64, user: i64, kind: &str, currency: &str, bank: &str) -> Account {
    let (original, name, from, to) = face(kind);
    let hundredths = rng.i64(from..=to);
    let balance = money(rng, hundredths, currency);
    let payment = matches!(kind, "checking" | "savings" | "livret_a" | "joint" | "pel");
    let mut account = Account {
        id,
        id_user: Some(user),
        number: Some(digit_string(rng, 11).into()),
        webid: Some(hex_string(rng, 6).into()),
        original_name: original.into(),
        name: name.into(),
        coming_balance: Some(balance.clone()),
        balance: Some(balance),
        display: true,
        iban: (payment && currency == "EUR" && !bank.is_empty()).then(|| iban::french(rng, bank).into()),
        bic: payment.then(|| "EXPLFRPPXXX".into()),
        currency: Some(currency.into()),
        id_type: account_type_id(kind),
        kind: kind.into(),
        bookmarked: i64::from(one_in(rng, 5)),
        usage: payment.then(|| if one_in(rng, 6) { "ORGA" } else { "PRIV" }.into()),
        ownership: one_in(rng, 3).then(|| "owner".into()),
        ..Account::default()
    };
    match kind {
        "loan" | "mortgage" => account.loan = Some(Box::new(loan(rng, id, hundredths))),
        "market" | "pea" | "lifeinsurance" | "per" => account.wealth = Some(Box::new(wealth(rng, &account))),
        _ => {}
    }
    if kind == "per" {
        account.company_name = Some("Ateliers Réunis".into());
    }
    account
}

/// Label of the bank, name shown, smallest and largest balance in hundredths.
fn face(kind: &str) -> (&'static str, &'static str, i64, i64) {
    match kind {
        "card" => ("CARTE A DEBIT DIFFERE", "Carte Premier", -180_000, -100),
        "savings" => ("LIVRET EPARGNE", "Livret", 100, 2_000_000),
        "livret_a" => ("LIVRET A", "Livret A", 1_000, 2_295_000),
        "pel" => ("PLAN EPARGNE LOGEMENT", "PEL", 22_500, 6_120_000),
        "loan" => ("PRET CONSOMMATION", "Prêt auto", -2_500_000, -90_000),
        "mortgage" => ("PRET IMMOBILIER", "Prêt immobilier", -38_000_000, -900_000),
        "market" => ("COMPTE TITRES ORDINAIRE", "Compte titres", 10_000, 9_000_000),
        "pea" => ("PEA", "PEA", 5_000, 15_000_000),
        "lifeinsurance" => ("ASSURANCE VIE MULTISUPPORT", "Assurance vie", 50_000, 30_000_000),
        "per" => ("PLAN EPARGNE RETRAITE", "PER", 1_000, 4_000_000),
        "wallet" => ("PORTEFEUILLE", "Portefeuille", 1, 900_000_000),
        _ => ("COMPTE CHEQUES", "Compte chèques", -45_000, 980_000),
    }
}

/// A balance; now and then with the noise of binary floating point that a sum in the bank's back end leaves.
fn money(rng: &mut Rng, hundredths: i64, currency: &str) -> Box<str> {
    match symbol(currency).1 {
        0 => hundredths.to_string().into(),
        2 if one_in(rng, 40) => {
            format!("{}00003", amount::text(i128::from(hundredths) * 10_i128.pow(16), 2)).into()
        }
        1..=7 => amount::cents(hundredths),
        _ => amount::text(i128::from(hundredths) * 10_i128.pow(10), 8).into(),
    }
}

fn loan(rng: &mut Rng, id: i64, hundredths: i64) -> Loan {
    let (total, done) = (240, rng.i64(1..200));
    Loan {
        id: id + 31,
        total_amount: Some(amount::cents(hundredths.abs() * 4 / 3)),
        subscription_date: Some("2019-07-05 00:00:00".into()),
        maturity_date: Some("2039-07-05 00:00:00".into()),
        next_payment_amount: Some(amount::cents(rng.i64(20_000..190_000))),
        next_payment_date: Some("2026-12-05 00:00:00".into()),
        rate: Some(amount::cents(rng.i64(80..420))),
        nb_payments_left: Some(total - done),
        nb_payments_done: one_in(rng, 2).then_some(done),
        nb_payments_total: Some(total),
        insurance_amount: Some("0.0".into()),
        insurance_label: one_in(rng, 3).then(|| "ASSURANCE EMPRUNTEUR".into()),
        insurance_rate: one_in(rng, 3).then(|| "0.0036".into()),
        kind: "mortgage".into(),
        ..Loan::default()
    }
}

fn wealth(rng: &mut Rng, account: &Account) -> Wealth {
    Wealth {
        valuation: account.balance.clone(),
        diff: Some(amount::cents(rng.i64(-90_000..250_000))),
        diff_percent: Some("0.0812".into()),
        prev_diff: one_in(rng, 2).then(|| "3.2".into()),
        prev_diff_percent: one_in(rng, 2).then(|| "1.6e-3".into()),
    }
}

/// What is left of an account that nobody consented to: its name and type.
pub(crate) fn unconsented(account: &mut Account, since: &str) {
    let bare = Account {
        id: account.id,
        id_user: account.id_user,
        id_connection: account.id_connection,
        id_source: account.id_source,
        original_name: account.original_name.clone(),
        name: account.name.clone(),
        id_type: account.id_type,
        kind: account.kind.clone(),
        display: true,
        disabled: Some(since.into()),
        ..Account::default()
    };
    *account = bare;
}

/// The same real account, found again under a new id: disabled, its number a new hash, its name and IBAN the same.
pub(crate) fn recreated(mut old: Account, id: i64, now: &str) -> Account {
    let iban = old.iban.clone();
    let number = old.number.clone();
    old.id = id;
    old.deleted = None;
    unconsented(&mut old, now);
    old.iban = iban;
    old.number = number.map(|number| format!("{number}-{id}").into());
    old
}

/// An account made by hand.
pub(crate) fn fresh(
    user: i64,
    id: i64,
    wanted: &NewAccount,
    source: Option<i64>,
    now: Option<Box<str>>,
    disabled: Option<Box<str>>,
) -> Account {
    let mut account =
        of_kind(&mut Rng::with_seed(id.unsigned_abs()), id, user, &wanted.kind, &wanted.currency, "30999");
    account.id_connection = wanted.connection;
    account.id_source = source;
    account.last_update = now;
    if let Some(since) = disabled {
        unconsented(&mut account, &since);
    }
    account
}
