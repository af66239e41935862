//! Rows 28–31, 34–39 and 41: lists that move under the walk, or lie about their length and order.

use powens_export::model::Reason;
use powens_export::sandbox::{Endpoint, Fault, NextLink, Paging, Rule, SandboxConfig, Total, World};
use powens_export::table::Table;
use serde_json::value::RawValue;

use super::scene::{Ended, Scene, paged, small};

/// Links that name a row, and links that count rows.
fn pagings() -> [SandboxConfig; 3] {
    [Paging::Keyset, Paging::Offset, Paging::NoLinks].map(|paging| SandboxConfig { paging, ..paged() })
}

/// Something happens before the second request for a user's transactions: what is published in the end is what a calm
/// run of the bank publishes after that.
fn moves(change: impl Fn(&mut World, i64, &[i64]) + Clone + Send + 'static) {
    for config in pagings() {
        let what = format!("{:?}", config.paging);
        let scene = Scene::new(config);
        let (user, rows) = (scene.user(), scene.transactions(scene.user()));
        let change = change.clone();
        scene.inject(
            Rule::on(Endpoint::Transactions)
                .user(user)
                .nth(2)
                .change(move |world| change(world, user, &rows)),
        );
        let ended = scene.run("lake").whole();
        assert_eq!(ended.digests(), scene.calm(), "{what}");
    }
}

/// An answer for one user's transactions lies, and nothing is lost.
fn lies(config: SandboxConfig, rule: impl Fn(Rule) -> Rule) -> Ended {
    let what = format!("{config:?}");
    let scene = Scene::new(config);
    let calm = scene.calm();
    scene.inject(rule(Rule::on(Endpoint::Transactions).user(scene.user())));
    let ended = scene.run("lake").whole();
    assert_eq!(ended.digests(), calm, "{what}");
    ended
}

#[test]
fn fault_28_a_row_is_inserted_during_the_walk() {
    moves(|world, user, _| {
        let account = world.holdings(user).unwrap().accounts().next().unwrap().id;
        for (days, value) in [(0, "-1.01"), (-400, "-2.02"), (-3, "3.00")] {
            let day = world.day(days);
            world.insert_transaction(user, account, &day, value).unwrap();
        }
    });
}

#[test]
fn fault_29_a_row_is_deleted_without_a_trace_during_the_walk() {
    for config in pagings() {
        let what = format!("{:?}", config.paging);
        let scene = Scene::new(config);
        let (user, rows) = (scene.user(), scene.transactions(scene.user()));
        let deleted = [rows[rows.len() - 1], rows[0], rows[rows.len() / 2]];
        scene.inject(Rule::on(Endpoint::Transactions).user(user).nth(2).change(move |world| {
            for id in deleted {
                assert!(world.hard_delete(user, id));
            }
        }));
        let ended = scene.run("lake").whole();
        let ids = |ended: &Ended| -> Vec<String> {
            ended.rows(Table::Transactions).into_iter().map(|row| row["id"].clone()).collect()
        };
        // What was there all the time is there; what went during the walk may be.
        let (found, there) = (ids(&ended), ids(&scene.run("after").whole()));
        assert!(there.iter().all(|id| found.contains(id)), "{what}: a row is lost");
        let gone: Vec<String> = deleted.iter().map(ToString::to_string).collect();
        assert!(found.iter().all(|id| there.contains(id) || gone.contains(id)), "{what}: a row is made up");
    }
}

#[test]
fn fault_30_a_row_is_marked_deleted_during_the_walk() {
    moves(|world, user, rows| {
        for id in [rows[0], rows[rows.len() / 2], rows[rows.len() - 1]] {
            assert!(world.soft_delete(user, id));
        }
    });
}

#[test]
fn fault_31_a_row_changes_its_date_during_the_walk() {
    moves(|world, user, rows| {
        let (newest, oldest) = (world.day(0), world.day(-500));
        assert!(world.redate(user, rows[0], &newest));
        assert!(world.redate(user, rows[rows.len() - 1], &oldest));
        assert!(world.redate(user, rows[rows.len() / 2], &newest));
    });
}

#[test]
fn fault_34_a_next_link_that_leads_back() {
    let scene = Scene::new(paged());
    let calm = scene.calm();
    scene.bank.sandbox.forget_requests();
    let itself =
        |user| Rule::on(Endpoint::Transactions).user(user).nth(1).fault(Fault::Next(NextLink::Itself));
    scene.fails_alone(&calm, itself, Reason::NextLoop);
    let later =
        |user| Rule::on(Endpoint::Transactions).user(user).nth(2).fault(Fault::Next(NextLink::Itself));
    scene.fails_alone(&calm, later, Reason::NextLoop);
}

#[test]
fn fault_35_next_links_without_end() {
    // More pages than empty ones are suffered, and each of them has a next link.
    let scene = Scene::new(SandboxConfig { page_cap: Some(4), ..small() });
    let calm = scene.calm();
    scene.bank.sandbox.forget_requests();
    let rule = |user| {
        Rule::on(Endpoint::Transactions).user(user).query("filter=date").always().fault(Fault::EmptyPage)
    };
    scene.fails_alone(&calm, rule, Reason::PageLimit);
}

