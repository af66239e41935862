//! The list of work: for each user what will be asked and why, computed from the list of users, the last snapshot
//! and the settings, before anything is fetched.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{UnitOutcome, UserId, Window, time};

use super::action::{Action, Why};
use super::estimate::{Estimate, Expected};
use super::previous::PreviousUnit;
use super::users::UserList;

/// Servers of one API may differ by so much; the margin of a delta walk is wider.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(1);

/// What the person asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RunMode {
    /// Deltas where they are enough, everything where it is due.
    #[default]
    Auto,
    /// Everything of everybody.
    Full,
    /// Deltas wherever they are enough, due or not.
    Incremental,
}

/// The settings that decide over the plan.
#[derive(Clone, Debug)]
pub struct PlanConfig {
    /// What the person asked for.
    pub mode: RunMode,
    /// Every user gets a full walk at least every so many days; 0 and 1 both mean every night.
    pub full_every_days: u32,
    /// The dates asked for; open when none were.
    pub window: Window,
    /// The users asked for; `None`: all.
    pub only: Option<BTreeSet<UserId>>,
    /// What is held cannot be built upon (another writer or schema): everybody is due a full walk.
    pub rewrite: bool,
    /// The users' tokens are at hand: none is minted and none revoked.
    pub stored_tokens: bool,
}

impl Default for PlanConfig {
    fn default() -> Self {
        Self {
            mode: RunMode::Auto,
            full_every_days: 7,
            window: Window::OPEN,
            only: None,
            rewrite: false,
            stored_tokens: false,
        }
    }
}

/// One user's line of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned {
    /// What will be asked.
    pub action: Action,
    /// Why.
    pub why: Why,
    /// What it will cost.
    pub estimate: Estimate,
}

/// The whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Every user that is listed or held.
    pub users: BTreeMap<UserId, Planned>,
    /// Users asked for by name who are neither listed nor held.
    pub unknown: Vec<UserId>,
}

impl Plan {
    /// What fetching will cost, the lists of the domain left out.
    #[must_use]
    pub fn estimate(&self) -> Estimate {
        self.users.values().map(|planned| planned.estimate).sum()
    }

    /// Puts in what is known better of some users' walks than the number of their rows.
    pub fn expect(&mut self, known: &BTreeMap<UserId, Expected>, stored_tokens: bool) {
        for (user, expected) in known {
            if let Some(planned) = self.users.get_mut(user) {
                planned.estimate = Estimate::expecting(planned.action, *expected, stored_tokens);
            }
        }
    }

    /// The users to fetch, in order.
    pub fn to_fetch(&self) -> impl Iterator<Item = (UserId, Action)> {
        self.users.iter().filter(|(_, planned)| planned.action.fetches()).map(|(user, p)| (*user, p.action))
    }
}

/// Settings that no plan can follow. Nothing has been requested of any user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Both a window and `--mode incremental`.
    #[error("--mode incremental takes no dates: a window is walked in full; leave one of them out")]
    WindowIncremental,
    /// The window would leave a hole.
    #[error(
        "the window asked for ({asked}) neither touches nor overlaps what is held of user {user} ({held}): \
         widen it so that no gap remains"
    )]
    Apart {
        /// The first such user.
        user: UserId,
        /// What is held.
        held: Window,
        /// What was asked for.
        asked: Window,
    },
}

/// Computes the plan.
///
/// # Errors
/// When settings contradict each other or what is held.
pub fn plan(
    list: &UserList,
    previous: &BTreeMap<UserId, PreviousUnit>,
    config: &PlanConfig,
) -> Result<Plan, PlanError> {
    if config.mode == RunMode::Incremental && !config.window.is_open() {
        return Err(PlanError::WindowIncremental);
    }
    let mut users = BTreeMap::new();
    for (user, listed) in &list.users {
        let held = previous.get(user);
        let (action, why) = if !selected(config, *user) {
            (if held.is_some() { Action::Keep } else { Action::Skip }, Why::NotSelected)
        } else {
            match held {
                None if listed.too_young => (Action::Skip, Why::TooYoung),
                None => (first_walk(config), Why::New),
                Some(held) => next_walk(*user, held, config, list.server_now)?,
            }
        };
        let estimate = Estimate::of(action, held, config.stored_tokens);
        users.insert(*user, Planned { action, why, estimate });
    }
    for user in previous.keys().filter(|user| !list.users.contains_key(user)) {
        let gone = Planned { action: Action::Gone, why: Why::Absent, estimate: Estimate::default() };
        users.insert(*user, gone);
    }
    let asked = config.only.iter().flatten();
    let unknown = asked.filter(|user| !users.contains_key(user)).copied().collect();
    Ok(Plan { users, unknown })
}

fn selected(config: &PlanConfig, user: UserId) -> bool {
    config.only.as_ref().is_none_or(|only| only.contains(&user))
}

