//! What was where for which request.

use super::probe::{get, ids, renew, sandbox};
use crate::sandbox::{Endpoint, Kind, Rule};

#[tokio::test]
async fn changes_between_requests_are_remembered() {
    let sandbox = sandbox(|_| {}).await;
    let user = sandbox.with_world(|world| world.users()[0]);
    let token = renew(&sandbox, user);
    let rows = ids(&get(&sandbox, "/users/me/transactions?all&limit=1000", &token).1["transactions"]);
    let (kept, lost) = (rows[0], rows[1]);
    sandbox.inject(Rule::on(Endpoint::Transactions).nth(2).change(move |world| {
        assert!(world.hard_delete(user, lost));
        assert!(world.edit_transaction(user, kept, |row| row.wording = Some("B".into())));
    }));
    // Requests so far: renew (1), list (2). The second list from now is request 4.
    get(&sandbox, "/users/me/transactions?all&limit=1", &token);
    get(&sandbox, "/users/me/transactions?all&limit=1", &token);
    let history = sandbox.history(user).unwrap();
    assert!(history.existed(Kind::Transaction, lost, 1, 3));
    assert!(!history.existed(Kind::Transaction, lost, 1, 4));
    assert!(history.absent(Kind::Transaction, lost, 4, 9));
    assert_eq!(history.versions(Kind::Transaction, kept, 1, 3).len(), 1);
    assert_eq!(history.versions(Kind::Transaction, kept, 3, 4).len(), 2);
    assert!(history.versions(Kind::Transaction, kept, 4, 4)[0].unwrap().contains(r#""wording": "B""#));
}

#[tokio::test]
async fn quiet_edits_keep_last_update_and_others_move_it() {
    let sandbox = sandbox(|_| {}).await;
    sandbox.with_world(|world| {
        let user = world.users()[0];
        let id = world.holdings(user).unwrap().transactions().ids().next().unwrap();
        let at = |world: &mut crate::sandbox::World| {
            world.holdings(user).unwrap().transactions().get(id).unwrap().last_update.clone()
        };
        let before = at(world);
        world.quietly(|world| world.edit_transaction(user, id, |row| row.value = Some("1.0".into())));
        assert_eq!(at(world), before);
        world.edit_transaction(user, id, |row| row.value = Some("2.0".into()));
        assert_eq!(at(world).unwrap(), world.clock().paris_text());
        let account = world.holdings(user).unwrap().accounts().next().unwrap().id;
        let new = world.recreate_account(user, account).unwrap();
        let holdings = world.holdings(user).unwrap();
        assert!(holdings.account(account).is_none());
        assert!(holdings.account(new).unwrap().disabled.is_some());
        assert!(holdings.transactions().iter().all(|row| row.id_account != account));
    });
}

#[tokio::test]
async fn users_come_and_go_in_their_own_history() {
    let sandbox = sandbox(|_| {}).await;
    get(&sandbox, "/users", &sandbox.users_token());
    let (old, new) = sandbox.with_world(|world| {
        let old = world.users()[0];
        assert!(world.remove_user(old));
        (old, world.add_user())
    });
    get(&sandbox, "/users", &sandbox.users_token());
    let history = sandbox.user_history();
    assert!(history.existed(Kind::User, old, 1, 1) && history.absent(Kind::User, old, 2, 2));
    assert!(history.absent(Kind::User, new, 1, 1) && history.existed(Kind::User, new, 2, 2));
}
