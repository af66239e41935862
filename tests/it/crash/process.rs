//! The process itself: panics, clocks, closed streams, the lock.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::SignedDuration;
use powens_export::export::{self, Cancel, Event, Phase};
use powens_export::sandbox::{Endpoint, Fault, Rule};

use super::{below, slow};
use crate::support::{Bank, Done, assert_verified, kill, latest, wait_for_requests, wait_until};

#[test]
fn fault_78_a_panic_publishes_nothing() {
    let bank = Bank::plain(3);
    for phase in [Phase::Fetching, Phase::Building] {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        let events = move |event: Event| assert_ne!(event, Event::Phase(phase), "a bug");
        let config = bank.config(&lake);
        let run =
            bank.runtime().spawn(async move { export::run(config, Cancel::new(), &events).await.map(drop) });
        assert!(bank.runtime().block_on(run).unwrap_err().is_panic());
        // The lock is free once the build that nobody waits for has ended, too.
        let again = loop {
            match bank.export(bank.config(&lake)) {
                Err(error) if error.exit_code() == 75 => std::thread::yield_now(),
                ended => break ended.unwrap(),
            }
        };
        assert_eq!(again.manifest.sequence, 1, "{phase}: the run that panicked had published");
    }
}

#[test]
fn fault_79_a_second_run_is_turned_away_before_it_asks_anything() {
    let bank = Bank::new(slow(12));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let first = bank.program().args(["run", "--dest", lake.to_str().unwrap(), "--concurrency", "1"]).start();
    wait_for_requests(&bank, 4);
    let elsewhere = Bank::plain(1);
    let second = elsewhere.run(&lake, &[]).expect(75);
    assert!(
        second.stderr.contains("another run holds") && second.stderr.contains("process "),
        "{}",
        second.stderr
    );
    assert_eq!(elsewhere.sandbox.request_count(), 0);
    // The kernel frees the lock however the first one ends.
    kill(&first, "KILL");
    assert_eq!(Done::from(first.wait_with_output().unwrap()).code, None);
    bank.run(&lake, &["--rate", "1000/s"]).expect(0);
}

#[test]
fn fault_80_the_order_of_snapshots_is_their_sequence_whatever_the_clock_says() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    for (number, days) in [0, -365, 365, -1, 1, 0].into_iter().enumerate() {
        let mut config = bank.config(&lake);
        config.started_at = Some(config.started_at.unwrap() + SignedDuration::from_hours(24 * days));
        let report = bank.export(config).unwrap();
        assert_eq!(report.manifest.sequence, number as u64 + 1);
        assert_eq!(latest(&lake).manifest, report.manifest, "the last run is the one that readers see");
        assert_verified(&lake);
    }
    // The first and the last began in the same second.
    let first = std::fs::read_dir(lake.join("snapshots")).unwrap().count();
    assert_eq!(first, 6);
}

#[test]
fn fault_81_a_machine_that_slept_goes_on_with_a_new_token() {
    let bank = Bank::plain(4);
    let users = bank.sandbox.with_world(|world| world.users());
    let sleeper = users[1];
    // While the machine sleeps the answer in hand is lost, and the token comes to its end.
    let lost = Rule::on(Endpoint::Accounts).user(sleeper).nth(1).delay(Duration::from_secs(1));
    bank.sandbox.inject(lost.fault(Fault::ResetBeforeHeaders));
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let child = bank.program().args(["run", "--dest", lake.to_str().unwrap(), "--rate", "1000/s"]).start();
    let of = |endpoint: Endpoint, user: i64| {
        let requests = bank.sandbox.requests();
        requests.iter().filter(|request| request.endpoint == endpoint && request.user == Some(user)).count()
    };
    wait_until("the user is in hand", || of(Endpoint::Accounts, sleeper) > 0);
    kill(&child, "STOP");
    bank.sandbox.revoke_tokens(sleeper);
    kill(&child, "CONT");
    Done::from(child.wait_with_output().unwrap()).expect(0);
    assert_verified(&lake);
    let renewed: Vec<usize> = users.iter().map(|user| of(Endpoint::Renew, *user)).collect();
    assert_eq!(renewed, [1, 2, 1, 1]);
    assert_eq!(bank.sandbox.tokens_left(), Vec::<i64>::new());
    assert_eq!(bank.sandbox.violations(), []);
}

#[test]
fn fault_82_streams_that_are_closed_or_full_change_nothing() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let closed = ["", ">&-", "2>&-", ">&- 2>&-"];
    let full = [">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"];
    let full = full.into_iter().filter(|_| Path::new("/dev/full").exists());
    for (number, streams) in closed.into_iter().chain(full).enumerate() {
        let lake = folder.path().join(number.to_string());
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" run --dest \"$1\" {streams}")]);
        shell.arg(env!("CARGO_BIN_EXE_powens-export")).arg(&lake).env_clear();
        shell.envs(bank.sandbox.settings()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert_eq!(shell.status().unwrap().code(), Some(0), "{streams}");
        assert_verified(&lake);
    }
}

#[test]
fn fault_70_what_is_not_ours_stays_where_it_is() {
    let bank = Bank::plain(1);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.export(bank.config(&lake)).unwrap();
    let foreign = ["notes.txt", ".work/notes", "snapshots/mine", ".LATEST.swp"];
    for name in foreign {
        std::fs::write(lake.join(name), b"precious").unwrap();
    }
    bank.export(bank.config(&lake)).unwrap();
    for name in foreign {
        assert_eq!(std::fs::read(lake.join(name)).unwrap(), b"precious", "{name}");
    }
    assert_eq!(below(&lake.join(".work")), [Path::new("notes")]);
}
