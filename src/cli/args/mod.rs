//! What was typed, and nothing else: an absent flag is `None`, defaults are decided in `settings`.
//!
//! | file | noun |
//! |---|---|
//! | `program` | the program, its verbs, the flags of all of them |
//! | `run` | the flags of `run`, and those it shares with `demo` |
//! | `plan` | the flags of `plan`: those of `run` and its own |
//! | `read` | the verbs that read a lake, tidy it, or print a contract |
//! | `statements` | the flags of `statements` |
//! | `sandbox` | the simulated bank: `sandbox` and `demo` |

mod plan;
mod program;
mod read;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod statements;

pub(crate) use plan::PlanArgs;
pub(crate) use program::{Common, Program, Verb};
pub(crate) use read::{CompletionsArgs, ManArgs, PruneArgs, SchemaArgs, StatusArgs, VerifyArgs};
pub(crate) use run::{FileArgs, KeepArgs, PaceArgs, RunArgs, ScopeArgs};
#[cfg(feature = "sandbox")]
pub(crate) use sandbox::{DemoArgs, MannersArgs, SandboxArgs, WorldArgs};
pub(crate) use statements::StatementsArgs;
