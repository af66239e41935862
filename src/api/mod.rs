//! The client of the bank's API: reads, never writes, and believes only what it has checked.
//!
//! Promises:
//! - A [`Response`] is a status 200 with a body that was framed, ended cleanly, stayed below the cap and looks like a
//!   JSON object at both ends. Everything else is retried as its kind deserves or reported as an [`ApiError`].
//! - Requests go to the configured origin and nowhere else: redirects are refused, next links pass [`Target::next`],
//!   no cookie and no referer is sent. TLS is 1.2 or later and always verified.
//! - One pacer, one breaker, one retry budget and one memory budget for all workers of a run. A slot of the
//!   concurrency is held while an attempt lasts and not while it waits.
//! - Nothing but `GET`, `POST /auth/renew` (always with `id_user`, never revoking) and `DELETE /auth/token` is sent.
//! - No secret, URL query or body in an error or a log; ids only.
//!
//! ```text
//!  Api ── Courier ──► Gate (concurrency · pacer · breaker) ──► Exchange ──► reqwest
//!            ▲  retry, budget, jitter                             │ head, then BodyReader (memory, gzip)
//!            └──────────────── Failure ◄──────────────────────────┘
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `client`, `shared`, `config` | the client, what its clones share, its settings |
//! | `base_url`, `target` | the origin; what is asked under it; the check of next links |
//! | `token`, `renewal` | a user's token and its journal; renew, revoke |
//! | `courier` | how often a request is sent; the table of failures |
//! | `gate`, `pacer`, `breaker`, `budget`, `random` | when an attempt may go |
//! | `exchange`, `body`, `gzip`, `memory`, `response` | one attempt; a whole body |
//! | `answer` | error bodies, `Retry-After` |
//! | `connect` | the HTTP client underneath and its errors |
//! | `error`, `endpoint`, `stats`, `named`, `rate`, `timings` | data |
//!
//! Choices:
//! - **gzip** is asked for, and decoded here: the codecs of HTTP clients return the first of two members as a success.
//!   One member, its checksum right, nothing behind it, and never more than the cap.
//! - **Names are checked where they enter.** A missing `Content-Type` is tolerated when the body is an object; a wrong
//!   one is not.
//! - **Time** is the monotonic clock of the runtime; every duration is in [`Timings`].
//! - A **proxy** is taken from the environment, with its credentials if it has any (they go to the proxy only), and
//!   never used for loopback.

mod answer;
mod base_url;
mod body;
mod breaker;
mod budget;
mod client;
mod config;
mod connect;
mod courier;
mod endpoint;
mod error;
mod exchange;
mod gate;
mod gzip;
mod memory;
mod named;
mod pacer;
mod random;
mod rate;
mod renewal;
mod response;
mod shared;
mod stats;
mod target;
mod timings;
mod token;

#[cfg(test)]
mod tests;

pub use base_url::{BaseUrl, BaseUrlError};
pub use client::{Api, Auth};
pub use config::ApiConfig;
pub use endpoint::Endpoint;
pub use error::{ApiError, ApiErrorKind, ErrorContext, ExitClass, Fault};
pub use rate::{NotARate, Rate, estimate_duration};
pub use response::{Response, Undecodable};
pub use stats::{RetryKind, Stats};
pub use target::{NextRefused, Target};
pub use timings::{Limits, Timings};
pub use token::{TokenJournal, UserToken};
