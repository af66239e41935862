//! The rules about users, one test each: who is walked in full and why, who is carried, kept and gone, when nothing is
//! published, and what a second attempt may use of the first.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use powens_export::export::{ExportError, Formats, RunConfig, RunMode};
use powens_export::lake::FilePath;
use powens_export::lake::build::{UnitRow, read_units};
use powens_export::lake::manifest::Status;
use powens_export::model::{Reason, UnitOutcome, UserId, Window};
use powens_export::sandbox::{Endpoint, Fault, NewAccount, Nights, Rule, SandboxConfig, Total, World};
use powens_export::table::Table;

use super::held::{EQUAL, of_one_full_run, plain, transaction_ids};
use crate::support::{Bank, assert_verified, digests, latest, rows};

/// A bank, and a lake that holds it.
struct House {
    bank: Bank,
    lake: PathBuf,
    folder: tempfile::TempDir,
}

impl House {
    fn of(bank: Bank) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let house = Self { bank, lake: folder.path().join("lake"), folder };
        house.run().unwrap();
        house.quiet_night();
        house
    }

    fn plain(users: usize, transactions: usize) -> Self {
        Self::of(plain(users, transactions))
    }

    /// Changes only, as long as nothing asks for more.
    fn config(&self) -> RunConfig {
        RunConfig { full_every_days: 400, ..self.bank.config(&self.lake) }
    }

    fn run(&self) -> Result<(), ExportError> {
        self.export(self.config())
    }

    fn export(&self, config: RunConfig) -> Result<(), ExportError> {
        self.bank.sandbox.forget_requests();
        let before = self.lake.join("LATEST").exists().then(|| latest(&self.lake));
        let result = self.bank.export(config).map(drop);
        match (&result, before) {
            (Ok(()), _) => assert_verified(&self.lake),
            (Err(_), Some(before)) => assert_eq!(latest(&self.lake), before, "nothing is published"),
            (Err(_), None) => assert!(!self.lake.join("LATEST").exists()),
        }
        result
    }

    fn quiet_night(&self) {
        self.bank.sandbox.night_of(Nights::QUIET);
    }

    fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        self.bank.sandbox.with_world(look)
    }

    fn users(&self) -> Vec<i64> {
        self.world(|world| world.users())
    }

    fn refuse(&self, user: i64) {
        let rule = Rule::on(Endpoint::Accounts).user(user).always();
        self.bank.sandbox.inject(rule.fault(Fault::Status(403)));
    }

    fn unit(&self, user: i64) -> UnitRow {
        let path = FilePath::units().under(&latest(&self.lake).folder);
        read_units(&path).unwrap()[&UserId::new(user).unwrap()].clone()
    }

    /// Users who were asked for anything in the last run.
    fn asked(&self) -> BTreeSet<i64> {
        self.bank.sandbox.requests().iter().filter_map(|request| request.user).collect()
    }

    /// Users who were walked in full in the last run.
    fn walked_in_full(&self) -> BTreeSet<i64> {
        let requests = self.bank.sandbox.requests();
        let full = requests.iter().filter(|request| request.query.contains("min_date=1900-01-01"));
        full.filter_map(|request| request.user).collect()
    }

    fn assert_like_one_full_run(&self) {
        let lake = self.folder.path().join("full");
        let full = of_one_full_run(&self.bank, &lake, Formats::Parquet);
        std::fs::remove_dir_all(lake).unwrap();
        assert_eq!(digests(&latest(&self.lake).manifest, EQUAL), full);
    }
}

fn refused(result: Result<(), ExportError>) -> String {
    let error = result.unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    error.to_string()
}

