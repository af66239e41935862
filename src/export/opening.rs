//! The destination, held by this run, and what the lake in it fixes for the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::extract::{PreviousUnit, RunMode};
use crate::lake::layout::RunId;
use crate::lake::{Destination, Snapshot};
use crate::model::{DecimalType, UserId};
use crate::table::Table;

use super::clock::Clock;
use super::config::RunConfig;
use super::error::ExportError;
use super::previous;

/// The destination and what it knows.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) destination: Arc<Destination>,
    pub(super) run: RunId,
    pub(super) clock: Clock,
    /// The type of the lake's amounts, for ever.
    pub(super) decimal: DecimalType,
    /// What the last snapshot knows of each user that it holds.
    pub(super) previous: BTreeMap<UserId, PreviousUnit>,
    /// The last snapshot's files cannot be built upon as they are: everybody is walked in full.
    pub(super) rewrite: bool,
}

impl Opening {
    /// Locks the destination, puts aside what a crash left, and reads what the last snapshot knows.
    pub(super) fn open(config: &RunConfig) -> Result<Self, ExportError> {
        let clock = Clock::start(config.started_at);
        let destination = Destination::open(&config.dest, clock.started_at(), config.syncs)?;
        destination.check_space()?;
        let Ground { decimal, previous, rewrite } = Ground::of(destination.latest.as_ref(), config)?;
        let run = destination.layout.free_run_id(clock.started_at());
        Ok(Self { destination: Arc::new(destination), run, clock, decimal, previous, rewrite })
    }

    /// When the run began.
    pub(super) const fn started_at(&self) -> Timestamp {
        self.clock.started_at()
    }

    /// The snapshot to build upon.
    pub(super) fn parent(&self) -> Option<&Snapshot> {
        self.destination.latest.as_ref()
    }
}

/// What a run builds upon: what the last snapshot fixes and knows.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) decimal: DecimalType,
    pub(super) previous: BTreeMap<UserId, PreviousUnit>,
    pub(super) rewrite: bool,
}

impl Ground {
    /// What the snapshot means for a run with these settings.
    pub(super) fn of(parent: Option<&Snapshot>, config: &RunConfig) -> Result<Self, ExportError> {
        let lake = parent.map(|parent| parent.manifest.decimal.column().unwrap_or_default());
        let decimal = match (lake, config.decimal) {
            (Some(lake), Some(asked)) if lake != asked => {
                return Err(ExportError::DecimalFixed { lake, asked });
            }
            (Some(lake), _) => lake,
            (None, asked) => asked.unwrap_or_default(),
        };
        if parent.is_none() && config.mode == RunMode::Incremental {
            return Err(ExportError::NothingToBuildOn { dest: config.dest.display().to_string() });
        }
        let previous = parent.map(previous::read).transpose()?.unwrap_or_default();
        let rewrite = parent.is_some_and(|parent| {
            !Table::ALL.into_iter().all(|table| parent.manifest.is_written_as_now(table, decimal))
        });
        Ok(Self { decimal, previous, rewrite })
    }
}
