//! What the bank answers. On night N each user has one row in a thousand more than on night N − 1, dated that day, and
//! every other user's newest old row was changed.

use std::io::Write;
use std::time::{Duration, SystemTime};

use super::template::{Template, Values, day_text, mix, templates};

const FIRST_USER: u64 = 1_000;
const FIRST_ACCOUNT: u64 = 1_000_000;
const FIRST_ID: u64 = 10_000_000_000;
/// Days from 1970-01-01 to 2026-11-21, the day of the newest row before any night.
const LAST_DAY: u64 = 20_778;

/// The bank's measures.
pub(crate) struct Bank {
    pub(crate) users: u64,
    pub(crate) rows: u64,
    pub(crate) days: u64,
    pub(crate) night: u64,
    pub(crate) port: u16,
    templates: Vec<Template>,
}

impl Default for Bank {
    fn default() -> Self {
        Self { users: 100, rows: 1000, days: 1080, night: 0, port: 0, templates: templates() }
    }
}

impl Bank {
    /// Writes the answer's body; returns its status.
    pub(crate) fn answer(&self, method: &str, target: &str, body: &mut Vec<u8>) -> &'static str {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = path.trim_start_matches("/2.0");
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let of_user = |id: &str| id.parse::<u64>().ok().and_then(|id| id.checked_sub(FIRST_USER));
        match (method, parts.as_slice()) {
            ("POST", ["auth", "renew"]) => {
                body.extend_from_slice(br#"{"access_token": "a-token-of-a-user", "token_type": "Bearer"}"#);
            }
            ("DELETE", _) => return "204 No Content",
            (_, ["users"]) => self.list_users(body),
            (_, ["connectors"]) => body.extend_from_slice(CONNECTORS.as_bytes()),
            (_, ["users", id, "connections"]) => self.connections(of_user(id).unwrap(), body),
            (_, ["users", id, "accounts"]) => self.accounts(of_user(id).unwrap(), body),
            (_, ["users", id, "transactions"]) => {
                self.transactions(of_user(id).unwrap(), target, query, body);
            }
            _ => return "404 Not Found",
        }
        "200 OK"
    }

    fn list_users(&self, body: &mut Vec<u8>) {
        body.extend_from_slice(b"{\"users\": [");
        for user in 0..self.users {
            let comma = if user == 0 { "" } else { ", " };
            let id = FIRST_USER + user;
            write!(
                body,
                r#"{comma}{{"id": {id}, "signin": "2023-04-26 22:54:43", "platform": "sharedAccess"}}"#
            )
            .unwrap();
        }
        write!(body, "], \"total\": {}}}", self.users).unwrap();
    }

    fn connections(&self, user: u64, body: &mut Vec<u8>) {
        let (id, stamp) = (FIRST_USER + user, self.stamp(LAST_DAY + self.night));
        write!(
            body,
            r#"{{"connections": [{{"id": {id}, "id_user": {id}, "id_connector": 3, "id_bank": 3, "connector_uuid": "77efa7fc-5f70-505f-96ea-cd1ff24c3479", "state": null, "error": null, "error_message": null, "last_update": "{stamp}", "created": "2024-10-02 02:15:49", "active": true, "last_push": "{stamp}", "expire": null, "next_try": null, "connector": {CONNECTOR}}}, "sources": [{{"id": {id}, "id_connection": {id}, "id_connector_source": 30, "name": "openapi", "state": null, "last_update": "{stamp}", "created": "2024-10-02 02:15:49", "disabled": null, "access_expire": "2027-03-22 02:49:30", "expire": null, "next_try": null, "source": {{"name": "openapi", "priority": 0, "auth_mechanism": "webauth"}}}}]}}], "total": 1}}"#
        )
        .unwrap();
    }

    fn accounts(&self, user: u64, body: &mut Vec<u8>) {
        let (id, stamp) = (FIRST_USER + user, self.stamp(LAST_DAY + self.night));
        body.extend_from_slice(b"{\"balance\": 10, \"accounts\": [");
        for (at, (name, kind)) in
            [("Compte chèques", "checking"), ("Livret A", "livret_a")].iter().enumerate()
        {
            let comma = if at == 0 { "" } else { ", " };
            let account = FIRST_ACCOUNT + 2 * user + at as u64;
            let balance = 1000 + account * 7919 % 100_000 + self.night;
            write!(
                body,
                r#"{comma}{{"id": {account}, "id_connection": {id}, "id_user": {id}, "id_source": {id}, "id_parent": null, "number": "27552{account}", "webid": "8bc62c", "original_name": "COMPTE", "balance": {balance}.86, "coming": null, "display": true, "last_update": "{stamp}", "deleted": null, "disabled": null, "iban": "FR763099066796840{account}2549", "bic": "EXPLFRPPXXX", "currency": {{"id": "EUR", "symbol": "€", "prefix": false, "crypto": false, "precision": 2, "marketcap": null, "datetime": null, "name": "Euro"}}, "id_type": 2, "bookmarked": 0, "name": "{name}", "error": null, "usage": "PRIV", "ownership": "owner", "company_name": null, "opening_date": null, "coming_balance": {balance}.86, "formatted_balance": "{balance},86 €", "type": "{kind}", "information": {{}}, "loan": null}}"#
            )
            .unwrap();
        }
        body.extend_from_slice(b"], \"total\": 2}");
    }

