//! What is missing from a statement, what is worth knowing about it, and what the client can do.

use crate::table::health::Health;

use super::Period;
use super::account::Account;
use super::tally::Tally;

/// Something that a statement should hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Gap {
    /// The user has not consented to this account: nothing is known of it.
    NoConsent,
    /// The account was never fetched.
    NeverFetched,
    /// Not everything could be fetched; the code says why.
    Incomplete(Option<String>),
    /// The export asked for nothing before this day.
    NothingBefore(i32),
    /// The export asked for nothing after this day.
    NothingAfter(i32),
    /// The data end on this day, before the period does.
    StopsEarly(i32),
    /// That many rows have an amount, or a standing, that could not be read.
    Doubtful(u64),
    /// That many rows have no date and stand in no period.
    Undated(u64),
    /// That many monthly debits of cards are set aside, and the purchases that they consist of are not in the pack.
    PurchasesElsewhere(u64),
}

/// Something worth knowing that is no gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Remark {
    /// The bank delivers nothing before this day, which lies inside the period.
    BeginsOn(i32),
    /// That many card rows are listed and not counted.
    SetAside(u64),
    /// That many rows are not yet booked, and not counted.
    Coming(u64),
    /// That many rows were taken back by the bank, and are not counted.
    Deleted(u64),
    /// The account is no longer found at the bank.
    Archived,
    /// Its rows are in the monthly debit of another account of the pack, which counts.
    InMonthlyDebit(i64),
    /// The account of a card whose rows count, as no account with its monthly debit is in the pack.
    NoDebitInPack,
    /// That many purchases are set aside, and no monthly debit came since the period began.
    NoDebitYet(u64),
    /// No currency is known.
    NoCurrency,
}

/// What the client can be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// Renew the consent with the bank's strong authentication.
    RenewConsent,
    /// The same, before this day.
    RenewBefore(i32),
    /// Enter the code that the bank asks for.
    EnterCode,
    /// Confirm in the bank's app.
    Confirm,
    /// Log in at the bank's own site and do what it asks.
    ActAtBank,
    /// Choose a new password at the bank.
    ChangePassword,
    /// Enter the credentials again.
    EnterCredentials,
    /// Consent to the account.
    AllowAccount,
    /// Switch the synchronisation on again.
    Reconnect,
}

/// Data may be this many days old before a period that ends now is incomplete: banks are asked about once a day.
const FRESH_DAYS: i32 = 3;

/// A consent that ends within this many days is worth a word.
const NOTICE_DAYS: i32 = 30;

/// What is missing. `today` is the day of the export, in Paris.
pub(super) fn gaps(account: &Account, tally: &Tally, period: Period, today: i32) -> Vec<Gap> {
    if account.disabled {
        return vec![Gap::NoConsent];
    }
    let mut gaps = Vec::new();
    match &account.held {
        None => gaps.push(Gap::Incomplete(None)),
        Some(held) if !held.complete => gaps.push(Gap::Incomplete(held.reason.clone())),
        Some(_) => {}
    }
    if let Some(from) = account.window.from.filter(|window| period.from.is_none_or(|from| from < *window)) {
        gaps.push(Gap::NothingBefore(from));
    }
    match account.as_of_day() {
        None => gaps.push(Gap::NeverFetched),
        Some(as_of) => {
            // The last day that the period can be expected to hold.
            let due = match period.to {
                Some(to) if to < today => to,
                _ => today - FRESH_DAYS,
            };
            if as_of < due {
                gaps.push(Gap::StopsEarly(as_of));
            }
            let ends =
                account.window.to.filter(|window| period.to.is_none_or(|to| to > *window) && as_of > *window);
            gaps.extend(ends.map(Gap::NothingAfter));
        }
    }
    if tally.doubtful > 0 {
        gaps.push(Gap::Doubtful(tally.doubtful));
    }
    if tally.undated > 0 {
        gaps.push(Gap::Undated(tally.undated));
    }
    gaps
}

/// What is worth knowing.
pub(super) fn remarks(account: &Account, tally: &Tally, period: Period) -> Vec<Remark> {
    let first = account.held.as_ref().and_then(|held| held.first);
    let begins =
        first.filter(|first| period.from.is_some_and(|from| from < *first) && !period.is_before(*first));
    let mut remarks: Vec<Remark> = begins.map(Remark::BeginsOn).into_iter().collect();
    for (count, remark) in [
        (tally.set_aside, Remark::SetAside as fn(u64) -> Remark),
        (tally.coming, Remark::Coming),
        (tally.deleted, Remark::Deleted),
    ] {
        if count > 0 {
            remarks.push(remark(count));
        }
    }
    if account.archived {
        remarks.push(Remark::Archived);
    }
    if account.currency.is_none() {
        remarks.push(Remark::NoCurrency);
    }
    remarks
}

