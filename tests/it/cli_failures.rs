//! What goes wrong with a bank, a lake or a pack: what is said, as reviewed text, and what the exit code is.
//!
//! What the program gives up on after minutes is asked of the library, with its durations scaled down: the program says
//! the same words.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use powens_export::api::{BaseUrl, Timings};
use powens_export::encode::Sha256;
use powens_export::export::RunConfig;
use powens_export::lake::{LakeError, Latest};
use powens_export::sandbox::{Endpoint, Fault, RetryAfter, Rule, SandboxConfig};

use crate::support::{Bank, Program};

/// A bank, a folder, and what was said so far.
struct Story {
    bank: Bank,
    folder: tempfile::TempDir,
    text: String,
}

impl Story {
    fn new() -> Self {
        let bank = Bank::new(SandboxConfig { users: 4, edge_cases: false, ..SandboxConfig::default() });
        Self { bank, folder: tempfile::tempdir().unwrap(), text: String::new() }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program with words in which `[folder]` stands for the folder, and notes what it says.
    fn told(&mut self, what: &str, program: Program, words: &[&str], code: i32) {
        let folder = self.folder.path().to_str().unwrap().to_owned();
        let real: Vec<String> = words.iter().map(|word| word.replace("[folder]", &folder)).collect();
        let done = program.args(real.iter().map(String::as_str)).done().expect(code);
        let stderr: String =
            done.stderr.lines().filter(|line| is_message(line)).map(|line| format!("{line}\n")).collect();
        assert!(stderr.starts_with("error: "), "{what}: {}", done.stderr);
        let stderr = self.tame(&stderr.replace(&folder, "[folder]"));
        let _ = write!(self.text, "# {what}\n$ powens-export {}\n{stderr}exit {code}\n\n", words.join(" "));
    }

    fn bank_told(&mut self, what: &str, words: &[&str], code: i32) {
        let program = self.bank.program();
        self.told(what, program, words, code);
    }

    /// Ports and the names of runs differ each time.
    fn tame(&self, text: &str) -> String {
        let address = self.bank.sandbox.base_url();
        let authority = address.split('/').nth(2).unwrap();
        let mut text = text.replace(authority, "[bank]");
        if let Ok(entries) = fs::read_dir(self.path("lake/snapshots")) {
            for entry in entries {
                text = text.replace(entry.unwrap().file_name().to_str().unwrap(), "[run]");
            }
        }
        masked(&text)
    }

    /// A run through the library whose waits and patience are a thousandth of the program's. What an answer may take is
    /// not scaled: a busy machine is no outage.
    fn impatient(&self) -> RunConfig {
        let mut config = self.bank.config(&self.path("lake"));
        let short = Timings::scaled(0.001);
        config.api.timings = Timings {
            throttle_patience: short.throttle_patience,
            first_success_patience: short.first_success_patience,
            outage_patience: short.outage_patience,
            ..config.api.timings
        };
        config
    }

    /// Runs it, and notes how it ends.
    fn gave_up(&mut self, what: &str, config: RunConfig, code: u8) {
        let error = self.bank.export(config).unwrap_err();
        assert_eq!(error.exit_code(), code, "{what}: {error}");
        let said = self.tame(&error.to_string());
        let _ = write!(self.text, "# {what}\nerror: {said}\nexit {code}\n\n");
    }

    fn lake(&mut self) -> PathBuf {
        let lake = self.path("lake");
        self.bank.run(&lake, &[]).expect(0);
        lake
    }
}

/// Numbers, times and digests that differ from run to run, as `[…]`.
fn masked(text: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(' ') {
        let before = words.last().map(String::as_str).unwrap_or_default();
        let varies = ["(process", "since", "request", "user", "after", "in"].contains(&before);
        let is_time = |c: char| c.is_ascii_digit() || "-T:Z".contains(c);
        let tail = match before {
            "since" => word.trim_start_matches(is_time),
            _ => word.trim_start_matches(|c: char| c.is_ascii_digit()),
        };
        let digest = word.split('"').find(|part| part.len() == 64);
        words.push(match digest {
            Some(digest) => word.replace(digest, "[…]"),
            None if varies && tail.len() < word.len() => format!("[…]{tail}"),
            None => word.to_owned(),
        });
    }
    words.join(" ")
}

/// A line of an error; progress lines begin with a time.
fn is_message(line: &str) -> bool {
    !line.starts_with(|c: char| c.is_ascii_digit())
}

const RUN: &[&str] = &["run", "--dest", "[folder]/lake"];

fn with<'a>(words: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [words, more].concat()
}

