//! What a field held in the row before: servers repeat themselves, row after row.

use std::ops::Range;

/// Where a field's comma, key and value stand in the text of the row that it was seen in last, counted from the row's
/// start. (Four words of one size: a `Memo` is copied for every field of every row, and anything else is slower.)
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memo {
    start: u32,
    value: u32,
    end: u32,
    pub(super) conduct: Conduct,
}

/// What to expect of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Conduct {
    /// Another value, or one that needs a second look.
    #[default]
    Changes,
    /// The same value twice in a row.
    Repeats,
    /// Null twice in a row.
    Null,
}

impl Memo {
    /// A field in a row that begins at `row`: its comma and its value in the whole text, and where the value ends.
    #[inline]
    pub(super) fn new(row: usize, (start, value, end): (usize, usize, usize), conduct: Conduct) -> Self {
        // A row of 4 GiB has no memos: these are then behind its end.
        let place = |at: usize| u32::try_from(at - row).unwrap_or(u32::MAX);
        Self { start: place(start), value: place(value), end: place(end), conduct }
    }

    /// From the comma before the key to the value's end.
    #[inline]
    pub(super) fn whole(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The value alone.
    #[inline]
    pub(super) fn value(self) -> Range<usize> {
        self.value as usize..self.end as usize
    }
}
