//! Opening, running and closing balances, computed back from the bank's own balance, or the reason why there are none.
//!
//! The bank says one balance, that of now. Everything before it is that balance minus the rows in between, which is only
//! right when all of them are there, all are booked, all amounts are known, and nothing else moves the balance.

use super::CardRows;
use super::Period;
use super::account::Account;
use super::kind;
use super::tally::Tally;

/// Balances of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Balances {
    /// The day at whose beginning the opening balance holds: the period's first, or that of the first row held.
    pub(super) opening_day: i32,
    pub(super) opening: i128,
    /// The day at whose end the closing balance holds: the period's last, or that of the bank's balance.
    pub(super) closing_day: i32,
    pub(super) closing: i128,
}

/// Why there are no opening and running balances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoBalance {
    /// The bank gave none.
    NotGiven,
    /// The user has not consented to this account.
    NoConsent,
    /// The balance of this kind of account moves without transactions (securities, loans), or may.
    Valued,
    /// The account of a card: its balance falls back to nothing when the monthly debit is paid, and no row says so.
    CardAccount,
    /// The account belongs to another one: which of the two balances its rows move is not known.
    SubAccount(i64),
    /// The rows are not complete.
    Incomplete(Option<String>),
    /// No row is held.
    NoHistory,
    /// The rows held begin after the period.
    BeginsLater(i32),
    /// The period begins after the bank's balance.
    NotYet(i32),
    /// The dates asked for end before the day of the bank's balance.
    WindowEnds(i32),
    /// Rows without a date.
    Undated(u64),
    /// Booked rows dated after the bank's balance: nobody says whether it holds them already.
    Future(u64),
    /// Amounts that are not known.
    Doubtful(u64),
    /// Card purchases with deferred debit, and it cannot be told which rows moved the balance.
    Cards,
    /// The sum does not fit.
    TooLarge,
}

/// An earlier balance that the bank said, against what is computed for that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Check {
    pub(super) day: i32,
    pub(super) bank: i128,
    pub(super) difference: i128,
}

/// The balances of the period, or why there are none.
pub(super) fn balances(
    account: &Account,
    tally: &Tally,
    period: Period,
    cards: CardRows,
) -> Result<Balances, NoBalance> {
    if account.disabled {
        return Err(NoBalance::NoConsent);
    }
    let (Some(balance), Some(as_of)) = (account.balance, account.as_of_day()) else {
        return Err(NoBalance::NotGiven);
    };
    if account.is_card() {
        return Err(NoBalance::CardAccount);
    }
    if !kind::is_cash(account.kind.as_deref()) {
        return Err(NoBalance::Valued);
    }
    if let Some(parent) = account.parent {
        return Err(NoBalance::SubAccount(parent));
    }
    let Some(held) = account.held.as_ref().filter(|held| held.complete) else {
        return Err(NoBalance::Incomplete(account.held.as_ref().and_then(|held| held.reason.clone())));
    };
    let first = held.first.ok_or(NoBalance::NoHistory)?;
    if let Some(ends) = account.window.to.filter(|ends| *ends < as_of) {
        return Err(NoBalance::WindowEnds(ends));
    }
    let opening_day = period.from.map_or(first, |from| from.max(first));
    if period.is_before(opening_day) {
        return Err(NoBalance::BeginsLater(first));
    }
    if opening_day > as_of {
        return Err(NoBalance::NotYet(as_of));
    }
    // The bank's balance moves with the monthly debit, so that counting anything else leads away from it; and where
    // purchases stand without a monthly debit, it cannot be told whether they moved it.
    let counts_otherwise = cards == CardRows::Deferred && (tally.monthly || tally.purchases);
    let cards_unclear = counts_otherwise || (tally.purchases && !tally.monthly);
    let doubtful = tally.doubtful + tally.doubtful_after;
    if tally.undated > 0 {
        return Err(NoBalance::Undated(tally.undated));
    }
    if doubtful > 0 {
        return Err(NoBalance::Doubtful(doubtful));
    }
    if cards_unclear {
        return Err(NoBalance::Cards);
    }
    if tally.future > 0 {
        return Err(NoBalance::Future(tally.future));
    }
    let computed = || {
        let closing = balance.checked_sub(tally.after.get()?)?;
        let (debits, credits) = tally.totals()?;
        let opening = closing.checked_sub(credits)?.checked_add(debits)?;
        Some((opening, closing))
    };
    let (opening, closing) = computed().ok_or(NoBalance::TooLarge)?;
    let closing_day = period.to.map_or(as_of, |to| to.min(as_of));
    Ok(Balances { opening_day, opening, closing_day, closing })
}

