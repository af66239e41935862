//! Tokens, implicit filtering, errors and violations.

use http::Method;

use super::probe::{ask, get, ids, renew, renew_body, sandbox};
use crate::sandbox::{NewAccount, Sandbox, UserList, Violation, ViolationKind};

fn kinds(sandbox: &Sandbox) -> Vec<ViolationKind> {
    sandbox.violations().into_iter().map(|Violation { kind, .. }| kind).collect()
}

#[tokio::test]
async fn each_token_opens_its_own_door() {
    let sandbox = sandbox(|_| {}).await;
    let users = sandbox.with_world(|world| world.users());
    let (one, other) = (renew(&sandbox, users[0]), renew(&sandbox, users[1]));
    let admin = sandbox.users_token();
    assert_eq!(get(&sandbox, "/users", &admin).0, 200);
    assert_eq!(get(&sandbox, "/users", "nobody's").0, 401);
    assert_eq!(ask(&sandbox, Method::GET, "/users/me", None, "").0, 401);
    assert_eq!(get(&sandbox, &format!("/users/{}", users[0]), &one).1["id"], users[0]);
    assert_eq!(get(&sandbox, "/users/me", &other).1["id"], users[1]);
    assert!(kinds(&sandbox).is_empty());
    assert_eq!(get(&sandbox, "/users/me/accounts", &admin).0, 403);
    assert_eq!(get(&sandbox, "/users", &one).0, 403);
    assert_eq!(get(&sandbox, &format!("/users/{}/accounts", users[1]), &one).0, 404);
    let expected = [ViolationKind::WrongToken, ViolationKind::WrongToken, ViolationKind::ForeignUser];
    assert_eq!(kinds(&sandbox), expected);
}

#[tokio::test]
async fn a_revoked_token_is_dead_and_others_live() {
    let sandbox = sandbox(|_| {}).await;
    let user = sandbox.with_world(|world| world.users()[0]);
    let live = sandbox.live_token(user);
    let (one, two) = (renew(&sandbox, user), renew(&sandbox, user));
    assert_eq!(ask(&sandbox, Method::DELETE, "/auth/token", Some(&one), "").0, 204);
    assert_eq!(get(&sandbox, "/users/me", &one).0, 401);
    assert_eq!(ask(&sandbox, Method::DELETE, "/auth/token", Some(&one), "").0, 401);
    assert_eq!(get(&sandbox, "/users/me", &two).0, 200);
    assert_eq!(sandbox.tokens_left(), [user]);
    assert_eq!(sandbox.live_tokens(user), [live]);
    assert!(kinds(&sandbox).is_empty());
    sandbox.with_world(|world| world.remove_user(user));
    assert_eq!(get(&sandbox, "/users/me", &two).0, 401);
}

