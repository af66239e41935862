//! Links and answers that cannot be right; failures of one user and of the run.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::api::{ExitClass, Limits};
use crate::extract::tests::bench::{Bench, Run, plain};
use crate::extract::{ExtractError, ExtractErrorKind, Fetched, flag};
use crate::model::{Proof, Reason};
use crate::sandbox::{
    Endpoint, Fault, NewAccount, NextLink, Paging, RequestRecord, Rule, SandboxConfig, Total,
};
use crate::table::IssueKind;

async fn with(config: SandboxConfig, rule: Rule) -> (Bench, Run) {
    let bench = Bench::start(config).await;
    bench.sandbox.inject(rule);
    let run = bench.full().await;
    (bench, run)
}

fn transactions() -> Rule {
    Rule::on(Endpoint::Transactions)
}

fn reason(bench: &Bench, run: &Run) -> Reason {
    run.failed.get(&bench.only_user()).unwrap_or_else(|| panic!("{:?}", run.units)).0
}

#[tokio::test]
async fn fault_34_a_link_back_ends_the_user_after_one_request() {
    let (bench, run) = with(plain(2500), transactions().fault(Fault::Next(NextLink::Itself))).await;
    assert_eq!(reason(&bench, &run), Reason::NextLoop);
    assert_eq!(bench.count(Endpoint::Transactions), 1);
    bench.assert_polite();
}

#[tokio::test]
async fn fault_98_links_elsewhere_are_refused_and_nothing_is_sent_there() {
    for next in [
        NextLink::ForeignHost,
        NextLink::OtherUser(77),
        NextLink::To("/2.0/users".to_owned()),
        NextLink::To("https://example.org/2.0/users/1/transactions".to_owned()),
    ] {
        let (bench, run) = with(plain(2500), transactions().fault(Fault::Next(next))).await;
        assert_eq!(reason(&bench, &run), Reason::NextRefused);
        assert_eq!(bench.count(Endpoint::Transactions), 1);
        bench.assert_polite();
    }
}

#[tokio::test]
async fn fault_35_empty_pages_without_end_are_given_up() {
    let (bench, run) = with(plain(9000), transactions().after(1).always().fault(Fault::EmptyPage)).await;
    let reason = reason(&bench, &run);
    assert!(matches!(reason, Reason::PageLimit | Reason::NextLoop), "{reason}");
    assert!(bench.count(Endpoint::Transactions) < 10);
}

#[tokio::test]
async fn fault_35_a_walk_of_too_many_pages_or_rows_is_given_up() {
    let mut bench = Bench::start(SandboxConfig { page_cap: Some(10), ..plain(100) }).await;
    assert_eq!((bench.limits.walk_pages, bench.limits.walk_rows), (10_000, 5_000_000));
    bench.full().await;
    let pages = bench.count(Endpoint::Transactions) as u64;
    for (walk_pages, walk_rows, given_up) in
        [(pages, 100, false), (pages - 1, 100, true), (pages, 99, true), (3, 100, true)]
    {
        bench.limits = Limits { walk_pages, walk_rows, ..bench.limits };
        bench.sandbox.forget_requests();
        let run = bench.full().await;
        assert_eq!(run.units.is_empty(), given_up, "{walk_pages} pages, {walk_rows} rows");
        if given_up {
            assert_eq!(reason(&bench, &run), Reason::PageLimit);
        }
        assert!(bench.count(Endpoint::Transactions) as u64 <= walk_pages);
        bench.assert_polite();
    }
}

#[tokio::test]
async fn one_empty_page_is_no_end() {
    // The page's rows are missing for good: only the passes and the total can tell.
    let (bench, run) = with(plain(3500), transactions().nth(2).fault(Fault::EmptyPage)).await;
    assert_eq!(bench.check_run(&run), 3500);
    assert!(matches!(run.unit(bench.only_user()).proof, Proof::TwoPass));
}

