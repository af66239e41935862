//! Paging of every kind: nothing is lost, and the proof costs what it should.

use std::collections::BTreeSet;

use crate::extract::flag;
use crate::extract::tests::bench::{Bench, Run, plain};
use crate::model::Proof;
use crate::sandbox::{Endpoint, Paging, Rule, SandboxConfig, Total, World};
use crate::table::Table;

/// Requests for a user, renew and revoke included.
fn around(transactions: usize) -> usize {
    4 + transactions
}

#[tokio::test]
async fn one_page_of_history_costs_one_request() {
    for rows in [0, 1, 999, 1000] {
        let bench = Bench::start(plain(rows)).await;
        let user = bench.only_user();
        let run = bench.full().await;
        assert_eq!(bench.check_run(&run), rows);
        assert_eq!(run.unit(user).proof, Proof::SingleResponse);
        assert_eq!(run.unit(user).rows_held, rows as u64);
        assert_eq!(bench.count(Endpoint::Transactions), 1, "{rows} rows");
        // An account without a row: it may have been archived meanwhile, the accounts are read once more.
        let again = usize::from(run.unit(user).accounts_walked.len() > bench.accounts_with_rows(user));
        assert!(again == 0 || rows < 10, "{rows} rows");
        assert_eq!(bench.requests_of(user).len(), around(1) + again);
        assert_eq!(run.unit(user).requests as usize + 1, around(1) + again, "all but the revoking");
        assert_eq!(run.plan.estimate().requests, around(1) as u64);
        bench.assert_polite();
    }
}

#[tokio::test]
async fn keyset_pages_are_followed_by_one_quiet_pass_and_one_look_without_dates() {
    let bench = Bench::start(plain(2500)).await;
    let user = bench.only_user();
    let run = bench.full().await;
    assert_eq!(bench.check_run(&run), 2500);
    assert_eq!(run.unit(user).proof, Proof::Quiescent);
    assert!(run.unit(user).flags.is_empty(), "{:?}", run.unit(user).flags);
    // Three pages, a pass, the look without dates.
    assert_eq!(bench.count(Endpoint::Transactions), 5);
    assert_eq!((bench.count(Endpoint::Connections), bench.count(Endpoint::Accounts)), (2, 2));
    bench.assert_polite();
}

#[tokio::test]
async fn every_edge_case_of_the_sandbox_is_complete() {
    for seed in [1, 2, 3] {
        let bench = Bench::start(SandboxConfig { users: 14, seed, ..SandboxConfig::default() }).await;
        let run = bench.full().await;
        assert!(run.failed.is_empty(), "{:?}", run.failed);
        let found = bench.check_run(&run);
        assert!(found > 3000, "{found}");
        let young = run.plan.users.values().filter(|planned| !planned.action.fetches()).count();
        assert_eq!(run.units.len() + young, 14);
        assert_eq!(young, 1);
        for (user, unit) in &run.units {
            let (connections, accounts) = bench.sandbox.with_world(|world| {
                let holdings = world.holdings(user.get()).unwrap();
                let connections: Vec<i64> = holdings.connections().map(|row| row.id).collect();
                (connections, holdings.accounts().map(|row| row.id).collect::<Vec<_>>())
            });
            assert_eq!(run.ids(*user, Table::Connections).into_iter().collect::<Vec<_>>(), connections);
            assert_eq!(run.ids(*user, Table::Accounts).into_iter().collect::<Vec<_>>(), accounts);
            assert_eq!(unit.accounts_walked.len(), accounts.len());
            assert_eq!(unit.connection_states_at_end.len(), connections.len());
        }
        bench.assert_polite();
    }
}

#[tokio::test]
async fn whatever_the_paging_nothing_is_lost() {
    let caps = [None, Some(100), Some(333)];
    for paging in [Paging::Keyset, Paging::Offset, Paging::NoLinks] {
        for page_cap in caps {
            for (rows, relative_links) in [(90, false), (100, true), (1000, false), (2317, true)] {
                let config = SandboxConfig { paging, page_cap, relative_links, ..plain(rows) };
                let bench = Bench::start(config).await;
                let run = bench.full().await;
                let what = format!("{paging:?} {page_cap:?} {rows}");
                let unit = run.unit(bench.only_user());
                assert_eq!(bench.check_run(&run), rows, "{what}");
                let whole = rows <= page_cap.unwrap_or(1000);
                let expected = if whole { Proof::SingleResponse } else { Proof::Quiescent };
                assert_eq!(unit.proof, expected, "{what}: {:?}", unit.flags);
                let torn = !whole && paging != Paging::Keyset;
                assert_eq!(unit.flags.contains(&flag::OFFSET_PAGING.to_owned()), torn, "{what}");
                bench.assert_polite();
            }
        }
    }
}

