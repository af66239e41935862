//! `plan` says what `run` then does, to the request.

use std::path::Path;

use powens_export::sandbox::{Endpoint, Nights, Rule, SandboxConfig};
use serde_json::Value;

use crate::support::{Bank, Done};

fn plan(bank: &Bank, lake: &Path, flags: &[&str]) -> Done {
    let words = ["plan", "--json", "--dest", lake.to_str().unwrap()];
    bank.program().args(words).args(flags.iter().copied()).done()
}

fn json(done: &Done) -> Value {
    serde_json::from_str(&done.stdout).unwrap()
}

/// Plans, runs with the same flags, and holds the one against the other.
fn foretold(bank: &Bank, lake: &Path, flags: &[&str], probe: bool) -> Value {
    let asked: Vec<&str> = if probe { [flags, &["--probe"]].concat() } else { flags.to_vec() };
    let said = json(&plan(bank, lake, &asked).expect(0));
    assert_eq!(bank.sandbox.tokens_left(), Vec::<i64>::new());
    bank.sandbox.forget_requests();
    bank.run(lake, flags).expect(0);
    let spent = bank.sandbox.requests();
    let users = said["users"].as_array().unwrap();
    for user in users {
        let id = user["id"].as_i64();
        let own = spent.iter().filter(|request| request.user == id).count();
        assert_eq!(user["requests"], own, "{user}");
    }
    assert_eq!(said["requests"]["total"], spent.len(), "{}", said["requests"]);
    assert_eq!(said["requests"]["exact"], true, "{said:#}");
    said
}

/// A bank in which some users have several pages, some nothing, and some archived accounts.
fn awkward(users: usize) -> SandboxConfig {
    SandboxConfig { users, seed: 7, ..SandboxConfig::default() }
}

fn group<'a>(said: &'a Value, action: &str, why: &str) -> &'a Value {
    let groups = said["groups"].as_array().unwrap();
    let named = |group: &&Value| group["action"] == action && group["why"].as_str().unwrap().contains(why);
    groups.iter().find(named).unwrap_or_else(|| panic!("no {action} for {why}: {groups:#?}"))
}

#[test]
fn a_first_run_is_foretold_by_a_probe() {
    let bank = Bank::new(awkward(24));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");

    let blind = json(&plan(&bank, &lake, &[]).expect(0));
    assert_eq!(blind["requests"]["exact"], false);
    assert!(bank.sandbox.requests().iter().all(|request| request.user.is_none()), "a token was minted");
    assert!(!lake.exists(), "something was written");

    let said = foretold(&bank, &lake, &[], true);
    assert!(blind["requests"]["total"].as_u64() <= said["requests"]["total"].as_u64(), "a lower bound");
    assert_eq!(group(&said, "skip", "moments ago")["requests"], 0);
    assert_eq!(bank.sandbox.violations(), []);
}

#[test]
fn a_probe_sees_page_caps_and_archived_accounts_that_hide() {
    let configs = [
        SandboxConfig { page_cap: Some(300), ..awkward(9) },
        SandboxConfig { archived_in_walk: false, ..awkward(9) },
    ];
    for config in configs {
        let bank = Bank::new(config);
        let folder = tempfile::tempdir().unwrap();
        foretold(&bank, &folder.path().join("lake"), &[], true);
    }
}

#[test]
fn nights_on_a_lake_are_foretold_without_a_token() {
    let bank = Bank::new(awkward(12));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &[]).expect(0);
    // Who was too young for the first run is new on the first night.
    bank.sandbox.night_of(Nights::QUIET);
    bank.run(&lake, &[]).expect(0);
    let minted =
        |bank: &Bank| bank.sandbox.requests().iter().filter(|r| r.endpoint == Endpoint::Renew).count();
    for night in 0..3 {
        bank.sandbox.night_of(Nights::QUIET);
        let before = minted(&bank);
        let said = json(&plan(&bank, &lake, &[]).expect(0));
        assert_eq!(minted(&bank), before, "night {night}: planning minted a token");
        assert_eq!(said["requests_spent"], 2);
        let said = foretold(&bank, &lake, &[], false);
        group(&said, "delta", "complete in the last snapshot");
    }
    // Everything of everybody, some of it in several pages.
    let full = foretold(&bank, &lake, &["--mode", "full"], false);
    assert!(group(&full, "full", "asked for")["users"].as_u64() > Some(5));
    // Some dates, on top of what is held.
    let window = foretold(&bank, &lake, &["--from", "2026-01-01", "--to", "2026-03-31"], false);
    group(&window, "window", "a window was asked for");
    // One user; the others are kept.
    let user = bank.sandbox.with_world(|world| world.users()[0]).to_string();
    let one = foretold(&bank, &lake, &["--user", &user], false);
    assert_eq!(
        (&one["users_to_fetch"], &group(&one, "keep", "not among")["requests"]),
        (&1.into(), &0.into())
    );
    assert_eq!(bank.sandbox.violations(), []);
}

