//! The ground floor: ids, exact amounts, time, secrets, outcomes. Data only, no I/O.
//!
//! | file | noun |
//! |---|---|
//! | `id` | the API's ids, one type each |
//! | `decimal` | an amount, from the JSON number's own text to `i128` and back |
//! | `time` | dates, naive datetimes, Europe/Paris, RFC 3339 |
//! | `window` | the date range asked for; `days`: the same in days, as rows have them |
//! | `outcome`, `account_walk` | how a unit ended: proof levels and reason codes; how one account was covered |
//! | `exit_code` | what the program ends with |
//! | `secret` | a token that cannot be printed |

mod account_walk;
mod days;
mod decimal;
pub mod exit_code;
mod id;
mod outcome;
mod secret;
pub mod time;
mod window;

pub use account_walk::AccountWalk;
pub use days::Days;
pub use decimal::{DecimalError, DecimalType, write_decimal};
pub use id::{AccountId, ConnectionId, ConnectorId, SourceId, TransactionId, UserId};
pub use outcome::{Proof, Reason, UnitMode, UnitOutcome};
pub use secret::Secret;
pub use window::{Window, WindowError};
