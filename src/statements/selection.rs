//! The accounts asked for: what the snapshot's tables say of each, put together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::lake::build::read_units;
use crate::lake::{FilePath, Snapshot};
use crate::model::{Window, time};
use crate::table::Table;
use crate::table::health::Health;

use super::Period;
use super::account::{Account, Held};
use super::columns::{Column, columns};
use super::{Request, StatementsError};

columns! {
    AccountRows {
        id = "id", id_user = "id_user", id_connection = "id_connection", id_source = "id_source",
        id_parent = "id_parent", name = "name",
        original_name = "original_name", number = "number", iban = "iban", bic = "bic", currency = "currency",
        kind = "type", balance = "balance", last_update = "last_update", last_update_utc = "last_update_utc",
        deleted = "deleted", disabled = "disabled",
    }
}

columns! {
    CoverageRows {
        id_account = "id_account", id_user = "id_user", first_date = "first_date", complete = "complete", reason = "reason",
    }
}

columns! {
    ConnectionRows { id = "id", connector_name = "connector_name", state = "state", health = "health", }
}

columns! {
    SourceRows { id = "id", state = "state", health = "health", access_expire = "access_expire", }
}

/// The accounts asked for, by user and id. An account that only rows speak of has its coverage and nothing else.
pub(super) fn accounts(snapshot: &Snapshot, request: &Request) -> Result<Vec<Account>, StatementsError> {
    let mut selection = Selection::of(request);
    selection.read_accounts(snapshot)?;
    selection.read_coverage(snapshot)?;
    selection.read_connections(snapshot)?;
    selection.read_sources(snapshot)?;
    selection.read_windows(snapshot)?;
    let found = selection.found;
    if let Some(missing) = request.accounts.iter().find(|account| !found.contains_key(&account.get())) {
        return Err(StatementsError::NoSuchAccount(*missing));
    }
    if found.is_empty() {
        return Err(StatementsError::NothingSelected);
    }
    let mut accounts: Vec<Account> = found.into_values().collect();
    accounts.sort_by_key(|account| (account.user, account.id));
    Ok(accounts)
}

/// Which accounts are asked for, and what was found of them so far.
struct Selection {
    /// Empty: all.
    users: HashSet<i64>,
    /// Empty: all.
    accounts: HashSet<i64>,
    found: BTreeMap<i64, Account>,
}

impl Selection {
    fn of(request: &Request) -> Self {
        Self {
            users: request.users.iter().map(|user| user.get()).collect(),
            accounts: request.accounts.iter().map(|account| account.get()).collect(),
            found: BTreeMap::new(),
        }
    }

    fn wants(&self, account: i64, user: Option<i64>) -> bool {
        (self.accounts.is_empty() || self.accounts.contains(&account))
            && (self.users.is_empty() || user.is_some_and(|user| self.users.contains(&user)))
    }

    fn read_accounts(&mut self, snapshot: &Snapshot) -> Result<(), StatementsError> {
        AccountRows::for_each(snapshot, snapshot.parquet_files(Table::Accounts), |columns, row| {
            let user = columns.id_user.number(row);
            let Some(id) = columns.id.number(row).filter(|id| self.wants(*id, user)) else { return Ok(()) };
            let text =
                |of: Column<'_>| of.text(row).filter(|text| !text.trim().is_empty()).map(str::to_owned);
            let account = Account {
                id,
                user,
                connection: columns.id_connection.number(row),
                source: columns.id_source.number(row),
                parent: columns.id_parent.number(row),
                name: text(columns.name).or_else(|| text(columns.original_name)),
                number: text(columns.number),
                iban: text(columns.iban),
                bic: text(columns.bic),
                currency: text(columns.currency),
                kind: text(columns.kind),
                balance: columns.balance.amount(row),
                last_update: columns.last_update.micros(row),
                last_update_utc: columns.last_update_utc.micros(row),
                disabled: columns.disabled.micros(row).is_some(),
                archived: columns.deleted.micros(row).is_some(),
                ..Account::default()
            };
            self.found.insert(id, account);
            Ok(())
        })
    }

