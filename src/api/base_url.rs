//! The one origin that the program talks to.

use std::fmt;

use reqwest::Url;

/// The base address of a domain's API, such as `https://acme.biapi.pro/2.0`.
///
/// Always `https`, or `http` on a loopback host; never with user info, query or fragment; without a slash at its end.
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    text: String,
}

/// Why a text is no base address. Says which rule, never the text (somebody may have put a password there).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// No URL at all, or one with blanks or control characters.
    #[error("the base URL is not a URL; it looks like https://<domain>.biapi.pro/2.0")]
    NotAUrl,
    /// Neither https nor http on a loopback host.
    #[error("the base URL must be https (http is for loopback hosts only)")]
    NotHttps,
    /// A user name or password stands before the host.
    #[error("the base URL must not carry a user name or password; credentials have settings of their own")]
    UserInfo,
    /// A query or a fragment.
    #[error("the base URL must end with its path, such as /2.0: no query, no fragment")]
    QueryOrFragment,
    /// The path is not plain.
    #[error("the base URL's path must be plain: no percent signs, dots as segments or double slashes")]
    Path,
    /// A domain name that is none.
    #[error(
        "the domain must be the name before .biapi.pro: lower case letters, digits and single hyphens, \
         such as acme-sandbox"
    )]
    Domain,
}

impl BaseUrl {
    /// Reads a base address.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(BaseUrlError::NotAUrl);
        }
        let mut url = Url::parse(text).map_err(|_| BaseUrlError::NotAUrl)?;
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(BaseUrlError::UserInfo);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(BaseUrlError::QueryOrFragment);
        }
        // A parser that means well finds a host in `https:///2.0`, too.
        if url.host_str().is_none_or(str::is_empty) || authority(text).is_empty() {
            return Err(BaseUrlError::NotAUrl);
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            _ => return Err(BaseUrlError::NotHttps),
        }
        let raw_path =
            text.split_once("://").map_or("", |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
        if !is_plain_path(raw_path) {
            return Err(BaseUrlError::Path);
        }
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let text = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { url, text })
    }

    /// The base address of a domain by its name: `acme` stands for `https://acme.biapi.pro/2.0`.
    ///
    /// # Errors
    /// [`BaseUrlError::Domain`] unless the name is lower case letters, digits and single hyphens between them.
    pub fn of_domain(domain: &str) -> Result<Self, BaseUrlError> {
        let legal = domain.len() <= 63
            && domain.split('-').all(|word| {
                !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            });
        if legal {
            Self::parse(&format!("https://{domain}.biapi.pro/2.0"))
        } else {
            Err(BaseUrlError::Domain)
        }
    }

    /// The address as text, without a slash at its end. It holds no secret.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host, with its port when it is not the scheme's own.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.url)
    }

    /// The path before every target's own, such as `/2.0`; empty when there is none.
    pub(super) fn path(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Whether both addresses have one scheme, host and port.
    pub(super) fn same_origin(&self, other: &Url) -> bool {
        self.url.scheme() == other.scheme()
            && self.url.host_str() == other.host_str()
            && self.url.port_or_known_default() == other.port_or_known_default()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.text)
    }
}

/// What stands between `://` and the next slash.
pub(super) fn authority(text: &str) -> &str {
    let rest = text.split_once("://").map_or("", |(_, rest)| rest);
    rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end])
}

/// Whether a path has neither escapes, nor dots as segments, nor empty segments before its end: what is left when a
/// URL parser has normalised it is then what was written.
pub(super) fn is_plain_path(path: &str) -> bool {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.is_empty()
        || inner.split('/').all(|segment| {
            !matches!(segment, "" | "." | "..")
                && segment
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'~'))
        })
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_96_base_urls_that_are_refused() {
        for (text, error) in [
            ("http://acme.biapi.pro/2.0", BaseUrlError::NotHttps),
            ("ftp://acme.biapi.pro/2.0", BaseUrlError::NotHttps),
            ("http://127.0.0.1.nip.io/2.0", BaseUrlError::NotHttps),
            ("http://localhost.evil.example/2.0", BaseUrlError::NotHttps),
            ("https://me:secret@acme.biapi.pro/2.0", BaseUrlError::UserInfo),
            ("https://me@acme.biapi.pro/2.0", BaseUrlError::UserInfo),
            ("https://@acme.biapi.pro/2.0", BaseUrlError::UserInfo),
            ("https://acme.biapi.pro/2.0?x=1", BaseUrlError::QueryOrFragment),
            ("https://acme.biapi.pro/2.0?", BaseUrlError::QueryOrFragment),
            ("https://acme.biapi.pro/2.0#x", BaseUrlError::QueryOrFragment),
            ("https://acme.biapi.pro/../2.0", BaseUrlError::Path),
            ("https://acme.biapi.pro/%32.0", BaseUrlError::Path),
            ("https://acme.biapi.pro//2.0", BaseUrlError::Path),
            ("https://acme.biapi.pro/2.0 ", BaseUrlError::NotAUrl),
            ("https://acme.biapi.pro\\2.0", BaseUrlError::NotAUrl),
            ("https://", BaseUrlError::NotAUrl),
            ("https:///2.0", BaseUrlError::NotAUrl),
            ("https:/acme.biapi.pro/2.0", BaseUrlError::NotAUrl),
            ("https:acme.biapi.pro/2.0", BaseUrlError::NotAUrl),
            ("acme.biapi.pro/2.0", BaseUrlError::NotAUrl),
            ("", BaseUrlError::NotAUrl),
        ] {
            assert_eq!(BaseUrl::parse(text), Err(error), "{text}");
        }
        let message = BaseUrl::parse("https://me:s3cret@acme.biapi.pro/2.0").unwrap_err().to_string();
        assert!(!message.contains("s3cret"), "{message}");
    }

    #[test]
    fn base_urls_are_normalised() {
        let base = BaseUrl::parse("https://ACME.biapi.pro:443/2.0/").unwrap();
        assert_eq!(base.as_str(), "https://acme.biapi.pro/2.0");
        assert_eq!(base.host(), "acme.biapi.pro");
        assert!(!base.is_loopback());
        for text in ["http://127.0.0.1:8080/2.0", "http://localhost:1", "http://[::1]:9/2.0"] {
            assert!(BaseUrl::parse(text).unwrap().is_loopback(), "{text}");
        }
        assert_eq!(BaseUrl::parse("http://localhost:1").unwrap().as_str(), "http://localhost:1");
    }

    #[test]
    fn a_domain_is_the_name_before_biapi() {
        assert_eq!(
            BaseUrl::of_domain("acme-sandbox").unwrap().as_str(),
            "https://acme-sandbox.biapi.pro/2.0"
        );
        for domain in ["", "-a", "a-", "a--b", "Acme", "acme.biapi.pro", "a/b", "é"] {
            assert_eq!(BaseUrl::of_domain(domain), Err(BaseUrlError::Domain), "{domain}");
        }
    }
}