#[test]
fn every_change_of_structure_makes_a_full_walk() {
    type Change = fn(&mut World, i64, i64);
    let changes: [(&str, Change); 11] = [
        ("account archived", |world, user, account| assert!(world.archive_account(user, account))),
        ("account back", |world, user, account| {
            assert!(world.edit_account(user, account, |row| row.deleted = None));
        }),
        ("account disabled", |world, user, account| {
            let now = world.clock().paris_text();
            assert!(world.edit_account(user, account, |row| row.disabled = Some(now)));
        }),
        ("account enabled", |world, user, account| assert!(world.enable_account(user, account))),
        ("another source", |world, user, account| {
            assert!(world.edit_account(user, account, |row| row.id_source = Some(424_242)));
        }),
        ("another currency", |world, user, account| {
            assert!(world.edit_account(user, account, |row| row.currency = Some("CHF".into())));
        }),
        ("another connection", |world, user, account| {
            assert!(world.edit_account(user, account, |row| row.id_connection = None));
        }),
        ("connection added", |world, user, _| {
            let connector = world.connectors()[0].id;
            world.add_connection(user, connector).unwrap();
        }),
        ("account added", |world, user, _| {
            world.add_account(user, &NewAccount { disabled: true, ..NewAccount::default() }).unwrap();
        }),
        ("account gone", |world, user, account| assert!(world.remove_account(user, account))),
        ("connection gone", |world, user, _| {
            // An empty one: its accounts would be another reason.
            let connection = world.holdings(user).unwrap().connections().last().unwrap().id;
            assert!(world.remove_connection(user, connection));
        }),
    ];
    let house = House::plain(2, 20);
    let user = house.users()[0];
    let account = house.world(|world| world.holdings(user).unwrap().accounts().next().unwrap().id);
    for (what, change) in changes {
        house.world(|world| change(world, user, account));
        house.export(RunConfig { accept_shrink: true, ..house.config() }).unwrap();
        assert_eq!(house.walked_in_full(), BTreeSet::from([user]), "{what}");
        house.quiet_night();
        house.run().unwrap();
        assert_eq!(house.walked_in_full(), BTreeSet::new(), "the night after: {what}");
        house.assert_like_one_full_run();
        house.quiet_night();
    }
}

#[test]
fn a_row_that_moves_to_another_month_leaves_its_old_one() {
    let house = House::plain(2, 20);
    let user = house.users()[0];
    let rows_of = |house: &House| rows(&latest(&house.lake), Table::Transactions);
    let rows_held = rows_of(&house).len();
    let row = house.world(|world| world.holdings(user).unwrap().transactions().ids().next().unwrap());
    house.world(|world| assert!(world.redate(user, row, "2024-02-29")));
    house.run().unwrap();
    assert_eq!(house.walked_in_full(), BTreeSet::new(), "changes show it");
    // Reading by key finds a copy that stayed behind.
    assert_eq!(rows_of(&house)[&vec![row.to_string()]]["date"], "2024-02-29");
    assert_eq!(rows_of(&house).len(), rows_held);
    let changes = latest(&house.lake).manifest.changes[&Table::Transactions];
    assert_eq!((changes.inserted, changes.updated, changes.deleted, changes.vanished), (0, 1, 0, 0));
    house.assert_like_one_full_run();
}

#[test]
fn a_row_without_last_update_makes_every_walk_a_full_one() {
    let house = House::plain(2, 20);
    let user = house.users()[1];
    let row = house.world(|world| {
        let row = world.holdings(user).unwrap().transactions().ids().next().unwrap();
        world.edit_transaction(user, row, |row| row.last_update = None);
        row
    });
    house.export(RunConfig { mode: RunMode::Full, ..house.config() }).unwrap();
    house.quiet_night();
    // Its changes would not show.
    house.world(|world| {
        world.quietly(|world| world.edit_transaction(user, row, |row| row.wording = Some("CACHÉ".into())));
    });
    house.run().unwrap();
    assert_eq!(house.walked_in_full(), BTreeSet::from([user]));
    house.assert_like_one_full_run();
}

