//! The README is a contract too: every setting and every verb of the help stands in it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::Program;

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap()
}

/// The words of the help that begin so.
fn words(text: &str, start: &str) -> BTreeSet<String> {
    let part_of_a_word = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    text.split(part_of_a_word).filter(|word| word.starts_with(start)).map(str::to_owned).collect()
}

/// The numbers that some texts begin with or consist of.
fn numbers<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeSet<u8> {
    let number = |word: &str| word.trim_end_matches(',').parse().ok();
    texts.flat_map(|text| text.split_whitespace().map_while(number)).collect()
}

#[test]
fn every_flag_and_variable_of_run_is_explained() {
    let (help, readme) = (Program::new().args(["run", "--help"]).done().expect(0).stdout, readme());
    let known: BTreeSet<String> = ["--help", "--quiet"].map(str::to_owned).into();
    let missing: Vec<_> = words(&help, "--")
        .union(&words(&help, "POWENS_"))
        .filter(|word| !known.contains(*word) && !readme.contains(&format!("`{word}")))
        .cloned()
        .collect();
    assert!(missing.is_empty(), "README.md does not explain {missing:?}");
}

#[test]
fn every_key_of_the_file_of_settings_is_explained() {
    let schema: Value = serde_json::from_str(include_str!("../../schemas/config.schema.json")).unwrap();
    let readme = readme();
    for key in schema["properties"].as_object().unwrap().keys() {
        assert!(readme.contains(&format!("`{key}`")), "README.md does not name the key {key}");
    }
}

#[test]
fn every_verb_and_exit_code_is_explained() {
    let (help, readme) = (Program::new().args(["--help"]).done().expect(0).stdout, readme());
    let verbs = help.split("Commands:").nth(1).and_then(|rest| rest.split("Options:").next()).unwrap();
    for verb in verbs.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()) {
        assert!(readme.contains(&format!("`powens-export {verb}")), "README.md does not name {verb}");
    }
    let table = readme.split("\n## Exit codes\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let explained = numbers(table.lines().filter_map(|line| line.strip_prefix("| ")?.split('|').next()));
    let promised = help.split("Exit codes:").nth(1).unwrap();
    // Two columns of lines, each number at least two blanks away from the words before it.
    let promised = numbers(promised.split("  "));
    assert!(promised.len() >= 13 && promised == explained, "help: {promised:?}\nREADME.md: {explained:?}");
}
