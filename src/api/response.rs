//! What a good answer is.

use bytes::Bytes;
use jiff::Timestamp;

use super::memory::Reservation;

/// A whole page: status 200, framed, ended, below the cap, and a JSON object by its first and last byte.
///
/// It holds a share of the memory for bodies in flight until it is dropped: drop it before asking for the next.
#[derive(Debug)]
pub struct Response {
    /// The decoded bytes.
    pub body: Bytes,
    /// The server's clock when it answered (the `Date` header).
    pub server_date: Option<Timestamp>,
    pub(super) _memory: Reservation,
}

/// A page that a decoder could not make sense of. The text must name no value of the page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Undecodable {
    pub(super) reason: String,
    pub(super) too_large: bool,
}

impl Undecodable {
    /// The page is no JSON, or not the JSON that was asked for: it is asked for again, like after a broken connection.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), too_large: false }
    }

    /// The page exceeds a limit (rows, depth, length of a number): asking again would not change it.
    #[must_use]
    pub fn too_large(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), too_large: true }
    }
}
