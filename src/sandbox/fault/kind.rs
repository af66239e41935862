//! The faults. Numbers in brackets are the rows of the fault model that each one stages.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A change of the true body, by a test.
#[derive(Clone)]
pub struct Edit(pub(crate) Arc<dyn Fn(Vec<u8>) -> Vec<u8> + Send + Sync>);

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edit")
    }
}

/// What goes wrong with one answer.
#[derive(Debug, Clone)]
pub enum Fault {
    // Transport
    /// Answers well, then closes the kept-alive connection without saying so (3).
    CloseIdle,
    /// Handles the request and resets the connection before any header (4).
    ResetBeforeHeaders,
    /// Resets after this many bytes of the body (4).
    ResetMidBody(usize),
    /// `Content-Length` of the whole, this many bytes of it, then a clean close (5).
    CutBody(usize),
    /// Chunked, this many bytes, no final chunk (6).
    ChunkedNoEnd(usize),
    /// Chunked, with a chunk size that is no number (6).
    ChunkedBadSize,
    /// Chunked and whole: no fault, the framing a proxy may choose.
    Chunked,
    /// Neither length nor chunked; whole, or cut after this many bytes (7).
    Unframed(Option<usize>),
    /// A body longer than its `Content-Length` says, which ends this many bytes early (8).
    LongerThanLength(usize),
    /// A well-made gzip body.
    Gzip,
    /// gzip, cut after half (9).
    GzipCut,
    /// gzip with a wrong checksum (9).
    GzipBadCrc,
    /// Says gzip, is plain (9).
    GzipLabel,
    /// gzip in two members (10).
    GzipTwoMembers,
    /// gzip with these bytes after its end (10).
    GzipTail(Vec<u8>),
    /// Headers and this many bytes of the body, then silence (11).
    Stall(usize),
    /// Silence from the start (11).
    StallBeforeHeaders,
    /// This many bytes at a time, with pauses between (11).
    Drip(usize, Duration),
    /// A status line that is none (12).
    GarbageStatus,
    /// This many headers too many (12).
    ManyHeaders(usize),
    /// One header of this many bytes (12).
    HugeHeader(usize),
    /// An HTML page with this status, as a proxy or a captive portal sends (13).
    Html(u16),
    /// The true body behind a byte order mark (13).
    Bom,
    /// The true body in UTF-16 (13).
    Utf16,
    /// Exactly these bytes on the wire, then a close.
    Wire(Vec<u8>),

    // HTTP
    /// 429 (15, 16, 17).
    TooManyRequests(RetryAfter),
    /// This status with a Powens error body: 400, 401, 403, 404, 405, 408, 409, 423, 425, 500, 502, 503, 504 … (18–25).
    Status(u16),
    /// This status with this error code (24, 25).
    Code(u16, String),
    /// A redirect with this status to the sandbox's own host (26).
    RedirectHome(u16),
    /// A redirect with this status to a foreign host (26).
    RedirectAway(u16),
    /// 200 with an error object (27).
    ErrorObject,
    /// This status (200, 204, …) and no body (27).
    Empty(u16),
    /// 206 with half the body (27).
    Partial,
    /// 304 (27).
    NotModified,
    /// A status, a content type and a body of the test's own.
    Body(u16, String, Vec<u8>),
    /// The true body, with a byte that is not UTF-8 inside a string (51).
    InvalidUtf8,
    /// The true body, with every `"id"` key doubled (53).
    DuplicateKeys,
    /// The true body, followed by garbage (50).
    TrailingGarbage,
    /// The true body twice (50).
    TwoDocuments,
    /// The true body, and a cookie.
    SetCookie,
    /// Another content type on the true body (13).
    ContentType(String),
    /// Another `Date` header, or none.
    Date(Option<String>),
    /// The true body, edited by the test.
    Edit(Edit),

    // Meaning
    /// Another `_links.next` (34, 35, 36).
    Next(NextLink),
    /// The page without its rows; the link stays (35).
    EmptyPage,
}

impl Fault {
    /// The true body, edited by `edit`.
    pub fn edit(edit: impl Fn(Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::Edit(Edit(Arc::new(edit)))
    }

    /// The true body with one text replaced by another, everywhere.
    #[must_use]
    pub fn replace(from: &str, to: &str) -> Self {
        let (from, to) = (from.to_owned(), to.to_owned());
        Self::edit(move |body| String::from_utf8_lossy(&body).replace(&from, &to).into_bytes())
    }
}

/// What a 429 says about when to come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RetryAfter {
    /// Seconds.
    Seconds(u64),
    /// An HTTP date, this many seconds after the sandbox's clock (negative: before).
    Date(i64),
    /// This text.
    Text(String),
    /// Nothing.
    None,
    /// Nothing, and an HTML body.
    Html,
}

/// What a page says the next one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextLink {
    /// This page again.
    Itself,
    /// The same path and query on a foreign host.
    ForeignHost,
    /// Another user's transactions.
    OtherUser(i64),
    /// This address.
    To(String),
    /// null.
    Null,
    /// No `next` key.
    Missing,
    /// No `_links` key.
    NoLinks,
}
