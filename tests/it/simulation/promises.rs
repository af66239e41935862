//! What holds of every snapshot, whatever the bank did: dates held, reasons given, what must be refused, walks in full.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use powens_export::sandbox::{Endpoint, Kind};

use super::cells::Cell;
use super::judge::{Memory, Run, covers, inside};
use super::lake::{Findings, Published, Unit};
use super::schedule::Order;
use super::trouble::Fate;

/// How old staged work may be, with an hour for what the bank's clock moves under a run.
const STAGED: SignedDuration = SignedDuration::from_hours(25);

impl Run<'_> {
    /// Of one user and how they ended.
    pub(super) fn promised(&self, user: i64, unit: &Unit, memory: &Memory, findings: &mut Findings) {
        let before = self.before.and_then(|before| before.units().remove(&user));
        self.dates_are_held(user, unit, findings);
        if let Some(before) = &before {
            reason_is_as_old(user, unit, before, findings);
            if unit.holds() && before.holds() && !covers(&unit.window, &before.window) {
                findings
                    .push(format!("{:?} is held of user {user}, and was {:?}", unit.window, before.window));
            }
        }
        if unit.outcome == "gone" && !self.after.table("users").of("id", user).is_empty() {
            findings.push(format!("user {user} is gone and stands in the table users"));
        }
        self.lost_says_why(user, unit, findings);
        self.left_is_gone(user, unit, findings);
        if unit.outcome == "complete" {
            self.not_too_old(user, memory, findings);
            if let Some(before) =
                before.filter(|before| before.holds() && apart(&before.window, &self.window))
            {
                let (held, asked) = (&before.window, &self.window);
                findings
                    .push(format!("{asked:?} was fetched of user {user}, {held:?} is held: there is a gap"));
            }
            self.balance_is_of_today(user, findings);
        }
    }

    /// Of the snapshot as a whole.
    pub(super) fn may_be_published(&self, findings: &mut Findings) {
        let Some(before) = self.before.filter(|_| !self.shrink_accepted) else { return };
        for table in ["accounts", "transactions"] {
            let ((live, deleted), (live_now, deleted_now)) =
                (counts(before, table), counts(self.after, table));
            let lost = live.saturating_sub(live_now).saturating_sub(deleted_now.saturating_sub(deleted));
            if lost * 5 > live {
                findings
                    .push(format!("published although {lost} of {live} {table} are gone without a trace"));
            }
        }
    }

    fn dates_are_held(&self, user: i64, unit: &Unit, findings: &mut Findings) {
        let sheet = self.after.table("transactions");
        let outside = |row: &&Vec<Cell>| !inside(&unit.window, row[sheet.at("date")].as_deref());
        if unit.holds() && sheet.of("id_user", user).iter().any(outside) {
            findings.push(format!("rows of user {user} lie outside {:?}, which is held", unit.window));
        }
    }

    /// The user whose answers were bad is not complete, and the reason fits.
    fn lost_says_why(&self, user: i64, unit: &Unit, findings: &mut Findings) {
        if *self.fate != Fate::OneLost(user) || self.reasons.is_empty() {
            return;
        }
        let fits = unit.reason.as_deref().is_some_and(|reason| self.reasons.contains(&reason));
        let is_there = self.sandbox.with_world(|world| world.user(user).is_some());
        if is_there && !(fits && matches!(unit.outcome.as_str(), "carried" | "failed")) {
            let (outcome, reason) = (&unit.outcome, &unit.reason);
            findings.push(format!("user {user} is {outcome} ({reason:?}) after answers that are no use"));
        }
    }

    /// Who was refused because they had left is gone.
    fn left_is_gone(&self, user: i64, unit: &Unit, findings: &mut Findings) {
        const REFUSED: &[&str] = &["not_found", "unauthorized", "forbidden", "renew_refused"];
        let refused = matches!(unit.outcome.as_str(), "carried" | "failed")
            && unit.reason.as_deref().is_some_and(|reason| REFUSED.contains(&reason));
        let asked =
            self.requests().filter(|record| record.user == Some(user)).map(|record| record.number).last();
        let left = asked.is_some_and(|last| self.people.absent(Kind::User, user, last, self.span.last));
        if refused && left {
            findings.push(format!("user {user} has left and is {} ({:?})", unit.outcome, unit.reason));
        }
    }

    /// Everything was walked when that was asked for or due, and nothing that was staged long ago is used.
    fn not_too_old(&self, user: i64, memory: &Memory, findings: &mut Findings) {
        if self.sandbox.history(user).is_none() {
            // Who has left meanwhile was not held against anything.
            return;
        }
        let now = self.began;
        let day = SignedDuration::from_hours(24);
        let full = memory.full_at(user).unwrap_or(Timestamp::MIN);
        let due = match self.order {
            Order::Full => Some(STAGED),
            Order::Auto(days) => Some(day * i32::try_from(days).unwrap() + SignedDuration::from_hours(1)),
            Order::Window(..) | Order::OneUser => None,
        };
        if due.is_some_and(|due| now.duration_since(full) > due) {
            findings.push(format!("user {user} was last walked whole at {full}, now is {now}"));
        }
        if memory.walked_at(user).is_none_or(|walked| now.duration_since(walked) > STAGED) {
            findings.push(format!("user {user} is complete by a walk of {:?}", memory.walked_at(user)));
        }
    }

    /// A fetched account has a balance of the Paris day on which it was fetched.
    fn balance_is_of_today(&self, user: i64, findings: &mut Findings) {
        if !self.failed.is_empty() {
            // What was staged may be of another day.
            return;
        }
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let ended = self.sandbox.with_world(|world| world.clock().now());
        let days = [self.began, ended].map(|at| Some(at.to_zoned(paris.clone()).date().to_string()));
        let balances = self.after.table("balances");
        for account in self.after.table("accounts").of("id_user", user) {
            let id = account[self.after.table("accounts").at("id")].as_deref().unwrap().parse().unwrap();
            let latest =
                balances.of("id_account", id).into_iter().map(|row| row[balances.at("day")].clone()).max();
            if !latest.as_ref().is_some_and(|day| days.contains(day)) {
                findings.push(format!("the balance of account {id} is of {latest:?}, and today is {days:?}"));
            }
        }
    }

    fn requests(&self) -> impl Iterator<Item = &powens_export::sandbox::RequestRecord> {
        self.log.iter().filter(|record| self.span.has(record))
    }
}

