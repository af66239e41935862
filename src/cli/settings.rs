//! From what was typed to what is meant: flag > environment > file > default, judged before anything is requested or
//! written. Flags and the environment's plain values are merged by clap; credentials and the file are merged here.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use powens_export::api::{ApiConfig, BaseUrl, Rate};
use powens_export::encode::CsvProfile;
use powens_export::export::{Retention, RunConfig, RunMode, Syncs};
use powens_export::model::Window;

use super::args::{KeepArgs, RunArgs};
use super::config_file::ConfigFile;
use super::defaults;
use super::failure::UsageError;
use super::secrets::{Environment, secret};
use super::user_tokens;
use super::values::{Days, Decimal, FileMode, Span};

/// What a run is to do. Taken apart without `..`, so that a forgotten flag does not compile.
pub(crate) fn run_config(
    args: RunArgs,
    file: &ConfigFile,
    environment: Environment<'_>,
) -> Result<RunConfig, UsageError> {
    let RunArgs { dest, files, scope, pace, keep, metrics_file: _ } = args;
    let super::args::FileArgs { format, csv_profile, decimal, file_mode } = files;
    let super::args::ScopeArgs {
        mode,
        from,
        to,
        users,
        full_every,
        resume_max_age,
        max_failed,
        accept_shrink,
    } = scope;
    let window = Window::new(from, to).map_err(|error| UsageError::setting("--from, --to", error))?;
    let mode = mode.map_or(RunMode::Auto, RunMode::from);
    if mode == RunMode::Incremental && !window.is_open() {
        return Err(UsageError::Conflict("--mode incremental", "--from or --to"));
    }
    Ok(RunConfig {
        dest: destination(dest.or_else(|| file.dest.clone()))?,
        formats: format.or(file.format).unwrap_or(defaults::FORMAT).into(),
        csv_profile: profile(csv_profile.or_else(|| file.csv_profile.clone()))?,
        mode,
        window,
        users,
        full_every_days: full_every
            .or(file.full_every)
            .map_or_else(|| default::<Days>(defaults::FULL_EVERY).0, |d| d.0),
        resume_max_age: resume_max_age
            .or(file.resume_max_age)
            .unwrap_or_else(|| default::<Span>(defaults::RESUME_MAX_AGE))
            .0,
        max_failed_percent: max_failed.or(file.max_failed).map(|percent| percent.0),
        accept_shrink,
        decimal: decimal.or(file.decimal).map(|Decimal(decimal)| decimal),
        file_mode: file_mode.or(file.file_mode).unwrap_or_else(|| default::<FileMode>(defaults::FILE_MODE)).0,
        retention: retention(&keep, file),
        api: api_config(pace, file, environment)?,
        syncs: Syncs::Executed,
        started_at: None,
    })
}

/// Where to write metrics, if anywhere.
pub(crate) fn metrics_file(args: &RunArgs, file: &ConfigFile) -> Option<PathBuf> {
    args.metrics_file.clone().or_else(|| file.metrics_file.clone())
}

/// Which snapshots stay.
pub(crate) fn retention(keep: &KeepArgs, file: &ConfigFile) -> Retention {
    let KeepArgs { keep_last, keep_daily, keep_monthly } = *keep;
    Retention {
        last: keep_last.or(file.keep_last).unwrap_or(defaults::KEEP_LAST),
        daily: keep_daily.or(file.keep_daily).unwrap_or(defaults::KEEP_DAILY),
        monthly: keep_monthly.or(file.keep_monthly).unwrap_or(defaults::KEEP_MONTHLY),
    }
}

