//! `verify`: re-reads a snapshot and lists every finding. Damage is exit 5.

use powens_export::lake::RunId;
use powens_export::verify::{Report, verify};

use super::args::{Common, VerifyArgs};
use super::exit::Exit;
use super::failure::{Failure, UsageError};
use super::{human, logging, output};

/// Performs the verb.
pub(crate) fn perform(args: VerifyArgs, common: &Common) -> Result<Exit, Failure> {
    logging::start_quiet(common)?;
    let VerifyArgs { dest, run, json } = args;
    let run: Option<RunId> =
        run.map(|run| run.parse().map_err(|error| UsageError::setting("--run", error))).transpose()?;
    let report = verify(&dest, run.as_ref())?;
    match (json, common.quiet && report.is_clean()) {
        (true, _) => output::print_json(&report)?,
        (false, true) => {}
        (false, false) => output::print_page(&page(&report))?,
    }
    Ok(if report.is_clean() { Exit::Complete } else { Exit::Damage })
}

fn page(report: &Report) -> String {
    let snapshot =
        report.run_id.as_ref().map_or_else(|| "the snapshot".to_owned(), |run| format!("snapshot {run}"));
    let read = format!(
        "{}, {}, {} re-read",
        human::counted(report.files, "file", "files"),
        human::counted(report.rows, "row", "rows"),
        human::bytes(report.bytes),
    );
    if report.is_clean() {
        return format!("{snapshot} is as it was published: {read}\n");
    }
    let findings = human::counted(report.findings.len() as u64, "finding", "findings");
    let mut text = format!("{snapshot} is damaged: {findings}; {read}\n");
    for finding in &report.findings {
        text.push_str(&format!("  {finding}\n"));
    }
    text
}
