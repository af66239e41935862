//! Night after night: changes only, and everything where changes are not enough.

use std::collections::BTreeMap;

use crate::extract::tests::bench::{Bench, Lake, plain, window};
use crate::extract::{PlanConfig, RunMode, Why, flag};
use crate::model::{Proof, UnitMode, UserId};
use crate::sandbox::{Endpoint, Fault, NewAccount, NextLink, Nights, Paging, Rule, SandboxConfig, World};

fn incremental() -> PlanConfig {
    PlanConfig { mode: RunMode::Incremental, ..PlanConfig::default() }
}

#[tokio::test]
async fn a_quiet_night_costs_four_requests_a_user_and_one_to_revoke() {
    let bench = Bench::start(SandboxConfig { users: 3, ..plain(2500) }).await;
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    bench.sandbox.night_of(Nights::QUIET);
    bench.sandbox.forget_requests();
    let run = bench.run(&lake.previous(), &incremental()).await;
    for user in bench.users() {
        let user = super::bench::user(user);
        assert_eq!(bench.requests_of(user).len(), 5);
        assert_eq!((run.unit(user).mode, run.unit(user).proof), (UnitMode::Delta, Proof::Delta));
        assert_eq!(run.plan.users[&user].estimate.requests, 5);
    }
    // Rows of the last 28 hours come again; there are hardly any.
    assert!(run.rows.values().all(|rows| rows.len() < 20));
    bench.assert_polite();
}

#[tokio::test]
async fn nights_of_every_kind_leave_the_lake_equal_to_the_bank() {
    for (paging, seed) in [(Paging::Keyset, 1), (Paging::Offset, 2), (Paging::NoLinks, 3)] {
        let config = SandboxConfig { users: 9, seed, paging, ..SandboxConfig::default() };
        let bench = Bench::start(config).await;
        let mut lake = Lake::default();
        let (mut deltas, mut fulls) = (0, 0);
        for night in 0..9 {
            let since = bench.sandbox.request_count();
            let run = bench.run(&lake.previous(), &PlanConfig::default()).await;
            assert!(matches!(run.result, Some(Ok(()))), "{:?}", run.result);
            assert!(run.failed.is_empty(), "{:?}", run.failed);
            lake.absorb(&run);
            for (user, unit) in &run.units {
                deltas += usize::from(unit.mode == UnitMode::Delta);
                fulls += usize::from(unit.mode == UnitMode::Full);
                // A row deleted without a trace stays until the next full walk: only those may be too many.
                let mut rows = lake.rows(*user).clone();
                if unit.mode == UnitMode::Delta {
                    let there: std::collections::BTreeSet<i64> =
                        bench.transactions_of(user.get()).into_iter().collect();
                    rows.retain(|id, _| there.contains(id));
                }
                bench.check(*user, &rows, since);
                assert_eq!(
                    rows.len(),
                    bench.sandbox.with_world(|world| {
                        let holdings = world.holdings(user.get()).unwrap();
                        let disabled: Vec<i64> =
                            holdings.accounts().filter(|a| a.disabled.is_some()).map(|a| a.id).collect();
                        holdings
                            .transactions()
                            .iter()
                            .filter(|row| !disabled.contains(&row.id_account))
                            .count()
                    }),
                    "night {night}, user {user}"
                );
            }
            bench.sandbox.night();
        }
        assert!(deltas > 20 && fulls > 15, "{deltas} deltas, {fulls} full walks");
        bench.assert_polite();
    }
}

#[tokio::test]
async fn another_account_makes_a_delta_walk_a_full_one() {
    let bench = Bench::start(plain(50)).await;
    let user = bench.only_user();
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    let account = bench.accounts_of(user.get())[0];
    bench.sandbox.night_of(Nights::QUIET);
    bench.sandbox.with_world(|world| world.archive_account(user.get(), account));
    let run = bench.run(&lake.previous(), &incremental()).await;
    assert_eq!(run.plan.users[&user].why, Why::Changes);
    assert_eq!(run.unit(user).mode, UnitMode::Full);
}

