//! Night after night through the library, on simulated calendars.
//!
//! | file | what it protects |
//! |---|---|
//! | `equality` | a lake of nights is the lake of one full run, byte for byte; what it says of each night is true |
//! | `happenings`, `held` | what can happen between two nights; what a lake holds and must hold |
//! | `balances` | a row per account and day, for ever |
//! | `backfill` | windows: replaced exactly, said, and widened later |
//! | `rules` | who is carried, kept, due; when nothing is published |
//! | `schema_change` | a lake that an older program wrote |
//! | `soak` | a thousand nights |
//! | `figures` | what nights cost: requests, bytes written, disk |

mod backfill;
mod balances;
mod equality;
mod figures;
mod happenings;
mod held;
mod rules;
mod schema_change;
mod soak;
