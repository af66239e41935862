//! What all pages of a pack share.

use crate::encode::Dialect;

use super::Period;
use super::words::Words;
use super::{CardRows, Request};

/// What all pages of a pack share.
#[derive(Clone)]
pub(super) struct Edition<'a> {
    pub(super) request: &'a Request,
    pub(super) words: Words,
    pub(super) dialect: &'static Dialect,
    pub(super) period: Period,
    /// The day of the export, in Paris (days since 1970-01-01).
    pub(super) today: i32,
    pub(super) run: String,
    /// When the data were fetched, UTC (microseconds since 1970).
    pub(super) exported: i64,
    /// Users asked for of whom the snapshot has no account, and why.
    pub(super) users_missing: Vec<(i64, Option<String>)>,
}

impl Edition<'_> {
    /// How sentences write a day.
    pub(super) fn day(&self) -> impl Fn(i32) -> String + use<> {
        let dialect = self.dialect;
        move |days| dialect.date_text(days)
    }

    /// Which record of a card payment counts, as a sentence.
    pub(super) fn card_rule(&self) -> &'static str {
        match self.request.card_rows {
            CardRows::Summary => self.words.monthly_counts,
            CardRows::Deferred => self.words.purchases_count,
        }
    }
}
