//! Re-reads the published snapshot of a lake and lists every finding.
//!
//! `cargo run --example verify -- LAKE`

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use powens_export::verify::verify;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let lake: PathBuf = std::env::args_os().nth(1).ok_or("which lake? give its folder")?.into();
    let report = verify(&lake, None)?;
    for finding in &report.findings {
        println!("{finding}");
    }
    println!("{} files, {} rows, {} findings", report.files, report.rows, report.findings.len());
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(5) })
}
