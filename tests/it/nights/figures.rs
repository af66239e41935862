//! What nights cost. The figures are printed, not asserted, but for what is promised of a quiet night:
//! `cargo test --test it nights::figures -- --nocapture`.

use std::fmt::Write as _;

use powens_export::lake::Manifest;
use powens_export::sandbox::{Nights, SandboxConfig};
use powens_export::table::Table;

use crate::support::{Bank, disk};

const USERS: u64 = 20;
const NIGHTS: usize = 30;

/// What a night changed and what it cost.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    requests: u64,
    rows_changed: u64,
    /// Of the rows that came or changed, at the average size of their table's rows.
    bytes_changed: u64,
    bytes_written: u64,
    files_written: u64,
    files_linked: u64,
}

impl Cost {
    fn of(manifest: &Manifest) -> Self {
        let mut cost = Self { requests: manifest.requests.total, ..Self::default() };
        for table in &manifest.tables {
            let Some(changes) = manifest.changes.get(&table.name) else { continue };
            let came = changes.inserted + changes.updated + changes.deleted;
            cost.rows_changed += came + changes.vanished;
            cost.bytes_changed += came * table.bytes / table.rows.max(1);
        }
        for file in &manifest.files {
            let written = file.since == manifest.run_id;
            cost.bytes_written += if written { file.bytes } else { 0 };
            cost.files_written += u64::from(written);
            cost.files_linked += u64::from(!written);
        }
        cost
    }

    fn line(self, name: &str) -> String {
        format!(
            "{name:12} {:>6} requests a user, {:6} rows changed ({:8} bytes), {:9} bytes written in {:3} files, {:3} linked\n",
            ratio(self.requests, USERS),
            self.rows_changed,
            self.bytes_changed,
            self.bytes_written,
            self.files_written,
            self.files_linked,
        )
    }
}

/// With one decimal, rounded down.
fn ratio(of: u64, to: u64) -> String {
    format!("{}.{}", of / to, of * 10 / to % 10)
}

#[test]
fn what_nights_cost() {
    let busy_night = Nights { users_come_and_go: false, ..Nights::default() };
    let bank = Bank::new(SandboxConfig {
        users: USERS as usize,
        seed: 3,
        transactions_per_user: 400,
        edge_cases: false,
        ..SandboxConfig::default()
    });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let (mut text, mut after_one, mut busy) = (String::new(), 0, Vec::new());
    for night in 0..NIGHTS {
        let report = bank.export(bank.config(&lake)).unwrap();
        let cost = Cost::of(&report.manifest);
        match night {
            0 => {
                after_one = disk(&lake);
                text += &cost.line("first run");
            }
            1 => {
                text += &cost.line("quiet night");
                // The two lists of the domain; four requests a user, and one to revoke the token.
                assert!(cost.requests <= 2 + 5 * USERS, "{}", cost.requests);
                let of_rows = |file: &&powens_export::lake::manifest::FileEntry| {
                    file.table == Some(Table::Transactions) && file.since == report.manifest.run_id
                };
                assert_eq!(report.manifest.files.iter().filter(of_rows).count(), 0);
            }
            _ => busy.push(cost),
        }
        bank.sandbox.night_of(if night == 0 { Nights::QUIET } else { busy_night });
    }
    busy.sort_by_key(|cost| cost.bytes_written);
    text += &busy[busy.len() / 2].line("busy, median");
    text += &busy[busy.len() - 1].line("busiest");
    let _ = writeln!(
        text,
        "disk after one night {after_one} bytes, after {NIGHTS} nights {} bytes ({} times)",
        disk(&lake),
        ratio(disk(&lake), after_one)
    );
    eprint!("{text}");
}
