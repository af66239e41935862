//! What the program wrote, read back by DuckDB and pyarrow and compared with what the bank says it served.

use std::path::Path;
use std::process::Command;

use powens_export::sandbox::SandboxConfig;

use crate::support::{Bank, readers};

fn reads_back(config: SandboxConfig, flags: &[&str]) {
    let Some(python) = readers() else { return };
    let bank = Bank::new(config);
    let folder = tempfile::tempdir().unwrap();
    let (lake, truth) = (folder.path().join("lake"), folder.path().join("truth.json"));
    let done = bank.run(&lake, flags);
    assert!(matches!(done.code, Some(0 | 3)), "{done:?}");
    bank.sandbox.write_truth(&truth).unwrap();
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = Command::new(python)
        .arg("-B")
        .arg(home.join("tests/readback/readback.py"))
        .arg("--lake")
        .arg(&lake)
        .arg("--truth")
        .arg(&truth)
        .arg("--schemas")
        .arg(home.join("schemas"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(read.status.success(), "{}\n{}", text(&read.stdout), text(&read.stderr));
}

#[test]
fn every_value_of_an_awkward_bank_reads_back() {
    reads_back(SandboxConfig { users: 24, seed: 7, ..SandboxConfig::default() }, &["--format", "both"]);
}

#[test]
fn every_value_of_a_lake_with_deeper_decimals_reads_back() {
    let config = SandboxConfig { users: 12, seed: 11, ..SandboxConfig::default() };
    reads_back(config, &["--format", "parquet", "--decimal", "38,18"]);
}
