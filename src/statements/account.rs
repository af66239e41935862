//! The accounts of a pack: what the snapshot's tables say of each, put together.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::lake::build::read_units;
use crate::lake::{FilePath, Snapshot};
use crate::model::{AccountId, Window, time};
use crate::table::Table;
use crate::table::health::Health;

use super::columns::{columns, for_each_batch};
use super::tally::Period;
use super::{Request, StatementsError};

/// An account and all that its statement's heading needs.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) user: Option<i64>,
    /// The account that this one belongs to, as a card does to the one that its monthly debit goes to.
    pub(super) parent: Option<i64>,
    pub(super) name: Option<String>,
    pub(super) number: Option<String>,
    pub(super) iban: Option<String>,
    pub(super) bic: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) kind: Option<String>,
    /// The bank's balance, unscaled, as of `last_update`.
    pub(super) balance: Option<i128>,
    /// As served: the wall clock in Paris.
    pub(super) last_update: Option<i64>,
    pub(super) last_update_utc: Option<i64>,
    /// Switched off for want of the user's consent.
    pub(super) disabled: bool,
    /// Archived: no longer found at the bank.
    pub(super) archived: bool,
    pub(super) bank: Option<String>,
    /// What stands in the way of news: the source's state where there is one, else the connection's.
    pub(super) state: Option<String>,
    pub(super) health: Option<Health>,
    /// The day on which the consent ends.
    pub(super) consent_ends: Option<i32>,
    pub(super) held: Option<Held>,
    /// The dates that its user's walks asked for: rows outside were never looked for.
    pub(super) window: Period,
}

/// What the snapshot holds of an account.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    pub(super) first: Option<i32>,
    pub(super) complete: bool,
    pub(super) reason: Option<String>,
}

impl Account {
    /// The day that the balance and the newest rows are of, in Paris.
    pub(super) fn as_of_day(&self) -> Option<i32> {
        let days = |micros: i64| i32::try_from(micros.div_euclid(86_400_000_000)).ok();
        match self.last_update_utc.and_then(|micros| jiff::Timestamp::from_microsecond(micros).ok()) {
            Some(instant) => Some(time::paris_day(instant)),
            None => self.last_update.and_then(days),
        }
    }

    /// Whether it is the account of a card.
    pub(super) fn is_card(&self) -> bool {
        self.kind.as_deref() == Some("card")
    }

    /// The IBAN, else the account's number.
    pub(super) fn identification(&self) -> Option<&str> {
        self.iban.as_deref().or(self.number.as_deref()).filter(|text| !text.is_empty())
    }
}

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
    let users: HashSet<i64> = request.users.iter().map(|user| user.get()).collect();
    let ids: HashSet<i64> = request.accounts.iter().map(|account| account.get()).collect();
    let wanted = |id: i64, user: Option<i64>| {
        (ids.is_empty() || ids.contains(&id))
            && (users.is_empty() || user.is_some_and(|user| users.contains(&user)))
    };
    let mut found: BTreeMap<i64, Account> = BTreeMap::new();
    let mut links: HashMap<i64, (Option<i64>, Option<i64>)> = HashMap::new();
    for_each_batch(snapshot, Table::Accounts, AccountRows::NAMES, |rows| {
        let cells = AccountRows::of(rows)?;
        for row in 0..rows.num_rows() {
            let Some(id) = cells.id.number(row) else { continue };
            let user = cells.id_user.number(row);
            if !wanted(id, user) {
                continue;
            }
            let text = |of: super::columns::Cells<'_>| {
                of.text(row).filter(|t| !t.trim().is_empty()).map(str::to_owned)
            };
            links.insert(id, (cells.id_connection.number(row), cells.id_source.number(row)));
            found.insert(
                id,
                Account {
                    id,
                    user,
                    parent: cells.id_parent.number(row),
                    name: text(cells.name).or_else(|| text(cells.original_name)),
                    number: text(cells.number),
                    iban: text(cells.iban),
                    bic: text(cells.bic),
                    currency: text(cells.currency),
                    kind: text(cells.kind),
                    balance: cells.balance.amount(row),
                    last_update: cells.last_update.micros(row),
                    last_update_utc: cells.last_update_utc.micros(row),
                    disabled: cells.disabled.micros(row).is_some(),
                    archived: cells.deleted.micros(row).is_some(),
                    ..Account::default()
                },
            );
        }
        Ok(())
    })?;
    for_each_batch(snapshot, Table::Coverage, CoverageRows::NAMES, |rows| {
        let cells = CoverageRows::of(rows)?;
        for row in 0..rows.num_rows() {
            let Some(id) = cells.id_account.number(row) else { continue };
            let user = cells.id_user.number(row);
            if !wanted(id, user) {
                continue;
            }
            let account = found.entry(id).or_insert_with(|| Account { id, user, ..Account::default() });
            account.held = Some(Held {
                first: cells.first_date.date(row),
                complete: cells.complete.truth(row) == Some(true),
                reason: cells.reason.text(row).map(str::to_owned),
            });
        }
        Ok(())
    })?;
    attach_connections(snapshot, &links, &mut found)?;
    attach_windows(snapshot, &mut found)?;
    if let Some(missing) =
        request.accounts.iter().find(|account| !found.contains_key(&AccountId::get(**account)))
    {
        return Err(StatementsError::NoSuchAccount(*missing));
    }
    if found.is_empty() {
        return Err(StatementsError::NothingSelected);
    }
    let mut accounts: Vec<Account> = found.into_values().collect();
    accounts.sort_by_key(|account| (account.user, account.id));
    Ok(accounts)
}

