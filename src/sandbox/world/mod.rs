//! The world behind the simulated API: users, what they have, and the clock.
//!
//! - [`rows`]: the rows, named and typed as the API serves them
//! - [`Ledger`]: one user's transactions in serving order
//! - [`Holdings`]: everything one user has
//! - [`World`]: all users, built lazily from the seed; `edit`: what a test may do to it
//! - [`History`]: what each row looked like for which request

mod edit;
mod history;
mod holdings;
pub(crate) mod ledger;
mod population;
pub mod rows;

pub use edit::NewAccount;
pub use history::{Change, History, Kind};
pub use holdings::Holdings;
pub(crate) use holdings::Ids;
pub use ledger::Ledger;
pub(crate) use population::NightMark;
pub use population::World;
