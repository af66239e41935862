//! How a user is put together.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::cases::{AccountPlan, ConnectionPlan, Fate, YOUNG, plan_of};
use super::transaction::Entry;
use super::{Plan, account, awkward, bank, transaction};
use crate::model::time::paris_day;
use crate::sandbox::calendar::day_text;
use crate::sandbox::clock::paris_text;
use crate::sandbox::random::{one_in, pick, seeded};
use crate::sandbox::world::rows::{Account, Connector};
use crate::sandbox::world::{Holdings, Ids};

/// Builds what the user with this index has at the instant `born`.
pub(crate) fn holdings(
    plan: &Plan,
    seed: u64,
    index: u64,
    user: i64,
    born: Timestamp,
    connectors: &[Connector],
) -> Holdings {
    let mut rng = seeded(&[seed, index, 5]);
    let (links, rows) = plan_of(plan, &mut rng, index);
    let mut holdings = Holdings { user, ids: Ids::of(index), ..Holdings::default() };
    let newcomer = plan.edge_cases && (index == YOUNG || index >= plan.users);
    let mut shares: Vec<Share> = Vec::new();
    for link in &links {
        let created = if newcomer {
            paris_text(born.saturating_sub(SignedDuration::from_secs(rng.i64(60..600))).unwrap_or(born))
        } else {
            let days = rng.i32(200..900);
            ago(born, days, &mut rng)
        };
        connect(&mut holdings, &mut rng, link, (born, &created), connectors, &mut shares);
    }
    let awkward = plan.edge_cases && (index == 0 || index % 8 == 2 && index > 8);
    fill(&mut holdings, &mut rng, rows, born, &shares, awkward);
    if plan.edge_cases && (index == 6 || index.is_multiple_of(3)) {
        announce(&mut holdings, &mut rng, paris_day(born));
    }
    holdings
}

fn ago(born: Timestamp, days: i32, rng: &mut Rng) -> Box<str> {
    // Syncs happen in the small hours, before the clock's own 03:00.
    let seconds = i64::from(days) * 86_400 + rng.i64(300..7_200);
    paris_text(born.saturating_sub(SignedDuration::from_secs(seconds)).unwrap_or(born))
}

fn connect(
    holdings: &mut Holdings,
    rng: &mut Rng,
    link: &ConnectionPlan,
    (born, created): (Timestamp, &str),
    connectors: &[Connector],
    shares: &mut Vec<Share>,
) {
    let bank = bank::at(link.bank);
    let Some(connector) = connectors.iter().find(|row| row.id == bank).or(connectors.first()) else { return };
    let id = Ids::next(&mut holdings.ids.connection);
    let sources: Vec<i64> = link.sources.iter().map(|_| Ids::next(&mut holdings.ids.source)).collect();
    let mut row = bank::fresh(holdings.user, id, &sources, connector, created);
    for (source, wanted) in row.sources.iter_mut().zip(&link.sources) {
        source.state = wanted.state.map(Into::into);
        source.last_update = wanted.age.map(|age| ago(born, age, rng).max(created.into()));
        source.disabled = wanted.disabled.then(|| ago(born, 80, rng));
        source.access_expire =
            (&*source.name == "openapi").then(|| ago(born, wanted.age.unwrap_or(0) - 120, rng));
        source.next_try = (wanted.state.is_none() && !link.stuck).then(|| ago(born, -1, rng));
    }
    let enabled = || row.sources.iter().filter(|source| source.disabled.is_none());
    row.state = enabled().find_map(|source| source.state.clone());
    row.last_update = enabled().filter_map(|source| source.last_update.clone()).max();
    row.next_try = if row.state.is_none() && !link.stuck { Some(ago(born, -1, rng)) } else { None };
    row.last_push = row.last_update.clone();
    row.active = link.active;
    row.error_message = match row.state.as_deref() {
        Some("actionNeeded") => Some("Veuillez accepter les nouvelles conditions générales.".into()),
        Some("webauthRequired") => Some("https://banque.invalid/authorize?state=4fT9".into()),
        _ => None,
    };
    let code = connector.code.as_deref().unwrap_or("");
    let mut built: Vec<Account> = Vec::new();
    for AccountPlan(kind, currency, source, share, fate) in link.accounts.iter().copied() {
        let new = Ids::next(&mut holdings.ids.account);
        let mut one = account::of_kind(rng, new, holdings.user, kind, currency, code);
        let feeding = row.sources.get(source);
        one.id_connection = Some(id);
        one.id_source = feeding.map(|source| source.id);
        one.last_update = feeding.and_then(|source| source.last_update.clone());
        one.id_parent = (kind == "card").then(|| built.first().map(|parent| parent.id)).flatten();
        if row.state.as_deref() == Some("websiteUnavailable") {
            one.error = Some("websiteUnavailable".into());
        }
        let mut age = link.sources.get(source).and_then(|source| source.age).unwrap_or(0);
        match fate {
            Fate::Live => {}
            Fate::Archived => {
                age += 45;
                let gone = ago(born, 45, rng);
                one.last_update = Some(gone.clone());
                one.deleted = Some(gone);
            }
            Fate::Disabled => account::unconsented(&mut one, created),
            Fate::Orphan => {
                one.id_connection = None;
                one.id_source = None;
            }
            Fate::Again(earlier) => {
                if let Some(earlier) = built.get(earlier) {
                    one = account::recreated(earlier.clone(), new, &ago(born, 45, rng));
                }
            }
        }
        if share > 0 {
            shares.push(Share { account: new, weight: share, age, created: created.into() });
        }
        built.push(one);
    }
    holdings.accounts.extend(built.into_iter().map(|account| (account.id, account)));
    holdings.connections.insert(id, row);
}