#[tokio::test]
async fn fault_36_a_missing_next_link_is_noticed_by_the_total() {
    for next in [NextLink::Null, NextLink::Missing, NextLink::NoLinks] {
        for nth in [1, 2] {
            let (bench, run) =
                with(plain(3500), transactions().nth(nth).fault(Fault::Next(next.clone()))).await;
            assert_eq!(bench.check_run(&run), 3500, "{next:?} on page {nth}");
        }
        let (bench, run) = with(plain(3500), transactions().always().fault(Fault::Next(next))).await;
        assert_eq!(bench.check_run(&run), 3500);
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (bench, run) = with(plain(100), transactions().fault(Fault::Status(401))).await;
    assert_eq!(bench.check_run(&run), 100);
    assert_eq!(bench.count(Endpoint::Renew), 2);
    // More often than anybody asks who gives up, and not for ever: else who does not would never end here.
    let (bench, run) = with(plain(100), transactions().times(50).fault(Fault::Status(401))).await;
    assert_eq!(reason(&bench, &run), Reason::Unauthorized);
    assert_eq!((bench.count(Endpoint::Renew), bench.count(Endpoint::Transactions)), (2, 2));
}

#[tokio::test]
async fn no_account_is_an_empty_list() {
    for no_account_status in [400, 409] {
        let config = SandboxConfig { users: 9, no_account_status, ..SandboxConfig::default() };
        let bench = Bench::start(config).await;
        let run = bench.full().await;
        bench.check_run(&run);
        assert!(run.failed.is_empty(), "{:?}", run.failed);
        assert!(bench.sandbox.requests().iter().any(|request| request.status == no_account_status));
    }
}

#[tokio::test]
async fn one_user_s_failure_is_that_user_s_alone() {
    for (fault, expected) in [
        (Fault::Status(403), Reason::Forbidden),
        (Fault::Status(404), Reason::NotFound),
        (Fault::Status(500), Reason::ServerError),
        (Fault::TrailingGarbage, Reason::Undecodable),
        (Fault::replace("\"transactions\"", "\"movements\""), Reason::Undecodable),
    ] {
        let bench = Bench::start(SandboxConfig { users: 4, ..plain(50) }).await;
        let poisoned = bench.users()[2];
        bench.sandbox.inject(Rule::on(Endpoint::Transactions).user(poisoned).always().fault(fault.clone()));
        let run = bench.full().await;
        assert!(matches!(run.result, Some(Ok(()))), "{:?}", run.result);
        assert_eq!(run.units.len(), 3);
        let (reason, detail) = &run.failed[&super::bench::user(poisoned)];
        let close = *reason == expected || (expected == Reason::Undecodable && *reason == Reason::Transport);
        assert!(close, "{fault:?}: {reason} {detail}");
        bench.assert_polite();
    }
}

#[tokio::test]
async fn another_user_s_data_ends_the_run() {
    let bench = Bench::start(SandboxConfig { users: 3, ..plain(50) }).await;
    let users = bench.users();
    let edit = Fault::replace(&format!("\"id_user\": {}", users[0]), &format!("\"id_user\": {}", users[1]));
    let compact = Fault::replace(&format!("\"id_user\":{}", users[0]), &format!("\"id_user\":{}", users[1]));
    bench.sandbox.inject(Rule::on(Endpoint::Accounts).user(users[0]).always().fault(compact));
    bench.sandbox.inject(Rule::on(Endpoint::Connections).user(users[0]).always().fault(edit));
    let run = bench.full().await;
    let error = run.result.unwrap().unwrap_err();
    assert!(matches!(error, ExtractError::ForeignData { .. }), "{error}");
    assert_eq!(error.kind(), ExtractErrorKind::Exit(ExitClass::Data));
}

#[tokio::test]
async fn a_token_under_way_when_an_error_ends_the_run_is_given_back() {
    let mut bench = Bench::start(SandboxConfig { users: 3, ..plain(50) }).await;
    bench.concurrency = 2;
    let users = bench.users();
    let (own, other) = (format!("\"id_user\": {}", users[0]), format!("\"id_user\": {}", users[1]));
    let foreign = Fault::replace(&own, &other);
    bench.sandbox.inject(Rule::on(Endpoint::Connections).user(users[0]).always().fault(foreign));
    bench.sandbox.inject(Rule::on(Endpoint::Renew).user(users[1]).delay(Duration::from_millis(300)));
    let run = bench.full().await;
    assert!(matches!(run.result, Some(Err(ExtractError::ForeignData { .. }))), "{:?}", run.result);
    assert_eq!((bench.count(Endpoint::Renew), bench.count(Endpoint::Revoke)), (2, 2));
    let asked =
        |request: &RequestRecord| request.user == Some(users[1]) && request.endpoint == Endpoint::Connections;
    assert!(!bench.sandbox.requests().iter().any(asked), "nothing more is asked");
    bench.assert_polite();
}

#[tokio::test]
async fn another_user_s_transactions_end_the_run() {
    let mut bench = Bench::start(SandboxConfig { users: 2, ..plain(50) }).await;
    bench.concurrency = 1;
    let users = bench.users();
    let (theirs, own) = (bench.accounts_of(users[0])[0], bench.accounts_of(users[1])[0]);
    let edit = Fault::edit(move |body| {
        let text = String::from_utf8(body).unwrap();
        text.replace(&format!("\"id_account\":{own},"), &format!("\"id_account\":{theirs},"))
            .replace(&format!("\"id_account\": {own},"), &format!("\"id_account\": {theirs},"))
            .into_bytes()
    });
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).user(users[1]).always().fault(edit));
    let run = bench.full().await;
    assert!(matches!(run.result, Some(Err(ExtractError::ForeignData { .. }))), "{:?}", run.result);
}

