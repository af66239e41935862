//! Connectors, connections and their sources as the API serves them.

use std::collections::BTreeMap;

use super::account::account as write_account;
use super::json::{Object, Style, array};
use crate::sandbox::world::rows::{Account, Connection, Connector, ConnectorSource, Source};

/// The states in which the user has to type something: only these serve `fields`.
const ASKING: [&str; 3] = ["additionalInformationNeeded", "wrongpass", "passwordExpired"];

/// What is expanded inside a connection.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expanded<'a> {
    pub(crate) connectors: Option<&'a [Connector]>,
    pub(crate) sources: bool,
    /// Leave disabled sources out.
    pub(crate) hide_disabled: bool,
    /// The user's accounts, and the key they go under.
    pub(crate) accounts: Option<(&'static str, &'a BTreeMap<i64, Account>)>,
}

/// Writes one connection.
pub(crate) fn connection(out: &mut Vec<u8>, row: &Connection, expanded: Expanded<'_>, style: Style) {
    let mut object = Object::open(out, Some(&row.patch), style);
    object.integer("id", Some(row.id));
    object.integer("id_user", row.id_user);
    object.integer("id_connector", Some(row.id_connector));
    object.integer("id_bank", Some(row.id_connector));
    object.text("connector_uuid", Some(&row.connector_uuid));
    object.text("state", row.state.as_deref());
    object.text("error", row.state.as_deref());
    object.text("error_message", row.error_message.as_deref());
    object.text("last_update", row.last_update.as_deref());
    object.text("created", row.created.as_deref());
    object.boolean("active", Some(row.active));
    object.text("last_push", row.last_push.as_deref());
    object.text("expire", row.expire.as_deref());
    object.text("next_try", row.next_try.as_deref());
    if row.state.as_deref().is_some_and(|state| ASKING.contains(&state)) {
        object.raw(
            "fields",
            r#"[{"name": "code", "label": "Code reçu par SMS", "type": "text", "required": true, "regex": null, "value": null, "values": null}]"#,
        );
    }
    if let Some(connectors) = expanded.connectors {
        match connectors.iter().find(|connector| connector.id == row.id_connector) {
            Some(found) => object.value("connector", |out, style| connector(out, found, false, style)),
            None => object.null("connector"),
        }
    }
    if expanded.sources {
        let shown =
            row.sources.iter().filter(|source| !(expanded.hide_disabled && source.disabled.is_some()));
        object.value("sources", |out, style| array(out, shown, |out, row| source(out, row, style)));
    }
    if let Some((key, accounts)) = expanded.accounts {
        let every = key == "all_accounts";
        let shown = accounts
            .values()
            .filter(|account| account.id_connection == Some(row.id))
            .filter(|account| every || (account.disabled.is_none() && account.deleted.is_none()));
        object.value(key, |out, style| array(out, shown, |out, row| write_account(out, row, style)));
    }
    object.close();
}

/// Writes one source of a connection. A source never synced has no `last_update` key.
pub(crate) fn source(out: &mut Vec<u8>, row: &Source, style: Style) {
    let mut object = Object::open(out, Some(&row.patch), style);
    object.integer("id", Some(row.id));
    object.integer("id_connection", Some(row.id_connection));
    object.integer("id_connector_source", Some(row.id_connector_source));
    object.text("name", Some(&row.name));
    object.text("state", row.state.as_deref());
    if let Some(last_update) = &row.last_update {
        object.text("last_update", Some(last_update));
    }
    object.text("created", row.created.as_deref());
    object.text("disabled", row.disabled.as_deref());
    object.text("access_expire", row.access_expire.as_deref());
    object.text("expire", row.expire.as_deref());
    object.text("next_try", row.next_try.as_deref());
    object.value("source", |out, style| {
        let mut inner = Object::open(out, None, style);
        inner.text("name", Some(&row.name));
        inner.integer("priority", Some(row.priority));
        inner.text("auth_mechanism", Some(&row.auth_mechanism));
        inner.close();
    });
    object.close();
}

/// Writes one connector.
pub(crate) fn connector(out: &mut Vec<u8>, row: &Connector, sources: bool, style: Style) {
    let list = |texts: &[Box<str>]| texts.iter().map(|text| &**text).collect::<Vec<_>>().join("\", \"");
    let mut object = Object::open(out, Some(&row.patch), style);
    object.integer("id", Some(row.id));
    object.text("uuid", Some(&row.uuid));
    object.text("name", Some(&row.name));
    object.boolean("hidden", row.hidden);
    object.boolean("charged", Some(row.charged));
    object.text("code", row.code.as_deref());
    object.boolean("beta", Some(row.beta));
    object.text("color", Some(&row.color));
    object.text("slug", Some(&row.slug));
    object.null("sync_frequency");
    object.null("sync_periodicity");
    object.integer("months_to_fetch", row.months_to_fetch);
    object.null("siret");
    object.text("auth_mechanism", row.auth_mechanism.as_deref());
    object.texts("available_auth_mechanisms", row.auth_mechanism.as_deref().as_slice());
    object.null("transfer_mechanism");
    object.boolean("restricted", Some(row.restricted));
    object.raw("capabilities", &format!("[\"{}\"]", list(&row.capabilities)));
    object.raw("account_usages", "[\"PRIV\", \"ORGA\"]");
    object.raw("products", &format!("[\"{}\"]", list(&row.products)));
    object.raw("account_types", "[\"checking\", \"savings\", \"loan\"]");
    object.raw("categories", "[]");
    object.raw("documents_type", "[]");
    object.null("payment_settings");
    object.value("stability", |out, style| {
        let mut inner = Object::open(out, None, style);
        inner.text("status", Some(&row.stability));
        inner.null("last_update");
        inner.close();
    });
    if sources {
        object.value("sources", |out, style| {
            array(out, &row.sources, |out, row| connector_source(out, row, style));
        });
    }
    object.close();
}

/// Writes one source of a connector.
pub(crate) fn connector_source(out: &mut Vec<u8>, row: &ConnectorSource, style: Style) {
    let mut object = Object::open(out, Some(&row.patch), style);
    object.integer("id", Some(row.id));
    object.integer("id_connector", Some(row.id_connector));
    object.text("name", Some(&row.name));
    object.text("auth_mechanism", row.auth_mechanism.as_deref());
    object.texts("available_auth_mechanisms", row.auth_mechanism.as_deref().as_slice());
    object.text("disabled", row.disabled.as_deref());
    object.integer("priority", Some(row.priority));
    object.raw("account_usages", "[\"PRIV\", \"ORGA\"]");
    object.raw("account_types", "[\"checking\", \"savings\"]");
    object.boolean("fallback", Some(row.priority > 0));
    object.null("sync_periodicity");
    object.raw("disabled_capabilities", "[]");
    object.close();
}
