//! A request, taken apart.

use http::{HeaderMap, Method, Uri};

/// What the routes look at.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The path as sent, `/2.0` included.
    pub(crate) path: String,
    /// The query as sent, without `?`.
    pub(crate) query: String,
    pub(crate) bearer: Option<String>,
    pub(crate) accepts_gzip: bool,
    pub(crate) form: bool,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn new(method: Method, uri: &Uri, headers: &HeaderMap, body: Vec<u8>) -> Self {
        let text =
            |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        let bearer = text(http::header::AUTHORIZATION).split_once(' ').and_then(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
        });
        Self {
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or("").to_owned(),
            bearer,
            accepts_gzip: text(http::header::ACCEPT_ENCODING).contains("gzip"),
            form: text(http::header::CONTENT_TYPE).starts_with("application/x-www-form-urlencoded"),
            body,
        }
    }

    /// The query's pairs in the order sent; a value-less flag has an empty value.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        form_pairs(&self.query)
    }

    /// The value of a parameter, the last one winning.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        self.pairs().into_iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// True when a value-less flag is present, with or without a value.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.parameter(name).is_some()
    }

    /// The query without some parameters, as sent otherwise.
    pub(crate) fn query_without(&self, names: &[&str]) -> String {
        let keep = |piece: &&str| !names.contains(&piece.split('=').next().unwrap_or(""));
        self.query.split('&').filter(|piece| !piece.is_empty()).filter(keep).collect::<Vec<_>>().join("&")
    }

    /// The value of a field of a JSON or form body, as text; `null` and absence are both `None`.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        if self.form {
            let body = String::from_utf8_lossy(&self.body);
            return form_pairs(&body).into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
        }
        let value: serde_json::Value = serde_json::from_slice(&self.body).ok()?;
        match value.get(name)? {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

fn form_pairs(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (key, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decode(key), decode(value))
        })
        .collect()
}

/// Undoes percent-encoding; `+` is a space.
pub(crate) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |from: usize| text.get(from..from + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match bytes[at] {
            b'%' => {
                if let Some(byte) = hex(at + 1) {
                    out.push(byte);
                    at += 3;
                    continue;
                }
                out.push(b'%');
            }
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, body: &str) -> Request {
        Request::new(Method::GET, &uri.parse().unwrap(), &HeaderMap::new(), body.as_bytes().to_vec())
    }

    #[test]
    fn queries_are_read() {
        let request = request("/2.0/users?all&limit=5&last_update=2026-01-01%2010:00:00&limit=6&x=a+b", "");
        assert!(request.flag("all"));
        assert!(!request.flag("al"));
        assert_eq!(request.parameter("limit").as_deref(), Some("6"));
        assert_eq!(request.parameter("last_update").as_deref(), Some("2026-01-01 10:00:00"));
        assert_eq!(request.parameter("x").as_deref(), Some("a b"));
        assert_eq!(request.query_without(&["limit", "x"]), "all&last_update=2026-01-01%2010:00:00");
    }

    #[test]
    fn bodies_are_read() {
        let request = request(
            "/2.0/auth/renew",
            r#"{"id_user": 12, "revoke_previous": false, "client_id": "7", "x": null}"#,
        );
        assert_eq!(request.field("id_user").as_deref(), Some("12"));
        assert_eq!(request.field("revoke_previous").as_deref(), Some("false"));
        assert_eq!(request.field("client_id").as_deref(), Some("7"));
        assert_eq!(request.field("x"), None);
    }
}
