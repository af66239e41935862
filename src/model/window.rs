//! The date range asked for, inclusive at both ends, on the transactions' `date`.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A range of dates, inclusive; an end that is `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    from: Option<Date>,
    to: Option<Date>,
}

impl Window {
    /// Everything.
    pub const OPEN: Self = Self { from: None, to: None };

    /// The range from `from` to `to`.
    ///
    /// # Errors
    /// When `from` lies after `to`.
    pub fn new(from: Option<Date>, to: Option<Date>) -> Result<Self, WindowError> {
        match (from, to) {
            (Some(from), Some(to)) if from > to => Err(WindowError { from, to }),
            _ => Ok(Self { from, to }),
        }
    }

    /// The first day, or `None` when open.
    #[must_use]
    pub fn from(&self) -> Option<Date> {
        self.from
    }

    /// The last day, or `None` when open.
    #[must_use]
    pub fn to(&self) -> Option<Date> {
        self.to
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether the day lies inside. A row without a date lies inside an open window only.
    #[must_use]
    pub fn contains(&self, day: Option<Date>) -> bool {
        match day {
            None => self.is_open(),
            Some(day) => self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to),
        }
    }

    /// Whether every day of `other` lies inside.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let starts = self.from.is_none_or(|from| other.from.is_some_and(|o| from <= o));
        let ends = self.to.is_none_or(|to| other.to.is_some_and(|o| o <= to));
        starts && ends
    }

    /// Whether the two overlap or follow each other without a gap.
    #[must_use]
    pub fn touches(&self, other: &Self) -> bool {
        let before = |end: Option<Date>, start: Option<Date>| match (end, start) {
            (Some(end), Some(start)) => end.tomorrow().is_ok_and(|next| next < start),
            _ => false,
        };
        !before(self.to, other.from) && !before(other.to, self.from)
    }

    /// The smallest window that holds both.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self {
            from: self.from.zip(other.from).map(|(a, b)| a.min(b)),
            to: self.to.zip(other.to).map(|(a, b)| a.max(b)),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from, self.to) {
            (None, None) => f.write_str("all dates"),
            (Some(from), None) => write!(f, "from {from}"),
            (None, Some(to)) => write!(f, "up to {to}"),
            (Some(from), Some(to)) => write!(f, "{from} to {to}"),
        }
    }
}

/// The window ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the window ends ({to}) before it begins ({from}): swap --from and --to")]
pub struct WindowError {
    from: Date,
    to: Date,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn window(from: Option<(i16, i8, i8)>, to: Option<(i16, i8, i8)>) -> Window {
        let day = |(y, m, d)| date(y, m, d);
        Window::new(from.map(day), to.map(day)).unwrap()
    }

    #[test]
    fn both_ends_are_inside() {
        let w = window(Some((2026, 1, 1)), Some((2026, 1, 31)));
        assert!(w.contains(Some(date(2026, 1, 1))) && w.contains(Some(date(2026, 1, 31))));
        assert!(!w.contains(Some(date(2026, 2, 1))) && !w.contains(None));
        assert!(Window::OPEN.contains(None));
        assert!(Window::new(Some(date(2026, 2, 1)), Some(date(2026, 1, 1))).is_err());
    }

    #[test]
    fn neighbours_touch_and_a_gap_does_not() {
        let january = window(Some((2026, 1, 1)), Some((2026, 1, 31)));
        let february = window(Some((2026, 2, 1)), Some((2026, 2, 28)));
        let april = window(Some((2026, 4, 1)), None);
        assert!(january.touches(&february) && february.touches(&january));
        assert!(!january.touches(&april) && !april.touches(&january));
        assert!(Window::OPEN.covers(&april) && !april.covers(&Window::OPEN));
        assert_eq!(january.union(&april), window(Some((2026, 1, 1)), None));
    }
}