#[test]
fn full_walks_are_spread_over_the_nights() {
    let house = House::plain(12, 3);
    let config = || RunConfig { full_every_days: 4, ..house.config() };
    let mut walks: BTreeMap<i64, usize> = BTreeMap::new();
    for night in 0..8 {
        house.export(config()).unwrap();
        let tonight = house.walked_in_full();
        // The first nights are after one on which everybody was walked.
        assert!(tonight.len() < 12, "night {night}: {tonight:?}");
        for user in tonight {
            *walks.entry(user).or_default() += 1;
        }
        house.quiet_night();
    }
    assert_eq!(walks.len(), 12);
    assert!(walks.values().all(|walks| *walks == 2), "{walks:?}");
    // After nights without a run everybody is overdue; `--mode incremental` does not mind.
    (0..5).for_each(|_| house.quiet_night());
    house.export(RunConfig { mode: RunMode::Incremental, ..config() }).unwrap();
    assert_eq!(house.walked_in_full().len(), 0);
    house.export(config()).unwrap();
    assert_eq!(house.walked_in_full().len(), 12);
}

#[test]
fn a_user_that_fails_is_carried_since_then_and_walked_in_full_when_it_works_again() {
    let house = House::plain(4, 20);
    let user = house.users()[2];
    let before = house.unit(user);
    house.refuse(user);
    house.run().unwrap();
    let first = latest(&house.lake).manifest;
    let carried = house.unit(user);
    assert_eq!((carried.outcome, carried.reason), (UnitOutcome::Carried, Some(Reason::Forbidden)));
    assert_eq!((carried.walk_start, carried.rows), (before.walk_start, before.rows));
    assert_eq!((first.status, first.users.carried, first.incomplete.len()), (Status::Partial, 1, 1));
    house.quiet_night();
    house.run().unwrap();
    let second = latest(&house.lake).manifest;
    assert_eq!(second.incomplete[0].since, first.incomplete[0].since, "since the first failure");
    assert_ne!(second.started_at, first.started_at);
    // Kept for a night: it is not forgotten.
    house.quiet_night();
    let others = vec![UserId::new(house.users()[0]).unwrap()];
    house.export(RunConfig { users: others, ..house.config() }).unwrap();
    let kept = house.unit(user);
    assert_eq!((kept.outcome, kept.reason, kept.since), (UnitOutcome::Kept, carried.reason, carried.since));
    assert_eq!(
        latest(&house.lake).manifest.status,
        Status::Complete,
        "not in the plan: no matter of this run"
    );
    house.bank.sandbox.clear_rules();
    house.run().unwrap();
    assert_eq!(house.walked_in_full(), BTreeSet::from([user]));
    assert_eq!((house.unit(user).outcome, house.unit(user).reason), (UnitOutcome::Complete, None));
    house.assert_like_one_full_run();
}

#[test]
fn a_row_that_cannot_be_stored_is_named_until_it_is_gone() {
    let house = House::plain(3, 20);
    let user = house.users()[1];
    // One row comes without the id that would name it, whenever everything is asked for.
    let row = house.world(|world| world.holdings(user).unwrap().transactions().ids().next().unwrap());
    let rule = Rule::on(Endpoint::Transactions).user(user).always();
    let fault = Fault::replace(&format!("\"id\": {row},"), "\"id\": null,");
    house.bank.sandbox.inject(rule.fault(fault));
    let named = || {
        let manifest = latest(&house.lake).manifest;
        manifest.incomplete.iter().filter(|entry| entry.reason == Reason::RowWithoutKey).count()
    };
    house.export(RunConfig { mode: RunMode::Full, ..house.config() }).unwrap();
    assert_eq!((named(), latest(&house.lake).manifest.status), (1, Status::Partial));
    house.quiet_night();
    let others = vec![UserId::new(house.users()[0]).unwrap()];
    house.export(RunConfig { users: others, ..house.config() }).unwrap();
    assert_eq!(named(), 0, "this run did not ask");
    // Changes alone would not show the row, and call the user complete.
    house.quiet_night();
    house.run().unwrap();
    assert_eq!(house.walked_in_full(), BTreeSet::from([user]));
    assert_eq!(named(), 1);
    house.bank.sandbox.clear_rules();
    house.quiet_night();
    house.run().unwrap();
    assert_eq!((named(), house.walked_in_full()), (0, BTreeSet::from([user])));
    house.assert_like_one_full_run();
}

