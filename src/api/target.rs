//! What a request asks for: a path and a query under the base address, built from typed parts or from a next link
//! that passed the origin check.

use std::fmt::{self, Write as _};

use reqwest::Url;

use super::base_url::{BaseUrl, authority, is_plain_path};
use crate::model::{AccountId, UserId};

/// Next links longer than this are refused (a cursor is some hundred characters).
const LONGEST_LINK: usize = 8_192;

/// A path and a query under the base address.
///
/// There is no way to make one that leaves the base address: the constructors take ids, and [`Target::next`] is the
/// origin check. `Debug` shows the path only: queries stay out of logs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Target {
    user: Option<UserId>,
    path: String,
    query: String,
}

impl Target {
    /// The domain's users.
    #[must_use]
    pub fn users() -> Self {
        Self::at(None, "/users".to_owned())
    }

    /// The banks that the domain knows.
    #[must_use]
    pub fn connectors() -> Self {
        Self::at(None, "/connectors".to_owned())
    }

    /// One user.
    #[must_use]
    pub fn user(user: UserId) -> Self {
        Self::at(Some(user), format!("/users/{user}"))
    }

    /// A user's connections.
    #[must_use]
    pub fn connections(user: UserId) -> Self {
        Self::at(Some(user), format!("/users/{user}/connections"))
    }

    /// A user's accounts.
    #[must_use]
    pub fn accounts(user: UserId) -> Self {
        Self::at(Some(user), format!("/users/{user}/accounts"))
    }

    /// A user's transactions.
    #[must_use]
    pub fn transactions(user: UserId) -> Self {
        Self::at(Some(user), format!("/users/{user}/transactions"))
    }

    /// The transactions of one account.
    #[must_use]
    pub fn account_transactions(user: UserId, account: AccountId) -> Self {
        Self::at(Some(user), format!("/users/{user}/accounts/{account}/transactions"))
    }

    pub(super) fn renew() -> Self {
        Self::at(None, "/auth/renew".to_owned())
    }

    pub(super) fn token() -> Self {
        Self::at(None, "/auth/token".to_owned())
    }

    fn at(user: Option<UserId>, path: String) -> Self {
        Self { user, path, query: String::new() }
    }

    /// Adds a flag without a value, such as `all`.
    #[must_use]
    pub fn flag(mut self, name: &'static str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.push_str(name);
        self
    }

    /// Adds a parameter; the value is percent-encoded (commas and brackets of `expand` stay readable).
    #[must_use]
    pub fn with(self, name: &'static str, value: impl fmt::Display) -> Self {
        let mut target = self.flag(name);
        target.query.push('=');
        for byte in value.to_string().bytes() {
            if byte.is_ascii_alphanumeric()
                || matches!(byte, b'-' | b'_' | b'.' | b'~' | b':' | b',' | b'[' | b']')
            {
                target.query.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(target.query, "%{byte:02X}");
            }
        }
        target
    }

