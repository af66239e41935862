//! The integration tests, one binary.
//!
//! | file | what it protects |
//! |---|---|
//! | `layering` | imports between rooms point down |
//! | `cli_help` | help, schema, completions as reviewed text |
//! | `cli_errors` | what a user can get wrong, and what is said then |
//! | `cli_failures` | what goes wrong with a bank, a lake or a pack, and what is said then |
//! | `cli_run` | streams, exit codes, signals |
//! | `cli_plan` | what `plan` says is what `run` does |
//! | `cli_status` | a lake at a glance, with bad news in it |
//! | `cli_prune` | what would go, and what goes |
//! | `cli_metrics` | the Prometheus file, read by Prometheus' own client |
//! | `cli_readback` | every value, by readers that nobody here wrote |
//! | `cli_statements` | packs for accountants, by Python, openpyxl, ofxtools and LibreOffice |
//! | `csv_profiles` | any number of rows through each profile and back, by Python |
//! | `cli_examples` | the programs under `examples/` |
//! | `faults` | the fault catalogue: what an API, a network and settings can do wrong, row by row |
//! | `whole_runs` | bytes, requests, secrets, nights and failures of whole runs |
//! | `nights` | night after night through the library: equality, balances, backfill, guards, a soak |
//! | `properties` | random amounts and times, from JSON to what readers see |
//! | `crash/` | what breaks off, refuses or is in the way: signals, kills, disks, links |
//! | `install` | what `make install` puts where |
//! | `simulation` | seeded schedules of whole runs, against the bank's own history |
//! | `cli_readme` | the README names every setting and every exit code |
//! | `readme_blocks` | every command and query of the README is run |

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod cli_errors;
mod cli_examples;
mod cli_failures;
mod cli_help;
mod cli_metrics;
mod cli_plan;
mod cli_prune;
mod cli_readback;
mod cli_readme;
mod cli_run;
mod cli_statements;
mod cli_status;
mod crash;
mod csv_profiles;
mod faults;
mod install;
mod layering;
mod nights;
mod properties;
mod readme_blocks;
mod simulation;
mod support;
mod whole_runs;
