//! `status`: a lake at a glance, good news and bad, for people and for machines.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use powens_export::sandbox::{Endpoint, Fault, Nights, Rule};
use serde_json::{Value, json};

use crate::support::{Bank, Done, Program};

/// A moment so many days after the bank's present, as the API writes it.
fn days_from_now(bank: &Bank, days: i64) -> Box<str> {
    let now = bank.sandbox.with_world(|world| world.clock().now()) + SignedDuration::from_hours(24 * days);
    now.to_zoned(jiff::tz::TimeZone::get("Europe/Paris").unwrap())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
        .into()
}

/// Changes a user's only connection and its first source.
fn edit(bank: &Bank, user: i64, edit: impl FnOnce(&mut powens_export::sandbox::world::rows::Connection)) {
    bank.sandbox.with_world(|world| {
        let connection = world.holdings(user).unwrap().connections().next().unwrap().id;
        assert!(world.edit_connection(user, connection, edit));
    });
}

fn status(lake: &Path, flags: &[&str]) -> Done {
    Program::new().args(["status", lake.to_str().unwrap()]).args(flags.iter().copied()).done()
}

/// Two nights. In the second, one user must authenticate again, the consents of two end soon and have ended, a bank has
/// been silent for days although it says all is well, and one user cannot be fetched.
fn lake_with_bad_news(bank: &Bank, lake: &Path) {
    bank.run(lake, &[]).expect(0);
    bank.sandbox.night_of(Nights::QUIET);
    let users = bank.sandbox.with_world(|world| world.users());
    edit(bank, users[0], |row| {
        row.state = Some("SCARequired".into());
        row.sources[0].state = Some("SCARequired".into());
    });
    for (user, days) in [(users[1], 13), (users[2], -2), (users[5], 15)] {
        let moment = days_from_now(bank, days);
        edit(bank, user, |row| row.sources[0].access_expire = Some(moment));
    }
    let silent = days_from_now(bank, -5);
    edit(bank, users[3], |row| {
        row.last_update = Some(silent.clone());
        row.sources[0].last_update = Some(silent);
    });
    bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(users[4]).always().fault(Fault::Status(403)));
    bank.run(lake, &[]).expect(3);
    bank.sandbox.clear_rules();
}

/// The text with `[run 1]`, `[run 2]`, … for the names of runs and `[folder]` for where the lake lies.
fn tame(text: &str, lake: &Path) -> String {
    let mut text = text.replace(lake.parent().unwrap().to_str().unwrap(), "[folder]");
    let mut runs: Vec<_> =
        std::fs::read_dir(lake.join("snapshots")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The longest first: a second run of a second is named after the first.
    runs.sort_by_key(|run| std::cmp::Reverse((run.len(), run.clone())));
    let mut in_order = runs.clone();
    in_order.sort();
    for run in &runs {
        let number = in_order.iter().position(|other| other == run).unwrap() + 1;
        text = text.replace(run.to_str().unwrap(), &format!("[run {number}]"));
    }
    text
}

/// The page with `[…]` for what no two runs have in common: durations and days of this machine, and sizes.
fn masked(page: &str, bank: &Bank) -> String {
    let address = bank.sandbox.base_url();
    let page = page.replace(address.split('/').nth(2).unwrap(), "[bank]");
    page.lines().map(|line| masked_line(line) + "\n").collect()
}

fn masked_line(line: &str) -> String {
    for (before, after) in [("its data are ", " old"), (", took ", ""), ("; since ", ";")] {
        if let Some((kept, rest)) = line.split_once(before) {
            let tail = rest.find(after).filter(|_| !after.is_empty()).map_or("", |at| &rest[at..]);
            return format!("{kept}{before}[…]{tail}");
        }
    }
    let mut words: Vec<&str> = line.split_whitespace().collect();
    let is_size = |pair: &[&str]| {
        ["B", "kB", "MB"].contains(&pair[1]) && pair[0].starts_with(|c: char| c.is_ascii_digit())
    };
    let Some(at) = words.windows(2).position(is_size) else { return line.to_owned() };
    words.splice(at..at + 2, ["[…]"]);
    format!("  {}", words.join(" "))
}

#[test]
fn good_news_and_bad_at_a_glance() {
    let bank = Bank::plain(6);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    bank.run(&lake, &[]).expect(0);
    let good = status(&lake, &["--check"]).expect(0);
    assert!(!good.stdout.contains("Incomplete") && !good.stdout.contains("need somebody"), "{}", good.stdout);

    let bad = folder.path().join("bad");
    lake_with_bad_news(&bank, &bad);
    let done = status(&bad, &[]).expect(0);
    assert_eq!(done.stderr, "");
    assert_eq!(status(&bad, &["--check"]).expect(3).stdout.lines().count(), done.stdout.lines().count());
    insta::assert_snapshot!("status_with_bad_news", masked(&tame(&done.stdout, &bad), &bank));
}

#[test]
fn a_machine_reads_the_same() {
    let bank = Bank::plain(6);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    lake_with_bad_news(&bank, &lake);
    let before = Timestamp::now();
    let done = status(&lake, &["--json"]).expect(0);
    let mut view: Value = serde_json::from_str(&tame(&done.stdout, &lake)).unwrap();

    // What depends on this machine's clock: right, and then left out.
    let now: Timestamp = view["now"].as_str().unwrap().parse().unwrap();
    assert!(before.duration_since(now).abs() < SignedDuration::from_hours(1));
    assert!(view["snapshot"]["age_seconds"].as_u64().unwrap() < 3_600);
    let present = json!("[now]");
    view["now"] = present.clone();
    view["snapshot"]["finished_at"] = present.clone();
    view["snapshot"]["age_seconds"] = json!(0);
    for size in ["/snapshot/bytes", "/growth/0/bytes", "/growth/1/bytes"] {
        assert!(view.pointer(size).unwrap().as_u64().unwrap() > 10_000);
        *view.pointer_mut(size).unwrap() = json!("[bytes]");
    }
    view["source"]["host"] = json!("[host]");
    for list in ["attention", "incomplete"] {
        for entry in view[list].as_array_mut().unwrap() {
            assert!(entry["since"].is_string(), "{entry}");
            entry["since"] = present.clone();
        }
    }
    insta::assert_json_snapshot!("status_json", view);
}

#[test]
fn growth_goes_back_a_week_of_snapshots_and_passes_over_what_cannot_be_read() {
    let bank = Bank::plain(6);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    for _ in 0..9 {
        bank.export(bank.config(&lake)).unwrap();
        bank.sandbox.night_of(Nights::QUIET);
    }
    let mut runs: Vec<_> = std::fs::read_dir(lake.join("snapshots"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    runs.sort();
    let broken = lake.join("snapshots").join(&runs[7]).join("manifest.json");
    std::fs::remove_file(&broken).unwrap();
    let view: Value = serde_json::from_str(&status(&lake, &["--json"]).expect(0).stdout).unwrap();
    let growth: Vec<&str> =
        view["growth"].as_array().unwrap().iter().map(|row| row["run_id"].as_str().unwrap()).collect();
    assert_eq!(growth, [8, 6, 5, 4, 3, 2, 1].map(|number: usize| runs[number].as_str()));
}