#[tokio::test]
async fn rows_of_an_account_that_no_list_has_are_kept_and_named() {
    let bench = Bench::start(plain(50)).await;
    let user = bench.only_user();
    let account = bench.accounts_of(user.get())[0];
    let edit = Fault::edit(move |body| {
        let text = String::from_utf8(body).unwrap();
        text.replace(&format!("\"id_account\":{account},"), "\"id_account\":999999001,")
            .replace(&format!("\"id_account\": {account},"), "\"id_account\": 999999001,")
            .into_bytes()
    });
    bench.sandbox.inject(transactions().always().fault(edit));
    let run = bench.full().await;
    assert_eq!(run.rows_of(user).len(), 50);
    assert_eq!(bench.count(Endpoint::Accounts), 2, "accounts are read once more");
    let named = run.issues[&user].iter().filter(|issue| issue.kind == IssueKind::AccountUnknown).count();
    let hers = bench.sandbox.with_world(|world| {
        world
            .holdings(user.get())
            .unwrap()
            .transactions()
            .iter()
            .filter(|row| row.id_account == account)
            .count()
    });
    assert!(hers > 0);
    assert_eq!(named, hers);
}

#[tokio::test]
async fn an_account_that_appears_under_the_walk_is_read_again() {
    for rows in [50, 1500] {
        let bench = Bench::start(plain(rows)).await;
        let user = bench.only_user();
        bench.sandbox.inject(transactions().change(move |world| {
            let new = world.add_account(user.get(), &NewAccount::default()).unwrap();
            world.insert_transaction(user.get(), new, "2026-01-01", "1.00").unwrap();
        }));
        let run = bench.full().await;
        assert_eq!(bench.check_run(&run), rows + 1);
        let unit = run.unit(user);
        assert_eq!(unit.accounts_walked.len(), bench.accounts_of(user.get()).len());
        assert_eq!(unit.flags.contains(&flag::ACCOUNTS_CHANGED.to_owned()), rows > 1000);
        let unknown =
            run.issues.get(&user).into_iter().flatten().filter(|i| i.kind == IssueKind::AccountUnknown);
        assert_eq!(unknown.count(), 0);
    }
}

#[tokio::test]
async fn accounts_that_keep_changing_leave_the_user_incomplete() {
    let bench = Bench::start(plain(1500)).await;
    let user = bench.only_user();
    bench.sandbox.inject(transactions().always().change(move |world| {
        world.add_account(user.get(), &NewAccount::default());
    }));
    let run = bench.full().await;
    assert_eq!(reason(&bench, &run), Reason::AccountsChanged);
}

#[tokio::test]
async fn what_comes_with_a_balance_that_moves_after_the_last_pass_is_fetched() {
    // Where `total` tells nothing, only the second look at the accounts does.
    let bench = Bench::start(SandboxConfig { transactions_total: Total::Absent, ..plain(1500) }).await;
    let user = bench.only_user();
    let account = bench.accounts_of(user.get())[0];
    bench.sandbox.inject(Rule::on(Endpoint::Accounts).nth(2).change(move |world| {
        // Not the newest: that one is shown by the look at the whole list.
        let day = world.day(-30);
        world.insert_transaction(user.get(), account, &day, "-3.50").unwrap();
        assert!(world.edit_account(user.get(), account, |row| row.balance = Some("1.25".into())));
    }));
    let run = bench.full().await;
    assert_eq!(run.rows_of(user).len(), 1501);
    bench.check_run(&run);
}

