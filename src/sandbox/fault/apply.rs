//! Turns an answer and a fault into what goes over the wire.

use std::time::Duration;

use super::gzip;
use super::kind::{Fault, RetryAfter};
use super::link;
use super::scene::Scene;
use super::script::Step;
use crate::sandbox::answer::{Answer, json_type};
use crate::sandbox::clock::http_date;

/// What the server does with a request in the end.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// A proper HTTP answer.
    Http(Answer),
    /// Raw bytes; `status` is what the log says (0: none was sent).
    Script { status: u16, steps: Vec<Step> },
}

const HTML: &str =
    "<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Service</h1></body></html>";

/// The faults that keep a request from being handled at all.
pub(crate) fn instead(fault: &Fault, scene: Scene<'_>) -> Option<Answer> {
    let plain = |status: u16, kind: &str, body: Vec<u8>| Answer {
        status,
        headers: vec![("Content-Type".to_owned(), kind.to_owned())],
        body,
        rows: 0,
    };
    let redirect = |status: u16, host: &str| {
        let mut answer = plain(status, "text/html", HTML.as_bytes().to_vec());
        answer.headers.push(("Location".to_owned(), format!("{host}{}", scene.target)));
        answer
    };
    Some(match fault {
        Fault::TooManyRequests(RetryAfter::Html) => plain(429, "text/html", HTML.as_bytes().to_vec()),
        Fault::TooManyRequests(after) => Answer::too_many(scene.number, retry_after(after, scene.now)),
        Fault::Status(status) => {
            Answer::error(*status, code_of(*status), "As the script says.", scene.number)
        }
        Fault::Code(status, code) => Answer::error(*status, code, "As the script says.", scene.number),
        Fault::Html(status) => plain(*status, "text/html; charset=utf-8", HTML.as_bytes().to_vec()),
        Fault::RedirectHome(status) => redirect(*status, scene.origin),
        Fault::RedirectAway(status) => redirect(*status, scene.decoy),
        Fault::ErrorObject => Answer::error(200, "bug", "As the script says.", scene.number),
        Fault::Empty(status) => {
            Answer { status: *status, headers: vec![json_type()], body: Vec::new(), rows: 0 }
        }
        Fault::NotModified => Answer { status: 304, headers: Vec::new(), body: Vec::new(), rows: 0 },
        Fault::Body(status, kind, body) => plain(*status, kind, body.clone()),
        _ => return None,
    })
}

fn retry_after(after: &RetryAfter, now: jiff::Timestamp) -> Option<String> {
    match after {
        RetryAfter::Seconds(seconds) => Some(seconds.to_string()),
        RetryAfter::Date(seconds) => {
            let then = now.saturating_add(jiff::SignedDuration::from_secs(*seconds)).unwrap_or(now);
            Some(http_date(then))
        }
        RetryAfter::Text(text) => Some(text.clone()),
        RetryAfter::None | RetryAfter::Html => None,
    }
}

fn code_of(status: u16) -> &'static str {
    match status {
        400 => "invalidValue",
        401 => "unauthorized",
        403 => "forbidden",
        404 => "notFound",
        405 => "methodNotAllowed",
        409 | 423 => "connectionLocked",
        503 => "maintenance",
        _ => "bug",
    }
}

/// The faults that spoil the answer to a request that was handled.
pub(crate) fn apply(fault: Fault, mut answer: Answer, scene: Scene<'_>) -> Outcome {
    let body = std::mem::take(&mut answer.body);
    answer.body = match fault {
        Fault::Gzip => return compressed(answer, gzip::good(&body)),
        Fault::GzipCut => {
            let bytes = gzip::good(&body);
            return compressed(answer, bytes[..bytes.len() / 2].to_vec());
        }
        Fault::GzipBadCrc => return compressed(answer, gzip::bad_crc(&body)),
        Fault::GzipLabel => return compressed(answer, body),
        Fault::GzipTwoMembers => return compressed(answer, gzip::two_members(&body)),
        Fault::GzipTail(tail) => return compressed(answer, [gzip::good(&body), tail].concat()),
        Fault::Bom => [b"\xef\xbb\xbf", body.as_slice()].concat(),
        Fault::Utf16 => {
            let text = String::from_utf8_lossy(&body).into_owned();
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        }
        Fault::InvalidUtf8 => spoil(body, b"\"", b"\"\xff\xfe"),
        Fault::DuplicateKeys => {
            String::from_utf8_lossy(&body).replace("\"id\": ", "\"id\": 1, \"id\": ").into_bytes()
        }
        Fault::TrailingGarbage => [body.as_slice(), b"\n<!-- end -->"].concat(),
        Fault::TwoDocuments => [body.as_slice(), body.as_slice()].concat(),
        Fault::Edit(edit) => edit.0(body),
        Fault::Next(next) => link::bend(body, &next, scene),
        Fault::EmptyPage => link::empty(body),
        Fault::Partial => {
            answer.status = 206;
            let half = body.len() / 2;
            answer
                .headers
                .push(("Content-Range".to_owned(), format!("bytes 0-{}/{}", half.max(1) - 1, body.len())));
            body[..half].to_vec()
        }
        Fault::SetCookie => {
            answer.headers.push(("Set-Cookie".to_owned(), "session=abc; Path=/; HttpOnly".to_owned()));
            body
        }
        Fault::ContentType(kind) => {
            answer.headers = vec![("Content-Type".to_owned(), kind)];
            body
        }
        wire => {
            answer.body = body;
            return script(&wire, &answer, scene);
        }
    };
    Outcome::Http(answer)
}

