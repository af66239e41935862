//! What a user's accounts and connections are, as far as it decides how to fetch the transactions.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::Array;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;

use crate::model::UserId;

use crate::table::column::{ids, number, text, when};

/// The ids of a user's connections, and of the accounts what must not have changed for a delta walk to be enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Structure {
    /// The connections.
    pub connections: BTreeSet<i64>,
    /// The accounts.
    pub accounts: BTreeMap<i64, AccountShape>,
}

/// What of an account decides over its transactions' presence and derived columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountShape {
    /// Archived.
    pub deleted: bool,
    /// Without the user's consent: it has no transactions.
    pub disabled: bool,
    /// Its connection.
    pub connection: Option<i64>,
    /// The source that feeds it.
    pub source: Option<i64>,
    /// Its currency.
    pub currency: Option<String>,
}

impl Structure {
    /// The structure that rows of `connections` and `accounts` of one user describe.
    #[must_use]
    pub fn of<'a>(
        connections: impl IntoIterator<Item = &'a RecordBatch>,
        accounts: impl IntoIterator<Item = &'a RecordBatch>,
    ) -> Self {
        Self {
            connections: connections.into_iter().flat_map(ids).collect(),
            accounts: accounts.into_iter().flat_map(shapes).map(|(_, id, shape)| (id, shape)).collect(),
        }
    }

    /// The archived accounts that may have transactions: the user's own list may leave them out.
    pub fn archived(&self) -> impl Iterator<Item = i64> {
        self.accounts.iter().filter(|(_, shape)| shape.deleted && !shape.disabled).map(|(id, _)| *id)
    }

    /// The accounts whose transactions the user's own list shows.
    pub fn live(&self) -> impl Iterator<Item = i64> {
        self.accounts.iter().filter(|(_, shape)| !shape.deleted && !shape.disabled).map(|(id, _)| *id)
    }

    /// Whether the account is one of those.
    pub(super) fn is_live(&self, account: i64) -> bool {
        self.accounts.get(&account).is_some_and(|shape| !shape.deleted && !shape.disabled)
    }

    /// The structures of all users, from the tables of a snapshot.
    #[must_use]
    pub fn by_user<'a>(
        connections: impl IntoIterator<Item = &'a RecordBatch>,
        accounts: impl IntoIterator<Item = &'a RecordBatch>,
    ) -> BTreeMap<UserId, Self> {
        let mut users: BTreeMap<UserId, Self> = BTreeMap::new();
        for rows in connections {
            let owners = number(rows, "id_user");
            for (at, id) in rows_with_id(rows) {
                if let Some(user) = owners.and_then(|owners| owner(owners, at)) {
                    users.entry(user).or_default().connections.insert(id);
                }
            }
        }
        for (user, id, shape) in accounts.into_iter().flat_map(shapes) {
            if let Some(user) = user {
                users.entry(user).or_default().accounts.insert(id, shape);
            }
        }
        users
    }

    /// The first thing in which `now` differs, in words; `None` when a delta walk on top of `self` is enough.
    #[must_use]
    pub fn difference(&self, now: &Self) -> Option<String> {
        if let Some(id) = self.connections.symmetric_difference(&now.connections).next() {
            let how = if now.connections.contains(id) { "appeared" } else { "is gone" };
            return Some(format!("connection {id} {how}"));
        }
        for (id, shape) in &now.accounts {
            let Some(before) = self.accounts.get(id) else { return Some(format!("account {id} appeared")) };
            let change = [
                ("deleted", before.deleted != shape.deleted),
                ("disabled", before.disabled != shape.disabled),
                ("id_connection", before.connection != shape.connection),
                ("id_source", before.source != shape.source),
                ("currency", before.currency != shape.currency),
            ];
            if let Some((name, _)) = change.into_iter().find(|(_, changed)| *changed) {
                return Some(format!("{name} of account {id} changed"));
            }
        }
        let gone = self.accounts.keys().find(|id| !now.accounts.contains_key(id));
        gone.map(|id| format!("account {id} is gone"))
    }
}

type Numbers = arrow::array::PrimitiveArray<Int64Type>;

fn owner(owners: &Numbers, at: usize) -> Option<UserId> {
    owners.is_valid(at).then(|| owners.value(at)).and_then(UserId::new)
}

fn rows_with_id(rows: &RecordBatch) -> impl Iterator<Item = (usize, i64)> {
    let ids = number(rows, "id").map(|ids| ids.iter().collect::<Vec<_>>()).unwrap_or_default();
    ids.into_iter().enumerate().filter_map(|(at, id)| Some((at, id?)))
}

fn shapes(rows: &RecordBatch) -> Vec<(Option<UserId>, i64, AccountShape)> {
    let owners = number(rows, "id_user");
    let (connections, sources) = (number(rows, "id_connection"), number(rows, "id_source"));
    let (deleted, disabled) = (when(rows, "deleted"), when(rows, "disabled"));
    let currencies = text(rows, "currency");
    let value = |column: Option<&Numbers>, at| column.and_then(|c| c.is_valid(at).then(|| c.value(at)));
    let set = |column: Option<&arrow::array::PrimitiveArray<TimestampMicrosecondType>>, at| {
        column.is_some_and(|column| column.is_valid(at))
    };
    let extra = text(rows, "extra");
    // A mark that is no datetime (some clients type it boolean) stands in `extra`, and marks all the same.
    let marked = |name: &str, at| {
        let pattern = format!("\"{name}\":true");
        extra.is_some_and(|extra| extra.is_valid(at) && extra.value(at).contains(&pattern))
    };
    rows_with_id(rows)
        .map(|(at, id)| {
            let shape = AccountShape {
                deleted: set(deleted, at) || marked("deleted", at),
                disabled: set(disabled, at) || marked("disabled", at),
                connection: value(connections, at),
                source: value(sources, at),
                currency: currencies.and_then(|c| c.is_valid(at).then(|| c.value(at).to_owned())),
            };
            (owners.and_then(|owners| owner(owners, at)), id, shape)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held() -> Structure {
        let shape = AccountShape {
            connection: Some(1),
            source: Some(2),
            currency: Some("EUR".to_owned()),
            ..AccountShape::default()
        };
        Structure { connections: BTreeSet::from([1]), accounts: BTreeMap::from([(10, shape)]) }
    }

    #[test]
    fn whatever_decides_over_the_rows_is_a_difference() {
        type Change = fn(&mut Structure);
        let changes: [(Change, &str); 9] = [
            (|now| now.connections.extend([3]), "connection 3 appeared"),
            (|now| now.connections.clear(), "connection 1 is gone"),
            (|now| drop(now.accounts.insert(11, AccountShape::default())), "account 11 appeared"),
            (|now| now.accounts.clear(), "account 10 is gone"),
            (|now| now.accounts.entry(10).or_default().deleted = true, "deleted of account 10 changed"),
            (|now| now.accounts.entry(10).or_default().disabled = true, "disabled of account 10 changed"),
            (
                |now| now.accounts.entry(10).or_default().connection = None,
                "id_connection of account 10 changed",
            ),
            (|now| now.accounts.entry(10).or_default().source = Some(3), "id_source of account 10 changed"),
            (|now| now.accounts.entry(10).or_default().currency = None, "currency of account 10 changed"),
        ];
        assert_eq!(held().difference(&held()), None);
        for (change, why) in changes {
            let mut now = held();
            change(&mut now);
            assert_eq!(held().difference(&now).as_deref(), Some(why));
        }
    }
}