#[test]
fn fault_36_the_total_says_more_than_the_links_show() {
    for link in [NextLink::Null, NextLink::Missing, NextLink::NoLinks] {
        for page in [1, 2] {
            let link = link.clone();
            lies(paged(), move |rule| rule.nth(page).fault(Fault::Next(link.clone())));
        }
    }
    for off in [-7, -1, 1, 7] {
        for config in [small(), paged()] {
            let scene = Scene::new(SandboxConfig { transactions_total: Total::Off(off), ..config.clone() });
            let ended = scene.run("lake").whole();
            assert_eq!(ended.digests(), Scene::new(config).calm(), "{off}");
        }
    }
}

#[test]
fn fault_37_totals_that_are_none() {
    for total in ["-1", "null", "1e3", "12.5", "\"40\"", "9223372036854775807", "1e400", "[]", "{}", "true"] {
        for config in [small(), paged()] {
            let total = total.to_owned();
            lies(config, move |rule| {
                let total = total.clone();
                rule.always().fault(Fault::edit(move |body| {
                    let text = String::from_utf8(body).unwrap();
                    let at = text.rfind("\"total\": ").unwrap();
                    format!("{}\"total\": {total}}}", &text[..at]).into_bytes()
                }))
            });
        }
    }
    for total in [Total::Absent, Total::Page, Total::Text] {
        let scene = Scene::new(SandboxConfig { transactions_total: total, ..paged() });
        assert_eq!(scene.run("lake").whole().digests(), Scene::new(paged()).calm(), "{total:?}");
    }
}

#[test]
fn fault_38_the_limit_is_ignored() {
    let calm = Scene::new(small()).calm();
    for page_size in [1, 7, 25, 39, 40, 5000] {
        for paging in [Paging::Keyset, Paging::Offset] {
            let scene = Scene::new(SandboxConfig { page_size: Some(page_size), paging, ..small() });
            assert_eq!(scene.run("lake").whole().digests(), calm, "{page_size} rows a page, {paging:?}");
        }
    }
}

#[test]
fn fault_39_rows_in_any_order() {
    type Change = fn(&mut Vec<Box<RawValue>>);
    let orders: [Change; 3] = [
        |rows| rows.reverse(),
        |rows| {
            let by = rows.len().min(5);
            rows.rotate_left(by);
        },
        |rows| rows.sort_by_key(|row| row.get().len()),
    ];
    for order in orders {
        for config in [small(), paged()] {
            lies(config, |rule| rule.always().fault(rows_edited(order)));
        }
    }
}

/// The rows of a page in another order, or others.
pub(super) fn rows_edited(edit: impl Fn(&mut Vec<Box<RawValue>>) + Send + Sync + 'static) -> Fault {
    Fault::edit(move |body| {
        let mut page: std::collections::BTreeMap<String, Box<RawValue>> =
            serde_json::from_slice(&body).unwrap();
        let list = ["transactions", "accounts", "connections", "users"]
            .iter()
            .find(|list| page.contains_key(**list));
        let list = page.get_mut(*list.unwrap()).unwrap();
        let mut rows: Vec<Box<RawValue>> = serde_json::from_str(list.get()).unwrap();
        edit(&mut rows);
        *list = RawValue::from_string(serde_json::to_string(&rows).unwrap()).unwrap();
        serde_json::to_vec(&page).unwrap()
    })
}

#[test]
fn fault_41_who_appears_during_the_run_is_there_in_the_next() {
    let scene = Scene::new(small());
    scene.inject(Rule::on(Endpoint::Renew).nth(1).change(|world| {
        world.add_user_signed("2026-01-01 10:00:00");
    }));
    let ended = scene.run("lake").whole();
    assert_eq!(ended.manifest().users.listed, 3);
    assert_eq!(scene.run("lake").whole().digests(), scene.calm());

    for config in [small(), paged()] {
        let scene = Scene::new(config);
        let user = scene.user();
        scene.inject(Rule::on(Endpoint::Transactions).user(user).nth(1).change(move |world| {
            let account = world.add_account(user, &powens_export::sandbox::NewAccount::default()).unwrap();
            let day = world.day(-1);
            world.insert_transaction(user, account, &day, "-9.99").unwrap();
        }));
        assert_eq!(scene.run("lake").whole().digests(), scene.calm());
    }
}

#[test]
fn a_list_that_never_rests_leaves_its_user_incomplete() {
    let scene = Scene::new(paged());
    let (user, rows) = (scene.user(), scene.transactions(scene.user()));
    let mut turn = 0_usize;
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().change(move |world| {
        turn += 1;
        world.edit_transaction(user, rows[turn % rows.len()], |row| {
            row.wording = Some(format!("turn {turn}").into())
        });
    }));
    scene.run("lake").partial(user, Reason::Unstable);
    scene.bank.sandbox.clear_rules();
    assert_eq!(scene.run("lake").whole().digests(), scene.calm(), "mended");
}