/// The list of users without this one, as a server shows it that is in the middle of something.
fn hides(user: i64) -> Fault {
    Fault::edit(move |body| {
        let mut list: serde_json::Value = serde_json::from_slice(&body).unwrap();
        list["users"].as_array_mut().unwrap().retain(|row| row["id"] != user);
        if let Some(total) = list["total"].as_u64() {
            list["total"] = (total - 1).into();
        }
        serde_json::to_vec(&list).unwrap()
    })
}

#[test]
fn a_user_is_gone_only_when_a_second_reading_agrees() {
    // One of six is no more than a fifth of the accounts.
    let house = House::plain(6, 20);
    let user = house.users()[3];
    let held = transaction_ids(&latest(&house.lake));
    house.bank.sandbox.inject(Rule::on(Endpoint::Users).fault(hides(user)));
    house.run().unwrap();
    assert_eq!(house.unit(user).outcome, UnitOutcome::Kept);
    assert_eq!(transaction_ids(&latest(&house.lake)), held, "the first reading alone takes nobody's rows");
    assert!(rows(&latest(&house.lake), Table::Users).contains_key(&vec![user.to_string()]));
    house.bank.sandbox.clear_rules();
    house.world(|world| assert!(world.remove_user(user)));
    house.quiet_night();
    house.run().unwrap();
    let lists = house.bank.sandbox.requests();
    assert_eq!(lists.iter().filter(|request| request.endpoint == Endpoint::Users).count(), 2);
    assert_eq!(house.unit(user).outcome, UnitOutcome::Gone);
    assert_eq!(latest(&house.lake).manifest.users.gone, 1);
    house.assert_like_one_full_run();
}

#[test]
fn a_user_who_leaves_under_the_run_is_gone_and_no_failure() {
    let house = House::plain(6, 20);
    let user = house.users()[1];
    house.bank.sandbox.inject(Rule::on(Endpoint::Accounts).user(user).change(move |world| {
        world.remove_user(user);
    }));
    house.run().unwrap();
    let manifest = latest(&house.lake).manifest;
    assert_eq!((manifest.status, manifest.users.gone, manifest.users.carried), (Status::Complete, 1, 0));
    house.assert_like_one_full_run();
}

#[test]
fn many_failures_publish_nothing_and_the_next_attempt_asks_the_failed_alone() {
    let house = House::plain(10, 10);
    let users = house.users();
    (0..2).for_each(|place| house.refuse(users[place]));
    let told = refused(house.run());
    assert!(told.contains("2 of 10 users failed"), "{told}");
    // One of ten is no more than ten percent, and one is always allowed.
    house.bank.sandbox.clear_rules();
    house.refuse(users[0]);
    house.run().unwrap();
    assert_eq!(house.asked(), BTreeSet::from([users[0], users[1]]), "what was fetched is kept");
    assert_eq!(latest(&house.lake).manifest.users.carried, 1);
    house.quiet_night();
    house.refuse(users[1]);
    refused(house.export(RunConfig { max_failed_percent: Some(19), ..house.config() }));
    house.export(RunConfig { max_failed_percent: Some(20), ..house.config() }).unwrap();
    assert_eq!(latest(&house.lake).manifest.users.carried, 2);
}

