//! What a path asks for.

/// The kinds of endpoint; rules and the request log name requests by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `/users`
    Users,
    /// `/users/{id}`
    User,
    /// `POST /auth/renew`
    Renew,
    /// `DELETE /auth/token`
    Revoke,
    /// `POST /auth/init` and what else is under `/auth`
    Auth,
    /// `/connectors`
    Connectors,
    /// `/connectors/{id}` and below
    Connector,
    /// `/users/{id}/connections`
    Connections,
    /// `/users/{id}/connections/{id}`
    Connection,
    /// `…/sources`
    Sources,
    /// `…/sources/{id}`
    Source,
    /// `/users/{id}/accounts`, `…/connections/{id}/accounts`
    Accounts,
    /// `…/accounts/{id}`
    Account,
    /// `/users/{id}/transactions`
    Transactions,
    /// `…/accounts/{id}/transactions`
    AccountTransactions,
    /// `…/connections/{id}/transactions`
    ConnectionTransactions,
    /// `…/transactions/{id}`
    Transaction,
    /// `/currencies`, `/account_types`
    Catalogue,
    /// Products that the domain has not enabled, or has and nobody holds.
    Product,
    /// Anything else.
    Unknown,
}

/// A path, taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) endpoint: Option<Endpoint>,
    /// `me`, or the text of an id.
    pub(crate) user: Option<String>,
    pub(crate) connection: Option<i64>,
    pub(crate) source: Option<i64>,
    pub(crate) account: Option<i64>,
    pub(crate) transaction: Option<i64>,
    /// The last literal segment: which connector, which product.
    pub(crate) name: String,
    /// A connector's sources are asked for, not the connector.
    pub(crate) connector_sources: bool,
}

impl Route {
    pub(crate) fn endpoint(&self) -> Endpoint {
        self.endpoint.unwrap_or(Endpoint::Unknown)
    }

    pub(crate) fn of(method: &http::Method, path: &str) -> Self {
        let Some(path) = path.strip_prefix("/2.0") else { return Self::default() };
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let mut route = Self::default();
        route.endpoint = match segments.as_slice() {
            ["users"] => Some(Endpoint::Users),
            ["users", user, rest @ ..] => {
                route.user = Some((*user).to_owned());
                route.below(rest)
            }
            ["auth", "renew"] => Some(Endpoint::Renew),
            ["auth", "token"] if *method == http::Method::DELETE => Some(Endpoint::Revoke),
            ["auth", name, ..] => {
                (*name).clone_into(&mut route.name);
                Some(Endpoint::Auth)
            }
            ["connectors" | "banks" | "providers"] => {
                segments[0].clone_into(&mut route.name);
                Some(Endpoint::Connectors)
            }
            ["connectors", name] | ["connectors", name, "sources"] => {
                (*name).clone_into(&mut route.name);
                route.connector_sources = segments.len() > 2;
                Some(Endpoint::Connector)
            }
            ["currencies" | "account_types"] => {
                segments[0].clone_into(&mut route.name);
                Some(Endpoint::Catalogue)
            }
            ["connections", ..] => {
                route.user = Some("me".to_owned());
                route.below(&segments)
            }
            _ => None,
        };
        route
    }

    fn below(&mut self, segments: &[&str]) -> Option<Endpoint> {
        let mut rest = segments;
        let mut endpoint = Endpoint::User;
        while let [name, tail @ ..] = rest {
            let id = tail.first().map(|id| id.parse::<i64>());
            let (list, one, slot) = match *name {
                "connections" => (Endpoint::Connections, Endpoint::Connection, &mut self.connection),
                "sources" => (Endpoint::Sources, Endpoint::Source, &mut self.source),
                "accounts" => (Endpoint::Accounts, Endpoint::Account, &mut self.account),
                "transactions" => (
                    match endpoint {
                        Endpoint::Account => Endpoint::AccountTransactions,
                        Endpoint::Connection => Endpoint::ConnectionTransactions,
                        _ => Endpoint::Transactions,
                    },
                    Endpoint::Transaction,
                    &mut self.transaction,
                ),
                other => {
                    other.clone_into(&mut self.name);
                    return Some(Endpoint::Product);
                }
            };
            match id {
                None => return Some(list),
                Some(Ok(id)) => {
                    *slot = Some(id);
                    endpoint = one;
                }
                Some(Err(_)) => return None,
            }
            rest = &tail[1..];
        }
        Some(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_understood() {
        let get = |path: &str| Route::of(&http::Method::GET, path);
        assert_eq!(get("/2.0/users").endpoint(), Endpoint::Users);
        assert_eq!(get("/2.0/users/me").endpoint(), Endpoint::User);
        let route = get("/2.0/users/5/connections/6/accounts/7/transactions/8");
        assert_eq!((route.connection, route.account, route.transaction), (Some(6), Some(7), Some(8)));
        assert_eq!(route.endpoint(), Endpoint::Transaction);
        assert_eq!(get("/2.0/users/5/accounts/7/transactions").endpoint(), Endpoint::AccountTransactions);
        assert_eq!(
            get("/2.0/users/5/connections/7/transactions").endpoint(),
            Endpoint::ConnectionTransactions
        );
        assert_eq!(get("/2.0/users/5/transactions").endpoint(), Endpoint::Transactions);
        assert_eq!(get("/2.0/users/5/investments").endpoint(), Endpoint::Product);
        assert_eq!(get("/2.0/users/5/accounts/x").endpoint(), Endpoint::Unknown);
        assert_eq!(get("/users").endpoint(), Endpoint::Unknown);
        assert_eq!(get("/2.0/auth/token").endpoint(), Endpoint::Auth);
        assert_eq!(Route::of(&http::Method::DELETE, "/2.0/auth/token").endpoint(), Endpoint::Revoke);
        assert_eq!(get("/2.0/connections/3/sources").endpoint(), Endpoint::Sources);
    }
}
