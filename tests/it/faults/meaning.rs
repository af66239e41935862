//! Rows 32, 33, 40, 42–44 and 57–60: rows and lists that are whole and cannot be right, or are stranger than they look.

use std::num::NonZeroUsize;

use powens_export::export::RunConfig;
use powens_export::model::{UserId, Window};
use powens_export::sandbox::{Endpoint, Fault, NewAccount, RetryAfter, Rule, SandboxConfig};
use powens_export::table::Table;
use serde_json::value::RawValue;

use super::scene::{Scene, impatient, of_tables, paged, small};
use super::walks::rows_edited;

fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap()
}

#[test]
fn fault_32_an_id_twice() {
    // The same row twice is one row.
    let scene = Scene::new(small());
    let calm = scene.calm();
    let user = scene.user();
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().fault(rows_edited(|rows| {
        let again = rows[3].clone();
        rows.insert(7, again);
    })));
    assert_eq!(scene.run("same").whole().digests(), calm);

    // Two rows of one id and one last_update: the later one stands, and the manifest counts the conflict.
    scene.bank.sandbox.clear_rules();
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().fault(rows_edited(|rows| {
        let text = rows[3].get();
        let other = text.replacen("\"wording\": \"", "\"wording\": \"other ", 1);
        assert_ne!(other, text);
        rows.insert(7, raw(other));
    })));
    let ended = scene.run("other").whole();
    let conflicts: Vec<_> =
        ended.rows(Table::Issues).into_iter().filter(|row| row["kind"] == "conflict").collect();
    assert_eq!(conflicts.len(), 1);
    let row = ended.row(Table::Transactions, conflicts[0]["id"].parse().unwrap());
    assert!(row["wording"].starts_with("other "), "{}", row["wording"]);
    assert_eq!(ended.rows(Table::Transactions).len(), 3 * 40);
}

#[test]
fn fault_33_rows_of_somebody_else() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let (user, other) = (scene.user(), scene.users()[0]);
    let (own, foreign) = (scene.accounts(user)[0], scene.accounts(other)[0]);
    let moved = move |to: i64| {
        let (from, to) = (format!("\"id_account\": {own},"), format!("\"id_account\": {to},"));
        Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::replace(&from, &to))
    };
    // Another user's account: nobody knows what else is mixed up.
    scene.ends_run(&calm, || moved(foreign), 65, "tell the API's operator");
    let named = || {
        let (from, to) = (format!("\"id_user\": {user}"), format!("\"id_user\": {other}"));
        Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::replace(&from, &to))
    };
    scene.ends_run(&calm, named, 65, "tell the API's operator");
    // An account that nobody lists: the rows are kept, and named.
    scene.bank.sandbox.clear_rules();
    scene.inject(moved(77_777));
    let ended = scene.run("unknown").whole();
    let kinds: Vec<_> = ended.rows(Table::Issues).into_iter().map(|row| row["kind"].clone()).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| kind == "account_unknown"), "{kinds:?}");
    let rows = ended.rows(Table::Transactions);
    assert_eq!(rows.len(), 3 * 40);
    assert_eq!(
        rows.iter().filter(|row| row["id_account"] == "77777" && !row.contains_key("currency")).count(),
        kinds.len()
    );
}

#[test]
fn fault_40_rows_without_a_date_are_found_by_the_look_without_dates() {
    let scene = Scene::new(paged());
    let user = scene.user();
    let rows = scene.transactions(user);
    scene.bank.sandbox.with_world(|world| {
        for id in [rows[2], rows[20], rows[39]] {
            world.edit_transaction(user, id, |row| row.date = None);
        }
    });
    let ended = scene.run("lake").whole();
    for id in [rows[2], rows[20], rows[39]] {
        assert!(!ended.row(Table::Transactions, id).contains_key("date"));
    }
    assert_eq!(ended.rows(Table::Transactions).len(), 3 * 40);
    assert!(!ended.files("parquet/transactions/month=__HIVE_DEFAULT_PARTITION__").is_empty());
}

