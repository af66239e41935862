//! A simulated Powens API on a loopback port, good enough that a program written for the real one cannot tell.
//!
//! The promise: the same [`SandboxConfig`] and the same calls give the same bytes on every machine. The world comes
//! from a seed, has a clock of its own and lives from night to night; a script of [`Rule`]s makes it misbehave; it
//! remembers every request, every [`Violation`] of the rules for guests, and what each row looked like when.
//!
//! ```text
//!   server ── wire (hyper, raw sockets) ── handle ── routes ── page, query, cursor, render ── bytes
//!                                            │          │
//!                              fault (rules) ┘          └ state: world (generate, night, clock), tokens, log
//! ```

mod amount;
mod answer;
mod calendar;
mod clock;
mod config;
mod cursor;
mod fault;
mod generate;
mod handle;
mod log;
mod night;
mod pace;
mod page;
mod query;
mod random;
mod render;
mod request;
mod route;
mod routes;
mod server;
mod state;
#[cfg(test)]
mod tests;
mod tokens;
mod truth;
mod wire;
pub mod world;

pub use clock::Clock;
pub use config::{Nights, Paging, RateLimit, SandboxConfig, Total, UserList};
pub use fault::{Edit, Fault, NextLink, On, RetryAfter, Rule};
pub use log::{RequestRecord, Violation, ViolationKind};
pub use render::json::Patch;
pub use route::Endpoint;
pub use server::Sandbox;
pub use tokens::Holder;
pub use truth::{Truth, exact};
pub use world::{Change, History, Holdings, Kind, Ledger, NewAccount, World};
