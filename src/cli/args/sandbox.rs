//! The flags of the simulated bank: `sandbox` serves it, `demo` exports from it.

use std::path::PathBuf;

use clap::Args;

use crate::cli::values::FixedRate;

/// Flags of `sandbox`.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    /// The port on loopback; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,

    #[command(flatten)]
    pub(crate) world: WorldArgs,

    #[command(flatten)]
    pub(crate) manners: MannersArgs,

    /// Write everything the bank holds to a file (JSON), for comparing an export with it
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
}

/// The world: the same flags give the same bytes everywhere.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The world")]
pub(crate) struct WorldArgs {
    /// Users of the domain
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) users: u32,

    /// The world's seed
    #[arg(long, value_name = "N", default_value_t = 7)]
    pub(crate) seed: u64,
}

/// How the simulated API answers.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Manners")]
pub(crate) struct MannersArgs {
    /// Next links count rows (offset) instead of holding a cursor
    #[arg(long)]
    pub(crate) offset_links: bool,

    /// Next links are relative
    #[arg(long)]
    pub(crate) relative_links: bool,

    /// Never more than N rows a page, whatever `limit` asks for
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) page_cap: Option<u32>,

    /// Wait this long before every answer, in milliseconds
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=60_000))]
    pub(crate) latency: Option<u64>,

    /// Answer 429 beyond this rate: 10/s, 30/min
    #[arg(long, value_name = "RATE")]
    pub(crate) rate_limit: Option<FixedRate>,
}

/// Flags of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Where to put the demonstration's lake [default: a new folder under the system's temporary one]
    #[arg(long, value_name = "DIR")]
    pub(crate) dest: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) world: WorldArgs,
}
