//! Every block of the README is run as it stands there, against a bank and a lake of this test; or it is listed with the reason why not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use powens_export::sandbox::SandboxConfig;
use serde_json::Value;

use crate::support::{Bank, readers};

/// A fenced block: its language and its text.
#[derive(Debug)]
struct Block {
    language: String,
    text: String,
}

static BLOCKS: LazyLock<Vec<Block>> = LazyLock::new(|| {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut blocks = Vec::new();
    let mut parts = readme.split("\n```");
    parts.next();
    while let (Some(block), Some(_prose)) = (parts.next(), parts.next()) {
        let (language, text) = block.split_once('\n').unwrap();
        blocks.push(Block { language: language.to_owned(), text: text.to_owned() });
    }
    blocks
});

/// What happens to a block. A new one matches none of these until somebody decides.
#[derive(Debug, PartialEq)]
enum Fate {
    /// Run by this file, by the test of that name.
    RunBy(&'static str),
    /// Not run, and why.
    Listed(&'static str),
}

fn fate(block: &Block) -> Option<Fate> {
    let begins = |text: &str| block.text.starts_with(text);
    Some(match block.language.as_str() {
        "console" if begins("$ make") => Fate::Listed("the targets that run this very test"),
        "console" => Fate::RunBy("every_command_runs"),
        "sh" | "crontab" => Fate::RunBy("the_settings_and_the_line_for_cron_export"),
        "sql" | "python" => Fate::RunBy("every_query_answers"),
        "text" if begins("<dest>/") => Fate::RunBy("the_lake_lies_as_drawn"),
        "text" if begins("powens-export: screens") => Fate::Listed("a picture of a terminal, shortened"),
        "jsonc" => Fate::RunBy("the_manifest_has_the_keys_that_are_shown"),
        _ => return None,
    })
}

fn blocks<'a>(languages: &'a [&str]) -> impl Iterator<Item = &'a Block> {
    BLOCKS.iter().filter(move |block| languages.contains(&block.language.as_str()))
}

/// A bank, and a lake that it was exported to twice.
struct Scene {
    bank: Bank,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let bank = Bank::new(SandboxConfig { users: 6, edge_cases: false, ..SandboxConfig::default() });
        let scene = Self { bank, folder: tempfile::tempdir().unwrap() };
        scene.bank.run(&scene.lake(), &["--format", "both"]).expect(0);
        scene
    }

    fn lake(&self) -> PathBuf {
        self.folder.path().join("lake")
    }

    /// The text with this lake in the place of the README's.
    fn here(&self, text: &str) -> String {
        text.replace("/lake/powens", self.lake().to_str().unwrap())
    }

    /// A line of a shell, with the program on the PATH.
    fn shell(&self, line: &str, settings: Vec<(String, String)>) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_powens-export"));
        let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
        let mut shell = Command::new("/bin/sh");
        shell.env_clear().env("PATH", path).envs(settings).current_dir(self.folder.path());
        shell.args(["-c", line]).output().unwrap()
    }
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn every_block_is_run_or_listed() {
    assert!(BLOCKS.len() >= 8, "the README's blocks were not found");
    for block in BLOCKS.iter() {
        assert!(fate(block).is_some(), "nobody runs this block, and nobody says why:\n{block:?}");
    }
}

#[test]
fn every_command_runs() {
    let scene = Scene::new();
    let mut run = 0;
    for block in blocks(&["console"]).filter(|block| fate(block) == Some(Fate::RunBy("every_command_runs"))) {
        for line in block.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let done = scene.shell(&scene.here(line), scene.bank.sandbox.settings());
            // Statements of a simulated bank may lack a balance, and say so with 3.
            let fine = [Some(0), if line.contains(" statements ") { Some(3) } else { Some(0) }];
            assert!(fine.contains(&done.status.code()), "$ {line}\n{}", said(&done));
            run += 1;
            // The lines of a block are alternatives: each begins without the pack of the one before.
            let _ = fs::remove_dir_all(scene.folder.path().join("october"));
        }
    }
    assert!(run >= 4, "{run} commands were found");
}

