//! Key sets, envelopes and the lists that need no token.

use http::Method;
use serde_json::Value;

use super::probe::{ask, get, ids, renew, sandbox};

fn keys(row: &Value) -> Vec<&str> {
    row.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn rows_carry_the_keys_of_the_live_api() {
    let sandbox = sandbox(|_| {}).await;
    let token = renew(&sandbox, sandbox.with_world(|world| world.users()[1]));
    let page = get(&sandbox, "/users/me/transactions?all&limit=3", &token).1;
    assert_eq!(keys(&page["transactions"][0]).len(), 41);
    assert_eq!(keys(&page), ["_links", "first_date", "last_date", "total", "transactions"]);
    let accounts = get(&sandbox, "/users/me/accounts?all", &token).1;
    assert_eq!(keys(&accounts), ["accounts", "balance", "balances", "coming_balances", "total"]);
    assert_eq!(keys(&accounts["accounts"][0]).len(), 30);
    let connections = get(&sandbox, "/users/me/connections?expand=connector,sources", &token).1;
    assert_eq!(
        keys(&connections["connections"][0]),
        [
            "active",
            "connector",
            "connector_uuid",
            "created",
            "error",
            "error_message",
            "expire",
            "id",
            "id_bank",
            "id_connector",
            "id_user",
            "last_push",
            "last_update",
            "next_try",
            "sources",
            "state"
        ]
    );
    let sources = connections["connections"][0]["sources"].as_array().unwrap();
    assert_eq!(sources.iter().filter(|source| source.get("last_update").is_none()).count(), 1);
    assert!(sources.iter().any(|source| source["state"] == "SCARequired"));
    assert!(sources.iter().any(|source| source["state"].is_null()));
    let mut names: Vec<&str> = sources.iter().map(|source| source["name"].as_str().unwrap()).collect();
    names.dedup();
    assert_eq!(names.len(), 4);
    let expanded = get(&sandbox, "/users/me/connections?expand=all_accounts", &token).1;
    assert!(!ids(&expanded["connections"][0]["all_accounts"]).is_empty());
}

#[tokio::test]
async fn catalogues_need_no_token() {
    let sandbox = sandbox(|_| {}).await;
    let open = |target: &str| ask(&sandbox, Method::GET, target, None, "");
    let (status, list) = open("/connectors?expand=sources");
    assert_eq!((status, &list["total"]), (200, &14.into()));
    assert!(list["connectors"][0]["sources"][0]["priority"].is_i64());
    let uuid = list["connectors"][2]["uuid"].as_str().unwrap();
    assert_eq!(open(&format!("/connectors/{uuid}")).1["id"], list["connectors"][2]["id"]);
    assert_eq!(open("/connectors/59/sources").0, 200);
    assert_eq!(open("/connectors/nothing").0, 404);
    assert!(open("/currencies").1["currencies"].as_array().unwrap().len() > 3);
    assert!(open("/account_types").1["accounttypes"].as_array().unwrap().len() > 20);
    assert_eq!(open("/nowhere").1["code"], "notFound");
    let token = renew(&sandbox, sandbox.with_world(|world| world.users()[0]));
    assert_eq!(get(&sandbox, "/users/me/investments", &token).0, 200);
    assert_eq!(get(&sandbox, "/users/me/amortizations", &token).1["code"], "unauthorized");
}
