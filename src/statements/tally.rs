//! What the rows of an account add up to in a period.

use super::Period;
use super::line::Standing;

/// A sum that says when it no longer fits, instead of being wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    value: i128,
    overflown: bool,
}

impl Sum {
    pub(super) fn add(&mut self, amount: i128) {
        match self.value.checked_add(amount) {
            Some(sum) => self.value = sum,
            None => self.overflown = true,
        }
    }

    /// The sum; `None` when it does not fit.
    pub(super) fn get(self) -> Option<i128> {
        (!self.overflown).then_some(self.value)
    }
}

/// What the rows of an account add up to.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Counted rows of the period.
    pub(super) rows: u64,
    /// Sum of their negative amounts, as a positive number.
    pub(super) debits: Sum,
    /// Sum of their other amounts.
    pub(super) credits: Sum,
    /// Earliest and latest day of the counted rows of the period.
    pub(super) first: Option<i32>,
    pub(super) last: Option<i32>,
    /// Rows of the period that are listed, counted or not.
    pub(super) listed: u64,
    /// Rows of the period that do not count.
    pub(super) coming: u64,
    pub(super) deleted: u64,
    pub(super) set_aside: u64,
    /// Rows of the period whose amount, or whether they count at all, is not known.
    pub(super) doubtful: u64,
    /// The same after the period.
    pub(super) doubtful_after: u64,
    /// Live rows without a date, in the period or not.
    pub(super) undated: u64,
    /// Sum of the counted rows after the period.
    pub(super) after: Sum,
    /// Sum of the counted rows after the day of an earlier balance.
    pub(super) after_check: Sum,
    /// Counted rows dated after the day that the bank's balance is of.
    pub(super) future: u64,
    /// From the period's first day on: single purchases by deferred debit card, and monthly debits of them.
    pub(super) purchases: bool,
    pub(super) monthly: bool,
}

/// A row, as far as sums see it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Entry {
    pub(super) date: Option<i32>,
    pub(super) amount: Option<i128>,
    pub(super) standing: Standing,
    /// Whether its amount is in doubt although there is one.
    pub(super) amount_in_doubt: bool,
    /// Whether it is in doubt that it stands as it says.
    pub(super) standing_in_doubt: bool,
    pub(super) purchase: bool,
    pub(super) monthly: bool,
}

/// The days that a tally looks at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Calendar {
    pub(super) period: Period,
    /// The day that the bank's balance is of.
    pub(super) as_of: Option<i32>,
    /// The day of an earlier balance, to check against.
    pub(super) check: Option<i32>,
}

impl Tally {
    /// Adds a row of the period or after it; rows before the period are none of its business.
    pub(super) fn add(&mut self, entry: Entry, days: Calendar) {
        let Entry { date, amount, standing, .. } = entry;
        let live = standing != Standing::Deleted;
        if live {
            self.purchases |= entry.purchase;
            self.monthly |= entry.monthly;
            self.undated += u64::from(date.is_none());
        }
        let counts = standing == Standing::Booked;
        let doubtful = entry.standing_in_doubt || (counts && (amount.is_none() || entry.amount_in_doubt));
        let inside = days.period.contains(date);
        if inside {
            self.add_inside(entry, doubtful);
        } else if doubtful {
            self.doubtful_after += 1;
        }
        let (true, Some(amount), Some(date)) = (counts, amount, date) else { return };
        if days.period.is_before(date) {
            self.after.add(amount);
        }
        if days.check.is_some_and(|check| check < date) {
            self.after_check.add(amount);
        }
        self.future += u64::from(days.as_of.is_some_and(|as_of| as_of < date));
    }

    fn add_inside(&mut self, entry: Entry, doubtful: bool) {
        self.doubtful += u64::from(doubtful);
        match entry.standing {
            Standing::Coming => self.coming += 1,
            Standing::Deleted => self.deleted += 1,
            Standing::SetAside => self.set_aside += 1,
            Standing::Booked => {
                self.rows += 1;
                if let Some(date) = entry.date {
                    self.first = Some(self.first.map_or(date, |first| first.min(date)));
                    self.last = Some(self.last.map_or(date, |last| last.max(date)));
                }
                match entry.amount {
                    Some(amount) if amount < 0 => self.debits.add(-amount),
                    Some(amount) => self.credits.add(amount),
                    None => {}
                }
            }
        }
    }

    /// Debits and credits of the period; `None` when an amount is in doubt or the sum does not fit.
    pub(super) fn totals(&self) -> Option<(i128, i128)> {
        if self.doubtful > 0 { None } else { Some((self.debits.get()?, self.credits.get()?)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days() -> Calendar {
        Calendar { period: Period { from: Some(10), to: Some(20) }, as_of: Some(25), check: Some(18) }
    }

    fn booked(date: i32, amount: i128) -> Entry {
        Entry { date: Some(date), amount: Some(amount), ..Entry::default() }
    }

    #[test]
    fn only_booked_rows_of_the_period_count() {
        let mut tally = Tally::default();
        for entry in [
            booked(10, -5),
            booked(20, 7),
            booked(19, -1),
            booked(21, 100),
            Entry { standing: Standing::Coming, ..booked(15, 1_000) },
            Entry { standing: Standing::Deleted, ..booked(15, 1_000) },
            Entry { standing: Standing::SetAside, ..booked(15, 1_000) },
        ] {
            tally.add(entry, days());
        }
        assert_eq!((tally.rows, tally.totals()), (3, Some((6, 7))));
        assert_eq!((tally.coming, tally.deleted, tally.set_aside), (1, 1, 1));
        assert_eq!((tally.after.get(), tally.after_check.get()), (Some(100), Some(106)));
        assert_eq!((tally.first, tally.last, tally.future), (Some(10), Some(20), 0));
    }

    #[test]
    fn an_amount_in_doubt_leaves_no_totals() {
        let unknown = Entry { amount: None, ..booked(12, 0) };
        let elsewhere = Entry { date: Some(22), ..unknown };
        let mut tally = Tally::default();
        tally.add(elsewhere, days());
        assert_eq!((tally.totals(), tally.doubtful_after), (Some((0, 0)), 1));
        tally.add(unknown, days());
        assert_eq!((tally.totals(), tally.rows), (None, 1));
        let mut coming = Tally::default();
        coming.add(Entry { standing: Standing::Coming, ..unknown }, days());
        assert!(coming.totals().is_some());
        coming.add(Entry { standing: Standing::Coming, standing_in_doubt: true, ..unknown }, days());
        assert!(coming.totals().is_none());
    }

    #[test]
    fn a_sum_that_does_not_fit_is_none() {
        let mut tally = Tally::default();
        tally.add(booked(12, i128::MAX), days());
        tally.add(booked(12, 1), days());
        assert_eq!(tally.totals(), None);
    }

    #[test]
    fn rows_without_a_date_belong_to_the_open_period() {
        let undated = Entry { date: None, ..booked(0, 1) };
        let mut bounded = Tally::default();
        bounded.add(undated, days());
        assert_eq!((bounded.rows, bounded.undated), (0, 1));
        let mut open = Tally::default();
        open.add(undated, Calendar::default());
        assert_eq!((open.rows, open.undated), (1, 1));
    }
}
