//! The manifest of a run: what was asked, what came, what is missing and why.

use std::collections::BTreeMap;

use crate::api::Stats;
use crate::encode::WRITER_EPOCH;
use crate::extract::{Action, FetchedUnit, Plan, UserList, Why};
use crate::lake::build::{Built, UnitRow};
use crate::lake::layout::place;
use crate::lake::manifest::{
    ApiRange, CONTRACT_VERSION, Changes, Flag, Incomplete, LIST_LIMIT, Lists, MANIFEST_VERSION, Manifest,
    Mode, Requests, Source, Status, Tool, UserCounts, UtcTime, WindowEntry, table_entries,
};
use crate::lake::{LakeError, Snapshot};
use crate::model::{AccountId, Reason, UnitMode, UnitOutcome, UserId, Window, time};
use crate::table::Table;

use super::domain::Domain;
use super::opening::Opening;

/// What a run has learned besides the rows.
#[derive(Debug)]
pub(super) struct Learned {
    pub(super) host: String,
    pub(super) window: Window,
    pub(super) domain: Domain,
    pub(super) plan: Plan,
    pub(super) stats: Stats,
}

/// Everything that the manifest tells of.
#[derive(Debug)]
pub(super) struct Facts<'a> {
    pub(super) opening: &'a Opening,
    pub(super) learned: &'a Learned,
    pub(super) units: &'a BTreeMap<UserId, FetchedUnit>,
    pub(super) built: Built,
}

impl Facts<'_> {
    /// Writes the manifest.
    ///
    /// # Errors
    /// When the files just built cannot be read again.
    pub(super) fn manifest(self) -> Result<Manifest, LakeError> {
        let folder = self.opening.destination.layout.at(place::building(&self.opening.run));
        let Self { opening, learned, .. } = &self;
        let started_at = UtcTime::seconds(opening.started_at());
        let parent = opening.parent();
        let states =
            self.units.values().flat_map(|unit| unit.connection_states_at_end.iter().cloned()).collect();
        let lists =
            Lists::read(&folder, &self.built.files, &states, parent.map(|p| &p.manifest), started_at)?;
        let incomplete = self.incomplete(parent, started_at);
        let users = count(&self.built.units, &learned.domain.users);
        let partial = users.carried + users.failed > 0 || !incomplete.is_empty();
        let mut manifest = Manifest {
            manifest_version: MANIFEST_VERSION,
            contract_version: CONTRACT_VERSION.to_owned(),
            writer_epoch: WRITER_EPOCH,
            decimal: opening.decimal.into(),
            tool: Tool::default(),
            run_id: opening.run.clone(),
            sequence: opening.destination.next_sequence(),
            parent: parent.map(Snapshot::as_parent),
            mode: self.mode(),
            status: if partial { Status::Partial } else { Status::Complete },
            started_at,
            finished_at: UtcTime::seconds(opening.clock.now()),
            as_of: self.units.values().map(|unit| unit.as_of).min().map(UtcTime::seconds),
            source: Source { host: learned.host.clone(), time_zone: time::ASSUMED_ZONE.to_owned() },
            window: WindowEntry::new(learned.window, None),
            users,
            connections: lists.connections,
            accounts: lists.accounts,
            truncated: lists.truncated,
            api_ranges: if lists.truncated { None } else { self.api_ranges() },
            tables: table_entries(
                &self.built.files,
                opening.decimal,
                self.unknown_fields(),
                self.built.issues.clone(),
            ),
            flags: self.flags(),
            incomplete,
            attention: lists.attention,
            changes: all_tables(&self.built.changes),
            requests: requests(&learned.stats),
            files: self.built.files,
        };
        manifest.window.exported = manifest.exported();
        Ok(manifest)
    }

    fn mode(&self) -> Mode {
        if !self.learned.window.is_open() {
            return Mode::Backfill;
        }
        let delta = self.units.values().any(|unit| unit.mode != UnitMode::Full);
        // A night on which nobody was asked for anything built upon its parent too.
        if delta || (self.units.is_empty() && self.opening.parent().is_some()) {
            Mode::Incremental
        } else {
            Mode::Full
        }
    }

    /// The users and accounts of this run's plan that are not complete.
    fn incomplete(&self, parent: Option<&Snapshot>, started_at: UtcTime) -> Vec<Incomplete> {
        let before: BTreeMap<(UserId, Option<AccountId>, Reason), Option<UtcTime>> = parent
            .map(|parent| &parent.manifest.incomplete)
            .into_iter()
            .flatten()
            .map(|entry| ((entry.id_user, entry.id_account, entry.reason), entry.since))
            .collect();
        let entry = |id_user, id_account, reason: Reason, count| {
            let since = before.get(&(id_user, id_account, reason)).copied().flatten();
            let since = Some(since.unwrap_or(started_at));
            Incomplete { id_user, id_account, reason, since, retryable: reason.retryable(), count }
        };
        let mut entries = Vec::new();
        for (user, row) in &self.built.units {
            if let (UnitOutcome::Carried | UnitOutcome::Failed, Some(reason)) = (row.outcome, row.reason) {
                let since = row.since.map(UtcTime::seconds);
                entries.push(Incomplete { since, ..entry(*user, None, reason, None) });
            }
        }
        for unit in self.units.values() {
            if unit.rows_without_key > 0 {
                entries.push(entry(unit.user, None, Reason::RowWithoutKey, Some(unit.rows_without_key)));
            }
            for account in unit.accounts_walked.iter().filter(|account| !account.complete) {
                let reason = account.reason.unwrap_or(Reason::Unstable);
                entries.push(entry(unit.user, Some(account.account), reason, None));
            }
        }
        entries.sort_by_key(|entry| (entry.id_user, entry.id_account, entry.reason));
        entries
    }

    fn api_ranges(&self) -> Option<Vec<ApiRange>> {
        if self.units.len() as u64 > LIST_LIMIT {
            return None;
        }
        let range = |unit: &FetchedUnit| ApiRange {
            id_user: unit.user,
            first_date: unit.api_range.first_date.clone(),
            last_date: unit.api_range.last_date.clone(),
            result_min_date: unit.api_range.result_min_date.clone(),
            result_max_date: unit.api_range.result_max_date.clone(),
        };
        Some(self.units.values().map(range).collect())
    }

    fn unknown_fields(&self) -> BTreeMap<Table, BTreeMap<String, u64>> {
        let Domain { users, connectors } = &self.learned.domain;
        let lists = [Some(&users.unknown_fields), connectors.as_ref().map(|list| &list.unknown_fields)];
        let units = self.units.values().map(|unit| &unit.unknown_fields);
        let mut fields: BTreeMap<Table, BTreeMap<String, u64>> = BTreeMap::new();
        for ((table, name), n) in lists.into_iter().flatten().chain(units).flatten() {
            *fields.entry(*table).or_default().entry(name.clone()).or_default() += n;
        }
        fields
    }

    fn flags(&self) -> Vec<Flag> {
        let of_run = |flag: &str| Flag { flag: flag.to_owned(), id_user: None };
        let Domain { users, connectors } = &self.learned.domain;
        let mut flags = Vec::new();
        if connectors.is_none() {
            flags.push(of_run("connectors_not_fetched"));
        }
        if users.total_mismatch {
            flags.push(of_run("users_total_mismatch"));
        }
        if users.rows_without_key > 0 {
            flags.push(of_run("users_without_id"));
        }
        for (user, planned) in &self.learned.plan.users {
            if (planned.action, planned.why) == (Action::Skip, Why::TooYoung) {
                flags.push(Flag { flag: Reason::TooYoung.to_string(), id_user: Some(*user) });
            }
        }
        for unit in self.units.values() {
            flags.extend(unit.flags.iter().map(|flag| Flag { flag: flag.clone(), id_user: Some(unit.user) }));
        }
        flags.sort();
        flags
    }
}

