//! How a run ended, held against how it should.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use jiff::Timestamp;
use powens_export::export::{ExportError, RunReport};
use powens_export::lake::guard::Refusal;
use powens_export::sandbox::RequestRecord;

use super::super::judge::{Run, Span, Verdict};
use super::super::lake::{self, Findings};
use super::super::schedule::Night;
use super::super::trouble::Fate;
use super::super::{bank, conduct, promises};
use super::Playing;
use super::prepared::Prepared;

/// What was seen of a run.
pub(super) struct Seen<'a> {
    pub(super) span: Span,
    /// When it began, on the bank's clock.
    pub(super) began: Timestamp,
    /// Every request so far.
    pub(super) log: &'a [RequestRecord],
    /// Those of the run.
    pub(super) requests: &'a [RequestRecord],
}

impl Playing<'_> {
    /// A run that published: what it shows is held against the bank's history.
    pub(super) fn published(
        &mut self,
        night: &Night,
        prepared: &Prepared,
        seen: &Seen<'_>,
        report: &RunReport,
        findings: &mut Findings,
    ) -> Verdict {
        let Seen { span, began, log, requests } = *seen;
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
        if matches!(prepared.fate, Fate::Stopped(_)) {
            findings.push("published although the run should have stopped".to_owned());
        }
        if (report.exit() == 0) != (after.manifest["status"] == "complete") {
            findings.push(format!("exit {} and status {}", report.exit(), after.manifest["status"]));
        }
        conduct::counted(requests, &after.manifest, findings);
        let lost = conduct::lost_tokens(log) + self.strays;
        conduct::tokens_accounted(&self.sandbox, &after.manifest, lost, findings);
        if prepared.troubles.is_empty() && after.manifest["requests"]["tokens_left"] != 0 {
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
            only: prepared.only,
            window: prepared.window.clone(),
            fate: &prepared.fate,
            before: self.last.as_ref(),
            after: &after,
            hushed: &hushed,
            archived_shown: self.schedule.api.archived_in_walk,
            people: &self.sandbox.user_history(),
            began,
            reasons: prepared.troubles.first().map_or(&[], |trouble| trouble.reasons),
            shrink_accepted: self.accept_shrink,
        }
        .judge(&mut self.memory);
        self.played.tally.reused += report.reused_units;
        self.last = Some(after);
        self.failed.clear();
        self.accept_shrink = false;
        verdict
    }

    /// Puts the pointer back, as a run leaves it that is killed when its folder has its place.
    pub(super) fn unpoint(&self, before: Option<&[u8]>) {
        let pointer = self.lake.join("LATEST");
        fs::remove_file(&pointer).unwrap();
        if let Some(bytes) = before {
            fs::write(&pointer, bytes).unwrap();
            fs::set_permissions(&pointer, fs::Permissions::from_mode(0o640)).unwrap();
        }
    }

    /// A run that published nothing: readers see what they saw, and the code is that of what went wrong.
    pub(super) fn unpublished(
        &mut self,
        prepared: &Prepared,
        span: Span,
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
        let right = match (&prepared.fate, error.exit_code()) {
            // A window apart from what is held is refused before anything is fetched.
            (_, 2) => match error {
                ExportError::Plan(_) => self
                    .last
                    .iter()
                    .flat_map(|last| last.units().into_values())
                    .any(|unit| unit.holds() && promises::apart(&unit.window, &prepared.window)),
                error => matches!(error, ExportError::UnknownUsers(_)),
            },
            (Fate::Stopped(code) | Fate::MayStop(code), found) => {
                found == *code || (found == 4 && self.may_refuse(error, prepared))
            }
            // Whatever was there then may be back.
            (Fate::Outage | Fate::Cancelled, 4) if prepared.moving => true,
            (Fate::Outage, found) => found == 69 || self.may_refuse(error, prepared),
            (Fate::Cancelled, found) => found == 130 || self.may_refuse(error, prepared),
            (Fate::Doubtful, 4) => true,
            (_, 4) => self.may_refuse(error, prepared),
            _ => false,
        };
        if !right {
            findings.push(format!("exit {} after {:?}", error.exit_code(), prepared.fate));
        }
        self.accept_shrink |=
            matches!(error, ExportError::Refused(refusals) if !refusals.iter().any(is_of_failures));
        self.strays += self.schedule.concurrency;
        self.failed.push(span);
    }

    /// Whether the guard has a reason: of the users that the last snapshot held, fewer rows or accounts can be shown.
    /// Who was not fetched keeps what was held.
    fn may_refuse(&self, error: &ExportError, prepared: &Prepared) -> bool {
        let (ExportError::Refused(refusals), Some(last)) = (error, &self.last) else { return false };
        if self.accept_shrink {
            return false;
        }
        let there = self.sandbox.with_world(bank::living_things);
        let (mut accounts, mut rows) = (0, 0);
        for (user, shown) in &there {
            let held = (last.living("accounts", *user), last.living("transactions", *user));
            let lost = prepared.fate == Fate::OneLost(*user);
            let kept = prepared.only.is_some_and(|only| only != *user);
            let now = if lost || kept { held } else { *shown };
            accounts += now.0;
            rows += now.1;
        }
        let windowed = prepared.window != (None, None)
            || !last.manifest["window"]["from"].is_null()
            || !last.manifest["window"]["to"].is_null();
        refusals.iter().all(|refusal| match refusal {
            Refusal::AccountsShrank { before, .. } => accounts < *before,
            // Of some dates only, more may be gone than of all.
            Refusal::RowsShrank { before, .. } => windowed || rows < *before,
            _ => false,
        })
    }
}

fn is_of_failures(refusal: &Refusal) -> bool {
    refusal.is_of_failures()
}
