//! Windows: replaced exactly, said, and widened by whoever asks for more.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::Date;
use powens_export::export::{Formats, RunConfig, RunMode, RunReport};
use powens_export::lake::build::{UnitRow, read_units};
use powens_export::lake::manifest::Mode;
use powens_export::lake::{FilePath, Snapshot};
use powens_export::model::{UnitOutcome, UserId, Window};
use powens_export::sandbox::Nights;
use powens_export::table::Table;

use super::held::{EQUAL, at_the_bank, of_one_full_run, plain, transaction_ids};
use crate::support::{Bank, assert_verified, digests, latest, rows};

const EVER: (&str, &str) = ("0000", "9999");

fn window(from: &str, to: &str) -> Window {
    let date = |text: &str| (!text.is_empty()).then(|| text.parse::<Date>().unwrap());
    Window::new(date(from), date(to)).unwrap()
}

fn run(bank: &Bank, lake: &Path, window: Window) -> RunReport {
    let report = bank.export(RunConfig { window, full_every_days: 400, ..bank.config(lake) }).unwrap();
    assert_verified(lake);
    report
}

fn units(snapshot: &Snapshot) -> Vec<UnitRow> {
    read_units(&FilePath::units().under(&snapshot.folder)).unwrap().into_values().collect()
}

/// A user's rows at the bank, oldest first: id, date.
fn dated(bank: &Bank, user: i64) -> Vec<(i64, String)> {
    bank.sandbox.with_world(|world| {
        let rows = world.holdings(user).unwrap().transactions().iter();
        let rows = rows.filter_map(|row| Some((row.id, row.date.as_deref()?.to_owned())));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by(|a, b| (&a.1, a.0).cmp(&(&b.1, b.0)));
        rows
    })
}

#[test]
fn a_window_is_replaced_and_nothing_else() {
    let bank = plain(2, 120);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    run(&bank, &lake, Window::OPEN);
    let user = bank.sandbox.with_world(|world| world.users()[0]);
    let asked = window("2025-10-01", "2026-03-31");
    let rows_at = dated(&bank, user);
    let inside = |date: &String| ("2025-10-01"..="2026-03-31").contains(&date.as_str());
    let in_window: Vec<i64> = rows_at.iter().filter(|(_, date)| inside(date)).map(|row| row.0).collect();
    let (first, last) = (rows_at[0].0, rows_at[rows_at.len() - 1].0);
    let second = rows_at[1].0;
    bank.sandbox.night_of(Nights::QUIET);
    bank.sandbox.with_world(|world| {
        // Without a trace: what the window shows, and what it does not.
        assert!(world.hard_delete(user, in_window[0]) && world.hard_delete(user, first));
        world.quietly(|world| {
            for row in [in_window[1], second] {
                world.edit_transaction(user, row, |row| row.wording = Some("EN SILENCE".into()));
            }
        });
        // Said: seen wherever it lies.
        world.edit_transaction(user, last, |row| row.wording = Some("À VOIX HAUTE".into()));
    });
    let before = latest(&lake);
    let report = run(&bank, &lake, asked);
    let manifest = &report.manifest;
    assert_eq!((manifest.mode, manifest.window.window()), (Mode::Backfill, Some(asked)));
    let after = latest(&lake);
    let wording = |row: i64| rows(&after, Table::Transactions)[&vec![row.to_string()]]["wording"].clone();
    assert!(!transaction_ids(&after).contains(&in_window[0]), "replaced");
    assert!(transaction_ids(&after).contains(&first), "carried: nobody asked for that day");
    assert_eq!((wording(in_window[1]), wording(last)), ("EN SILENCE".into(), "À VOIX HAUTE".into()));
    assert_ne!(wording(second), "EN SILENCE");
    let changes = manifest.changes[&Table::Transactions];
    assert_eq!((changes.inserted, changes.updated, changes.deleted, changes.vanished), (0, 2, 0, 1));
    // All is held still, and said to be.
    assert!(units(&after).iter().all(|unit| unit.window == Some(Window::OPEN)));
    let dates = |snapshot: &Snapshot| snapshot.manifest.window.exported;
    assert_eq!(dates(&after), dates(&before));
    let run_of = |month: &str| {
        let path = format!("parquet/transactions/month={month}/part-00000.parquet");
        manifest.files.iter().find(|file| file.path.as_str() == path).map(|file| file.since.clone())
    };
    assert_eq!(run_of("2025-07"), Some(before.run_id), "no row of that month changed");
}