    /// The target of a next link, if it may be followed: the configured origin, the base path,
    /// and the very list of the very user that this target asks for. The link's query is taken unchanged.
    ///
    /// A relative link is read against this target, as a browser would. `/users/me/` is taken for the user's own
    /// path: the token that goes with the request is the user's, so both name one list, and the request is sent to
    /// the numbered path.
    ///
    /// # Errors
    /// [`NextRefused`] says what is wrong, without a word of the link.
    pub fn next(&self, base: &BaseUrl, href: &str) -> Result<Self, NextRefused> {
        if href.is_empty() || href.len() > LONGEST_LINK {
            return Err(NextRefused::Malformed);
        }
        if href.chars().any(|c| c.is_control() || c == '\\' || c == '#') {
            return Err(NextRefused::Malformed);
        }
        if authority(href).contains('@') {
            return Err(NextRefused::UserInfo);
        }
        let absolute = Url::parse(href).is_ok();
        if absolute && !href.contains("://") {
            return Err(NextRefused::Origin);
        }
        let url = self.url(base).join(href).map_err(|_| NextRefused::Malformed)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NextRefused::UserInfo);
        }
        if !base.same_origin(&url) {
            return Err(NextRefused::Origin);
        }
        if !is_plain_path(raw_path(href)) {
            return Err(NextRefused::Path);
        }
        let path = url.path().strip_prefix(base.path()).ok_or(NextRefused::Path)?;
        if path != self.path {
            let me = self.user.map(|user| self.path.replacen(&format!("/users/{user}/"), "/users/me/", 1));
            if me.as_deref() != Some(path) {
                return Err(if path.starts_with("/users/") { NextRefused::User } else { NextRefused::Path });
            }
        }
        let query = url.query().unwrap_or_default().to_owned();
        Ok(Self { user: self.user, path: self.path.clone(), query })
    }

    /// The user whose data is asked for.
    #[must_use]
    pub fn asked_user(&self) -> Option<UserId> {
        self.user
    }

    /// The path under the base address; safe to log.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query as it is sent. For comparing one link with another; not for logs.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    pub(super) fn url(&self, base: &BaseUrl) -> Url {
        let mut url = base.url().clone();
        url.set_path(&format!("{}{}", base.path(), self.path));
        url.set_query((!self.query.is_empty()).then_some(self.query.as_str()));
        url
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}{})", self.path, if self.query.is_empty() { "" } else { "?…" })
    }
}

/// The path as the link's author wrote it, before any parser tidied it up.
fn raw_path(href: &str) -> &str {
    let before_query = href.split_once('?').map_or(href, |(path, _)| path);
    let after_scheme = match before_query.split_once("://") {
        Some((_, rest)) => rest,
        None => match before_query.strip_prefix("//") {
            Some(rest) => rest,
            None => return before_query,
        },
    };
    after_scheme.find('/').map_or("", |at| &after_scheme[at..])
}

