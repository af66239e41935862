//! `--metrics-file`, read by Prometheus' own client: after good runs, partial ones and failed ones.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use powens_export::sandbox::{Endpoint, Fault, Nights, Rule};

use crate::support::{Bank, latest, readers};

/// The samples of a metrics file, by name and labels.
fn samples(python: &std::ffi::OsStr, file: &Path) -> BTreeMap<String, f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readback/metrics.py");
    let read = Command::new(python).arg("-B").arg(script).arg(file).output().unwrap();
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    serde_json::from_slice(&read.stdout).unwrap()
}

#[test]
fn prometheus_reads_how_the_last_run_ended_and_what_is_published() {
    let Some(python) = readers() else { return };
    let bank = Bank::plain(4);
    let folder = tempfile::tempdir().unwrap();
    let (lake, file) = (folder.path().join("lake"), folder.path().join("powens.prom"));
    let words = ["--metrics-file", file.to_str().unwrap()];
    let said = |expected: &[(&str, f64)]| {
        let samples = samples(&python, &file);
        for (name, value) in expected {
            assert_eq!(samples.get(*name), Some(value), "{name}: {samples:#?}");
        }
        samples
    };

    // Nothing was ever published: the run's own metrics are there, the snapshot's are not.
    let refused = || {
        let words = ["run", "--dest", lake.to_str().unwrap()].into_iter().chain(words);
        bank.program().env("POWENS_USERS_TOKEN", "wrong").args(words).done().expect(77)
    };
    refused();
    assert_eq!(said(&[("run_exit_code", 77.0)]).len(), 3);

    bank.run(&lake, &words).expect(0);
    let manifest = latest(&lake).manifest;
    said(&[
        ("run_exit_code", 0.0),
        ("snapshot_complete", 1.0),
        ("snapshot_sequence", 1.0),
        ("snapshot_bytes", manifest.bytes() as f64),
        ("snapshot_users{outcome=complete}", 4.0),
        ("snapshot_rows{table=transactions}", 80.0),
        ("snapshot_incomplete", 0.0),
        ("snapshot_attention{who=user}", 0.0),
        ("snapshot_attention{who=powens}", 0.0),
        ("snapshot_timestamp_seconds", manifest.started_at.get().as_second() as f64),
    ]);

    // Bad news: one user cannot be fetched, three connections wait for three different people.
    bank.sandbox.night_of(Nights::QUIET);
    let users = bank.sandbox.with_world(|world| world.users());
    for (user, state) in users.iter().zip(["SCARequired", "websiteUnavailable", "bug"]) {
        bank.sandbox.with_world(|world| {
            let connection = world.holdings(*user).unwrap().connections().next().unwrap().id;
            assert!(world.set_state(*user, connection, Some(state)));
        });
    }
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(users[3]).always().fault(Fault::Status(403)));
    bank.run(&lake, &words).expect(3);
    let samples = said(&[
        ("run_exit_code", 3.0),
        ("snapshot_complete", 0.0),
        ("snapshot_sequence", 2.0),
        ("snapshot_users{outcome=carried}", 1.0),
        ("snapshot_incomplete", 1.0),
        ("snapshot_attention{who=user}", 1.0),
        ("snapshot_attention{who=powens}", 1.0),
    ]);
    let waiting = samples.iter().filter(|(name, _)| name.starts_with("snapshot_attention"));
    assert_eq!(
        waiting.map(|(_, count)| *count as usize).sum::<usize>(),
        latest(&lake).manifest.attention.len()
    );

    // A run that fails says so, and what is published stays what it is.
    refused();
    said(&[("run_exit_code", 77.0), ("snapshot_sequence", 2.0), ("snapshot_complete", 0.0)]);
}

#[test]
fn the_file_is_replaced_in_one_step_and_costs_no_run_its_outcome() {
    let bank = Bank::plain(4);
    let folder = tempfile::tempdir().unwrap();
    let (lake, metrics) = (folder.path().join("lake"), folder.path().join("metrics"));
    fs::create_dir(&metrics).unwrap();
    let file = metrics.join("powens.prom");
    let run = |file: &Path| bank.run(&lake, &["--metrics-file", file.to_str().unwrap()]).expect(0);
    run(&file);
    let first = file.metadata().unwrap();
    assert_eq!(first.permissions().mode() & 0o777, 0o644, "the collector is somebody else");
    let reader = fs::File::open(&file).unwrap();
    run(&file);
    // Who reads the old file meanwhile reads it to its end.
    assert_ne!(first.ino(), file.metadata().unwrap().ino());
    assert_eq!(reader.metadata().unwrap().len(), first.len());
    assert_eq!(fs::read_dir(&metrics).unwrap().count(), 1, "nothing is left beside it");

    let elsewhere = folder.path().join("precious");
    fs::write(&elsewhere, b"precious").unwrap();
    let link = metrics.join("link.prom");
    std::os::unix::fs::symlink(&elsewhere, &link).unwrap();
    for refused in [link.as_path(), Path::new("/nonexistent/powens.prom"), metrics.as_path()] {
        let done = run(refused);
        assert!(done.stderr.contains("the metrics could not be written"), "{}", done.stderr);
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), b"precious");
}
