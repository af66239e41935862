//! The world: the same everywhere, with every case in it, and quick to build.

use std::collections::BTreeSet;

use super::probe::sandbox;
use crate::sandbox::generate::STATES;
use crate::sandbox::{SandboxConfig, World};

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let truth = async |seed: u64| {
        let sandbox = sandbox(|config| config.seed = seed).await;
        (0..4).for_each(|_| sandbox.night());
        sandbox.truth()
    };
    let (one, again, other) = (truth(7).await, truth(7).await, truth(8).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
}

#[test]
fn it_does_not_matter_when_a_user_is_first_looked_at() {
    let config = SandboxConfig::default();
    let (mut early, mut late) = (World::new(&config), World::new(&config));
    for id in early.users() {
        early.holdings(id);
    }
    for _ in 0..5 {
        early.night();
        late.night();
    }
    assert_eq!(crate::sandbox::truth::collect(&mut early), crate::sandbox::truth::collect(&mut late));
}

/// The bytes of a small world; a change here means that the same seed no longer gives the same bytes.
#[test]
fn the_world_does_not_drift() {
    let mut world =
        World::new(&SandboxConfig { users: 4, transactions_per_user: 5, ..SandboxConfig::default() });
    let mut out = Vec::new();
    crate::sandbox::truth::write(&mut world, &mut out).unwrap();
    let written = crate::sandbox::exact(std::str::from_utf8(&out).unwrap());
    assert_eq!(written, crate::sandbox::truth::collect(&mut world).to_value());
    let hash = out.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    assert_eq!(format!("{hash:016x}"), "2e1cb0c830d16a55");
}

#[tokio::test]
async fn the_first_users_show_the_cases() {
    let sandbox = sandbox(|config| config.users = 12).await;
    let truth = sandbox.truth();
    let (connections, accounts, rows) =
        (truth.rows("connections"), truth.rows("accounts"), truth.rows("transactions"));
    let states: BTreeSet<&str> = connections.iter().filter_map(|row| row["state"].as_str()).collect();
    assert_eq!(states, BTreeSet::from(STATES));
    assert!(connections.iter().any(|row| row["state"].is_null()));
    assert!(connections.iter().any(|row| row["active"] == false));
    assert!(accounts.iter().any(|row| !row["deleted"].is_null()));
    assert!(accounts.iter().any(|row| !row["disabled"].is_null() && row["balance"].is_null()));
    assert!(accounts.iter().any(|row| row["id_connection"].is_null()));
    let ibans: Vec<&str> = accounts.iter().filter_map(|row| row["iban"].as_str()).collect();
    assert!(ibans.len() > ibans.iter().collect::<BTreeSet<_>>().len(), "a re-created account");
    let types: BTreeSet<&str> = accounts.iter().filter_map(|row| row["type"].as_str()).collect();
    assert!(
        ["checking", "card", "mortgage", "pea", "livret_a", "wallet"].iter().all(|kind| types.contains(kind))
    );
    let codes: BTreeSet<&str> = accounts.iter().filter_map(|row| row["currency"]["id"].as_str()).collect();
    assert!(codes.len() >= 6, "{codes:?}");
    let wordings: Vec<&str> = rows.iter().filter_map(|row| row["original_wording"].as_str()).collect();
    assert!(wordings.iter().any(|text| text.len() > 20_000));
    assert!(wordings.iter().any(|text| text.starts_with("=HYPERLINK(")));
    assert!(wordings.iter().any(|text| text.contains('🍣')));
    assert!(wordings.iter().any(|text| text.contains('\0')));
    assert!(rows.iter().any(|row| row["value"] == "12345678901234567890.12345678"));
    assert!(rows.iter().any(|row| row["value"] == "-42.50"));
    assert!(rows.iter().any(|row| row["coming"] == true));
    assert!(rows.iter().any(|row| !row["deleted"].is_null()));
    assert!(rows.iter().any(|row| row["date"] == "2999-12-31"));
    let texts: String = truth.transactions.concat();
    assert!(texts.contains("\"value\": \"-42.50\"") && texts.contains("\"value\": -1.5E3"));
}

#[tokio::test]
async fn no_row_was_updated_in_the_future_or_before_it_was_seen() {
    let sandbox = sandbox(|config| config.users = 40).await;
    (0..3).for_each(|_| sandbox.night());
    let now = sandbox.with_world(|world| world.clock().paris_text());
    for table in ["connections", "accounts", "transactions"] {
        for row in sandbox.truth().rows(table) {
            for key in ["last_update", "created", "deleted", "disabled", "date_scraped"] {
                assert!(row[key].as_str().is_none_or(|at| at <= &*now), "{table} {key} {row}");
            }
            if let (Some(seen), Some(updated)) = (row["date_scraped"].as_str(), row["last_update"].as_str()) {
                assert!(seen <= updated, "{row}");
            }
        }
    }
}

#[test]
fn plain_worlds_have_exactly_the_rows_asked_for() {
    let config = SandboxConfig {
        users: 3,
        transactions_per_user: 1_234,
        edge_cases: false,
        ..SandboxConfig::default()
    };
    let mut world = World::new(&config);
    for id in world.users() {
        assert_eq!(world.holdings(id).unwrap().transactions().len(), 1_234);
    }
}
