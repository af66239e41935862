//! Holds a published snapshot against the bank's own history. Knows what was served when and what the contract
//! promises; knows nothing of how the exporter works.

mod manifest;

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use powens_export::sandbox::{Endpoint, History, Kind, RequestRecord, Sandbox};

use super::cells::{Cell, Want, wanted};
use super::lake::{Findings, Published, Sheet, Unit};
use super::schedule::Order;
use super::trouble::Fate;

/// The tables that hold a user's rows, and the column that names the user.
const OWNED: &[&str] =
    &["transactions", "accounts", "connections", "connection_sources", "balances", "coverage"];

/// Requests by their numbers, first and last included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Span {
    pub(super) fn has(self, record: &RequestRecord) -> bool {
        (self.first..=self.last).contains(&record.number)
    }
}

/// A run that has ended, seen from outside.
pub(super) struct Run<'a> {
    pub(super) sandbox: &'a Sandbox,
    /// Every request so far.
    pub(super) log: &'a [RequestRecord],
    /// The requests of this run.
    pub(super) span: Span,
    /// The spans of the runs since the last snapshot that published nothing.
    pub(super) failed: &'a [Span],
    pub(super) order: Order,
    /// The one user asked for, if any.
    pub(super) only: Option<i64>,
    /// First and last date asked for.
    pub(super) window: (Cell, Cell),
    pub(super) fate: &'a Fate,
    pub(super) before: Option<&'a Published>,
    pub(super) after: &'a Published,
    /// Rows that changed without their `last_update`.
    pub(super) hushed: &'a BTreeSet<i64>,
    /// Whether the user's list shows the rows of archived accounts.
    pub(super) archived_shown: bool,
    /// What was when in the list of users.
    pub(super) people: &'a History,
    /// When the run began, on the bank's clock.
    pub(super) began: Timestamp,
    /// Why the one user who is lost may be said to be.
    pub(super) reasons: &'static [&'static str],
    /// The operator allows that rows and accounts are gone.
    pub(super) shrink_accepted: bool,
}

/// What the judge remembers from run to run: the first request of each user's last full walk and of the last of any kind,
/// with their times.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    full_since: BTreeMap<i64, (u64, Timestamp)>,
    walked: BTreeMap<i64, Timestamp>,
}

impl Memory {
    pub(super) fn full_at(&self, user: i64) -> Option<Timestamp> {
        self.full_since.get(&user).map(|(_, at)| *at)
    }

    pub(super) fn walked_at(&self, user: i64) -> Option<Timestamp> {
        self.walked.get(&user).copied()
    }
}

/// What a verdict counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Verdict {
    pub(super) findings: Findings,
    /// Rows that had to be there, and were.
    pub(super) rows: usize,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    pub(super) altered: usize,
    pub(super) incomplete: usize,
    pub(super) complete: usize,
}

