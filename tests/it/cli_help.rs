//! The help is read before anything else, and reviewed as text.

use crate::support::Program;

/// Every verb, and the program itself.
const VERBS: &[&str] = &[
    "",
    "run",
    "plan",
    "status",
    "verify",
    "prune",
    "statements",
    "demo",
    "sandbox",
    "schema",
    "completions",
];

#[test]
fn help_is_as_reviewed() {
    for verb in VERBS {
        let words = [verb, "--help"].into_iter().filter(|word| !word.is_empty());
        let done = Program::new().args(words).done().expect(0);
        assert_eq!(done.stderr, "");
        let name = if verb.is_empty() { "help".to_owned() } else { format!("help_{verb}") };
        insta::assert_snapshot!(name, done.stdout);
    }
}

#[test]
fn no_flag_takes_a_secrets_value() {
    let done = Program::new().args(["run", "--help"]).done().expect(0);
    for word in ["--client-secret", "--users-token", "--token", "--secret", "--password"] {
        assert!(!done.stdout.contains(word), "{word}");
    }
}

#[test]
fn help_stays_within_eighty_columns_when_asked_to() {
    let help = |columns: &str, verb: &str| {
        let words = [verb, "--help"].into_iter().filter(|word| !word.is_empty());
        Program::new().env("COLUMNS", columns).args(words).done().expect(0).stdout
    };
    for verb in VERBS {
        let longest = help("80", verb).lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{verb}: {longest:?}");
    }
    // Nothing of the tables at the end is wrapped.
    let tables = |columns| help(columns, "").split("Credentials").nth(1).unwrap().to_owned();
    assert_eq!(tables("80"), tables("100"));
}

#[test]
fn a_completion_script_names_the_verbs() {
    let done = Program::new().args(["completions", "bash"]).done().expect(0);
    assert!(done.stdout.contains("verify") && done.stdout.contains("--accept-shrink"));
}

#[test]
fn the_schema_of_a_table_is_as_reviewed() {
    let done = Program::new().args(["schema", "coverage"]).done().expect(0);
    insta::assert_snapshot!("schema_coverage", done.stdout);
    let all = Program::new().args(["schema"]).done().expect(0).stdout;
    assert!(all.contains(&done.stdout) && all.contains("\ntransactions\n"));
}
