//! `man`: the help as man pages, one for the program and one for each verb.

use clap::CommandFactory;

use super::args::{ManArgs, Program};
use super::exit::Exit;
use super::failure::Failure;

/// Performs the verb.
pub(crate) fn perform(args: &ManArgs) -> Result<Exit, Failure> {
    let written = clap_mangen::generate_to(Program::command(), &args.folder);
    written.map_err(|source| Failure::Write { path: args.folder.clone(), source })?;
    Ok(Exit::Complete)
}
