//! How one account's transactions were fetched.

use serde::{Deserialize, Serialize};

use super::{AccountId, Proof, Reason};

/// How one account was covered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountWalk {
    /// The account.
    pub account: AccountId,
    /// The proof of the walk that covered it.
    pub proof: Proof,
    /// Whether everything that the API shows of it was received.
    pub complete: bool,
    /// Why not.
    pub reason: Option<Reason>,
}
