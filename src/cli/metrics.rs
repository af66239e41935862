//! The Prometheus text file: how the last run ended, and what the lake holds, whatever the outcome.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::path::Path;

use jiff::Timestamp;
use powens_export::lake::manifest::{Manifest, Status};
use powens_export::lake::store::{Store, StoreError, Syncs};
use powens_export::lake::{Layout, Snapshot};

use super::exit::Exit;

/// The collector runs as somebody else, and there is nothing personal in the file.
const MODE: u32 = 0o644;

/// A run that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) started: Timestamp,
    pub(crate) finished: Timestamp,
    pub(crate) exit: Exit,
}

/// Writes the file in one step, so that a collector never reads a half. What cannot be written is warned about: the
/// export's outcome does not change for it.
pub(crate) fn write(path: &Path, dest: &Path, ended: Ended) {
    let snapshot = Snapshot::latest(&Layout::new(dest)).ok().flatten();
    let text = page(ended, snapshot.as_ref().map(|snapshot| &snapshot.manifest));
    if let Err(error) = replace(path, &text) {
        tracing::warn!(file = %path.display(), %error, "the metrics could not be written");
    }
}

fn replace(path: &Path, text: &str) -> Result<(), StoreError> {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    let name = path.file_name().map_or(path, Path::new);
    Store::open(folder, Syncs::Executed)?.replace(name, MODE, text.as_bytes())
}

fn page(ended: Ended, manifest: Option<&Manifest>) -> String {
    let mut page = Page::default();
    let duration = ended.finished.duration_since(ended.started).as_secs();
    page.gauge("run_exit_code", "exit code of the last run", &[("", ended.exit.code().into())]);
    page.gauge("run_finished_timestamp_seconds", "end of the last run", &[("", ended.finished.as_second())]);
    page.gauge("run_duration_seconds", "length of the last run", &[("", duration)]);
    let Some(manifest) = manifest else { return page.0 };

    let complete = i64::from(manifest.status == Status::Complete);
    let started = manifest.started_at.get().as_second();
    page.gauge("snapshot_complete", "1 when the published snapshot is complete", &[("", complete)]);
    page.gauge("snapshot_timestamp_seconds", "start of the run that published it", &[("", started)]);
    page.gauge(
        "snapshot_sequence",
        "its place in the order of snapshots",
        &[("", signed(manifest.sequence))],
    );
    page.gauge("snapshot_bytes", "bytes of its files", &[("", signed(manifest.bytes()))]);
    let rows = manifest.tables.iter().map(|table| (label("table", table.name.name()), signed(table.rows)));
    page.gauge_of("snapshot_rows", "its rows", rows);
    let users = &manifest.users;
    let outcomes = [
        ("complete", users.complete),
        ("carried", users.carried),
        ("kept", users.kept),
        ("failed", users.failed),
        ("gone", users.gone),
        ("skipped", users.skipped),
    ];
    let outcomes = outcomes.map(|(outcome, count)| (label("outcome", outcome), signed(count)));
    page.gauge_of("snapshot_users", "users by how they ended", outcomes);
    page.gauge("snapshot_incomplete", "entries of `incomplete`", &[("", count(manifest.incomplete.len()))]);
    page.gauge_of("snapshot_attention", "connections and sources that need somebody", attention(manifest));
    let requests = manifest.requests.by_endpoint.iter();
    let requests = requests.map(|(endpoint, count)| (label("endpoint", endpoint), signed(*count)));
    page.gauge_of("snapshot_requests", "requests that it cost", requests);
    let throttled = signed(manifest.requests.throttled);
    page.gauge("snapshot_throttled", "answers that asked for fewer requests", &[("", throttled)]);
    page.0
}

/// How many wait for whom. Users and Powens are there even when nobody waits for them: the dashboard shows these.
fn attention(manifest: &Manifest) -> impl Iterator<Item = (String, i64)> {
    let mut waiting: BTreeMap<&str, i64> = [("user", 0), ("powens", 0)].into();
    for entry in &manifest.attention {
        *waiting.entry(&*entry.who).or_default() += 1;
    }
    waiting.into_iter().map(|(who, count)| (label("who", who), count))
}

/// Prometheus' text format, line by line.
#[derive(Debug, Default)]
struct Page(String);

impl Page {
    fn gauge(&mut self, name: &str, help: &str, values: &[(&str, i64)]) {
        self.gauge_of(name, help, values.iter().copied());
    }

    fn gauge_of<L: Display>(&mut self, name: &str, help: &str, values: impl IntoIterator<Item = (L, i64)>) {
        let _ = writeln!(self.0, "# HELP powens_export_{name} {help}\n# TYPE powens_export_{name} gauge");
        for (labels, value) in values {
            let _ = writeln!(self.0, "powens_export_{name}{labels} {value}");
        }
    }
}

/// `{name="value"}`; names and values are words of ours.
fn label(name: &str, value: &str) -> String {
    format!("{{{name}=\"{value}\"}}")
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_never_published_has_metrics_too() {
        let started = Timestamp::from_second(1_795_312_800).unwrap();
        let finished = Timestamp::from_second(1_795_312_842).unwrap();
        let text = page(Ended { started, finished, exit: Exit::Library(69) }, None);
        assert_eq!(
            text,
            "# HELP powens_export_run_exit_code exit code of the last run\n\
             # TYPE powens_export_run_exit_code gauge\n\
             powens_export_run_exit_code 69\n\
             # HELP powens_export_run_finished_timestamp_seconds end of the last run\n\
             # TYPE powens_export_run_finished_timestamp_seconds gauge\n\
             powens_export_run_finished_timestamp_seconds 1795312842\n\
             # HELP powens_export_run_duration_seconds length of the last run\n\
             # TYPE powens_export_run_duration_seconds gauge\n\
             powens_export_run_duration_seconds 42\n"
        );
    }
}