#[test]
fn many_users_gone_publish_nothing_unless_that_is_accepted() {
    let house = House::plain(20, 3);
    let users = house.users();
    for user in &users[..5] {
        house.world(|world| assert!(world.remove_user(*user)));
    }
    house.export(RunConfig { accept_shrink: true, ..house.config() }).unwrap();
    house.quiet_night();
    for user in &users[5..11] {
        house.world(|world| assert!(world.remove_user(*user)));
    }
    let told = refused(house.run());
    assert!(told.contains("6 of 15 users are gone"), "{told}");
    house.export(RunConfig { accept_shrink: true, ..house.config() }).unwrap();
    assert_eq!(house.asked(), BTreeSet::new(), "what was fetched is kept for the run that accepts it");
    assert_eq!(latest(&house.lake).manifest.users.gone, 6);
    house.assert_like_one_full_run();
}

#[test]
fn rows_that_are_gone_unexplained_publish_nothing() {
    let house = House::plain(3, 40);
    let full = || RunConfig { mode: RunMode::Full, ..house.config() };
    let all = {
        let users = house.users();
        let of = |user: i64| {
            house.world(|world| world.holdings(user).unwrap().transactions().ids().collect::<Vec<_>>())
        };
        let of_user = |user: i64| of(user).into_iter().map(move |row| (user, row));
        users.into_iter().flat_map(of_user).collect::<Vec<(i64, i64)>>()
    };
    // A third is marked deleted: that explains itself.
    for (user, row) in all.iter().step_by(3) {
        house.world(|world| assert!(world.soft_delete(*user, *row)));
    }
    house.run().unwrap();
    house.quiet_night();
    // A third goes without a trace.
    for (user, row) in all.iter().skip(1).step_by(3) {
        house.world(|world| assert!(world.hard_delete(*user, *row)));
    }
    house.run().unwrap();
    assert_eq!(transaction_ids(&latest(&house.lake)).len(), all.len(), "changes do not show it");
    let told = refused(house.export(full()));
    assert!(told.contains("live transactions where there were"), "{told}");
    house.export(RunConfig { accept_shrink: true, ..full() }).unwrap();
    assert_eq!(house.asked(), BTreeSet::new());
    house.assert_like_one_full_run();
}

#[test]
fn accounts_that_are_gone_unexplained_publish_nothing() {
    let house = House::plain(3, 0);
    let account =
        |user: i64| house.world(|world| world.holdings(user).unwrap().accounts().last().unwrap().id);
    let users = house.users();
    // Three of nine archived: they say so.
    for user in &users {
        let account = account(*user);
        house.world(|world| assert!(world.archive_account(*user, account)));
    }
    house.run().unwrap();
    house.quiet_night();
    for user in &users[..2] {
        let first = house.world(|world| world.holdings(*user).unwrap().accounts().next().unwrap().id);
        house.world(|world| assert!(world.remove_account(*user, first)));
    }
    let told = refused(house.run());
    assert!(told.contains("4 live accounts where there were 6"), "{told}");
    house.export(RunConfig { accept_shrink: true, ..house.config() }).unwrap();
    house.assert_like_one_full_run();
}

#[test]
fn nothing_is_published_on_a_list_of_users_that_is_not_proven() {
    let bank = Bank::new(SandboxConfig { users: 3, users_total: Total::Off(2), ..SandboxConfig::default() });
    let folder = tempfile::tempdir().unwrap();
    let lake = folder.path().join("lake");
    let config = RunConfig { accept_shrink: true, max_failed_percent: Some(100), ..bank.config(&lake) };
    let error = bank.export(config).unwrap_err();
    assert_eq!(error.exit_code(), 4, "{error}");
    assert!(!lake.join("LATEST").exists());
}

