//! An answer before it meets the wire, and the error bodies of the documentation.

use crate::sandbox::render::json::{Object, Style};

/// Status, body and what the log wants to know.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Rows in the list served.
    pub(crate) rows: usize,
}

impl Answer {
    pub(crate) fn ok(body: Vec<u8>, rows: usize) -> Self {
        Self { status: 200, headers: vec![json_type()], body, rows }
    }

    pub(crate) fn no_content() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new(), rows: 0 }
    }

    /// `{"code": …, "description": …, "request_id": …}`
    pub(crate) fn error(status: u16, code: &str, description: &str, request: u64) -> Self {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body, None, Style::default());
        object.text("code", Some(code));
        object.text("description", Some(description));
        object.integer("request_id", i64::try_from(778_120_000 + request).ok());
        object.close();
        Self { status, headers: vec![json_type()], body, rows: 0 }
    }

    /// A parameter is missing or wrong: `description` is its name.
    pub(crate) fn parameter(code: &str, name: &str) -> Self {
        let mut body = Vec::new();
        let mut object = Object::open(&mut body, None, Style::default());
        object.text("code", Some(code));
        object.text("description", Some(name));
        object.null("message");
        object.null("request_id");
        object.close();
        Self { status: 400, headers: vec![json_type()], body, rows: 0 }
    }

    pub(crate) fn missing(name: &str) -> Self {
        Self::parameter("missingParameter", name)
    }

    pub(crate) fn invalid(name: &str) -> Self {
        Self::parameter("invalidValue", name)
    }

    pub(crate) fn unauthorized(request: u64) -> Self {
        let text = "You don't have the required authorization parameter to access this endpoint.";
        Self::error(401, "unauthorized", text, request)
    }

    pub(crate) fn forbidden(request: u64) -> Self {
        Self::error(403, "forbidden", "The token lacks the scope of this endpoint.", request)
    }

    pub(crate) fn not_found(request: u64) -> Self {
        Self::error(404, "notFound", "The resource is unknown for the provided authorization scope.", request)
    }

    pub(crate) fn method_not_allowed(request: u64) -> Self {
        Self::error(405, "methodNotAllowed", "This method is not allowed here.", request)
    }

    pub(crate) fn too_many(request: u64, retry_after: Option<String>) -> Self {
        let mut answer = Self::error(429, "tooManyRequests", "Too many requests.", request);
        answer.headers.extend(retry_after.map(|value| ("Retry-After".to_owned(), value)));
        answer
    }
}

pub(crate) fn json_type() -> (String, String) {
    ("Content-Type".to_owned(), "application/json".to_owned())
}
