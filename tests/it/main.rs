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
//! | `cli_statements` | packs for accountants, by Python, openpyxl, ofxtools and LibreOffice |
//! | `cli_examples` | the programs under `examples/` |
//! | `crash/` | what breaks off, refuses or is in the way: signals, kills, disks, links |
//! | `whole_runs` | bytes, requests, secrets, nights and failures of whole runs |
//! | `nights` | night after night through the library: equality, balances, backfill, guards, a soak |
//! | `simulation` | thousands of seeded schedules of whole runs, against the bank's own history |
//! | `cli_readme` | the README names every setting and every exit code |

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod cli_errors;
mod cli_examples;
mod cli_help;
mod cli_plan;
mod cli_readback;
mod cli_readme;
mod cli_run;
mod cli_statements;
mod crash;
mod layering;
mod nights;
mod simulation;
mod support;
mod whole_runs;
