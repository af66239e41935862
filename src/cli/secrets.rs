//! Secrets: from the environment or from a file that nobody else can read; never from a flag.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use powens_export::model::Secret;

use super::failure::UsageError;

/// More than any token, less than a file given by mistake.
const LONGEST_SECRET_BYTES: u64 = 64 * 1024;

/// Where the environment's values come from: the process, or a test.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The secret called `name` (`POWENS_CLIENT_SECRET`): from the variable, from the file that `name`_FILE names, or from
/// the file that the settings name.
pub(crate) fn secret(
    name: &'static str,
    environment: Environment<'_>,
    configured: Option<&Path>,
) -> Result<Secret, UsageError> {
    let file_variable = format!("{name}_FILE");
    let value = environment(name);
    let file = environment(&file_variable).filter(|path| !path.is_empty()).map(PathBuf::from);
    match (value, file) {
        (Some(_), Some(_)) => Err(UsageError::SecretTwice { name }),
        (Some(value), None) => {
            let text = value.into_string().map_err(|_| UsageError::SecretText { name })?;
            checked(name, text)
        }
        (None, Some(path)) => checked(name, read_private(&path)?),
        (None, None) => match configured {
            Some(path) => checked(name, read_private(path)?),
            None => Err(UsageError::SecretMissing { name }),
        },
    }
}

/// The text of a file that holds secrets; refused when others may read it.
pub(crate) fn read_private(path: &Path) -> Result<String, UsageError> {
    let failed = |source| UsageError::ReadFile { what: "file of a secret", path: path.into(), source };
    let file = std::fs::File::open(path).map_err(failed)?;
    // Of the file that was opened, not of the name: the name could be moved in between.
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_file() && metadata.mode() & 0o007 != 0 {
        return Err(UsageError::SecretFileOpen { path: path.into(), mode: metadata.mode() & 0o777 });
    }
    let mut text = String::new();
    file.take(LONGEST_SECRET_FILE_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// A file of user tokens is longer than one secret: a line for each user.
const LONGEST_SECRET_FILE_BYTES: u64 = 256 * 1024 * 1024;

fn checked(name: &'static str, text: String) -> Result<Secret, UsageError> {
    let trimmed =
        text.strip_suffix('\n').map_or(text.as_str(), |line| line.strip_suffix('\r').unwrap_or(line));
    if trimmed.is_empty() {
        return Err(UsageError::SecretEmpty { name });
    }
    // A header value cannot hold anything else, and a request that fails for it would name no reason.
    let legal = trimmed.bytes().all(|byte| byte.is_ascii_graphic());
    if !legal || trimmed.len() as u64 > LONGEST_SECRET_BYTES {
        return Err(UsageError::SecretText { name });
    }
    Ok(Secret::new(trimmed.to_owned()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn from(variables: &[(&str, &str)], configured: Option<&Path>) -> Result<Secret, UsageError> {
        let environment = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        secret("POWENS_CLIENT_SECRET", &environment, configured)
    }

    fn file(mode: u32, text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        file
    }

    #[test]
    fn a_trailing_newline_is_not_part_of_a_secret() {
        let file = file(0o600, "t0ken\r\n");
        let path = file.path().to_str().unwrap();
        assert_eq!(from(&[("POWENS_CLIENT_SECRET_FILE", path)], None).unwrap().expose(), "t0ken");
        assert_eq!(from(&[("POWENS_CLIENT_SECRET", "a+/=")], None).unwrap().expose(), "a+/=");
        assert_eq!(from(&[], Some(file.path())).unwrap().expose(), "t0ken");
        let environment_wins = from(&[("POWENS_CLIENT_SECRET", "other")], Some(file.path()));
        assert_eq!(environment_wins.unwrap().expose(), "other");
    }

    #[test]
    fn empty_open_double_and_broken_secrets_are_refused_without_being_shown() {
        let refused = |variables: &[(&str, &str)]| from(variables, None).unwrap_err().to_string();
        assert!(refused(&[]).contains("POWENS_CLIENT_SECRET_FILE"));
        assert!(refused(&[("POWENS_CLIENT_SECRET", "")]).contains("empty"));
        let broken = refused(&[("POWENS_CLIENT_SECRET", "marked\nsecond line")]);
        assert!(!broken.contains("marked"), "{broken}");
        for mode in [0o604, 0o644, 0o602] {
            let open = file(mode, "marked");
            let error = refused(&[("POWENS_CLIENT_SECRET_FILE", open.path().to_str().unwrap())]);
            assert!(error.contains("chmod 600") && !error.contains("marked"), "{error}");
        }
        let twice = refused(&[("POWENS_CLIENT_SECRET", "a"), ("POWENS_CLIENT_SECRET_FILE", "b")]);
        assert!(twice.contains("both"), "{twice}");
    }
}
