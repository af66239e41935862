//! What a request is about, for counting and for messages.

use super::named::named;

named! {
    /// The endpoints that the program asks.
    Endpoint {
        /// `GET /users`
        Users = "users",
        /// `GET /users/{id}`
        User = "user",
        /// `GET /connectors`
        Connectors = "connectors",
        /// `POST /auth/renew`
        Renew = "renew",
        /// `GET /users/{id}/connections`
        Connections = "connections",
        /// `GET /users/{id}/accounts`
        Accounts = "accounts",
        /// `GET /users/{id}/transactions`
        Transactions = "transactions",
        /// `GET /users/{id}/accounts/{id}/transactions`
        AccountTransactions = "account_transactions",
        /// `DELETE /auth/token`
        Revoke = "revoke",
    }
}

impl Endpoint {
    /// Whether the endpoint speaks of one user, so that its failure is that user's alone.
    #[must_use]
    pub const fn is_per_user(self) -> bool {
        !matches!(self, Self::Users | Self::Connectors)
    }

    /// Whether it deals in tokens and not in data.
    #[must_use]
    pub const fn is_token(self) -> bool {
        matches!(self, Self::Renew | Self::Revoke)
    }
}