#[test]
fn the_settings_and_the_line_for_cron_export() {
    let scene = Scene::new();
    let settings = blocks(&["sh"]).find(|block| block.text.contains("POWENS_CLIENT_ID=")).unwrap();
    let sandbox: std::collections::HashMap<_, _> = scene.bank.sandbox.settings().into_iter().collect();
    let mut file = String::new();
    for line in settings.text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (name, _) = line.split_once('=').unwrap();
        let line = match name.strip_suffix("_FILE") {
            // A domain's address is not to be asked from a test.
            None if name == "POWENS_DOMAIN" => format!("POWENS_BASE_URL={}", sandbox["POWENS_BASE_URL"]),
            None => format!("{name}={}", sandbox[name]),
            Some(secret) => {
                let path = scene.folder.path().join(secret);
                fs::write(&path, &sandbox[secret]).unwrap();
                fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
                format!("{name}={}", path.display())
            }
        };
        file.push_str(&line);
        file.push('\n');
    }
    let path = scene.folder.path().join("powens-export.env");
    fs::write(&path, file).unwrap();

    let cron = blocks(&["crontab"]).next().unwrap();
    let line = cron.text.lines().find(|line| line.contains("powens-export run")).unwrap();
    let command = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == '*' || c == ' ');
    let command = command.replace("/etc/powens-export.env", path.to_str().unwrap());
    let before = fs::read(scene.lake().join("LATEST")).unwrap();
    let done = scene.shell(&scene.here(&command), Vec::new());
    assert_eq!((done.status.code(), said(&done).as_str()), (Some(0), ""));
    assert_ne!(fs::read(scene.lake().join("LATEST")).unwrap(), before, "nothing was published");
}

#[test]
fn every_query_answers() {
    let Some(python) = readers() else { return };
    let scene = Scene::new();
    let mut asked = 0;
    for block in blocks(&["sql", "python"]) {
        let done = Command::new(&python)
            .arg("-B")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readback/readme.py"))
            .args([&block.language, &scene.here(&block.text)])
            .arg(scene.lake())
            .output()
            .unwrap();
        assert!(done.status.success(), "{}\n{}", block.text, said(&done));
        asked += 1;
    }
    assert!(asked >= 2, "{asked} blocks were found");
}

#[test]
fn the_lake_lies_as_drawn() {
    let scene = Scene::new();
    let drawing = blocks(&["text"]).find(|block| block.text.starts_with("<dest>/")).unwrap();
    let lake = scene.lake();
    let run = fs::canonicalize(lake.join("latest")).unwrap();
    let mut seen = 0;
    for line in drawing.text.lines().skip(1) {
        let name = line.split_whitespace().next().unwrap().trim_end_matches('…');
        let place = if line.starts_with("    ") { &run } else { &lake };
        let name = name.replace("<run_id>", run.file_name().unwrap().to_str().unwrap());
        assert!(place.join(&name).exists(), "{name} is drawn and not there");
        seen += 1;
    }
    assert!(seen >= 7, "{seen} lines were found");
}

#[test]
fn the_manifest_has_the_keys_that_are_shown() {
    let scene = Scene::new();
    let shown = blocks(&["jsonc"]).next().unwrap();
    let plain: String = shown.text.lines().map(|line| line.split(" //").next().unwrap_or_default()).collect();
    let shown: Value = serde_json::from_str(&plain).unwrap();
    let held: Value =
        serde_json::from_slice(&fs::read(scene.lake().join("latest/manifest.json")).unwrap()).unwrap();
    for key in shown.as_object().unwrap().keys() {
        assert!(held.get(key).is_some(), "the manifest has no `{key}`");
    }
    for list in ["accounts", "tables", "files"] {
        for key in shown[list][0].as_object().unwrap().keys() {
            let known = held[list].as_array().unwrap().iter().any(|entry| entry.get(key).is_some());
            assert!(known, "no entry of `{list}` has `{key}`");
        }
    }
}
