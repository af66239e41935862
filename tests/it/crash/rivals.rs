//! A reader that never stops looking, while two runs compete for a lake and are killed at random.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use powens_export::encode::{Fingerprint, Sha256};
use powens_export::lake::Latest;

use super::below;
use crate::support::{Bank, assert_verified, kill, latest};

/// Kills; more on demand.
fn kills() -> usize {
    std::env::var("RIVALS_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

/// Reads what is published, file by file, as a program that knows nothing but the layout. Returns the sequence.
fn read(lake: &Path) -> u64 {
    let named: Latest = serde_json::from_slice(&std::fs::read(lake.join("LATEST")).unwrap()).unwrap();
    let folder = lake.join("snapshots").join(named.run_id.as_str());
    let manifest = std::fs::read(folder.join("manifest.json")).unwrap();
    assert_eq!(Sha256::of(&manifest), named.sha256);
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    for file in manifest["files"].as_array().unwrap() {
        let found = Fingerprint::of_file(&folder.join(file["path"].as_str().unwrap())).unwrap();
        assert_eq!(found.sha256.to_string(), file["sha256"].as_str().unwrap(), "{}", file["path"]);
        assert_eq!(Some(found.bytes), file["bytes"].as_u64(), "{}", file["path"]);
    }
    named.sequence
}

#[test]
fn fault_75_readers_are_never_wronged_by_runs_that_compete_and_are_killed() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let words = ["run", "--mode", "full", "--rate", "10000/s", "--keep-last", "100000", "--quiet", "--dest"];
    let program = || bank.program().args(words).args([lake.to_str().unwrap()]);
    let started = Instant::now();
    program().done().expect(0);
    let length = started.elapsed();

    let (over, reads, killed, published, busy) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let rival = |seed| {
        let mut rng = Rng::with_seed(seed);
        while killed.load(Ordering::Relaxed) < kills() {
            let child = program().start();
            std::thread::sleep(Duration::from_micros(rng.u64(0..2 * length.as_micros() as u64)));
            kill(&child, "KILL");
            let count = match child.wait_with_output().unwrap().status.code() {
                None => &killed,
                Some(0) => &published,
                Some(75) => &busy,
                Some(code) => panic!("exit {code}"),
            };
            count.fetch_add(1, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut last = 0;
            while !over.load(Ordering::Relaxed) {
                let sequence = read(&lake);
                assert!(sequence >= last, "LATEST went back from {last} to {sequence}");
                last = sequence;
                reads.fetch_add(1, Ordering::Relaxed);
            }
        });
        let rivals = [scope.spawn(move || rival(1)), scope.spawn(move || rival(2))];
        let ended = rivals.map(std::thread::ScopedJoinHandle::join);
        over.store(true, Ordering::Relaxed);
        reader.join().unwrap();
        assert!(ended.iter().all(Result::is_ok));
    });
    program().done().expect(0);
    assert_eq!(below(&lake.join(".work")), Vec::<std::path::PathBuf>::new());
    assert_verified(&lake);
    println!(
        "{killed:?} killed, {published:?} published, {busy:?} busy, {reads:?} reads, {} snapshots",
        latest(&lake).manifest.sequence
    );
}
