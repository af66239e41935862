//! The lists of the domain: users and connectors.

use std::collections::BTreeMap;

use crate::extract::tests::bench::{Bench, user};
use crate::extract::{ExtractErrorKind, Why};
use crate::sandbox::{Endpoint, Fault, NextLink, Rule, SandboxConfig, Total, UserList};

fn domain(users: usize, user_list: UserList, users_total: Total) -> SandboxConfig {
    SandboxConfig {
        users,
        user_list,
        users_total,
        edge_cases: false,
        transactions_per_user: 1,
        ..SandboxConfig::default()
    }
}

#[tokio::test]
async fn one_answer_with_its_total_is_proof() {
    let bench = Bench::start(domain(40, UserList::OffsetPaged, Total::Filtered)).await;
    let list = bench.fetcher().users().await.unwrap();
    assert!(list.proven && !list.total_mismatch);
    assert_eq!(list.users.keys().map(|user| user.get()).collect::<Vec<_>>(), bench.users());
    assert_eq!(bench.count(Endpoint::Users), 1);
    assert_eq!(list.rows.iter().map(|rows| rows.num_rows()).sum::<usize>(), 40);
}

#[tokio::test]
async fn whatever_the_paging_every_user_is_listed() {
    let lists = [
        UserList::Unpaged,
        UserList::OffsetPaged,
        UserList::WithLinks,
        UserList::RefusesLimit,
        UserList::IgnoresOffset,
        UserList::Capped(7),
        UserList::Capped(1000),
    ];
    for user_list in lists {
        for users_total in [Total::Filtered, Total::Absent, Total::Text] {
            for users in [0, 1, 40, 1000, 1203] {
                let what = format!("{user_list:?} {users_total:?} {users}");
                let bench = Bench::start(domain(users, user_list, users_total)).await;
                let list = bench.fetcher().users().await.unwrap();
                // A server that takes a limit and no offset hides the rest, and without a total nothing says so.
                if user_list == UserList::IgnoresOffset && users > 1000 && users_total == Total::Absent {
                    assert_eq!(list.users.len(), 1000, "{what}");
                    continue;
                }
                assert!(list.proven, "{what}");
                assert_eq!(
                    list.users.keys().map(|user| user.get()).collect::<Vec<_>>(),
                    bench.users(),
                    "{what}"
                );
                assert_eq!(list.rows.iter().map(|rows| rows.num_rows()).sum::<usize>(), users, "{what}");
                bench.assert_polite();
            }
        }
    }
}

#[tokio::test]
async fn a_list_shorter_than_its_total_is_not_proven() {
    let bench = Bench::start(domain(40, UserList::Unpaged, Total::Off(3))).await;
    let list = bench.fetcher().users().await.unwrap();
    assert!(!list.proven && list.total_mismatch);
    let bench = Bench::start(domain(40, UserList::Unpaged, Total::Off(-3))).await;
    let list = bench.fetcher().users().await.unwrap();
    assert!(list.proven && list.total_mismatch, "nobody is missing");
}

#[tokio::test]
async fn users_who_come_while_the_list_is_paged_are_found() {
    let bench = Bench::start(domain(40, UserList::Capped(7), Total::Filtered)).await;
    bench.sandbox.inject(Rule::on(Endpoint::Users).nth(4).change(|world| {
        let first = world.users()[0];
        world.remove_user(first);
        world.add_user();
    }));
    let list = bench.fetcher().users().await.unwrap();
    assert!(list.proven);
    let now = bench.users();
    assert!(now.iter().all(|id| list.contains(user(*id))));
}

#[tokio::test]
async fn young_users_are_skipped_and_never_get_a_token() {
    let bench = Bench::start(domain(3, UserList::OffsetPaged, Total::Filtered)).await;
    let (young, future) = bench.sandbox.with_world(|world| {
        let now = world.clock().paris_text();
        (world.add_user_signed(&now), world.add_user_signed("2031-01-01 00:00:00"))
    });
    let run = bench.full().await;
    for id in [young, future] {
        assert_eq!(run.plan.users[&user(id)].why, Why::TooYoung);
        assert!(!run.units.contains_key(&user(id)));
    }
    assert_eq!(run.units.len(), 3);
    bench.assert_polite();
}

#[tokio::test]
async fn wrong_tokens_end_the_run() {
    let bench = Bench::start(domain(6, UserList::OffsetPaged, Total::Filtered)).await;
    let fetcher = bench.fetcher_with("wrong".to_owned());
    let list = fetcher.users().await.unwrap();
    let plan = crate::extract::plan(&list, &BTreeMap::new(), &crate::extract::PlanConfig::default()).unwrap();
    let run = bench.fetch(&fetcher, plan, &BTreeMap::new()).await;
    let error = run.result.unwrap().unwrap_err();
    assert_eq!(error.kind(), ExtractErrorKind::Exit(crate::api::ExitClass::Credentials), "{error}");
    assert!(run.units.is_empty());
    bench.sandbox.inject(Rule::on(Endpoint::Users).always().fault(Fault::Status(401)));
    let error = bench.fetcher().users().await.unwrap_err();
    assert_eq!(error.kind(), ExtractErrorKind::Exit(crate::api::ExitClass::Credentials), "{error}");
}

#[tokio::test]
async fn a_users_link_to_another_host_is_not_followed() {
    let bench = Bench::start(domain(40, UserList::WithLinks, Total::Filtered)).await;
    let host = bench.sandbox.decoy_url();
    bench.sandbox.inject(Rule::on(Endpoint::Users).fault(Fault::Next(NextLink::To(format!("{host}/users")))));
    let error = bench.fetcher().users().await.unwrap_err();
    assert_eq!(error.kind(), ExtractErrorKind::Exit(crate::api::ExitClass::Data), "{error}");
    bench.assert_polite();
}

#[tokio::test]
async fn connectors_come_with_their_sources() {
    let bench = Bench::start(domain(1, UserList::OffsetPaged, Total::Filtered)).await;
    let connectors = bench.fetcher().connectors().await.unwrap();
    let count = bench.sandbox.with_world(|world| world.connectors().len());
    assert_eq!(connectors.rows.iter().map(|rows| rows.num_rows()).sum::<usize>(), count);
    assert!(connectors.sources.iter().map(|rows| rows.num_rows()).sum::<usize>() >= count);
    assert_eq!(bench.count(Endpoint::Connectors), 1);
}
