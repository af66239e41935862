//! The endpoints: a request and the state of the domain make an answer.
//!
//! `guard` decides who may ask; then one file a resource: `users` (with tokens), `connections`, `accounts`,
//! `transactions`, `connectors` (with the other catalogues), `writes` (everything a guest must not do).

mod accounts;
mod connections;
mod connectors;
mod guard;
mod transactions;
mod users;
mod writes;

use super::answer::Answer;
use super::config::SandboxConfig;
use super::request::Request;
use super::route::{Endpoint, Route};
use super::state::State;

/// Everything a route may look at and change.
pub(crate) struct Call<'a> {
    pub(crate) config: &'a SandboxConfig,
    /// `http://127.0.0.1:PORT`
    pub(crate) origin: &'a str,
    pub(crate) state: &'a mut State,
    pub(crate) request: &'a Request,
    pub(crate) route: &'a Route,
    /// The number of this request.
    pub(crate) number: u64,
}

/// Answers a request as the real API would.
pub(crate) fn answer(mut call: Call<'_>) -> Answer {
    match dispatch(&mut call) {
        Ok(answer) | Err(answer) => answer,
    }
}

fn dispatch(call: &mut Call<'_>) -> Result<Answer, Answer> {
    let endpoint = call.route.endpoint();
    match endpoint {
        Endpoint::Renew => return users::renew(call),
        Endpoint::Revoke => return users::revoke(call),
        Endpoint::Unknown => return Err(Answer::not_found(call.number)),
        _ => {}
    }
    if call.request.method != http::Method::GET {
        return writes::answer(call);
    }
    match endpoint {
        Endpoint::Connectors | Endpoint::Connector => return connectors::answer(call),
        Endpoint::Catalogue => return Ok(connectors::catalogue(call)),
        Endpoint::Users => return users::list(call),
        Endpoint::Auth => return Err(Answer::method_not_allowed(call.number)),
        _ => {}
    }
    let user = guard::user(call)?;
    match endpoint {
        Endpoint::User => users::one(call, user),
        Endpoint::Connections | Endpoint::Connection | Endpoint::Sources | Endpoint::Source => {
            connections::answer(call, user)
        }
        Endpoint::Accounts | Endpoint::Account => accounts::answer(call, user),
        Endpoint::Transactions
        | Endpoint::AccountTransactions
        | Endpoint::ConnectionTransactions
        | Endpoint::Transaction => transactions::answer(call, user),
        _ => connectors::product(call),
    }
}
