//! Transport faults: what breaks under an answer.

use std::time::Duration;

use super::super::gzip;
use super::super::{ApiErrorKind, Fault, RetryKind, Timings};
use super::server::{Act, PAGE, Server, answer, config, good, head, users};

/// The fault once, then a good page: healed by one retry. The fault for ever: six attempts and this kind.
async fn heals_and_ends(bad: Act, kind: RetryKind, end: ApiErrorKind) {
    let server = Server::start(vec![good(), bad.clone()], good()).await;
    let api = server.api();
    assert_eq!(&users(&api).await.unwrap().body[..], PAGE.as_bytes());
    assert_eq!(&users(&api).await.unwrap().body[..], PAGE.as_bytes(), "{bad:?}");
    let retries = api.stats().retries;
    assert_eq!(retries.into_iter().collect::<Vec<_>>(), [(kind, 1)]);
    // A connection that was closed before an answer may have been idle for too long: one try is free.
    let free = u64::from(kind == RetryKind::StaleConnection);

    let server = Server::start(vec![good()], bad).await;
    let api = server.api();
    users(&api).await.unwrap();
    let error = users(&api).await.unwrap_err();
    assert_eq!(error.kind, end);
    assert_eq!(u64::from(error.context.attempts), 6 + free);
    assert_eq!(server.seen().len() as u64, 7 + free);
}

#[tokio::test]
async fn fault_01_nobody_listens() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut config = config(&format!("http://127.0.0.1:{port}/2.0"));
    config.timings = Timings::scaled(0.001);
    let api = super::super::Api::new(config).unwrap();
    let error = users(&api).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unreachable(Fault::Connect));
    assert!(error.context.attempts >= 10, "five failures, then probes: {error}");
    // Nobody tries again after that.
    let again = users(&api).await.unwrap_err();
    assert_eq!(again.context.attempts, 0);
    assert!(matches!(again.kind, ApiErrorKind::Unreachable(_)));
}

#[tokio::test]
async fn fault_03_an_idle_connection_was_closed() {
    let server = Server::start(vec![good(), Act::Close(Vec::new())], good()).await;
    let api = server.api();
    users(&api).await.unwrap();
    users(&api).await.unwrap();
    let stats = api.stats();
    assert_eq!(stats.retries.get(&RetryKind::StaleConnection), Some(&1));
    assert_eq!(stats.requests, 3);
    assert_eq!(stats.waited, Duration::ZERO, "the first retry is immediate");
}

#[tokio::test]
async fn fault_04_reset_before_the_answer() {
    let end = ApiErrorKind::Transport(Fault::Closed);
    heals_and_ends(Act::Reset(Vec::new()), RetryKind::StaleConnection, end).await;
}

#[tokio::test]
async fn fault_04_reset_under_the_body() {
    let bytes = [head("Content-Length: 1000\r\n").as_bytes(), b"{\"users\":["].concat();
    heals_and_ends(Act::Reset(bytes), RetryKind::Broken, ApiErrorKind::Transport(Fault::Cut)).await;
}

#[tokio::test]
async fn fault_05_body_shorter_than_its_length() {
    let bytes = [head("Content-Length: 31\r\n").as_bytes(), PAGE.as_bytes()].concat();
    assert_eq!(PAGE.len(), 30);
    heals_and_ends(Act::Close(bytes), RetryKind::Broken, ApiErrorKind::Transport(Fault::Cut)).await;
}

#[tokio::test]
async fn fault_06_chunks_without_an_end() {
    let chunk = format!("{:x}\r\n{PAGE}\r\n", PAGE.len());
    let bytes = [head("Transfer-Encoding: chunked\r\n").as_bytes(), chunk.as_bytes()].concat();
    heals_and_ends(Act::Close(bytes), RetryKind::Broken, ApiErrorKind::Transport(Fault::Cut)).await;
    let bytes = [head("Transfer-Encoding: chunked\r\n").as_bytes(), b"zz\r\n{}\r\n0\r\n\r\n"].concat();
    heals_and_ends(Act::Close(bytes), RetryKind::Broken, ApiErrorKind::Transport(Fault::Cut)).await;
}

#[tokio::test]
async fn fault_06_whole_chunks_are_a_page() {
    let chunk = format!("5\r\n{}\r\n{:x}\r\n{}\r\n0\r\n\r\n", &PAGE[..5], PAGE.len() - 5, &PAGE[5..]);
    let bytes = [head("Transfer-Encoding: chunked\r\n").as_bytes(), chunk.as_bytes()].concat();
    let server = Server::start(Vec::new(), Act::Send(bytes)).await;
    assert_eq!(&users(&server.api()).await.unwrap().body[..], PAGE.as_bytes());
}

