//! The flags of `plan`: those of `run`, so that a command line is asked about by changing its verb.

use clap::Args;

use super::RunArgs;

/// Flags of `plan`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,

    /// Look at the users whose cost the lake does not tell: with a token that is revoked, 4 requests or more each
    #[arg(long, help_heading = "Planning")]
    pub(crate) probe: bool,

    /// For machines; lists every user
    #[arg(long, help_heading = "Planning")]
    pub(crate) json: bool,
}
