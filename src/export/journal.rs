//! Tokens minted and not yet revoked, written down so that a killed run's can be revoked by the next.
//!
//! One line per event, `+ USER TOKEN` or `- USER TOKEN`, appended before the token is first used and after it is dead.
//! The lines survive the end of the process, not a power cut: what is at stake is a token too many, no row.

use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::api::{TokenJournal, UserToken};
use crate::lake::Store;
use crate::lake::layout::place;
use crate::model::{Secret, UserId};

/// For the owner's eyes only.
const MODE: u32 = 0o600;

/// The journal of one run, appended to the journal of those before it.
#[derive(Debug)]
pub(super) struct Journal {
    store: Store,
    file: Mutex<File>,
}

impl Journal {
    /// Opens the journal, and tells which tokens earlier runs left alive. A line that is no event is passed over: it
    /// was cut while it was written, so that its token was never used.
    pub(super) fn open(store: &Store) -> io::Result<(Self, Vec<UserToken>)> {
        // Opened first: what is no file of ours is refused before it is read.
        let file = Mutex::new(store.open_to_append(&place::token_journal(), MODE)?);
        let journal = Self { store: store.clone(), file };
        let left = alive(&std::fs::read_to_string(store.locate(&place::token_journal()))?);
        // After a line that was cut, the next must not be part of it.
        if !left.is_empty() {
            journal.write(b"\n")?;
        }
        Ok((journal, left))
    }

    /// How many tokens earlier runs left alive. Changes nothing.
    pub(super) fn count_left(path: &std::path::Path) -> io::Result<u64> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(alive(&text).len() as u64),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Removes the journal once every token in it is dead; dead tokens are no reason to keep a file of tokens.
    pub(super) fn remove_if_empty(store: &Store) -> io::Result<()> {
        match std::fs::read_to_string(store.locate(&place::token_journal())) {
            Ok(text) if alive(&text).is_empty() => Ok(store.remove_file(&place::token_journal())?),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn append(&self, sign: char, token: &UserToken) -> io::Result<()> {
        self.write(format!("{sign} {} {}\n", token.user(), token.secret().expose()).as_bytes())
    }

    fn write(&self, line: &[u8]) -> io::Result<()> {
        Ok(self.store.write(&place::token_journal(), &mut self.file(), line)?)
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
    use crate::lake::store::Syncs;

    fn token(user: i64, text: &str) -> UserToken {
        UserToken::from_journal(UserId::new(user).unwrap(), Secret::new(text.to_owned()))
    }

    #[test]
    fn the_next_run_learns_which_tokens_are_alive() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Syncs::Counted).unwrap();
        store.create_dir(place::work(), 0o700).unwrap();
        let path = store.locate(&place::token_journal());
        let (journal, left) = Journal::open(&store).unwrap();
        assert!(left.is_empty());
        journal.minted(&token(1, "a+/=")).unwrap();
        journal.minted(&token(2, "b")).unwrap();
        journal.revoked(&token(1, "a+/=")).unwrap();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        journal.write(b"+ 3").unwrap();
        drop(journal);

        let (journal, left) = Journal::open(&store).unwrap();
        let left: Vec<_> =
            left.iter().map(|token| (token.user().get(), token.secret().expose().to_owned())).collect();
        assert_eq!(left, [(2, "b".to_owned())]);
        Journal::remove_if_empty(&store).unwrap();
        assert!(path.exists(), "a token of it is alive");
        journal.revoked(&token(2, "b")).unwrap();
        assert!(Journal::open(&store).unwrap().1.is_empty());
        Journal::remove_if_empty(&store).unwrap();
        assert!(!path.exists());
    }
}