/// What the client can do, if anything. States are matched without regard to case, as their health is.
pub(super) fn ask(account: &Account, today: i32) -> Option<Ask> {
    if account.disabled {
        return Some(Ask::AllowAccount);
    }
    let state = account.state.as_deref().map(str::to_ascii_lowercase);
    match (account.health, state.as_deref()) {
        (Some(Health::ActionNeeded), Some("additionalinformationneeded")) => Some(Ask::EnterCode),
        (Some(Health::ActionNeeded), Some("decoupled")) => Some(Ask::Confirm),
        (Some(Health::ActionNeeded), Some("actionneeded")) => Some(Ask::ActAtBank),
        (Some(Health::ActionNeeded), Some("passwordexpired")) => Some(Ask::ChangePassword),
        (Some(Health::ActionNeeded), Some("wrongpass")) => Some(Ask::EnterCredentials),
        (Some(Health::ActionNeeded), _) => Some(Ask::RenewConsent),
        (Some(Health::Inactive | Health::Disabled), _) => Some(Ask::Reconnect),
        _ => {
            let soon = |ends: &i32| *ends - today <= NOTICE_DAYS;
            account.consent_ends.filter(soon).map(Ask::RenewBefore)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::account::Held;
    use super::*;

    fn account(as_of: i32) -> Account {
        Account {
            id: 1,
            last_update: Some(i64::from(as_of) * 86_400_000_000),
            held: Some(Held { first: Some(1), complete: true, reason: None }),
            health: Some(Health::Healthy),
            currency: Some("EUR".to_owned()),
            ..Account::default()
        }
    }

    const OCTOBER: Period = Period { from: Some(10), to: Some(40) };

    #[test]
    fn a_period_that_the_data_cover_has_no_gap() {
        let none = Tally::default();
        assert_eq!(gaps(&account(40), &none, OCTOBER, 60), []);
        assert_eq!(gaps(&account(39), &none, OCTOBER, 60), [Gap::StopsEarly(39)]);
        assert_eq!(gaps(&account(37), &none, OCTOBER, 40), []);
        assert_eq!(gaps(&account(36), &none, OCTOBER, 40), [Gap::StopsEarly(36)]);
        assert_eq!(gaps(&account(57), &none, Period::default(), 60), []);
        assert_eq!(gaps(&account(56), &none, Period::default(), 60), [Gap::StopsEarly(56)]);
    }

    #[test]
    fn everything_that_is_missing_is_named() {
        let none = Tally::default();
        let with = |change: fn(&mut Account)| {
            let mut account = account(60);
            change(&mut account);
            gaps(&account, &none, OCTOBER, 60)
        };
        assert_eq!(with(|a| a.disabled = true), [Gap::NoConsent]);
        assert_eq!(with(|a| a.last_update = None), [Gap::NeverFetched]);
        assert_eq!(with(|a| a.held = None), [Gap::Incomplete(None)]);
        assert_eq!(
            with(|a| a.window = Period { from: Some(20), to: Some(30) }),
            [Gap::NothingBefore(20), Gap::NothingAfter(30)]
        );
        let doubtful = Tally { doubtful: 2, undated: 1, ..Tally::default() };
        assert_eq!(gaps(&account(60), &doubtful, OCTOBER, 60), [Gap::Doubtful(2), Gap::Undated(1)]);
    }

    #[test]
    fn the_client_is_asked_for_what_helps() {
        let with = |state: &str, health: Health| {
            let account = Account { state: Some(state.to_owned()), health: Some(health), ..account(60) };
            ask(&account, 60)
        };
        assert_eq!(with("SCARequired", Health::ActionNeeded), Some(Ask::RenewConsent));
        assert_eq!(with("wrongPass", Health::ActionNeeded), Some(Ask::EnterCredentials));
        assert_eq!(with("bug", Health::Stale), None);
        let ends = |day| ask(&Account { consent_ends: Some(day), ..account(60) }, 60);
        assert_eq!((ends(90), ends(91)), (Some(Ask::RenewBefore(90)), None));
    }
}
