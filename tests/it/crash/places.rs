//! Links, permissions and file systems in the way of a lake.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use powens_export::sandbox::Endpoint;

use super::below;
use crate::support::{Bank, Program, assert_verified};

const FAST: [&str; 2] = ["--rate", "10000/s"];

/// A file system of its own at a folder, taken away in the end. `None` with a printed reason where that is not permitted.
struct Mount(PathBuf);

impl Mount {
    fn new(place: &Path, options: &str) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let mount = Self::call("mount", &["-t", "tmpfs", "-o", options, "tmpfs"], place);
        if !mount {
            eprintln!("skipped: mounting is not permitted here");
        }
        mount.then(|| Self(place.to_owned()))
    }

    fn again(&self, options: &str) {
        assert!(Self::call("mount", &["-o", &format!("remount,{options}")], &self.0), "{options}");
    }

    fn call(program: &str, arguments: &[&str], place: &Path) -> bool {
        let mut command = Command::new(program);
        command.args(arguments).arg(place).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        Self::call("umount", &[], &self.0);
    }
}

#[test]
fn fault_71_links_planted_in_the_lake_lead_nowhere() {
    let bank = Bank::plain(2);
    let places =
        [".lock", ".work", ".work/stage", ".work/tokens", "snapshots", "LATEST", "LATEST.tmp", "latest.tmp"];
    for place in places {
        for to_folder in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            let (lake, victim) = (folder.path().join("lake"), folder.path().join("victim"));
            fs::create_dir_all(lake.join(place).parent().unwrap()).unwrap();
            if to_folder {
                fs::create_dir(&victim).unwrap();
                fs::write(victim.join("file"), b"precious").unwrap();
            } else {
                fs::write(&victim, b"precious").unwrap();
            }
            symlink(&victim, lake.join(place)).unwrap();
            let asked = bank.sandbox.request_count();
            let done = bank.run(&lake, &FAST);
            // Temporary names are ours to take; everything else is refused before the bank is asked for a user.
            let refused = match place {
                "LATEST.tmp" | "latest.tmp" => 0,
                "LATEST" => 5,
                _ => 74,
            };
            let done = done.expect(refused);
            if refused > 0 {
                assert!(done.stderr.contains(place.trim_start_matches(".work/")), "{place}: {}", done.stderr);
                let last = bank.sandbox.requests().into_iter().skip(asked as usize);
                assert_eq!(last.filter(|request| request.endpoint == Endpoint::Renew).count(), 0, "{place}");
            }
            let kept = if to_folder { victim.join("file") } else { victim.clone() };
            assert_eq!(fs::read(kept).unwrap(), b"precious", "{place}");
            assert!(
                !to_folder || fs::read_dir(&victim).unwrap().count() == 1,
                "{place}: something was put there"
            );
        }
    }
}

#[test]
fn fault_71_a_link_in_the_place_of_a_published_file_is_not_carried() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &FAST).expect(0);
    let file = lake.join("latest/parquet/accounts/part-00000.parquet").canonicalize().unwrap();
    let moved = folder.path().join("moved");
    fs::rename(&file, &moved).unwrap();
    symlink(&moved, &file).unwrap();
    let before = fs::read(lake.join("LATEST")).unwrap();
    let done = bank.run(&lake, &FAST);
    assert!(matches!(done.code, Some(5 | 74)), "{done:?}");
    assert_eq!(fs::read(lake.join("LATEST")).unwrap(), before);
}

#[test]
fn fault_74_modes_are_the_same_whatever_the_umask() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let mut seen = Vec::new();
    for umask in ["000", "077", "777"] {
        let (lake, metrics) = (folder.path().join(umask), folder.path().join(format!("{umask}.prom")));
        let mut shell = Command::new("sh");
        shell.args([
            "-c",
            &format!("umask {umask}; exec \"$0\" run --dest \"$1\" --metrics-file \"$2\" --format both"),
        ]);
        shell.arg(env!("CARGO_BIN_EXE_powens-export")).args([&lake, &metrics]).env_clear();
        shell.envs(bank.sandbox.settings()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert_eq!(shell.status().unwrap().code(), Some(0), "umask {umask}");
        let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&lake), mode(&metrics)), (0o750, 0o644), "umask {umask}");
        let published = lake.join("latest").canonicalize().unwrap();
        for path in below(&published) {
            let place = published.join(&path);
            let due = if place.is_dir() { 0o750 } else { 0o440 };
            assert_eq!(mode(&place), due, "umask {umask}: {}", path.display());
        }
        let beside = [".lock", ".work", "LATEST", "snapshots"].map(|name| mode(&lake.join(name)));
        assert_eq!(beside, [0o600, 0o700, 0o440, 0o750], "umask {umask}");
        seen.push(below(&published));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn fault_74_a_lake_that_everybody_may_write_is_refused_before_anything_is_asked() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    fs::create_dir(&lake).unwrap();
    fs::set_permissions(&lake, Permissions::from_mode(0o777)).unwrap();
    let done = bank.run(&lake, &FAST).expect(74);
    assert!(done.stderr.contains("writable by everybody"), "{}", done.stderr);
    assert_eq!((bank.sandbox.request_count(), below(&lake).len()), (0, 0));
    fs::set_permissions(&lake, Permissions::from_mode(0o1777)).unwrap();
    bank.run(&lake, &FAST).expect(0);
}

