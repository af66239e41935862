//! Nights of a lake, each with what its model says of it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::memory::Memory;
use super::model::Model;
use super::world::{
    Account, Transaction, World, account_json, first_day, is_odd, issue, lists, row_json, user,
};
use crate::encode::CsvProfile;
use crate::lake::build::{
    Attempt, BuildError, BuildInput, Built, DomainLists, Formats, StagedRows, Stop, Walked, build,
};
use crate::lake::fixture::{decimal, manifest, start};
use crate::lake::layout::place;
use crate::lake::store::Syncs;
use crate::lake::{Destination, FILE_MODE, Snapshot, publish};
use crate::model::{AccountId, AccountWalk, Proof, Reason, UnitMode, UserId, Window, time};
use crate::table::{Context, Decoder, List, Table};

/// What a run does with a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Full,
    Delta,
    /// Days since 2026-01-01, inclusive.
    Window(i32, i32),
    Fail,
    Keep,
}

/// A lake and its model.
#[derive(Debug)]
pub(super) struct Lake {
    pub(super) root: PathBuf,
    pub(super) formats: Formats,
    pub(super) threads: usize,
    /// Whether rows go through a real stage.
    pub(super) real_stage: bool,
    /// Whether the parent is said to be of an older writer.
    pub(super) older_writer: bool,
    /// Whether the list of connectors can be fetched.
    pub(super) connectors: bool,
    pub(super) model: Model,
}

/// What one night gave.
#[derive(Debug)]
pub(super) struct Night {
    pub(super) built: Built,
    pub(super) snapshot: Snapshot,
    pub(super) before: Model,
}

impl Lake {
    pub(super) fn new(root: &Path, formats: Formats) -> Self {
        Self {
            root: root.to_owned(),
            formats,
            threads: 1,
            real_stage: false,
            older_writer: false,
            connectors: true,
            model: Model::default(),
        }
    }

    /// Runs a night: what the acts say of each user (users without one are walked in full).
    pub(super) fn night(&mut self, world: &World, night: i64, acts: &BTreeMap<i64, Act>) -> Night {
        self.try_night(world, night, acts, |_| {}).unwrap()
    }

    /// The same, after a change to how users were dealt with.
    pub(super) fn try_night(
        &mut self,
        world: &World,
        night: i64,
        acts: &BTreeMap<i64, Act>,
        tweak: impl FnOnce(&mut BTreeMap<UserId, Attempt>),
    ) -> Result<Night, BuildError> {
        let before = self.model.clone();
        // Two runs on each Paris day.
        let as_of = start(night.midpoint(0));
        let mut staged = Memory::default();
        let mut attempts = BTreeMap::new();
        self.model.users.retain(|user, _| world.users.contains(user));
        self.model.balances.retain(|_, (user, _)| world.users.contains(user));
        for id in &world.users {
            let act = self.feasible(world, *id, acts.get(id).copied().unwrap_or(Act::Full));
            let attempt = match act {
                Act::Fail => Attempt::Failed(Reason::ServerError),
                Act::Keep => Attempt::NotPlanned,
                Act::Full | Act::Delta | Act::Window(..) => {
                    Attempt::Fetched(self.fetch(world, *id, act, (night, as_of), &mut staged))
                }
            };
            attempts.insert(user(*id), attempt);
        }
        tweak(&mut attempts);
        let stage_folder = tempfile::tempdir().unwrap();
        let real = self.real_stage.then(|| staged.to_stage(stage_folder.path()));
        let destination = Destination::open(&self.root, start(night), Syncs::Counted).unwrap();
        let mut parent = destination.latest.clone();
        if let Some(parent) = parent.as_mut().filter(|_| self.older_writer) {
            parent.manifest.writer_epoch = 0;
        }
        let run = destination.layout.free_run_id(start(night));
        let building = place::building(&run);
        destination.store.create_dirs(&building, 0o700).unwrap();
        let input = BuildInput {
            store: &destination.store,
            building: building.clone(),
            run: &run,
            started_at: start(night),
            parent: parent.as_ref(),
            staged: real.as_ref().map_or(&staged as &dyn StagedRows, |real| real),
            lists: DomainLists {
                connectors: lists(&world.users).connectors.filter(|_| self.connectors),
                ..lists(&world.users)
            },
            attempts,
            formats: self.formats,
            csv: CsvProfile::Iso,
            decimal: decimal(),
            threads: NonZeroUsize::new(self.threads).unwrap(),
            stop: Stop(&|| false),
        };
        let built = build(&input)?;
        let folder = destination.layout.at(&building);
        let manifest = manifest(&destination, &folder, run, night, built.files.clone());
        let snapshot = publish(&destination, &manifest, FILE_MODE).unwrap();
        Ok(Night { built, snapshot, before })
    }

