//! The right to read one user's data, and where it is written down.

use std::fmt;
use std::io;

use crate::model::{Secret, UserId};

/// Where a token comes from, and so whether it is ours to revoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Minted,
    Journalled,
    Given,
}

/// The right to read one user's data.
#[derive(Clone, Debug)]
pub struct UserToken {
    pub(super) user: UserId,
    pub(super) secret: Secret,
    pub(super) origin: Origin,
}

impl UserToken {
    /// A token that a killed run minted and journalled, to be revoked.
    #[must_use]
    pub fn from_journal(user: UserId, secret: Secret) -> Self {
        Self { user, secret, origin: Origin::Journalled }
    }

    /// Whose data it opens.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The token itself, for the header and the journal.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Whether this program minted it; only such tokens are revoked.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.origin != Origin::Given
    }
}

/// Where minted tokens are written down, so that a killed run's can be revoked by the next.
pub trait TokenJournal: Send + Sync + fmt::Debug {
    /// Writes the token down, durably. It is used only after this has returned.
    ///
    /// # Errors
    /// The token is then revoked and the renewal fails.
    fn minted(&self, token: &UserToken) -> io::Result<()>;

    /// Notes that the token is dead.
    ///
    /// # Errors
    /// Logged and otherwise ignored: the worst is one more try to revoke it.
    fn revoked(&self, token: &UserToken) -> io::Result<()>;
}