#[test]
fn what_the_api_refuses_or_gets_wrong() {
    let mut story = Story::new();
    let wrong = story.bank.program().env("POWENS_USERS_TOKEN", "wrong");
    story.told("a wrong users token", wrong, RUN, 77);
    let wrong = story.bank.program().env("POWENS_CLIENT_SECRET", "wrong");
    story.told("a wrong client secret", wrong, RUN, 77);
    let page = Fault::Body(404, "text/html".to_owned(), b"<h1>not here</h1>".to_vec());
    for (what, fault, code) in
        [("another web server", page, 65), ("a redirect", Fault::RedirectAway(302), 65)]
    {
        story.bank.sandbox.inject(Rule::on(Endpoint::Users).always().fault(fault));
        story.bank_told(what, RUN, code);
        story.bank.sandbox.clear_rules();
    }
    assert!(!story.path("lake/LATEST").exists());
    insta::assert_snapshot!("api_failures", story.text);
}

#[test]
fn what_the_program_gives_up_on() {
    let mut story = Story::new();
    let login = Fault::Body(200, "text/html".to_owned(), b"<h1>please log in</h1>".to_vec());
    for (what, fault, code) in [
        ("a login page in the API's place", login, 65),
        ("a gateway that finds nobody", Fault::Status(502), 69),
        ("an API that throttles for ever", Fault::TooManyRequests(RetryAfter::Seconds(1)), 69),
        ("answers that are cut", Fault::CutBody(10), 69),
    ] {
        story.bank.sandbox.inject(Rule::on(Endpoint::Users).always().fault(fault));
        let config = story.impatient();
        story.gave_up(what, config, code);
        story.bank.sandbox.clear_rules();
    }
    let mut config = story.impatient();
    // Port 1 of this machine: nobody listens there.
    config.api.base_url = BaseUrl::parse("http://127.0.0.1:1/2.0").unwrap();
    story.gave_up("nobody at the address", config, 69);
    assert!(!story.path("lake/LATEST").exists());
    insta::assert_snapshot!("patience_failures", story.text);
}

#[test]
fn what_contradicts_the_lake_or_its_guard() {
    let mut story = Story::new();
    story.bank_told("incremental, and nothing to build on", &with(RUN, &["--mode", "incremental"]), 2);
    let lake = story.lake();
    let before = fs::read(lake.join("LATEST")).unwrap();
    story.bank_told("users that nobody knows", &with(RUN, &["--user", "999998", "--user", "999999"]), 2);
    story.bank_told("another decimal type", &with(RUN, &["--decimal", "38,18"]), 2);
    let held = fs::File::options().write(true).open(lake.join(".lock")).unwrap();
    held.lock().unwrap();
    story.bank_told("another run", RUN, 75);
    held.unlock().unwrap();
    story.bank.sandbox.inject(Rule::on(Endpoint::Accounts).always().fault(Fault::Status(404)));
    story.bank_told("all users fail", RUN, 4);
    story.bank.sandbox.clear_rules();
    assert_eq!(fs::read(lake.join("LATEST")).unwrap(), before, "what was published is unchanged");
    insta::assert_snapshot!("lake_failures", story.text);
}