fn api_config(
    pace: super::args::PaceArgs,
    file: &ConfigFile,
    environment: Environment<'_>,
) -> Result<ApiConfig, UsageError> {
    let super::args::PaceArgs { concurrency, rate, user_tokens: tokens_file } = pace;
    let concurrency = concurrency.or(file.concurrency).unwrap_or(defaults::CONCURRENCY);
    let within = concurrency <= defaults::CONCURRENCY_MAX;
    let Some(concurrency) = NonZeroUsize::new(usize::from(concurrency)).filter(|_| within) else {
        let most = defaults::CONCURRENCY_MAX;
        return Err(UsageError::setting(
            "--concurrency",
            format!("{concurrency} is not between 1 and {most}"),
        ));
    };
    let tokens_file = tokens_file.or_else(|| file.user_tokens.clone());
    let mut config = ApiConfig::new(
        base_url(file, environment)?,
        client_id(file, environment)?,
        secret("POWENS_CLIENT_SECRET", environment, file.client_secret_file.as_deref())?,
        secret("POWENS_USERS_TOKEN", environment, file.users_token_file.as_deref())?,
    );
    config.user_tokens = tokens_file.as_deref().map(user_tokens::read).transpose()?;
    config.concurrency = concurrency;
    config.rate = rate.or(file.rate).map_or(Rate::Adaptive, |fixed| fixed.0);
    config.ca_file = text("POWENS_CA_FILE", environment)?.map(PathBuf::from).or_else(|| file.ca_file.clone());
    Ok(config)
}

/// The environment's word wins over the file's, whichever of the two keys each of them uses.
fn base_url(file: &ConfigFile, environment: Environment<'_>) -> Result<BaseUrl, UsageError> {
    let from_environment = (text("POWENS_DOMAIN", environment)?, text("POWENS_BASE_URL", environment)?);
    let (domain, url, names) = match from_environment {
        (None, None) => (file.domain.clone(), file.base_url.clone(), ("domain", "base_url")),
        (domain, url) => (domain, url, ("POWENS_DOMAIN", "POWENS_BASE_URL")),
    };
    match (domain, url) {
        (Some(_), Some(_)) => Err(UsageError::Conflict(names.0, names.1)),
        (Some(domain), None) => BaseUrl::of_domain(&domain).map_err(|e| UsageError::setting(names.0, e)),
        (None, Some(url)) => BaseUrl::parse(&url).map_err(|e| UsageError::setting(names.1, e)),
        (None, None) => Err(UsageError::Missing {
            setting: "the address of the API",
            remedy: "POWENS_DOMAIN (the name before .biapi.pro) or POWENS_BASE_URL",
        }),
    }
}

fn client_id(file: &ConfigFile, environment: Environment<'_>) -> Result<String, UsageError> {
    match text("POWENS_CLIENT_ID", environment)?.or_else(|| file.client_id.clone()) {
        None => Err(UsageError::Missing {
            setting: "the client application's id",
            remedy: "POWENS_CLIENT_ID, a number that the console of the domain shows",
        }),
        Some(id)
            if id.is_empty() || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') =>
        {
            Err(UsageError::setting(
                "POWENS_CLIENT_ID",
                "a client application's id is a number: the console of the domain shows it",
            ))
        }
        Some(id) => Ok(id),
    }
}

/// A plain value of the environment; an empty one counts as not set.
fn text(name: &'static str, environment: Environment<'_>) -> Result<Option<String>, UsageError> {
    match environment(name) {
        None => Ok(None),
        Some(value) if value.is_empty() => Ok(None),
        Some(value) => {
            value.into_string().map(Some).map_err(|_| UsageError::setting(name, "the value is not UTF-8"))
        }
    }
}

fn destination(dest: Option<PathBuf>) -> Result<PathBuf, UsageError> {
    let dest = dest.filter(|dest| dest != Path::new("")).ok_or(UsageError::Missing {
        setting: "the lake",
        remedy: "--dest DIR (or POWENS_EXPORT_DEST, or `dest` in the file of settings)",
    })?;
    if dest.exists() && !dest.is_dir() {
        return Err(UsageError::setting("--dest", format!("{} is not a folder", dest.display())));
    }
    Ok(dest)
}

fn profile(name: Option<String>) -> Result<CsvProfile, UsageError> {
    let name = name.as_deref().unwrap_or(defaults::CSV_PROFILE);
    name.parse().map_err(|error| UsageError::setting("--csv-profile", error))
}