    fn read_coverage(&mut self, snapshot: &Snapshot) -> Result<(), StatementsError> {
        CoverageRows::for_each(snapshot, snapshot.parquet_files(Table::Coverage), |columns, row| {
            let user = columns.id_user.number(row);
            let Some(id) = columns.id_account.number(row).filter(|id| self.wants(*id, user)) else {
                return Ok(());
            };
            let account = self.found.entry(id).or_insert_with(|| Account { id, user, ..Account::default() });
            account.held = Some(Held {
                first: columns.first_date.date(row),
                complete: columns.complete.truth(row) == Some(true),
                reason: columns.reason.text(row).map(str::to_owned),
            });
            Ok(())
        })
    }

    /// Each account's bank, and the state of its connection.
    fn read_connections(&mut self, snapshot: &Snapshot) -> Result<(), StatementsError> {
        let accounts = self.accounts_by(|account| account.connection);
        ConnectionRows::for_each(snapshot, snapshot.parquet_files(Table::Connections), |columns, row| {
            for id in columns.id.number(row).and_then(|id| accounts.get(&id)).into_iter().flatten() {
                let Some(account) = self.found.get_mut(id) else { continue };
                account.bank = columns.connector_name.text(row).map(str::to_owned);
                account.state = columns.state.text(row).map(str::to_owned);
                account.health = columns.health.text(row).and_then(Health::from_text);
            }
            Ok(())
        })
    }

    /// When the consent of each account's source ends, and the source's own state where its connection is healthy.
    fn read_sources(&mut self, snapshot: &Snapshot) -> Result<(), StatementsError> {
        let accounts = self.accounts_by(|account| account.source);
        SourceRows::for_each(snapshot, snapshot.parquet_files(Table::ConnectionSources), |columns, row| {
            for id in columns.id.number(row).and_then(|id| accounts.get(&id)).into_iter().flatten() {
                let Some(account) = self.found.get_mut(id) else { continue };
                account.consent_ends = columns.access_expire.micros(row).map(time::day_of);
                // A connection that needs somebody does so for all its sources; one of them may for itself alone.
                if account.health.is_none_or(|health| health == Health::Healthy)
                    && let Some(health) = columns.health.text(row).and_then(Health::from_text)
                {
                    account.health = Some(health);
                    account.state = columns.state.text(row).map(str::to_owned);
                }
            }
            Ok(())
        })
    }

    /// The dates asked for, user by user: a user that this run did not fetch, or whose rows an earlier one had
    /// brought, holds others than those of this run.
    fn read_windows(&mut self, snapshot: &Snapshot) -> Result<(), StatementsError> {
        let units = read_units(&FilePath::units().under(&snapshot.folder))?;
        let windows: HashMap<i64, Window> =
            units.into_iter().filter_map(|(user, unit)| Some((user.get(), unit.window?))).collect();
        let of_run = snapshot.manifest.window.window().unwrap_or_default();
        for account in self.found.values_mut() {
            let own = account.user.and_then(|user| windows.get(&user)).copied();
            account.window = Period::from(own.unwrap_or(of_run));
        }
        Ok(())
    }

    /// The ids of the accounts found, by something that they share.
    fn accounts_by(&self, key: impl Fn(&Account) -> Option<i64>) -> HashMap<i64, Vec<i64>> {
        let mut accounts: HashMap<i64, Vec<i64>> = HashMap::new();
        for account in self.found.values() {
            if let Some(key) = key(account) {
                accounts.entry(key).or_default().push(account.id);
            }
        }
        accounts
    }
}

/// Users of the selection of whom the snapshot has no account: those asked for by id, and those that it names as missing.
pub(super) fn users_missing(
    snapshot: &Snapshot,
    request: &Request,
    accounts: &[Account],
) -> Vec<(i64, Option<String>)> {
    if !request.accounts.is_empty() {
        return Vec::new();
    }
    let with_accounts: BTreeSet<i64> = accounts.iter().filter_map(|account| account.user).collect();
    let incomplete = &snapshot.manifest.incomplete;
    let reason = |user: i64| {
        let found = incomplete.iter().find(|one| one.id_user.get() == user && one.id_account.is_none());
        found.map(|one| one.reason.as_str().to_owned())
    };
    let asked: BTreeSet<i64> = match &request.users[..] {
        [] => incomplete.iter().filter(|one| one.id_account.is_none()).map(|one| one.id_user.get()).collect(),
        users => users.iter().map(|user| user.get()).collect(),
    };
    asked.difference(&with_accounts).map(|user| (*user, reason(*user))).collect()
}
