//! Faults on a real socket.

use std::io::Read;
use std::time::Duration;

use http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::probe::{dial, get, next, raw, renew, sandbox, split};
use crate::sandbox::request::Request;
use crate::sandbox::{Endpoint, Fault, NextLink, On, RateLimit, RetryAfter, Rule, Sandbox, ViolationKind};

async fn with(fault: Fault) -> (Vec<u8>, Option<std::io::ErrorKind>) {
    let sandbox = sandbox(|_| {}).await;
    sandbox.inject(Rule::on(Endpoint::Users).fault(fault));
    raw(&sandbox, "/users", &sandbox.users_token()).await
}

async fn healthy() -> Vec<u8> {
    let sandbox = sandbox(|_| {}).await;
    split(&raw(&sandbox, "/users", &sandbox.users_token()).await.0).1
}

#[tokio::test]
async fn a_healthy_answer_is_framed_and_dated() {
    let sandbox = sandbox(|_| {}).await;
    let (bytes, error) = raw(&sandbox, "/users", &sandbox.users_token()).await;
    let (head, body) = split(&bytes);
    assert!(error.is_none());
    assert!(head.starts_with("HTTP/1.1 200 OK"));
    assert!(head.contains("Date: Sun, 22 Nov 2026 02:00:00 GMT"));
    assert!(head.contains(&format!("Content-Length: {}", body.len())));
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
}

#[tokio::test]
async fn bodies_break_off() {
    let whole = healthy().await;
    let (bytes, error) = with(Fault::CutBody(10)).await;
    let (head, body) = split(&bytes);
    assert!(error.is_none() && head.contains(&format!("Content-Length: {}", whole.len())));
    assert_eq!(body, whole[..10]);
    let (bytes, error) = with(Fault::ResetMidBody(10)).await;
    assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset));
    assert_eq!(split(&bytes).1, whole[..10]);
    let (bytes, error) = with(Fault::ResetBeforeHeaders).await;
    assert_eq!((bytes.len(), error), (0, Some(std::io::ErrorKind::ConnectionReset)));
    let (bytes, _) = with(Fault::ChunkedNoEnd(10)).await;
    assert!(split(&bytes).1.starts_with(b"a\r\n") && !bytes.ends_with(b"0\r\n\r\n"));
    let (bytes, _) = with(Fault::Unframed(Some(10))).await;
    let (head, body) = split(&bytes);
    assert!(!head.contains("Content-Length") && !head.contains("chunked"));
    assert_eq!(body, whole[..10]);
    let (bytes, _) = with(Fault::LongerThanLength(4)).await;
    let (head, body) = split(&bytes);
    assert!(head.contains(&format!("Content-Length: {}", whole.len() - 4)));
    assert_eq!(body, whole);
}

#[tokio::test]
async fn compressed_bodies_are_as_good_or_bad_as_asked() {
    let whole = healthy().await;
    let read = |bytes: &[u8]| {
        let (head, body) = split(bytes);
        assert!(head.contains("Content-Encoding: gzip"));
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(body.as_slice()).read_to_end(&mut plain).map(|_| plain)
    };
    assert_eq!(read(&with(Fault::Gzip).await.0).unwrap(), whole);
    assert!(read(&with(Fault::GzipCut).await.0).is_err());
    assert!(read(&with(Fault::GzipBadCrc).await.0).is_err());
    assert!(read(&with(Fault::GzipLabel).await.0).is_err());
    assert_eq!(read(&with(Fault::GzipTwoMembers).await.0).unwrap(), whole[..whole.len() / 2]);
    assert_eq!(read(&with(Fault::GzipTail(b"tail".to_vec())).await.0).unwrap(), whole);
}

#[tokio::test]
async fn statuses_and_headers() {
    for (fault, line, part) in [
        (Fault::Status(503), "HTTP/1.1 503", "application/json"),
        (Fault::Html(502), "HTTP/1.1 502", "text/html"),
        (Fault::TooManyRequests(RetryAfter::Seconds(7)), "HTTP/1.1 429", "Retry-After: 7"),
        (
            Fault::TooManyRequests(RetryAfter::Date(60)),
            "HTTP/1.1 429",
            "Retry-After: Sun, 22 Nov 2026 02:01:00 GMT",
        ),
        (Fault::TooManyRequests(RetryAfter::Text("-1".into())), "HTTP/1.1 429", "Retry-After: -1"),
        (Fault::RedirectHome(307), "HTTP/1.1 307", "Location: http://127.0.0.1:"),
        (Fault::Empty(200), "HTTP/1.1 200", "Content-Length: 0"),
        (Fault::Empty(204), "HTTP/1.1 204", "Date: "),
        (Fault::NotModified, "HTTP/1.1 304", "Date: "),
        (Fault::Partial, "HTTP/1.1 206", "Content-Range: bytes 0-"),
        (Fault::SetCookie, "HTTP/1.1 200", "Set-Cookie: session=abc"),
        (Fault::ManyHeaders(150), "HTTP/1.1 200", "X-Header-149: 149"),
        (Fault::Date(Some("yesterday".into())), "HTTP/1.1 200", "Date: yesterday"),
        (Fault::ContentType("text/plain".into()), "HTTP/1.1 200", "Content-Type: text/plain"),
    ] {
        let said = format!("{fault:?}");
        let (head, _) = split(&with(fault).await.0);
        assert!(head.starts_with(line) && head.contains(part), "{said}: {head}");
    }
    assert!(with(Fault::GarbageStatus).await.0.starts_with(b"ICY"));
    assert!(with(Fault::HugeHeader(524_288)).await.0.len() > 524_288);
    assert!(with(Fault::Wire(b"bytes".to_vec())).await.0 == b"bytes");
}

