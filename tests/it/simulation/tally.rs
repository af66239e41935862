//! What the schedules came to.

use std::collections::BTreeMap;
use std::fmt;

use super::judge::Verdict;

/// One line of the table.
#[derive(Debug, Clone, Default)]
struct Line {
    schedules: u64,
    runs: u64,
    faults: u64,
    lost: usize,
    doubled: usize,
    altered: usize,
    incomplete: u64,
    unpublished: u64,
}

/// Sums over schedules.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) schedules: u64,
    pub(super) runs: u64,
    pub(super) published: u64,
    pub(super) requests: u64,
    pub(super) faults: u64,
    pub(super) changes: u64,
    pub(super) rows: usize,
    pub(super) users_complete: usize,
    pub(super) users_incomplete: usize,
    pub(super) reused: u64,
    pub(super) compared: u64,
    /// How each run ended: 0, 3, or the code of its error.
    pub(super) exits: BTreeMap<u8, u64>,
    classes: BTreeMap<&'static str, Line>,
}

/// A run, as the table counts it.
#[derive(Debug)]
pub(super) struct Ran<'a> {
    pub(super) classes: &'a [&'static str],
    pub(super) faults: u64,
    pub(super) requests: u64,
    pub(super) exit: u8,
    pub(super) verdict: Option<&'a Verdict>,
}

impl Tally {
    pub(super) fn run(&mut self, ran: &Ran<'_>) {
        self.runs += 1;
        self.requests += ran.requests;
        self.faults += ran.faults;
        *self.exits.entry(ran.exit).or_default() += 1;
        for class in ran.classes {
            let line = self.classes.entry(class).or_default();
            line.schedules = line.schedules.max(1);
            line.runs += 1;
            line.faults += ran.faults;
            match ran.verdict {
                Some(verdict) => {
                    line.lost += verdict.lost;
                    line.doubled += verdict.doubled;
                    line.altered += verdict.altered;
                    line.incomplete += u64::from(verdict.incomplete > 0);
                }
                None => line.unpublished += 1,
            }
        }
        if let Some(verdict) = ran.verdict {
            self.published += 1;
            self.rows += verdict.rows;
            self.users_complete += verdict.complete;
            self.users_incomplete += verdict.incomplete;
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.schedules += other.schedules;
        self.runs += other.runs;
        self.published += other.published;
        self.requests += other.requests;
        self.faults += other.faults;
        self.changes += other.changes;
        self.rows += other.rows;
        self.users_complete += other.users_complete;
        self.users_incomplete += other.users_incomplete;
        self.reused += other.reused;
        self.compared += other.compared;
        for (exit, n) in other.exits {
            *self.exits.entry(exit).or_default() += n;
        }
        for (class, line) in other.classes {
            let sum = self.classes.entry(class).or_default();
            sum.schedules += line.schedules;
            sum.runs += line.runs;
            sum.faults += line.faults;
            sum.lost += line.lost;
            sum.doubled += line.doubled;
            sum.altered += line.altered;
            sum.incomplete += line.incomplete;
            sum.unpublished += line.unpublished;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} schedules, {} runs ({} published), {} requests, {} faults, {} changes of the bank under a run",
            self.schedules, self.runs, self.published, self.requests, self.faults, self.changes
        )?;
        writeln!(
            f,
            "{} users complete, {} incomplete, {} units reused, {} rows held against history, {} lakes compared byte for byte",
            self.users_complete, self.users_incomplete, self.reused, self.rows, self.compared
        )?;
        let exits: Vec<String> = self.exits.iter().map(|(exit, n)| format!("{exit}: {n}")).collect();
        writeln!(f, "exit codes: {}", exits.join(", "))?;
        writeln!(
            f,
            "{:<34} {:>9} {:>6} {:>7} {:>5} {:>8} {:>8} {:>11} {:>12}",
            "class", "schedules", "runs", "faults", "lost", "doubled", "altered", "incomplete", "unpublished"
        )?;
        for (class, line) in &self.classes {
            writeln!(
                f,
                "{:<34} {:>9} {:>6} {:>7} {:>5} {:>8} {:>8} {:>11} {:>12}",
                class,
                line.schedules,
                line.runs,
                line.faults,
                line.lost,
                line.doubled,
                line.altered,
                line.incomplete,
                line.unpublished
            )?;
        }
        Ok(())
    }
}
