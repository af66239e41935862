//! Reads one answer's body, or says why it is not to be believed.
//!
//! The HTTP client accepts some cut bodies without an error, so a body must be framed (a length or chunks), end
//! cleanly, stay below the cap, arrive fast enough, be what it says it is when it is gzip, and look like a JSON object
//! at both ends. Whether it *is* one, the decoder finds out.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use tokio::time::{Instant, timeout_at};

use super::breaker::Reach;
use super::courier::{Failure, FailureClass};
use super::error::{ApiErrorKind, Fault};
use super::gzip::{self, GzipFault};
use super::memory::{ByteBudget, Reservation};
use super::stats::{Counters, RetryKind};
use super::timings::{Limits, Timings};

/// What a body of unknown length reserves at first.
const GUESS: usize = 512 * 1024;

/// How the bytes on the wire become the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Identity,
    Gzip,
}

/// The rules that a body is read under.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyReader<'a> {
    pub(super) timings: &'a Timings,
    pub(super) limits: &'a Limits,
    pub(super) memory: &'a ByteBudget,
    pub(super) counters: &'a Counters,
}

impl BodyReader<'_> {
    /// Reads the body of a 200. `deadline` is the attempt's; waiting for memory moves it.
    pub(super) async fn page(
        &self,
        response: &mut reqwest::Response,
        deadline: Instant,
    ) -> Result<(Bytes, Reservation), Failure> {
        let headers = response.headers();
        let length = framing(headers)?;
        let coding = coding(headers)?;
        json_type(headers)?;
        let cap = self.limits.body_bytes;
        if length.is_some_and(|length| length > cap as u64) {
            return Err(too_large(cap));
        }
        let length = length.and_then(|length| usize::try_from(length).ok());
        let expected = match (length, coding) {
            (Some(length), Coding::Identity) => length,
            (Some(length), Coding::Gzip) => length.saturating_mul(8),
            (None, _) => GUESS,
        };
        let waiting = Instant::now();
        let mut reservation = self.memory.reserve(expected).await.ok_or_else(|| broken(Fault::Cut))?;
        let deadline = deadline + waiting.elapsed();
        let wire = self.read(response, length, &mut reservation, deadline).await?;
        let body = match coding {
            Coding::Identity => wire,
            Coding::Gzip => {
                reservation.grow_to(wire.len() + gzip::claimed_size(&wire, cap)).await;
                gzip::decode(&wire, cap).map_err(|fault| match fault {
                    GzipFault::Damaged => unusable(Fault::Gzip),
                    GzipFault::Tail => unusable(Fault::GzipTail),
                    GzipFault::TooLarge => too_large(cap),
                })?
            }
        };
        whole_object(&body)?;
        Ok((Bytes::from(body), reservation))
    }

    async fn read(
        &self,
        response: &mut reqwest::Response,
        length: Option<usize>,
        reservation: &mut Reservation,
        mut deadline: Instant,
    ) -> Result<Vec<u8>, Failure> {
        let cap = self.limits.body_bytes;
        let mut body = Vec::with_capacity(length.unwrap_or(0));
        let mut slow = SlowWatch::new(self.timings.slow_window, self.limits.slowest_bytes_per_second);
        let mut silent_until = Instant::now() + self.timings.idle_read;
        loop {
            let until = deadline.min(silent_until).min(slow.check_at());
            match timeout_at(until, response.chunk()).await {
                Ok(Ok(Some(chunk))) => {
                    self.counters.received(chunk.len());
                    if chunk.len() > cap - body.len() {
                        return Err(too_large(cap));
                    }
                    let waiting = Instant::now();
                    reservation.grow_to(body.len() + chunk.len()).await;
                    let waited = waiting.elapsed();
                    deadline += waited;
                    slow.forgive(waited);
                    body.extend_from_slice(&chunk);
                    if !slow.received(chunk.len() as u64, Instant::now()) {
                        return Err(late(Fault::TooSlow));
                    }
                    silent_until = Instant::now() + self.timings.idle_read;
                }
                Ok(Ok(None)) => return Ok(body),
                Ok(Err(_)) => return Err(broken(Fault::Cut)),
                Err(_) => {
                    let now = Instant::now();
                    if now >= deadline {
                        return Err(late(Fault::AttemptTimeout));
                    }
                    if now >= silent_until {
                        return Err(late(Fault::Stalled));
                    }
                    if !slow.received(0, now) {
                        return Err(late(Fault::TooSlow));
                    }
                }
            }
        }
    }

    /// Reads what there is of an error's body, without believing any of it.
    pub(super) async fn excerpt(&self, response: &mut reqwest::Response, deadline: Instant) -> Vec<u8> {
        /// No error body is as large.
        const LONGEST: usize = 64 * 1024;
        let compressed = matches!(coding(response.headers()), Ok(Coding::Gzip));
        let mut body = Vec::new();
        let until = deadline.min(Instant::now() + self.timings.idle_read);
        while let Ok(Ok(Some(chunk))) = timeout_at(until, response.chunk()).await {
            self.counters.received(chunk.len());
            if body.len() + chunk.len() > LONGEST {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        if compressed { gzip::decode(&body, LONGEST).unwrap_or_default() } else { body }
    }
}

/// Watches that a body brings enough bytes in each window.
#[derive(Debug)]
struct SlowWatch {
    window: Duration,
    enough: u64,
    started: Instant,
    received: u64,
}

impl SlowWatch {
    fn new(window: Duration, bytes_per_second: u64) -> Self {
        let enough =
            u64::try_from(u128::from(bytes_per_second) * window.as_millis() / 1000).unwrap_or(u64::MAX);
        Self { window, enough, started: Instant::now(), received: 0 }
    }

    /// When the window ends.
    fn check_at(&self) -> Instant {
        self.started + self.window
    }

    /// Time spent waiting for memory is not the server's.
    fn forgive(&mut self, waited: Duration) {
        self.started += waited;
    }

    /// Adds bytes; false when a window has ended with too few.
    fn received(&mut self, bytes: u64, now: Instant) -> bool {
        self.received += bytes;
        if now < self.check_at() {
            return true;
        }
        let fast = self.received >= self.enough;
        (self.started, self.received) = (now, 0);
        fast
    }
}

/// The body's length if it has one; a failure if nothing says where it ends.
fn framing(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        let chunked = coding.to_str().is_ok_and(|text| text.trim().eq_ignore_ascii_case("chunked"));
        return if chunked && codings.next().is_none() { Ok(None) } else { Err(unusable(Fault::Encoding)) };
    }
    match headers
        .get(CONTENT_LENGTH)
        .map(|value| value.to_str().ok().and_then(|text| text.trim().parse().ok()))
    {
        Some(Some(0)) => Err(unusable(Fault::Empty)),
        Some(Some(length)) => Ok(Some(length)),
        _ => Err(unusable(Fault::Unframed)),
    }
}