#[tokio::test]
async fn bodies_that_are_not_what_they_should_be() {
    let whole = healthy().await;
    let body = async |fault: Fault| split(&with(fault).await.0).1;
    assert_eq!(body(Fault::Bom).await, [b"\xef\xbb\xbf", whole.as_slice()].concat());
    assert_eq!(body(Fault::Utf16).await.len(), 2 + 2 * whole.len());
    assert!(std::str::from_utf8(&body(Fault::InvalidUtf8).await).is_err());
    assert!(String::from_utf8(body(Fault::DuplicateKeys).await).unwrap().contains(r#""id": 1, "id": "#));
    assert_eq!(body(Fault::TwoDocuments).await.len(), 2 * whole.len());
    assert!(body(Fault::ErrorObject).await.starts_with(b"{\"code\""));
    assert_eq!(body(Fault::replace("sharedAccess", "web")).await, {
        String::from_utf8(whole).unwrap().replace("sharedAccess", "web").into_bytes()
    });
}

#[tokio::test]
async fn silence_and_drips() {
    let sandbox = sandbox(|_| {}).await;
    sandbox.inject(Rule::on(Endpoint::Users).fault(Fault::Stall(5)));
    sandbox.inject(Rule::on(Endpoint::Users).after(1).fault(Fault::Drip(400, Duration::from_millis(5))));
    let token = sandbox.users_token();
    let stalled = tokio::time::timeout(Duration::from_millis(150), raw(&sandbox, "/users", &token)).await;
    assert!(stalled.is_err());
    let (bytes, error) = raw(&sandbox, "/users", &token).await;
    assert!(error.is_none() && bytes.ends_with(b"}"));
    let latest = sandbox.requests().pop().unwrap();
    assert_eq!(latest.fault.as_deref(), Some("Drip"));
}

async fn exchange(stream: &mut TcpStream, sandbox: &Sandbox) -> usize {
    let request = format!(
        "GET /2.0/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        sandbox.users_token()
    );
    if stream.write_all(request.as_bytes()).await.is_err() {
        return 0;
    }
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"}") {
        match stream.read_buf(&mut bytes).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    bytes.len()
}

#[tokio::test]
async fn connections_are_kept_until_closed_behind_the_clients_back() {
    let sandbox = sandbox(|_| {}).await;
    sandbox.inject(Rule::on(Endpoint::Users).nth(3).fault(Fault::CloseIdle));
    let mut stream = dial(&sandbox).await;
    for _ in 0..3 {
        assert!(exchange(&mut stream, &sandbox).await > 100);
    }
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(exchange(&mut stream, &sandbox).await, 0);
}

#[tokio::test]
async fn the_rate_limit_answers_429() {
    let sandbox = sandbox(|config| config.rate_limit = Some(RateLimit { per_minute: 30, burst: 2 })).await;
    let token = sandbox.users_token();
    for _ in 0..4 {
        raw(&sandbox, "/users", &token).await;
    }
    let statuses: Vec<u16> = sandbox.requests().iter().map(|record| record.status).collect();
    assert_eq!(statuses, [200, 200, 429, 429]);
}

#[tokio::test]
async fn whoever_follows_a_foreign_link_is_seen() {
    let sandbox = sandbox(|_| {}).await;
    sandbox.inject(Rule::on(On::Any).fault(Fault::RedirectAway(302)));
    let (head, _) = split(&raw(&sandbox, "/users", &sandbox.users_token()).await.0);
    assert!(head.contains(&format!("Location: {}/users", sandbox.decoy_url())));
    assert!(sandbox.violations().is_empty());
    let decoy = sandbox.decoy_url();
    let mut stream = TcpStream::connect(decoy.strip_prefix("http://").unwrap().strip_suffix("/2.0").unwrap())
        .await
        .unwrap();
    stream.write_all(b"GET /2.0/users HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    stream.read_to_end(&mut Vec::new()).await.unwrap();
    assert_eq!(sandbox.violations()[0].kind, ViolationKind::Lured);
}

#[tokio::test]
async fn rules_pick_their_request() {
    let sandbox = sandbox(|_| {}).await;
    let user = sandbox.with_world(|world| world.users()[1]);
    let token = renew(&sandbox, user);
    sandbox
        .inject(Rule::on("/2.0/users/*/transactions").query("cursor=").fault(Fault::Next(NextLink::Itself)));
    sandbox.inject(Rule::on(Endpoint::Transactions).user(user + 1).always().fault(Fault::Status(500)));
    let first = get(&sandbox, "/users/me/transactions?all&limit=1000", &token).1;
    let target = next(&first).unwrap();
    let second = get(&sandbox, &target, &token).1;
    assert_eq!(next(&second).unwrap(), target);
    assert_ne!(next(&get(&sandbox, &target, &token).1).unwrap(), target);
}

#[tokio::test]
async fn answers_wait_as_long_as_the_bank_and_the_rules_say() {
    let sandbox = sandbox(|config| config.latency = Duration::from_millis(20)).await;
    sandbox.inject(Rule::on(Endpoint::Users).nth(2).delay(Duration::from_millis(5)));
    let request = Request::new(Method::GET, &"/2.0/users".parse().unwrap(), &HeaderMap::new(), Vec::new());
    let waits = [(); 3].map(|()| sandbox.handle(&request).wait.as_millis());
    assert_eq!(waits, [20, 25, 20]);
}
