//! Copies all bank data of a Powens domain into a data lake, every night, completely and exactly.
//!
//! The sentence: **open the lake, list the users, plan, fetch, stage, settle who left, build, guard, publish, report.**
//!
//! ```text
//!              porch    main.rs + cli/          clap, settings, bars, reports, exit codes (the binary)
//!                │
//!              hall     export/                 the sentence; one bounded channel; events; the manifest's facts
//!        ┌───────┴───────────────┐
//!  asynchronous            synchronous
//!   extract/                verify/  statements/     re-read a snapshot; packs for accountants
//!     │   plan, walks,      lake/                    build, publish, lock, manifest, retention
//!     │   proofs            stage/                   durable units of the run under way
//!   api/                    encode/                  record batches ↔ Parquet, CSV
//!     │   client, retry     table/                   schemas/*.toml → columns; JSON bytes → record batches
//!     └───────┬─────────────────┘
//!           model/                                   ids, decimals, time, secrets, outcomes
//!
//!  sandbox/                                          the simulated bank API (demo and tests)
//! ```
//!
//! Imports only point down; a test reads them. One page of transactions travels: `api` (a framed, whole 200) →
//! `table` (bytes to columns) → `extract` (is the walk complete, and how do we know?) → the channel → `stage` (sorted,
//! checksummed, durable) → `lake::build` (merged into its month) → `encode` (a file) → `lake::publish` (read back,
//! synced, visible by one pointer move). Nothing downstream calls back upstream; only a full channel and the switch
//! that cancels a run travel against the stream.

// Test code may fail loudly wherever it stands; clippy knows only functions and modules marked directly.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::print_stdout,
        clippy::float_arithmetic
    )
)]

pub mod api;
pub mod encode;
pub mod export;
pub mod extract;
pub mod lake;
pub mod model;
#[cfg(feature = "sandbox")]
pub mod sandbox;
pub mod stage;
pub mod statements;
pub mod table;
pub mod verify;
