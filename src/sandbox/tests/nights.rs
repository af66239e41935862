//! Nights: what moves, and what stays.

use std::collections::BTreeMap;

use super::probe::sandbox;
use crate::sandbox::{Kind, Nights};

#[tokio::test]
async fn nights_bring_every_kind_of_change() {
    let sandbox = sandbox(|config| config.users = 30).await;
    let users = sandbox.with_world(|world| world.users());
    let before = sandbox.truth();
    for _ in 0..12 {
        sandbox.night();
    }
    let after = sandbox.with_world(|world| world.users());
    assert!(users.iter().any(|id| !after.contains(id)), "a user left");
    assert!(after.iter().any(|id| !users.contains(id)), "a user joined");
    assert_eq!(sandbox.with_world(|world| world.clock().http_date()), "Fri, 04 Dec 2026 02:00:00 GMT");
    let rows = |truth: &crate::sandbox::Truth| -> Vec<serde_json::Value> { truth.rows("transactions") };
    let (old, new) = (rows(&before), rows(&sandbox.truth()));
    let now: BTreeMap<i64, &serde_json::Value> =
        new.iter().map(|row| (row["id"].as_i64().unwrap(), row)).collect();
    let (mut booked, mut replaced, mut vanished, mut edited) = (0, 0, 0, 0);
    for row in &old {
        match now.get(&row["id"].as_i64().unwrap()) {
            None => vanished += 1,
            Some(now) if row["coming"] == true && now["coming"] == false => booked += 1,
            Some(now) if row["deleted"].is_null() && !now["deleted"].is_null() => replaced += 1,
            Some(now) if *now != row => edited += 1,
            Some(_) => {}
        }
    }
    assert!(
        booked > 0 && replaced > 0 && vanished > 0 && edited > 0,
        "{booked} {replaced} {vanished} {edited}"
    );
    assert!(new.len() > old.len());
}

#[tokio::test]
async fn a_change_moves_last_update_unless_it_is_silent() {
    let sandbox = sandbox(|_| {}).await;
    sandbox.night();
    let moment = sandbox.with_world(|world| world.clock().paris_text());
    sandbox.night_of(Nights { hard_deletes: false, ..Nights::default() });
    let users = sandbox.with_world(|world| world.users());
    let mut changed = 0;
    for user in users {
        let history = sandbox.history(user).unwrap();
        for id in history.ids(Kind::Transaction) {
            let number = sandbox.request_count();
            let row: serde_json::Value = serde_json::from_str(
                history.versions(Kind::Transaction, id, number + 1, number + 1)[0].unwrap_or("{}"),
            )
            .unwrap();
            changed += usize::from(row["last_update"].as_str().is_some_and(|at| at > &*moment));
        }
    }
    assert!(changed > 10);
}

#[tokio::test]
async fn quiet_nights_change_no_row() {
    let sandbox = sandbox(|config| config.nights = Nights::QUIET).await;
    let before = sandbox.truth();
    sandbox.night();
    let after = sandbox.truth();
    assert_eq!(before.transactions, after.transactions);
    assert_eq!(before.users, after.users);
    assert_ne!(before.connections, after.connections, "they were synced");
}

#[tokio::test]
async fn broken_connections_are_frozen() {
    let sandbox =
        sandbox(|config| config.nights = Nights { states_change: false, ..Nights::default() }).await;
    let frozen = |truth: &crate::sandbox::Truth| -> Vec<(serde_json::Value, serde_json::Value)> {
        let rows = truth.rows("connections");
        let broken = rows
            .into_iter()
            .filter(|row| !row["state"].is_null() && row["sources"].as_array().unwrap().len() == 1);
        broken.map(|row| (row["id"].clone(), row["last_update"].clone())).collect()
    };
    let before = frozen(&sandbox.truth());
    sandbox.night();
    assert!(before.len() > 3);
    assert_eq!(frozen(&sandbox.truth()), before);
}