/// Why a next link is not followed. No request was sent to where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NextRefused {
    /// Empty, too long, or with characters that no link has.
    #[error("the next link is malformed")]
    Malformed,
    /// A user name or password stands in it.
    #[error("the next link carries user info")]
    UserInfo,
    /// It leads to another scheme, host or port.
    #[error("the next link leads to another origin")]
    Origin,
    /// It leads outside the list that it was found in.
    #[error("the next link leads to another path")]
    Path,
    /// It leads to another user, or to another list of the user.
    #[error("the next link leads to another user's or list's path")]
    User,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base() -> BaseUrl {
        BaseUrl::parse("https://acme.biapi.pro/2.0").unwrap()
    }

    fn target() -> Target {
        Target::transactions(UserId::new(4101).unwrap())
            .flag("all")
            .with("limit", 1000)
            .with("filter", "date")
    }

    #[test]
    fn targets_are_built_from_parts() {
        let url = target().with("last_update", "2025-07-01 10:00:00").url(&base());
        assert_eq!(
            url.as_str(),
            "https://acme.biapi.pro/2.0/users/4101/transactions?all&limit=1000&filter=date&last_update=2025-07-01%2010:00:00"
        );
        let plain =
            Target::connections(UserId::new(7).unwrap()).with("expand", "connector,sources").url(&base());
        assert_eq!(plain.as_str(), "https://acme.biapi.pro/2.0/users/7/connections?expand=connector,sources");
        let bare = Target::users().url(&BaseUrl::parse("http://127.0.0.1:1").unwrap());
        assert_eq!(bare.as_str(), "http://127.0.0.1:1/users");
        assert!(!format!("{:?}", target()).contains("limit"));
    }

    #[test]
    fn next_links_are_followed_unchanged() {
        let query = "all&limit=2&filter=date&min_date=1900-01-01&cursor=W3sib3AiOi4uLn1d%3D&x=a+b%20c";
        for href in [
            format!("https://acme.biapi.pro/2.0/users/4101/transactions?{query}"),
            format!("https://acme.biapi.pro:443/2.0/users/4101/transactions?{query}"),
            format!("//acme.biapi.pro/2.0/users/4101/transactions?{query}"),
            format!("/2.0/users/4101/transactions?{query}"),
            format!("/2.0/users/me/transactions?{query}"),
            format!("transactions?{query}"),
            format!("?{query}"),
        ] {
            let next = target().next(&base(), &href).unwrap_or_else(|why| panic!("{href}: {why}"));
            assert_eq!(next.path(), "/users/4101/transactions", "{href}");
            assert_eq!(next.query(), query, "{href}");
            assert_eq!(next.asked_user(), UserId::new(4101));
        }
        let next = Target::users().with("limit", 10).next(&base(), "/2.0/users?limit=10&offset=10").unwrap();
        assert_eq!(next.query(), "limit=10&offset=10");
    }

    #[test]
    fn fault_98_foreign_next_links_are_refused() {
        use NextRefused::{Malformed, Origin, Path, User, UserInfo};
        for (href, why) in [
            ("https://evil.example/2.0/users/4101/transactions?a", Origin),
            ("https://acme.biapi.pro.evil.example/2.0/users/4101/transactions", Origin),
            ("https://acme.biapi.pro:444/2.0/users/4101/transactions", Origin),
            ("http://acme.biapi.pro/2.0/users/4101/transactions", Origin),
            ("http://acme.biapi.pro:443/2.0/users/4101/transactions", Origin),
            ("https://acme.biapi.pro./2.0/users/4101/transactions", Origin),
            ("//evil.example/2.0/users/4101/transactions", Origin),
            ("https://127.0.0.1/2.0/users/4101/transactions", Origin),
            ("https://2130706433/2.0/users/4101/transactions", Origin),
            ("https://[::1]/2.0/users/4101/transactions", Origin),
            ("https://localhost/2.0/users/4101/transactions", Origin),
            ("https://169.254.169.254/2.0/users/4101/transactions", Origin),
            ("https://acme.biapi.pro@evil.example/2.0/users/4101/transactions", UserInfo),
            ("https://a:b@acme.biapi.pro/2.0/users/4101/transactions", UserInfo),
            ("https://@acme.biapi.pro/2.0/users/4101/transactions", UserInfo),
            ("//x@acme.biapi.pro/2.0/users/4101/transactions", UserInfo),
            ("javascript:alert(1)", Origin),
            ("file:///2.0/users/4101/transactions", Origin),
            ("https:/2.0/users/4102/transactions", Origin),
            ("/2.0/users/4102/transactions?x", User),
            ("/2.0/users/4101/accounts?x", User),
            ("/2.0/users/all/transactions", User),
            ("/2.0/users/4101/transactions/", User),
            ("/2.0/users/04101/transactions", User),
            ("/2.0/connectors", Path),
            ("/3.0/users/4101/transactions", Path),
            ("/users/4101/transactions", Path),
            ("/2.00/users/4101/transactions", Path),
            ("/2.0/users/4101/../4102/transactions", Path),
            ("/2.0/users/4102/../4101/transactions", Path),
            ("../4102/transactions", Path),
            ("/2.0/users/%34101/transactions", Path),
            ("/2.0/users/4101%2f..%2f4102/transactions", Path),
            ("/2.0/users/4101/%2e%2e/4101/transactions", Path),
            ("/2.0//users/4101/transactions", Path),
            ("/2.0\\users/4101/transactions", Malformed),
            ("https:\\\\evil.example/2.0/users/4101/transactions", Malformed),
            ("/2.0/users/4101/transactions#x", Malformed),
            ("/2.0/users/4101/transactions?a\r\nHost: evil.example", Malformed),
            ("", Malformed),
        ] {
            assert_eq!(target().next(&base(), href).err(), Some(why), "{href}");
        }
        let long = format!("/2.0/users/4101/transactions?cursor={}", "a".repeat(10_000));
        assert_eq!(target().next(&base(), &long).err(), Some(Malformed));
        assert!(Target::users().next(&base(), "/2.0/users/4101").is_err());
        assert!(Target::users().next(&base(), "/2.0/users/me/").is_err());
    }
}
