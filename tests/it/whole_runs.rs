//! Whole runs of the program against a bank that lives on: bytes, requests, secrets, nights, failures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use powens_export::sandbox::{Endpoint, Fault, Nights, Rule, SandboxConfig};
use serde_json::Value;

use crate::support::{Bank, Program};

fn bank(users: usize, seed: u64) -> SandboxConfig {
    SandboxConfig { users, seed, ..SandboxConfig::default() }
}

fn manifest(lake: &Path) -> Value {
    serde_json::from_slice(&fs::read(lake.join("latest/manifest.json")).unwrap()).unwrap()
}

/// The digests of the published files of some tables (all where none are named), by path.
fn digests(manifest: &Value, tables: &[&str]) -> BTreeMap<String, String> {
    let files = manifest["files"].as_array().unwrap();
    files
        .iter()
        .filter(|file| !file["path"].as_str().unwrap().starts_with("state/"))
        .filter(|file| tables.is_empty() || tables.contains(&file["table"].as_str().unwrap_or_default()))
        .map(|file| (file["path"].as_str().unwrap().to_owned(), file["sha256"].as_str().unwrap().to_owned()))
        .collect()
}

fn verify(lake: &Path) {
    let done = Program::new().args(["verify", lake.to_str().unwrap()]).done().expect(0);
    assert!(done.stdout.contains("is as it was published"), "{}", done.stdout);
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() { found.extend(files_below(&path)) } else { found.push(path) }
    }
    found
}

#[test]
fn concurrency_and_time_zone_change_no_byte() {
    let bank = Bank::new(bank(16, 7));
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, concurrency: &str, zone: &str| {
        let lake = folder.path().join(name);
        let program = bank.program().env("TZ", zone);
        let done = program.args([
            "run",
            "--format",
            "both",
            "--concurrency",
            concurrency,
            "--dest",
            lake.to_str().unwrap(),
        ]);
        done.done().expect(0);
        digests(&manifest(&lake), &[])
    };
    let one = run("one", "1", "Asia/Tokyo");
    let many = run("many", "16", "America/Los_Angeles");
    assert!(one.len() > 40, "{} files", one.len());
    assert_eq!(one, many);
}

#[test]
fn a_first_run_asks_no_more_than_it_must() {
    let bank = Bank::new(bank(24, 7));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &[]).expect(0);
    let requests = bank.sandbox.requests();
    let mut asked: BTreeMap<(Option<i64>, Endpoint), usize> = BTreeMap::new();
    let mut pages: BTreeMap<i64, usize> = BTreeMap::new();
    for request in &requests {
        assert!(request.status == 200 || request.status == 204 || request.status == 409, "{request:?}");
        *asked.entry((request.user, request.endpoint)).or_default() += 1;
        if request.endpoint == Endpoint::Transactions && request.query.contains("cursor=") {
            *pages.entry(request.user.unwrap()).or_insert(1) += 1;
        }
    }
    let count = |endpoint| requests.iter().filter(|request| request.endpoint == endpoint).count();
    assert_eq!((count(Endpoint::Users), count(Endpoint::Connectors)), (1, 1));
    let users: BTreeSet<i64> = requests.iter().filter_map(|request| request.user).collect();
    assert_eq!(users.len(), 23, "one of the 24 is too young");
    assert_eq!((count(Endpoint::Renew), count(Endpoint::Revoke)), (23, 23));
    let has_account_without_rows = |user| {
        bank.sandbox.with_world(|world| {
            let holdings = world.holdings(user).unwrap();
            let with_rows: BTreeSet<i64> = holdings.transactions().iter().map(|row| row.id_account).collect();
            let mut live =
                holdings.accounts().filter(|account| account.deleted.is_none() && account.disabled.is_none());
            live.any(|account| !with_rows.contains(&account.id))
        })
    };
    for user in users {
        let of = |endpoint| asked.get(&(Some(user), endpoint)).copied().unwrap_or_default();
        let more = pages.get(&user).copied().unwrap_or(1);
        // More than a page: a quiet pass and a look without dates; accounts and connections once more. An account that
        // shows no row may have been archived since it was listed: the accounts are listed again.
        let expected = match more {
            1 => (1, 1 + usize::from(has_account_without_rows(user)), 1),
            more => (2, 2, more + 2),
        };
        assert_eq!(
            (of(Endpoint::Connections), of(Endpoint::Accounts), of(Endpoint::Transactions)),
            expected,
            "user {user}"
        );
    }
    assert!(pages.values().any(|pages| *pages > 1), "no user of the bank has more than a page");
    assert_eq!(bank.sandbox.violations(), []);
    assert_eq!(manifest(&lake)["requests"]["total"], requests.len());
}