#[test]
fn fault_42_archived_disabled_and_orphaned_accounts_are_there() {
    let scene = Scene::new(small());
    let user = scene.user();
    let accounts = scene.accounts(user);
    let (disabled, orphan) = scene.bank.sandbox.with_world(|world| {
        world.archive_account(user, accounts[0]);
        let disabled =
            world.add_account(user, &NewAccount { disabled: true, ..NewAccount::default() }).unwrap();
        (disabled, world.add_account(user, &NewAccount::default()).unwrap())
    });
    let ended = scene.run("lake").whole();
    assert!(ended.row(Table::Accounts, accounts[0]).contains_key("deleted"));
    assert!(ended.row(Table::Accounts, disabled).contains_key("disabled"));
    assert!(!ended.row(Table::Accounts, orphan).contains_key("id_connection"));
    assert_eq!(ended.rows(Table::Transactions).len(), 3 * 40, "rows of an archived account stay");
    for request in scene.bank.sandbox.requests() {
        let listed = matches!(request.endpoint, Endpoint::Accounts | Endpoint::Transactions);
        assert!(!listed || request.query.split('&').any(|part| part == "all"), "{}", request.query);
    }
    // The user's list leaves out what is archived: it is asked for by account.
    let config = SandboxConfig { archived_in_walk: false, ..small() };
    let hiding = Scene::new(config);
    let user = hiding.user();
    let account = hiding.accounts(user)[0];
    hiding.bank.sandbox.with_world(|world| world.archive_account(user, account));
    assert_eq!(hiding.run("lake").whole().rows(Table::Transactions).len(), 3 * 40);
    assert!(hiding.requests(Endpoint::AccountTransactions) > 0);
}

#[test]
fn fault_43_a_state_that_changes_during_the_run_is_told_twice() {
    let scene = Scene::new(paged());
    let user = scene.user();
    let connection =
        scene.bank.sandbox.with_world(|world| world.holdings(user).unwrap().connections().next().unwrap().id);
    scene.inject(Rule::on(Endpoint::Transactions).user(user).nth(2).change(move |world| {
        world.set_state(user, connection, Some("wrongpass"));
    }));
    let ended = scene.run("lake").whole();
    let connections = ended.manifest().connections.clone().unwrap();
    let told = connections.iter().find(|entry| entry.id.get() == connection).unwrap();
    assert_eq!(told.state_at_end.as_deref(), Some("wrongpass"));
    assert!(ended.manifest().attention.iter().any(|entry| entry.state.as_deref() == Some("wrongpass")));
}

