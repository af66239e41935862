//! What the rows of the last snapshot say of the walks to come: how many rows each will bring. Read for a plan only: a run
//! finds out by walking.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::RecordBatch;
use jiff::Timestamp;

use crate::encode::ParquetReader;
use crate::extract::{Action, Bounds, Expected, Plan, PreviousUnit};
use crate::lake::{LakeError, Snapshot};
use crate::model::{UnitOutcome, UserId, Window, time};
use crate::table::Table;
use crate::table::column::{at, day, number, when};

const COLUMNS: &[&str] = &["id_user", "id_account", "date", "last_update"];

/// What is counted for one user.
#[derive(Debug)]
struct Counted {
    window: Window,
    bounds: Bounds,
    /// Whether changes are asked for, too.
    changes: bool,
    rows: u64,
    changed: u64,
    fresh: u64,
    /// Rows without a date: no walk by dates shows them.
    undated: u64,
    /// Accounts that the walk brings a row of.
    seen: BTreeSet<i64>,
}

/// What the walks of the users to fetch will bring, where the snapshot tells.
pub(super) fn take(
    snapshot: &Snapshot,
    previous: &BTreeMap<UserId, PreviousUnit>,
    plan: &Plan,
    now: Timestamp,
) -> Result<BTreeMap<UserId, Expected>, LakeError> {
    let mut counts = BTreeMap::new();
    for (user, action) in plan.to_fetch() {
        let Some(held) = previous.get(&user) else { continue };
        let window = match action {
            Action::Full { window } | Action::Window { window } => window,
            _ => held.window,
        };
        let bounds = Bounds::of(held.walk_start, now);
        let changes = !matches!(action, Action::Full { .. });
        counts.insert(user.get(), Counted::nothing(window, bounds, changes));
    }
    for file in snapshot.parquet_files(Table::Transactions) {
        for batch in ParquetReader::open(&file.path.under(&snapshot.folder), Some(COLUMNS))? {
            count(&mut counts, &batch?);
        }
    }
    let mut expected = BTreeMap::new();
    for (user, action) in plan.to_fetch() {
        if let (Some(held), Some(counted)) = (previous.get(&user), counts.remove(&user.get())) {
            expected.insert(user, counted.expected(action, held));
        }
    }
    Ok(expected)
}

fn count(counts: &mut BTreeMap<i64, Counted>, rows: &RecordBatch) {
    let (Some(users), Some(accounts), Some(dates), Some(updates)) =
        (number(rows, "id_user"), number(rows, "id_account"), day(rows, "date"), when(rows, "last_update"))
    else {
        return;
    };
    for row in 0..rows.num_rows() {
        let Some(counted) = at(users, row).and_then(|user| counts.get_mut(&user)) else { continue };
        let date = at(dates, row).and_then(time::date_of);
        // A walk of all dates asks for those since 1900: a row without one is in no window.
        let inside = date.is_some() && counted.window.contains(date);
        let update = at(updates, row);
        let changed = update.is_some_and(|update| update > counted.bounds.run);
        counted.rows += u64::from(inside);
        counted.changed += u64::from(changed);
        counted.fresh += u64::from(update.is_some_and(|update| update > counted.bounds.pass));
        counted.undated += u64::from(date.is_none());
        if inside || (changed && counted.changes) {
            counted.seen.extend(at(accounts, row));
        }
    }
}

impl Counted {
    const fn nothing(window: Window, bounds: Bounds, changes: bool) -> Self {
        Self { window, bounds, changes, rows: 0, changed: 0, fresh: 0, undated: 0, seen: BTreeSet::new() }
    }

    fn expected(&self, action: Action, held: &PreviousUnit) -> Expected {
        // What failed or was incomplete last time is known as it was before that.
        let current = held.complete && held.outcome != UnitOutcome::Carried;
        let all_held = match action {
            Action::Delta => true,
            _ => held.window.covers(&self.window),
        };
        // With rows that no window shows, the proof of several pages costs walks without dates.
        let shown = self.undated == 0 || self.rows <= Expected::default().page;
        Expected {
            rows: self.rows,
            changed: self.changes.then_some(self.changed),
            fresh: self.fresh,
            archived: held.structure.archived().filter(|account| !self.seen.contains(account)).count() as u64,
            empty: held.structure.live().any(|account| !self.seen.contains(&account)),
            exact: current && all_held && shown,
            ..Expected::default()
        }
    }
}
