//! What a run that was cut off leaves, and which run may use it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use jiff::SignedDuration;
use powens_export::export::{self, Cancel, Event, RunConfig};
use powens_export::model::{DecimalType, Window};
use powens_export::sandbox::{Fault, On, Rule};
use powens_export::table::Table;
use serde_json::Value;

use super::{below, fetched_users, slow};
use crate::support::{Bank, assert_verified, digests, kill, latest, wait_until};

const FLAGS: [&str; 4] = ["--concurrency", "1", "--rate", "1000/s"];

/// Users whose units the journal of a stage says are finished.
fn staged(lake: &Path) -> usize {
    let Ok(journal) = std::fs::read_to_string(lake.join(".work/stage/journal-000001")) else { return 0 };
    let records =
        journal.lines().filter_map(|line| serde_json::from_str::<Value>(line.split_once(' ')?.1).ok());
    records.filter_map(|record| record["group"]["commits"].as_array().map(Vec::len)).sum()
}

/// Ends a run once so many users are finished.
fn cut_off(bank: &Bank, config: RunConfig, after: usize) {
    let cancel = Cancel::new();
    let (switch, done) = (cancel.clone(), std::sync::atomic::AtomicUsize::new(0));
    let count = |event: Event| {
        if matches!(event, Event::UserDone { .. })
            && done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == after
        {
            switch.cancel();
        }
    };
    let error = bank.runtime().block_on(export::run(config, cancel, &count)).unwrap_err();
    assert_eq!(error.exit_code(), 130, "{error}");
}

#[test]
fn fault_75_a_killed_run_costs_what_was_not_staged_and_holds_no_lock() {
    const USERS: usize = 90;
    let bank = Bank::new(slow(USERS));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let words = ["run", "--dest", lake.to_str().unwrap()];
    let mut child = bank.program().args(words.into_iter().chain(FLAGS)).start();
    // A group is staged five seconds after its first user was finished.
    wait_until("a group is staged", || staged(&lake) > 0);
    kill(&child, "KILL");
    child.wait().unwrap();
    let staged = staged(&lake);
    assert!(staged < USERS, "the run was over already");
    bank.sandbox.forget_requests();
    bank.run(&lake, &FLAGS).expect(0);
    assert_eq!(fetched_users(&bank), USERS - staged);
    // Tokens of the killed run are revoked by the next, but for one whose answer it did not live to read.
    assert!(bank.sandbox.tokens_left().len() <= 1, "{:?}", bank.sandbox.tokens_left());

    let other = folder.path().join("undisturbed");
    bank.run(&other, &FLAGS).expect(0);
    let bytes = |lake: &Path| digests(&latest(lake).manifest, &Table::ALL);
    assert_eq!(bytes(&lake), bytes(&other));
    assert_verified(&lake);
}

#[test]
fn fault_14_a_run_that_gives_up_costs_what_was_not_staged() {
    let bank = Bank::plain(10);
    let folder = tempfile::tempdir().unwrap();
    let config = |name: &str| {
        let mut config = bank.config(&folder.path().join(name));
        config.api.concurrency = 1.try_into().unwrap();
        config.api.timings.outage_patience = Duration::from_millis(300);
        config
    };
    bank.export(config("undisturbed")).unwrap();
    let whole = bank.sandbox.request_count();

    bank.sandbox.forget_requests();
    bank.sandbox.inject(Rule::on(On::Any).after(whole / 2).always().fault(Fault::Status(503)));
    let error = bank.export(config("lake")).unwrap_err();
    assert_eq!(error.exit_code(), 69, "{error}");
    bank.sandbox.clear_rules();
    let report = bank.export(config("lake")).unwrap();
    assert!(report.reused_units > 0);
    let answered = bank.sandbox.requests().iter().filter(|request| request.status < 300).count() as u64;
    // The two lists once more, the token that the first run could not give back, and the one user in hand.
    let in_hand = whole / 10;
    assert!(answered <= whole + 2 + 1 + in_hand, "{answered} answers where an undisturbed run has {whole}");
}

#[test]
fn fault_74_a_stage_is_for_its_owner_alone_and_goes_with_the_publish() {
    let bank = Bank::plain(4);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    cut_off(&bank, bank.config(&lake), 2);
    let work = lake.join(".work");
    let found = below(&work);
    assert!(found.iter().any(|path| path.starts_with("stage/run-000001.rows")), "{found:?}");
    for path in found {
        let place = work.join(&path);
        let due = if place.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(place.metadata().unwrap().permissions().mode() & 0o7777, due, "{}", path.display());
    }
    bank.export(bank.config(&lake)).unwrap();
    assert_eq!(below(&work), Vec::<std::path::PathBuf>::new());
}

#[test]
fn staged_work_is_used_under_the_same_settings_only() {
    let bank = Bank::plain(5);
    let elsewhere = Bank::plain(5);
    type Change<'a> = &'a dyn Fn(&mut RunConfig);
    let later = |config: &mut RunConfig, seconds| {
        let start = config.started_at.unwrap();
        config.started_at = Some(start + SignedDuration::from_secs(seconds));
        config.resume_max_age = Duration::from_secs(3600);
    };
    let from = Window::new(Some(jiff::civil::date(2026, 9, 1)), None).unwrap();
    let cases: [(&str, Change<'_>, bool); 6] = [
        ("the same command", &|_| (), true),
        ("within the age", &|config| later(config, 3500), true),
        ("older than the age", &|config| later(config, 3700), false),
        ("another window", &|config| config.window = from, false),
        ("another decimal type", &|config| config.decimal = DecimalType::new(38, 18), false),
        ("another bank", &|config| config.api = elsewhere.config(Path::new("")).api, false),
    ];
    for (what, change, reused) in cases {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        cut_off(&bank, bank.config(&lake), 3);
        let mut config = bank.config(&lake);
        change(&mut config);
        let report = bank.export(config).unwrap();
        assert_eq!(report.reused_units > 0, reused, "{what}");
        assert_verified(&lake);
    }
}

#[test]
fn staged_work_on_another_snapshot_is_fetched_anew() {
    let bank = Bank::plain(5);
    let folder = tempfile::tempdir().unwrap();
    let (lake, kept) = (folder.path().join("lake"), folder.path().join("kept"));
    cut_off(&bank, bank.config(&lake), 3);
    std::fs::rename(lake.join(".work/stage"), &kept).unwrap();
    bank.export(bank.config(&lake)).unwrap();
    // As if the publish had not swept it.
    std::fs::rename(&kept, lake.join(".work/stage")).unwrap();
    assert_eq!(bank.export(bank.config(&lake)).unwrap().reused_units, 0);
}