#[test]
fn another_plan_uses_of_a_stage_only_what_is_enough_for_it() {
    let house = House::plain(6, 10);
    let users = house.users();
    let all: BTreeSet<i64> = users.iter().copied().collect();
    let selected = |places: &[usize]| -> Vec<UserId> {
        places.iter().map(|place| UserId::new(users[*place]).unwrap()).collect()
    };
    let stop = |config: RunConfig| {
        (0..2).for_each(|place| house.refuse(users[place]));
        refused(house.export(config));
        house.bank.sandbox.clear_rules();
    };
    // Changes are not enough for a full run; everything is enough for a run of changes.
    stop(house.config());
    house.export(RunConfig { mode: RunMode::Full, ..house.config() }).unwrap();
    assert_eq!(house.asked(), all);
    house.quiet_night();
    stop(RunConfig { mode: RunMode::Full, ..house.config() });
    house.run().unwrap();
    assert_eq!(house.asked(), BTreeSet::from([users[0], users[1]]));
    // A run for some users takes these alone.
    house.quiet_night();
    stop(house.config());
    house.export(RunConfig { users: selected(&[1, 2]), ..house.config() }).unwrap();
    assert_eq!(house.asked(), BTreeSet::from([users[1]]));
    let outcome = |place: usize| house.unit(users[place]).outcome;
    assert_eq!((outcome(2), outcome(3)), (UnitOutcome::Complete, UnitOutcome::Kept));
    // Other dates, another age, another parent: another run.
    house.quiet_night();
    let date = |text: &str| Some(text.parse().unwrap());
    stop(RunConfig { window: Window::new(date("2026-01-01"), None).unwrap(), ..house.config() });
    house.run().unwrap();
    assert_eq!(house.asked(), all);
    house.quiet_night();
    stop(house.config());
    house.world(|world| world.advance(25 * 3_600));
    house.run().unwrap();
    assert_eq!(house.asked(), all, "too old to be resumed");
    // A user who left meanwhile is dropped from the stage.
    house.quiet_night();
    stop(house.config());
    house.world(|world| assert!(world.remove_user(users[3])));
    house.run().unwrap();
    assert_eq!(house.unit(users[3]).outcome, UnitOutcome::Gone);
    house.assert_like_one_full_run();
}

#[test]
fn a_user_who_has_just_signed_up_is_left_alone_and_named() {
    let house = House::plain(2, 5);
    let young = house.world(|world| {
        let now = world.clock().paris_text();
        world.add_user_signed(&now)
    });
    house.run().unwrap();
    let manifest = latest(&house.lake).manifest;
    assert_eq!((manifest.status, manifest.users.skipped), (Status::Complete, 1));
    assert_eq!(house.unit(young).reason, Some(Reason::TooYoung));
    assert!(!house.asked().contains(&young), "no token for somebody who may be temporary");
    house.quiet_night();
    house.run().unwrap();
    assert_eq!(house.unit(young).outcome, UnitOutcome::Complete);
}

#[test]
fn users_asked_for_must_exist() {
    let house = House::plain(2, 5);
    let unknown = vec![UserId::new(987_654_321).unwrap()];
    let error = house.export(RunConfig { users: unknown, ..house.config() }).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(error.to_string().contains("987654321"), "{error}");
}

#[test]
fn connectors_that_cannot_be_read_are_those_of_the_last_snapshot() {
    let house = House::plain(2, 5);
    let before = latest(&house.lake).manifest;
    house.bank.sandbox.inject(Rule::on(Endpoint::Connectors).always().fault(Fault::Status(403)));
    house.run().unwrap();
    let after = latest(&house.lake).manifest;
    let of = |manifest| digests(manifest, &[Table::Connectors, Table::ConnectorSources]);
    assert_eq!(of(&after), of(&before));
    assert!(after.flags.iter().any(|flag| flag.flag == "connectors_not_fetched"));
    assert_eq!(after.status, Status::Complete);
}

/// A folder is no lake: nothing can be built upon it.
#[test]
fn changes_alone_need_something_to_build_upon() {
    let bank = plain(1, 5);
    let folder = tempfile::tempdir().unwrap();
    let config = |path: &Path| RunConfig { mode: RunMode::Incremental, ..bank.config(path) };
    let error = bank.export(config(&folder.path().join("lake"))).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    assert!(bank.sandbox.requests().is_empty());
}
