//! Packs for accountants: written by the program, opened by readers that nobody here wrote, and compared with the lake.

use std::path::Path;
use std::process::Command;

use powens_export::sandbox::{Endpoint, Fault, NewAccount, Nights, Rule, SandboxConfig, World};

use crate::support::{Bank, Done, hostile_texts, office, readers};

const PROFILES: [&str; 6] = ["iso", "fr", "de", "uk", "us", "fr-legacy"];

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
    bank.run(&lake, &[]).expect(0);
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

/// What a failed night left as it was is not complete, though nobody can say what is missing.
#[test]
fn a_user_that_is_carried_is_a_gap_and_has_no_balances() {
    let bank = Bank::new(SandboxConfig { users: 12, seed: 5, edge_cases: false, ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let (lake, pack) = (folder.path().join("lake"), folder.path().join("pack"));
    bank.run(&lake, &[]).expect(0);
    let user = bank.sandbox.with_world(|world| world.users())[0];
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Status(403)));
    bank.sandbox.night_of(Nights { users_come_and_go: false, ..Nights::default() });
    bank.run(&lake, &[]).expect(3);
    let (user, flags) = (user.to_string(), ["--month", "2026-10", "--profile", "iso"]);
    let done = statements(&bank, &lake, &pack, &[&flags[..], &["--user", &user]].concat()).expect(3);
    assert!(done.stdout.contains(": not everything could be fetched ("), "{}", done.stdout);
    let summary = std::fs::read_to_string(pack.join("summary.csv")).unwrap();
    assert!(summary.lines().nth(1).unwrap().contains("INCOMPLETE"), "{summary}");
    assert!(summary.contains("Balances not computed: the rows are not complete"), "{summary}");
}

/// Five hundred accounts and two years: `POWENS_TEST_LAKE=DIR` leaves the lake there, to measure time and memory with.
#[test]
#[ignore = "a measurement: half a minute"]
fn five_hundred_accounts_and_two_years_make_a_pack() {
    let config = SandboxConfig {
        users: 167,
        transactions_per_user: 2_160,
        edge_cases: false,
        ..SandboxConfig::default()
    };
    let bank = Bank::new(config);
    let folder = tempfile::tempdir().unwrap();
    let lake = std::env::var_os("POWENS_TEST_LAKE").map_or_else(|| folder.path().join("lake"), Into::into);
    bank.run(&lake, &["--quiet"]).expect(0);
    for format in ["csv", "xlsx", "ofx"] {
        let out = folder.path().join(format);
        let report = statements(&bank, &lake, &out, &["--format", format]).stdout;
        assert!(report.contains("501 accounts, "), "{report}");
    }
}
