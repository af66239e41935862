//! The help is read before anything else, and reviewed as text.

use crate::support::Program;

#[test]
fn help_is_as_reviewed() {
    for verb in ["", "run", "plan", "status", "verify", "prune", "demo", "sandbox", "schema", "completions"] {
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
    for verb in ["run", "sandbox", "status"] {
        let done = Program::new().env("COLUMNS", "80").args([verb, "--help"]).done().expect(0);
        let longest = done.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{verb}: {longest:?}");
    }
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