#[test]
fn an_empty_lake_gets_the_window_alone_night_after_night() {
    let bank = plain(2, 120);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let asked = window("2026-01-01", "2026-06-30");
    let held = ("2026-01-01", "2026-06-30");
    let report = run(&bank, &lake, asked);
    assert_eq!((report.manifest.mode, report.manifest.window.window()), (Mode::Backfill, Some(asked)));
    let first = latest(&lake);
    assert_eq!(transaction_ids(&first), at_the_bank(&bank, held.0, held.1));
    assert!(units(&first).iter().all(|unit| unit.window == Some(asked)));
    // A change outside is none of ours, a row that moves out leaves, one that moves in comes.
    let user = bank.sandbox.with_world(|world| world.users()[0]);
    let rows_at = dated(&bank, user);
    let inside: Vec<i64> = rows_at
        .iter()
        .filter(|(_, date)| (held.0..=held.1).contains(&date.as_str()))
        .map(|row| row.0)
        .collect();
    let (leaves, comes, elsewhere) = (inside[0], rows_at[0].0, rows_at[1].0);
    bank.sandbox.night_of(Nights::QUIET);
    bank.sandbox.with_world(|world| {
        world.redate(user, leaves, "2025-12-31");
        world.redate(user, comes, "2026-02-02");
        world.edit_transaction(user, elsewhere, |row| row.wording = Some("AILLEURS".into()));
    });
    let report = run(&bank, &lake, asked);
    let second = latest(&lake);
    assert_eq!(transaction_ids(&second), at_the_bank(&bank, held.0, held.1));
    assert!(!transaction_ids(&second).contains(&leaves) && transaction_ids(&second).contains(&comes));
    let changes = report.manifest.changes[&Table::Transactions];
    assert_eq!((changes.inserted, changes.updated, changes.deleted, changes.vanished), (1, 0, 0, 1));
    // The same bytes as a lake that was filled with this window today.
    let fresh = folder.path().join("fresh");
    assert_eq!(digests(&report.manifest, EQUAL), digests(&run(&bank, &fresh, asked).manifest, EQUAL));
    let coverage = rows(&second, Table::Coverage).into_values();
    for line in coverage.filter(|line| line["rows"] != "0") {
        assert!(line["first_date"].as_str() >= held.0 && line["last_date"].as_str() <= held.1, "{line:?}");
    }
}

#[test]
fn a_window_must_touch_what_is_held() {
    let bank = plain(1, 120);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    run(&bank, &lake, window("2026-01-01", "2026-06-30"));
    let before = latest(&lake);
    bank.sandbox.forget_requests();
    for apart in [window("", "2025-12-30"), window("2026-07-02", ""), window("2020-01-01", "2020-12-31")] {
        let error = bank.export(RunConfig { window: apart, ..bank.config(&lake) }).unwrap_err();
        assert_eq!(error.exit_code(), 2, "{error}");
        assert!(error.to_string().contains("2026-01-01"), "{error}");
    }
    assert!(bank.sandbox.requests().iter().all(|request| request.user.is_none()), "no user was asked for");
    assert_eq!(latest(&lake), before);
    let error =
        RunConfig { mode: RunMode::Incremental, window: window("2026-01-01", ""), ..bank.config(&lake) };
    assert_eq!(bank.export(error).unwrap_err().exit_code(), 2);
    // The day before the first is near enough.
    run(&bank, &lake, window("2025-07-01", "2025-12-31"));
    let held = ("2025-07-01", "2026-06-30");
    assert_eq!(transaction_ids(&latest(&lake)), at_the_bank(&bank, held.0, held.1));
    assert_eq!(units(&latest(&lake))[0].window, Some(window(held.0, held.1)));
}

#[test]
fn without_dates_all_is_walked_where_less_is_held() {
    let bank = plain(3, 60);
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let users = bank.sandbox.with_world(|world| world.users());
    run(&bank, &lake, Window::OPEN);
    // A fourth user comes and is held of this year only.
    bank.sandbox.night_of(Nights { hard_deletes: false, ..Nights::default() });
    let newcomer = bank.sandbox.with_world(|world| {
        let users_now = world.users();
        users_now.into_iter().find(|user| !users.contains(user)).unwrap()
    });
    let only = vec![UserId::new(newcomer).unwrap()];
    let asked = window("2026-11-01", "");
    // Signed up moments ago, the user is left alone; a day later not.
    bank.sandbox.with_world(|world| world.advance(86_400));
    bank.export(RunConfig { window: asked, users: only, ..bank.config(&lake) }).unwrap();
    let unit = |user: i64| units(&latest(&lake)).into_iter().find(|unit| unit.user.get() == user).unwrap();
    assert_eq!(unit(newcomer).window, Some(asked));
    for user in &users {
        assert_eq!((unit(*user).outcome, unit(*user).window), (UnitOutcome::Kept, Some(Window::OPEN)));
    }
    bank.sandbox.forget_requests();
    let report = run(&bank, &lake, Window::OPEN);
    let in_full: BTreeSet<i64> = bank
        .sandbox
        .requests()
        .iter()
        .filter(|request| request.query.contains("min_date=1900-01-01"))
        .filter_map(|request| request.user)
        .collect();
    assert_eq!(in_full, BTreeSet::from([newcomer]), "of the others all is held");
    assert_eq!(unit(newcomer).window, Some(Window::OPEN));
    assert_eq!(transaction_ids(&latest(&lake)), at_the_bank(&bank, EVER.0, EVER.1));
    let full = of_one_full_run(&bank, &folder.path().join("full"), Formats::Parquet);
    assert_eq!(digests(&report.manifest, EQUAL), full);
}
