//! A transaction as the API serves it: 41 keys, always all of them, always in this order.

use super::currency::{currency, symbol};
use super::json::{Object, Style, array};
use crate::sandbox::amount;
use crate::sandbox::world::rows::{Counterparty, Rare, Transaction};

static NONE_RARE: Rare = Rare {
    datetime: None,
    vdatetime: None,
    rdatetime: None,
    bdate: None,
    bdatetime: None,
    gross_value: None,
    original_value: None,
    original_gross_value: None,
    original_currency: None,
    commission: None,
    commission_currency: None,
    id_cluster: None,
    comment: None,
    country: None,
    counterparty: None,
    categories: Vec::new(),
    details: None,
    patch: super::json::Patch::NONE,
};

/// Writes one row. `code` is the currency of its account, for the localised text only.
pub(crate) fn transaction(out: &mut Vec<u8>, row: &Transaction, code: Option<&str>, style: Style) {
    let rare = row.rare.as_deref().unwrap_or(&NONE_RARE);
    let mut object = Object::open(out, Some(&rare.patch), style);
    object.integer("id", Some(row.id));
    object.integer("id_account", Some(row.id_account));
    object.text("webid", row.webid.as_deref());
    object.text("application_date", row.application_date.as_deref());
    object.text("date", row.date.as_deref());
    object.text("datetime", rare.datetime.as_deref());
    object.text("vdate", row.vdate.as_deref());
    object.text("vdatetime", rare.vdatetime.as_deref());
    object.text("rdate", row.rdate.as_deref());
    object.text("rdatetime", rare.rdatetime.as_deref());
    object.text("bdate", rare.bdate.as_deref());
    object.text("bdatetime", rare.bdatetime.as_deref());
    object.number("value", row.value.as_deref());
    object.number("gross_value", rare.gross_value.as_deref());
    object.text("type", Some(&row.kind));
    object.text("original_wording", Some(&row.original_wording));
    object.text("simplified_wording", Some(&row.simplified_wording));
    object.text("stemmed_wording", Some(&row.original_wording.to_lowercase()));
    object.text("wording", row.wording.as_deref());
    object.value("categories", |out, style| {
        array(out, &rare.categories, |out, (code, parent)| {
            let mut category = Object::open(out, None, style);
            category.text("code", Some(code));
            category.text("parent_code", parent.as_deref());
            category.close();
        });
    });
    object.integer("id_category", Some(9998));
    object.text("state", Some("parsed"));
    object.text("date_scraped", row.date_scraped.as_deref());
    object.boolean("coming", Some(row.coming));
    object.boolean("active", Some(row.active));
    object.integer("id_cluster", rare.id_cluster);
    object.text("comment", rare.comment.as_deref());
    object.text("last_update", row.last_update.as_deref());
    object.text("deleted", row.deleted.as_deref());
    object.number("original_value", rare.original_value.as_deref());
    object.number("original_gross_value", rare.original_gross_value.as_deref());
    embedded(&mut object, "original_currency", rare.original_currency.as_deref());
    object.number("commission", rare.commission.as_deref());
    embedded(&mut object, "commission_currency", rare.commission_currency.as_deref());
    object.text("country", rare.country.as_deref());
    object.text("card", row.card.as_deref());
    match &rare.counterparty {
        Some(party) => object.value("counterparty", |out, style| counterparty(out, party, style)),
        None => object.null("counterparty"),
    }
    object.text("formatted_value", row.value.as_deref().map(|value| formatted(value, code)).as_deref());
    object.integer("documents_count", Some(0));
    object.raw("informations", "{}");
    object.text("details", rare.details.as_deref());
    object.close();
}

fn formatted(value: &str, code: Option<&str>) -> String {
    let (symbol, precision) = symbol(code.unwrap_or("EUR"));
    amount::formatted(value, precision, symbol)
}

pub(crate) fn embedded(object: &mut Object<'_>, key: &str, code: Option<&str>) {
    match code {
        Some(code) => object.value(key, |out, style| currency(out, code, style)),
        None => object.null(key),
    }
}

fn counterparty(out: &mut Vec<u8>, party: &Counterparty, style: Style) {
    let mut object = Object::open(out, None, style);
    object.text("label", party.label.as_deref());
    object.text("account_scheme_name", party.account_scheme_name.as_deref());
    object.text("account_identification", party.account_identification.as_deref());
    object.text("type", party.kind.as_deref());
    object.close();
}