#[test]
fn nothing_secret_or_personal_is_written_beside_the_data() {
    let bank = Bank::new(bank(12, 7));
    // Tokens that are said to be alive stay in the journal, so that they can be looked for elsewhere.
    bank.sandbox.inject(Rule::on(Endpoint::Revoke).always().fault(Fault::Status(403)));
    bank.sandbox.inject(Rule::on(Endpoint::Transactions).nth(3).fault(Fault::Status(500)));
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).nth(2).fault(Fault::Status(403)));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let program = bank.program().env("RUST_LOG", "trace");
    let done = program.args(["run", "--format", "both", "--dest", lake.to_str().unwrap()]).done().expect(3);

    let mut secrets = vec![bank.sandbox.client_secret(), bank.sandbox.users_token()];
    let journal = fs::read_to_string(lake.join(".work/tokens")).unwrap();
    secrets.extend(journal.lines().filter_map(|line| line.split(' ').nth(2)).map(str::to_owned));
    assert!(secrets.len() > 10, "{} secrets", secrets.len());
    let truth = bank.sandbox.truth();
    let mut personal = BTreeSet::new();
    for (table, names) in
        [("accounts", &["iban", "number", "name"][..]), ("transactions", &["original_wording", "card"])]
    {
        for row in truth.rows(table) {
            personal.extend(names.iter().filter_map(|name| row[*name].as_str().map(str::to_owned)));
        }
    }
    // What could stand in a log for another reason says nothing.
    personal.retain(|text| text.len() > 8 && text.contains(|c: char| c.is_ascii_digit()));
    assert!(personal.len() > 100, "{} marks", personal.len());

    let mut written = vec![("stdout".to_owned(), done.stdout), ("stderr".to_owned(), done.stderr)];
    for path in files_below(&lake) {
        let name = path.strip_prefix(&lake).unwrap().display().to_string();
        written.push((format!("the name of {name}"), name.clone()));
        let data = name.contains("/parquet/") || name.contains("/csv/");
        // The journal of tokens that are alive is the one place for them: 0600, in a folder that is 0700.
        if !data && name != ".work/tokens" {
            written.push((name, String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned()));
        }
    }
    let logged = |level: &str| written.iter().any(|(place, text)| place == "stderr" && text.contains(level));
    assert!(logged(" WARN ") && logged(" INFO "), "the log is silent: {:?}", written[1]);
    for (place, text) in &written {
        for secret in &secrets {
            assert!(!text.contains(secret.as_str()), "a token or secret stands in {place}");
        }
        for mark in &personal {
            assert!(!text.contains(mark.as_str()), "personal data stand in {place}");
        }
    }
    // Secrets are no data either.
    for path in files_below(&lake).iter().filter(|path| !path.ends_with(".work/tokens")) {
        let bytes = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        assert!(
            !secrets.iter().any(|secret| bytes.contains(secret.as_str())),
            "a secret stands in {}",
            path.display()
        );
    }
}

#[test]
fn nights_end_in_the_bytes_of_one_full_run() {
    const TABLES: &[&str] = &["transactions", "accounts", "connections", "connection_sources", "users"];
    let nights = Nights { hard_deletes: false, ..Nights::default() };
    let bank = Bank::new(SandboxConfig { transactions_per_user: 60, ..bank(14, 11) });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("nightly");
    bank.run(&lake, &["--full-every", "400d"]).expect(0);
    for night in 0..4 {
        bank.sandbox.night_of(nights);
        bank.run(&lake, &["--full-every", "400d"]).expect(0);
        verify(&lake);
        let nightly = manifest(&lake);
        assert_eq!(nightly["mode"], "incremental", "night {night}");
        let full = folder.path().join(format!("full-{night}"));
        bank.run(&full, &["--mode", "full"]).expect(0);
        assert_eq!(digests(&nightly, TABLES), digests(&manifest(&full), TABLES), "night {night}");
    }
    assert_eq!(bank.sandbox.violations(), []);
}

#[test]
fn a_quiet_night_links_every_transactions_file() {
    // Few enough that nobody is too young tonight and old enough tomorrow.
    let bank = Bank::new(bank(7, 3));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &["--full-every", "400d"]).expect(0);
    let first = manifest(&lake);
    bank.sandbox.night_of(Nights::QUIET);
    bank.sandbox.forget_requests();
    bank.run(&lake, &["--full-every", "400d"]).expect(0);
    let second = manifest(&lake);
    let transactions =
        second["files"].as_array().unwrap().iter().filter(|file| file["table"] == "transactions");
    for file in transactions {
        assert_eq!(file["since"], first["run_id"], "{}", file["path"]);
    }
    assert_eq!(second["parent"]["run_id"], first["run_id"]);
    let fetched = second["users"]["complete"].as_u64().unwrap();
    let total = second["requests"]["total"].as_u64().unwrap();
    assert!(total <= 2 + fetched * 5, "{total} requests for {fetched} users");
    verify(&lake);
}

#[test]
fn a_user_that_fails_is_carried_and_named_and_mended_the_next_night() {
    let bank = Bank::new(bank(10, 5));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &[]).expect(0);
    let user = bank.sandbox.requests().iter().rev().find_map(|request| request.user).unwrap();
    bank.sandbox.night_of(Nights { hard_deletes: false, users_come_and_go: false, ..Nights::default() });
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Status(403)));
    let done = bank.run(&lake, &[]).expect(3);
    assert!(done.stdout.contains(&user.to_string()), "the report names the user:\n{}", done.stdout);
    let partial = manifest(&lake);
    assert_eq!((&partial["status"], &partial["users"]["carried"]), (&"partial".into(), &1.into()));
    assert_eq!(partial["incomplete"][0]["id_user"], user);
    assert_eq!(partial["incomplete"][0]["reason"], "forbidden");
    verify(&lake);
    bank.sandbox.clear_rules();
    bank.run(&lake, &[]).expect(0);
    let full = folder.path().join("full");
    bank.run(&full, &["--mode", "full"]).expect(0);
    let tables = &["transactions", "accounts"];
    assert_eq!(digests(&manifest(&lake), tables), digests(&manifest(&full), tables));
}
