//! How a row of the transactions is read.

use std::collections::HashMap;

use super::account::Account;
use super::columns::columns;
use super::doubt::Doubt;
use super::kind;
use super::line::{Line, Standing};
use super::tally::Entry;
use super::{Period, Request};

columns! {
    TransactionRows {
        id = "id", id_account = "id_account", date = "date", value_date = "vdate", amount = "value", kind = "type",
        coming = "coming", deleted = "deleted", original_wording = "original_wording", wording = "wording",
        simplified_wording = "simplified_wording", counterparty = "counterparty_label", categories = "categories",
        comment = "comment",
    }
}

/// What stays the same while reading.
pub(super) struct Reading<'a> {
    pub(super) request: &'a Request,
    pub(super) period: Period,
    pub(super) accounts: &'a [Account],
    pub(super) places: HashMap<i64, usize>,
    pub(super) doubts: HashMap<i64, Doubt>,
}

impl Reading<'_> {
    /// What counts of a row, and the kind of transaction that it is.
    pub(super) fn entry<'r>(
        &self,
        columns: &TransactionRows<'r>,
        row: usize,
        account: &Account,
    ) -> (Entry, Option<&'r str>) {
        let kind = columns.kind.text(row);
        let standing = if columns.deleted.micros(row).is_some() {
            Standing::Deleted
        } else if columns.coming.truth(row) == Some(true) {
            Standing::Coming
        } else if self.request.card_rows.sets_aside(kind, account.is_card()) {
            Standing::SetAside
        } else {
            Standing::Booked
        };
        let doubt = columns.id.number(row).and_then(|id| self.doubts.get(&id).copied()).unwrap_or_default();
        let entry = Entry {
            date: columns.date.date(row),
            amount: columns.amount.amount(row),
            standing,
            amount_in_doubt: doubt.amount,
            standing_in_doubt: doubt.standing,
            purchase: kind::is_deferred_purchase(kind),
            monthly: kind::is_monthly_debit(kind),
        };
        (entry, kind)
    }

    /// Whether rows of that standing are listed.
    pub(super) fn lists(&self, standing: Standing) -> bool {
        match standing {
            Standing::Booked | Standing::SetAside => true,
            Standing::Coming => self.request.include_coming,
            Standing::Deleted => self.request.include_deleted,
        }
    }
}

/// A row as a statement lists it.
pub(super) fn line(columns: &TransactionRows<'_>, row: usize, entry: Entry, kind: Option<&str>) -> Line {
    let some = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
    Line {
        id: columns.id.number(row).unwrap_or_default(),
        date: entry.date,
        value_date: columns.value_date.date(row),
        amount: entry.amount,
        standing: entry.standing,
        kind: some(kind),
        // The bank's own label: the others are simplified, or edited by the user.
        wording: some(columns.original_wording.text(row))
            .or_else(|| some(columns.wording.text(row)))
            .or_else(|| some(columns.simplified_wording.text(row))),
        counterparty: some(columns.counterparty.text(row)),
        category: columns.categories.text(row).and_then(category),
        comment: some(columns.comment.text(row)),
    }
}

/// The codes in `[{"code":…,"parent_code":…}]`; anything else as it is.
fn category(json: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Category {
        code: String,
    }
    match serde_json::from_str::<Vec<Category>>(json) {
        Ok(categories) if categories.is_empty() => None,
        Ok(categories) => {
            Some(categories.into_iter().map(|category| category.code).collect::<Vec<_>>().join(", "))
        }
        Err(_) if json == "null" || json == "{}" => None,
        Err(_) => Some(json.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_their_codes() {
        assert_eq!(category("[]"), None);
        assert_eq!(
            category(r#"[{"code":"food","parent_code":null},{"code":"bar","x":1}]"#).as_deref(),
            Some("food, bar")
        );
        assert_eq!(category("7").as_deref(), Some("7"));
    }
}
