//! Rows 95–97: secrets, addresses, flags and files that cannot be used: a clear error, before anything is requested or
//! written, that never repeats a secret.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Bank, Program};

use super::scene::small;

/// What no header can carry, as a secret's value.
const SECRETS: &[&str] = &[
    "",
    " ",
    "\n",
    "marked\n",
    "marked token",
    "marked\ntoken",
    "marked\r\ntoken: x",
    "\tmarked",
    "marked\u{7f}",
    "markéd",
    "marked\u{200b}",
    "\u{feff}marked",
];

/// Modes of a file whose secret others could read or write.
const MODES: &[u32] = &[0o604, 0o644, 0o666, 0o602, 0o607, 0o777];

/// Addresses that are not an API's.
const ADDRESSES: &[&str] = &[
    "http://acme.biapi.pro/2.0",
    "http://127.0.0.1.nip.io/2.0",
    "http://localhost.evil.example/2.0",
    "http://0.0.0.0.example/2.0",
    "ftp://acme.biapi.pro/2.0",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "https://me:marked@acme.biapi.pro/2.0",
    "https://me@acme.biapi.pro/2.0",
    "https://@acme.biapi.pro/2.0",
    "https://acme.biapi.pro/2.0?token=marked",
    "https://acme.biapi.pro/2.0?",
    "https://acme.biapi.pro/2.0#x",
    "https://acme.biapi.pro/../2.0",
    "https://acme.biapi.pro/%32.0",
    "https://acme.biapi.pro//2.0",
    "https://acme.biapi.pro/2.0 ",
    "https://acme.biapi.pro\\2.0",
    "https://",
    "https:///2.0",
    "https:/acme.biapi.pro/2.0",
    "https:acme.biapi.pro/2.0",
    "https://acme.biapi.pro:99999/2.0",
    "acme.biapi.pro/2.0",
    "acme",
    "//acme.biapi.pro/2.0",
];

/// Names that are no domain's.
const DOMAINS: &[&str] = &[
    "-a",
    "a-",
    "a--b",
    "Acme",
    "acme.biapi.pro",
    "a/b",
    "é",
    "a b",
    "a@b",
    "https://acme.biapi.pro",
    "..",
    "a_b",
];

/// Flags of `run` that cannot be meant.
const FLAGS: &[&[&str]] = &[
    &["--from", "2026-02-30"],
    &["--from", "2026-13-01"],
    &["--from", "0000-00-00"],
    &["--from", "26-01-01"],
    &["--from", "2026/01/01"],
    &["--from", "01.02.2026"],
    &["--from", "yesterday"],
    &["--from", "2026-01-01T00:00:00Z"],
    &["--from", ""],
    &["--to", "2026-02-29"],
    &["--from", "2026-02-02", "--to", "2026-02-01"],
    &["--mode", "incremental", "--from", "2026-02-01"],
    &["--mode", "incremental", "--to", "2026-02-01"],
    &["--mode", "delta"],
    &["--mode", "FULL"],
    &["--mode", ""],
    &["--user", "0"],
    &["--user", "-1"],
    &["--user", "1.0"],
    &["--user", "1e3"],
    &["--user", "x"],
    &["--user", ""],
    &["--user", "1,2"],
    &["--user", "9223372036854775808"],
    &["--user", "../../etc"],
    &["--concurrency", "0"],
    &["--concurrency", "65"],
    &["--concurrency", "1000000000"],
    &["--concurrency", "-1"],
    &["--concurrency", "8.5"],
    &["--concurrency", "eight"],
    &["--rate", "5"],
    &["--rate", "0/s"],
    &["--rate", "-1/s"],
    &["--rate", "1.5/s"],
    &["--rate", "10/h"],
    &["--rate", "/s"],
    &["--rate", "1/s/s"],
    &["--rate", "1e3/s"],
    &["--rate", "99999999999/s"],
    &["--rate", ""],
    &["--full-every", "7"],
    &["--full-every", "0d"],
    &["--full-every", "-1d"],
    &["--full-every", "9999d"],
    &["--full-every", "1w"],
    &["--resume-max-age", "24"],
    &["--resume-max-age", "1y"],
    &["--resume-max-age", "-1h"],
    &["--resume-max-age", "h"],
    &["--max-failed", "101"],
    &["--max-failed", "-1"],
    &["--max-failed", "1.5"],
    &["--max-failed", "ten"],
    &["--decimal", "28"],
    &["--decimal", "39,2"],
    &["--decimal", "0,0"],
    &["--decimal", "28,1"],
    &["--decimal", "8,28"],
    &["--decimal", "28;8"],
    &["--decimal", "a,b"],
    &["--file-mode", "0640"],
    &["--file-mode", "0777"],
    &["--file-mode", "0200"],
    &["--file-mode", "888"],
    &["--file-mode", "44"],
    &["--file-mode", "rw"],
    &["--format", "xlsx"],
    &["--format", "Parquet"],
    &["--format", ""],
    &["--csv-profile", "excel-97"],
    &["--csv-profile", "FR"],
    &["--csv-profile", ""],
    &["--keep-last", "-1"],
    &["--keep-last", "many"],
    &["--keep-daily", "1.5"],
    &["--keep-monthly", "99999999999"],
    &["--limit", "0"],
    &["--limit", "5000"],
    &["--client-secret", "marked"],
    &["--users-token", "marked"],
    &["--users-token=marked"],
    &["--token", "marked"],
    &["--password", "marked"],
    &["--user-tokens", "/nonexistent/tokens"],
    &["--config", "/nonexistent.toml"],
    &["--accept-shrink=maybe"],
    &["surplus"],
    &["--dest"],
];

