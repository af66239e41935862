//! The program while it runs: waited for, and sent signals.

use std::process::{Child, Command};
use std::time::Duration;

use super::Bank;

/// Waits until something holds; a busy machine has a minute.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6_000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what}: not within a minute");
}

/// Waits until the bank has been asked so often.
pub(crate) fn wait_for_requests(bank: &Bank, count: u64) {
    wait_until("requests", || bank.sandbox.request_count() >= count);
}

/// Sends a signal, by its name without `SIG`.
pub(crate) fn kill(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().unwrap().success());
}
