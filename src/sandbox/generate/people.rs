//! Which user shows which case, and how a user is put together.

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::transaction::Entry;
use super::{Plan, STATES, account, awkward, bank, transaction};
use crate::sandbox::calendar::day_text;
use crate::sandbox::clock::{paris_day, paris_text};
use crate::sandbox::random::{one_in, pick, seeded};
use crate::sandbox::world::rows::{Account, Connector};
use crate::sandbox::world::{Holdings, Ids};

/// The index of the user who has only just signed in (see `signin`).
pub(super) const YOUNG: u64 = 7;

/// A source of a planned connection: its state and the age of its data in days (`None`: never synced).
#[derive(Clone, Copy)]
struct SourcePlan {
    state: Option<&'static str>,
    age: Option<i32>,
    disabled: bool,
}

const HEALTHY: SourcePlan = SourcePlan { state: None, age: Some(0), disabled: false };

#[derive(Clone, Copy, PartialEq)]
enum Fate {
    Live,
    /// No longer found at the bank; its rows stay.
    Archived,
    /// Not consented to.
    Disabled,
    /// Belongs to no connection.
    Orphan,
    /// The earlier account with this position, found again under a new id.
    Again(usize),
}

/// An account to build: type, currency, position of its source, share of the rows, fate.
#[derive(Clone, Copy)]
struct AccountPlan(&'static str, &'static str, usize, u32, Fate);

struct ConnectionPlan {
    bank: u64,
    sources: Vec<SourcePlan>,
    active: bool,
    stuck: bool,
    accounts: Vec<AccountPlan>,
}

fn link(bank: u64, sources: &[SourcePlan], accounts: &[AccountPlan]) -> ConnectionPlan {
    ConnectionPlan {
        bank,
        sources: sources.to_vec(),
        active: true,
        stuck: false,
        accounts: accounts.to_vec(),
    }
}

fn broken(index: u64) -> SourcePlan {
    let state = STATES[usize::try_from(index % STATES.len() as u64).unwrap_or(0)];
    SourcePlan { state: Some(state), age: Some(3 + i32::try_from(index % 50).unwrap_or(0)), disabled: false }
}

