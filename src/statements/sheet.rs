//! What a page of a pack is written on, whatever the format: titles, pairs of a label and a value, lists.

use super::StatementsError;

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell<'a> {
    Empty,
    Text(&'a str),
    /// Unscaled, in the currency that the sheet was told last.
    Amount(i128),
    /// Days since 1970-01-01.
    Date(i32),
    /// A naive datetime, microseconds since 1970-01-01 00:00:00.
    Datetime(i64),
    Number(i64),
    /// A number that names something and is never calculated with.
    Id(i64),
}

impl<'a> Cell<'a> {
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Empty, Self::Text)
    }

    pub(super) fn amount(amount: Option<i128>) -> Self {
        amount.map_or(Self::Empty, Self::Amount)
    }

    pub(super) fn date(days: Option<i32>) -> Self {
        days.map_or(Self::Empty, Self::Date)
    }

    pub(super) fn datetime(micros: Option<i64>) -> Self {
        micros.map_or(Self::Empty, Self::Datetime)
    }

    pub(super) fn id(id: Option<i64>) -> Self {
        id.map_or(Self::Empty, Self::Id)
    }

    pub(super) fn count(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

/// How wide a column is, where columns have a width. Every column of numbers and dates grows with what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// A date, a count, an id.
    Narrow,
    /// An amount.
    Amount,
    /// A word or two.
    Short,
    /// A name.
    Text,
    /// An IBAN, which has no place to break.
    Code,
    /// A sentence.
    Wide,
}

/// What a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// A line of a list.
    Plain,
    /// One that does not count.
    Muted,
    /// One of which something is missing.
    Warned,
    /// A sum.
    Total,
}

/// A page being written, from top to bottom.
pub(super) trait Sheet {
    /// The currency of the amounts that follow.
    fn currency(&mut self, currency: Option<&str>);
    /// The page's title.
    fn title(&mut self, text: &str) -> Result<(), StatementsError>;
    /// A sentence of its own: good news, or a warning.
    fn sentence(&mut self, label: &str, text: &str, warning: bool) -> Result<(), StatementsError>;
    /// Labels and their values.
    fn pairs(&mut self, pairs: &[(&str, Cell<'_>)]) -> Result<(), StatementsError>;
    /// Figures below everything else, and what they count.
    fn figures(&mut self, figures: &[(&str, Cell<'_>)]) -> Result<(), StatementsError>;
    /// The head of a list. The first list of a page is the one that stays in sight and can be filtered.
    fn columns(&mut self, names: &[&str], widths: &[Width]) -> Result<(), StatementsError>;
    /// A line of the list.
    fn line(&mut self, kind: Line, cells: &[Cell<'_>]) -> Result<(), StatementsError>;
    /// An empty line.
    fn gap(&mut self) -> Result<(), StatementsError>;
}
