//! Nothing secret and nothing personal leaves the data files: everything else that a run writes, at its most talkative, is
//! searched for the bank's own tokens, account numbers and wordings.

use std::collections::BTreeSet;
use std::path::Path;

use powens_export::sandbox::{Fault, On, Rule, SandboxConfig};
use serde_json::Value;

use crate::support::Bank;

#[test]
fn a_run_at_trace_level_writes_no_secret_outside_the_data() {
    let bank = Bank::new(SandboxConfig { users: 12, seed: 7, ..SandboxConfig::default() });
    // Errors are where data slips out: some answers are cut in the middle of a page, and asked for again.
    for n in [9, 20, 31] {
        bank.sandbox.inject(Rule::on(On::Any).nth(n).fault(Fault::CutBody(900)));
    }
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let metrics = folder.path().join("metrics");
    let words = [
        "run",
        "--dest",
        lake.to_str().unwrap(),
        "--format",
        "both",
        "--metrics-file",
        metrics.to_str().unwrap(),
    ];
    let done = bank.program().env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1").args(words).done();
    assert!(matches!(done.code, Some(0 | 3)), "{done:?}");
    assert!(done.stderr.contains("TRACE") || done.stderr.contains("DEBUG"), "trace level says nothing more");

    let printed = done.stdout + &done.stderr + &std::fs::read_to_string(metrics).unwrap();
    let mut written = printed.clone();
    written.push_str(&std::fs::read_to_string(lake.join("latest/manifest.json")).unwrap());
    names(&lake, &mut written);
    let (marked, amounts) = (marked(&bank), amounts(&bank));
    assert!(marked.len() > 300 && amounts.len() > 50, "{} marks, {} amounts", marked.len(), amounts.len());
    let found: Vec<&String> = marked.iter().filter(|mark| written.contains(mark.as_str())).collect();
    assert!(found.is_empty(), "written outside the data: {found:?}");
    // The manifest has control totals, and the only account in its currency is its own total.
    let found: Vec<&String> = amounts.iter().filter(|amount| printed.contains(amount.as_str())).collect();
    assert!(found.is_empty(), "printed: {found:?}");
}

/// What must not appear: credentials, account numbers, wordings.
fn marked(bank: &Bank) -> BTreeSet<String> {
    let mut marked =
        BTreeSet::from([bank.sandbox.client_secret(), bank.sandbox.users_token(), "Bearer ".to_owned()]);
    marked.extend(texts(bank, "accounts", &["iban", "number"]));
    marked.extend(texts(bank, "transactions", &["original_wording", "wording", "card"]));
    marked.extend(texts(bank, "connections", &["error_message"]));
    marked
}

fn amounts(bank: &Bank) -> BTreeSet<String> {
    texts(bank, "transactions", &["value"]).chain(texts(bank, "accounts", &["balance"])).collect()
}

/// The texts of some columns; short ones are left out, they are found anywhere.
fn texts<'a>(bank: &Bank, table: &str, columns: &'a [&str]) -> impl Iterator<Item = String> + use<'a> {
    let rows: Vec<Value> = bank.sandbox.truth().rows(table);
    rows.into_iter()
        .flat_map(|row| columns.iter().filter_map(move |column| row[column].as_str().map(str::to_owned)))
        .filter(|text| text.len() >= 7)
}

/// The names of everything below a folder.
fn names(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        into.push_str(&entry.file_name().to_string_lossy());
        into.push('\n');
        if entry.file_type().unwrap().is_dir() {
            names(&entry.path(), into);
        }
    }
}
