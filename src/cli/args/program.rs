//! The program, its verbs, and the flags that all of them know.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::{
    CompletionsArgs, ManArgs, PlanArgs, PruneArgs, RunArgs, SchemaArgs, StatementsArgs, StatusArgs,
    VerifyArgs,
};
#[cfg(feature = "sandbox")]
use super::{DemoArgs, SandboxArgs};
use crate::cli::values::LogFormat;

/// Lines of at most 80 columns: a narrower terminal would break the table.
const AFTER_HELP: &str = "\
Credentials (from the environment or a file, never from a flag):
  POWENS_DOMAIN or POWENS_BASE_URL   the domain, or its API's whole address
  POWENS_CLIENT_ID                   the client application
  POWENS_CLIENT_SECRET[_FILE]        its secret, or the file that holds it
  POWENS_USERS_TOKEN[_FILE]          the token that lists users, or its file

Settings: flag > environment > --config FILE > default.

Exit codes:
    0  published, complete
    1  a bug
    2  usage or configuration: nothing was requested or written
    3  published, partial: the report and the manifest say what is missing
    4  not published: a guard refused, what was fetched is kept
    5  damage found in a published snapshot
   65  the API answered something that cannot be right
   69  API unreachable or exhausted: run the same command again to resume
   74  disk: cannot write, sync or read back
   75  another run holds the destination
   77  credentials refused
  130, 143  interrupted: run the same command again to resume";

/// Copies all bank data of a Powens domain into a data lake, every night, completely and exactly.
#[derive(Debug, Parser)]
#[command(name = "powens-export", version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(arg_required_else_help = true, disable_help_subcommand = true)]
pub(crate) struct Program {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    #[command(flatten)]
    pub(crate) common: Common,
}

/// The flags that every verb knows.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Common {
    /// File of settings (TOML; its shape: schemas/config.schema.json)
    #[arg(long, global = true, value_name = "FILE", env = "POWENS_EXPORT_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,

    /// How log lines look, on stderr; RUST_LOG chooses what is logged
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        env = "POWENS_EXPORT_LOG_FORMAT",
        hide_env_values = true
    )]
    pub(crate) log_format: Option<LogFormat>,

    /// No progress; a report only when something is incomplete
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// What can be asked of the program.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Export into the lake: fetch, build, publish, verify, report
    Run(Box<RunArgs>),
    /// What `run` would do: users, requests, estimated duration
    Plan(Box<PlanArgs>),
    /// Last snapshot, coverage, and who must re-authenticate
    Status(StatusArgs),
    /// Re-read a snapshot and list every finding
    Verify(VerifyArgs),
    /// Remove old snapshots; the published one always stays
    Prune(PruneArgs),
    /// Packs for accountants, from a published snapshot
    Statements(Box<StatementsArgs>),
    /// Sandbox, run and report in one process
    #[cfg(feature = "sandbox")]
    Demo(DemoArgs),
    /// Serve a simulated bank API; prints the settings to use, one KEY=value a line
    #[cfg(feature = "sandbox")]
    Sandbox(Box<SandboxArgs>),
    /// The tables' columns, their types and meaning
    Schema(SchemaArgs),
    /// Completion script for a shell
    Completions(CompletionsArgs),
    /// Man pages, written into a folder: for `make install`
    #[command(hide = true)]
    Man(ManArgs),
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::AFTER_HELP;

    #[test]
    fn the_help_promises_every_exit_code_and_no_other() {
        let constants = include_str!("../../model/exit_code.rs");
        let chosen: BTreeSet<u8> = constants
            .lines()
            .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u8 = ")?.1.strip_suffix(';'))
            .map(|number| number.parse().unwrap())
            .collect();
        let (_, promised) = AFTER_HELP.split_once("Exit codes:\n").unwrap();
        let promised: BTreeSet<u8> = promised
            .lines()
            .filter_map(|line| line.trim_start().split_once("  "))
            .flat_map(|(numbers, _)| numbers.split(", "))
            .map(|number| number.parse().unwrap())
            .collect();
        assert!(chosen.len() >= 13 && chosen == promised, "chosen {chosen:?}\npromised {promised:?}");
    }
}