fn count(units: &BTreeMap<UserId, UnitRow>, list: &UserList) -> UserCounts {
    let mut counts = UserCounts::default();
    for row in units.values() {
        match row.outcome {
            UnitOutcome::Complete => counts.complete += 1,
            UnitOutcome::Carried => counts.carried += 1,
            UnitOutcome::Kept => counts.kept += 1,
            UnitOutcome::Failed => counts.failed += 1,
            UnitOutcome::Skipped => counts.skipped += 1,
            UnitOutcome::Gone => counts.gone += 1,
        }
    }
    // Somebody who left, or came back, between two readings of the list is counted as the run found them last.
    counts.listed = counts.complete + counts.carried + counts.kept + counts.failed + counts.skipped;
    debug_assert!(counts.listed <= list.users.len() as u64 + counts.kept);
    counts
}

fn all_tables(changes: &BTreeMap<Table, Changes>) -> BTreeMap<Table, Changes> {
    Table::ALL.into_iter().map(|table| (table, changes.get(&table).copied().unwrap_or_default())).collect()
}

fn requests(stats: &Stats) -> Requests {
    Requests {
        total: stats.requests,
        by_endpoint: stats.by_endpoint.iter().map(|(endpoint, n)| (endpoint.name().to_owned(), *n)).collect(),
        retries: stats.retries.iter().map(|(kind, n)| (kind.name().to_owned(), *n)).collect(),
        throttled: stats.throttled,
        seconds_waited: stats.waited.as_secs(),
        bytes_received: stats.bytes,
        tokens_left: stats.tokens_left,
    }
}