#[tokio::test]
async fn a_page_longer_than_its_limit_is_a_page() {
    for (page_size, paging) in [(25, Paging::Keyset), (1500, Paging::Keyset), (1500, Paging::Offset)] {
        let bench = Bench::start(SandboxConfig { page_size: Some(page_size), paging, ..plain(1700) }).await;
        let run = bench.full().await;
        assert_eq!(bench.check_run(&run), 1700);
        assert_eq!(run.unit(bench.only_user()).proof, Proof::Quiescent);
    }
}

#[tokio::test]
async fn whatever_total_says_nothing_is_lost() {
    for paging in [Paging::Keyset, Paging::Offset, Paging::NoLinks] {
        for total in
            [Total::Page, Total::Absent, Total::Text, Total::Off(7), Total::Off(-7), Total::Off(-9000)]
        {
            for page_cap in [None, Some(50)] {
                for rows in [30, 50, 130] {
                    let config = SandboxConfig { paging, page_cap, transactions_total: total, ..plain(rows) };
                    let bench = Bench::start(config).await;
                    let run = bench.full().await;
                    let what = format!("{paging:?} {total:?} {page_cap:?} {rows}");
                    assert_eq!(bench.check_run(&run), rows, "{what}: {:?}", run.failed);
                    let unit = run.unit(bench.only_user());
                    if matches!(total, Total::Off(7) | Total::Off(-7)) {
                        assert!(unit.flags.contains(&flag::TOTAL_MISMATCH.to_owned()), "{what}: {unit:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_day_too_large_for_one_answer_takes_two_equal_walks() {
    for paging in [Paging::Offset, Paging::NoLinks] {
        let bench = Bench::start(SandboxConfig { paging, page_cap: Some(20), ..plain(60) }).await;
        let user = bench.only_user();
        let account = bench.accounts_of(user.get())[0];
        bench.sandbox.with_world(|world| {
            for _ in 0..75 {
                world.insert_transaction(user.get(), account, "2026-03-03", "-1.00").unwrap();
            }
        });
        let run = bench.full().await;
        assert_eq!(bench.check_run(&run), 135);
        assert_eq!(run.unit(user).proof, Proof::TwoPass);
    }
}

#[tokio::test]
async fn a_row_that_moves_behind_the_walk_is_found() {
    // No `total` tells of it: only what changed meanwhile does.
    let bench = Bench::start(SandboxConfig { transactions_total: Total::Absent, ..plain(2500) }).await;
    let user = bench.only_user().get();
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).nth(2).change(move |world| {
        let oldest = world.holdings(user).unwrap().transactions().iter().next_back().unwrap().id;
        // Not the newest: that one is shown by the look at the whole list.
        let day = world.day(-30);
        assert!(world.redate(user, oldest, &day));
    }));
    let run = bench.full().await;
    assert_eq!(bench.check_run(&run), 2500);
}

/// A walk over pages of twenty whose cursors count rows and do not show it. Rows come and change before the second page
/// is read, one that was read already goes before the fourth, and no `total` tells.
async fn hidden_offset(before_the_second: impl Fn(&mut World, i64, i64) + Send + 'static) -> (Bench, Run) {
    let config = SandboxConfig {
        paging: Paging::HiddenOffset,
        page_cap: Some(20),
        transactions_total: Total::Absent,
        ..plain(90)
    };
    let bench = Bench::start(config).await;
    let user = bench.only_user().get();
    let account = bench.accounts_of(user)[0];
    // Passes see only what moves under the walk.
    bench.sandbox.with_world(|world| world.advance(3 * 86_400));
    let cursor = || Rule::on(Endpoint::Transactions).query("cursor");
    bench.sandbox.inject(cursor().nth(1).change(move |world| before_the_second(world, user, account)));
    bench.sandbox.inject(cursor().nth(3).change(move |world| {
        let read = world.holdings(user).unwrap().transactions().iter().nth(30).unwrap().id;
        assert!(world.hard_delete(user, read));
    }));
    let run = bench.full().await;
    (bench, run)
}

/// The rows of the first page that come last.
fn last_of_the_first_page(world: &mut World, user: i64, n: usize) -> Vec<i64> {
    let rows = world.holdings(user).unwrap().transactions().iter();
    rows.skip(20 - n).take(n).map(|row| row.id).collect()
}

#[tokio::test]
async fn a_row_that_comes_twice_shows_that_pages_count_rows() {
    let (bench, run) = hidden_offset(|world, user, account| {
        world.insert_transaction(user, account, &world.day(0), "1.00").unwrap();
    })
    .await;
    assert!(run.unit(bench.only_user()).flags.contains(&flag::OFFSET_PAGING.to_owned()));
    assert!(bench.check_run(&run) >= 89);
}

#[tokio::test]
async fn dates_that_go_back_up_show_that_pages_count_rows() {
    let (bench, run) = hidden_offset(|world, user, account| {
        // What comes again on the second page was changed meanwhile, so that it is not the same as before.
        let again = last_of_the_first_page(world, user, 3);
        for id in &again {
            assert!(world.edit_transaction(user, *id, |row| row.wording = Some("revu".into())));
        }
        let dates = |world: &mut World| -> BTreeSet<Option<Box<str>>> {
            let holdings = world.holdings(user).unwrap();
            again.iter().map(|id| holdings.transactions().get(*id).unwrap().date.clone()).collect()
        };
        assert!(dates(world).len() > 1, "the first of them is newer than the last");
        for _ in 0..again.len() {
            world.insert_transaction(user, account, &world.day(0), "1.00").unwrap();
        }
    })
    .await;
    assert!(run.unit(bench.only_user()).flags.contains(&flag::OFFSET_PAGING.to_owned()));
    assert!(bench.check_run(&run) >= 89);
}

#[tokio::test]
async fn a_walk_that_lost_a_row_is_not_equal_to_the_next() {
    for (paging, total) in [(Paging::Offset, Total::Absent), (Paging::NoLinks, Total::Absent)] {
        let config = SandboxConfig { paging, page_cap: Some(20), transactions_total: total, ..plain(60) };
        let bench = Bench::start(config).await;
        let user = bench.only_user();
        let account = bench.accounts_of(user.get())[0];
        let day = "2026-03-03";
        bench.sandbox.with_world(|world| {
            for _ in 0..75 {
                world.insert_transaction(user.get(), account, day, "-1.00").unwrap();
            }
            world.advance(3 * 86_400);
        });
        // In the first walk of the day a row that was read goes: the first of the third page becomes the last of the second.
        let third = Rule::on(Endpoint::Transactions).query("max_date=2026-03-03&offset=40");
        bench.sandbox.inject(third.change(move |world| {
            let rows = world.holdings(user.get()).unwrap().transactions().iter();
            let first = rows.filter(|row| row.date.as_deref() == Some(day)).map(|row| row.id).next().unwrap();
            assert!(world.hard_delete(user.get(), first));
        }));
        let run = bench.full().await;
        assert_eq!(bench.check_run(&run), 134, "{paging:?}");
        assert_eq!(run.unit(user).proof, Proof::TwoPass);
    }
}

#[tokio::test]
async fn rows_that_no_window_shows_are_found_by_a_walk_without_dates() {
    for paging in [Paging::Keyset, Paging::Offset] {
        let bench = Bench::start(SandboxConfig { paging, ..plain(1200) }).await;
        let user = bench.only_user();
        let account = bench.accounts_of(user.get())[0];
        bench.sandbox.with_world(|world| {
            let id = world.insert_transaction(user.get(), account, "2026-03-03", "-1.00").unwrap();
            world.advance(30 * 86_400);
            world.quietly(|world| world.edit_transaction(user.get(), id, |row| row.date = None));
        });
        let run = bench.full().await;
        assert_eq!(bench.check_run(&run), 1201, "{paging:?}");
        assert_eq!(run.unit(user).flags.iter().filter(|f| *f == flag::WINDOW_BLIND).count(), 1);
    }
}

#[tokio::test]
async fn archived_accounts_that_the_user_s_list_leaves_out_are_walked_one_by_one() {
    let config = SandboxConfig { users: 9, archived_in_walk: false, ..SandboxConfig::default() };
    let bench = Bench::start(config).await;
    let run = bench.full().await;
    bench.check_run(&run);
    assert!(bench.count(Endpoint::AccountTransactions) > 0);
    let walked =
        run.units.values().flat_map(|unit| &unit.accounts_walked).filter(|walk| walk.complete).count();
    assert_eq!(walked, run.units.values().map(|unit| unit.accounts_walked.len()).sum::<usize>());
    bench.assert_polite();
}

#[tokio::test]
async fn rows_leave_page_by_page_and_only_once_on_quiet_data() {
    let bench = Bench::start(plain(5000)).await;
    let user = bench.only_user();
    let run = bench.full().await;
    assert_eq!(run.batches, 5, "the passes bring nothing that would be sent again");
    assert!(run.unit(user).rows_received >= 5000);
}
