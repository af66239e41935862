//! The file of settings: TOML, one key per flag that may be left behind in a file, no secret's value.
//!
//! `schemas/config.schema.json` is generated from [`ConfigFile`]; a test fails when the two differ.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::failure::UsageError;
use super::values::{Days, Decimal, FileFormat, FileMode, FixedRate, Percent, Span};

/// Settings of powens-export. Every key is optional; flags and the environment go before it.
/// Relative paths are taken from the folder of this file.
#[derive(Clone, Debug, Default, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "powens-export settings")]
pub(crate) struct ConfigFile {
    /// The domain: https://DOMAIN.biapi.pro/2.0 is asked. Environment: POWENS_DOMAIN.
    pub(crate) domain: Option<String>,
    /// The API's whole address, instead of `domain`. Environment: POWENS_BASE_URL.
    pub(crate) base_url: Option<String>,
    /// The client application's id. Environment: POWENS_CLIENT_ID.
    pub(crate) client_id: Option<String>,
    /// The file that holds the client application's secret. Environment: POWENS_CLIENT_SECRET_FILE.
    pub(crate) client_secret_file: Option<PathBuf>,
    /// The file that holds the token that lists users. Environment: POWENS_USERS_TOKEN_FILE.
    pub(crate) users_token_file: Option<PathBuf>,
    /// Certificate authorities (PEM) to trust instead of the system's. Environment: POWENS_CA_FILE.
    pub(crate) ca_file: Option<PathBuf>,

    /// `--dest`
    pub(crate) dest: Option<PathBuf>,
    /// `--format`
    pub(crate) format: Option<FileFormat>,
    /// `--csv-profile`
    pub(crate) csv_profile: Option<String>,
    /// `--decimal`
    pub(crate) decimal: Option<Decimal>,
    /// `--file-mode`
    pub(crate) file_mode: Option<FileMode>,
    /// `--full-every`
    pub(crate) full_every: Option<Days>,
    /// `--resume-max-age`
    pub(crate) resume_max_age: Option<Span>,
    /// `--max-failed`
    pub(crate) max_failed: Option<Percent>,
    /// `--concurrency`
    pub(crate) concurrency: Option<u16>,
    /// `--rate`
    pub(crate) rate: Option<FixedRate>,
    /// `--user-tokens`
    pub(crate) user_tokens: Option<PathBuf>,
    /// `--keep-last`
    pub(crate) keep_last: Option<u32>,
    /// `--keep-daily`
    pub(crate) keep_daily: Option<u32>,
    /// `--keep-monthly`
    pub(crate) keep_monthly: Option<u32>,
    /// `--metrics-file`
    pub(crate) metrics_file: Option<PathBuf>,
}

impl ConfigFile {
    /// Reads the file; no file is an empty one.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, UsageError> {
        let Some(path) = path else { return Ok(Self::default()) };
        let text = std::fs::read_to_string(path).map_err(|source| UsageError::ReadFile {
            what: "file of settings",
            path: path.into(),
            source,
        })?;
        let mut file: Self = toml::from_str(&text).map_err(|error| {
            let line = line_of(&text, error.span());
            let key = text.lines().nth(line - 1).and_then(key_of);
            UsageError::ConfigFile { path: path.into(), line, message: unquoted(key, error.message()) }
        })?;
        file.resolve(path.parent().unwrap_or(Path::new("")));
        Ok(file)
    }

    fn resolve(&mut self, folder: &Path) {
        let paths = [
            &mut self.client_secret_file,
            &mut self.users_token_file,
            &mut self.ca_file,
            &mut self.dest,
            &mut self.user_tokens,
            &mut self.metrics_file,
        ];
        for path in paths.into_iter().flatten() {
            *path = folder.join(&path);
        }
    }
}

fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let end = span.map_or(0, |span| span.start).min(text.len());
    text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The key that a line sets.
fn key_of(line: &str) -> Option<&str> {
    line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.is_empty())
}

/// What is wrong, without the value: a line may hold a secret that was put there by mistake.
fn unquoted(key: Option<&str>, message: &str) -> String {
    let message = match message.split_once(", expected ") {
        Some((wrong, expected)) if wrong.starts_with("invalid ") || wrong.starts_with("unknown variant ") => {
            match expected {
                "u8" | "u16" | "u32" => "give a whole number".to_owned(),
                "a string" => "give a text in quotes".to_owned(),
                expected => format!("give {expected}"),
            }
        }
        _ => message.to_owned(),
    };
    match key.filter(|key| !message.contains(*key)) {
        Some(key) => format!("{key}: {message}"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ConfigFile, UsageError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("powens.toml");
        std::fs::write(&path, text).unwrap();
        let mut read = ConfigFile::read(Some(&path));
        if let Ok(file) = &mut read {
            file.dest = file.dest.take().map(|dest| dest.strip_prefix(folder.path()).unwrap_or(&dest).into());
        }
        read
    }

    #[test]
    fn relative_paths_start_at_the_files_folder() {
        assert_eq!(read("dest = 'lake'").unwrap().dest, Some("lake".into()));
        assert_eq!(read("dest = '/lake'").unwrap().dest, Some("/lake".into()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line_and_never_quoted() {
        let error = read("domain = 'x'\nclient_secret = 'marked-secret'\n").unwrap_err().to_string();
        assert!(error.contains("line 2") && error.contains("client_secret"), "{error}");
        assert!(!error.contains("marked-secret"), "{error}");
        assert_eq!(read("max_failed = 10").unwrap().max_failed, Some(Percent(10)));
        let error = read("max_failed = 101").unwrap_err().to_string();
        assert!(error.ends_with("max_failed: a percentage is a whole number from 0 to 100"), "{error}");
        let error = read("keep_last = 'marked-secret'\n").unwrap_err().to_string();
        assert!(error.contains("line 1") && error.ends_with("keep_last: give a whole number"), "{error}");
        let error = read("\n\nrate = '5'\n").unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("10/s or 30/min"), "{error}");
    }

    /// With POWENS_EXPORT_WRITE_SCHEMAS set (`make schemas`) the file is written, otherwise compared.
    #[test]
    fn the_checked_in_schema_is_the_generated_one() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config.schema.json");
        let generated = serde_json::to_string_pretty(&schemars::schema_for!(ConfigFile)).unwrap() + "\n";
        if std::env::var_os("POWENS_EXPORT_WRITE_SCHEMAS").is_some() {
            std::fs::write(&path, &generated).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(checked_in == generated, "schemas/config.schema.json is out of date: run `make schemas`");
    }
}