/// Destinations that are none.
const PLACES: &[&str] = &["/dev/null", "/etc/passwd", ""];

/// Files of settings that cannot be meant.
const FILES: &[&str] = &[
    "dest",
    "= 3",
    "[run]\ndest = 'x'",
    "dst = 'x'",
    "client_secret = 'marked'",
    "users_token = 'marked'",
    "password = 'marked'",
    "dest = 3",
    "domain = ['a']",
    "domain = 'a'\ndomain = 'b'",
    "domain = 'a'\nbase_url = 'https://b.example/2.0'",
    "rate = '5'",
    "rate = 5",
    "concurrency = 0",
    "concurrency = 65",
    "concurrency = '8'",
    "concurrency = -1",
    "concurrency = 70000",
    "format = 'xlsx'",
    "csv_profile = 'excel-97'",
    "decimal = '28'",
    "decimal = [28, 8]",
    "file_mode = '0640'",
    "file_mode = 440",
    "full_every = 7",
    "full_every = '0d'",
    "resume_max_age = '24'",
    "max_failed = 101",
    "max_failed = '10'",
    "max_failed = -1",
    "keep_last = -1",
    "keep_daily = 'x'",
    "mode = 'full'",
    "from = 2026-01-01",
    "user = [1]",
    "accept_shrink = true",
    "users_token_file = '/nonexistent'",
    "client_secret_file = 3",
    "ca_file = '/nonexistent.pem'",
    "\u{0}",
    "dest = 'x",
];

/// Files of user tokens that cannot be used.
const TOKENS: &[&str] = &[
    "",
    "\n\n",
    "id_user,token\n",
    "12",
    "12;marked",
    "12,",
    "0,marked",
    "-1,marked",
    "x,marked",
    "1.0,marked",
    "12,marked token",
    "12,mark\u{e9}d",
    "12,marked\n12,other",
    "12,marked\n13",
];

/// How many bad inputs the tables of this file hold.
pub(super) fn inputs() -> usize {
    2 * SECRETS.len()
        + MODES.len()
        + ADDRESSES.len()
        + DOMAINS.len()
        + FLAGS.len()
        + PLACES.len()
        + FILES.len()
        + TOKENS.len()
}

/// A bank that must not be asked, and a folder in which nothing may appear.
struct Untouched {
    bank: Bank,
    folder: tempfile::TempDir,
}

impl Untouched {
    fn new() -> Self {
        Self { bank: Bank::new(small()), folder: tempfile::tempdir().unwrap() }
    }

    fn program(&self) -> Program {
        self.bank.program().env("POWENS_USERS_TOKEN", "marked-token").current_dir(self.folder.path())
    }