#[tokio::test]
async fn a_delta_of_many_pages_is_followed_by_passes() {
    for paging in [Paging::Keyset, Paging::Offset, Paging::NoLinks] {
        let bench = Bench::start(SandboxConfig { paging, ..plain(3000) }).await;
        let user = bench.only_user();
        let mut lake = Lake::default();
        lake.absorb(&bench.full().await);
        bench.sandbox.night_of(Nights::QUIET);
        let ids = bench.transactions_of(user.get());
        bench.sandbox.with_world(|world| {
            for id in ids.iter().take(1700) {
                world.edit_transaction(user.get(), *id, |row| row.wording = Some("revu".into()));
            }
        });
        let (since, late) = (bench.sandbox.request_count(), ids[2500]);
        bench.sandbox.inject(Rule::on(Endpoint::Transactions).nth(2).change(move |world| {
            world.edit_transaction(user.get(), late, |row| row.wording = Some("tard".into()));
        }));
        let run = bench.run(&lake.previous(), &incremental()).await;
        assert_eq!(run.unit(user).mode, UnitMode::Delta);
        assert!((1701..1750).contains(&run.rows_of(user).len()), "{paging:?}");
        lake.absorb(&run);
        assert_eq!(bench.check(user, lake.rows(user), since), 3000);
    }
}

#[tokio::test]
async fn a_delta_whose_next_link_is_missing_is_read_to_its_end() {
    let bench = Bench::start(plain(3000)).await;
    let user = bench.only_user();
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    bench.sandbox.night_of(Nights::QUIET);
    bench.sandbox.with_world(|world| {
        for id in most_of_them(world, user) {
            world.edit_transaction(user.get(), id, |row| row.wording = Some("revu".into()));
        }
        // No pass of the walk brings them again.
        world.advance(6 * 3600);
    });
    let since = bench.sandbox.request_count();
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).nth(2).fault(Fault::Next(NextLink::Null)));
    let run = bench.run(&lake.previous(), &incremental()).await;
    assert_eq!(run.unit(user).mode, UnitMode::Delta);
    assert!((2500..2550).contains(&run.rows_of(user).len()));
    lake.absorb(&run);
    assert_eq!(bench.check(user, lake.rows(user), since), 3000);
}

fn most_of_them(world: &mut World, user: UserId) -> Vec<i64> {
    world.holdings(user.get()).unwrap().transactions().ids().take(2500).collect()
}

#[tokio::test]
async fn an_account_that_appears_under_a_delta_walk_makes_it_a_full_one() {
    let bench = Bench::start(plain(50)).await;
    let user = bench.only_user();
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    bench.sandbox.night_of(Nights::QUIET);
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).change(move |world| {
        let new = world.add_account(user.get(), &NewAccount::default()).unwrap();
        world.insert_transaction(user.get(), new, "2026-01-01", "1.00").unwrap();
    }));
    let run = bench.run(&lake.previous(), &incremental()).await;
    assert_eq!(run.unit(user).mode, UnitMode::Full);
    assert_eq!(run.rows_of(user).len(), 51);
    bench.assert_polite();
}

/// A new account whose rows are as old as they were: no list of changes shows them.
fn with_history(world: &mut World, user: UserId, dates: &[&str]) {
    let account = world.add_account(user.get(), &NewAccount::default()).unwrap();
    for date in dates {
        world.quietly(|world| world.insert_transaction(user.get(), account, date, "1.00")).unwrap();
    }
}

#[tokio::test]
async fn an_account_that_appears_under_a_backfill_is_walked_whole() {
    let bench = Bench::start(plain(400)).await;
    let user = bench.only_user();
    let (old, new) = (window(None, Some("2025-12-31")), window(Some("2026-01-01"), None));
    let mut lake = Lake::default();
    let config = |window| PlanConfig { window, ..PlanConfig::default() };
    lake.absorb(&bench.run(&BTreeMap::new(), &config(new)).await);
    bench.sandbox.night_of(Nights::QUIET);
    let since = bench.sandbox.request_count();
    // Of the new account the window shows the older row, and the changes since the last walk show none.
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).change(move |world| {
        with_history(world, user, &["2025-11-11", "2026-02-02"]);
    }));
    let run = bench.run(&lake.previous(), &config(old)).await;
    lake.absorb(&run);
    assert!(lake.0[&user].facts.window.is_open());
    assert_eq!(lake.rows(user).len(), 402);
    bench.check(user, lake.rows(user), since);
    bench.assert_polite();
}

#[tokio::test]
async fn an_account_that_is_found_behind_the_rows_is_walked() {
    let bench = Bench::start(plain(50)).await;
    let user = bench.only_user();
    // An account without rows: the accounts are looked at once more.
    bench.sandbox.with_world(|world| world.add_account(user.get(), &NewAccount::default()).unwrap());
    bench.sandbox.inject(Rule::on(Endpoint::Accounts).nth(2).change(move |world| {
        with_history(world, user, &["2026-02-02"]);
    }));
    let run = bench.full().await;
    assert_eq!(run.rows_of(user).len(), 51);
    assert!(run.unit(user).flags.contains(&flag::ACCOUNTS_CHANGED.to_owned()));
    bench.assert_polite();
}

