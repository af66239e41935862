//! What was asked, and what should not have been.

use std::time::Duration;

use jiff::Timestamp;

use super::route::Endpoint;
use super::tokens::Holder;

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// Its position, from 1, in the order in which requests were handled.
    pub number: u64,
    /// The kind of endpoint.
    pub endpoint: Endpoint,
    /// The method.
    pub method: String,
    /// The path, `/2.0` included.
    pub path: String,
    /// The query as sent.
    pub query: String,
    /// Who its token spoke for.
    pub holder: Holder,
    /// The user its path names (`me` resolved), if any.
    pub user: Option<i64>,
    /// The status answered; 0 when no status line was sent.
    pub status: u16,
    /// The sandbox's clock.
    pub at: Timestamp,
    /// Real time since the sandbox started.
    pub received: Duration,
    /// Rows in the list served.
    pub rows: usize,
    /// Bytes of the body before any fault.
    pub bytes: usize,
    /// The fault that a rule put on it.
    pub fault: Option<String>,
}

/// Something a guest must not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The request's number; 0 for requests to the decoy host.
    pub number: u64,
    /// What was wrong.
    pub kind: ViolationKind,
    /// Method and path.
    pub what: String,
}

/// The kinds of violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ViolationKind {
    /// A renew without `id_user`: it created a user.
    RenewWithoutUser,
    /// A renew with `revoke_previous`: it killed the live application's tokens.
    RevokePrevious,
    /// A renew for a user so young that they may be temporary: it made them permanent.
    RenewOfYoungUser,
    /// A transaction list without `limit`.
    MissingLimit,
    /// A `limit` above 1000.
    LimitTooLarge,
    /// A write that is neither renew nor revoke.
    Write,
    /// A user's token on another user's path.
    ForeignUser,
    /// A user token on the list of users, or the users token on a user's path.
    WrongToken,
    /// A token in a URL.
    TokenInUrl,
    /// A request to a host that only a redirect or a link could have named.
    Lured,
}