    /// Exit 2 with one line that says something; nothing was requested, nothing written, no secret repeated.
    fn refuses(&self, program: Program, what: &str) -> String {
        let done = program.done();
        assert_eq!(done.code, Some(2), "{what}: {done:?}");
        assert_eq!(done.stdout, "", "{what}");
        assert!(done.stderr.starts_with("error: ") && done.stderr.len() > 20, "{what}: {}", done.stderr);
        assert!(!done.stderr.contains("marked"), "{what} repeats a secret: {}", done.stderr);
        assert_eq!(self.bank.sandbox.request_count(), 0, "{what}: something was requested");
        assert!(!self.folder.path().join("lake").exists(), "{what}: something was written");
        done.stderr
    }

    fn run<'a>(&self, program: Program, flags: impl IntoIterator<Item = &'a str>) -> Program {
        program.args(["run", "--dest", "lake"]).args(flags)
    }
}

fn private(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn fault_95_secrets_that_cannot_be_used() {
    let untouched = Untouched::new();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("secret");
    for name in ["POWENS_USERS_TOKEN", "POWENS_CLIENT_SECRET"] {
        for secret in SECRETS {
            // One line end at the end of a file is no part of the secret.
            if *secret != "marked\n" {
                let program = untouched.program().env(name, secret);
                let said = untouched.refuses(untouched.run(program, []), &format!("{name}={secret:?}"));
                assert!(said.contains(name), "{said}");
            }
            private(&file, &format!("{secret}\n"), 0o600);
            let program =
                untouched.program().without(name).env(&format!("{name}_FILE"), file.to_str().unwrap());
            if *secret != "marked\n" {
                untouched.refuses(untouched.run(program, []), &format!("{name}_FILE with {secret:?}"));
            }
        }
        for mode in MODES {
            private(&file, "marked", *mode);
            let program =
                untouched.program().without(name).env(&format!("{name}_FILE"), file.to_str().unwrap());
            let said =
                untouched.refuses(untouched.run(program, []), &format!("{name}_FILE of mode {mode:o}"));
            assert!(said.contains("chmod 600"), "{said}");
        }
    }
    for tokens in TOKENS {
        private(&file, tokens, 0o600);
        let flags = ["--user-tokens", file.to_str().unwrap()];
        untouched.refuses(untouched.run(untouched.program(), flags), &format!("tokens {tokens:?}"));
    }
}

#[test]
fn fault_96_addresses_and_authorities_that_cannot_be_used() {
    let untouched = Untouched::new();
    for address in ADDRESSES {
        let program = untouched.program().env("POWENS_BASE_URL", address);
        let said = untouched.refuses(untouched.run(program, []), address);
        assert!(said.contains("POWENS_BASE_URL"), "{said}");
    }
    for domain in DOMAINS {
        let program = untouched.program().without("POWENS_BASE_URL").env("POWENS_DOMAIN", domain);
        untouched.refuses(untouched.run(program, []), domain);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let authorities =
        ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"];
    for (at, text) in authorities.iter().enumerate() {
        let file = elsewhere.path().join(format!("ca-{at}.pem"));
        fs::write(&file, text).unwrap();
        let program = untouched.program().env("POWENS_CA_FILE", file.to_str().unwrap());
        untouched.refuses(untouched.run(program, []), &format!("the authority {text:?}"));
    }
    let program = untouched.program().env("POWENS_CA_FILE", "/nonexistent.pem");
    untouched.refuses(untouched.run(program, []), "an authority that is not there");
}

#[test]
fn fault_97_settings_that_cannot_be_used() {
    let untouched = Untouched::new();
    for flags in FLAGS {
        untouched.refuses(untouched.run(untouched.program(), flags.iter().copied()), &format!("{flags:?}"));
    }
    for place in PLACES {
        untouched.refuses(untouched.program().args(["run", "--dest", place]), &format!("--dest {place:?}"));
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("powens.toml");
    for text in FILES {
        fs::write(&file, text).unwrap();
        let program = untouched.program().without("POWENS_BASE_URL").without("POWENS_USERS_TOKEN");
        let flags = ["--config", file.to_str().unwrap()];
        untouched.refuses(untouched.run(program, flags), &format!("the file {text:?}"));
    }
}
