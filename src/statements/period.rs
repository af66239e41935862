//! The period of a statement, in days.

use crate::model::{Window, time};

/// First and last day of a period (days since 1970-01-01), inclusive; `None` is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Period {
    pub(super) from: Option<i32>,
    pub(super) to: Option<i32>,
}

impl From<Window> for Period {
    fn from(window: Window) -> Self {
        Self { from: window.from().map(time::days_of), to: window.to().map(time::days_of) }
    }
}

impl Period {
    pub(super) fn is_open(self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// Whether a row of that day belongs to it; one without a date belongs to the open period only.
    pub(super) fn contains(self, day: Option<i32>) -> bool {
        match day {
            None => self.is_open(),
            Some(day) => self.from.is_none_or(|from| from <= day) && !self.is_before(day),
        }
    }

    /// Whether it ends before that day.
    pub(super) fn is_before(self, day: i32) -> bool {
        self.to.is_some_and(|to| to < day)
    }
}
