//! The integration tests, one binary.
//!
//! | file | what it protects |
//! |---|---|
//! | `layering` | imports between rooms point down |
//! | `cli_help` | help, schema, completions as reviewed text |
//! | `cli_errors` | what a user can get wrong, and what is said then |
//! | `cli_run` | streams, exit codes, signals |
//! | `cli_plan` | what `plan` says is what `run` does |
//! | `cli_readback` | every value, by readers that nobody here wrote |
//! | `cli_examples` | the programs under `examples/` |
//! | `faults` | the fault catalogue: what an API, a network and settings can do wrong, row by row |
//! | `whole_runs` | bytes, requests, secrets, nights and failures of whole runs |
//! | `nights` | night after night through the library: equality, balances, backfill, guards, a soak |
//! | `properties` | random amounts and times, from JSON to what readers see |
//! | `cli_readme` | the README names every setting and every exit code |

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod cli_errors;
mod cli_examples;
mod cli_help;
mod cli_plan;
mod cli_readback;
mod cli_readme;
mod cli_run;
mod faults;
mod layering;
mod nights;
mod properties;
mod support;
mod whole_runs;