fn first_walk(config: &PlanConfig) -> Action {
    let window = config.window;
    if window.is_open() { Action::Full { window } } else { Action::Window { window } }
}

fn next_walk(
    user: UserId,
    held: &PreviousUnit,
    config: &PlanConfig,
    now: Timestamp,
) -> Result<(Action, Why), PlanError> {
    let asked = config.window;
    if !asked.touches(&held.window) {
        return Err(PlanError::Apart { user, held: held.window, asked });
    }
    let window = asked.union(&held.window);
    let full = |why| Ok((Action::Full { window }, why));
    if config.mode == RunMode::Full && asked.is_open() {
        return full(Why::AskedFull);
    }
    if config.rewrite {
        return full(Why::Rewrite);
    }
    if held.outcome == UnitOutcome::Carried {
        return full(Why::Carried);
    }
    if !held.complete {
        return full(Why::Incomplete);
    }
    // A clock that was ahead when the last walk began has put its bound behind changes made since.
    if held.walk_start.duration_since(now) > CLOCKS_DIFFER {
        return full(Why::ClockWentBack);
    }
    if asked.is_open() {
        if !held.window.covers(&asked) {
            return full(Why::Narrower);
        }
        if held.null_last_update {
            return full(Why::NullLastUpdate);
        }
        if config.mode == RunMode::Auto && due(user, held.full_walk_start, config.full_every_days, now) {
            return full(Why::Due);
        }
        return Ok((Action::Delta, Why::Changes));
    }
    // A window alone leaves changes outside it to a delta walk, which rows without `last_update` escape.
    if held.null_last_update && !asked.covers(&held.window) {
        return full(Why::NullLastUpdate);
    }
    Ok((Action::Window { window: asked }, Why::AskedWindow))
}

