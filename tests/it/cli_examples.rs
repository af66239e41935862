//! The programs under `examples/`, one for each verb, run as a newcomer runs them.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use powens_export::sandbox::SandboxConfig;

use crate::support::Bank;

/// An example's binary: cargo puts them beside the tests. `None` when this test was built alone.
fn example(name: &str) -> Option<PathBuf> {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent()?.parent()?.join("examples").join(name);
    if !path.exists() {
        let reason = format!(
            "{} is not built: `cargo test` builds it, `cargo test --test it` does not",
            path.display()
        );
        assert!(std::env::var_os("CI").is_none(), "{reason}");
        eprintln!("skipped: {reason}");
        return None;
    }
    Some(path)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn run_status_and_verify_follow_each_other() {
    let (Some(run), Some(status), Some(verify)) = (example("run"), example("status"), example("verify"))
    else {
        return;
    };
    let bank = Bank::new(SandboxConfig { users: 3, edge_cases: false, ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let done =
        Command::new(run).arg(folder.path().join("lake")).envs(bank.sandbox.settings()).output().unwrap();
    assert!(done.status.success() && text(&done).contains("complete: "), "{}", text(&done));
    let done = Command::new(status).arg(folder.path().join("lake")).output().unwrap();
    assert!(done.status.success() && text(&done).contains("  transactions"), "{}", text(&done));
    let done = Command::new(verify).arg(folder.path().join("lake")).output().unwrap();
    assert!(done.status.success() && text(&done).contains(" 0 findings"), "{}", text(&done));
}

#[test]
fn schema_prints_a_statement_for_each_table() {
    let Some(schema) = example("schema") else { return };
    let done = Command::new(schema).output().unwrap();
    assert_eq!(text(&done).matches("CREATE TABLE ").count(), 10);
    assert!(text(&done).contains("\"value\" DECIMAL(28,8),"));
}

#[test]
fn sandbox_prints_settings() {
    let Some(sandbox) = example("sandbox") else { return };
    let mut child = Command::new(sandbox).arg("2").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().take(4).map(Result::unwrap);
    let names: BTreeSet<String> = lines.map(|line| line.split('=').next().unwrap().to_owned()).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(names.contains("POWENS_BASE_URL") && names.contains("POWENS_USERS_TOKEN"), "{names:?}");
}

#[test]
fn every_example_is_run_here() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let found: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".rs"))
        .collect();
    let known = ["run.rs", "sandbox.rs", "schema.rs", "status.rs", "verify.rs"].map(str::to_owned);
    assert_eq!(found, BTreeSet::from(known), "add a test above for the new one");
}
