//! Rows 15–27: what a status means, how fast one may ask, and who is let in.

use std::time::Duration;

use powens_export::api::BaseUrl;
use powens_export::model::Reason;
use powens_export::sandbox::{Endpoint, Fault, RetryAfter, Rule};
use powens_export::table::Table;

use super::scene::{Scene, paged, small};

/// Answers that heal when they are asked for again, what the retry is called, and the row.
pub(super) fn faults() -> Vec<(u32, Fault, &'static [&'static str])> {
    let throttled = |after: RetryAfter| Fault::TooManyRequests(after);
    let nonsense = ["-1", "1e12", "soon", "", "1000000000000", "+3", "0x10", "1.5"];
    let mut faults: Vec<(u32, Fault, &'static [&'static str])> = vec![
        (15, throttled(RetryAfter::Seconds(0)), &["throttled"]),
        (15, throttled(RetryAfter::Seconds(30)), &["throttled"]),
        (15, throttled(RetryAfter::Date(30)), &["throttled"]),
        (15, throttled(RetryAfter::Date(-3600)), &["throttled"]),
        (16, throttled(RetryAfter::None), &["throttled"]),
        (16, throttled(RetryAfter::Html), &["throttled"]),
        (25, Fault::Status(409), &["locked"]),
        (25, Fault::Status(423), &["locked"]),
        (25, Fault::Code(409, "connectionLocked".to_owned()), &["locked"]),
        (27, Fault::ErrorObject, &["undecodable"]),
        (27, Fault::Empty(200), &["protocol"]),
        (27, Fault::Empty(204), &["protocol"]),
        (27, Fault::Empty(201), &["protocol"]),
        (27, Fault::Partial, &["protocol"]),
        (27, Fault::NotModified, &["protocol"]),
    ];
    faults
        .extend(nonsense.map(|text| (16, throttled(RetryAfter::Text(text.to_owned())), &["throttled"][..])));
    faults.extend([500, 502, 503, 504, 408, 425].map(|status| (18, Fault::Status(status), &["server"][..])));
    faults
}

fn heal(row: u32) {
    let scene = Scene::new(small());
    let calm = scene.calm();
    for (_, fault, kinds) in faults().into_iter().filter(|(of, ..)| *of == row) {
        scene.heals(&calm, Endpoint::Transactions, fault, kinds);
    }
}

fn stay(fault: &Fault, reason: Reason) {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let rule = |user| Rule::on(Endpoint::Transactions).user(user).always().fault(fault.clone());
    scene.fails_alone(&calm, rule, reason);
}

#[test]
fn fault_15_nobody_asks_before_the_time_that_the_api_names() {
    heal(15);
    let scene = Scene::new(small());
    let throttled = Fault::TooManyRequests(RetryAfter::Seconds(30));
    scene.inject(Rule::on(Endpoint::Accounts).nth(1).fault(throttled));
    let ended = scene.run_with("lake", |config| {
        config.api.concurrency = std::num::NonZeroUsize::MIN;
        config.api.timings.retry_after_second = Duration::from_millis(10);
    });
    let ended = ended.whole();
    assert_eq!(ended.manifest().requests.throttled, 1);
    let requests = scene.bank.sandbox.requests();
    let at = requests.iter().position(|request| request.status == 429).unwrap();
    let waited = requests[at + 1].received - requests[at].received;
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
}

#[test]
fn fault_16_nonsense_for_a_time_is_no_time() {
    heal(16);
}

#[test]
fn fault_17_throttled_for_ever() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    for on in [Endpoint::Transactions, Endpoint::Users] {
        let throttled = || Fault::TooManyRequests(RetryAfter::Seconds(1));
        scene.ends_run(&calm, || Rule::on(on).always().fault(throttled()), 69, "keeps throttling");
    }
}

#[test]
fn fault_18_server_errors() {
    heal(18);
    stay(&Fault::Status(500), Reason::ServerError);
    let scene = Scene::new(small());
    let calm = scene.calm();
    let rule = || Rule::on(Endpoint::Users).always().fault(Fault::Status(500));
    scene.ends_run(&calm, rule, 69, "server error");
}

#[test]
fn fault_19_a_poisoned_page_fails_its_user_alone() {
    let scene = Scene::new(paged());
    let calm = scene.calm();
    let second = |user| {
        Rule::on(Endpoint::Transactions).user(user).query("cursor=").always().fault(Fault::Status(500))
    };
    scene.fails_alone(&calm, second, Reason::ServerError);
}

#[test]
fn fault_20_a_refused_token_is_renewed_once() {
    let scene = Scene::new(paged());
    let calm = scene.calm();
    scene.bank.sandbox.forget_requests();
    let refused = Rule::on(Endpoint::Transactions).user(scene.user()).fault(Fault::Status(401));
    scene.inject(refused.nth(2));
    assert_eq!(scene.run("once").whole().digests(), calm);
    assert_eq!(scene.requests(Endpoint::Renew), 4, "three users, one of them twice");
    // The refused token may be alive all the same: it is given back beside its successor.
    assert_eq!(scene.bank.sandbox.tokens_left(), Vec::<i64>::new());

    let always = |user| Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::Status(401));
    scene.fails_alone(&calm, always, Reason::Unauthorized);
    let users = || Rule::on(Endpoint::Users).always().fault(Fault::Status(401));
    scene.ends_run(&calm, users, 77, "POWENS_USERS_TOKEN");
}

