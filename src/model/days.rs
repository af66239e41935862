//! A range of days, as rows have them.

use super::{Window, time};

/// First and last day (days since 1970-01-01), inclusive; `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub from: Option<i32>,
    /// The last.
    pub to: Option<i32>,
}

impl From<Window> for Days {
    fn from(window: Window) -> Self {
        Self { from: window.from().map(time::days_of), to: window.to().map(time::days_of) }
    }
}

impl Days {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_open(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether a row of that day belongs to it; one without a date belongs to the open range only.
    #[must_use]
    pub fn contains(self, day: Option<i32>) -> bool {
        match day {
            None => self.is_open(),
            Some(day) => self.from.is_none_or(|from| from <= day) && !self.is_before(day),
        }
    }

    /// Whether it ends before that day.
    #[must_use]
    pub fn is_before(self, day: i32) -> bool {
        self.to.is_some_and(|to| to < day)
    }
}
