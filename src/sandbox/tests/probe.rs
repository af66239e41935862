//! Asks a sandbox: in process for what the routes answer, over a socket for what the wire does.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::sandbox::fault::Outcome;
use crate::sandbox::request::Request;
use crate::sandbox::{Sandbox, SandboxConfig, exact};

/// A status and a body whose decimals are texts.
pub(super) type Reply = (u16, Value);

pub(super) async fn sandbox(change: impl FnOnce(&mut SandboxConfig)) -> Sandbox {
    let mut config = SandboxConfig::default();
    change(&mut config);
    Sandbox::start(config).await.unwrap()
}

pub(super) fn ask(sandbox: &Sandbox, method: Method, target: &str, token: Option<&str>, body: &str) -> Reply {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let uri = format!("/2.0{target}").parse().unwrap();
    match sandbox.handle(&Request::new(method, &uri, &headers, body.as_bytes().to_vec())).outcome {
        Outcome::Http(answer) => (answer.status, exact(&String::from_utf8(answer.body).unwrap())),
        Outcome::Script { status, .. } => (status, Value::Null),
    }
}

pub(super) fn get(sandbox: &Sandbox, target: &str, token: &str) -> Reply {
    ask(sandbox, Method::GET, target, Some(token), "")
}

pub(super) fn renew_body(sandbox: &Sandbox, more: &str) -> String {
    format!(
        r#"{{"grant_type": "client_credentials", "client_id": "{}", "client_secret": "{}"{more}}}"#,
        sandbox.client_id(),
        sandbox.client_secret()
    )
}

pub(super) fn renew(sandbox: &Sandbox, user: i64) -> String {
    let body = renew_body(sandbox, &format!(r#", "id_user": {user}, "revoke_previous": false"#));
    let (status, answer) = ask(sandbox, Method::POST, "/auth/renew", None, &body);
    assert_eq!(status, 200, "{answer}");
    answer["access_token"].as_str().unwrap().to_owned()
}

/// The ids of a list.
pub(super) fn ids(rows: &Value) -> Vec<i64> {
    rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

/// The path and query of the next page, below `/2.0`.
pub(super) fn next(page: &Value) -> Option<String> {
    let href = page["_links"]["next"]["href"].as_str()?;
    Some(href.split_once("/2.0").unwrap().1.to_owned())
}

/// Walks a transaction list to its end.
pub(super) fn walk(
    sandbox: &Sandbox,
    target: &str,
    token: &str,
    mut between: impl FnMut(usize),
) -> Vec<Value> {
    let (mut rows, mut target) = (Vec::new(), target.to_owned());
    for at in 0.. {
        let (status, page) = get(sandbox, &target, token);
        assert_eq!(status, 200, "{page}");
        rows.extend(page["transactions"].as_array().unwrap().iter().cloned());
        match next(&page) {
            Some(more) => target = more,
            None => return rows,
        }
        between(at);
    }
    rows
}

/// Sends a GET over a fresh connection and reads until the end, or until an error.
pub(super) async fn raw(
    sandbox: &Sandbox,
    target: &str,
    token: &str,
) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let mut stream = dial(sandbox).await;
    let request = format!(
        "GET /2.0{target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let mut part = [0_u8; 4_096];
    loop {
        match stream.read(&mut part).await {
            Ok(0) => return (bytes, None),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
            Err(error) => return (bytes, Some(error.kind())),
        }
    }
}

pub(super) async fn dial(sandbox: &Sandbox) -> TcpStream {
    let base = sandbox.base_url();
    let address = base.strip_prefix("http://").unwrap().strip_suffix("/2.0").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Head and body of a raw answer.
pub(super) fn split(bytes: &[u8]) -> (String, Vec<u8>) {
    let at = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8_lossy(&bytes[..at]).into_owned(), bytes[at + 4..].to_vec())
}