#[test]
fn fault_44_values_and_fields_that_nobody_knows_pass() {
    let scene = Scene::new(small());
    let user = scene.user();
    let (account, row) = (scene.accounts(user)[0], scene.transactions(user)[3]);
    scene.bank.sandbox.with_world(|world| {
        world.edit_account(user, account, |account| {
            account.kind = "hologram".into();
            account.patch.set("galaxy", r#"{"arm":"Orion"}"#);
        });
        world.edit_transaction(user, row, |row| {
            row.kind = "teleport".into();
            row.patch_mut().set("mood", "[1, 2.50]").set("zeta", "null");
        });
        let connection = world.holdings(user).unwrap().connections().next().unwrap().id;
        world.set_state(user, connection, Some("solarFlare"));
    });
    let ended = scene.run("lake").whole();
    let (account, row) = (ended.row(Table::Accounts, account), ended.row(Table::Transactions, row));
    assert_eq!((account["type"].as_str(), row["type"].as_str()), ("hologram", "teleport"));
    assert_eq!(account["extra"], r#"{"galaxy":{"arm":"Orion"}}"#);
    assert_eq!(row["extra"], r#"{"mood":[1, 2.50],"zeta":null}"#);
    assert!(
        ended.rows(Table::Connections).iter().any(|row| row.get("state").is_some_and(|s| s == "solarFlare"))
    );
    let unknown = |table: Table| {
        let entry = ended.manifest().tables.iter().find(|entry| entry.name == table).unwrap();
        entry.unknown_fields.clone()
    };
    assert_eq!(unknown(Table::Transactions).get("mood"), Some(&1));
    assert_eq!(unknown(Table::Accounts).get("galaxy"), Some(&1));
}

#[test]
fn fault_57_rows_outside_the_dates_asked_for_and_in_the_future() {
    let scene = Scene::new(small());
    let user = scene.user();
    let account = scene.accounts(user)[0];
    let (future, old) = scene.bank.sandbox.with_world(|world| {
        let future = world.insert_transaction(user, account, "2999-12-31", "-1.00").unwrap();
        (future, world.insert_transaction(user, account, "1901-03-04", "-1.00").unwrap())
    });
    let ended = scene.run("open").whole();
    assert_eq!(ended.row(Table::Transactions, future)["date"], "2999-12-31");
    assert_eq!(ended.row(Table::Transactions, old)["date"], "1901-03-04");

    let day = |text: &str| Some(text.parse().unwrap());
    let window = Window::new(day("2026-01-01"), day("2026-12-31")).unwrap();
    let ended = scene.run_with("window", |config| config.window = window).whole();
    let dates: Vec<String> =
        ended.rows(Table::Transactions).into_iter().map(|row| row["date"].clone()).collect();
    assert!(!dates.is_empty() && dates.iter().all(|date| date.starts_with("2026-")), "{dates:?}");
    let manifest = std::fs::read_to_string(scene.lake("window").join("latest/manifest.json")).unwrap();
    assert!(manifest.contains("\"filter\": \"date\"") || manifest.contains("\"filter\":\"date\""));
}

#[test]
fn fault_58_a_lake_does_not_shrink_unseen() {
    let scene = Scene::new(small());
    scene.run("lake").whole();
    let before = std::fs::read(scene.lake("lake").join("LATEST")).unwrap();
    let users = scene.users();
    scene.bank.sandbox.with_world(|world| {
        for user in &users {
            let account = world.holdings(*user).unwrap().accounts().next().unwrap().id;
            world.remove_account(*user, account);
        }
    });
    let ended = scene.run("lake");
    assert_eq!(ended.exit, 4, "{}", ended.error);
    assert!(ended.error.contains("--accept-shrink"), "{}", ended.error);
    assert_eq!(std::fs::read(scene.lake("lake").join("LATEST")).unwrap(), before, "LATEST moved");
    let ended = scene.run_with("lake", |config| config.accept_shrink = true).whole();
    assert_eq!(
        ended.digests_of(&[Table::Accounts, Table::Transactions]),
        of_tables(&scene.calm(), &["accounts", "transactions"])
    );
}

#[test]
fn fault_59_an_account_has_one_owner() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let (user, other) = (scene.user(), scene.users()[0]);
    let (own, foreign) = (scene.accounts(user)[0], scene.accounts(other)[0]);
    let rule = || {
        let (from, to) = (format!("\"id\": {own},"), format!("\"id\": {foreign},"));
        Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::replace(&from, &to))
    };
    scene.ends_run(&calm, rule, 65, "tell the API's operator");
    // Also where the other user is not asked tonight.
    scene.bank.sandbox.clear_rules();
    scene.run("alone").whole();
    scene.inject(rule());
    let ended = scene.run_with("alone", |config| config.users = vec![UserId::new(user).unwrap()]);
    assert_eq!(ended.exit, 65, "{}", ended.error);
}

/// Whoever was read first has the other's account: what was staged before the other was read is not used again.
#[test]
fn fault_59_an_account_has_one_owner_whoever_comes_first() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let (first, second) = (scene.users()[0], scene.users()[1]);
    let (own, foreign) = (scene.accounts(first)[0], scene.accounts(second)[0]);
    let as_one = |name: &str, endpoint| {
        let (from, to) = (format!("\"{name}\": {own},"), format!("\"{name}\": {foreign},"));
        Rule::on(endpoint).user(first).always().fault(Fault::replace(&from, &to))
    };
    let one_by_one = |config: &mut RunConfig| {
        config.api.concurrency = NonZeroUsize::MIN;
        config.api.timings = impatient();
    };
    for (name, endpoint) in [("id", Endpoint::Accounts), ("id_account", Endpoint::Transactions)] {
        // In one run.
        scene.bank.sandbox.clear_rules();
        scene.inject(as_one(name, endpoint));
        let ended = scene.run_with(name, one_by_one);
        assert_eq!(ended.exit, 65, "{name}: {}", ended.error);
        scene.bank.sandbox.clear_rules();
        assert_eq!(&scene.run(name).whole().digests(), &calm, "{name}");

        let throttled = Fault::TooManyRequests(RetryAfter::Seconds(1));
        // In two, of which the first ended before it saw the other user.
        let lake = format!("{name}-in-two");
        scene.inject(as_one(name, endpoint));
        scene.inject(Rule::on(Endpoint::Connections).user(second).always().fault(throttled));
        let ended = scene.run_with(&lake, one_by_one);
        assert_eq!(ended.exit, 69, "{name}: {}", ended.error);
        scene.bank.sandbox.clear_rules();
        assert_eq!(scene.run_with(&lake, one_by_one).exit, 65, "{name}");
        assert_eq!(&scene.run(&lake).whole().digests(), &calm, "{name}");
    }
}