    /// A delta or a window needs rows to stand on, and accounts that did not change.
    fn feasible(&self, world: &World, id: i64, act: Act) -> Act {
        let shape = |accounts: &BTreeMap<i64, Account>| -> Vec<(i64, &'static str)> {
            accounts.iter().map(|(id, account)| (*id, account.currency)).collect()
        };
        match self.model.users.get(&id) {
            Some(held) if shape(&held.accounts) == shape(&world.accounts_of(id)) => act,
            _ if matches!(act, Act::Delta | Act::Window(..)) => Act::Full,
            _ => act,
        }
    }

    /// Stages what the API would serve, and moves the model on.
    fn fetch(
        &mut self,
        world: &World,
        id: i64,
        act: Act,
        (night, as_of): (i64, Timestamp),
        staged: &mut Memory,
    ) -> Walked {
        let accounts = world.accounts_of(id);
        let day = |offset: i32| time::date_of(first_day() + offset).unwrap();
        let window = match act {
            Act::Window(from, to) => Window::new(Some(day(from)), Some(day(to))).unwrap(),
            _ => Window::OPEN,
        };
        let inside = |date: Option<i32>| window.contains(date.and_then(time::date_of));
        let walked = |date: Option<i32>| act != Act::Delta && inside(date);
        let since = self.model.users.get(&id).map_or(0, |held| held.version);
        let served: Vec<(i64, Transaction)> =
            world.rows_of(id).filter(|(_, row)| walked(row.date) || row.version >= since).collect();

        let decoder = Decoder::new(decimal());
        let context = || Context { user: Some(user(id)) };
        let rows_json = served.iter().map(|(id, row)| row_json(*id, *row)).collect::<Vec<_>>().join(",");
        let page = decoder
            .decode(List::Transactions, format!(r#"{{"transactions":[{rows_json}]}}"#).as_bytes(), context())
            .unwrap();
        let accounts_json =
            accounts.iter().map(|(id, account)| account_json(*id, account)).collect::<Vec<_>>().join(",");
        let list = decoder
            .decode(List::Accounts, format!(r#"{{"accounts":[{accounts_json}]}}"#).as_bytes(), context())
            .unwrap();
        let connections = decoder
            .decode(
                List::Connections,
                format!(
                    r#"{{"connections":[{{"id":{id},"id_user":{id},"sources":[{{"id":{}}}]}}]}}"#,
                    id * 10
                )
                .as_bytes(),
                context(),
            )
            .unwrap();
        let issues = served.iter().filter(|(_, row)| is_odd(row.cents)).map(|(row, _)| issue(id, *row));
        staged.add(user(id), Table::Transactions, page.rows, issues.collect());
        staged.add(user(id), Table::Accounts, list.rows, Vec::new());
        staged.add(user(id), Table::Connections, connections.rows, Vec::new());
        staged.add(user(id), Table::ConnectionSources, connections.children.unwrap(), Vec::new());
        staged.finish(user(id));

        let today = time::paris_day(as_of);
        self.model.take(id, &accounts, &served, walked, (night, today));
        let proof = if act == Act::Delta { Proof::Delta } else { Proof::SingleResponse };
        Walked {
            mode: match act {
                Act::Delta => UnitMode::Delta,
                Act::Window(..) => UnitMode::Window,
                _ => UnitMode::Full,
            },
            proof,
            window,
            walk_start: as_of,
            full_walk_start: as_of,
            as_of,
            lacks: None,
            accounts: accounts
                .keys()
                .map(|id| AccountWalk {
                    account: AccountId::new(*id).unwrap(),
                    proof,
                    complete: true,
                    reason: None,
                })
                .collect(),
        }
    }
}
