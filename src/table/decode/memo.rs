//! What a field held in the row before: servers repeat themselves, row after row.

/// Where a field's comma, key and value stand in the text of the row that it was seen in last, counted from the row's
/// start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Memo {
    pub(super) start: usize,
    /// Where the value begins.
    pub(super) value: usize,
    pub(super) end: usize,
    pub(super) conduct: Conduct,
}

/// What to expect of a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
    /// The same field, so far from where it stood.
    pub(super) fn moved(self, from: usize, to: usize) -> Self {
        let place = |at: usize| at - from + to;
        Self { start: place(self.start), value: place(self.value), end: place(self.end), ..self }
    }
}
