//! What to ask, of whom, and how to know that nothing is missing.
//!
//! The promise: a user ends as [`Fetched::Done`] with a proof that every transaction the API shows was received, or
//! as [`Fetched::Failed`] with a reason; never silently short. Rows leave page by page through a bounded channel; of
//! a user's history only ids and fingerprints stay in memory.
//!
//! ```text
//!  Plan ──► Fetcher ──┬── users, connectors      the lists of the domain, to their proven end
//!                     └── user ── holdings       connections and accounts, before and after
//!                           └── walk/            transactions: pages, passes, windows, two equal walks
//!                                 └─────► Fetched ─► channel
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `plan`, `action` | who is asked for what, and why |
//! | `estimate`, `previous` | what it costs; what the last snapshot knows |
//! | `probe` | what a look at a user tells about the cost |
//! | `fetcher` | many users at a time |
//! | `job`, `user`, `order` | one user's work; one user; what their walk asks for |
//! | `holdings`, `structure` | a user's accounts and connections |
//! | `walk/` | a list of transactions without losing a row |
//! | `users`, `connectors`, `list` | short lists |
//! | `session` | token, clock |
//! | `unit` | what leaves the room |
//! | `error`, `cancel` | what ends a run; the switch for it |

mod action;
mod cancel;
mod connectors;
mod error;
mod estimate;
mod fetcher;
mod holdings;
mod job;
mod list;
mod order;
mod plan;
mod previous;
mod probe;
mod session;
mod structure;
mod unit;
mod user;
mod users;
mod walk;

#[cfg(all(test, feature = "sandbox"))]
mod tests;

pub use action::{Action, Why};
pub use cancel::Cancel;
pub use connectors::Connectors;
pub use error::{ExtractError, ExtractErrorKind};
pub use estimate::{Bounds, Estimate, Expected};
pub use fetcher::{FetchConfig, Fetcher};
pub use plan::{Plan, PlanConfig, PlanError, Planned, RunMode, plan};
pub use previous::PreviousUnit;
pub use structure::{AccountShape, Structure};
pub use unit::{ApiRange, Fetched, FetchedUnit, flag};
pub use users::{Listed, Settled, UserList, YOUNG, needs_second_reading, settle};
