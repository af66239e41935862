//! An account, as the snapshot's tables know it.

use crate::model::time;
use crate::table::health::Health;

use super::Period;
use super::kind;

/// An account and all that its statement's heading needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) user: Option<i64>,
    pub(super) connection: Option<i64>,
    pub(super) source: Option<i64>,
    /// The account that this one belongs to, as a card does to the one that its monthly debit goes to.
    pub(super) parent: Option<i64>,
    pub(super) name: Option<String>,
    pub(super) number: Option<String>,
    pub(super) iban: Option<String>,
    pub(super) bic: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) kind: Option<String>,
    /// The bank's balance, unscaled, as of `last_update`.
    pub(super) balance: Option<i128>,
    /// As served, the wall clock in Paris: microseconds since 1970-01-01 00:00:00.
    pub(super) last_update: Option<i64>,
    /// The same in UTC.
    pub(super) last_update_utc: Option<i64>,
    /// Switched off for want of the user's consent.
    pub(super) disabled: bool,
    /// Archived: no longer found at the bank.
    pub(super) archived: bool,
    pub(super) bank: Option<String>,
    /// What stands in the way of news: the source's state where there is one, else the connection's.
    pub(super) state: Option<String>,
    pub(super) health: Option<Health>,
    /// The day on which the consent ends (days since 1970-01-01, as all days here).
    pub(super) consent_ends: Option<i32>,
    /// `None`: the table `coverage` does not know the account.
    pub(super) held: Option<Held>,
    /// The dates that its user's walks asked for: rows outside were never looked for.
    pub(super) window: Period,
}

/// What the snapshot holds of an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The day of the first row.
    pub(super) first: Option<i32>,
    pub(super) complete: bool,
    /// The code that says why it is not complete.
    pub(super) reason: Option<String>,
}

impl Account {
    /// The day that the balance and the newest rows are of, in Paris.
    pub(super) fn as_of_day(&self) -> Option<i32> {
        match self.last_update_utc.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok()) {
            Some(instant) => Some(time::paris_day(instant)),
            None => self.last_update.map(time::day_of),
        }
    }

    /// Whether it is the account of a card.
    pub(super) fn is_card(&self) -> bool {
        kind::is_card(self.kind.as_deref())
    }

    /// The IBAN, else the account's number.
    pub(super) fn identification(&self) -> Option<&str> {
        self.iban.as_deref().or(self.number.as_deref()).filter(|text| !text.is_empty())
    }
}
