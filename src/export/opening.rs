//! The destination, held by this run, and what the lake in it fixes for the run.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::encode::WRITER_EPOCH;
use crate::extract::PreviousUnit;
use crate::lake::layout::{RunId, place};
use crate::lake::{Destination, Snapshot};
use crate::model::{DecimalType, UserId};
use crate::table::Table;

use super::clock::Clock;
use super::config::{ModeRequest, RunConfig};
use super::error::ExportError;
use super::previous;

/// The destination and what it knows.
#[derive(Debug)]
pub(super) struct Opening {
    pub(super) destination: Arc<Destination>,
    pub(super) run: RunId,
    pub(super) started_at: Timestamp,
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
        let started_at = clock.started_at();
        let destination = Destination::open(&config.dest, started_at, config.syncs)?;
        destination.check_space()?;
        let Ground { decimal, previous, rewrite } = Ground::of(destination.latest.as_ref(), config)?;
        let run = destination.layout.free_run_id(started_at);
        Ok(Self { destination: Arc::new(destination), run, started_at, clock, decimal, previous, rewrite })
    }

    /// The snapshot to build upon.
    pub(super) fn parent(&self) -> Option<&Snapshot> {
        self.destination.latest.as_ref()
    }

    /// Where the stage lies.
    pub(super) fn stage_place() -> std::path::PathBuf {
        place::stage()
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
        if parent.is_none() && config.mode == ModeRequest::Incremental {
            return Err(ExportError::NothingToBuildOn { dest: config.dest.display().to_string() });
        }
        let previous = parent.map(previous::read).transpose()?.unwrap_or_default();
        let rewrite = parent.is_some_and(|parent| !is_current(parent, decimal));
        Ok(Self { decimal, previous, rewrite })
    }
}

/// Whether this program would write the snapshot's rows with the same columns and bytes.
fn is_current(parent: &Snapshot, decimal: DecimalType) -> bool {
    let same = |table: &Table| {
        let fingerprint = table.schema().fingerprint(decimal);
        parent
            .manifest
            .tables
            .iter()
            .any(|entry| entry.name == *table && entry.schema.to_string() == fingerprint)
    };
    parent.manifest.writer_epoch == WRITER_EPOCH && Table::ALL.iter().all(same)
}