#[test]
fn stored_tokens_are_counted_and_nothing_is_minted() {
    let bank = Bank::new(SandboxConfig { edge_cases: false, transactions_per_user: 1200, ..awkward(3) });
    let folder = tempfile::tempdir().unwrap();
    let (lake, tokens) = (folder.path().join("lake"), folder.path().join("tokens.csv"));
    let users = bank.sandbox.with_world(|world| world.users());
    let lines: Vec<String> =
        users.iter().map(|user| format!("{user},{}\n", bank.sandbox.live_token(*user))).collect();
    std::fs::write(&tokens, lines.concat()).unwrap();
    std::fs::set_permissions(&tokens, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let flags = ["--user-tokens", tokens.to_str().unwrap()];
    foretold(&bank, &lake, &flags, true);
    foretold(&bank, &lake, &flags, false);
    assert!(bank.sandbox.requests().iter().all(|request| request.endpoint != Endpoint::Renew));

    // A user without a token fails, and costs nothing.
    std::fs::write(&tokens, &lines[0]).unwrap();
    let said = json(&plan(&bank, &lake, &flags).expect(0));
    assert_eq!((&said["users_without_token"], &said["requests"]["users"]), (&2.into(), &3.into()));
}

#[test]
fn thirty_calls_a_minute_and_how_long_that_takes() {
    let bank = Bank::new(SandboxConfig { edge_cases: false, ..awkward(600) });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let said = json(&plan(&bank, &lake, &["--rate", "30/min"]).expect(0));
    // The lists, and five requests for each user, two seconds apart.
    let requests = said["requests"]["total"].as_u64().unwrap();
    assert_eq!(requests, said["requests"]["lists"].as_u64().unwrap() + 600 * 5);
    let (seconds, wanted) = (said["duration"]["seconds"].as_u64().unwrap(), (requests - 1) * 2);
    assert!((wanted..=wanted + 2).contains(&seconds), "{seconds} s for {requests} requests");
    assert_eq!(said["duration"]["basis"], "rate");
    let page = bank.program().args(["plan", "--dest", lake.to_str().unwrap(), "--rate", "30/min"]).done();
    let page = page.expect(0).stdout;
    assert!(page.contains("at least 1 h 40 min for the requests, at 30/min"), "{page}");
}

#[test]
fn who_left_costs_a_second_reading_and_too_many_are_refused() {
    let bank = Bank::new(SandboxConfig { edge_cases: false, ..awkward(20) });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &[]).expect(0);
    bank.sandbox.with_world(|world| world.remove_user(world.users()[0]));
    let said = foretold(&bank, &lake, &[], false);
    assert_eq!(said["requests"]["second_reading"], 1);
    group(&said, "gone", "not in the list");

    bank.sandbox.with_world(|world| {
        for user in world.users().into_iter().take(8) {
            world.remove_user(user);
        }
    });
    let refused = plan(&bank, &lake, &[]).expect(4);
    assert!(refused.stdout.contains("--accept-shrink"), "{}", refused.stdout);
    bank.run(&lake, &[]).expect(4);
    assert_eq!(json(&plan(&bank, &lake, &["--accept-shrink"]).expect(0))["resumable"], true);
}

#[test]
fn a_plan_ends_as_the_run_would() {
    let bank = Bank::new(SandboxConfig { edge_cases: false, ..awkward(3) });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    plan(&bank, &lake, &["--user", "999"]).expect(2);
    plan(&bank, &lake, &["--mode", "incremental"]).expect(2);
    let wrong = bank.program().env("POWENS_USERS_TOKEN", "wrong");
    wrong.args(["plan", "--dest", lake.to_str().unwrap()]).done().expect(77);
    assert!(!lake.exists(), "something was written");

    bank.run(&lake, &["--from", "2026-01-01"]).expect(0);
    plan(&bank, &lake, &["--from", "2020-01-01", "--to", "2020-12-31"]).expect(2);
    // While a run holds the lake, too: nothing is locked.
    bank.sandbox.inject(Rule::on(Endpoint::Connections).delay(std::time::Duration::from_millis(800)));
    let run = bank.program().args(["run", "--dest", lake.to_str().unwrap()]).start();
    let said = json(&plan(&bank, &lake, &[]).expect(0));
    assert!(group(&said, "full", "fewer dates")["users"].as_u64() > Some(0));
    Done::from(run.wait_with_output().unwrap()).expect(0);
    std::fs::write(lake.join("LATEST"), "{").unwrap();
    plan(&bank, &lake, &[]).expect(5);
}
