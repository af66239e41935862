//! Which user shows which case.

use fastrand::Rng;

use super::{Plan, STATES};

/// The index of the user who has only just signed in (see `signin`).
pub(super) const YOUNG: u64 = 7;

/// A source of a planned connection: its state and the age of its data in days (`None`: never synced).
#[derive(Clone, Copy)]
pub(super) struct SourcePlan {
    pub(super) state: Option<&'static str>,
    pub(super) age: Option<i32>,
    pub(super) disabled: bool,
}

const HEALTHY: SourcePlan = SourcePlan { state: None, age: Some(0), disabled: false };

/// What became of an account.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fate {
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
pub(super) struct AccountPlan(
    pub(super) &'static str,
    pub(super) &'static str,
    pub(super) usize,
    pub(super) u32,
    pub(super) Fate,
);

/// A connection to build.
pub(super) struct ConnectionPlan {
    /// Position in the list of banks.
    pub(super) bank: u64,
    pub(super) sources: Vec<SourcePlan>,
    pub(super) active: bool,
    /// No next try is planned, though nothing is wrong.
    pub(super) stuck: bool,
    pub(super) accounts: Vec<AccountPlan>,
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
pub(super) fn plan_of(plan: &Plan, rng: &mut Rng, index: u64) -> (Vec<ConnectionPlan>, u64) {
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
