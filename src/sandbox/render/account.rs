//! Accounts and users as the API serves them.

use super::currency::symbol;
use super::json::{Object, Style};
use super::transaction::embedded;
use crate::sandbox::amount;
use crate::sandbox::world::rows::{Account, Loan, User};

/// Writes one user.
pub(crate) fn user(out: &mut Vec<u8>, user: &User, style: Style) {
    let mut object = Object::open(out, Some(&user.patch), style);
    object.integer("id", Some(user.id));
    object.text("signin", user.signin.as_deref());
    object.text("platform", user.platform.as_deref());
    object.close();
}

/// Writes one account: 30 keys, six more when it is an investment account.
pub(crate) fn account(out: &mut Vec<u8>, row: &Account, style: Style) {
    let mut object = Object::open(out, Some(&row.patch), style);
    object.integer("id", Some(row.id));
    object.integer("id_connection", row.id_connection);
    object.integer("id_user", row.id_user);
    object.integer("id_source", row.id_source);
    object.integer("id_parent", row.id_parent);
    object.text("number", row.number.as_deref());
    object.text("webid", row.webid.as_deref());
    object.text("original_name", Some(&row.original_name));
    object.number("balance", row.balance.as_deref());
    object.number("coming", row.coming.as_deref());
    object.boolean("display", Some(row.display));
    object.text("last_update", row.last_update.as_deref());
    object.text("deleted", row.deleted.as_deref());
    object.text("disabled", row.disabled.as_deref());
    object.text("iban", row.iban.as_deref());
    object.text("bic", row.bic.as_deref());
    embedded(&mut object, "currency", row.currency.as_deref());
    object.integer("id_type", Some(row.id_type));
    object.integer("bookmarked", Some(row.bookmarked));
    object.text("name", Some(&row.name));
    object.text("error", row.error.as_deref());
    object.text("usage", row.usage.as_deref());
    object.text("ownership", row.ownership.as_deref());
    object.text("company_name", row.company_name.as_deref());
    object.text("opening_date", row.opening_date.as_deref());
    object.number("coming_balance", row.coming_balance.as_deref());
    object
        .text("formatted_balance", row.balance.as_deref().map(|balance| formatted(row, balance)).as_deref());
    object.text("type", Some(&row.kind));
    object.raw("information", "{}");
    match &row.loan {
        Some(loan) => object.value("loan", |out, style| write_loan(out, row.id, loan, style)),
        None => object.null("loan"),
    }
    if let Some(wealth) = &row.wealth {
        object.raw("calculated", "[\"diff_percent\"]");
        object.number("valuation", wealth.valuation.as_deref());
        object.number("diff", wealth.diff.as_deref());
        object.number("diff_percent", wealth.diff_percent.as_deref());
        object.number("prev_diff", wealth.prev_diff.as_deref());
        object.number("prev_diff_percent", wealth.prev_diff_percent.as_deref());
    }
    object.close();
}

fn formatted(row: &Account, balance: &str) -> String {
    let (symbol, precision) = symbol(row.currency.as_deref().unwrap_or("EUR"));
    amount::formatted(balance, precision, symbol)
}

fn write_loan(out: &mut Vec<u8>, account: i64, loan: &Loan, style: Style) {
    let mut object = Object::open(out, None, style);
    object.integer("id", Some(loan.id));
    object.integer("id_account", Some(account));
    object.number("total_amount", loan.total_amount.as_deref());
    object.number("available_amount", loan.available_amount.as_deref());
    object.number("used_amount", loan.used_amount.as_deref());
    object.text("subscription_date", loan.subscription_date.as_deref());
    object.text("maturity_date", loan.maturity_date.as_deref());
    object.text("start_repayment_date", loan.start_repayment_date.as_deref());
    object.boolean("deferred", loan.deferred);
    object.number("next_payment_amount", loan.next_payment_amount.as_deref());
    object.text("next_payment_date", loan.next_payment_date.as_deref());
    object.number("rate", loan.rate.as_deref());
    object.integer("nb_payments_left", loan.nb_payments_left);
    object.integer("nb_payments_done", loan.nb_payments_done);
    object.integer("nb_payments_total", loan.nb_payments_total);
    object.null("last_payment_amount");
    object.null("last_payment_date");
    object.null("account_label");
    object.text("insurance_label", loan.insurance_label.as_deref());
    object.number("insurance_amount", loan.insurance_amount.as_deref());
    object.number("insurance_rate", loan.insurance_rate.as_deref());
    object.integer("duration", loan.duration);
    object.text("type", Some(&loan.kind));
    object.integer("id_type", Some(18));
    object.null("contact_name");
    object.close();
}