/// The dates asked for, user by user: a user that this run did not fetch, or whose rows an earlier one had brought, holds
/// others than those of this run.
fn attach_windows(snapshot: &Snapshot, found: &mut BTreeMap<i64, Account>) -> Result<(), StatementsError> {
    let units = read_units(&FilePath::units().under(&snapshot.folder))?;
    let windows: HashMap<i64, Window> =
        units.into_iter().filter_map(|(user, unit)| Some((user.get(), unit.window?))).collect();
    let of_run = snapshot.manifest.window.window().unwrap_or_default();
    for account in found.values_mut() {
        let own = account.user.and_then(|user| windows.get(&user)).copied();
        account.window = Period::from(own.unwrap_or(of_run));
    }
    Ok(())
}

/// Bank, state and consent of each account, from its connection and source.
fn attach_connections(
    snapshot: &Snapshot,
    links: &HashMap<i64, (Option<i64>, Option<i64>)>,
    found: &mut BTreeMap<i64, Account>,
) -> Result<(), StatementsError> {
    let mut by_connection: HashMap<i64, Vec<i64>> = HashMap::new();
    let mut by_source: HashMap<i64, Vec<i64>> = HashMap::new();
    for (account, (connection, source)) in links {
        if let Some(connection) = connection {
            by_connection.entry(*connection).or_default().push(*account);
        }
        if let Some(source) = source {
            by_source.entry(*source).or_default().push(*account);
        }
    }
    for_each_batch(snapshot, Table::Connections, ConnectionRows::NAMES, |rows| {
        let cells = ConnectionRows::of(rows)?;
        for row in 0..rows.num_rows() {
            let Some(accounts) = cells.id.number(row).and_then(|id| by_connection.get(&id)) else { continue };
            for account in accounts {
                let Some(account) = found.get_mut(account) else { continue };
                account.bank = cells.connector_name.text(row).map(str::to_owned);
                account.state = cells.state.text(row).map(str::to_owned);
                account.health = cells.health.text(row).and_then(Health::from_text);
            }
        }
        Ok(())
    })?;
    for_each_batch(snapshot, Table::ConnectionSources, SourceRows::NAMES, |rows| {
        let cells = SourceRows::of(rows)?;
        for row in 0..rows.num_rows() {
            let Some(accounts) = cells.id.number(row).and_then(|id| by_source.get(&id)) else { continue };
            for account in accounts {
                let Some(account) = found.get_mut(account) else { continue };
                let instant = cells.access_expire.micros(row).map(|micros| micros.div_euclid(86_400_000_000));
                account.consent_ends = instant.and_then(|days| i32::try_from(days).ok());
                // A connection that needs somebody does so for all its sources; one of them may for itself alone.
                if account.health.is_none_or(|health| health == Health::Healthy)
                    && let Some(health) = cells.health.text(row).and_then(Health::from_text)
                {
                    account.health = Some(health);
                    account.state = cells.state.text(row).map(str::to_owned);
                }
            }
        }
        Ok(())
    })
}

/// Users of the selection of whom the snapshot has no account: those asked for by id, and those that it names as missing.
pub(super) fn users_missing(
    snapshot: &Snapshot,
    request: &Request,
    with_accounts: impl Iterator<Item = i64>,
) -> Vec<(i64, Option<String>)> {
    if !request.accounts.is_empty() {
        return Vec::new();
    }
    let with_accounts: BTreeSet<i64> = with_accounts.collect();
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
