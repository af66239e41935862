//! Walks over lists that stand still, and over lists that move.

use super::probe::{get, ids, next, renew, sandbox, walk};
use crate::sandbox::{Paging, Sandbox, Total};

fn second_user(sandbox: &Sandbox) -> (i64, String) {
    let user = sandbox.with_world(|world| world.users()[1]);
    (user, renew(sandbox, user))
}

fn row_ids(rows: &[serde_json::Value]) -> Vec<i64> {
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn a_walk_finds_every_row_once_in_order() {
    for (paging, relative, cap) in
        [(Paging::Keyset, false, None), (Paging::Keyset, true, Some(100)), (Paging::Offset, false, Some(333))]
    {
        let sandbox = sandbox(|config| {
            (config.paging, config.relative_links, config.page_cap) = (paging, relative, cap);
        })
        .await;
        let (_, token) = second_user(&sandbox);
        let rows = walk(
            &sandbox,
            "/users/me/transactions?all&limit=1000&filter=date&min_date=1900-01-01",
            &token,
            |_| {},
        );
        let mut unique = row_ids(&rows);
        assert_eq!(unique.len(), 2_317);
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), 2_317);
        let order = |row: &serde_json::Value| {
            (std::cmp::Reverse(row["date"].as_str().unwrap().to_owned()), row["id"].as_i64().unwrap())
        };
        assert!(rows.is_sorted_by_key(order));
        let pages = sandbox.requests().iter().filter(|record| record.path.ends_with("/transactions")).count();
        assert_eq!(pages, 2_317_usize.div_ceil(cap.unwrap_or(1_000)));
    }
}

#[tokio::test]
async fn links_are_opaque_and_keep_the_filters() {
    let sandbox = sandbox(|config| config.relative_links = true).await;
    let (_, token) = second_user(&sandbox);
    let page = get(&sandbox, "/users/me/transactions?all&limit=5&filter=date&min_date=2026", &token).1;
    let href = page["_links"]["next"]["href"].as_str().unwrap();
    assert!(
        href.starts_with("/2.0/users/me/transactions?all&limit=5&filter=date&min_date=2026&cursor="),
        "{href}"
    );
    assert_eq!(page["total"], get(&sandbox, &next(&page).unwrap(), &token).1["total"]);
    let dates: Vec<&str> =
        page["transactions"].as_array().unwrap().iter().map(|row| row["date"].as_str().unwrap()).collect();
    assert_eq!(page["result_max_date"], dates[0]);
    assert_eq!(page["result_min_date"], dates[4]);
    let unbounded = get(&sandbox, "/users/me/transactions?all&limit=5", &token).1;
    assert!(unbounded.get("result_min_date").is_none());
}

#[tokio::test]
async fn a_whole_page_that_is_the_last_has_no_next() {
    let sandbox = sandbox(|_| {}).await;
    let token = renew(&sandbox, sandbox.with_world(|world| world.users()[4]));
    let page = get(&sandbox, "/users/me/transactions?all&limit=1000", &token).1;
    assert_eq!(ids(&page["transactions"]).len(), 1_000);
    assert!(page["_links"]["next"].is_null());
}

#[tokio::test]
async fn keyset_walks_miss_what_moves_behind_them_and_nothing_else() {
    let sandbox = sandbox(|config| config.page_cap = Some(500)).await;
    let (user, token) = second_user(&sandbox);
    let mut fresh = (0, 0);
    let all = row_ids(&walk(&sandbox, "/users/me/transactions?all&limit=1000", &token, |_| {}));
    let (moved, gone) = (all[2_000], all[2_100]);
    let rows = row_ids(&walk(&sandbox, "/users/me/transactions?all&limit=1000", &token, |page| {
        if page == 1 {
            sandbox.with_world(|world| {
                let account = world.holdings(user).unwrap().accounts().next().unwrap().id;
                fresh.0 = world.insert_transaction(user, account, "2026-11-22", "-1.0").unwrap();
                fresh.1 = world.insert_transaction(user, account, "1990-01-01", "-2.0").unwrap();
                assert!(world.redate(user, moved, "2026-11-22"));
                assert!(world.hard_delete(user, gone));
            });
        }
    }));
    assert!(!rows.contains(&fresh.0) && rows.contains(&fresh.1));
    assert!(!rows.contains(&moved) && !rows.contains(&gone));
    assert_eq!(rows.len(), 2_317 + 1 - 2);
    // The pass over what changed brings the two that were missed.
    let since = "/users/me/transactions?all&limit=1000&last_update=2026-11-22%2003:00:00";
    let mut news = row_ids(&walk(&sandbox, since, &token, |_| {}));
    news.sort_unstable();
    let mut expected = vec![fresh.0, fresh.1, moved];
    expected.sort_unstable();
    assert_eq!(news, expected);
}

