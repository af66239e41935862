//! What can go wrong at the porch, each with its remedy. No secret's value, no personal data.

use std::path::{Path, PathBuf};

use powens_export::export::ExportError;

/// Why a verb ended without what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error("there is no snapshot in {}: run `powens-export run --dest {0}` first", .dest.display())]
    NoSnapshot { dest: PathBuf },
    #[error("cannot write to stdout: {0}")]
    Output(#[from] std::io::Error),
}

/// A setting that cannot be used. Nothing was requested or written when one of these appears.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("cannot read the {what} {}: {source}", .path.display())]
    ReadFile { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("line {line} of the file of settings {}: {message}", .path.display())]
    ConfigFile { path: PathBuf, line: usize, message: String },
    #[error("RUST_LOG: {message}")]
    LogFilter { message: String },
    #[error("{setting} is missing: give {remedy}")]
    Missing { setting: &'static str, remedy: &'static str },
    #[error("{setting}: {problem}")]
    Setting { setting: &'static str, problem: String },
    #[error("{0} and {1} exclude each other: give one of them")]
    Conflict(&'static str, &'static str),

    #[error("{name} is missing: set {name}_FILE to a file that holds it, or {name} to its value")]
    SecretMissing { name: &'static str },
    #[error("{name} is empty")]
    SecretEmpty { name: &'static str },
    #[error("{name} holds a space, a line break or another character that no token has")]
    SecretText { name: &'static str },
    #[error("both {name} and {name}_FILE are set: unset one")]
    SecretTwice { name: &'static str },
    #[error("others can read or write {} (mode {mode:04o}), which holds a secret: chmod 600 {}", .path.display(), .path.display())]
    SecretFileOpen { path: PathBuf, mode: u32 },
    #[error("line {line} of the user tokens {}: {problem}", .path.display())]
    UserTokens { path: PathBuf, line: usize, problem: &'static str },
}

impl UsageError {
    pub(crate) fn setting(setting: &'static str, problem: impl std::fmt::Display) -> Self {
        Self::Setting { setting, problem: problem.to_string() }
    }
}

impl Failure {
    pub(crate) fn no_snapshot(dest: &Path) -> Self {
        Self::NoSnapshot { dest: dest.into() }
    }
}
