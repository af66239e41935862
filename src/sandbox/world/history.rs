//! What each row looked like when: enough to judge whatever a client saw while the data moved.

use std::collections::BTreeMap;

/// The tables of the simulated API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `GET /users`.
    User,
    /// `GET /users/{id}/connections`, with their sources inside.
    Connection,
    /// `GET /users/{id}/accounts`.
    Account,
    /// `GET /users/{id}/transactions`.
    Transaction,
}

/// One change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The number of requests answered before it: request `number` saw `before`, request `number + 1` sees `after`.
    pub number: u64,
    /// The table.
    pub kind: Kind,
    /// The row's id.
    pub id: i64,
    /// The row as it was served, `None` when it was not there.
    pub before: Option<Box<str>>,
    /// The row as it is served since, `None` when it is gone.
    pub after: Option<Box<str>>,
}

/// The changes of one user's rows, oldest first, and the rows as they are now.
#[derive(Debug, Clone, Default)]
pub struct History {
    changes: BTreeMap<(Kind, i64), Vec<Change>>,
    now: BTreeMap<(Kind, i64), Box<str>>,
}

impl History {
    pub(crate) fn new(changes: &[Change], now: impl IntoIterator<Item = (Kind, i64, Box<str>)>) -> Self {
        let mut sorted: BTreeMap<(Kind, i64), Vec<Change>> = BTreeMap::new();
        for change in changes {
            sorted.entry((change.kind, change.id)).or_default().push(change.clone());
        }
        Self { changes: sorted, now: now.into_iter().map(|(kind, id, row)| ((kind, id), row)).collect() }
    }

    /// Every id that ever was in the table.
    #[must_use]
    pub fn ids(&self, kind: Kind) -> Vec<i64> {
        let mut ids: Vec<i64> =
            self.now.keys().chain(self.changes.keys()).filter(|key| key.0 == kind).map(|key| key.1).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Every content that some request from number `from` to number `to` (both included) could have been served;
    /// `None` stands for "not there". Consecutive equal contents are one.
    #[must_use]
    pub fn versions(&self, kind: Kind, id: i64, from: u64, to: u64) -> Vec<Option<&str>> {
        let now = self.now.get(&(kind, id)).map(|row| &**row);
        let Some(changes) = self.changes.get(&(kind, id)) else { return vec![now] };
        let mut seen = Vec::new();
        let mut content = changes.first().and_then(|change| change.before.as_deref());
        let mut since = 0;
        for change in changes {
            // `content` was there for the requests since+1 ..= change.number
            if since < to && change.number >= from && since < change.number {
                seen.push(content);
            }
            content = change.after.as_deref();
            since = change.number;
        }
        if since < to {
            seen.push(content);
        }
        seen.dedup();
        seen
    }

    /// True when the row was there, with whatever content, for every request from `from` to `to`.
    #[must_use]
    pub fn existed(&self, kind: Kind, id: i64, from: u64, to: u64) -> bool {
        let versions = self.versions(kind, id, from, to);
        !versions.is_empty() && versions.iter().all(Option::is_some)
    }

    /// True when no request from `from` to `to` could have been served the row.
    #[must_use]
    pub fn absent(&self, kind: Kind, id: i64, from: u64, to: u64) -> bool {
        self.versions(kind, id, from, to).iter().all(Option::is_none)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_known_for_each_request() {
        let change = |number, before: Option<&str>, after: Option<&str>| Change {
            number,
            kind: Kind::Transaction,
            id: 1,
            before: before.map(Into::into),
            after: after.map(Into::into),
        };
        let changes =
            [change(3, None, Some("a")), change(5, Some("a"), Some("b")), change(8, Some("b"), None)];
        let history = History::new(&changes, []);
        assert_eq!(history.versions(Kind::Transaction, 1, 1, 3), [None]);
        assert_eq!(history.versions(Kind::Transaction, 1, 4, 5), [Some("a")]);
        assert_eq!(history.versions(Kind::Transaction, 1, 5, 6), [Some("a"), Some("b")]);
        assert_eq!(history.versions(Kind::Transaction, 1, 1, 20), [None, Some("a"), Some("b"), None]);
        assert!(history.existed(Kind::Transaction, 1, 4, 8));
        assert!(!history.existed(Kind::Transaction, 1, 3, 8));
        assert!(history.absent(Kind::Transaction, 1, 9, 9));
        assert!(history.absent(Kind::Transaction, 2, 1, 9));
        assert_eq!(history.ids(Kind::Transaction), [1]);
    }
}