#[tokio::test]
async fn fault_07_unframed_body_is_refused() {
    let bytes = [head("").as_bytes(), PAGE.as_bytes()].concat();
    heals_and_ends(Act::Close(bytes), RetryKind::Protocol, ApiErrorKind::Protocol(Fault::Unframed)).await;
}

#[tokio::test]
async fn fault_08_body_longer_than_its_length() {
    let bytes = [head("Content-Length: 20\r\n").as_bytes(), PAGE.as_bytes()].concat();
    heals_and_ends(Act::Send(bytes), RetryKind::Protocol, ApiErrorKind::Protocol(Fault::Truncated)).await;
}

fn zipped(body: &[u8]) -> Act {
    Act::Send(answer("200 OK", "Content-Type: application/json\r\nContent-Encoding: gzip\r\n", body))
}

#[tokio::test]
async fn fault_09_damaged_gzip() {
    let whole = gzip::encode(PAGE.as_bytes());
    let mut wrong_sum = whole.clone();
    let at = wrong_sum.len() - 6;
    wrong_sum[at] ^= 0x40;
    let cut = whole[..whole.len() - 3].to_vec();
    for body in [cut, wrong_sum, PAGE.as_bytes().to_vec()] {
        heals_and_ends(zipped(&body), RetryKind::Protocol, ApiErrorKind::Protocol(Fault::Gzip)).await;
    }
}

#[tokio::test]
async fn fault_10_gzip_with_a_tail() {
    let whole = gzip::encode(PAGE.as_bytes());
    for tail in [&whole[..], b"junk"] {
        let body = [&whole[..], tail].concat();
        heals_and_ends(zipped(&body), RetryKind::Protocol, ApiErrorKind::Protocol(Fault::GzipTail)).await;
    }
    let server = Server::start(Vec::new(), zipped(&whole)).await;
    assert_eq!(&users(&server.api()).await.unwrap().body[..], PAGE.as_bytes(), "a whole member is a page");
}

#[tokio::test]
async fn fault_11_silence_and_drips() {
    let half = [head("Content-Length: 1000\r\n").as_bytes(), b"{\"users\":["].concat();
    let drip = head("Content-Length: 100000\r\n").into_bytes();
    for (act, fault) in [
        (Act::Stall(Vec::new()), Fault::Stalled),
        (Act::Stall(half), Fault::Stalled),
        (Act::Drip(drip, Duration::from_millis(40)), Fault::TooSlow),
    ] {
        let server = Server::start(vec![good(), act.clone()], good()).await;
        let mut config = server.config();
        config.timings = Timings::scaled(0.02);
        let api = super::super::Api::new(config).unwrap();
        users(&api).await.unwrap();
        users(&api).await.unwrap();
        assert!(api.stats().retries.contains_key(&RetryKind::Timeout), "{act:?}");
        let server = Server::start(vec![good()], act).await;
        let mut config = server.config();
        config.timings = Timings::scaled(0.02);
        config.limits.attempts = 1;
        let api = super::super::Api::new(config).unwrap();
        users(&api).await.unwrap();
        assert_eq!(users(&api).await.unwrap_err().kind, ApiErrorKind::Transport(fault));
    }
}

#[tokio::test]
async fn fault_12_answers_that_are_no_http() {
    let many: String = (0..200).map(|n| format!("x-{n}: y\r\n")).collect();
    let huge = format!("x-long: {}\r\n", "y".repeat(512 * 1024));
    for bytes in [
        answer("200 OK", &many, PAGE),
        answer("200 OK", &huge, PAGE),
        b"garbage\r\n\r\n".to_vec(),
        b"HTTP/1.1 20x OK\r\n\r\n".to_vec(),
    ] {
        heals_and_ends(Act::Close(bytes), RetryKind::Protocol, ApiErrorKind::Protocol(Fault::NotHttp)).await;
    }
}

#[tokio::test]
async fn fault_13_a_page_that_is_not_json() {
    let html = answer("200 OK", "Content-Type: text/html\r\n", "<html>sign in, Jean</html>");
    let lying = answer("200 OK", "Content-Type: application/json\r\n", "<html>sign in</html>");
    let bom = answer("200 OK", "Content-Type: application/json\r\n", "\u{feff}{\"users\":[]}");
    for bytes in [html, lying, bom] {
        heals_and_ends(Act::Send(bytes), RetryKind::Protocol, ApiErrorKind::NotJson).await;
    }
}
