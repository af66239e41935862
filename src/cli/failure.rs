//! What can go wrong at the porch, each with its remedy. No secret's value, no personal data.

use std::path::PathBuf;

use powens_export::export::ExportError;
use powens_export::lake::LakeError;
use powens_export::statements::StatementsError;

/// Why a verb ended without what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Usage(#[from] UsageError),
    #[error(transparent)]
    Export(#[from] ExportError),
    #[error(transparent)]
    Lake(#[from] LakeError),
    #[error(transparent)]
    Statements(#[from] StatementsError),
    #[error("the operating system refuses: {0}")]
    System(#[from] std::io::Error),
    #[error("cannot write {}: {source}", .path.display())]
    Write { path: PathBuf, source: std::io::Error },
    #[cfg(feature = "sandbox")]
    #[error("cannot serve on port {port} of this machine: {source}; leave --port out for a free one")]
    Serve { port: u16, source: std::io::Error },
}

/// A setting that cannot be used. Nothing was requested or written when one of these appears.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("cannot read the {what} {}: {source}", .path.display())]
    ReadFile { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("line {line} of the file of settings {}: {message}", .path.display())]
    ConfigFile { path: PathBuf, line: usize, message: String },
    #[error("RUST_LOG: {message}; an example: RUST_LOG=powens_export=debug")]
    LogFilter { message: String },
    #[error("{setting} is missing: give {remedy}")]
    Missing { setting: &'static str, remedy: &'static str },
    #[error("{setting}: {problem}")]
    Setting { setting: &'static str, problem: String },
    #[error("{0} and {1} exclude each other: give one of them")]
    Conflict(&'static str, &'static str),

    #[error("{name} is missing: set {name}_FILE to a file that holds it, or {name} to its value")]
    SecretMissing { name: &'static str },
    #[error("{name} is empty: give its value, or unset it and set {name}_FILE to a file that holds it")]
    SecretEmpty { name: &'static str },
    #[error(
        "{name} holds a space, a line break or another character that no token has: copy it again from the console of the domain"
    )]
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
