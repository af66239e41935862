//! The flags of `run`.
//!
//! What belongs to a lake or a machine can also stand in the environment and in the file of settings. What belongs to
//! one run (dates, users, mode, `--accept-shrink`) is a flag only: left behind in a file it would do harm.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;
use powens_export::model::UserId;

use crate::cli::defaults;
use crate::cli::values::{Days, Decimal, FileFormat, FileMode, FixedRate, Mode, Percent, Span, date};

/// Flags of `run`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct RunArgs {
    /// The lake: created when it does not exist
    #[arg(long, value_name = "DIR", env = "POWENS_EXPORT_DEST", hide_env_values = true)]
    pub(crate) dest: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) files: FileArgs,

    #[command(flatten)]
    pub(crate) scope: ScopeArgs,

    #[command(flatten)]
    pub(crate) pace: PaceArgs,

    #[command(flatten)]
    pub(crate) keep: KeepArgs,

    /// Prometheus text file to write at the end, whatever the outcome
    #[arg(
        long,
        value_name = "FILE",
        env = "POWENS_EXPORT_METRICS_FILE",
        hide_env_values = true,
        help_heading = "Reporting"
    )]
    pub(crate) metrics_file: Option<PathBuf>,
}

/// What the files look like.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct FileArgs {
    #[arg(long, value_enum, value_name = "FORMAT", env = "POWENS_EXPORT_FORMAT", hide_env_values = true,
          help = format!("What to write [default: {}]", defaults::FORMAT_NAME))]
    pub(crate) format: Option<FileFormat>,

    #[arg(long, value_name = "NAME", env = "POWENS_EXPORT_CSV_PROFILE", hide_env_values = true,
          help = format!("How CSV looks [default: {}]", defaults::CSV_PROFILE))]
    pub(crate) csv_profile: Option<String>,

    #[arg(long, value_name = "P,S", env = "POWENS_EXPORT_DECIMAL", hide_env_values = true,
          help = format!("Precision and scale of amounts, chosen once, when a lake is created [default: {}]",
                         defaults::DECIMAL))]
    pub(crate) decimal: Option<Decimal>,

    #[arg(long, value_name = "MODE", env = "POWENS_EXPORT_FILE_MODE", hide_env_values = true,
          help = format!("Permissions of published files [default: {}]", defaults::FILE_MODE))]
    pub(crate) file_mode: Option<FileMode>,
}

/// What is asked for in this one run.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "What to fetch")]
pub(crate) struct ScopeArgs {
    /// Everything, or what changed [default: auto]
    #[arg(long, value_enum, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,

    /// First `date` asked for; with a lake: replace that window, keep the rest
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) from: Option<Date>,

    /// Last `date` asked for, inclusive
    #[arg(long, value_name = "DATE", value_parser = date)]
    pub(crate) to: Option<Date>,

    /// Only these users; the others keep the rows they have
    #[arg(long = "user", value_name = "ID")]
    pub(crate) users: Vec<UserId>,

    #[arg(long, value_name = "DAYS", env = "POWENS_EXPORT_FULL_EVERY", hide_env_values = true,
          help = format!("Walk each user in full that often, to find hard deletions [default: {}]",
                         defaults::FULL_EVERY))]
    pub(crate) full_every: Option<Days>,

    #[arg(long, value_name = "AGE", env = "POWENS_EXPORT_RESUME_MAX_AGE", hide_env_values = true,
          help = format!("Reuse what a killed run fetched, up to this age [default: {}]",
                         defaults::RESUME_MAX_AGE))]
    pub(crate) resume_max_age: Option<Span>,

    #[arg(long, value_name = "PCT",
          help = format!("Publish although up to PCT % of users failed [default: {}]", defaults::MAX_FAILED))]
    pub(crate) max_failed: Option<Percent>,

    /// Publish although users, accounts or rows shrank by more than the guard allows
    #[arg(long)]
    pub(crate) accept_shrink: bool,
}

/// How the API is treated.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Requests")]
pub(crate) struct PaceArgs {
    #[arg(long, value_name = "N", env = "POWENS_EXPORT_CONCURRENCY", hide_env_values = true,
          help = format!("Users fetched at a time [default: {}]", defaults::CONCURRENCY))]
    pub(crate) concurrency: Option<u16>,

    /// Requests per second or minute, fixed: 5/s, 30/min [default: adapts to what the API accepts]
    #[arg(long, value_name = "RATE", env = "POWENS_EXPORT_RATE", hide_env_values = true)]
    pub(crate) rate: Option<FixedRate>,

    /// File of stored user tokens (lines of `id_user,token`), instead of minting one for each user
    #[arg(long, value_name = "FILE", env = "POWENS_EXPORT_USER_TOKENS", hide_env_values = true)]
    pub(crate) user_tokens: Option<PathBuf>,
}

/// Which snapshots stay.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Retention")]
pub(crate) struct KeepArgs {
    #[arg(long, value_name = "N", env = "POWENS_EXPORT_KEEP_LAST", hide_env_values = true,
          help = format!("Keep the last N snapshots [default: {}]", defaults::KEEP_LAST))]
    pub(crate) keep_last: Option<u32>,

    #[arg(long, value_name = "N", env = "POWENS_EXPORT_KEEP_DAILY", hide_env_values = true,
          help = format!("Keep the last snapshot of each of the last N days [default: {}]", defaults::KEEP_DAILY))]
    pub(crate) keep_daily: Option<u32>,

    #[arg(long, value_name = "N", env = "POWENS_EXPORT_KEEP_MONTHLY", hide_env_values = true,
          help = format!("Keep the last snapshot of each of the last N months [default: {}]",
                         defaults::KEEP_MONTHLY))]
    pub(crate) keep_monthly: Option<u32>,
}