impl Run<'_> {
    pub(super) fn judge(&self, memory: &mut Memory) -> Verdict {
        let mut verdict = Verdict::default();
        let units = self.after.units();
        let listing = self.span_of(self.span, None, &[Endpoint::Users]).unwrap_or(self.span);
        let people = self.people;
        for user in people.ids(Kind::User) {
            let always = people.existed(Kind::User, user, listing.first, listing.last);
            let never = people.absent(Kind::User, user, self.span.first, self.span.last);
            match units.get(&user) {
                None if always => {
                    verdict.findings.push(format!("user {user} is listed and is not accounted for"))
                }
                Some(unit) if always && unit.outcome == "gone" => {
                    verdict.findings.push(format!("user {user} is listed and called gone"));
                }
                Some(unit) if never && !matches!(unit.outcome.as_str(), "gone") => {
                    verdict.findings.push(format!("user {user} has left and is {}", unit.outcome));
                }
                _ => {}
            }
            if always != (self.after.table("users").of("id", user).len() == 1) && (always || never) {
                verdict
                    .findings
                    .push(format!("user {user} is not in the table users as often as in the list"));
            }
            if never
                || units
                    .get(&user)
                    .is_none_or(|unit| matches!(unit.outcome.as_str(), "failed" | "skipped" | "gone"))
            {
                self.nothing_of(user, &mut verdict.findings);
            }
        }
        for (user, unit) in &units {
            match unit.outcome.as_str() {
                "complete" => {
                    verdict.complete += 1;
                    self.complete(*user, unit, memory, &mut verdict);
                }
                "carried" | "kept" => self.unchanged(*user, &mut verdict.findings),
                _ => {}
            }
            if matches!(unit.outcome.as_str(), "carried" | "failed") {
                verdict.incomplete += 1;
            }
            self.outcome_is_right(*user, unit, people, listing, &mut verdict.findings);
            self.promised(*user, unit, memory, &mut verdict.findings);
        }
        self.may_be_published(&mut verdict.findings);
        self.manifest_agrees(&units, &mut verdict.findings);
        self.changes_agree(&mut verdict.findings);
        verdict
    }

    /// From the first to the last request of this span to some endpoints, about one user or anybody.
    fn span_of(&self, span: Span, user: Option<i64>, endpoints: &[Endpoint]) -> Option<Span> {
        let own = |record: &&RequestRecord| {
            span.has(record)
                && (user.is_none() || record.user == user)
                && endpoints.contains(&record.endpoint)
        };
        let mut numbers = self.log.iter().filter(own).map(|record| record.number);
        let first = numbers.next()?;
        Some(Span { first, last: numbers.next_back().unwrap_or(first) })
    }

    fn nothing_of(&self, user: i64, findings: &mut Findings) {
        for table in OWNED {
            let rows = self.after.table(table).of("id_user", user).len();
            if rows > 0 {
                findings.push(format!("{rows} rows of user {user} in {table}, who has none to show"));
            }
        }
    }

    /// A user who was not fetched: every row as it was.
    fn unchanged(&self, user: i64, findings: &mut Findings) {
        let Some(before) = self.before else {
            findings.push(format!("user {user} is carried or kept from nowhere"));
            return;
        };
        for table in OWNED.iter().filter(|table| **table != "coverage") {
            if before.table(table).of("id_user", user) != self.after.table(table).of("id_user", user) {
                findings.push(format!("user {user} was not fetched, and rows of {table} changed"));
            }
        }
    }

    /// Whether a user may have ended so, given what went wrong.
    fn outcome_is_right(
        &self,
        user: i64,
        unit: &Unit,
        people: &History,
        listing: Span,
        findings: &mut Findings,
    ) {
        let outcome = unit.outcome.as_str();
        let selected = self.only.is_none_or(|only| only == user);
        let there = people.existed(Kind::User, user, listing.first, self.span.last);
        let spared = match self.fate {
            Fate::Healed => true,
            Fate::OneLost(lost) => *lost != user,
            _ => false,
        };
        let wrong = match outcome {
            // Who failed before and was not asked for now is still missing, and still named.
            "failed" if !selected => self.before.and_then(|b| b.units().remove(&user)).as_ref() != Some(unit),
            "carried" | "failed" => !selected || (spared && there),
            "complete" => !selected,
            "kept" => selected && there,
            "skipped" => selected && there && !self.young(user),
            _ => false,
        };
        if wrong {
            let reason = &unit.reason;
            findings.push(format!("user {user} is {outcome} ({reason:?}); what went wrong: {:?}", self.fate));
        }
    }

    /// Whether a user had signed in less than two hours ago when the run began: by a clock of Paris that is read as UTC,
    /// which makes them up to two hours younger.
    fn young(&self, user: i64) -> bool {
        let earlier =
            self.began.to_zoned(TimeZone::get("Europe/Paris").unwrap()) - SignedDuration::from_hours(4);
        let earlier = earlier.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let signin = self.sandbox.with_world(|world| world.user(user).and_then(|user| user.signin.clone()));
        signin.is_some_and(|signin| *signin > *earlier)
    }

    /// A user said to be complete: every row that was there all the time, each row as it was at some instant.
    fn complete(&self, user: i64, unit: &Unit, memory: &mut Memory, verdict: &mut Verdict) {
        const WALKS: &[Endpoint] = &[Endpoint::Transactions, Endpoint::AccountTransactions];
        let spans = std::iter::once(self.span).chain(self.failed.iter().rev().copied());
        let walked = spans.into_iter().find_map(|span| Some((span, self.span_of(span, Some(user), WALKS)?)));
        let Some((span, walk)) = walked else {
            verdict.findings.push(format!("user {user} is complete without a walk"));
            return;
        };
        let Some(history) = self.sandbox.history(user) else { return };
        if !covers(&unit.window, &self.window) {
            let (held, asked) = (&unit.window, &self.window);
            verdict
                .findings
                .push(format!("user {user} is complete with {held:?} where {asked:?} was asked for"));
        }
        let in_full = self.log.iter().any(|record| {
            walk.has(record)
                && record.user == Some(user)
                && record.endpoint == Endpoint::Transactions
                && record.query.contains("limit=1000")
                && !record.query.contains("last_update=")
        });
        let whole = in_full && !matches!(self.order, Order::Window(..));
        // A window walk of a user of whom nothing was held is a full walk of that window.
        let new = self.before.is_none_or(|before| before.table("accounts").of("id_user", user).is_empty());
        let at =
            self.log.iter().find(|record| record.number == walk.first).map_or(self.began, |record| record.at);
        memory.walked.insert(user, at);
        if whole || new || !memory.full_since.contains_key(&user) {
            memory.full_since.insert(user, (walk.first, at));
        }
        let (since, _) = memory.full_since[&user];
        let fresh = |date: Option<&str>| whole || (in_full && inside(&self.window, date));
        self.rows(user, unit, &history, walk, since, &fresh, verdict);
        let lists = self.span_of(span, Some(user), &[Endpoint::Connections, Endpoint::Accounts]);
        let lists = lists.unwrap_or(walk);
        self.listed(user, "accounts", Kind::Account, &history, lists, &mut verdict.findings);
        self.listed(user, "connections", Kind::Connection, &history, lists, &mut verdict.findings);
        self.derived(user, &mut verdict.findings);
        self.balances(user, &mut verdict.findings);
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one walk")]
    fn rows(
        &self,
        user: i64,
        unit: &Unit,
        history: &History,
        walk: Span,
        since: u64,
        fresh: &dyn Fn(Option<&str>) -> bool,
        verdict: &mut Verdict,
    ) {
        let sheet = self.after.table("transactions");
        let Span { first, last } = walk;
        let settled = self.settled(user, walk);
        let held: Vec<&Vec<Cell>> = sheet.of("id_user", user);
        let mut by_id: BTreeMap<i64, Vec<&Vec<Cell>>> = BTreeMap::new();
        for row in held {
            by_id.entry(row[sheet.at("id")].as_deref().unwrap().parse().unwrap()).or_default().push(row);
        }
        let known: BTreeSet<i64> =
            history.ids(Kind::Transaction).into_iter().chain(by_id.keys().copied()).collect();
        for id in known {
            let versions = history.versions(Kind::Transaction, id, first, last);
            let rows = by_id.get(&id).map_or(&[][..], |rows| rows.as_slice());
            if rows.len() > 1 {
                verdict.doubled += 1;
                verdict.findings.push(format!("row {id} of user {user} is there {} times", rows.len()));
            }
            let Some(row) = rows.first() else {
                let asked = |version: &Option<&str>| {
                    version.is_some_and(|text| inside(&unit.window, date_of(text).as_deref()))
                };
                if versions.iter().all(asked) {
                    verdict.lost += 1;
                    verdict.findings.push(format!("row {id} of user {user} is lost"));
                }
                continue;
            };
            verdict.rows += 1;
            let like = |version: &&str| self.same("transactions", sheet, row, version);
            let settled = if self.hushed.contains(&id) { first } else { settled };
            let mut seen = history.versions(Kind::Transaction, id, settled, last);
            if seen.iter().all(Option::is_none) {
                seen.clone_from(&versions);
            }
            if seen.iter().flatten().any(like) {
                continue;
            }
            let date = row[sheet.at("date")].as_deref();
            let gone = versions.iter().any(Option::is_none) || self.hushed.contains(&id);
            let earlier = history.versions(Kind::Transaction, id, since, last);
            if fresh(date) || !gone || !earlier.iter().flatten().any(like) {
                verdict.altered += 1;
                let what = versions
                    .last()
                    .copied()
                    .flatten()
                    .map_or("gone".to_owned(), |text| self.difference("transactions", sheet, row, text));
                verdict.findings.push(format!("row {id} of user {user} is not as the bank had it: {what}"));
            }
        }
    }

    /// From which request on a row must be as it was: what changed before came with the last reading of changes. A row
    /// of an account that was archived meanwhile does not, where the list leaves such accounts out.
    fn settled(&self, user: i64, walk: Span) -> u64 {
        let changes = |record: &&RequestRecord| {
            walk.has(record)
                && record.user == Some(user)
                && record.endpoint == Endpoint::Transactions
                && record
                    .query
                    .strip_prefix("all&limit=1000&last_update=")
                    .is_some_and(|at| !at.contains('&'))
        };
        let last_reading = self.log.iter().rfind(changes).map(|record| record.number);
        last_reading.filter(|_| self.archived_shown).unwrap_or(walk.first)
    }

    fn same(&self, table: &str, sheet: &Sheet, row: &[Cell], served: &str) -> bool {
        let wants = wanted(table, &sheet.columns, served);
        wants.iter().zip(row).all(|(want, cell)| self.fits(want, cell))
    }

    fn fits(&self, want: &Want, cell: &Cell) -> bool {
        match want {
            Want::Other => true,
            Want::Is(Some(text)) if self.after.from_csv && text.is_empty() => cell.is_none(),
            Want::Is(want) => want == cell,
        }
    }

    fn difference(&self, table: &str, sheet: &Sheet, row: &[Cell], served: &str) -> String {
        let wants = wanted(table, &sheet.columns, served);
        let cells = wants.iter().zip(row).zip(&sheet.columns);
        cells
            .filter(|((want, cell), _)| !self.fits(want, cell))
            .map(|((want, cell), column)| format!("{column} is {cell:?}, not {want:?}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    /// Accounts or connections of a user: those that were there all the time, as they were at some instant.
    fn listed(
        &self,
        user: i64,
        table: &str,
        kind: Kind,
        history: &History,
        Span { first, last }: Span,
        findings: &mut Findings,
    ) {
        let sheet = self.after.table(table);
        let rows = sheet.of("id_user", user);
        let mut seen = BTreeSet::new();
        for row in &rows {
            let id: i64 = row[sheet.at("id")].as_deref().unwrap().parse().unwrap();
            seen.insert(id);
            let versions = history.versions(kind, id, first, last);
            if !versions.iter().flatten().any(|version| self.same(table, sheet, row, version)) {
                let what = versions
                    .last()
                    .copied()
                    .flatten()
                    .map_or("gone".to_owned(), |text| self.difference(table, sheet, row, text));
                findings.push(format!("{table} {id} of user {user} is not as the bank had it: {what}"));
            }
        }
        for id in history.ids(kind) {
            if !seen.contains(&id) && history.existed(kind, id, first, last) {
                findings.push(format!("{table} {id} of user {user} is lost"));
            }
        }
    }

    /// What transactions take from their accounts, and what coverage says of them.
    fn derived(&self, user: i64, findings: &mut Findings) {
        let (accounts, rows, coverage) =
            (self.after.table("accounts"), self.after.table("transactions"), self.after.table("coverage"));
        let mut count: BTreeMap<Cell, (usize, Cell, Cell)> = BTreeMap::new();
        for row in rows.of("id_user", user) {
            let account = row[rows.at("id_account")].clone();
            let id: i64 = account.as_deref().unwrap().parse().unwrap();
            let owner = accounts.of("id", id).first().map(|owner| {
                (owner[accounts.at("id_connection")].clone(), owner[accounts.at("currency")].clone())
            });
            let derived = (row[rows.at("id_connection")].clone(), row[rows.at("currency")].clone());
            if derived != owner.unwrap_or_default() {
                findings
                    .push(format!("a row of account {id} is not of its account's connection and currency"));
            }
            let date = row[rows.at("date")].clone();
            let entry = count.entry(account).or_insert((0, date.clone(), date.clone()));
            entry.0 += 1;
            entry.1 = entry.1.clone().min(date.clone());
            entry.2 = entry.2.clone().max(date);
        }
        for row in coverage.of("id_user", user) {
            let account = &row[coverage.at("id_account")];
            let (n, from, to) = count.remove(account).unwrap_or_default();
            let said = (
                row[coverage.at("rows")].clone(),
                row[coverage.at("first_date")].clone(),
                row[coverage.at("last_date")].clone(),
            );
            if said != (Some(n.to_string()), from, to) {
                findings
                    .push(format!("coverage of account {account:?} says {said:?}, and there are {n} rows"));
            }
            if row[coverage.at("complete")].as_deref() != Some("true") {
                findings.push(format!("account {account:?} of the complete user {user} is not complete"));
            }
        }
        for account in count.keys() {
            findings.push(format!("account {account:?} has rows and no coverage"));
        }
    }

    /// Balances of earlier days stay; those of the last day are the accounts'.
    fn balances(&self, user: i64, findings: &mut Findings) {
        let (accounts, balances) = (self.after.table("accounts"), self.after.table("balances"));
        for account in accounts.of("id_user", user) {
            let id: i64 = account[accounts.at("id")].as_deref().unwrap().parse().unwrap();
            let latest =
                balances.of("id_account", id).into_iter().max_by_key(|row| row[balances.at("day")].clone());
            let agrees = latest.is_some_and(|latest| {
                ["balance", "coming", "currency", "last_update"]
                    .iter()
                    .all(|column| latest[balances.at(column)] == account[accounts.at(column)])
            });
            if !agrees {
                findings.push(format!("the balance of account {id} is not the account's"));
            }
        }
    }
}

/// Whether a date lies in a window whose ends are included, open where `None`. Only an open window holds no date.
pub(super) fn inside((from, to): &(Cell, Cell), date: Option<&str>) -> bool {
    match date {
        None => from.is_none() && to.is_none(),
        Some(date) => {
            from.as_deref().is_none_or(|from| date >= from) && to.as_deref().is_none_or(|to| date <= to)
        }
    }
}

/// Whether the first window has every date of the second.
pub(super) fn covers((from, to): &(Cell, Cell), (first, last): &(Cell, Cell)) -> bool {
    (from.is_none() || first.is_some() && from <= first) && (to.is_none() || last.is_some() && to >= last)
}

fn date_of(served: &str) -> Option<String> {
    powens_export::sandbox::exact(served)["date"].as_str().map(str::to_owned)
}
