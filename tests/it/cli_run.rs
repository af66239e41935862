//! `run`, `status` and `verify` as a person or cron meets them: streams, exit codes, signals.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Duration;

use powens_export::sandbox::SandboxConfig;
use serde_json::Value;

use crate::support::{Bank, Done, Program, kill};

/// A bank without awkward cases: every user complete.
fn plain(users: usize) -> SandboxConfig {
    SandboxConfig { users, edge_cases: false, ..SandboxConfig::default() }
}

fn status(lake: &Path) -> Value {
    let done = Program::new().args(["status", lake.to_str().unwrap(), "--json"]).done().expect(0);
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_complete_run_reports_on_stdout_and_exits_0() {
    let bank = Bank::new(plain(5));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let done = bank.run(&lake, &["--format", "both"]).expect(0);
    assert!(
        done.stdout.starts_with("Snapshot ") && done.stdout.contains("is published: complete"),
        "{}",
        done.stdout
    );
    for table in ["users", "transactions", "issues"] {
        assert!(done.stdout.contains(&format!("\n  {table} ")), "{table}:\n{}", done.stdout);
    }
    assert!(done.stderr.contains("users"), "progress belongs on stderr:\n{}", done.stderr);

    let verified = Program::new().args(["verify", lake.to_str().unwrap()]).done().expect(0);
    assert!(verified.stdout.contains("is as it was published"), "{}", verified.stdout);
    let status = status(&lake);
    assert_eq!(status["snapshot"]["status"], "complete");
    assert_eq!(status["users"]["complete"], 5);
    assert_eq!(bank.sandbox.violations(), []);
    assert_eq!(bank.sandbox.tokens_left(), Vec::<i64>::new());
}

#[test]
fn quiet_is_silent_about_good_news() {
    let bank = Bank::new(plain(2));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let done = bank.run(&lake, &["--quiet"]).expect(0);
    assert_eq!((done.stdout.as_str(), done.stderr.as_str()), ("", ""));
    let lake = lake.to_str().unwrap();
    let passes = Program::new().args(["status", lake, "--check", "--quiet"]).done().expect(0);
    assert_eq!(passes.stdout, "");
    std::thread::sleep(Duration::from_millis(1_100));
    let too_old =
        Program::new().args(["status", lake, "--check", "--max-age", "1s", "--quiet"]).done().expect(3);
    assert!(too_old.stdout.contains(" old\n"), "{}", too_old.stdout);
}

#[test]
fn log_lines_are_json_when_asked_for() {
    let bank = Bank::new(plain(2));
    let folder = tempfile::tempdir().unwrap();
    let done = bank.run(&folder.path().join("lake"), &["--log-format", "json"]).expect(0);
    assert!(!done.stderr.is_empty());
    for line in done.stderr.lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        assert!(line["message"].is_string() && line["level"].is_string(), "{line}");
    }
}

#[test]
fn settings_come_from_a_file_too() {
    let bank = Bank::new(plain(2));
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("users_token");
    std::fs::write(&token, bank.sandbox.users_token() + "\n").unwrap();
    std::fs::set_permissions(&token, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = folder.path().join("powens.toml");
    std::fs::write(&config, "dest = 'lake'\nformat = 'csv'\nusers_token_file = 'users_token'\n").unwrap();
    let program = bank.program().without("POWENS_USERS_TOKEN");
    program.args(["run", "--config", config.to_str().unwrap()]).done().expect(0);
    let latest = folder.path().join("lake/latest");
    assert!(latest.join("csv/users/part-00000.csv").is_file() && !latest.join("parquet").exists());
}

#[test]
fn damage_is_found_and_exits_5() {
    let bank = Bank::new(plain(2));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &[]).expect(0);
    let file = lake.join("latest/parquet/users/part-00000.parquet").canonicalize().unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[8] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let lake = lake.to_str().unwrap();
    let done = Program::new().args(["verify", lake]).done().expect(5);
    assert!(done.stdout.contains("parquet/users/part-00000.parquet: sha256"), "{}", done.stdout);
    let done = Program::new().args(["verify", lake, "--json"]).done().expect(5);
    let report: Value = serde_json::from_str(&done.stdout).unwrap();
    assert!(report["findings"].as_array().is_some_and(|findings| !findings.is_empty()));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Program::new().args(["schema"]).start();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    let done = Done::from(child.wait_with_output().unwrap()).expect(0);
    assert_eq!((line.as_str(), done.stderr.as_str()), ("users\n", ""));
}

#[test]
fn the_sandbox_prints_its_settings_and_serves_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.json");
    let args = ["sandbox", "--users", "3", "--seed", "7", "--truth", truth.to_str().unwrap()];
    let mut child = Program::new().args(args).start();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut program = Program::new();
    for _ in 0..4 {
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let (name, value) = line.trim_end().split_once('=').unwrap();
        program = program.env(name, value);
    }
    let lake = folder.path().join("lake");
    let done = program.args(["run", "--dest", lake.to_str().unwrap()]).done();
    assert!(matches!(done.code, Some(0 | 3)), "{done:?}");
    let truth: Value = serde_json::from_slice(&std::fs::read(truth).unwrap()).unwrap();
    assert_eq!(truth["users"].as_array().map(Vec::len), Some(3));
    kill(&child, "TERM");
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), child.wait().unwrap().code()), ("", Some(0)));
}

#[test]
fn the_demonstration_ends_with_a_line_to_copy() {
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let done = Program::new().args(["demo", "--dest", lake.to_str().unwrap(), "--users", "3"]).done();
    assert!(matches!(done.code, Some(0 | 3)), "{done:?}");
    assert!(done.stdout.contains("python3 -c") && done.stdout.contains("latest/parquet/transactions"));
}
