//! What can happen between two nights. Numbers choose among what is there, so that every history can be played.

use powens_export::sandbox::{NewAccount, Nights, Sandbox, World};
use proptest::prelude::*;

/// Something that somebody does by hand, beside what the night itself brings.
#[derive(Clone, Copy, Debug)]
pub(super) enum Happening {
    Redate { user: usize, row: usize, days: i32 },
    Delete { user: usize, row: usize },
    Reword { user: usize, row: usize },
    OpenAccount { user: usize, rows: u8 },
    Archive { user: usize, account: usize },
    Withdraw { user: usize, account: usize },
    Recreate { user: usize, account: usize },
    RemoveAccount { user: usize, account: usize },
    Currency { user: usize, account: usize },
    RemoveConnection { user: usize },
    Join,
    Leave { user: usize },
}

/// One night.
#[derive(Clone, Debug)]
pub(super) struct Night {
    pub(super) nights: Nights,
    pub(super) happenings: Vec<Happening>,
    /// Seconds from the night to the first run.
    pub(super) later: u32,
}

pub(super) fn happening() -> impl Strategy<Value = Happening> {
    let (user, place) = (0_usize..100, 0_usize..1_000);
    prop_oneof![
        4 => (user.clone(), place.clone(), -900_i32..60)
            .prop_map(|(user, row, days)| Happening::Redate { user, row, days }),
        3 => (user.clone(), place.clone()).prop_map(|(user, row)| Happening::Delete { user, row }),
        2 => (user.clone(), place.clone()).prop_map(|(user, row)| Happening::Reword { user, row }),
        2 => (user.clone(), 0_u8..5).prop_map(|(user, rows)| Happening::OpenAccount { user, rows }),
        1 => (user.clone(), place.clone()).prop_map(|(user, account)| Happening::Archive { user, account }),
        1 => (user.clone(), place.clone()).prop_map(|(user, account)| Happening::Withdraw { user, account }),
        1 => (user.clone(), place.clone()).prop_map(|(user, account)| Happening::Recreate { user, account }),
        1 => (user.clone(), place.clone())
            .prop_map(|(user, account)| Happening::RemoveAccount { user, account }),
        1 => (user.clone(), place).prop_map(|(user, account)| Happening::Currency { user, account }),
        1 => user.clone().prop_map(|user| Happening::RemoveConnection { user }),
        1 => Just(Happening::Join),
        1 => user.prop_map(|user| Happening::Leave { user }),
    ]
}

/// Nights of every kind but those in which rows change without a trace.
pub(super) fn nights() -> impl Strategy<Value = Nights> {
    let often = || prop::bool::weighted(0.7);
    (often(), often(), often(), often(), often(), often()).prop_map(
        |(rows_come, rows_change, soft_deletes, states_change, accounts_change, users_come_and_go)| Nights {
            rows_come,
            rows_change,
            soft_deletes,
            hard_deletes: false,
            silent_edits: false,
            states_change,
            accounts_change,
            users_come_and_go,
        },
    )
}

pub(super) fn night() -> impl Strategy<Value = Night> {
    (nights(), prop::collection::vec(happening(), 0..4), 0_u32..50_000)
        .prop_map(|(nights, happenings, later)| Night { nights, happenings, later })
}

/// Lets a night pass.
pub(super) fn pass(sandbox: &Sandbox, night: &Night) {
    sandbox.night_of(night.nights);
    sandbox.with_world(|world| {
        world.advance(i64::from(night.later));
        for happening in &night.happenings {
            let _ = apply(world, *happening);
        }
    });
}

fn pick(from: &[i64], place: usize) -> Option<i64> {
    (!from.is_empty()).then(|| from[place % from.len()])
}

fn user(world: &World, place: usize) -> Option<i64> {
    pick(&world.users(), place)
}

/// An account that is there, consented to and not archived.
fn account(world: &mut World, user: i64, place: usize) -> Option<i64> {
    let live = world.holdings(user)?.accounts().filter(|row| row.deleted.is_none() && row.disabled.is_none());
    let live: Vec<i64> = live.map(|row| row.id).collect();
    pick(&live, place)
}

/// A row of such an account.
fn row(world: &mut World, user: i64, place: usize) -> Option<i64> {
    let holdings = world.holdings(user)?;
    let live = |id| holdings.account(id).is_some_and(|row| row.deleted.is_none() && row.disabled.is_none());
    let rows: Vec<i64> =
        holdings.transactions().iter().filter(|row| live(row.id_account)).map(|row| row.id).collect();
    pick(&rows, place)
}

fn apply(world: &mut World, happening: Happening) -> Option<()> {
    match happening {
        Happening::Redate { user: at, row: place, days } => {
            let user = user(world, at)?;
            let (row, date) = (row(world, user, place)?, world.day(days));
            world.redate(user, row, &date);
        }
        Happening::Delete { user: at, row: place } => {
            let user = user(world, at)?;
            let row = row(world, user, place)?;
            world.soft_delete(user, row);
        }
        Happening::Reword { user: at, row: place } => {
            let user = user(world, at)?;
            let row = row(world, user, place)?;
            world.edit_transaction(user, row, |row| row.wording = Some("REVU".into()));
        }
        Happening::OpenAccount { user: at, rows } => {
            let user = user(world, at)?;
            let connection = world.holdings(user)?.connections().next().map(|row| row.id);
            let account = world.add_account(user, &NewAccount { connection, ..NewAccount::default() })?;
            for row in 0..rows {
                let date = world.day(-40 * i32::from(row));
                world.insert_transaction(user, account, &date, "-12.34");
            }
        }
        Happening::Archive { user: at, account: place } => {
            let user = user(world, at)?;
            let account = account(world, user, place)?;
            world.archive_account(user, account);
        }
        Happening::Withdraw { user: at, account: place } => {
            let user = user(world, at)?;
            let account = account(world, user, place)?;
            world.disable_account(user, account);
        }
        Happening::Recreate { user: at, account: place } => {
            let user = user(world, at)?;
            let account = account(world, user, place)?;
            world.recreate_account(user, account);
        }
        Happening::RemoveAccount { user: at, account: place } => {
            let user = user(world, at)?;
            let account = account(world, user, place)?;
            world.remove_account(user, account);
        }
        Happening::Currency { user: at, account: place } => {
            let user = user(world, at)?;
            let account = account(world, user, place)?;
            world.edit_account(user, account, |row| {
                let other = if row.currency.as_deref() == Some("USD") { "EUR" } else { "USD" };
                row.currency = Some(other.into());
            });
        }
        Happening::RemoveConnection { user: at } => {
            let user = user(world, at)?;
            let connection = world.holdings(user)?.connections().last()?.id;
            world.remove_connection(user, connection);
        }
        Happening::Join => {
            let user = world.add_user();
            let connector = world.connectors().first()?.id;
            let (connection, _) = world.add_connection(user, connector)?;
            let account = world
                .add_account(user, &NewAccount { connection: Some(connection), ..NewAccount::default() })?;
            let date = world.day(-3);
            world.insert_transaction(user, account, &date, "100.00");
        }
        Happening::Leave { user: at } => {
            // Somebody stays.
            let user = user(world, at).filter(|_| world.users().len() > 3)?;
            world.remove_user(user);
        }
    }
    Some(())
}
