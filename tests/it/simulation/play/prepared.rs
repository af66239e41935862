//! What goes wrong in the run about to begin.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use fastrand::Rng;
use powens_export::export::Cancel;
use powens_export::sandbox::{On, Paging, RequestRecord, Rule};

use super::super::bank;
use super::super::cells::Cell;
use super::super::schedule::{Night, Order};
use super::super::trouble::{self, Fate, Trouble};
use super::{Playing, somebody};

/// A run about to begin.
pub(super) struct Prepared {
    pub(super) troubles: Vec<Trouble>,
    pub(super) fate: Fate,
    pub(super) only: Option<i64>,
    pub(super) window: (Cell, Cell),
    pub(super) cancel: Cancel,
    /// Data move under the run.
    pub(super) moving: bool,
}

impl Playing<'_> {
    /// Decides what goes wrong in a run, and tells the sandbox.
    pub(super) fn prepare(&self, night: &Night) -> Prepared {
        let mut rng = Rng::with_seed(night.seed ^ 1);
        let users = self.sandbox.with_world(|world| world.users());
        let cancel = Cancel::new();
        let mut troubles: Vec<Trouble> = (0..night.troubles)
            .map(|_| trouble::random(&mut rng, &users, self.schedule.total_tells()))
            .collect();
        // A token that is refused twice is the user's failure.
        troubles.dedup_by(|one, other| one.class == "one 401" && other.class == one.class);
        // One trouble that stops the run, or one poisoned user, is enough to judge by.
        if let Some(worst) = troubles.iter().position(|trouble| trouble.fate != Fate::Healed) {
            troubles = vec![troubles.swap_remove(worst)];
        }
        let mut fate = troubles.first().map_or(Fate::Healed, |trouble| trouble.fate.clone());
        for ruling in troubles.iter().flat_map(|trouble| &trouble.rules) {
            self.sandbox.inject(ruling.rule());
        }
        if fate == Fate::Cancelled {
            let cancel = cancel.clone();
            self.sandbox.inject(Rule::on(On::Any).after(rng.u64(0..40)).change(move |_| cancel.cancel()));
        }
        if let Some((chance, until)) = night.churn {
            self.stir_under_way(rng.fork(), chance, until);
            if matches!(fate, Fate::Healed | Fate::OneLost(_)) {
                fate = Fate::Doubtful;
            }
        }
        let day = |back: Option<i32>| {
            back.map(|back| self.sandbox.with_world(|world| world.day(-back).into_string()))
        };
        let window = match night.order {
            Order::Window(from, to) => (day(from), day(to)),
            _ => (None, None),
        };
        let only =
            (night.order == Order::OneUser && !users.is_empty()).then(|| users[rng.usize(..users.len())]);
        Prepared { troubles, fate, only, window, cancel, moving: night.churn.is_some() }
    }

    /// Changes between two requests of the run.
    fn stir_under_way(&self, mut rng: Rng, chance: f64, until: u64) {
        let (habits, changes) = (self.habits.clone(), Arc::clone(&self.changes));
        // Rows that only go move all that follow, and the number of those received still agrees with `total`.
        let purge = habits.hard && rng.clone().u8(..3) == 0;
        let mut requests = 0;
        self.sandbox.inject(Rule::on(On::Any).always().change(move |world| {
            requests += 1;
            if requests > until || rng.f64() >= chance {
                return;
            }
            changes.fetch_add(1, Relaxed);
            let Some(user) = somebody(world, &mut rng) else { return };
            match rng.u8(..40) {
                0 => bank::rearrange(world, &mut rng, user),
                1 | 2 => bank::come_and_go(world, &mut rng),
                _ if purge => bank::purge(world, &habits),
                _ => bank::stir(world, &mut rng, user, &habits),
            }
        }));
    }

    /// What can become of the run, once it is known what it asked for.
    pub(super) fn settle(&self, prepared: &mut Prepared, night: &Night, requests: &[RequestRecord]) {
        if matches!(prepared.fate, Fate::Stopped(_)) && requests.iter().all(|record| record.fault.is_none()) {
            // What would have stopped the run was never asked for: a token for anybody, where all units were staged.
            prepared.fate = Fate::Healed;
        }
        if let Fate::ManyLost(users) = &prepared.fate {
            let spoiled = |record: &&RequestRecord| record.fault.is_some() && record.user.is_some();
            let lost: BTreeSet<_> =
                requests.iter().filter(spoiled).filter_map(|record| record.user).collect();
            let many = users.iter().filter(|user| lost.contains(user)).count() > 1;
            prepared.fate = match (many, night.churn) {
                (true, None) => Fate::Stopped(4),
                // One of them may have left meanwhile.
                (true, Some(_)) => Fate::MayStop(4),
                (false, _) => Fate::Doubtful,
            };
        }
        if let Fate::OneLost(user) = prepared.fate
            && !requests.iter().any(|record| record.user == Some(user) && self.spoils(record))
        {
            prepared.fate = Fate::Healed;
        }
    }

    /// Whether a fault did anything: of an API without links nothing is bent, nor of "no account".
    fn spoils(&self, record: &RequestRecord) -> bool {
        let bent = record.fault.as_deref() == Some("Next");
        record.fault.is_some()
            && !(bent && (self.schedule.api.paging == Paging::NoLinks || record.status != 200))
    }
}

impl Prepared {
    /// The classes of what goes wrong.
    pub(super) fn classes(&self, night: &Night) -> Vec<&'static str> {
        let mut classes: Vec<&'static str> = self.troubles.iter().map(|trouble| trouble.class).collect();
        if night.churn.is_some() {
            classes.push("(data that moves)");
        }
        if classes.is_empty() {
            classes.push("(nothing)");
        }
        classes
    }
}
