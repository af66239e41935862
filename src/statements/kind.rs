//! What the API's types of accounts and of transactions mean for a statement.

/// Types of account that hold savings.
const SAVINGS: [&str; 13] = [
    "savings", "deposit", "livret_a", "livret_b", "ldds", "ldd", "livret", "lep", "cel", "pel", "csl", "cat",
    "rsp",
];

/// Whether an account holds savings.
pub(super) fn is_savings(account: Option<&str>) -> bool {
    account.is_some_and(|kind| SAVINGS.contains(&kind))
}

/// Whether an account's balance is the sum of its transactions.
pub(super) fn is_cash(account: Option<&str>) -> bool {
    is_savings(account) || matches!(account, Some("checking" | "joint"))
}

/// Whether an account is that of a card.
pub(super) fn is_card(account: Option<&str>) -> bool {
    account == Some("card")
}

/// Whether a transaction is a single purchase by a card with deferred debit.
pub(super) fn is_deferred_purchase(transaction: Option<&str>) -> bool {
    transaction == Some("deferred_card")
}

/// Whether a transaction is the monthly debit of such purchases; both spellings are served.
pub(super) fn is_monthly_debit(transaction: Option<&str>) -> bool {
    matches!(transaction, Some("summary_card" | "card_summary"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn savings_are_cash_and_cards_are_neither() {
        assert!(SAVINGS.iter().all(|kind| is_savings(Some(kind)) && is_cash(Some(kind))));
        assert!(is_cash(Some("checking")) && !is_savings(Some("checking")));
        assert!(
            is_card(Some("card")) && !is_cash(Some("card")) && !is_cash(Some("market")) && !is_cash(None)
        );
    }
}
