//! The porch: it asks the person, calls the library, and tells the person. Binary only.
//!
//! ```text
//! what was typed ─ args ─┐
//! environment ───────────┼─ settings ─► RunConfig ─► export::run ─► report ─► stdout, exit code
//! --config FILE ─────────┘                              │
//!                                                    events ─► progress ─► stderr
//! ```
//!
//! | file | noun |
//! |---|---|
//! | `program` | from the arguments to the exit code |
//! | `args`, `values`, `defaults` | what can be typed, its forms, its defaults |
//! | `config_file`, `secrets`, `user_tokens`, `settings` | flag > environment > file > default |
//! | `run`, `plan`, `status`, `verify`, `prune`, `statements`, `schema`, `man`, `sandbox`, `demo` | one verb each |
//! | `report`, `metrics` | what a run did, for people and for Prometheus |
//! | `progress`, `logging`, `signals` | while it runs |
//! | `failure`, `exit` | what goes wrong, and the number that says so |
//! | `arenas` | how memory is handed out |
//! | `human`, `grid`, `output` | numbers, layout, stdout |

mod arenas;
mod args;
mod config_file;
mod defaults;
#[cfg(feature = "sandbox")]
mod demo;
mod exit;
mod failure;
mod grid;
mod human;
mod logging;
mod man;
mod metrics;
mod output;
mod plan;
mod program;
mod progress;
mod prune;
mod report;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod schema;
mod secrets;
mod settings;
mod signals;
mod statements;
mod status;
mod user_tokens;
mod values;
mod verify;

pub(crate) use program::main;
