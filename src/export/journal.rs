//! Tokens minted and not yet revoked, written down so that a killed run's can be revoked by the next.
//!
//! One line per event, `+ USER TOKEN` or `- USER TOKEN`, appended before the token is first used and after it is dead.
//! The lines survive the end of the process, not a power cut: what is at stake is a token too many, no row.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::api::{TokenJournal, UserToken};
use crate::model::{Secret, UserId};

/// The journal of one run, appended to the journal of those before it.
#[derive(Debug)]
pub(super) struct Journal {
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal, and tells which tokens earlier runs left alive. A line that is no event is passed over: it
    /// was cut while it was written, so that its token was never used.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Vec<UserToken>)> {
        let left = match std::fs::read_to_string(path) {
            Ok(text) => alive(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        // After a line that was cut, the next must not be part of it.
        if !left.is_empty() {
            file.write_all(b"\n")?;
        }
        Ok((Self { file: Mutex::new(file) }, left))
    }

    /// How many tokens earlier runs left alive. Changes nothing.
    pub(super) fn count_left(path: &Path) -> io::Result<u64> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(alive(&text).len() as u64),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Removes the journal once every token in it is dead; dead tokens are no reason to keep a file of tokens.
    pub(super) fn remove_if_empty(path: &Path) -> io::Result<()> {
        match std::fs::read_to_string(path) {
            Ok(text) if alive(&text).is_empty() => std::fs::remove_file(path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn append(&self, sign: char, token: &UserToken) -> io::Result<()> {
        let line = format!("{sign} {} {}\n", token.user(), token.secret().expose());
        self.file().write_all(line.as_bytes())
    }

    fn file(&self) -> MutexGuard<'_, File> {
        // A file appended to line by line is whole whoever panicked while holding it.
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenJournal for Journal {
    fn minted(&self, token: &UserToken) -> io::Result<()> {
        self.append('+', token)
    }

    fn revoked(&self, token: &UserToken) -> io::Result<()> {
        self.append('-', token)
    }
}

fn alive(text: &str) -> Vec<UserToken> {
    let mut alive: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("+"), Some(user), Some(token), None) => alive.push((user, token)),
            (Some("-"), Some(user), Some(token), None) => alive.retain(|known| *known != (user, token)),
            _ => {}
        }
    }
    let token = |(user, token): (&str, &str)| {
        Some(UserToken::from_journal(user.parse::<UserId>().ok()?, Secret::new(token.to_owned())))
    };
    alive.into_iter().filter_map(token).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn token(user: i64, text: &str) -> UserToken {
        UserToken::from_journal(UserId::new(user).unwrap(), Secret::new(text.to_owned()))
    }

    #[test]
    fn the_next_run_learns_which_tokens_are_alive() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        let (journal, left) = Journal::open(&path).unwrap();
        assert!(left.is_empty());
        journal.minted(&token(1, "a+/=")).unwrap();
        journal.minted(&token(2, "b")).unwrap();
        journal.revoked(&token(1, "a+/=")).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        drop(journal);
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"+ 3").unwrap();

        let (journal, left) = Journal::open(&path).unwrap();
        let left: Vec<_> =
            left.iter().map(|token| (token.user().get(), token.secret().expose().to_owned())).collect();
        assert_eq!(left, [(2, "b".to_owned())]);
        Journal::remove_if_empty(&path).unwrap();
        assert!(path.exists(), "a token of it is alive");
        journal.revoked(&token(2, "b")).unwrap();
        assert!(Journal::open(&path).unwrap().1.is_empty());
        Journal::remove_if_empty(&path).unwrap();
        assert!(!path.exists());
    }
}
