//! Plays a schedule: one bank, one lake, night after night, each run held against what happened.

use std::collections::BTreeSet;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::{NonZeroU32, NonZeroUsize};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use fastrand::Rng;
use jiff::Timestamp;
use powens_export::api::{ApiConfig, BaseUrl, Rate, Timings};
use powens_export::export::{self, Cancel, ExportError, RunConfig, RunMode, RunReport, Syncs};
use powens_export::lake::guard::Refusal;
use powens_export::model::{Secret, UserId, Window};
use powens_export::sandbox::{Nights, On, Paging, RequestRecord, Rule, Sandbox, World};
use powens_export::verify::verify;

use super::bank::{self, Habits};
use super::cells::Cell;
use super::conduct;
use super::costs;
use super::descriptors::{self, Peak};
use super::judge::{Memory, Run};
use super::lake::{self, Findings, Published};
use super::promises;
use super::reader::Reader;
use super::schedule::{Night, Order, Schedule};
use super::secrets::{self, Ear};
use super::tally::{Ran, Tally};
use super::trouble::{self, Fate, Trouble};

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
    sandbox.with_world(|world| bank::found(world, &mut rng, schedule.users, schedule.most_rows));
    let mut stage = Stage {
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
    stage.played.tally.schedules = 1;
    for (at, night) in schedule.nights.iter().enumerate() {
        stage.pass(night, at);
        stage.night(night, at).await;
        if !stage.played.findings.is_empty() {
            break;
        }
    }
    if stage.played.findings.is_empty() && schedule.compared {
        stage.compare(&folder.join("fresh")).await;
    }
    stage.played.tally.changes = stage.changes.load(Relaxed);
    stage.played.digest = stage.digest();
    stage.played.trace = stage.sandbox.requests().iter().map(traced).collect();
    stage.played
}

/// A schedule under way.
struct Stage<'a> {
    schedule: &'a Schedule,
    sandbox: Sandbox,
    lake: PathBuf,
    habits: Habits,
    /// Changes made under a run.
    changes: Arc<AtomicU64>,
    memory: Memory,
    last: Option<Published>,
    /// Spans of the runs since the last snapshot.
    failed: Vec<(u64, u64)>,
    /// Tokens that a run which was cut short may have lost in an answer under way.
    strays: usize,
    /// The last run was refused for what was gone; the operator has looked and allows it.
    accept_shrink: bool,
    tamper: Tamper,
    played: Played,
}

/// A run about to begin.
struct Plan {
    troubles: Vec<Trouble>,
    fate: Fate,
    only: Option<i64>,
    window: (Cell, Cell),
    cancel: Cancel,
}

