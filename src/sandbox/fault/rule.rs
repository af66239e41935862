//! When a fault, a change or a delay applies.

use std::fmt;
use std::time::Duration;

use super::kind::Fault;
use crate::sandbox::request::Request;
use crate::sandbox::route::Endpoint;
use crate::sandbox::world::World;

/// Which requests a rule is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum On {
    /// Every request.
    Any,
    /// Requests to one kind of endpoint.
    Endpoint(Endpoint),
    /// Requests whose path (with `/2.0`) matches a pattern in which `*` stands for anything.
    Path(String),
}

impl From<Endpoint> for On {
    fn from(endpoint: Endpoint) -> Self {
        Self::Endpoint(endpoint)
    }
}

impl From<&str> for On {
    fn from(pattern: &str) -> Self {
        Self::Path(pattern.to_owned())
    }
}

type Change = Box<dyn FnMut(&mut World) + Send>;

/// Which request gets what. Without a count it applies to the first match only.
pub struct Rule {
    on: On,
    user: Option<i64>,
    query: Option<String>,
    skip: u64,
    times: u64,
    fault: Option<Fault>,
    change: Option<Change>,
    delay: Duration,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("on", &self.on)
            .field("user", &self.user)
            .field("fault", &self.fault)
            .finish()
    }
}

impl Rule {
    /// A rule about some requests.
    pub fn on(on: impl Into<On>) -> Self {
        Self {
            on: on.into(),
            user: None,
            query: None,
            skip: 0,
            times: 1,
            fault: None,
            change: None,
            delay: Duration::ZERO,
        }
    }

    /// Only requests whose path names this user (for renew: whose body does).
    #[must_use]
    pub fn user(mut self, user: i64) -> Self {
        self.user = Some(user);
        self
    }

    /// Only requests whose query contains this text.
    #[must_use]
    pub fn query(mut self, part: &str) -> Self {
        self.query = Some(part.to_owned());
        self
    }

    /// Only the n-th match, from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        (self.skip, self.times) = (n.saturating_sub(1), 1);
        self
    }

    /// Not the first `n` matches.
    #[must_use]
    pub fn after(mut self, n: u64) -> Self {
        self.skip = n;
        self
    }

    /// `k` matches, and no more.
    #[must_use]
    pub fn times(mut self, k: u64) -> Self {
        self.times = k;
        self
    }

    /// Every match.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.times = u64::MAX;
        self
    }

    /// Something goes wrong with the answer. Of several rules the first one's fault counts.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The data changes before the request is handled.
    #[must_use]
    pub fn change(mut self, change: impl FnMut(&mut World) + Send + 'static) -> Self {
        self.change = Some(Box::new(change));
        self
    }

    /// The answer comes later.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// A rule that counts its matches.
#[derive(Debug)]
pub(crate) struct Armed {
    pub(crate) rule: Rule,
    seen: u64,
}

impl Armed {
    pub(crate) fn new(rule: Rule) -> Self {
        Self { rule, seen: 0 }
    }

    /// Counts a match; true when the rule applies to this one.
    pub(crate) fn applies(&mut self, endpoint: Endpoint, user: Option<i64>, request: &Request) -> bool {
        let on = match &self.rule.on {
            On::Any => true,
            On::Endpoint(wanted) => *wanted == endpoint,
            On::Path(pattern) => glob(pattern, &request.path),
        };
        let here = on
            && (self.rule.user.is_none() || self.rule.user == user)
            && self.rule.query.as_deref().is_none_or(|part| request.query.contains(part));
        if !here {
            return false;
        }
        self.seen += 1;
        self.seen > self.rule.skip && self.seen - self.rule.skip <= self.rule.times
    }

    /// Runs the change; hands out fault and delay.
    pub(crate) fn fire(&mut self, world: &mut World) -> (Option<Fault>, Duration) {
        if let Some(change) = &mut self.rule.change {
            change(world);
        }
        (self.rule.fault.clone(), self.rule.delay)
    }
}

/// Matches a pattern in which `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, tail)) => text.strip_prefix(head).is_some_and(|rest| {
            let ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
            tail.is_empty() || ends.into_iter().any(|at| glob(tail, &rest[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_paths() {
        assert!(glob("/2.0/users/*/transactions", "/2.0/users/7/transactions"));
        assert!(!glob("/2.0/users/*/transactions", "/2.0/users/7/transactions/8"));
        assert!(glob("*", ""));
        assert!(glob("/2.0/*", "/2.0/a/b"));
        assert!(!glob("/2.0", "/2.0/a"));
    }

    #[test]
    fn rules_count_their_matches() {
        let request = Request::new(
            http::Method::GET,
            &"/2.0/users?limit=1".parse().unwrap(),
            &http::HeaderMap::new(),
            vec![],
        );
        let hits = |rule: Rule| {
            let mut armed = Armed::new(rule);
            (0..5).map(|_| armed.applies(Endpoint::Users, None, &request)).collect::<Vec<_>>()
        };
        assert_eq!(hits(Rule::on(Endpoint::Users)), [true, false, false, false, false]);
        assert_eq!(hits(Rule::on(Endpoint::Users).nth(3)), [false, false, true, false, false]);
        assert_eq!(hits(Rule::on(On::Any).after(1).times(2)), [false, true, true, false, false]);
        assert_eq!(hits(Rule::on("/2.0/users").always()), [true; 5]);
        assert_eq!(hits(Rule::on(Endpoint::Users).user(5).always()), [false; 5]);
        assert_eq!(hits(Rule::on(Endpoint::Users).query("offset").always()), [false; 5]);
    }
}
