//! Seeded simulation of whole runs: a small bank whose data move, an API with odd manners that fails in every way, and
//! the real exporter over real HTTP, several nights into one lake. After each run a judge that knows only what the
//! bank served, and when, says whether a row was lost, doubled or altered, and whether the manifest tells the truth.
//!
//! ```text
//!   seed ─► schedule ─► play ──► bank (what happens), trouble (what goes wrong), the exporter
//!                        └─────► reader, lake (read by strangers) ─► judge (rows), promises (everything else said of
//!                                them), conduct and costs (requests), secrets, descriptors ─► tally
//! ```
//!
//! One seed replays one schedule: `POWENS_EXPORT_SIMULATION_SEEDS=42..43 cargo test --test it simulation`. More than
//! the default: `make simulate SEEDS=0..100000`.

mod bank;
mod cells;
mod conduct;
mod costs;
mod descriptors;
mod judge;
mod lake;
mod play;
mod promises;
mod reader;
mod schedule;
mod secrets;
mod tally;
mod trouble;

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use play::{Played, Tamper, play};
use schedule::Schedule;
use tally::Tally;

/// The variable that says which schedules to play.
const SEEDS: &str = "POWENS_EXPORT_SIMULATION_SEEDS";
/// Those that are played unless it is set.
const DEFAULT_SEEDS: Range<u64> = 0..2000;
/// Schedules at a time: much of each is waiting.
const PLAYERS: usize = 6;
/// Schedules that failed before the others are left out, unless this variable says how many.
const ENOUGH: (&str, usize) = ("POWENS_EXPORT_SIMULATION_ENOUGH", 10);

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var(SEEDS) else { return DEFAULT_SEEDS };
    let (from, to) = text.split_once("..").unwrap_or_else(|| panic!("{SEEDS} is a range such as 0..2000"));
    from.parse().unwrap()..to.parse().unwrap()
}

fn enough() -> usize {
    std::env::var(ENOUGH.0).map_or(ENOUGH.1, |text| text.parse().unwrap())
}

/// A folder in memory where there is one: a lake is written several times a second.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::tempdir_in(parent).unwrap()
}

fn played(seed: u64, folder: &Path, tamper: Tamper) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir_in(folder).unwrap();
    let played = || runtime.block_on(play(&Schedule::of(seed), folder.path(), tamper));
    // The seed of a schedule that cannot be played to its end must be known too.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(played)).unwrap_or_else(|_| Played {
        findings: vec!["it panicked, see above".to_owned()],
        ..Played::default()
    })
}

/// Says at once what a schedule broke, and how to play it again.
#[expect(clippy::print_stdout, reason = "what a test found")]
fn report(seed: u64, findings: &[String]) {
    let next = seed + 1;
    println!("seed {seed}; again: {SEEDS}={seed}..{next} cargo test --test it simulation -- --nocapture");
    for finding in findings {
        println!("    {finding}");
    }
}

#[test]
fn whatever_happens_no_row_is_lost_doubled_or_altered() {
    let (seeds, enough, folder) = (seeds(), enough(), scratch());
    let next = AtomicU64::new(seeds.start);
    let sum = Mutex::new((Tally::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..PLAYERS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Relaxed);
                    if seed >= seeds.end || sum.lock().unwrap().1.len() >= enough {
                        break;
                    }
                    let played = played(seed, folder.path(), |_| {});
                    let mut sum = sum.lock().unwrap();
                    sum.0.add(played.tally);
                    if seeds.end - seeds.start == 1 {
                        println!("{:#?}\n{}", Schedule::of(seed), played.trace.join("\n"));
                    }
                    if !played.findings.is_empty() {
                        report(seed, &played.findings);
                        sum.1.push(seed);
                    }
                }
            });
        }
    });
    let (tally, failed) = sum.into_inner().unwrap();
    // Past the capturing of tests that pass: what was played is always told.
    std::io::stderr().write_all(format!("\n{tally}").as_bytes()).unwrap();
    assert!(failed.is_empty(), "schedules that broke a promise: {failed:?}");
    let tried = tally.users_complete + tally.users_incomplete;
    // A single schedule may well be the one of a user who fails.
    assert!(
        tally.schedules < 100 || tally.users_complete * 10 >= tried * 9,
        "more than a tenth of {tried} users incomplete"
    );
}

#[test]
fn the_same_seed_is_the_same_schedule() {
    let folder = scratch();
    // A connection that breaks may be noticed before a request is sent or after: then there is one more, or one less.
    let steady = |schedule: &Schedule| {
        schedule.concurrency == 1 && schedule.nights.iter().all(|night| night.troubles == 0)
    };
    let alone = (0..).filter(|seed| steady(&Schedule::of(*seed)));
    for seed in alone.take(12) {
        let digest = || played(seed, folder.path(), |_| {}).digest;
        assert_eq!(digest(), digest(), "seed {seed}");
    }
}

#[test]
fn the_judge_notices_what_is_wrong() {
    let tampers: [(&str, Tamper); 6] = [
        ("is lost", |snapshot| drop(transactions(snapshot).rows.pop().unwrap())),
        ("is there 2 times", |snapshot| {
            let sheet = transactions(snapshot);
            sheet.rows.push(sheet.rows[0].clone());
        }),
        ("value is Some(\"31415e-4\")", |snapshot| {
            let sheet = transactions(snapshot);
            let value = sheet.at("value");
            sheet.rows[0][value] = Some("31415e-4".to_owned());
        }),
        ("accounts", |snapshot| drop(snapshot.tables.get_mut("accounts").unwrap().rows.pop().unwrap())),
        ("and today is", |snapshot| {
            let sheet = snapshot.tables.get_mut("balances").unwrap();
            let day = sheet.at("day");
            sheet.rows.iter_mut().for_each(|row| row[day] = Some("2001-01-01".to_owned()));
        }),
        ("is not accounted for", |snapshot| drop(snapshot.units.rows.pop().unwrap())),
    ];
    let folder = scratch();
    let with_rows = (0..).find(|seed| played(*seed, folder.path(), |_| {}).tally.rows > 5).unwrap();
    for (expected, tamper) in tampers {
        let findings = played(with_rows, folder.path(), tamper).findings;
        assert!(findings.iter().any(|finding| finding.contains(expected)), "{expected}: {findings:#?}");
    }
}

fn transactions(snapshot: &mut lake::Published) -> &mut lake::Sheet {
    snapshot.tables.get_mut("transactions").unwrap()
}