#[test]
fn fault_61_places_that_cannot_hold_a_lake_are_refused_before_anything_is_asked() {
    let bank = Bank::plain(1);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, b"precious").unwrap();
    bank.run(&file, &FAST).expect(2);
    bank.run(&file.join("below"), &FAST).expect(74);
    assert_eq!(fs::read(&file).unwrap(), b"precious");

    let lake = folder.path().join("lake");
    if let Some(mount) = Mount::new(&lake, "size=8m,mode=750") {
        mount.again("ro");
        let done = bank.run(&lake, &FAST).expect(74);
        assert!(done.stderr.contains("Read-only file system"), "{}", done.stderr);
    }
    if let Some(_elsewhere) = Mount::new(&lake.join(".work"), "size=8m,mode=700") {
        let done = bank.run(&lake, &FAST).expect(74);
        assert!(done.stderr.contains("another file system"), "{}", done.stderr);
    }
    assert_eq!(bank.sandbox.request_count(), 0);
    // A place that is only missing is made, with its parents.
    bank.run(&folder.path().join("a/b/lake"), &FAST).expect(0);
}

#[test]
fn fault_62_a_disk_that_fills_up_at_any_size_leaves_what_was_published() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let Some(mount) = Mount::new(&lake, "size=64m,mode=750") else { return };
    // Small steps where little is written, and the whole of a run's needs.
    let (mut refused, mut kilobytes) = (0, 16);
    let published = loop {
        mount.again(&format!("size={kilobytes}k"));
        let done = bank.run(&lake, &FAST);
        if done.code == Some(0) {
            break kilobytes;
        }
        let done = done.expect(74);
        assert!(done.stderr.contains("No space left"), "{kilobytes} kB: {}", done.stderr);
        assert!(!lake.join("LATEST").exists(), "{kilobytes} kB");
        refused += 1;
        kilobytes += 48;
        assert!(kilobytes < 65_536, "never enough");
    };
    assert!(refused > 2, "{refused} sizes were too small");
    assert_verified(&lake);
    let before = fs::read(lake.join("LATEST")).unwrap();
    // On top of a snapshot: first the room is asked for, then it is there.
    let done = bank.run(&lake, &["--rate", "10000/s", "--mode", "full"]).expect(74);
    assert!(done.stderr.contains("bytes free") || done.stderr.contains("No space left"), "{}", done.stderr);
    assert_eq!(fs::read(lake.join("LATEST")).unwrap(), before);
    assert_verified(&lake);
    mount.again("size=64m");
    bank.run(&lake, &["--rate", "10000/s", "--mode", "full"]).expect(0);
    assert_verified(&lake);
    println!("{refused} sizes refused, the first that was enough: {published} kB");
}

#[test]
fn fault_62_a_disk_that_is_full_can_be_pruned() {
    let bank = Bank::plain(2);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let Some(_mount) = Mount::new(&lake, "size=4m,mode=750") else { return };
    for _ in 0..2 {
        bank.run(&lake, &FAST).expect(0);
    }
    let mut filler = fs::File::create(lake.join("filler")).unwrap();
    while std::io::Write::write_all(&mut filler, &[0; 4096]).is_ok() {}
    bank.run(&lake, &FAST).expect(74);
    let words =
        ["prune", lake.to_str().unwrap(), "--keep-last", "0", "--keep-daily", "0", "--keep-monthly", "0"];
    let done = Program::new().args(words).done().expect(0);
    assert!(done.stdout.starts_with("1 snapshot removed, "), "{}", done.stdout);
    assert_verified(&lake);
}