#[tokio::test]
async fn a_careless_renew_does_what_the_documentation_says() {
    let sandbox = sandbox(|_| {}).await;
    let users = sandbox.with_world(|world| world.users());
    let live = sandbox.live_token(users[0]);
    let post = |body: &str| ask(&sandbox, Method::POST, "/auth/renew", None, body);
    let revoking = renew_body(&sandbox, &format!(r#", "id_user": {}, "revoke_previous": true"#, users[0]));
    assert_eq!(post(&revoking).0, 200);
    assert_eq!(get(&sandbox, "/users/me", &live).0, 401);
    assert_eq!(post(&renew_body(&sandbox, r#", "id_user": null"#)).0, 200);
    assert_eq!(sandbox.with_world(|world| world.users().len()), users.len() + 1);
    let young = renew_body(&sandbox, &format!(r#", "id_user": {}"#, users[7]));
    assert_eq!(post(&young).0, 200);
    let expected =
        [ViolationKind::RevokePrevious, ViolationKind::RenewWithoutUser, ViolationKind::RenewOfYoungUser];
    assert_eq!(kinds(&sandbox), expected);
    assert_eq!(post(&renew_body(&sandbox, r#", "id_user": 1"#)).0, 404);
    assert_eq!(post("{}").1["code"], "missingParameter");
    let wrong = renew_body(&sandbox, r#", "id_user": 1"#).replace(&sandbox.client_secret(), "guess");
    assert_eq!(post(&wrong).0, 401);
    assert_eq!(ask(&sandbox, Method::GET, "/auth/renew", None, "").0, 405);
}

#[tokio::test]
async fn writes_take_effect_and_are_counted() {
    let sandbox = sandbox(|_| {}).await;
    let user = sandbox.with_world(|world| world.users()[0]);
    let token = renew(&sandbox, user);
    let connection = ids(&get(&sandbox, "/users/me/connections", &token).1["connections"])[0];
    let path = format!("/users/me/connections/{connection}");
    let before = get(&sandbox, &path, &token).1["last_update"].clone();
    assert_eq!(ask(&sandbox, Method::PUT, &path, Some(&token), "").0, 200);
    assert_ne!(get(&sandbox, &path, &token).1["last_update"], before);
    assert_eq!(ask(&sandbox, Method::DELETE, &path, Some(&token), "").0, 200);
    assert_eq!(get(&sandbox, &path, &token).0, 404);
    assert_eq!(ask(&sandbox, Method::PATCH, "/users", Some(&token), "").0, 405);
    assert_eq!(ask(&sandbox, Method::POST, "/auth/init", None, "{}").0, 200);
    assert_eq!(kinds(&sandbox), [ViolationKind::Write; 4]);
}

#[tokio::test]
async fn deleted_and_disabled_rows_need_all() {
    let sandbox = sandbox(|_| {}).await;
    let user = sandbox.with_world(|world| world.users()[2]);
    let token = renew(&sandbox, user);
    let list = |target: &str, key: &str| ids(&get(&sandbox, target, &token).1[key]);
    let (shown, all) = (list("/users/me/accounts", "accounts"), list("/users/me/accounts?all", "accounts"));
    assert!(shown.len() < all.len());
    let hidden: Vec<i64> = all.iter().copied().filter(|id| !shown.contains(id)).collect();
    for id in hidden {
        assert_eq!(get(&sandbox, &format!("/users/me/accounts/{id}"), &token).0, 404);
        assert_eq!(get(&sandbox, &format!("/users/me/accounts/{id}?all="), &token).0, 200);
        assert_eq!(get(&sandbox, &format!("/users/me/accounts/{id}/transactions?limit=1"), &token).0, 404);
        assert_eq!(
            get(&sandbox, &format!("/users/me/accounts/{id}/transactions?limit=1&all"), &token).0,
            200
        );
    }
    let row = list("/users/me/transactions?limit=1000&deleted=true", "transactions")[0];
    assert!(!list("/users/me/transactions?limit=1000", "transactions").contains(&row));
    assert!(list("/users/me/transactions?limit=1000&all", "transactions").contains(&row));
    assert_eq!(get(&sandbox, &format!("/users/me/transactions/{row}"), &token).0, 404);
    assert_eq!(get(&sandbox, &format!("/users/me/transactions/{row}?all"), &token).0, 200);
    let multi = renew(&sandbox, sandbox.with_world(|world| world.users()[1]));
    let connection = ids(&get(&sandbox, "/users/me/connections", &multi).1["connections"])[0];
    let sources =
        |all: &str| get(&sandbox, &format!("/users/me/connections/{connection}/sources{all}"), &multi).1;
    assert_eq!(ids(&sources("")["sources"]).len() + 1, ids(&sources("?all")["sources"]).len());
}

#[tokio::test]
async fn a_user_without_an_enabled_account_has_no_list() {
    let sandbox = sandbox(|config| config.no_account_status = 400).await;
    let user = sandbox.with_world(|world| world.users()[3]);
    let token = renew(&sandbox, user);
    let (status, body) = get(&sandbox, "/users/me/transactions?limit=1000&all", &token);
    assert_eq!((status, &body["code"]), (400, &"noAccount".into()));
    assert_eq!(get(&sandbox, "/users/me/accounts?all", &token).1["total"], 0);
    sandbox
        .with_world(|world| world.add_account(user, &NewAccount { disabled: true, ..NewAccount::default() }));
    assert_eq!(get(&sandbox, "/users/me/transactions?limit=1000&all", &token).0, 400);
    sandbox.with_world(|world| world.add_account(user, &NewAccount::default()));
    let (status, body) = get(&sandbox, "/users/me/transactions?limit=1000&all", &token);
    assert_eq!((status, ids(&body["transactions"]).len()), (200, 0));
    assert!(body["first_date"].is_null() && body["_links"]["next"].is_null());
}

#[tokio::test]
async fn limits_are_mandatory_and_bounded() {
    let sandbox = sandbox(|_| {}).await;
    let token = renew(&sandbox, sandbox.with_world(|world| world.users()[0]));
    for (query, code, description) in [
        ("", "missingParameter", "limit"),
        ("?limit=1001", "invalidValue", "limit"),
        ("?limit=0", "invalidValue", "limit"),
        ("?limit=ten", "invalidValue", "limit"),
        ("?limit=1&min_date=soon", "invalidValue", "min_date"),
        ("?limit=1&cursor=!!", "invalidValue", "cursor"),
    ] {
        let (status, body) = get(&sandbox, &format!("/users/me/transactions{query}"), &token);
        assert_eq!(status, 400);
        assert_eq!(
            (body["code"].as_str().unwrap(), body["description"].as_str().unwrap()),
            (code, description)
        );
    }
    assert_eq!(kinds(&sandbox), [ViolationKind::MissingLimit, ViolationKind::LimitTooLarge]);
}

#[tokio::test]
async fn the_list_of_users_has_many_manners() {
    for (mode, unlimited, limited, offset, linked) in [
        (UserList::Unpaged, 10, 10, 10, false),
        (UserList::OffsetPaged, 10, 4, 2, false),
        (UserList::IgnoresOffset, 10, 4, 4, false),
        (UserList::WithLinks, 10, 4, 2, true),
        (UserList::Capped(3), 3, 3, 2, false),
    ] {
        let sandbox = sandbox(|config| config.user_list = mode).await;
        let token = sandbox.users_token();
        let count = |target: &str| ids(&get(&sandbox, target, &token).1["users"]).len();
        assert_eq!(count("/users"), unlimited, "{mode:?}");
        assert_eq!(count("/users?limit=4"), limited, "{mode:?}");
        assert_eq!(count("/users?limit=4&offset=8"), offset, "{mode:?}");
        assert_eq!(get(&sandbox, "/users?limit=4", &token).1.get("_links").is_some(), linked);
        assert_eq!(get(&sandbox, "/users?limit=4", &token).1["total"], 10);
    }
    let sandbox = sandbox(|config| config.user_list = UserList::RefusesLimit).await;
    assert_eq!(get(&sandbox, "/users?limit=4", &sandbox.users_token()).0, 400);
    assert_eq!(get(&sandbox, "/users", &sandbox.users_token()).0, 200);
}