#[test]
fn fault_21_forbidden_to_one_or_to_all() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    for on in [Endpoint::Connections, Endpoint::Accounts, Endpoint::Transactions] {
        let rule = |user| Rule::on(on).user(user).always().fault(Fault::Status(403));
        scene.fails_alone(&calm, rule, Reason::Forbidden);
    }
    let renew = |user| Rule::on(Endpoint::Renew).user(user).always().fault(Fault::Status(403));
    scene.fails_alone(&calm, renew, Reason::RenewRefused);
    // Three tokens refused in a row, and none granted: the credentials are wrong.
    let all = || Rule::on(Endpoint::Renew).always().fault(Fault::Status(403));
    scene.ends_run(&calm, all, 77, "tokens were all refused");
}

#[test]
fn fault_22_who_is_not_found_any_more_is_gone_and_who_is_still_listed_failed() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    let missing = |user| Rule::on(Endpoint::Accounts).user(user).always().fault(Fault::Status(404));
    scene.fails_alone(&calm, missing, Reason::NotFound);

    let user = scene.user();
    scene.run("lake").whole();
    scene.inject(Rule::on(Endpoint::Accounts).user(user).change(move |world| {
        world.remove_user(user);
    }));
    // One of three is more than the guard lets go unseen.
    let ended = scene.run_with("lake", |config| config.accept_shrink = true).whole();
    assert_eq!(ended.manifest().users.gone, 1);
    for table in [Table::Users, Table::Accounts, Table::Transactions, Table::Balances] {
        let name = if table == Table::Users { "id" } else { "id_user" };
        assert!(ended.rows(table).iter().all(|row| row[name] != user.to_string()), "{}", table.name());
    }
}

#[test]
fn fault_23_an_address_that_is_not_the_apis_is_asked_once() {
    let scene = Scene::new(small());
    let elsewhere = scene.bank.sandbox.base_url().replace("/2.0", "/1.0");
    let ended = scene.run_with("lake", |config| config.api.base_url = BaseUrl::parse(&elsewhere).unwrap());
    assert_eq!((ended.exit, ended.manifest.is_some()), (65, false), "{}", ended.error);
    assert!(ended.error.contains("POWENS_BASE_URL"), "{}", ended.error);
    assert_eq!(scene.bank.sandbox.request_count(), 1);
}

#[test]
fn fault_24_refused_requests_are_not_repeated() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    for status in [400, 405, 406, 411, 414, 418, 422, 451] {
        scene.bank.sandbox.forget_requests();
        let rule = |user| Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::Status(status));
        scene.fails_alone(&calm, rule, Reason::RequestRefused);
        let refused = scene.bank.sandbox.requests().into_iter().filter(|request| request.status == status);
        assert_eq!(refused.count(), 2, "{status}: one for each of the two runs");
    }
    let users = || Rule::on(Endpoint::Users).always().fault(Fault::Status(418));
    scene.ends_run(&calm, users, 65, "refused");
}

#[test]
fn fault_25_locked_resources() {
    heal(25);
    stay(&Fault::Code(409, "connectionLocked".to_owned()), Reason::ServerError);
}

#[test]
fn fault_26_redirects_are_not_followed() {
    let scene = Scene::new(small());
    let calm = scene.calm();
    for status in [301, 302, 303, 307, 308] {
        for fault in [Fault::RedirectAway(status), Fault::RedirectHome(status)] {
            // A run sees to it that the decoy host was never asked.
            let rule = || Rule::on(Endpoint::Transactions).fault(fault.clone());
            scene.ends_run(&calm, rule, 65, "a redirect to 127.0.0.1");
        }
    }
}

#[test]
fn fault_27_only_200_is_a_page() {
    heal(27);
    stay(&Fault::ErrorObject, Reason::Undecodable);
    stay(&Fault::Partial, Reason::Transport);
}

#[test]
fn a_user_that_takes_longer_than_a_user_may_fails_alone() {
    let scene = Scene::new(small());
    let user = scene.user();
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().delay(Duration::from_secs(60)));
    let ended = scene.run_with("lake", |config| config.api.timings.unit = Duration::from_secs(6));
    ended.partial(user, Reason::Deadline);
}

#[test]
fn when_too_many_requests_fail_no_more_are_repeated() {
    let scene = Scene::new(small());
    let user = scene.user();
    scene.inject(Rule::on(Endpoint::Transactions).user(user).always().fault(Fault::Status(500)));
    let ended = scene.run_with("lake", |config| config.api.limits.retry_budget = 2);
    ended.partial(user, Reason::RetryBudget);
    let asked = scene.bank.sandbox.requests().into_iter().filter(|request| request.status == 500).count();
    assert!(asked <= 4, "{asked} requests with two retries to spend and a tenth for each success");
}