#[tokio::test]
async fn a_conflict_under_one_last_update_is_an_issue() {
    let bench = Bench::start(SandboxConfig { paging: Paging::Keyset, ..plain(1500) }).await;
    let user = bench.only_user();
    let id = *bench.transactions_of(user.get()).last().unwrap();
    // The row changes silently after its page was read, and stays within reach of the pass.
    bench
        .sandbox
        .with_world(|world| world.edit_transaction(user.get(), id, |row| row.wording = Some("un".into())));
    bench.sandbox.inject(transactions().query("last_update").change(move |world| {
        world.quietly(|world| {
            world.edit_transaction(user.get(), id, |row| row.wording = Some("autre".into()))
        });
    }));
    let run = bench.full().await;
    bench.check_run(&run);
    assert!(run.issues[&user].iter().any(|issue| issue.kind == IssueKind::Conflict && issue.id == id));
}

/// Somebody asks to stop while the first two users are walked.
async fn stopped_at_the_second_page(bench: &mut Bench) -> Run {
    bench.concurrency = 2;
    let cancel = bench.cancel.clone();
    bench.sandbox.inject(transactions().nth(2).change(move |_| cancel.cancel()));
    let run = bench.full().await;
    assert!(matches!(run.result, Some(Err(ExtractError::Interrupted))), "{:?}", run.result);
    assert!(run.failed.is_empty());
    run
}

#[tokio::test]
async fn fault_76_a_run_that_is_to_end_finishes_the_users_in_hand() {
    let mut bench = Bench::start(SandboxConfig { users: 6, ..plain(3000) }).await;
    let run = stopped_at_the_second_page(&mut bench).await;
    assert_eq!(run.units.len(), 2, "those in hand, and nobody further");
    assert_eq!(bench.count(Endpoint::Renew), 2);
    assert_eq!(bench.sandbox.tokens_left(), Vec::<i64>::new(), "their tokens are given back");
}

#[tokio::test]
async fn fault_76_users_that_do_not_finish_in_time_are_left() {
    let mut bench = Bench::start(SandboxConfig { users: 6, ..plain(3000) }).await;
    bench.drain = Duration::ZERO;
    let run = stopped_at_the_second_page(&mut bench).await;
    assert!(run.units.is_empty(), "{:?}", run.units.keys());
}

#[tokio::test]
async fn fault_76_lists_are_left_at_once() {
    let bench = Bench::start(plain(1)).await;
    bench.sandbox.inject(Rule::on(Endpoint::Users).always().fault(Fault::Status(503)));
    let (fetcher, cancel) = (bench.fetcher(), bench.cancel.clone());
    let reading = tokio::spawn(async move { fetcher.users().await });
    while bench.count(Endpoint::Users) == 0 {
        tokio::task::yield_now().await;
    }
    cancel.cancel();
    assert!(matches!(reading.await.unwrap(), Err(ExtractError::Interrupted)));
}

#[tokio::test]
async fn a_receiver_that_leaves_ends_the_run() {
    let bench = Bench::start(plain(3000)).await;
    let fetcher = bench.fetcher();
    let list = fetcher.users().await.unwrap();
    let plan = crate::extract::plan(&list, &BTreeMap::new(), &crate::extract::PlanConfig::default()).unwrap();
    let (out, messages) = tokio::sync::mpsc::channel::<Fetched>(1);
    drop(messages);
    let error = fetcher.fetch(&plan, &BTreeMap::new(), &BTreeMap::new(), &out).await.unwrap_err();
    assert!(matches!(error, ExtractError::ReceiverGone));
}

#[tokio::test]
async fn a_refused_token_and_its_successor_are_both_given_back() {
    let rule = Rule::on(Endpoint::Accounts).fault(Fault::Status(401));
    let (bench, run) = with(plain(50), rule).await;
    assert_eq!(run.rows_of(bench.only_user()).len(), 50);
    assert_eq!((bench.count(Endpoint::Renew), bench.count(Endpoint::Revoke)), (2, 2));
    bench.assert_polite();
}
