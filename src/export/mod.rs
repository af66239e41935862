//! The hall: one run, from an empty folder to a published, verified snapshot.
//!
//! ```text
//!   open ─► list ─► plan ─► fetch ═══► stage ─► settle ─► build ─► guard ─► publish ─► prune ─► report
//!   lock    users   who?    N users    sorted   who       files     may      read back,          what,
//!   sweep   banks           at a time  runs     left?               it?      move LATEST          and what not
//! ```
//!
//! On the left of `═══►` everything is asynchronous, on its right synchronous; between them is one channel that holds
//! [`CHANNEL`] messages. Whatever happens before `publish` has moved `LATEST` changes nothing that a reader can see,
//! and leaves the stage for the next run.
//!
//! | file | noun |
//! |---|---|
//! | `run` | the sentence above |
//! | `config`, `event`, `report`, `error` | what goes in; what is told meanwhile; what comes out |
//! | `clock`, `opening` | what time it is for this run; the destination, held by it, and what it knows |
//! | `previous`, `domain` | what the last snapshot knows of each user; the lists of the domain |
//! | `fetch` | fetchers on one side of the channel, the stage on the other |
//! | `settle`, `guard` | how each user ended; what the guard is told |
//! | `finish` | the synchronous half: build, guard, publish, prune |
//! | `plan`, `census`, `forecast` | who is asked for what; what the rows held say of the cost; what a run would do |
//! | `record` | the manifest |
//! | `journal` | tokens not yet revoked |

mod census;
mod clock;
mod config;
mod domain;
mod error;
mod event;
mod fetch;
mod finish;
mod forecast;
mod guard;
mod journal;
mod opening;
mod plan;
mod previous;
mod record;
mod report;
mod run;
mod settle;
#[cfg(all(test, feature = "sandbox"))]
mod tests;

pub use crate::extract::{Cancel, RunMode};
pub use crate::lake::build::Formats;
pub use crate::lake::retention::Keep as Retention;
pub use crate::lake::store::Syncs;
pub use config::RunConfig;
pub use error::ExportError;
pub use event::{Event, Phase, Progress};
pub use fetch::CHANNEL;
pub use forecast::{Basis, Forecast, Overhead, Pace, forecast};
pub use report::RunReport;
pub use run::run;