impl Stage<'_> {
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

    /// Decides what goes wrong in a run, and tells the sandbox.
    fn plan(&self, night: &Night) -> Plan {
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
        Plan { troubles, fate, only, window, cancel }
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

    /// One run and everything that is said about it.
    async fn night(&mut self, night: &Night, at: usize) {
        let mut plan = self.plan(night);
        let from = self.sandbox.request_count();
        let began = self.sandbox.with_world(|world| world.clock().now());
        let kept = (self.memory.clone(), self.last.clone(), self.failed.clone(), self.accept_shrink);
        let before = lake::pointer(&self.lake);
        let config = self.config(night, &plan);
        let reader = Reader::new(&self.lake);
        let watch = self.schedule.compared.then(|| reader.clone().watch());
        let ear = Ear::default();
        let listening = self.schedule.overheard().then(|| ear.listen());
        let (folder, peak) = (self.lake.parent().unwrap().to_owned(), Peak::default());
        let counted = self.schedule.overheard();
        let looked = |_| {
            reader.look();
            if counted {
                peak.look(&folder);
            }
        };
        let result = export::run(config, plan.cancel.clone(), &looked).await;
        drop(listening);
        if let Some(watch) = watch {
            watch.stop();
        }
        let span = (from, self.sandbox.request_count());
        self.sandbox.clear_rules();
        let mut findings = reader.findings();
        let log = self.sandbox.requests();
        let requests: Vec<RequestRecord> =
            log.iter().filter(|record| record.number > from).cloned().collect();
        if matches!(plan.fate, Fate::Stopped(_)) && requests.iter().all(|record| record.fault.is_none()) {
            // What would have stopped the run was never asked for: a token for anybody, where all units were staged.
            plan.fate = Fate::Healed;
        }
        if let Fate::ManyLost(users) = &plan.fate {
            let spoiled = |record: &&RequestRecord| record.fault.is_some() && record.user.is_some();
            let lost: BTreeSet<_> =
                requests.iter().filter(spoiled).filter_map(|record| record.user).collect();
            let many = users.iter().filter(|user| lost.contains(user)).count() > 1;
            plan.fate = match (many, night.churn) {
                (true, None) => Fate::Stopped(4),
                // One of them may have left meanwhile.
                (true, Some(_)) => Fate::MayStop(4),
                (false, _) => Fate::Doubtful,
            };
        }
        if let Fate::OneLost(user) = plan.fate
            && !requests.iter().any(|record| record.user == Some(user) && self.spoils(record))
        {
            plan.fate = Fate::Healed;
        }
        conduct::polite(&self.sandbox, &mut findings);
        promises::renewals(&requests, &mut findings);
        self.sandbox.with_world(|world| {
            let quiet = night.churn.is_none();
            costs::bounded(world, &self.schedule.api, &requests, quiet, &mut findings);
        });
        descriptors::closed(&folder, &mut findings).await;
        peak.is_bounded(&mut findings);
        secrets::closed(&folder, &mut findings);
        if self.schedule.overheard() {
            let error = result.as_ref().err().map_or_else(String::new, |error| format!("{error} {error:?}"));
            secrets::kept(&self.sandbox, &format!("{}{error}", ear.heard()), &folder, &mut findings);
        }
        if plan.troubles.iter().all(|trouble| matches!(trouble.fate, Fate::Healed | Fate::Outage)) {
            conduct::sparing(&requests, &mut findings);
        }
        if let [Trouble { retry_after: Some(seconds), .. }] = plan.troubles.as_slice() {
            conduct::patient(&requests, self.schedule.concurrency, *seconds, &mut findings);
        }
        let exit = match &result {
            Ok(report) => report.exit(),
            Err(error) => error.exit_code(),
        };
        let verdict = match &result {
            Ok(report) => {
                let facts = (span, began);
                let verdict = self.published(night, &plan, facts, &log, &requests, report, &mut findings);
                if plan.troubles.iter().any(|trouble| trouble.killed) {
                    self.unpoint(before.as_deref());
                    (self.memory, self.last, self.failed, self.accept_shrink) = kept;
                    self.failed.push(span);
                }
                Some(verdict)
            }
            Err(error) => {
                self.unpublished(&plan, span, before.as_deref(), error, &mut findings);
                None
            }
        };
        let mut classes: Vec<&'static str> = plan.troubles.iter().map(|trouble| trouble.class).collect();
        if night.churn.is_some() {
            classes.push("(data that moves)");
        }
        if classes.is_empty() {
            classes.push("(nothing)");
        }
        self.played.tally.run(&Ran {
            classes: &classes,
            faults: requests.iter().filter(|record| record.fault.is_some()).count() as u64,
            requests: requests.len() as u64,
            exit,
            verdict: verdict.as_ref(),
        });
        let told = |finding: String| {
            let said = result.as_ref().err().map_or_else(|| "published".to_owned(), ToString::to_string);
            format!("night {at}, {:?}, {classes:?}, exit {exit} ({said}): {finding}", night.order)
        };
        findings.extend(verdict.map(|verdict| verdict.findings).unwrap_or_default());
        self.played.findings.extend(findings.into_iter().map(told));
    }

    #[expect(clippy::too_many_arguments, reason = "the facts of one run")]
    fn published(
        &mut self,
        night: &Night,
        plan: &Plan,
        (span, began): ((u64, u64), Timestamp),
        log: &[RequestRecord],
        requests: &[RequestRecord],
        report: &RunReport,
        findings: &mut Findings,
    ) -> super::judge::Verdict {
        let (read, more) = lake::read(&self.lake);
        findings.extend(more);
        let mut after = read.unwrap();
        (self.tamper)(&mut after);
        let sequence = self.last.as_ref().map_or(1, |last| last.sequence + 1);
        if after.sequence != sequence || report.manifest.sequence != sequence {
            findings.push(format!("snapshot {} follows, {sequence} should", after.sequence));
        }
        let parent = self.last.as_ref().map(|last| (last.run_id.as_str(), last.sha256.as_str()));
        let said = &after.manifest["parent"];
        if parent != said["run_id"].as_str().zip(said["sha256"].as_str()) {
            findings.push(format!("the parent is {said}, not {parent:?}"));
        }
        if matches!(plan.fate, Fate::Stopped(_)) {
            findings.push("published although the run should have stopped".to_owned());
        }
        if (report.exit() == 0) != (after.manifest["status"] == "complete") {
            findings.push(format!("exit {} and status {}", report.exit(), after.manifest["status"]));
        }
        conduct::counted(requests, &after.manifest, findings);
        let lost = conduct::lost_tokens(log) + self.strays;
        conduct::tokens_accounted(&self.sandbox, &after.manifest, lost, findings);
        if plan.troubles.is_empty() && after.manifest["requests"]["tokens_left"] != 0 {
            findings.push("tokens are left although nothing went wrong".to_owned());
        }
        let left = lake::files_below(&self.lake.join(".work"));
        if left.iter().any(|path| !path.ends_with("tokens")) {
            findings.push(format!("left behind: {left:?}"));
        }
        let hushed: BTreeSet<i64> = self.habits.hushed.lock().unwrap().clone();
        let verdict = Run {
            sandbox: &self.sandbox,
            log,
            span,
            failed: &self.failed,
            order: night.order,
            only: plan.only,
            window: plan.window.clone(),
            fate: &plan.fate,
            before: self.last.as_ref(),
            after: &after,
            hushed: &hushed,
            archived_shown: self.schedule.api.archived_in_walk,
            people: &self.sandbox.user_history(),
            began,
            reasons: plan.troubles.first().map_or(&[], |trouble| trouble.reasons),
            shrink_accepted: self.accept_shrink,
        }
        .judge(&mut self.memory);
        self.played.tally.reused += report.reused_units;
        self.last = Some(after);
        self.failed.clear();
        self.accept_shrink = false;
        verdict
    }

    /// Whether a fault did anything: of an API without links nothing is bent, nor of "no account".
    fn spoils(&self, record: &RequestRecord) -> bool {
        let bent = record.fault.as_deref() == Some("Next");
        record.fault.is_some()
            && !(bent && (self.schedule.api.paging == Paging::NoLinks || record.status != 200))
    }

    /// Puts the pointer back, as a run leaves it that is killed when its folder has its place.
    fn unpoint(&self, before: Option<&[u8]>) {
        let pointer = self.lake.join("LATEST");
        fs::remove_file(&pointer).unwrap();
        if let Some(bytes) = before {
            fs::write(&pointer, bytes).unwrap();
            fs::set_permissions(&pointer, fs::Permissions::from_mode(0o640)).unwrap();
        }
    }

    /// A run that published nothing: readers see what they saw, and the code is that of what went wrong.
    fn unpublished(
        &mut self,
        plan: &Plan,
        span: (u64, u64),
        before: Option<&[u8]>,
        error: &ExportError,
        findings: &mut Findings,
    ) {
        if lake::pointer(&self.lake).as_deref() != before {
            findings.push("LATEST moved".to_owned());
        }
        let (now, more) = lake::read(&self.lake);
        findings.extend(more);
        if now.map(|now| now.sha256) != self.last.as_ref().map(|last| last.sha256.clone()) {
            findings.push("readers see another snapshot".to_owned());
        }
        let right = match (&plan.fate, error.exit_code()) {
            // A window apart from what is held is refused before anything is fetched.
            (_, 2) => match error {
                ExportError::Plan(_) => self
                    .last
                    .iter()
                    .flat_map(|last| last.units().into_values())
                    .any(|unit| unit.holds() && promises::apart(&unit.window, &plan.window)),
                error => matches!(error, ExportError::UnknownUsers(_)),
            },
            (Fate::Stopped(code) | Fate::MayStop(code), found) => {
                found == *code || (found == 4 && self.may_refuse(error, plan))
            }
            (Fate::Outage, found) => found == 69 || self.may_refuse(error, plan),
            (Fate::Cancelled, found) => found == 130 || self.may_refuse(error, plan),
            (Fate::Doubtful, 4) => true,
            (_, 4) => self.may_refuse(error, plan),
            _ => false,
        };
        if !right {
            findings.push(format!("exit {} after {:?}", error.exit_code(), plan.fate));
        }
        self.accept_shrink |=
            matches!(error, ExportError::Refused(refusals) if !refusals.iter().any(is_of_failures));
        self.strays += self.schedule.concurrency;
        self.failed.push(span);
    }

    /// Whether the guard has a reason: of the users that the last snapshot held, fewer rows or accounts can be shown.
    /// Who was not fetched keeps what was held.
    fn may_refuse(&self, error: &ExportError, plan: &Plan) -> bool {
        let (ExportError::Refused(refusals), Some(last)) = (error, &self.last) else { return false };
        if self.accept_shrink {
            return false;
        }
        let there = self.sandbox.with_world(bank::living_things);
        let (mut accounts, mut rows) = (0, 0);
        for (user, shown) in &there {
            let held = (last.living("accounts", *user), last.living("transactions", *user));
            let lost = plan.fate == Fate::OneLost(*user);
            let kept = plan.only.is_some_and(|only| only != *user);
            let now = if lost || kept { held } else { *shown };
            accounts += now.0;
            rows += now.1;
        }
        let windowed = plan.window != (None, None)
            || !last.manifest["window"]["from"].is_null()
            || !last.manifest["window"]["to"].is_null();
        refusals.iter().all(|refusal| match refusal {
            Refusal::AccountsShrank { before, .. } => accounts < *before,
            // Of some dates only, more may be gone than of all.
            Refusal::RowsShrank { before, .. } => windowed || rows < *before,
            _ => false,
        })
    }

    fn config(&self, night: &Night, plan: &Plan) -> RunConfig {
        let date = |text: &Cell| text.as_deref().map(|text| text.parse().unwrap());
        let every = match night.order {
            Order::Auto(days) => days,
            _ => 400,
        };
        let api = self.api(plan.troubles.iter().any(|trouble| trouble.silent), &plan.fate);
        RunConfig {
            formats: self.schedule.formats,
            mode: if night.order == Order::Full { RunMode::Full } else { RunMode::Auto },
            window: Window::new(date(&plan.window.0), date(&plan.window.1)).unwrap(),
            users: plan.only.and_then(UserId::new).into_iter().collect(),
            full_every_days: every,
            accept_shrink: self.accept_shrink,
            syncs: Syncs::Counted,
            started_at: Some(self.sandbox.with_world(|world| world.clock().now())),
            ..RunConfig::new(self.lake.clone(), api)
        }
    }

    fn api(&self, silence: bool, fate: &Fate) -> ApiConfig {
        let mut api = ApiConfig::new(
            BaseUrl::parse(&self.sandbox.base_url()).unwrap(),
            self.sandbox.client_id(),
            Secret::new(self.sandbox.client_secret()),
            Secret::new(self.sandbox.users_token()),
        );
        api.concurrency = NonZeroUsize::new(self.schedule.concurrency).unwrap();
        if !self.schedule.adaptive {
            api.rate = Rate::PerSecond(NonZeroU32::new(50_000).unwrap());
        }
        // The faults of two troubles may all meet one renewal.
        api.limits.renew_attempts = api.limits.attempts;
        // Long where a busy machine could mistake itself for a dead server, short where that is the point.
        let dead = matches!(fate, Fate::Stopped(69) | Fate::MayStop(69) | Fate::Outage);
        let patient = if dead { 1 } else { 20 };
        let fast = Timings::scaled(0.001);
        api.timings = Timings {
            connect: Duration::from_secs(20),
            idle_read: if silence { Duration::from_millis(700) } else { Duration::from_secs(20) },
            attempt: Duration::from_secs(60),
            slow_window: Duration::from_secs(60),
            keep_alive: Duration::from_secs(60),
            unit: Duration::from_secs(600),
            // Users in hand may finish when the run is stopped, or not.
            drain: if self.schedule.seed.is_multiple_of(2) { Duration::from_secs(20) } else { fast.drain },
            retry_after_second: conduct::SECOND,
            first_success_patience: fast.first_success_patience * patient,
            outage_patience: fast.outage_patience * patient,
            throttle_patience: fast.throttle_patience * patient,
            ..fast
        };
        api
    }

    /// Brings the lake up to date and compares it with a fresh export: the same data are the same bytes, whatever
    /// happened before.
    async fn compare(&mut self, fresh: &Path) {
        const TABLES: &[&str] = &["users", "connections", "connection_sources", "accounts", "transactions"];
        let night = Night {
            seed: 0,
            soon: None,
            gap: 1,
            stirred: 0,
            rearranged: false,
            moved: false,
            churn: None,
            troubles: 0,
            order: Order::Full,
        };
        if !self.failed.is_empty() {
            // What the last attempts left is used up first: it is as old as they are.
            self.accept_shrink = true;
            self.night(&night, self.schedule.nights.len()).await;
        }
        self.sandbox.night_of(Nights::QUIET);
        self.accept_shrink = true;
        self.night(&night, self.schedule.nights.len() + 1).await;
        let plan = self.plan(&night);
        let config = RunConfig { dest: fresh.to_owned(), ..self.config(&night, &plan) };
        let report = export::run(config, Cancel::new(), &|_| {}).await;
        let mut findings = Findings::new();
        match (report, lake::read(fresh), &self.last) {
            (Ok(_), (Some(fresh), more), Some(last)) => {
                findings.extend(more);
                let (old, new) = (last.digests(TABLES), fresh.digests(TABLES));
                // What lost many rows was seen twice, and nothing else tells it from a fresh walk.
                if last.without("coverage", "proof") != fresh.without("coverage", "proof") {
                    findings.push("coverage is not what a fresh export writes".to_owned());
                }
                for path in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
                    if old.get(path) != new.get(path) {
                        findings.push(format!("{path} is not what a fresh export writes"));
                    }
                }
            }
            (Err(error), ..) => findings.push(format!("a fresh export fails: {error}")),
            _ => findings.push("nothing to compare".to_owned()),
        }
        let report = verify(&self.lake, None).unwrap();
        findings.extend(report.findings.iter().map(|finding| format!("verify: {finding:?}")));
        self.played.tally.compared += 1;
        self.played.findings.extend(findings);
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

fn is_of_failures(refusal: &Refusal) -> bool {
    refusal.is_of_failures()
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
