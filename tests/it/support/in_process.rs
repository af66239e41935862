//! Runs through the library, in this process, on the bank's own calendar: a night costs milliseconds.

use std::collections::BTreeMap;
use std::path::Path;

use powens_export::api::{ApiConfig, BaseUrl, Timings};
use powens_export::export::{self, Cancel, Event, ExportError, RunConfig, RunReport, Syncs};
use powens_export::lake::{Layout, Manifest, Snapshot};
use powens_export::model::Secret;
use powens_export::table::Table;
use powens_export::verify::verify;

use super::Bank;

impl Bank {
    /// A run into a lake that takes the bank's clock for its own, waits a thousandth of what it would wait, and syncs
    /// nothing.
    pub(crate) fn config(&self, lake: &Path) -> RunConfig {
        let sandbox = &self.sandbox;
        let mut api = ApiConfig::new(
            BaseUrl::parse(&sandbox.base_url()).unwrap(),
            sandbox.client_id(),
            Secret::new(sandbox.client_secret()),
            Secret::new(sandbox.users_token()),
        );
        // Patience is not scaled: a busy machine is no outage.
        let fast = Timings::scaled(0.001);
        api.timings = Timings {
            backoff_base: fast.backoff_base,
            backoff_cap: fast.backoff_cap,
            throttle_base: fast.throttle_base,
            throttle_cap: fast.throttle_cap,
            retry_after_second: fast.retry_after_second,
            probe_waits: fast.probe_waits,
            first_interval: fast.first_interval,
            ramp_step: fast.ramp_step,
            steady_step: fast.steady_step,
            ..Timings::default()
        };
        let started_at = Some(sandbox.with_world(|world| world.clock().now()));
        RunConfig { syncs: Syncs::Counted, started_at, ..RunConfig::new(lake.to_owned(), api) }
    }

    /// Runs, in this process.
    pub(crate) fn export(&self, config: RunConfig) -> Result<RunReport, ExportError> {
        self.export_watched(config, &|_| ())
    }

    /// As [`Bank::export`], telling what happens meanwhile.
    pub(crate) fn export_watched(
        &self,
        config: RunConfig,
        events: &(dyn Fn(Event) + Send + Sync),
    ) -> Result<RunReport, ExportError> {
        self.runtime.block_on(export::run(config, Cancel::new(), events))
    }
}

/// The snapshot that a lake shows.
pub(crate) fn latest(lake: &Path) -> Snapshot {
    Snapshot::require_latest(&Layout::new(lake)).unwrap()
}

/// Makes sure that a lake's last snapshot is as it was published.
pub(crate) fn assert_verified(lake: &Path) {
    let report = verify(lake, None).unwrap();
    assert!(report.is_clean(), "{:#?}", report.findings);
}

/// The digests of the published files of some tables, by path.
pub(crate) fn digests(manifest: &Manifest, tables: &[Table]) -> BTreeMap<String, String> {
    let files = manifest.files.iter().filter(|file| file.table.is_some_and(|table| tables.contains(&table)));
    files.map(|file| (file.path.to_string(), file.sha256.to_string())).collect()
}