fn compressed(mut answer: Answer, body: Vec<u8>) -> Outcome {
    answer.headers.push(("Content-Encoding".to_owned(), "gzip".to_owned()));
    answer.body = body;
    Outcome::Http(answer)
}

/// Replaces the last occurrence of a part.
fn spoil(body: Vec<u8>, part: &[u8], by: &[u8]) -> Vec<u8> {
    match link::find_last(&body, part) {
        Some(at) => [&body[..at], by, &body[at + part.len()..]].concat(),
        None => body,
    }
}

/// Status line and headers as raw bytes. `framing` is the header that says where the body ends.
fn head(answer: &Answer, framing: &str, scene: Scene<'_>, more: &str) -> Vec<u8> {
    let mut head =
        format!("HTTP/1.1 {} {}\r\n", answer.status, if answer.status == 200 { "OK" } else { "Answer" });
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Date: {}\r\n{framing}{more}\r\n", http_date(scene.now)));
    head.into_bytes()
}

fn script(fault: &Fault, answer: &Answer, scene: Scene<'_>) -> Outcome {
    let body = &answer.body;
    let whole = format!("Content-Length: {}\r\n", body.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let cut = |at: usize| body[..at.min(body.len())].to_vec();
    let send =
        |framing: &str, bytes: Vec<u8>| vec![Step::Send(head(answer, framing, scene, "")), Step::Send(bytes)];
    let chunk = |bytes: Vec<u8>| [format!("{:x}\r\n", bytes.len()).as_bytes(), &bytes, b"\r\n"].concat();
    let mut status = answer.status;
    let steps = match fault {
        Fault::CloseIdle => {
            let mut steps = send(&whole, body.clone());
            // The client must have put the connection back before it is closed.
            steps.push(Step::Pause(Duration::from_millis(20)));
            steps
        }
        Fault::ResetBeforeHeaders => {
            status = 0;
            vec![Step::Reset]
        }
        Fault::ResetMidBody(at) => [send(&whole, cut(*at)), vec![Step::Reset]].concat(),
        Fault::CutBody(at) => send(&whole, cut((*at).min(body.len().saturating_sub(1)))),
        Fault::ChunkedNoEnd(at) => send(chunked, chunk(cut(*at))),
        Fault::ChunkedBadSize => send(chunked, [b"zz\r\n", body.as_slice(), b"\r\n0\r\n\r\n"].concat()),
        Fault::Chunked => {
            let (front, back) = body.split_at(body.len() / 2);
            let chunks: Vec<Vec<u8>> = [front, back]
                .iter()
                .filter(|part| !part.is_empty())
                .map(|part| chunk(part.to_vec()))
                .collect();
            send(chunked, [chunks.concat(), b"0\r\n\r\n".to_vec()].concat())
        }
        Fault::Unframed(at) => send("Connection: close\r\n", at.map_or_else(|| body.clone(), cut)),
        Fault::LongerThanLength(early) => {
            send(&format!("Content-Length: {}\r\n", body.len().saturating_sub(*early)), body.clone())
        }
        Fault::Stall(at) => [send(&whole, cut(*at)), vec![Step::Hang]].concat(),
        Fault::StallBeforeHeaders => {
            status = 0;
            vec![Step::Hang]
        }
        Fault::Drip(bytes, pause) => {
            let mut steps = vec![Step::Send(head(answer, &whole, scene, ""))];
            for part in body.chunks((*bytes).max(1)) {
                steps.extend([Step::Pause(*pause), Step::Send(part.to_vec())]);
            }
            steps
        }
        Fault::GarbageStatus => {
            status = 0;
            vec![Step::Send(b"ICY OK OK\r\nContent-Length: 0\r\n\r\n".to_vec())]
        }
        Fault::ManyHeaders(count) => {
            let more: String = (0..*count).map(|at| format!("X-Header-{at}: {at}\r\n")).collect();
            vec![Step::Send(head(answer, &whole, scene, &more)), Step::Send(body.clone())]
        }
        Fault::HugeHeader(bytes) => {
            let more = format!("X-Huge: {}\r\n", "h".repeat(*bytes));
            vec![Step::Send(head(answer, &whole, scene, &more)), Step::Send(body.clone())]
        }
        Fault::Wire(bytes) => vec![Step::Send(bytes.clone())],
        Fault::Date(date) => {
            let date = date.as_ref().map_or(String::new(), |date| format!("Date: {date}\r\n"));
            let raw = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{date}{whole}\r\n");
            vec![Step::Send(raw.into_bytes()), Step::Send(body.clone())]
        }
        _ => send(&whole, body.clone()),
    };
    Outcome::Script { status, steps }
}