/// An account's part of a user's rows.
struct Share {
    account: i64,
    weight: u32,
    /// How old its newest rows are, in days.
    age: i32,
    /// When its connection was made: nothing was seen before.
    created: Box<str>,
}

fn fill(holdings: &mut Holdings, rng: &mut Rng, rows: u64, born: Timestamp, shares: &[Share], awkward: bool) {
    let total: u32 = shares.iter().map(|share| share.weight).sum();
    if rows == 0 || total == 0 {
        return;
    }
    let today = paris_day(born);
    let span = if rows <= 5_000 { 730 } else { (rows / 8).min(3_650) };
    for at in 0..rows {
        let mut roll = rng.u32(0..total);
        let mut chosen = &shares[0];
        for share in shares {
            if roll < share.weight {
                chosen = share;
                break;
            }
            roll -= share.weight;
        }
        let Share { account, age, created, .. } = chosen;
        let Some(account) = holdings.accounts.get(account) else { continue };
        let back = i32::try_from((rows - at) * span / rows).unwrap_or(0) + i32::from(rng.u8(0..3));
        let mut day = today - 1 - back - age;
        if one_in(rng, 60) {
            day -= i32::from(rng.u8(1..40));
        }
        let newest = account.last_update.as_deref().unwrap_or("9999");
        let seen =
            format!("{} 0{}:{:02}:{:02}", day_text(day + 1), rng.u8(1..5), rng.u8(0..60), rng.u8(0..60));
        // The first sync brings what lies before it.
        let scraped = seen.as_str().max(created).min(newest);
        let new = Ids::next(&mut holdings.ids.transaction);
        let mut row = transaction::ordinary(rng, Entry { id: new, account, day, scraped });
        if one_in(rng, 40) {
            row.deleted = row.last_update.clone();
        }
        if awkward && at % 3 == 1 && at / 3 < awkward::WAYS {
            awkward::make(&mut row, at / 3, today);
        }
        holdings.ledger.put(row);
    }
}

/// Turns some of the newest card rows into operations that are still to come, and sums them up on their accounts.
fn announce(holdings: &mut Holdings, rng: &mut Rng, today: i32) {
    let newest: Vec<i64> = holdings.ledger.ids().rev().take(16).collect();
    let mut announced = 0;
    for id in newest {
        let Some(mut row) = holdings.ledger.get(id).cloned() else { continue };
        let live = holdings.accounts.get(&row.id_account).is_some_and(|account| account.deleted.is_none());
        if !live || row.rare.is_some() || row.deleted.is_some() || announced == 6 {
            continue;
        }
        announced += 1;
        row.coming = true;
        row.kind = (*pick(rng, &["deferred_card", "card", "order"])).into();
        let date = day_text(today + rng.i32(1..20));
        row.application_date = Some(date.clone());
        row.date = Some(date);
        row.vdate = None;
        holdings.ledger.put(row);
    }
}
