//! Tokens: one users token, and per user those of the customer's live application and those minted by renew.

use std::collections::BTreeMap;

use super::cursor::ALPHABET;
use super::random::seeded;

/// Who a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// No token, or one that nobody issued or that was revoked.
    Nobody,
    /// The users token: lists users, nothing else.
    UsersToken,
    /// A user's token.
    User(i64),
}

#[derive(Debug, Clone)]
struct Issued {
    user: i64,
    /// Minted by renew, as opposed to the live application's own.
    minted: bool,
}

/// All tokens that are alive.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    seed: u64,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) users_token: String,
    alive: BTreeMap<String, Issued>,
    /// How many each user was given.
    given: BTreeMap<i64, u64>,
}

/// Opaque tokens with the characters that make trouble in URLs.
fn opaque(parts: &[u64]) -> String {
    let mut rng = seeded(parts);
    let mut text: String = (0..47).map(|_| char::from(ALPHABET[usize::from(rng.u8(0..64))])).collect();
    text.insert(9, '/');
    text.insert(20, '+');
    text.push('=');
    text
}

impl Tokens {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = seeded(&[seed, 20]);
        Self {
            seed,
            client_id: rng.u32(10_000_000..99_999_999).to_string(),
            client_secret: opaque(&[seed, 21]),
            users_token: opaque(&[seed, 22]),
            alive: BTreeMap::new(),
            given: BTreeMap::new(),
        }
    }

    /// Issues one more token for a user. Depends on the seed, the user and how many the user was given before.
    pub(crate) fn mint(&mut self, user: i64, minted: bool) -> String {
        let count = self.given.entry(user).or_insert(0);
        *count += 1;
        let token = opaque(&[self.seed, user.unsigned_abs(), *count, 23]);
        self.alive.insert(token.clone(), Issued { user, minted });
        token
    }

    /// Every user's token that was ever issued, alive or not.
    pub(crate) fn issued(&self) -> Vec<String> {
        let of = |(user, count): (&i64, &u64)| {
            let user = *user;
            (1..=*count).map(move |n| opaque(&[self.seed, user.unsigned_abs(), n, 23])).collect::<Vec<_>>()
        };
        self.given.iter().flat_map(of).collect()
    }

    pub(crate) fn holder(&self, token: Option<&str>) -> Holder {
        match token {
            Some(token) if token == self.users_token => Holder::UsersToken,
            Some(token) => self.alive.get(token).map_or(Holder::Nobody, |issued| Holder::User(issued.user)),
            None => Holder::Nobody,
        }
    }

    /// Revokes exactly this token.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        self.alive.remove(token).is_some()
    }

    /// Revokes every token of a user.
    pub(crate) fn revoke_all(&mut self, user: i64) {
        self.alive.retain(|_, issued| issued.user != user);
    }

    /// The users of minted tokens that are still alive, one entry a token.
    pub(crate) fn left(&self) -> Vec<i64> {
        let mut left: Vec<i64> =
            self.alive.values().filter(|issued| issued.minted).map(|issued| issued.user).collect();
        left.sort_unstable();
        left
    }

    /// The live application's tokens of a user that are still alive.
    pub(crate) fn live(&self, user: i64) -> Vec<String> {
        let own = |issued: &Issued| issued.user == user && !issued.minted;
        self.alive.iter().filter(|(_, issued)| own(issued)).map(|(token, _)| token.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_speaks_for_one_user_until_revoked() {
        let mut tokens = Tokens::new(1);
        let (live, minted) = (tokens.mint(5, false), tokens.mint(5, true));
        assert_ne!(live, minted);
        assert_eq!(tokens.holder(Some(&minted)), Holder::User(5));
        assert_eq!(tokens.holder(Some(&tokens.users_token)), Holder::UsersToken);
        assert_eq!(tokens.left(), [5]);
        assert!(tokens.revoke(&minted));
        assert!(!tokens.revoke(&minted));
        assert_eq!(tokens.holder(Some(&minted)), Holder::Nobody);
        assert_eq!(tokens.live(5), [live.as_str()]);
        assert_eq!(tokens.issued(), [live, minted]);
        assert!(tokens.left().is_empty());
        assert_eq!(Tokens::new(1).mint(5, true), Tokens::new(1).mint(5, true));
    }
}