#[test]
fn what_is_wrong_with_a_destination() {
    let mut story = Story::new();
    let open = story.path("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    story.bank_told("a folder that everybody can write to", &["run", "--dest", "[folder]/open"], 74);
    fs::write(story.path("file"), "").unwrap();
    story.bank_told("below a file", &["run", "--dest", "[folder]/file/lake"], 74);
    assert_eq!(fs::read_dir(&open).unwrap().count(), 0);
    // A disk cannot be filled here without filling everybody's: what is said of one is said all the same.
    let full = LakeError::NoSpace { root: "[folder]/lake".into(), free: 1_000_000, needed: 2_500_000 };
    let _ = write!(story.text, "# too little room\nerror: {full}\nexit {}\n", full.kind().exit_code());
    insta::assert_snapshot!("destination_failures", story.text);
}

#[test]
fn what_is_wrong_with_a_published_snapshot() {
    let mut story = Story::new();
    let lake = story.lake();
    let unknown = ["verify", "[folder]/lake", "--run", "20200101T000000Z"];
    story.told("a run that is not there", Program::new(), &unknown, 2);
    let manifest = lake.join("latest/manifest.json");
    edit(&manifest, |text| text.replacen("\"complete\"", "\"partial\"", 1));
    for verb in ["status", "statements"] {
        let mut words = vec![verb, "[folder]/lake"];
        if verb == "statements" {
            words.extend(["--out", "[folder]/pack"]);
        }
        story.told(&format!("a manifest that was edited, {verb}"), Program::new(), &words, 5);
    }
    story.bank_told("a manifest that was edited, run", RUN, 5);
    let pointer = fs::read(lake.join("LATEST")).unwrap();
    fs::write(lake.join("LATEST"), "yesterday\n").unwrap();
    story.told("a pointer that is none", Program::new(), &["status", "[folder]/lake"], 5);
    fs::write(lake.join("LATEST"), pointer).unwrap();
    take_for_newer(&lake);
    for (what, words) in [("status", vec!["status", "[folder]/lake"]), ("run", RUN.to_vec())] {
        story.bank_told(&format!("a lake of a newer program, {what}"), &words, 2);
    }
    insta::assert_snapshot!("snapshot_failures", story.text);
}

#[test]
fn what_is_wrong_with_a_pack() {
    let mut story = Story::new();
    story.lake();
    let pack = ["statements", "[folder]/lake", "--out", "[folder]/pack"];
    fs::create_dir(story.path("pack")).unwrap();
    story.told("a folder that is there", Program::new(), &pack, 2);
    fs::write(story.path("pack/letter.txt"), "dear").unwrap();
    story.told("a folder that is no pack", Program::new(), &with(&pack, &["--force"]), 2);
    let nowhere = ["statements", "[folder]/lake", "--out", "[folder]/none/pack"];
    story.told("in a folder that does not exist", Program::new(), &nowhere, 2);
    let other = ["statements", "[folder]/lake", "--out", "[folder]/other"];
    story.told("an unknown account", Program::new(), &with(&other, &["--account", "999999"]), 2);
    story.told("an unknown user", Program::new(), &with(&other, &["--user", "999999"]), 2);
    story.told("no month", Program::new(), &with(&other, &["--month", "2026-13"]), 2);
    assert!(!story.path("other").exists());
    assert_eq!(fs::read(story.path("pack/letter.txt")).unwrap(), b"dear");
    insta::assert_snapshot!("pack_failures", story.text);
}

#[test]
fn what_is_wrong_with_files_of_settings_and_secrets() {
    let mut story = Story::new();
    let private = |path: &Path, text: &str| {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    };
    for (what, text) in [
        ("a key that is none", "destination = \"lake\"\n"),
        ("a secret's value", "domain = \"acme\"\nclient_secret = \"marked\"\n"),
        ("a value of another type", "keep_last = \"seven\"\n"),
        ("no TOML", "dest = lake\n"),
    ] {
        private(&story.path("settings.toml"), text);
        story.bank_told(what, &["run", "--config", "[folder]/settings.toml"], 2);
    }
    for (what, text) in [
        ("a line of user tokens without a token", "id_user,token\n4101\n"),
        ("a line of user tokens without a user", "me,marked\n"),
        ("user tokens, one user twice", "4101,marked\n4101,marked\n"),
    ] {
        private(&story.path("tokens.csv"), text);
        story.bank_told(what, &with(RUN, &["--user-tokens", "[folder]/tokens.csv"]), 2);
    }
    for (what, name, value) in [
        ("an empty secret", "POWENS_CLIENT_SECRET", ""),
        ("a secret with a line break", "POWENS_CLIENT_SECRET", "marked\nmarked"),
        ("a client id that is none", "POWENS_CLIENT_ID", "client 1"),
        ("a domain and an address", "POWENS_DOMAIN", "acme"),
        ("a certificate file that is not there", "POWENS_CA_FILE", "/nonexistent.pem"),
        ("a log filter that is none", "RUST_LOG", "powens=loud=louder"),
    ] {
        let program = story.bank.program().env(name, value);
        story.told(&format!("{what}: {name}"), program, RUN, 2);
    }
    assert!(!story.text.contains("marked"), "a secret is echoed:\n{}", story.text);
    assert_eq!(story.bank.sandbox.requests().len(), 0, "something was requested");
    assert!(!story.path("lake").exists(), "something was written");
    insta::assert_snapshot!("settings_failures", story.text);
}

/// Makes the last snapshot look as a program of the future would leave it.
fn take_for_newer(lake: &Path) {
    let manifest = lake.join("latest/manifest.json");
    edit(&manifest, |text| text.replacen("\"manifest_version\": 1,", "\"manifest_version\": 99,", 1));
    let bytes = fs::read(lake.join("LATEST")).unwrap();
    let mut latest: Latest = serde_json::from_slice(&bytes).unwrap();
    latest.sha256 = Sha256::of(&fs::read(&manifest).unwrap());
    edit(&lake.join("LATEST"), |_| String::from_utf8(latest.to_bytes().unwrap()).unwrap());
}

fn edit(path: &Path, change: impl Fn(String) -> String) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let text = fs::read_to_string(path).unwrap();
    let changed = change(text.clone());
    assert_ne!(text, changed);
    fs::write(path, changed).unwrap();
}
