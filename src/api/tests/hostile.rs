//! Hostile servers, and settings that are refused before anything is sent.

use std::io::Write as _;

use super::super::gzip;
use super::super::{Api, ApiErrorKind, ExitClass};
use super::server::{Act, PAGE, Server, answer, config, good, head, json, users};
use crate::model::Secret;

#[test]
fn fault_95_secrets_that_no_header_carries() {
    for bad in ["", "tok\nen", "token\n", "tok en", "tok\u{e9}n", "\0"] {
        let mut config = config("http://127.0.0.1:9/2.0");
        config.users_token = Secret::new(bad.to_owned());
        let error = Api::new(config).unwrap_err();
        assert_eq!(error.exit_class(), ExitClass::Usage);
        assert!(error.to_string().contains("POWENS_USERS_TOKEN"), "{error}");
        assert!(!error.to_string().contains("tok"), "{error}");
    }
}

#[test]
fn fault_96_ca_files_that_are_none() {
    let mut empty = tempfile::NamedTempFile::new().unwrap();
    empty.write_all(b"no certificate in here\n").unwrap();
    for file in [empty.path().to_owned(), "/nonexistent/ca.pem".into()] {
        for base in ["https://127.0.0.1:9/2.0", "http://127.0.0.1:9/2.0"] {
            let mut config = config(base);
            config.ca_file = Some(file.clone());
            let error = Api::new(config).unwrap_err();
            assert!(matches!(error.kind, ApiErrorKind::Configuration(_)), "{error}");
        }
    }
}

#[tokio::test]
async fn fault_99_bodies_beyond_the_cap() {
    let bomb = gzip::encode(&vec![b' '; 8 << 20]);
    let zipped = "Content-Type: application/json\r\nContent-Encoding: gzip\r\n";
    let chunked = [head("Transfer-Encoding: chunked\r\n").as_bytes(), b"fffffff\r\n{"].concat();
    for act in [
        Act::Send(answer("200 OK", zipped, bomb)),
        Act::Endless(head("Content-Length: 999999999999\r\n").into_bytes()),
        Act::Endless(chunked),
    ] {
        let server = Server::start(Vec::new(), act).await;
        let mut config = server.config();
        config.limits.body_bytes = 1 << 20;
        let api = Api::new(config).unwrap();
        let error = users(&api).await.unwrap_err();
        assert!(matches!(error.kind, ApiErrorKind::TooLarge(_)), "{error}");
        assert_eq!(error.context.attempts, 1);
    }
}

#[tokio::test]
async fn fault_103_an_echoed_token_stays_out_of_the_message() {
    let echo = r#"{"code":"us3rs-t0ken","description":"us3rs-t0ken is no token","request_id":"us3rs-t0ken"}"#;
    let server = Server::start(Vec::new(), json("403 Forbidden", echo)).await;
    let error = users(&server.api()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("t0ken"), "{error:?}");
}

#[tokio::test]
async fn fault_104_cookies_challenges_and_clocks_change_nothing() {
    let headers = "Content-Type: application/json\r\nSet-Cookie: a=b; Path=/\r\nWWW-Authenticate: Negotiate\r\n\
                   Retry-After: 1000000000000\r\nDate: Sun, 22 Nov 2026 02:00:00 GMT\r\n";
    let server = Server::start(Vec::new(), Act::Send(answer("200 OK", headers, PAGE))).await;
    let api = server.api();
    let response = users(&api).await.unwrap();
    assert_eq!(response.server_date.unwrap().to_string(), "2026-11-22T02:00:00Z");
    drop(response);
    users(&api).await.unwrap();
    for seen in server.seen() {
        let head = seen.head.to_ascii_lowercase();
        assert!(!head.contains("cookie") && !head.contains("referer"), "{head}");
        assert!(
            head.contains("accept: application/json") && head.contains("accept-encoding: gzip"),
            "{head}"
        );
        assert!(head.contains("authorization: bearer us3rs-t0ken"), "{head}");
        assert!(head.contains("user-agent: powens-export/"), "{head}");
        assert_eq!(seen.line, "GET /2.0/users?limit=1000 HTTP/1.1");
    }
}

#[tokio::test]
async fn nothing_printed_holds_a_secret() {
    let server = Server::start(vec![good()], json("500 Bug", "{}")).await;
    let api = server.api();
    users(&api).await.unwrap();
    let error = users(&api).await.unwrap_err();
    let printed = format!("{:?} {api:?} {error} {error:?}", server.config());
    for secret in ["us3rs-t0ken", "cl1ent-s3cret", "limit=1000"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
