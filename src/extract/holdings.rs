//! A user's connections and accounts as one reading shows them.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::Array;

use crate::api::{Endpoint, Target};
use crate::model::{AccountId, ConnectionId, Reason, UserId};
use crate::table::{List, Table};

use super::error::{ExtractError, Stop};
use super::list::{self, Asking, ListRead};
use super::session::Session;
use super::structure::Structure;
use super::walk::Sink;
use crate::table::column::{amount, number, text, when};

/// Connections with their sources, and accounts.
#[derive(Debug)]
pub(super) struct Holdings {
    /// The connections, with when they were read.
    pub connections: ListRead,
    accounts: ListRead,
    /// What decides how the transactions are fetched.
    pub structure: Structure,
}

/// What moves when a bank is synchronised: balance and last update.
type Marks = BTreeMap<(Table, i64), (Option<i128>, Option<i64>)>;

impl Holdings {
    /// Reads both lists.
    pub(super) async fn read(session: &mut Session<'_>, user: UserId) -> Result<Self, Stop> {
        let connections = read_connections(session, user).await?;
        Self::beside(connections, session, user).await
    }

    /// Reads the accounts, beside connections that are known already.
    pub(super) async fn beside(
        connections: ListRead,
        session: &mut Session<'_>,
        user: UserId,
    ) -> Result<Self, Stop> {
        let accounts = read_accounts(session, user).await?;
        let structure = Structure::of(&connections.rows, &accounts.rows);
        Ok(Self { connections, accounts, structure })
    }

    /// Rows that cannot be stored.
    pub(super) fn rows_without_key(&self) -> u64 {
        self.connections.rows_without_key + self.accounts.rows_without_key
    }

    /// Whether `total` disagrees with a list that is proven all the same.
    pub(super) fn total_mismatch(&self) -> bool {
        self.connections.total_mismatch || self.accounts.total_mismatch
    }

    /// The accounts' ids.
    pub(super) fn account_ids(&self) -> BTreeSet<i64> {
        self.structure.accounts.keys().copied().collect()
    }

    /// The archived accounts that may have transactions.
    pub(super) fn archived(&self) -> Vec<AccountId> {
        self.structure.archived().filter_map(AccountId::new).collect()
    }

    /// Whether a balance or a last update differs from an earlier reading.
    pub(super) fn moved_since(&self, before: &Self) -> bool {
        self.marks() != before.marks()
    }

    fn marks(&self) -> Marks {
        let mut marks = Marks::new();
        for (table, read) in [(Table::Connections, &self.connections), (Table::Accounts, &self.accounts)] {
            for rows in &read.rows {
                let Some(ids) = number(rows, "id") else { continue };
                let updates = when(rows, "last_update");
                let balances = amount(rows, "balance");
                for (at, id) in ids.iter().enumerate() {
                    let Some(id) = id else { continue };
                    let balance =
                        balances.filter(|column| column.is_valid(at)).map(|column| column.value(at));
                    let update = updates.filter(|column| column.is_valid(at)).map(|column| column.value(at));
                    marks.insert((table, id), (balance, update));
                }
            }
        }
        marks
    }

    /// The connections' states.
    pub(super) fn states(&self) -> Vec<(ConnectionId, Option<String>)> {
        let mut states = Vec::new();
        for rows in &self.connections.rows {
            let (Some(ids), column) = (number(rows, "id"), text(rows, "state")) else { continue };
            for (at, id) in ids.iter().enumerate() {
                let state =
                    column.filter(|column| column.is_valid(at)).map(|column| column.value(at).to_owned());
                states.extend(id.and_then(ConnectionId::new).map(|id| (id, state)));
            }
        }
        states
    }

    /// Passes the rows on.
    pub(super) async fn send(self, sink: &Sink) -> Result<(), Stop> {
        let tables = [
            (Table::Connections, self.connections.rows, self.connections.issues),
            (Table::ConnectionSources, self.connections.children, Vec::new()),
            (Table::Accounts, self.accounts.rows, self.accounts.issues),
        ];
        for (table, batches, mut issues) in tables {
            for rows in batches {
                sink.rows(table, rows, std::mem::take(&mut issues)).await?;
            }
        }
        Ok(())
    }
}

/// What the accounts are, by one reading: the connections are left out.
pub(super) async fn read_structure(session: &mut Session<'_>, user: UserId) -> Result<Structure, Stop> {
    let accounts = read_accounts(session, user).await?;
    Ok(Structure::of(&[], &accounts.rows))
}

/// Reads the connections with their sources.
pub(super) async fn read_connections(session: &mut Session<'_>, user: UserId) -> Result<ListRead, Stop> {
    let first = Target::connections(user).with("expand", "connector,sources");
    read_list(session, List::Connections, Endpoint::Connections, first).await
}

async fn read_accounts(session: &mut Session<'_>, user: UserId) -> Result<ListRead, Stop> {
    read_list(session, List::Accounts, Endpoint::Accounts, Target::accounts(user).flag("all")).await
}

async fn read_list(
    session: &mut Session<'_>,
    list: List,
    endpoint: Endpoint,
    first: Target,
) -> Result<ListRead, Stop> {
    let paged = first.clone().with("limit", 1000);
    let asking = Asking { list, endpoint, first, paged, whole: None, eager: false };
    let read = list::read(session, &asking).await?;
    if !read.proven {
        let detail = format!("the list of {} does not show as many rows as it says", list.key());
        return Err(Stop::unit(Reason::TotalMismatch, detail));
    }
    Ok(read)
}

/// Which user each account belongs to, as far as anybody has seen: an account under two users is another's data.
#[derive(Debug, Default)]
pub(super) struct Owners(std::sync::Mutex<std::collections::HashMap<i64, UserId>>);

impl Owners {
    /// Notes accounts of a user.
    pub(super) fn claim(
        &self,
        user: UserId,
        accounts: impl IntoIterator<Item = i64>,
    ) -> Result<(), ExtractError> {
        let mut owners = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for account in accounts {
            let owner = *owners.entry(account).or_insert(user);
            if owner != user {
                return Err(ExtractError::ForeignData {
                    asked: user,
                    found: owner.get(),
                    what: "an account",
                });
            }
        }
        Ok(())
    }

    /// Looks for another user's accounts among those that transactions name.
    pub(super) fn check(
        &self,
        user: UserId,
        accounts: impl IntoIterator<Item = i64>,
    ) -> Result<(), ExtractError> {
        let owners = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let foreign = accounts.into_iter().filter_map(|id| owners.get(&id)).find(|owner| **owner != user);
        match foreign {
            None => Ok(()),
            Some(owner) => {
                Err(ExtractError::ForeignData { asked: user, found: owner.get(), what: "transactions" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_has_one_user() {
        let (one, other) = (UserId::new(1).unwrap(), UserId::new(2).unwrap());
        let owners = Owners::default();
        owners.claim(one, [10, 11]).unwrap();
        owners.claim(one, [10, 12]).unwrap();
        assert!(owners.check(one, [10]).is_ok() && owners.check(other, [99]).is_ok());
        assert!(owners.check(other, [99, 11]).is_err());
        assert!(owners.claim(other, [12]).is_err());
    }
}
