//! How a unit (one user) ended: proof levels and reason codes. The codes are part of the contract:
//! they appear in the manifest, in `coverage` and in `units`, and are never renamed.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $code)] $variant,)*
        }

        impl $name {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as it is written into files.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The value that a code names.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

codes! {
    /// How we know that a walk missed nothing, from strongest to weakest.
    Proof {
        /// One response held everything: one consistent read of the server.
        SingleResponse = "single_response",
        /// Several pages, then delta passes until one brought nothing new.
        Quiescent = "quiescent",
        /// Two walks in a row brought equal sets of rows.
        TwoPass = "two_pass",
        /// The changes since a complete walk, in delta passes until one brought nothing new.
        Delta = "delta",
    }
}

codes! {
    /// Why a user or an account is incomplete, or is not in the snapshot with rows of this run.
    Reason {
        /// The user signed up moments ago: a token could make a temporary user permanent.
        TooYoung = "too_young",
        /// The token was refused twice (401).
        Unauthorized = "unauthorized",
        /// The API forbids this user to us (403).
        Forbidden = "forbidden",
        /// The user or account is listed but answers 404.
        NotFound = "not_found",
        /// No token could be had for the user.
        RenewRefused = "renew_refused",
        /// The API answered 5xx to every attempt.
        ServerError = "server_error",
        /// Connections broke, stalled or were cut at every attempt.
        Transport = "transport",
        /// The retry budget of the run was used up.
        RetryBudget = "retry_budget",
        /// An answer that was asked for is no JSON page, at every attempt.
        Undecodable = "undecodable",
        /// A page exceeds the limits on bytes, rows, depth or number length.
        PageTooLarge = "page_too_large",
        /// The API refused a request that it documents (4xx).
        RequestRefused = "request_refused",
        /// A next link leads to another origin, user or path.
        NextRefused = "next_refused",
        /// A next link leads back to where the walk has been.
        NextLoop = "next_loop",
        /// The walk exceeded the cap on pages or rows.
        PageLimit = "page_limit",
        /// The list kept changing under every pass.
        Unstable = "page_unstable",
        /// `total` and the rows received do not agree, and two walks in a row did not either.
        TotalMismatch = "total_mismatch",
        /// Rows exist that no date window shows.
        WindowBlind = "window_blind",
        /// Rows came without an id or an account and cannot be stored.
        RowWithoutKey = "row_without_key",
        /// The accounts changed under the walk, twice.
        AccountsChanged = "accounts_changed",
        /// A full walk brought far fewer rows than are held, and two walks did not agree.
        Shrunk = "shrunk",
        /// The unit exceeded its deadline.
        Deadline = "deadline",
    }
}

impl Reason {
    /// Whether the next run may well succeed without anybody doing anything.
    #[must_use]
    pub const fn retryable(self) -> bool {
        !matches!(
            self,
            Self::Forbidden
                | Self::RenewRefused
                | Self::NextRefused
                | Self::PageTooLarge
                | Self::RequestRefused
                | Self::RowWithoutKey
        )
    }
}

codes! {
    /// What a snapshot holds of a user, and why.
    UnitOutcome {
        /// Fetched in this run and proven.
        Complete = "complete",
        /// Tried and failed: the rows are those of an earlier snapshot.
        Carried = "carried",
        /// Outside this run's plan: the rows are those of an earlier snapshot.
        Kept = "kept",
        /// Tried and failed, and no earlier snapshot has rows.
        Failed = "failed",
        /// Not asked for on purpose (too young).
        Skipped = "skipped",
        /// Left the proven list; its rows leave with it.
        Gone = "gone",
    }
}

codes! {
    /// What was asked of a user in this run.
    UnitMode {
        /// Everything.
        Full = "full",
        /// What changed since the last complete walk.
        Delta = "delta",
        /// A date window, and what changed since the last walk.
        Window = "window",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back_to_their_values() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.as_str()), Some(*reason));
            assert_eq!(serde_json::to_string(reason).unwrap(), format!("\"{reason}\""));
        }
        assert_eq!(Proof::from_code("guessed"), None);
    }
}