/// Whether the user's full walk falls on this night, or is overdue.
fn due(user: UserId, last_full: Timestamp, every_days: u32, now: Timestamp) -> bool {
    let every = i64::from(every_days.max(1));
    let night = (i64::from(time::paris_day(now)) + user.get().rem_euclid(every)).rem_euclid(every) == 0;
    night || now.duration_since(last_full) > SignedDuration::from_hours(24 * every)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::structure::Structure;
    use super::super::users::Listed;
    use super::*;

    fn user(id: i64) -> UserId {
        UserId::new(id).unwrap()
    }

    fn now() -> Timestamp {
        "2026-11-22T02:00:00Z".parse().unwrap()
    }

    fn list(users: &[(i64, bool)]) -> UserList {
        let listed = |too_young| Listed { signin: None, too_young };
        UserList::of(users.iter().map(|(id, young)| (user(*id), listed(*young))).collect(), now())
    }

    fn held() -> PreviousUnit {
        let last_night = now() - SignedDuration::from_hours(24);
        PreviousUnit {
            outcome: UnitOutcome::Complete,
            complete: true,
            window: Window::OPEN,
            walk_start: last_night,
            full_walk_start: last_night,
            rows: 10,
            null_last_update: false,
            archived_empty: 0,
            live_empty: false,
            structure: Structure::default(),
        }
    }

    /// A user whose full walk does not fall on this night with the default of seven days.
    fn quiet_user() -> UserId {
        (1..8).map(user).find(|user| !due(*user, now(), 7, now())).unwrap()
    }

    fn planned(unit: PreviousUnit, config: &PlanConfig) -> Result<(Action, Why), PlanError> {
        let user = quiet_user();
        let plan = plan(&list(&[(user.get(), false)]), &BTreeMap::from([(user, unit)]), config)?;
        Ok((plan.users[&user].action, plan.users[&user].why))
    }

    const OPEN_FULL: Action = Action::Full { window: Window::OPEN };

    #[test]
    fn new_users_are_walked_young_ones_are_not_and_absent_ones_leave() {
        let previous = BTreeMap::from([(user(3), held()), (user(4), held())]);
        let plan =
            plan(&list(&[(1, false), (2, true), (4, true)]), &previous, &PlanConfig::default()).unwrap();
        assert_eq!(plan.users[&user(1)].action, OPEN_FULL);
        assert_eq!((plan.users[&user(2)].action, plan.users[&user(2)].why), (Action::Skip, Why::TooYoung));
        assert_eq!(plan.users[&user(3)].action, Action::Gone);
        assert!(plan.users[&user(4)].action.fetches(), "a user who is held has had a token before");
        assert_eq!(plan.to_fetch().count(), 2);
    }

    #[test]
    fn a_complete_user_gets_a_delta_walk_and_others_everything() {
        let config = PlanConfig::default();
        assert_eq!(planned(held(), &config), Ok((Action::Delta, Why::Changes)));
        let carried = PreviousUnit { outcome: UnitOutcome::Carried, ..held() };
        assert_eq!(planned(carried, &config), Ok((OPEN_FULL, Why::Carried)));
        let kept = PreviousUnit { outcome: UnitOutcome::Kept, ..held() };
        assert_eq!(planned(kept, &config), Ok((Action::Delta, Why::Changes)));
        let incomplete = PreviousUnit { complete: false, ..held() };
        assert_eq!(planned(incomplete, &config), Ok((OPEN_FULL, Why::Incomplete)));
        let null = PreviousUnit { null_last_update: true, ..held() };
        assert_eq!(planned(null, &config), Ok((OPEN_FULL, Why::NullLastUpdate)));
        let ahead = PreviousUnit { walk_start: now() + SignedDuration::from_hours(2), ..held() };
        assert_eq!(planned(ahead, &config), Ok((OPEN_FULL, Why::ClockWentBack)));
        let full = PlanConfig { mode: RunMode::Full, ..config.clone() };
        assert_eq!(planned(held(), &full), Ok((OPEN_FULL, Why::AskedFull)));
        let rewrite = PlanConfig { rewrite: true, ..config };
        assert_eq!(planned(held(), &rewrite), Ok((OPEN_FULL, Why::Rewrite)));
    }

    #[test]
    fn every_user_is_due_once_in_seven_nights_and_when_overdue() {
        for id in [1, 7, i64::MAX] {
            let nights = (0..7).filter(|night| {
                let now = now() + SignedDuration::from_hours(24 * night);
                due(user(id), now, 7, now)
            });
            assert_eq!(nights.count(), 1, "user {id}");
        }
        let overdue =
            PreviousUnit { full_walk_start: now() - SignedDuration::from_hours(24 * 7 + 1), ..held() };
        assert_eq!(planned(overdue.clone(), &PlanConfig::default()), Ok((OPEN_FULL, Why::Due)));
        let incremental = PlanConfig { mode: RunMode::Incremental, ..PlanConfig::default() };
        assert_eq!(planned(overdue, &incremental), Ok((Action::Delta, Why::Changes)));
        let nightly = PlanConfig { full_every_days: 1, ..PlanConfig::default() };
        assert_eq!(planned(held(), &nightly), Ok((OPEN_FULL, Why::Due)));
    }

    #[test]
    fn windows_must_touch_what_is_held() {
        let window = |from, to| Window::new(from, to).unwrap();
        let year = |year| window(Some(date(year, 1, 1)), Some(date(year, 12, 31)));
        let config = |window| PlanConfig { window, ..PlanConfig::default() };
        let held_2025 = || PreviousUnit { window: year(2025), ..held() };
        assert_eq!(
            planned(held_2025(), &config(year(2024))),
            Ok((Action::Window { window: year(2024) }, Why::AskedWindow))
        );
        assert!(matches!(planned(held_2025(), &config(year(2020))), Err(PlanError::Apart { .. })));
        assert_eq!(planned(held_2025(), &config(Window::OPEN)), Ok((OPEN_FULL, Why::Narrower)));
        let carried = PreviousUnit { outcome: UnitOutcome::Carried, ..held_2025() };
        let both = window(Some(date(2024, 1, 1)), Some(date(2025, 12, 31)));
        assert_eq!(planned(carried, &config(year(2024))), Ok((Action::Full { window: both }, Why::Carried)));
        let incremental = PlanConfig { mode: RunMode::Incremental, ..config(year(2025)) };
        assert_eq!(planned(held(), &incremental), Err(PlanError::WindowIncremental));
    }

    #[test]
    fn a_window_is_not_enough_where_changes_outside_it_would_not_show() {
        let config = PlanConfig {
            window: Window::new(Some(date(2026, 11, 1)), None).unwrap(),
            ..PlanConfig::default()
        };
        let null = PreviousUnit { null_last_update: true, ..held() };
        assert_eq!(planned(null.clone(), &config), Ok((OPEN_FULL, Why::NullLastUpdate)));
        let no_more = PreviousUnit { window: config.window, ..null };
        let asked = Action::Window { window: config.window };
        assert_eq!(planned(no_more, &config), Ok((asked, Why::AskedWindow)), "nothing is held outside it");
    }

    #[test]
    fn users_not_asked_for_are_kept() {
        let config = PlanConfig { only: Some(BTreeSet::from([user(1), user(9)])), ..PlanConfig::default() };
        let previous = BTreeMap::from([(user(2), held())]);
        let plan = plan(&list(&[(1, false), (2, false), (3, false)]), &previous, &config).unwrap();
        assert_eq!(plan.users[&user(1)].action, OPEN_FULL);
        assert_eq!(plan.users[&user(2)].action, Action::Keep);
        assert_eq!((plan.users[&user(3)].action, plan.users[&user(3)].why), (Action::Skip, Why::NotSelected));
        assert_eq!(plan.unknown, [user(9)]);
        assert_eq!(plan.estimate().requests, plan.users[&user(1)].estimate.requests);
    }
}