/// What was wrong stays named until it is mended, and is as old as its beginning.
fn reason_is_as_old(user: i64, unit: &Unit, before: &Unit, findings: &mut Findings) {
    let same = (&unit.reason, &unit.since) == (&before.reason, &before.since);
    let wrong = match unit.outcome.as_str() {
        "kept" => !same,
        "carried" | "failed" => {
            before.reason.is_some() && before.outcome != "gone" && unit.since != before.since
        }
        _ => false,
    };
    if wrong {
        let ((was, since), (is, now)) = ((&before.reason, &before.since), (&unit.reason, &unit.since));
        findings
            .push(format!("user {user} lacks {is:?} since {now:?}; before it was {was:?} since {since:?}"));
    }
}

/// Live rows and deleted ones.
fn counts(snapshot: &Published, table: &str) -> (usize, usize) {
    let sheet = snapshot.table(table);
    if sheet.columns.is_empty() {
        return (0, 0);
    }
    let deleted = sheet.rows.iter().filter(|row| row[sheet.at("deleted")].is_some()).count();
    (sheet.rows.len() - deleted, deleted)
}

/// Whether a day lies between two windows.
pub(super) fn apart(one: &(Cell, Cell), other: &(Cell, Cell)) -> bool {
    let date = |text: &Cell| text.as_deref().map(|text| text.parse::<Date>().unwrap());
    let behind = |end: &Cell, start: &Cell| {
        date(end).zip(date(start)).is_some_and(|(end, start)| end.tomorrow().unwrap() < start)
    };
    behind(&one.1, &other.0) || behind(&other.1, &one.0)
}

/// Tokens minted for a user: the first, and one after a refusal.
pub(super) fn renewals(requests: &[powens_export::sandbox::RequestRecord], findings: &mut Findings) {
    let minted = requests.iter().filter(|record| {
        record.endpoint == Endpoint::Renew && record.fault.is_none() && record.status == 200
    });
    let mut users: Vec<i64> = minted.filter_map(|record| record.user).collect();
    users.sort_unstable();
    if let Some(three) = users.windows(3).find(|three| three[0] == three[2]) {
        findings.push(format!("user {} was given more than two tokens", three[0]));
    }
}
