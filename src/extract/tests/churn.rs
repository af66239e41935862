//! Data that moves between any two requests: what was there all the time is there, whatever moved around it.

use fastrand::Rng;

use crate::extract::tests::bench::{Bench, plain};
use crate::sandbox::{Endpoint, Paging, Rule, SandboxConfig, World};

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

async fn schedule(seed: u64, paging: Paging) -> (bool, usize) {
    let mut rng = Rng::with_seed(seed);
    let page_cap = Some(rng.usize(20..60));
    let config =
        SandboxConfig { seed, paging, page_cap, relative_links: rng.bool(), ..plain(rng.usize(30..300)) };
    let bench = Bench::start(config).await;
    let user = bench.only_user();
    let id = user.get();
    // Changes of the last weeks lie far back: passes see only what moves now.
    bench.sandbox.with_world(|world| world.advance(3 * 86_400));
    let chance = [0.05, 0.2, 0.5][rng.usize(..3)];
    // Changes stop after a while, as a synchronisation does.
    let until = rng.usize(5..60);
    let mut changes = rng.fork();
    let mut requests = 0;
    bench.sandbox.inject(Rule::on(Endpoint::Transactions).always().change(move |world| {
        requests += 1;
        if requests <= until && changes.f64() < chance {
            churn(world, id, &mut changes);
        }
    }));
    let run = bench.full().await;
    assert!(matches!(run.result, Some(Ok(()))), "seed {seed}: {:?}", run.result);
    let complete = run.units.contains_key(&user);
    let mut there = 0;
    if complete {
        there = bench.check(user, &run.rows_of(user), 0);
    } else {
        assert!(run.failed.contains_key(&user));
    }
    bench.assert_polite();
    (complete, there)
}

async fn schedules(paging: Paging, seeds: std::ops::Range<u64>) {
    let (mut complete, mut there, all) = (0, 0, seeds.clone().count());
    for seed in seeds {
        let (ok, rows) = schedule(seed, paging).await;
        complete += usize::from(ok);
        there += rows;
    }
    println!("{paging:?}: {all} schedules, {complete} complete, {there} rows there, 0 lost");
    assert!(complete * 10 >= all * 8, "only {complete} of {all} complete");
}

#[tokio::test]
async fn nothing_is_lost_under_churn_with_keyset_links() {
    schedules(Paging::Keyset, 0..60).await;
}

#[tokio::test]
async fn nothing_is_lost_under_churn_with_offset_links() {
    schedules(Paging::Offset, 100..160).await;
}

#[tokio::test]
async fn nothing_is_lost_under_churn_without_links() {
    schedules(Paging::NoLinks, 200..260).await;
}
