//! Ctrl-C and SIGTERM.

use std::io::{BufRead, BufReader, Read};

use powens_export::export::{self, Cancel, Event, Phase};
use powens_export::sandbox::{Endpoint, Fault, Rule};

use super::slow;
use crate::support::{Bank, Done, kill, wait_for_requests};

const FLAGS: [&str; 4] = ["--concurrency", "3", "--rate", "1000/s"];

#[test]
fn fault_76_the_first_signal_finishes_who_is_in_hand_and_the_same_command_goes_on() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let bank = Bank::new(slow(12));
        let folder = tempfile::tempdir().unwrap();
        bank.run(&folder.path().join("undisturbed"), &FLAGS).expect(0);
        let whole = bank.sandbox.request_count();

        let lake = folder.path().join("lake");
        let words = ["run", "--dest", lake.to_str().unwrap()];
        let child = bank.program().args(words.into_iter().chain(FLAGS)).start();
        wait_for_requests(&bank, whole + whole / 2);
        kill(&child, signal);
        let done = Done::from(child.wait_with_output().unwrap()).expect(code);
        assert!(done.stderr.contains("stopping: what is in hand is finished first"), "{}", done.stderr);
        assert!(done.stderr.contains("run the same command again"), "{}", done.stderr);
        assert_eq!(done.stdout, "");
        assert!(!lake.join("LATEST").exists(), "an interrupted run became visible");
        assert_eq!(bank.sandbox.tokens_left(), Vec::<i64>::new(), "users in hand were finished");

        bank.run(&lake, &FLAGS).expect(0);
        // Nothing but the two lists of the domain was asked for twice.
        assert_eq!(bank.sandbox.request_count() - whole, whole + 2);
    }
}

#[test]
fn fault_76_the_second_signal_leaves_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let bank = Bank::plain(3);
        bank.sandbox.inject(Rule::on(Endpoint::Transactions).always().fault(Fault::StallBeforeHeaders));
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        let mut child = bank.program().args(["run", "--dest", lake.to_str().unwrap()]).start();
        wait_for_requests(&bank, 5);
        kill(&child, signal);
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("stopping") {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "the program ended at the first signal");
        }
        kill(&child, signal);
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(!rest.contains("run the same command again"), "it waited for the users in hand: {rest}");
        bank.sandbox.clear_rules();
        bank.run(&lake, &[]).expect(0);
    }
}

#[test]
fn fault_77_a_stop_before_the_commit_publishes_nothing_and_one_during_it_does() {
    let bank = Bank::plain(3);
    for (moment, published) in
        [(Event::Phase(Phase::Fetching), false), (Event::Phase(Phase::Publishing), true)]
    {
        let folder = tempfile::tempdir().unwrap();
        let lake = folder.path().join("lake");
        let cancel = Cancel::new();
        let switch = cancel.clone();
        let mut config = bank.config(&lake);
        // Everybody is in hand when the stop comes, and finished before the build asks.
        config.api.concurrency = 8.try_into().unwrap();
        let stop_at = |event: Event| {
            let last = matches!(event, Event::UserDone { .. }) && moment == Event::Phase(Phase::Fetching);
            if event == moment && published || last {
                switch.cancel();
            }
        };
        let outcome = bank.runtime().block_on(export::run(config, cancel, &stop_at));
        assert_eq!(outcome.as_ref().map_err(|error| error.exit_code()).err(), (!published).then_some(130));
        assert_eq!(lake.join("LATEST").exists(), published);
        let again = bank.export(bank.config(&lake)).unwrap();
        assert_eq!(again.reused_units > 0, !published, "the stage is kept until something is published");
    }
}
