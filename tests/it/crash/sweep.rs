//! Some points of the sweep over every file system call, others each day; `make sweep` takes them all.

use std::path::Path;
use std::process::Command;

#[test]
fn faults_62_to_68_and_75_at_some_of_the_file_system_calls() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let missing = |tool: &str| Command::new(tool).arg("--version").output().is_err();
    if let Some(tool) = ["python3", "cc"].into_iter().find(|tool| missing(tool)) {
        assert!(std::env::var_os("CI").is_none(), "{tool} is missing");
        eprintln!("skipped: {tool} is missing");
        return;
    }
    let swept = Command::new("python3")
        .arg("-B")
        .arg(home.join("tests/sweep/sweep.py"))
        .args(["--program", env!("CARGO_BIN_EXE_powens-export"), "--points", "8", "--day"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&swept.stdout);
    assert!(swept.status.success(), "{said}\n{}", String::from_utf8_lossy(&swept.stderr));
    println!("{said}");
}
