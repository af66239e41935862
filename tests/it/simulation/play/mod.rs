//! Plays a schedule: one bank, one lake, night after night, each run held against what happened.
//!
//! | file | noun |
//! |---|---|
//! | `prepared` | what goes wrong in the run about to begin |
//! | `settings` | its settings |
//! | `outcome` | how it ended, held against how it should |
//! | `compare` | the lake of many nights against a fresh export |

mod compare;
mod outcome;
mod prepared;
mod settings;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use fastrand::Rng;
use powens_export::export::{self, ExportError, RunReport};
use powens_export::sandbox::{Nights, RequestRecord, Sandbox, World};

use super::bank::{self, Habits};
use super::cells::Cell;
use super::descriptors::{self, Peak};
use super::judge::{Memory, Span};
use super::lake::{self, Findings, Published};
use super::reader::Reader;
use super::schedule::{Night, Schedule};
use super::secrets::{self, Ear};
use super::tally::{Ran, Tally};
use super::trouble::{Fate, Trouble};
use super::{conduct, costs, promises};
use outcome::Seen;
use prepared::Prepared;

/// Changes of one user in a night that has many.
const MANY: usize = 40;

/// What a schedule came to.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) findings: Findings,
    pub(super) tally: Tally,
    /// Every request, for a schedule that is looked at on its own.
    pub(super) trace: Vec<String>,
    /// A digest of every request and of the last snapshot's data: equal for equal seeds, one user at a time.
    pub(super) digest: u64,
}

/// A change of what was read from the lake, to see whether the judge notices.
pub(super) type Tamper = fn(&mut Published);

/// Plays the schedule in a folder of its own.
pub(super) async fn play(schedule: &Schedule, folder: &Path, tamper: Tamper) -> Played {
    let mut rng = Rng::with_seed(schedule.seed);
    let sandbox = Sandbox::start(schedule.api.clone()).await.unwrap();
    sandbox.with_world(|world| bank::populate(world, &mut rng, schedule.users, schedule.most_rows));
    let mut playing = Playing {
        schedule,
        sandbox,
        lake: folder.join("lake"),
        habits: Habits {
            silent: schedule.silent,
            hard: schedule.hard,
            archives_rest: !schedule.api.archived_in_walk,
            hushed: Arc::default(),
        },
        changes: Arc::default(),
        memory: Memory::default(),
        last: None,
        failed: Vec::new(),
        strays: 0,
        accept_shrink: false,
        tamper,
        played: Played::default(),
    };
    playing.played.tally.schedules = 1;
    for (at, night) in schedule.nights.iter().enumerate() {
        playing.pass(night, at);
        playing.night(night, at).await;
        if !playing.played.findings.is_empty() {
            break;
        }
    }
    if playing.played.findings.is_empty() && schedule.compared {
        playing.compare(&folder.join("fresh")).await;
    }
    playing.played.tally.changes = playing.changes.load(Relaxed);
    playing.played.digest = playing.digest();
    playing.played.trace = playing.sandbox.requests().iter().map(traced).collect();
    playing.played
}

/// A schedule under way.
struct Playing<'a> {
    schedule: &'a Schedule,
    sandbox: Sandbox,
    lake: PathBuf,
    habits: Habits,
    /// Changes made under a run.
    changes: Arc<AtomicU64>,
    memory: Memory,
    last: Option<Published>,
    /// Spans of the runs since the last snapshot.
    failed: Vec<Span>,
    /// Tokens that a run which was cut short may have lost in an answer under way.
    strays: usize,
    /// The last run was refused for what was gone; the operator has looked and allows it.
    accept_shrink: bool,
    tamper: Tamper,
    played: Played,
}