/// An API whose list of a user's transactions leaves out archived accounts, and a user with two accounts.
async fn hiding() -> (Bench, UserId, i64) {
    let bench = Bench::start(SandboxConfig { archived_in_walk: false, ..plain(50) }).await;
    let user = bench.only_user();
    let account = bench.sandbox.with_world(|world| {
        let account = world.add_account(user.get(), &NewAccount::default()).unwrap();
        world.insert_transaction(user.get(), account, "2026-01-01", "1.00").unwrap();
        world.advance(3 * 86_400);
        account
    });
    (bench, user, account)
}

#[tokio::test]
async fn an_account_archived_just_before_a_full_walk_in_one_response_keeps_its_rows() {
    let (bench, user, account) = hiding().await;
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).change(move |world| {
        world.archive_account(user.get(), account);
    }));
    let run = bench.full().await;
    assert_eq!(bench.check_run(&run), 51);
    assert_eq!(bench.count(Endpoint::AccountTransactions), 1, "{:?}", run.unit(user).flags);
    bench.assert_polite();
}

#[tokio::test]
async fn an_account_archived_just_before_a_delta_walk_shows_what_changed() {
    let (bench, user, account) = hiding().await;
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    bench.sandbox.night_of(Nights::QUIET);
    bench.sandbox.with_world(|world| world.insert_transaction(user.get(), account, "2026-01-02", "2.00"));
    let since = bench.sandbox.request_count();
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).change(move |world| {
        world.archive_account(user.get(), account);
    }));
    let run = bench.run(&lake.previous(), &incremental()).await;
    assert_eq!(run.unit(user).mode, UnitMode::Full);
    lake.absorb(&run);
    assert_eq!(bench.check(user, lake.rows(user), since), 52);
    bench.assert_polite();
}

#[tokio::test]
async fn a_backfill_walks_the_window_and_what_changed_since() {
    let bench = Bench::start(plain(400)).await;
    let user = bench.only_user();
    let (old, new) = (window(None, Some("2025-12-31")), window(Some("2026-01-01"), None));
    let mut lake = Lake::default();
    let config = |window| PlanConfig { window, ..PlanConfig::default() };
    let run = bench.run(&BTreeMap::new(), &config(new)).await;
    let unit = run.unit(user);
    assert_eq!((unit.mode, unit.window), (UnitMode::Window, new));
    assert!(run.rows_of(user).values().all(|row| new.contains(row.date)) && !run.rows_of(user).is_empty());
    lake.absorb(&run);
    bench.sandbox.night();
    let since = bench.sandbox.request_count();
    let run = bench.run(&lake.previous(), &config(old)).await;
    if run.unit(user).mode == UnitMode::Window {
        assert_eq!(run.unit(user).full_walk_start, lake.0[&user].facts.full_walk_start);
    }
    lake.absorb(&run);
    assert!(lake.0[&user].facts.window.is_open());
    let there = bench.transactions_of(user.get());
    let mut rows = lake.rows(user).clone();
    rows.retain(|id, _| there.contains(id));
    bench.check(user, &rows, since);
    assert_eq!(rows.len(), there.len());
}

#[tokio::test]
async fn a_walk_that_lost_many_rows_is_seen_twice() {
    let bench = Bench::start(plain(100)).await;
    let user = bench.only_user();
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    let full = PlanConfig { mode: RunMode::Full, ..PlanConfig::default() };
    let ids = bench.transactions_of(user.get());
    // Half of the rows are missing from one answer only.
    let hidden: Vec<i64> = ids.iter().copied().take(50).collect();
    bench
        .sandbox
        .with_world(|world| hidden.iter().for_each(|id| assert!(world.hard_delete(user.get(), *id))));
    bench.sandbox.forget_requests();
    let run = bench.run(&lake.previous(), &full).await;
    assert_eq!(bench.count(Endpoint::Transactions), 2);
    assert_eq!(run.rows_of(user).len(), 50);
    assert!(run.unit(user).flags.contains(&flag::SHRUNK.to_owned()));
    lake.absorb(&run);
    bench.sandbox.forget_requests();
    let again = bench.run(&lake.previous(), &full).await;
    assert!(again.unit(user).flags.is_empty());
    assert_eq!(bench.count(Endpoint::Transactions), 1);
}