fn coding(headers: &HeaderMap) -> Result<Coding, Failure> {
    let mut values = headers.get_all(CONTENT_ENCODING).iter();
    let coding =
        match values.next().map(|value| value.to_str().unwrap_or("?").trim().to_ascii_lowercase()).as_deref()
        {
            None | Some("" | "identity") => Coding::Identity,
            Some("gzip" | "x-gzip") => Coding::Gzip,
            Some(_) => return Err(unusable(Fault::Encoding)),
        };
    if values.next().is_some() { Err(unusable(Fault::Encoding)) } else { Ok(coding) }
}

/// A body that names its type must name JSON in UTF-8; one that names none is judged by its first byte alone.
fn json_type(headers: &HeaderMap) -> Result<(), Failure> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(()) };
    let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default();
    let json = media == "application/json" || media == "text/json" || media.ends_with("+json");
    let charset = parts.find_map(|part| part.strip_prefix("charset="));
    let utf8 =
        charset.is_none_or(|charset| matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"));
    if json && utf8 { Ok(()) } else { Err(not_json()) }
}

/// Every answer of the API is one JSON object.
fn whole_object(body: &[u8]) -> Result<(), Failure> {
    let body = body.trim_ascii();
    match (body.first(), body.last()) {
        (None, _) => Err(unusable(Fault::Empty)),
        (Some(b'{'), Some(b'}')) => Ok(()),
        (Some(b'{'), _) => Err(unusable(Fault::Truncated)),
        _ => Err(not_json()),
    }
}

/// The connection broke under the body.
fn broken(fault: Fault) -> Failure {
    transient(RetryKind::Broken, ApiErrorKind::Transport(fault))
}

fn late(fault: Fault) -> Failure {
    transient(RetryKind::Timeout, ApiErrorKind::Transport(fault))
}

/// The body came, but is none to believe.
pub(super) fn unusable(fault: Fault) -> Failure {
    transient(RetryKind::Protocol, ApiErrorKind::Protocol(fault))
}

fn not_json() -> Failure {
    transient(RetryKind::Protocol, ApiErrorKind::NotJson)
}

fn too_large(cap: usize) -> Failure {
    Failure::of(FailureClass::Final, ApiErrorKind::TooLarge(format!("over {cap} bytes")))
}

fn transient(kind: RetryKind, error: ApiErrorKind) -> Failure {
    Failure::of(FailureClass::Transient(kind, Reach::Answered), error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn framing_is_a_length_or_chunks() {
        assert_eq!(framing(&headers(&[("content-length", "12")])).ok(), Some(Some(12)));
        assert_eq!(framing(&headers(&[("transfer-encoding", "Chunked")])).ok(), Some(None));
        for bad in [&[][..], &[("transfer-encoding", "gzip, chunked")], &[("content-length", "0")]] {
            assert!(framing(&headers(bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn fault_13_types_that_are_not_json() {
        for good in
            ["application/json", "application/json; charset=UTF-8", "application/hal+json", "text/json"]
        {
            assert!(json_type(&headers(&[("content-type", good)])).is_ok(), "{good}");
        }
        for bad in ["text/html", "text/plain", "application/json; charset=utf-16", "application/jsonp", ""] {
            assert!(json_type(&headers(&[("content-type", bad)])).is_err(), "{bad}");
        }
        for bad in [
            &b"\xef\xbb\xbf{}"[..],
            b"\xff\xfe{\0}\0",
            b"<html>",
            b"[]",
            b"\"x\"",
            b"{\"a\":1",
            b" ",
            b"{\"a\":[]",
        ] {
            assert!(whole_object(bad).is_err(), "{bad:?}");
        }
        assert!(whole_object(b" {\"a\":1}\n").is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn fault_11_a_drip_is_too_slow() {
        let mut watch = SlowWatch::new(Duration::from_secs(60), 1024);
        for _ in 0..11 {
            tokio::time::advance(Duration::from_secs(5)).await;
            assert!(watch.received(1, Instant::now()));
        }
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(!watch.received(1, Instant::now()));
        // A window that brought enough starts the next one.
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(watch.received(61_440, Instant::now()));
        tokio::time::advance(Duration::from_secs(59)).await;
        assert!(watch.received(0, Instant::now()));
    }
}