/// What an answer once said of a user who was exported alone stops nobody once it is mended.
#[test]
fn fault_59_an_account_that_was_published_under_another_user_goes_back() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let (user, owner) = (scene.users()[0], scene.users()[1]);
    let (own, foreign) = (scene.accounts(user)[0], scene.accounts(owner)[0]);
    let fault = || Fault::replace(&format!("\"id\": {own},"), &format!("\"id\": {foreign},"));
    scene.inject(Rule::on(Endpoint::Accounts).user(user).always().fault(fault()));
    scene.run_with("lake", |config| config.users = vec![UserId::new(user).unwrap()]).whole();
    // As long as it is said, or the user fails and what was published is carried, nothing is published.
    assert_eq!(scene.run("lake").exit, 65);
    scene.bank.sandbox.clear_rules();
    scene.inject(Rule::on(Endpoint::Connections).user(user).always().fault(Fault::Status(403)));
    let ended = scene.run_with("lake", |config| config.max_failed_percent = Some(100));
    assert_eq!(ended.exit, 65, "{}", ended.error);
    scene.bank.sandbox.clear_rules();
    assert_eq!(scene.run("lake").whole().digests(), calm);
}

#[test]
fn fault_60_clocks_that_disagree() {
    let dates =
        [None, Some("Fri, 01 Jan 2038 00:00:00 GMT"), Some("Thu, 01 Jan 1970 00:00:00 GMT"), Some("noon")];
    for date in dates {
        let scene = Scene::new(paged());
        let user = scene.user();
        let rows = scene.transactions(user);
        let ended = scene.run_with("lake", |config| config.full_every_days = 400).whole();
        assert_eq!(ended.exit, 0);
        // Rows change, and one's last_update goes back.
        scene.bank.sandbox.with_world(|world| {
            world.edit_transaction(user, rows[3], |row| row.wording = Some("changed".into()));
            world.soft_delete(user, rows[5]);
            let earlier =
                world.holdings(user).unwrap().transactions().get(rows[0]).unwrap().last_update.clone();
            world.edit_transaction(user, rows[9], |row| row.wording = Some("changed too".into()));
            world.quietly(|world| world.edit_transaction(user, rows[9], |row| row.last_update = earlier));
        });
        scene.inject(
            Rule::on(powens_export::sandbox::On::Any).always().fault(Fault::Date(date.map(str::to_owned))),
        );
        let ended =
            scene.run_with("lake", |config| config.mode = powens_export::export::RunMode::Full).whole();
        scene.bank.sandbox.clear_rules();
        let tables =
            |ended: &super::scene::Ended| (ended.rows(Table::Transactions), ended.rows(Table::Accounts));
        assert_eq!(tables(&ended), tables(&scene.run("after").whole()), "{date:?}");
        // And the night after builds on that.
        scene.bank.sandbox.with_world(|world| {
            world.edit_transaction(user, rows[7], |row| row.wording = Some("changed again".into()))
        });
        let ended = scene.run("lake").whole();
        assert_eq!(tables(&ended), tables(&scene.run("after-that").whole()), "{date:?}");
    }
}