/// The connections of the user with this index, and the number of rows.
fn plan_of(plan: &Plan, rng: &mut Rng, index: u64) -> (Vec<ConnectionPlan>, u64) {
    use Fate::{Again, Archived, Disabled, Live, Orphan};
    let checking = AccountPlan("checking", "EUR", 0, 6, Live);
    let card = AccountPlan("card", "EUR", 0, 3, Live);
    let livret = AccountPlan("livret_a", "EUR", 0, 1, Live);
    let loan = AccountPlan("mortgage", "EUR", 0, 1, Live);
    let pea = AccountPlan("pea", "EUR", 0, 1, Live);
    let pel = AccountPlan("pel", "EUR", 0, 1, Live);
    let stale = SourcePlan { state: Some("SCARequired"), age: Some(180), disabled: false };
    let never = SourcePlan { state: None, age: None, disabled: false };
    let off = SourcePlan { state: None, age: Some(90), disabled: true };
    let second = link(index + 3, &[broken(index)], &[pel, AccountPlan("lifeinsurance", "EUR", 0, 0, Live)]);
    let big = plan.rows >= 20;
    if !plan.edge_cases {
        return (vec![link(index, &[HEALTHY], &[checking, card, livret])], plan.rows);
    }
    if index >= plan.users {
        return (vec![link(index, &[HEALTHY], &[checking, livret])], plan.rows);
    }
    match index {
        // One of everything, and the awkward rows.
        0 => (vec![link(0, &[HEALTHY], &[checking, card, livret, loan, pea]), second], plan.rows * 2),
        // Four sources, of which one is stale, one was never synced and one is off; a list of three pages.
        1 => {
            let card = AccountPlan("card", "EUR", 1, 4, Live);
            let livret = AccountPlan("livret_a", "EUR", 1, 2, Live);
            let unseen = AccountPlan("savings", "EUR", 2, 0, Disabled);
            let sources = [stale, HEALTHY, never, off];
            (
                vec![link(1, &sources, &[checking, card, livret, unseen]), second],
                if big { 2_317 } else { plan.rows },
            )
        }
        // Accounts archived, not consented to, without a connection, and found again under a new id.
        2 => {
            let archived = AccountPlan("checking", "EUR", 0, 2, Archived);
            let orphan = AccountPlan("savings", "EUR", 0, 2, Orphan);
            let lost = AccountPlan("savings", "EUR", 0, 1, Archived);
            let hidden = AccountPlan("savings", "EUR", 0, 0, Disabled);
            let accounts =
                [checking, archived, hidden, orphan, lost, AccountPlan("savings", "EUR", 0, 0, Again(4))];
            let mut second = second;
            second.active = false;
            (vec![link(2, &[HEALTHY], &accounts), second], plan.rows)
        }
        // No account at all.
        3 => {
            let refused = SourcePlan { state: Some("wrongpass"), age: None, disabled: false };
            (vec![link(5, &[refused], &[]), link(8, &[broken(index)], &[])], 0)
        }
        // Many currencies, a connection that will not be tried again, exactly one full page of rows.
        4 => {
            let accounts = [
                checking,
                AccountPlan("checking", "USD", 0, 2, Live),
                AccountPlan("checking", "GBP", 0, 1, Live),
                AccountPlan("savings", "JPY", 0, 1, Live),
                AccountPlan("checking", "TND", 0, 1, Live),
            ];
            let coins =
                [AccountPlan("wallet", "BTC", 0, 2, Live), AccountPlan("wallet", "MATIC", 0, 1, Live)];
            let old = SourcePlan { state: None, age: Some(21), disabled: false };
            let mut stuck = link(9, &[old], &coins);
            stuck.stuck = true;
            (vec![link(7, &[HEALTHY], &accounts), stuck, second], if big { 1_000 } else { plan.rows })
        }
        // Accounts without rows.
        5 => {
            let waiting = SourcePlan { state: Some("validating"), age: None, disabled: false };
            let empty = AccountPlan("checking", "EUR", 0, 0, Live);
            (
                vec![
                    link(6, &[waiting], &[empty]),
                    link(10, &[HEALTHY], &[AccountPlan("per", "EUR", 0, 0, Live)]),
                    link(4, &[broken(index)], &[]),
                ],
                0,
            )
        }
        // A state and an account type that the documentation does not know.
        6 => {
            let unknown = SourcePlan { state: Some(STATES[12]), age: Some(2), disabled: false };
            let odd = AccountPlan("greenwallet", "EUR", 0, 1, Live);
            let consumer = AccountPlan("loan", "EUR", 0, 1, Live);
            (
                vec![link(12, &[HEALTHY], &[checking, card, consumer]), link(13, &[unknown], &[odd]), second],
                plan.rows.max(12),
            )
        }
        // Signed in only just now.
        YOUNG => (vec![link(8, &[HEALTHY], &[checking])], plan.rows / 2),
        // Everybody else: each state once, then mostly healthy; a few without rows or accounts, a few with many.
        _ => {
            let state = if index <= 11 || index % 9 == 3 { broken(index) } else { HEALTHY };
            let mut list = vec![link(index, &[state], &[checking, card, livret])];
            match index % 7 {
                0 => list.push(second),
                1 => list[0].accounts.push(loan),
                2 => list[0].accounts.push(AccountPlan("checking", "USD", 0, 1, Live)),
                3 => list[0].accounts.extend([AccountPlan("savings", "EUR", 0, 1, Archived), pea]),
                4 => list[0].accounts.push(AccountPlan("savings", "EUR", 0, 0, Disabled)),
                5 => list.push(link(index, &[HEALTHY], &[checking])),
                _ => list[0].accounts.truncate(1),
            }
            let rows = match index {
                _ if index % 97 == 13 => 0,
                _ if index % 29 == 11 => 3,
                _ if index % 241 == 100 && big => 2_000,
                _ => plan.rows / 2 + rng.u64(0..=plan.rows),
            };
            if index % 97 == 60 {
                list.iter_mut().for_each(|link| link.accounts.clear());
                return (list, 0);
            }
            (list, rows)
        }
    }
}

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