/// A default, from the text that the help prints.
pub(crate) fn default<T: std::str::FromStr>(text: &str) -> T {
    #[expect(clippy::panic, reason = "a constant of `defaults`; a test parses them all")]
    text.parse().unwrap_or_else(|_| panic!("a default of this program is not a value: {text}"))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use powens_export::export::Formats;

    use super::*;
    use crate::cli::values::{FixedRate, Mode};

    const CREDENTIALS: [(&str, &str); 4] = [
        ("POWENS_DOMAIN", "acme"),
        ("POWENS_CLIENT_ID", "123"),
        ("POWENS_CLIENT_SECRET", "s3cret"),
        ("POWENS_USERS_TOKEN", "t0ken"),
    ];

    fn merge(args: RunArgs, file: &ConfigFile, variables: &[(&str, &str)]) -> Result<RunConfig, UsageError> {
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        run_config(args, file, &environment)
    }

    fn args() -> RunArgs {
        RunArgs { dest: Some("lake".into()), ..RunArgs::default() }
    }

    #[test]
    fn defaults_are_values_and_are_used() {
        let config = merge(args(), &ConfigFile::default(), &CREDENTIALS).unwrap();
        assert_eq!(config.formats, Formats::Parquet);
        assert_eq!((config.full_every_days, config.resume_max_age.as_secs()), (7, 86_400));
        assert_eq!((config.file_mode, config.decimal, config.max_failed_percent), (0o440, None, None));
        assert_eq!(config.api.base_url.as_str(), "https://acme.biapi.pro/2.0");
        assert!(defaults::DECIMAL.parse::<Decimal>().is_ok() && defaults::MAX_AGE.parse::<Span>().is_ok());
    }

    #[test]
    fn the_library_and_the_program_have_the_same_defaults() {
        let config = merge(args(), &ConfigFile::default(), &CREDENTIALS).unwrap();
        let library = RunConfig::new("lake".into(), config.api.clone());
        assert_eq!(format!("{config:?}"), format!("{library:?}"));
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = ConfigFile {
            dest: Some("elsewhere".into()),
            file_mode: Some(FileMode(0o400)),
            keep_last: Some(3),
            rate: "30/min".parse::<FixedRate>().ok(),
            domain: Some("other".to_owned()),
            ..ConfigFile::default()
        };
        let mut flags = args();
        flags.keep.keep_last = Some(5);
        let config = merge(flags, &file, &CREDENTIALS).unwrap();
        assert_eq!((config.dest, config.file_mode), ("lake".into(), 0o400));
        assert_eq!(config.retention.last, 5);
        assert_eq!(
            config.api.base_url.as_str(),
            "https://acme.biapi.pro/2.0",
            "the environment before the file"
        );
        let without_domain = merge(args(), &file, &CREDENTIALS[1..]).unwrap();
        assert_eq!(without_domain.api.base_url.as_str(), "https://other.biapi.pro/2.0");
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_remedy() {
        let refused = |change: &dyn Fn(&mut RunArgs), variables: &[(&str, &str)]| {
            let mut args = args();
            change(&mut args);
            merge(args, &ConfigFile::default(), variables).unwrap_err().to_string()
        };
        let message = refused(&|args| args.dest = None, &CREDENTIALS);
        assert!(message.contains("--dest DIR"), "{message}");
        let message = refused(
            &|args| {
                args.scope.mode = Some(Mode::Incremental);
                args.scope.from = Some(jiff::civil::date(2026, 1, 1));
            },
            &CREDENTIALS,
        );
        assert!(message.contains("exclude each other"), "{message}");
        let message = refused(&|args| args.pace.concurrency = Some(0), &CREDENTIALS);
        assert!(message.contains("between 1 and 64"), "{message}");
        for missing in 0..CREDENTIALS.len() {
            let mut variables = CREDENTIALS.to_vec();
            let (name, _) = variables.remove(missing);
            let message = refused(&|_| {}, &variables);
            assert!(message.contains(name), "{message}");
        }
        let both = [&CREDENTIALS[..], &[("POWENS_BASE_URL", "https://x.example/2.0")]].concat();
        assert!(refused(&|_| {}, &both).contains("exclude each other"));
    }
}
