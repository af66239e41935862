//! The banks of the domain, and a user's links to them.

use crate::sandbox::random::{hex_string, seeded};
use crate::sandbox::world::rows::{Connection, Connector, ConnectorSource, Source};

/// Id, name, bank code, slug, colour, mechanism, months to fetch, sources.
type Bank = (
    i64,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    Option<i64>,
    &'static [&'static str],
);

const BANKS: [Bank; 14] = [
    (59, "Banque du Ponant", "30990", "BDP", "1f6fb2", "webauth", Some(3), &["openapi", "directaccess"]),
    (
        40,
        "Crédit Rural d'Aunis",
        "11990",
        "CRA",
        "007d3c",
        "webauth",
        None,
        &["openapi", "directaccess", "openapi_cards", "directaccess_legacy"],
    ),
    (
        3,
        "Caisse Mutuelle des Alpilles",
        "10990",
        "CMA",
        "e2001a",
        "webauth",
        Some(24),
        &["openapi", "directaccess"],
    ),
    (
        61,
        "Société de Crédit du Nord-Est",
        "30991",
        "SCNE",
        "e60028",
        "webauth",
        None,
        &["openapi", "directaccess"],
    ),
    (38, "La Banque des Facteurs", "20990", "LBF", "003da5", "webauth", None, &["openapi"]),
    (275, "Hello Dôme !", "30992", "HLD", "5ec8e5", "credentials", None, &["directaccess"]),
    (112, "Fortunée Banque", "40990", "FOR", "91c13e", "webauth", Some(12), &["openapi", "directaccess"]),
    (338, "N42 Bank", "27190", "N42", "48ac98", "webauth", None, &["openapi"]),
    (410, "Révolte", "28290", "REV", "0666eb", "webauth", None, &["openapi"]),
    (502, "Comptoir des Cryptos", "", "CDC", "f7931a", "credentials", None, &["directaccess"]),
    (221, "Épargne Salariale Réunie", "", "ESR", "7a5195", "credentials", None, &["directaccess"]),
    (187, "Assurances du Phare — Vie & Œuvres", "", "ADP", "ffa600", "credentials", None, &["directaccess"]),
    (95, "Courtage Hexagone", "19990", "HEX", "003f5c", "credentials", Some(6), &["directaccess"]),
    (
        611,
        "Banque Professionnelle \"Le Négoce\"",
        "30993",
        "NEG",
        "222222",
        "webauth",
        None,
        &["openapi", "directaccess"],
    ),
];

/// The id of the bank at a position of the list, which goes round.
pub(crate) fn at(position: u64) -> i64 {
    BANKS[usize::try_from(position % BANKS.len() as u64).unwrap_or(0)].0
}

/// The connectors of the domain, by id.
pub(crate) fn connectors(seed: u64) -> Vec<Connector> {
    let mut list: Vec<Connector> = BANKS.iter().map(|bank| connector(seed, bank)).collect();
    list.sort_by_key(|connector| connector.id);
    list
}

fn connector(seed: u64, bank: &Bank) -> Connector {
    let &(id, name, code, slug, color, mechanism, months_to_fetch, sources) = bank;
    // The uuid is the same on every domain: it does not depend on the seed.
    let mut rng = seeded(&[id.unsigned_abs(), 3]);
    let uuid = format!(
        "{}-{}-5{}-9{}-{}",
        hex_string(&mut rng, 8),
        hex_string(&mut rng, 4),
        hex_string(&mut rng, 3),
        hex_string(&mut rng, 3),
        hex_string(&mut rng, 12)
    );
    let sources = sources.iter().zip(0_i64..).map(|(name, at)| ConnectorSource {
        id: id * 10 + at,
        id_connector: id,
        name: (*name).into(),
        auth_mechanism: Some(if name.starts_with("openapi") { "webauth" } else { "credentials" }.into()),
        disabled: (at == 3).then(|| "2025-03-01 00:00:00".into()),
        priority: at * 2,
        ..ConnectorSource::default()
    });
    Connector {
        id,
        uuid: uuid.into(),
        name: name.into(),
        hidden: Some(false),
        charged: true,
        code: (!code.is_empty()).then(|| code.into()),
        beta: seeded(&[seed, id.unsigned_abs(), 4]).u8(0..8) == 0,
        color: color.into(),
        slug: slug.into(),
        months_to_fetch,
        auth_mechanism: Some(mechanism.into()),
        restricted: false,
        capabilities: vec!["bank".into(), "bankwealth".into()],
        products: vec!["bank".into(), "wealth".into()],
        stability: "stable".into(),
        sources: sources.collect(),
        ..Connector::default()
    }
}

/// A healthy connection with these sources, just synced.
pub(crate) fn fresh(user: i64, id: i64, sources: &[i64], connector: &Connector, now: &str) -> Connection {
    Connection {
        id,
        id_user: Some(user),
        id_connector: connector.id,
        connector_uuid: connector.uuid.clone(),
        last_update: Some(now.into()),
        created: Some(now.into()),
        active: true,
        last_push: Some(now.into()),
        sources: sources
            .iter()
            .enumerate()
            .map(|(at, source)| fresh_source(id, *source, connector, at, now))
            .collect(),
        ..Connection::default()
    }
}

fn fresh_source(connection: i64, id: i64, connector: &Connector, at: usize, now: &str) -> Source {
    let kind = connector.sources.get(at).or(connector.sources.first());
    Source {
        id,
        id_connection: connection,
        id_connector_source: kind.map_or(connector.id * 10, |kind| kind.id),
        name: kind.map_or("directaccess".into(), |kind| kind.name.clone()),
        last_update: Some(now.into()),
        created: Some(now.into()),
        priority: kind.map_or(0, |kind| kind.priority),
        auth_mechanism: kind
            .and_then(|kind| kind.auth_mechanism.clone())
            .unwrap_or_else(|| "credentials".into()),
        ..Source::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connectors_have_ids_of_their_own() {
        let list = connectors(1);
        let mut ids: Vec<i64> = list.iter().map(|connector| connector.id).collect();
        ids.dedup();
        assert_eq!(ids.len(), BANKS.len());
        let mut sources: Vec<i64> =
            list.iter().flat_map(|row| row.sources.iter().map(|source| source.id)).collect();
        let count = sources.len();
        sources.sort_unstable();
        sources.dedup();
        assert_eq!(sources.len(), count);
    }
}