    /// New rows of a user each night.
    fn fresh(&self) -> u64 {
        self.rows.div_ceil(1000).min(900)
    }

    fn transactions(&self, user: u64, target: &str, query: &str, body: &mut Vec<u8>) {
        let parameter = |name: &str| query.split('&').find_map(|p| p.strip_prefix(name)?.strip_prefix('='));
        let limit: u64 = parameter("limit").and_then(|text| text.parse().ok()).unwrap_or(1000).min(1000);
        let all = self.rows + self.night * self.fresh();
        let (from, to, last) = if parameter("last_update").is_some() {
            // What came and what changed tonight; nothing on the first night.
            let changed = if self.night > 0 { self.fresh() } else { 0 };
            (0, changed, changed)
        } else {
            let from = parameter("cursor").and_then(|text| text.parse().ok()).unwrap_or(0);
            (from, (from + limit).min(all), all)
        };
        let (oldest, newest) = (day_text(LAST_DAY - self.days + 1), day_text(LAST_DAY + self.night));
        write!(body, r#"{{"first_date": "{oldest}", "last_date": "{newest}", "transactions": ["#).unwrap();
        let mut any = false;
        let mut push = |place: u64, body: &mut Vec<u8>| {
            if std::mem::replace(&mut any, true) {
                body.extend_from_slice(b", ");
            }
            self.row(user, place, body);
        };
        (from..to).for_each(|place| push(place, body));
        let changed = parameter("last_update").is_some() && self.night > 0 && user.is_multiple_of(2);
        if changed {
            push(self.night * self.fresh(), body);
        }
        write!(body, r#"], "_links": {{"prev": null, "self": null, "next": "#).unwrap();
        if to < last {
            let plain = target.split("&cursor=").next().unwrap_or(target);
            write!(body, r#"{{"href": "http://127.0.0.1:{}{plain}&cursor={to}"}}"#, self.port).unwrap();
        } else {
            body.extend_from_slice(b"null");
        }
        write!(body, "}}, \"total\": {}}}", last + u64::from(changed)).unwrap();
    }

    /// A row by its place in the list, the newest first: those of the nights, then the old ones.
    fn row(&self, user: u64, place: u64, body: &mut Vec<u8>) {
        let fresh = self.night * self.fresh();
        let (id, day, updated) = if place < fresh {
            let night = self.night - place / self.fresh();
            let at = place % self.fresh();
            let id =
                FIRST_ID + self.users * self.rows + ((night - 1) * self.users + user) * self.fresh() + at;
            (id, LAST_DAY + night, LAST_DAY + night)
        } else {
            let at = place - fresh;
            let age = at * self.days / self.rows;
            // Ids ascend with time, and within a day the API lists them ascending.
            let first = (age * self.rows).div_ceil(self.days);
            let behind = ((age + 1) * self.rows).div_ceil(self.days);
            let id = FIRST_ID + user * self.rows + (self.rows - behind) + (at - first);
            let changed = at == 0 && user.is_multiple_of(2);
            let day = LAST_DAY - age;
            (id, day, if changed { LAST_DAY + self.night } else { day + 1 })
        };
        let chance = mix(id);
        let template = &self.templates[usize::try_from(chance % self.templates.len() as u64).unwrap()];
        let account = FIRST_ACCOUNT + 2 * user + u64::from((chance >> 20).is_multiple_of(3));
        template.write(body, Values { id, account, day, updated, chance: mix(chance) });
    }

    fn stamp(&self, day: u64) -> String {
        format!("{} 02:09:14", day_text(day))
    }

    /// The `Date` of every answer.
    pub(crate) fn http_date(&self) -> String {
        // The morning after the newest rows.
        let day = LAST_DAY + 1 + self.night;
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86_400 + 3 * 3600);
        httpdate::fmt_http_date(at)
    }
}

const CONNECTOR: &str = r#"{"id": 3, "uuid": "77efa7fc-5f70-505f-96ea-cd1ff24c3479", "name": "Caisse Mutuelle des Alpilles", "hidden": false, "charged": true, "code": "10990", "beta": false, "color": "e2001a", "slug": "CMA", "sync_frequency": null, "months_to_fetch": 24, "auth_mechanism": "webauth", "available_auth_mechanisms": ["webauth"], "restricted": false, "capabilities": ["bank"], "products": ["bank"]"#;
const CONNECTORS: &str = r#"{"connectors": [{"id": 3, "uuid": "77efa7fc-5f70-505f-96ea-cd1ff24c3479", "name": "Caisse Mutuelle des Alpilles", "hidden": false, "sources": [{"id": 30, "id_connector": 3, "name": "openapi", "priority": 0, "disabled": null}]}], "total": 1}"#;