/// What the bank said earlier, against what the rows say for that day. Only where balances can be computed at all.
pub(super) fn check(account: &Account, tally: &Tally, earlier: Option<(i32, i128)>) -> Option<Check> {
    let (day, bank) = earlier?;
    let computed = account.balance?.checked_sub(tally.after_check.get()?)?;
    Some(Check { day, bank, difference: bank.checked_sub(computed)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::account::Held;
    use super::super::line::Standing;
    use super::super::tally::{Calendar, Entry};
    use super::*;

    /// An account whose balance is of day 100 and whose rows begin on day 1.
    fn account(balance: i128) -> Account {
        Account {
            id: 1,
            kind: Some("checking".to_owned()),
            balance: Some(balance),
            last_update: Some(100 * 86_400_000_000),
            held: Some(Held { first: Some(1), complete: true, reason: None }),
            ..Account::default()
        }
    }

    fn days(from: i32, to: i32) -> Calendar {
        Calendar { period: Period { from: Some(from), to: Some(to) }, as_of: Some(100), check: None }
    }

    fn tally(rows: &[(i32, i128)], days: Calendar) -> Tally {
        let mut tally = Tally::default();
        for (date, amount) in
            rows.iter().filter(|(date, _)| days.period.from.is_none_or(|from| from <= *date))
        {
            tally.add(Entry { date: Some(*date), amount: Some(*amount), ..Entry::default() }, days);
        }
        tally
    }

    fn of(account: &Account, tally: &Tally, days: Calendar) -> Result<Balances, NoBalance> {
        balances(account, tally, days.period, CardRows::Summary)
    }

    proptest! {
        /// Going forward from an invented opening balance and computing back from where that leads give the same.
        #[test]
        fn computing_back_undoes_going_forward(
            start in -1_000_000_i64..1_000_000,
            rows in prop::collection::vec((1_i32..=100, -10_000_i64..10_000), 1..60),
            from in 1_i32..=100, length in 0_i32..60,
        ) {
            let rows: Vec<(i32, i128)> = rows.into_iter().map(|(day, amount)| (day, i128::from(amount))).collect();
            let at_end_of = |day: i32| i128::from(start) + rows.iter().filter(|row| row.0 <= day).map(|row| row.1).sum::<i128>();
            let days = days(from, from + length);
            let mut account = account(at_end_of(100));
            account.held = Some(Held { first: rows.iter().map(|row| row.0).min(), complete: true, reason: None });
            match of(&account, &tally(&rows, days), days) {
                Ok(found) => {
                    prop_assert_eq!(found.opening, at_end_of(found.opening_day - 1));
                    prop_assert_eq!(found.closing, at_end_of(found.closing_day));
                    prop_assert!(found.opening_day >= from && found.closing_day <= from + length);
                }
                Err(NoBalance::BeginsLater(first)) => prop_assert!(first > from + length),
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn what_is_not_certain_is_absent() {
        let days = days(10, 20);
        let rows = tally(&[(15, -5), (30, 7)], days);
        assert_eq!(
            of(&account(50), &rows, days),
            Ok(Balances { opening_day: 10, opening: 48, closing_day: 20, closing: 43 })
        );
        let with = |change: fn(&mut Account)| {
            let mut account = account(50);
            change(&mut account);
            of(&account, &rows, days)
        };
        assert_eq!(with(|a| a.balance = None), Err(NoBalance::NotGiven));
        assert_eq!(with(|a| a.last_update = None), Err(NoBalance::NotGiven));
        assert_eq!(with(|a| a.disabled = true), Err(NoBalance::NoConsent));
        assert_eq!(with(|a| a.kind = Some("market".to_owned())), Err(NoBalance::Valued));
        assert_eq!(with(|a| a.kind = None), Err(NoBalance::Valued));
        assert_eq!(with(|a| a.balance = Some(i128::MIN)), Err(NoBalance::TooLarge));
        assert_eq!(with(|a| a.held = None), Err(NoBalance::Incomplete(None)));
        assert_eq!(
            with(|a| a.held = Some(Held { reason: Some("transport".to_owned()), ..Held::default() })),
            Err(NoBalance::Incomplete(Some("transport".to_owned())))
        );
        assert_eq!(
            with(|a| a.held = Some(Held { complete: true, ..Held::default() })),
            Err(NoBalance::NoHistory)
        );
        assert_eq!(
            with(|a| a.held = Some(Held { first: Some(21), complete: true, reason: None })),
            Err(NoBalance::BeginsLater(21))
        );
        assert_eq!(with(|a| a.last_update = Some(5 * 86_400_000_000)), Err(NoBalance::NotYet(5)));
        assert_eq!(with(|a| a.window.to = Some(99)), Err(NoBalance::WindowEnds(99)));
        assert!(with(|a| a.window.to = Some(100)).is_ok());
        assert_eq!(with(|a| a.kind = Some("card".to_owned())), Err(NoBalance::CardAccount));
        assert_eq!(with(|a| a.parent = Some(7)), Err(NoBalance::SubAccount(7)));
    }

    #[test]
    fn rows_in_doubt_leave_no_balance() {
        let days = days(10, 20);
        let with = |entry: Entry| {
            let mut rows = tally(&[(15, -5)], days);
            rows.add(entry, days);
            of(&account(50), &rows, days)
        };
        let booked = Entry { date: Some(30), amount: Some(1), ..Entry::default() };
        assert_eq!(with(Entry { date: None, ..booked }), Err(NoBalance::Undated(1)));
        assert_eq!(with(Entry { amount: None, ..booked }), Err(NoBalance::Doubtful(1)));
        assert_eq!(with(Entry { date: Some(101), ..booked }), Err(NoBalance::Future(1)));
        assert!(with(Entry { standing: Standing::Deleted, date: None, ..booked }).is_ok());
        assert!(with(Entry { standing: Standing::Coming, date: Some(120), ..booked }).is_ok());
    }

    #[test]
    fn card_rows_count_once_or_leave_no_balance() {
        let days = days(10, 20);
        let purchase = Entry {
            date: Some(12),
            amount: Some(-30),
            standing: Standing::SetAside,
            purchase: true,
            ..Entry::default()
        };
        let monthly = Entry { date: Some(20), amount: Some(-30), monthly: true, ..Entry::default() };
        let mut rows = Tally::default();
        rows.add(purchase, days);
        assert_eq!(of(&account(50), &rows, days), Err(NoBalance::Cards));
        rows.add(monthly, days);
        assert_eq!(of(&account(50), &rows, days).map(|found| found.opening), Ok(80));
        let deferred = balances(&account(50), &rows, days.period, CardRows::Deferred);
        assert_eq!(deferred, Err(NoBalance::Cards));
    }

    #[test]
    fn an_earlier_balance_checks_the_rows() {
        let days = Calendar { check: Some(18), ..days(10, 20) };
        let rows = tally(&[(15, -5), (19, 7)], days);
        assert_eq!(
            check(&account(50), &rows, Some((18, 40))),
            Some(Check { day: 18, bank: 40, difference: -3 })
        );
        assert_eq!(check(&account(50), &rows, None), None);
    }
}
