//! Everything that a build depends on.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use arrow::array::RecordBatch;
use jiff::Timestamp;

use crate::encode::CsvProfile;
use crate::lake::layout::RunId;
use crate::lake::{Area, Snapshot, Store};
use crate::model::{AccountWalk, DecimalType, Proof, Reason, UnitMode, UserId, Window};
use crate::table::Issue;

use super::staged::StagedRows;

/// The formats that are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Formats {
    /// Parquet alone.
    Parquet,
    /// CSV alone; the Parquet that the next night merges with lies under `state/`.
    Csv,
    /// Both.
    Both,
}

impl Formats {
    /// Where files are written; the first is the one that the next night reads.
    pub(super) const fn areas(self) -> &'static [Area] {
        match self {
            Self::Parquet => &[Area::Parquet],
            Self::Csv => &[Area::State, Area::Csv],
            Self::Both => &[Area::Parquet, Area::Csv],
        }
    }
}

/// How the run dealt with a user of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// Fetched: the unit is staged.
    Fetched(Walked),
    /// Tried, and failed.
    Failed(Reason),
    /// Not in this run's plan.
    NotPlanned,
    /// Not asked for on purpose.
    Skipped(Reason),
}

/// What the walks of a fetched user covered, and how that is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Walked {
    /// What was asked for.
    pub mode: UnitMode,
    /// How we know that nothing is missing.
    pub proof: Proof,
    /// The dates that the walk covered; for a delta walk those that the lake holds already.
    pub window: Window,
    /// When the transactions walk began, on the server's clock.
    pub walk_start: Timestamp,
    /// When the last walk that asked for everything in the window began, on the server's clock.
    pub full_walk_start: Timestamp,
    /// When the attempt that fetched the user began, on the server's clock.
    pub as_of: Timestamp,
    /// Every account in the user's list.
    pub accounts: Vec<AccountWalk>,
    /// What the rows fetched cannot hold (rows without a key): the next walk is a full one, so that it is not forgotten.
    pub lacks: Option<Reason>,
}

/// What this run says of the domain's lists. Rows are in their tables' order.
#[derive(Clone, Debug)]
pub struct DomainLists {
    /// The proven list of users, as rows of `users`.
    pub users: RecordBatch,
    /// Rows of `connectors` and `connector_sources`; `None` when they could not be fetched: then the parent's stay.
    pub connectors: Option<(RecordBatch, RecordBatch)>,
    /// What did not fit in these lists.
    pub issues: Vec<Issue>,
}

/// Asks whether the run is to end.
#[derive(Clone, Copy)]
pub struct Stop<'a>(pub &'a (dyn Fn() -> bool + Sync));

impl fmt::Debug for Stop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stop")
    }
}

/// The input of a build. The data files depend on nothing else, and not on `run` and `started_at`.
#[derive(Debug)]
pub struct BuildInput<'a> {
    /// The lake's durable steps.
    pub store: &'a Store,
    /// The folder to build in, relative to the store's root; it exists and is empty.
    pub building: PathBuf,
    /// The run; the `since` of files that it writes.
    pub run: &'a RunId,
    /// When the run started; the `since` of users that begin to fail.
    pub started_at: Timestamp,
    /// The snapshot to build upon.
    pub parent: Option<&'a Snapshot>,
    /// What was fetched.
    pub staged: &'a dyn StagedRows,
    /// The lists of the domain.
    pub lists: DomainLists,
    /// Every user of the list, and how the run dealt with it.
    pub attempts: BTreeMap<UserId, Attempt>,
    /// What to publish.
    pub formats: Formats,
    /// How values look in CSV.
    pub csv: CsvProfile,
    /// The type of amounts.
    pub decimal: DecimalType,
    /// Partitions built at the same time.
    pub threads: NonZeroUsize,
    /// Asked before each partition.
    pub stop: Stop<'a>,
}