impl Playing<'_> {
    /// What happens between two runs.
    fn pass(&self, night: &Night, at: usize) {
        let mut rng = Rng::with_seed(night.seed);
        let habits = self.habits.clone();
        match night.soon {
            _ if at == 0 => {}
            Some(seconds) => self.sandbox.with_world(|world| world.advance(seconds)),
            None => (0..night.gap).for_each(|_| self.sandbox.night_of(Nights::QUIET)),
        }
        self.sandbox.with_world(|world| {
            if night.moved && at > 0 {
                bank::come_and_go(world, &mut rng);
            }
            for _ in 0..night.stirred {
                if let Some(user) = somebody(world, &mut rng) {
                    bank::stir(world, &mut rng, user, &habits);
                }
            }
            if night.rearranged
                && let Some(user) = somebody(world, &mut rng)
            {
                bank::rearrange(world, &mut rng, user);
            }
            if night.rearranged
                && rng.u8(..3) == 0
                && let Some(user) = somebody(world, &mut rng)
            {
                bank::bring_back(world, &mut rng, user, |account| self.shows_away(account));
            }
            if rng.u8(..4) == 0
                && let Some(user) = somebody(world, &mut rng)
            {
                bank::change_unmarked(world, user, &habits, |row| self.shows_unmarked(row));
            }
            if self.habits.hard
                && at > 0
                && rng.u8(..16) == 0
                && let Some(user) = somebody(world, &mut rng)
            {
                bank::vanish(world, &mut rng, user, &habits);
            }
            // Seldom so much changes that a list of changes has several pages.
            if at > 0
                && rng.u8(..6) == 0
                && let Some(user) = somebody(world, &mut rng)
            {
                for _ in 0..MANY {
                    bank::stir(world, &mut rng, user, &habits);
                }
            }
        });
    }

    /// Whether the last snapshot has the account as archived or without consent, or has nothing of it.
    fn shows_away(&self, account: i64) -> bool {
        let Some(last) = &self.last else { return true };
        let accounts = last.table("accounts");
        let away =
            |row: &&Vec<Cell>| ["disabled", "deleted"].iter().any(|mark| row[accounts.at(mark)].is_some());
        accounts.of("id", account).iter().all(away)
    }

    /// Whether the last snapshot has the row, without a `last_update`.
    fn shows_unmarked(&self, row: i64) -> bool {
        let Some(last) = &self.last else { return false };
        let rows = last.table("transactions");
        rows.of("id", row).iter().any(|row| row[rows.at("last_update")].is_none())
    }

    /// One run and everything that is said about it.
    async fn night(&mut self, night: &Night, at: usize) {
        let mut prepared = self.prepare(night);
        let from = self.sandbox.request_count();
        let began = self.sandbox.with_world(|world| world.clock().now());
        let kept = (self.memory.clone(), self.last.clone(), self.failed.clone(), self.accept_shrink);
        let before = lake::pointer(&self.lake);
        let mut findings = Findings::new();
        let result = self.run_watched(night, &prepared, &mut findings).await;
        let span = Span { first: from + 1, last: self.sandbox.request_count() };
        self.sandbox.clear_rules();
        let log = self.sandbox.requests();
        let requests: Vec<RequestRecord> = log.iter().filter(|record| span.has(record)).cloned().collect();
        self.settle(&mut prepared, night, &requests);
        self.conduct(night, &prepared, &requests, &mut findings);
        let verdict = match &result {
            Ok(report) => {
                let seen = Seen { span, began, log: &log, requests: &requests };
                let verdict = self.published(night, &prepared, &seen, report, &mut findings);
                if prepared.troubles.iter().any(|trouble| trouble.killed) {
                    self.unpoint(before.as_deref());
                    (self.memory, self.last, self.failed, self.accept_shrink) = kept;
                    self.failed.push(span);
                }
                Some(verdict)
            }
            Err(error) => {
                self.unpublished(&prepared, span, before.as_deref(), error, &mut findings);
                None
            }
        };
        let (exit, said) = match &result {
            Ok(report) => (report.exit(), "published".to_owned()),
            Err(error) => (error.exit_code(), error.to_string()),
        };
        let classes = prepared.classes(night);
        self.played.tally.run(&Ran {
            classes: &classes,
            faults: requests.iter().filter(|record| record.fault.is_some()).count() as u64,
            requests: requests.len() as u64,
            exit,
            verdict: verdict.as_ref(),
        });
        let told = |finding: String| {
            format!("night {at}, {:?}, {classes:?}, exit {exit} ({said}): {finding}", night.order)
        };
        findings.extend(verdict.map(|verdict| verdict.findings).unwrap_or_default());
        self.played.findings.extend(findings.into_iter().map(told));
    }

    /// The run, with a reader beside it, and somebody who listens and counts what is open.
    async fn run_watched(
        &self,
        night: &Night,
        prepared: &Prepared,
        findings: &mut Findings,
    ) -> Result<RunReport, ExportError> {
        let config = self.config(night, prepared);
        let reader = Reader::new(&self.lake);
        let watch = self.schedule.compared.then(|| reader.clone().watch());
        let overheard = self.schedule.overheard();
        let ear = Ear::default();
        let listening = overheard.then(|| ear.listen());
        let (folder, peak) = (self.lake.parent().unwrap(), Peak::default());
        let looked = |_| {
            reader.look();
            if overheard {
                peak.look(folder);
            }
        };
        let result = export::run(config, prepared.cancel.clone(), &looked).await;
        drop(listening);
        if let Some(watch) = watch {
            watch.stop();
        }
        findings.extend(reader.findings());
        descriptors::closed(folder, findings).await;
        peak.is_bounded(findings);
        secrets::closed(folder, findings);
        if overheard {
            let error = result.as_ref().err().map_or_else(String::new, |error| format!("{error} {error:?}"));
            secrets::kept(&self.sandbox, &format!("{}{error}", ear.heard()), folder, findings);
        }
        result
    }

    /// How the guest behaved.
    fn conduct(
        &self,
        night: &Night,
        prepared: &Prepared,
        requests: &[RequestRecord],
        findings: &mut Findings,
    ) {
        conduct::polite(&self.sandbox, findings);
        promises::renewals(requests, findings);
        self.sandbox.with_world(|world| {
            costs::bounded(world, &self.schedule.api, requests, night.churn.is_none(), findings);
        });
        if prepared.troubles.iter().all(|trouble| matches!(trouble.fate, Fate::Healed | Fate::Outage)) {
            conduct::sparing(requests, findings);
        }
        if let [Trouble { retry_after: Some(seconds), .. }] = prepared.troubles.as_slice() {
            conduct::patient(requests, self.schedule.concurrency, *seconds, findings);
        }
    }

    fn digest(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for record in self.sandbox.requests() {
            (&record.path, &record.query, record.status, &record.fault, record.rows).hash(&mut hasher);
        }
        if let Some(last) = &self.last {
            last.digests(&["transactions", "accounts", "connections", "users"]).hash(&mut hasher);
        }
        hasher.finish()
    }
}

fn somebody(world: &World, rng: &mut Rng) -> Option<i64> {
    let users = world.users();
    (!users.is_empty()).then(|| users[rng.usize(..users.len())])
}

fn traced(record: &RequestRecord) -> String {
    let RequestRecord { number, method, path, query, status, rows, .. } = record;
    let fault = record.fault.as_deref().unwrap_or("");
    format!("{number:>5} {method} {path}?{query} -> {status}, {rows} rows {fault}")
}
