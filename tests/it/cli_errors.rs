//! What a user can get wrong, what is said then, and that nothing is requested or written.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use powens_export::sandbox::SandboxConfig;

use crate::support::{Bank, Program};

/// A program with credentials for a bank that nobody serves.
fn program() -> Program {
    Program::new()
        .env("POWENS_DOMAIN", "acme")
        .env("POWENS_CLIENT_ID", "123")
        .env("POWENS_CLIENT_SECRET", "marked-secret")
        .env("POWENS_USERS_TOKEN", "marked-token")
}

#[test]
fn usage_errors_are_as_reviewed_and_exit_2() {
    let calls: &[&[&str]] = &[
        &["fetch"],
        &["run", "--dest"],
        &["run"],
        &["run", "--dest", "lake", "--rate", "5"],
        &["run", "--dest", "lake", "--from", "2026-02-30"],
        &["run", "--dest", "lake", "--from", "2026-02-02", "--to", "2026-02-01"],
        &["run", "--dest", "lake", "--mode", "incremental", "--from", "2026-02-01"],
        &["run", "--dest", "lake", "--user", "0"],
        &["run", "--dest", "lake", "--concurrency", "65"],
        &["run", "--dest", "lake", "--file-mode", "0640"],
        &["run", "--dest", "lake", "--decimal", "28"],
        &["run", "--dest", "lake", "--full-every", "7"],
        &["run", "--dest", "lake", "--csv-profile", "excel-97"],
        &["run", "--dest", "/dev/null"],
        &["run", "--dest", "lake", "--client-secret", "marked-secret"],
        &["run", "--dest", "lake", "--config", "/nonexistent.toml"],
        &["status", "/nonexistent"],
        &["status", "/nonexistent", "--max-age", "36h"],
        &["verify", "/nonexistent"],
        &["verify", "/nonexistent", "--run", "yesterday"],
        &["schema", "invoices"],
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::new();
    for call in calls {
        let done = program().current_dir(folder.path()).args(call.iter().copied()).done().expect(2);
        assert_eq!(done.stdout, "", "{call:?}");
        let _ = write!(text, "$ powens-export {}\n{}\n", call.join(" "), done.stderr);
    }
    assert!(!text.contains("marked"), "a secret is echoed:\n{text}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "something was written");
    insta::assert_snapshot!("usage_errors", text);
}

#[test]
fn missing_and_open_credentials_are_named_with_their_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let open = folder.path().join("secret");
    fs::write(&open, "marked-secret\n").unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
    let lake = folder.path().join("lake");
    let run = ["run", "--dest", lake.to_str().unwrap()];
    let mut text = String::new();
    let mut note = |what: &str, program: Program| {
        let done = program.args(run).done().expect(2);
        let stderr = done.stderr.replace(folder.path().to_str().unwrap(), "[folder]");
        let _ = write!(text, "# {what}\n{stderr}\n");
    };
    for name in ["POWENS_DOMAIN", "POWENS_CLIENT_ID", "POWENS_CLIENT_SECRET", "POWENS_USERS_TOKEN"] {
        note(&format!("without {name}"), program().without(name));
    }
    note("both forms", program().env("POWENS_USERS_TOKEN_FILE", "/nonexistent"));
    note(
        "a file that others can read",
        program().without("POWENS_CLIENT_SECRET").env("POWENS_CLIENT_SECRET_FILE", open.to_str().unwrap()),
    );
    note("plain http", program().without("POWENS_DOMAIN").env("POWENS_BASE_URL", "http://acme.example/2.0"));
    note("a domain that is none", program().env("POWENS_DOMAIN", "acme.biapi.pro"));
    assert!(!text.contains("marked"), "a secret is echoed:\n{text}");
    assert!(!lake.exists(), "something was written");
    insta::assert_snapshot!("credential_errors", text);
}

#[test]
fn refused_credentials_exit_77_and_publish_nothing() {
    let bank = Bank::new(SandboxConfig { users: 2, ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let run = ["run", "--dest", lake.to_str().unwrap()];
    let done = bank.program().env("POWENS_USERS_TOKEN", "wrong").args(run).done().expect(77);
    assert!(done.stderr.contains("error: "), "{}", done.stderr);
    assert!(!lake.join("LATEST").exists());
}
