//! The synchronous half of a run: build, guard, publish, prune.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::mpsc::unbounded_channel;

use crate::extract::{Cancel, ExtractError, FetchedUnit};
use crate::lake::build::{self, Attempt, BuildError, BuildInput, Built, DomainLists, Stop};
use crate::lake::layout::{RunId, place};
use crate::lake::{self, LakeError, Snapshot, WORK_MODE, retention};
use crate::model::UserId;
use crate::stage::Staged;

use super::config::RunConfig;
use super::error::ExportError;
use super::event::{Event, Phase};
use super::guard::Guard;
use super::journal::Journal;
use super::opening::Opening;
use super::record::{Facts, Learned};
use super::report::RunReport;

/// Partitions built at the same time. On two cores four cost 1 % more CPU and 50 MiB more memory; one is 1 % cheaper and
/// leaves a core idle.
const BUILDERS: usize = 2;

/// All that was fetched, and where it goes.
pub(super) struct Finishing {
    pub(super) config: RunConfig,
    pub(super) opening: Opening,
    pub(super) learned: Learned,
    pub(super) staged: Staged<FetchedUnit>,
    pub(super) attempts: BTreeMap<UserId, Attempt>,
    pub(super) guard: Guard,
}

impl Finishing {
    /// Does it on a thread of its own, and tells the phases.
    pub(super) async fn perform(
        self,
        cancel: Cancel,
        events: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<RunReport, ExportError> {
        // A run that nobody polls any more, because it was dropped or its caller panicked, publishes nothing.
        let polled = Arc::new(());
        let poller = Arc::downgrade(&polled);
        let stop = move || cancel.is_cancelled() || poller.strong_count() == 0;
        let (phase, mut phases) = unbounded_channel();
        let finishing = tokio::task::spawn_blocking(move || {
            // Whoever listened may have left: then nobody is told.
            let enter = |now| {
                let _ = phase.send(now);
            };
            self.finish(&stop, &enter)
        });
        while let Some(now) = phases.recv().await {
            events(Event::Phase(now));
        }
        let finished = finishing.await;
        drop(polled);
        finished.map_err(|_| ExportError::Bug("the build's thread panicked".to_owned()))?
    }

    fn finish(
        self,
        stop: &(dyn Fn() -> bool + Sync),
        enter: &dyn Fn(Phase),
    ) -> Result<RunReport, ExportError> {
        let Self { config, opening, learned, staged, attempts, guard } = self;
        enter(Phase::Building);
        let lists = learned.domain.rows(opening.decimal)?;
        let built = build(&config, &opening, lists, &staged, attempts, Stop(stop))?;
        guard.judge(&built)?;
        let manifest =
            Facts { opening: &opening, learned: &learned, units: staged.units(), built }.manifest()?;
        // From here on the run is as good as done: who asks it to stop now finds it published.
        if stop() {
            return Err(ExtractError::Interrupted.into());
        }

        enter(Phase::Publishing);
        let snapshot = lake::publish(&opening.destination, &manifest, config.file_mode)?;
        drop(staged);

        enter(Phase::Pruning);
        let pruned = tidy(&opening, &config, &snapshot);
        Ok(RunReport { manifest, snapshot: snapshot.folder, reused_units: 0, pruned })
    }
}

fn build(
    config: &RunConfig,
    opening: &Opening,
    lists: DomainLists,
    staged: &Staged<FetchedUnit>,
    attempts: BTreeMap<UserId, Attempt>,
    stop: Stop<'_>,
) -> Result<Built, ExportError> {
    let destination = &opening.destination;
    let building = place::building(&opening.run);
    destination.store.create_dirs(&building, WORK_MODE).map_err(LakeError::from)?;
    let input = BuildInput {
        store: &destination.store,
        building,
        run: &opening.run,
        started_at: opening.started_at(),
        parent: opening.parent(),
        staged,
        lists,
        attempts,
        formats: config.formats,
        csv: config.csv_profile,
        decimal: opening.decimal,
        threads: NonZeroUsize::new(BUILDERS).unwrap_or(NonZeroUsize::MIN),
        stop,
    };
    match build::build(&input) {
        Err(BuildError::Stopped) => Err(ExtractError::Interrupted.into()),
        built => Ok(built?),
    }
}

/// After the commit nothing may fail the run: what cannot be tidied now is tidied by the next run.
fn tidy(opening: &Opening, config: &RunConfig, snapshot: &Snapshot) -> Vec<RunId> {
    let destination = &opening.destination;
    let swept = lake::sweep_after_publish(&destination.layout, &destination.store, &destination.lock);
    let pruned =
        retention::prune(&destination.layout, &destination.store, &destination.lock, config.retention);
    if let Err(error) = Journal::remove_if_empty(&destination.store) {
        tracing::warn!(run = %snapshot.run_id, %error, "the token journal could not be removed");
    }
    if let Err(error) = swept {
        tracing::warn!(run = %snapshot.run_id, %error, "the work area could not be emptied");
    }
    match pruned {
        Ok(pruned) => pruned.into_iter().map(|gone| gone.snapshot.run_id).collect(),
        Err(error) => {
            tracing::warn!(run = %snapshot.run_id, %error, "old snapshots could not be removed");
            Vec::new()
        }
    }
}
