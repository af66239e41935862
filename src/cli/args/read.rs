//! The verbs that read a lake, tidy it, or print a contract.

use std::path::PathBuf;

use clap::Args;

use super::KeepArgs;
use crate::cli::defaults;
use crate::cli::values::Span;

/// Flags of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The lake
    #[arg(value_name = "DEST")]
    pub(crate) dest: PathBuf,

    /// For machines
    #[arg(long)]
    pub(crate) json: bool,

    /// Exit 3 when the last snapshot is partial or too old
    #[arg(long)]
    pub(crate) check: bool,

    #[arg(long, value_name = "AGE", requires = "check",
          help = format!("Too old is more than AGE since the data was read [default: {}]", defaults::MAX_AGE))]
    pub(crate) max_age: Option<Span>,
}

/// Flags of `verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The lake, or a snapshot folder copied out of one
    #[arg(value_name = "DEST")]
    pub(crate) dest: PathBuf,

    /// The snapshot to verify [default: the last one published]
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,

    /// For machines
    #[arg(long)]
    pub(crate) json: bool,
}

/// Flags of `prune`.
#[derive(Debug, Args)]
pub(crate) struct PruneArgs {
    /// The lake
    #[arg(value_name = "DEST")]
    pub(crate) dest: PathBuf,

    /// Say what would go, and leave it
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) keep: KeepArgs,
}

/// Flags of `schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// One table [default: all of them]
    #[arg(value_name = "TABLE")]
    pub(crate) table: Option<String>,
}

/// Flags of `completions`.
#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Flags of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder: it has to exist
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
