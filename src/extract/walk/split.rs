//! Where to cut a range of dates of which one response shows only a part.

use std::collections::BTreeMap;

use arrow::record_batch::RecordBatch;
use jiff::civil::Date;

use crate::model::{Window, time};
use crate::table::column::day;

/// How many received rows lie on each day, and whether they came newest first.
#[derive(Debug)]
pub(super) struct Days {
    rows: BTreeMap<i32, u64>,
    newest_first: bool,
    last: Option<i32>,
}

impl Default for Days {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), newest_first: true, last: None }
    }
}

impl Days {
    /// Counts a page's rows. `true` when their dates continue downwards from the page before.
    pub(super) fn add(&mut self, rows: &RecordBatch) -> bool {
        let Some(dates) = day(rows, "date") else { return true };
        let before = self.last;
        let mut first: Option<i32> = None;
        let mut highest: Option<i32> = None;
        let mut lowest: Option<i32> = None;
        let mut falls = true;
        // Rows of one day lie together: it is looked up once for each stretch.
        let mut stretch: Option<(i32, u64)> = None;
        for date in dates.iter().flatten() {
            match &mut stretch {
                Some((day, rows)) if *day == date => *rows += 1,
                _ => self.count(stretch.replace((date, 1))),
            }
            falls &= lowest.is_none_or(|lowest| date <= lowest);
            first = first.or(Some(date));
            highest = highest.max(Some(date));
            lowest = Some(lowest.map_or(date, |lowest| lowest.min(date)));
        }
        self.count(stretch);
        let continues = before.zip(highest).is_none_or(|(before, highest)| highest <= before);
        self.newest_first &= falls && continues;
        self.last = match (before, lowest) {
            (Some(before), Some(lowest)) => Some(before.min(lowest)),
            (before, lowest) => lowest.or(before),
        };
        continues
    }

    fn count(&mut self, stretch: Option<(i32, u64)>) {
        if let Some((day, rows)) = stretch {
            *self.rows.entry(day).or_default() += rows;
        }
    }

    /// The parts of `window` to ask for one by one: each smaller than the window, together all of it.
    /// `None` when it cannot be cut: it is one day, or no row had a date.
    pub(super) fn split(&self, window: &Window) -> Option<Vec<Window>> {
        let (lowest, highest) = (*self.rows.first_key_value()?.0, *self.rows.last_key_value()?.0);
        if lowest == highest {
            return around(window, lowest);
        }
        // Rows that came newest first are all that the newer days have: one answer will show these days whole.
        // In any other order the median halves the work.
        let cut = if self.newest_first {
            lowest.checked_add(1)?
        } else {
            self.median().max(lowest.checked_add(1)?)
        };
        let (last_older, first_newer) = (time::date_of(cut.checked_sub(1)?)?, time::date_of(cut)?);
        let parts: Vec<Window> = [(window.from(), Some(last_older)), (Some(first_newer), window.to())]
            .into_iter()
            .filter_map(|(from, to)| Window::new(from, to).ok())
            .collect();
        // A server that shows rows outside the dates asked for cannot be cornered by dates.
        (parts.len() == 2).then_some(parts)
    }

    fn median(&self) -> i32 {
        let half = self.rows.values().sum::<u64>() / 2;
        let mut below = 0;
        for (day, rows) in &self.rows {
            below += rows;
            if below > half {
                return *day;
            }
        }
        self.rows.last_key_value().map_or(0, |(day, _)| *day)
    }
}

/// The day itself, and what lies before and after it.
fn around(window: &Window, day: i32) -> Option<Vec<Window>> {
    let day = time::date_of(day)?;
    if !window.contains(Some(day)) || (window.from() == Some(day) && window.to() == Some(day)) {
        return None;
    }
    let mut parts = Vec::new();
    let mut push = |from: Option<Date>, to: Option<Date>| parts.extend(Window::new(from, to).ok());
    if window.from() != Some(day)
        && let Ok(eve) = day.yesterday()
    {
        push(window.from(), Some(eve));
    }
    push(Some(day), Some(day));
    if window.to() != Some(day)
        && let Ok(morrow) = day.tomorrow()
    {
        push(Some(morrow), window.to());
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Date32Array};
    use proptest::prelude::*;

    use super::*;

    fn page(days: &[i32]) -> RecordBatch {
        let dates = days.iter().map(|day| Some(*day)).collect::<Date32Array>();
        RecordBatch::try_from_iter([("date", Arc::new(dates) as ArrayRef)]).unwrap()
    }

    fn days(pages: &[&[i32]]) -> Days {
        let mut days = Days::default();
        for rows in pages {
            days.add(&page(rows));
        }
        days
    }

    fn text(parts: Option<Vec<Window>>) -> Vec<String> {
        parts.unwrap_or_default().iter().map(Window::to_string).collect()
    }

    #[test]
    fn newest_first_leaves_only_the_oldest_day_to_the_rest() {
        let parts = days(&[&[30, 20, 10, 10]]).split(&Window::OPEN);
        assert_eq!(text(parts), ["up to 1970-01-11", "from 1970-01-12"]);
    }

    #[test]
    fn any_other_order_is_cut_at_the_median() {
        let parts = days(&[&[10, 20, 30, 40]]).split(&Window::OPEN);
        assert_eq!(text(parts), ["up to 1970-01-30", "from 1970-01-31"]);
        let parts = days(&[&[10, 10, 10, 40]]).split(&Window::OPEN);
        assert_eq!(text(parts), ["up to 1970-01-11", "from 1970-01-12"]);
    }

    #[test]
    fn one_day_is_set_apart_and_then_cannot_be_cut() {
        let parts = days(&[&[5, 5, 5]]).split(&Window::OPEN);
        assert_eq!(text(parts.clone()), ["up to 1970-01-05", "1970-01-06 to 1970-01-06", "from 1970-01-07"]);
        let day = parts.unwrap()[1];
        assert!(days(&[&[5, 5]]).split(&day).is_none());
        assert!(days(&[&[]]).split(&Window::OPEN).is_none());
        // Rows outside the dates asked for.
        assert!(days(&[&[400, 300]]).split(&day).is_none());
    }

    #[test]
    fn a_seam_is_broken_when_dates_go_back_up() {
        let mut seen = Days::default();
        assert!(seen.add(&page(&[30, 20])));
        assert!(seen.add(&page(&[20, 10])));
        assert!(seen.add(&page(&[])));
        assert!(!seen.add(&page(&[11])));
    }

    proptest! {
        /// Whatever was received: the parts are disjoint, smaller than the window, and hold every one of its days.
        #[test]
        fn parts_are_a_partition(rows in prop::collection::vec(0_i32..60, 1..40), from in 0_i32..30, length in 0_i32..40) {
            let day = |days| time::date_of(days);
            let window = Window::new(day(from), day(from + length)).unwrap();
            let inside: Vec<i32> = rows.into_iter().filter(|d| window.contains(day(*d))).collect();
            let Some(parts) = days(&[&inside]).split(&window) else {
                prop_assert!(inside.is_empty() || length == 0);
                return Ok(());
            };
            prop_assert!(parts.len() >= 2 || length == 0);
            for d in from - 5..from + length + 5 {
                let holding = parts.iter().filter(|part| part.contains(day(d))).count();
                prop_assert_eq!(holding, usize::from(window.contains(day(d))));
            }
        }
    }
}
