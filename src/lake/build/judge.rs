//! What becomes of the parent's rows, and who says so.

use arrow::array::RecordBatch;

use super::BuildError;

/// What becomes of a row of the parent for which no row of equal key was staged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Keep,
    /// It has come again under the same id, elsewhere.
    Moved,
    /// It is gone.
    Vanished,
}

/// The fates of a batch's rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fates {
    /// The same for all.
    All(Fate),
    /// One for each.
    Each(Vec<Fate>),
}

impl Fates {
    /// The fate of one of them.
    pub(super) fn of(&self, row: usize) -> Fate {
        match self {
            Self::All(fate) => *fate,
            Self::Each(fates) => fates[row],
        }
    }

    /// Whether every row stays.
    pub(super) fn all_stay(&self) -> bool {
        match self {
            Self::All(fate) => *fate == Fate::Keep,
            Self::Each(fates) => fates.iter().all(|fate| *fate == Fate::Keep),
        }
    }
}

/// What a table says of its parent's rows.
pub(super) trait Judge: Sync {
    /// The fate of each row.
    fn fates(&self, rows: &RecordBatch) -> Result<Fates, BuildError>;

    /// The rows as they must be now, where other tables give them columns that changed; `None`: as they are.
    fn revise(&self, rows: &RecordBatch) -> Result<Option<RecordBatch>, BuildError> {
        let _ = rows;
        Ok(None)
    }
}
