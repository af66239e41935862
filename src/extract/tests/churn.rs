//! Data that moves between any two requests: what was there all the time is there, whatever moved around it.

use fastrand::Rng;

use crate::extract::tests::bench::{Bench, Lake, plain};
use crate::extract::{PlanConfig, RunMode};
use crate::model::UserId;
use crate::sandbox::{Endpoint, Kind, Nights, Paging, Rule, SandboxConfig, World};

/// One random change of a user's transactions.
fn churn(world: &mut World, user: i64, rng: &mut Rng) {
    let holdings = world.holdings(user).unwrap();
    let ids: Vec<i64> = holdings.transactions().ids().collect();
    let accounts: Vec<i64> = holdings.accounts().map(|row| row.id).collect();
    let account = accounts[rng.usize(..accounts.len())];
    let date = world.day(-rng.i32(0..400));
    match rng.u8(..10) {
        0..4 => drop(world.insert_transaction(user, account, &world.day(0), "-3.50").unwrap()),
        4 => drop(world.insert_transaction(user, account, &date, "-7.25").unwrap()),
        _ if ids.is_empty() => {}
        5 | 6 => assert!(world.hard_delete(user, ids[rng.usize(..ids.len())])),
        7 => assert!(world.soft_delete(user, ids[rng.usize(..ids.len())])),
        8 => assert!(world.redate(user, ids[rng.usize(..ids.len())], &date)),
        _ => assert!(world.edit_transaction(user, ids[rng.usize(..ids.len())], |row| row.wording = None)),
    }
}

/// A sandbox whose data moves while its user's transactions are asked for; changes stop after a while, as a
/// synchronisation does.
async fn moving(seed: u64, paging: Paging, rng: &mut Rng) -> Bench {
    let page_cap = Some(rng.usize(20..60));
    let config =
        SandboxConfig { seed, paging, page_cap, relative_links: rng.bool(), ..plain(rng.usize(30..300)) };
    let bench = Bench::start(config).await;
    // The last synchronisation lies far back: passes see only what moves now.
    bench.sandbox.with_world(|world| world.advance(3 * 86_400));
    bench
}

fn inject_churn(bench: &Bench, user: UserId, rng: &mut Rng) {
    let chance = [0.05, 0.2, 0.5][rng.usize(..3)];
    let until = rng.usize(5..60);
    let (mut changes, mut requests) = (rng.fork(), 0);
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).always().change(move |world| {
        requests += 1;
        if requests <= until && changes.f64() < chance {
            churn(world, user.get(), &mut changes);
        }
    }));
}

/// A full walk under churn: whether it was complete, and how many rows were there all the time.
async fn full_walk(seed: u64, paging: Paging) -> (bool, usize) {
    let mut rng = Rng::with_seed(seed);
    let bench = moving(seed, paging, &mut rng).await;
    let user = bench.only_user();
    inject_churn(&bench, user, &mut rng);
    let run = bench.full().await;
    assert!(matches!(run.result, Some(Ok(()))), "seed {seed}: {:?}", run.result);
    bench.assert_polite();
    let complete = run.units.contains_key(&user);
    assert!(complete || run.failed.contains_key(&user), "seed {seed}");
    (complete, if complete { bench.check(user, &run.rows_of(user), 0) } else { 0 })
}

/// A quiet full walk, a day's changes, and a delta walk under churn.
async fn delta_walk(seed: u64, paging: Paging) -> (bool, usize) {
    let mut rng = Rng::with_seed(seed);
    let bench = moving(seed, paging, &mut rng).await;
    let user = bench.only_user();
    let mut lake = Lake::default();
    lake.absorb(&bench.full().await);
    bench.sandbox.night_of(Nights::QUIET);
    bench.sandbox.with_world(|world| (0..rng.usize(0..150)).for_each(|_| churn(world, user.get(), &mut rng)));
    let since = bench.sandbox.request_count();
    inject_churn(&bench, user, &mut rng);
    let config = PlanConfig { mode: RunMode::Incremental, ..PlanConfig::default() };
    let run = bench.run(&lake.previous(), &config).await;
    assert!(matches!(run.result, Some(Ok(()))), "seed {seed}: {:?}", run.result);
    bench.assert_polite();
    if !run.units.contains_key(&user) {
        return (false, 0);
    }
    lake.absorb(&run);
    // What went without a trace before the walk could see it stays, as it was, until the next full walk.
    let history = bench.sandbox.history(user.get()).unwrap();
    let (_, last) = bench.interval(user, since);
    let received = run.rows_of(user);
    let mut rows = lake.rows(user).clone();
    rows.retain(|id, _| received.contains_key(id) || history.existed(Kind::Transaction, *id, last, last));
    (true, bench.check(user, &rows, since))
}

/// How many schedules of each kind: more on demand.
fn seeds() -> std::ops::Range<u64> {
    0..std::env::var("EXTRACT_SCHEDULES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

async fn full_walks(paging: Paging) {
    let (mut complete, mut there) = (0, 0);
    for seed in seeds() {
        let (ok, rows) = full_walk(seed, paging).await;
        complete += u64::from(ok);
        there += rows;
    }
    report("full walks", paging, complete, there);
}

async fn delta_walks(paging: Paging) {
    let (mut complete, mut there) = (0, 0);
    for seed in seeds() {
        let (ok, rows) = delta_walk(seed, paging).await;
        complete += u64::from(ok);
        there += rows;
    }
    report("delta walks", paging, complete, there);
}

fn report(what: &str, paging: Paging, complete: u64, there: usize) {
    let all = seeds().end;
    println!(
        "{what}, {paging:?}: {all} schedules, {complete} complete, {there} rows there all the time, 0 lost"
    );
    assert!(complete * 10 >= all * 8, "only {complete} of {all} complete");
}

#[tokio::test]
async fn full_walks_lose_nothing_under_churn_with_keyset_links() {
    full_walks(Paging::Keyset).await;
}

#[tokio::test]
async fn full_walks_lose_nothing_under_churn_with_offset_links() {
    full_walks(Paging::Offset).await;
}

#[tokio::test]
async fn full_walks_lose_nothing_under_churn_without_links() {
    full_walks(Paging::NoLinks).await;
}

#[tokio::test]
async fn delta_walks_lose_nothing_under_churn_with_keyset_links() {
    delta_walks(Paging::Keyset).await;
}

#[tokio::test]
async fn delta_walks_lose_nothing_under_churn_with_offset_links() {
    delta_walks(Paging::Offset).await;
}

#[tokio::test]
async fn delta_walks_lose_nothing_under_churn_without_links() {
    delta_walks(Paging::NoLinks).await;
}