#[tokio::test]
async fn offset_walks_double_and_skip() {
    let sandbox = sandbox(|config| (config.page_cap, config.paging) = (Some(500), Paging::Offset)).await;
    let (user, token) = second_user(&sandbox);
    let all = row_ids(&walk(&sandbox, "/users/me/transactions?all&limit=1000", &token, |_| {}));
    let doubled = row_ids(&walk(&sandbox, "/users/me/transactions?all&limit=1000", &token, |page| {
        if page == 0 {
            sandbox.with_world(|world| {
                let account = world.holdings(user).unwrap().accounts().next().unwrap().id;
                world.insert_transaction(user, account, "2026-11-22", "-1.0");
            });
        }
    }));
    assert_eq!(doubled[499], doubled[500]);
    let skipped = row_ids(&walk(&sandbox, "/users/me/transactions?all&limit=1000", &token, |page| {
        if page == 0 {
            sandbox.with_world(|world| world.hard_delete(user, all[0]));
        }
    }));
    assert!(!skipped.contains(&all[499]));
}

#[tokio::test]
async fn totals_and_pages_lie_on_demand() {
    for (mode, expected) in [
        (Total::Filtered, serde_json::json!(2_317)),
        (Total::Page, serde_json::json!(10)),
        (Total::Absent, serde_json::Value::Null),
        (Total::Off(-3), serde_json::json!(2_314)),
        (Total::Text, serde_json::json!("2317")),
    ] {
        let sandbox = sandbox(|config| config.transactions_total = mode).await;
        let (_, token) = second_user(&sandbox);
        assert_eq!(get(&sandbox, "/users/me/transactions?all&limit=10", &token).1["total"], expected);
    }
    let sandbox = sandbox(|config| (config.page_size, config.paging) = (Some(1_500), Paging::NoLinks)).await;
    let (_, token) = second_user(&sandbox);
    let page = get(&sandbox, "/users/me/transactions?all&limit=10", &token).1;
    assert_eq!(ids(&page["transactions"]).len(), 1_500);
    assert!(page.get("_links").is_none());
    let rest = get(&sandbox, "/users/me/transactions?all&limit=10&offset=1500", &token).1;
    assert_eq!(ids(&rest["transactions"]).len(), 817);
}

#[tokio::test]
async fn archived_accounts_may_be_left_out_of_the_walk() {
    let sandbox = sandbox(|config| config.archived_in_walk = false).await;
    let user = sandbox.with_world(|world| world.users()[2]);
    let token = renew(&sandbox, user);
    let archived: Vec<i64> = sandbox.with_world(|world| {
        world
            .holdings(user)
            .unwrap()
            .accounts()
            .filter(|row| row.deleted.is_some())
            .map(|row| row.id)
            .collect()
    });
    let whole = sandbox.with_world(|world| world.holdings(user).unwrap().transactions().len());
    let mut found = walk(&sandbox, "/users/me/transactions?all&limit=1000", &token, |_| {}).len();
    assert!(found < whole);
    for id in archived {
        found +=
            walk(&sandbox, &format!("/users/me/accounts/{id}/transactions?all&limit=1000"), &token, |_| {})
                .len();
    }
    assert_eq!(found, whole);
}
