//! All users of the domain. A user's holdings are built when first looked at, and may be forgotten and built
//! again: the seed and the nights since decide them alone.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::history::{Change, History, Kind};
use super::holdings::Holdings;
use super::rows::{Connector, User};
use crate::sandbox::clock::Clock;
use crate::sandbox::config::{Nights, SandboxConfig};
use crate::sandbox::generate::{self, Plan};
use crate::sandbox::night;
use crate::sandbox::render::account::user as write_user;
use crate::sandbox::render::json::Style;

/// Rows kept in memory for users that can be built again.
const KEPT_ROWS: usize = 300_000;

/// One user and, once looked at, what they have.
#[derive(Debug, Clone)]
pub(crate) struct Resident {
    pub(crate) index: u64,
    pub(crate) user: User,
    /// Built at this instant, before the night with this position.
    pub(crate) born: Timestamp,
    pub(crate) born_night: usize,
    pub(crate) holdings: Option<Box<Holdings>>,
    /// Touched by hand: cannot be built again from the seed.
    pub(crate) edited: bool,
    /// Starts with nothing at all.
    pub(crate) blank: bool,
}

/// When a night passed: all that is needed to replay it for one user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NightMark {
    pub(crate) day: u64,
    pub(crate) number: u64,
    pub(crate) now: Timestamp,
    pub(crate) nights: Nights,
}

/// The simulated domain.
#[derive(Debug)]
pub struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) nights: Nights,
    pub(crate) style: Style,
    pub(crate) clock: Clock,
    pub(crate) connectors: Vec<Connector>,
    pub(crate) residents: BTreeMap<i64, Resident>,
    pub(crate) next_index: u64,
    pub(crate) marks: Vec<NightMark>,
    pub(crate) user_changes: Vec<(i64, Change)>,
    /// Requests answered so far.
    pub(crate) number: u64,
    pub(crate) quiet: bool,
    order: VecDeque<i64>,
    rows_held: usize,
}

impl World {
    pub(crate) fn new(config: &SandboxConfig) -> Self {
        let plan = Plan::of(config);
        let mut world = Self {
            seed: config.seed,
            plan,
            nights: config.nights,
            style: Style { ascii: config.ascii_only },
            clock: Clock::new(config.start),
            connectors: generate::connectors(config.seed),
            residents: BTreeMap::new(),
            next_index: 0,
            marks: Vec::new(),
            user_changes: Vec::new(),
            number: 0,
            quiet: false,
            order: VecDeque::new(),
            rows_held: 0,
        };
        for _ in 0..config.users {
            let index = world.next_index;
            let signin = generate::signin(&world.plan, world.seed, index, config.start);
            world.settle(signin, false);
        }
        world
    }

    /// The sandbox's clock.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The ids of all users, ascending.
    #[must_use]
    pub fn users(&self) -> Vec<i64> {
        self.residents.keys().copied().collect()
    }

    /// The user with this id.
    #[must_use]
    pub fn user(&self, id: i64) -> Option<&User> {
        self.residents.get(&id).map(|resident| &resident.user)
    }

    /// The domain's connectors, by id.
    #[must_use]
    pub fn connectors(&self) -> &[Connector] {
        &self.connectors
    }

    /// What a user has; built when first asked for.
    pub fn holdings(&mut self, id: i64) -> Option<&Holdings> {
        self.build(id)?.holdings.as_deref()
    }

    /// What was where when, for one user's rows. `None` for a user that never was or is gone (see [`Self::user_history`]).
    pub fn history(&mut self, id: i64) -> Option<History> {
        self.holdings(id).map(Holdings::history)
    }

    /// What was when in the list of users.
    #[must_use]
    pub fn user_history(&self) -> History {
        let changes: Vec<Change> = self.user_changes.iter().map(|(_, change)| change.clone()).collect();
        History::new(
            &changes,
            self.residents
                .values()
                .map(|resident| (Kind::User, resident.user.id, self.user_text(&resident.user))),
        )
    }

    pub(crate) fn user_text(&self, user: &User) -> Box<str> {
        let mut out = Vec::new();
        write_user(&mut out, user, self.style);
        String::from_utf8_lossy(&out).into_owned().into_boxed_str()
    }

    /// Puts a new user in; returns the id.
    pub(crate) fn settle(&mut self, signin: Box<str>, blank: bool) -> i64 {
        let index = self.next_index;
        self.next_index += 1;
        let id = generate::user_id(self.seed, index);
        let user =
            User { id, signin: Some(signin), platform: Some("sharedAccess".into()), ..User::default() };
        let resident = Resident {
            index,
            user,
            born: self.clock.now(),
            born_night: self.marks.len(),
            holdings: None,
            edited: false,
            blank,
        };
        self.residents.insert(id, resident);
        id
    }

    pub(crate) fn note_user(&mut self, id: i64, before: Option<Box<str>>, after: Option<Box<str>>) {
        let change = Change { number: self.number, kind: Kind::User, id, before, after };
        self.user_changes.push((id, change));
    }

    /// What a user has, if it was built.
    pub(crate) fn built(&self, id: i64) -> Option<&Holdings> {
        self.residents.get(&id)?.holdings.as_deref()
    }

    /// Builds a user's holdings if they are not there.
    pub(crate) fn build(&mut self, id: i64) -> Option<&mut Resident> {
        if self.residents.get(&id)?.holdings.is_none() {
            self.make_room();
            let resident = self.residents.get_mut(&id)?;
            let mut holdings = if resident.blank {
                Holdings { user: id, ids: super::Ids::of(resident.index), ..Holdings::default() }
            } else {
                generate::holdings(&self.plan, self.seed, resident.index, id, resident.born, &self.connectors)
            };
            holdings.style = self.style;
            for mark in &self.marks[resident.born_night..] {
                night::pass(&mut holdings, self.seed, resident.index, *mark, &self.connectors);
            }
            self.rows_held += holdings.ledger.len();
            resident.holdings = Some(Box::new(holdings));
            self.order.push_back(id);
        }
        self.residents.get_mut(&id)
    }

    fn make_room(&mut self) {
        while self.rows_held > KEPT_ROWS {
            let Some(oldest) = self.order.pop_front() else {
                self.rows_held = 0;
                return;
            };
            let Some(resident) = self.residents.get_mut(&oldest) else { continue };
            let rows = resident.holdings.as_ref().map_or(0, |holdings| holdings.ledger.len());
            self.rows_held = self.rows_held.saturating_sub(rows);
            if !resident.edited {
                resident.holdings = None;
            }
        }
    }
}
