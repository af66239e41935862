//! A full walk and its proof.

use jiff::Timestamp;

use crate::extract::error::Stop;
use crate::extract::unit::flag;
use crate::model::{Proof, Reason, Window};

use super::follow::{Reading, Shape};
use super::query::Query;
use super::totals::{self, Verdict};
use super::walker::Walker;

/// Passes that may answer for a `total` above what is held: rows that came after the last pass.
const LATE_PASSES: u32 = 2;
/// A walk that brings this much less than is held is repeated.
const SHRUNK_PERCENT: u64 = 20;
const SHRUNK_ROWS: u64 = 10;

/// A walk that reached its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::extract) struct Walked {
    /// How it is proven.
    pub proof: Proof,
    /// When it began, on the server's clock.
    pub start: Timestamp,
    /// When its last pass began.
    pub last_pass: Timestamp,
    /// Whether it took more than one response.
    pub several: bool,
    window: Option<Window>,
    reading: Reading,
    /// Distinct rows before the passes.
    walked: u64,
}

impl Walked {
    pub(super) fn of(reading: Reading, proof: Proof, walked: u64) -> Self {
        let several = reading.shape != Shape::Single;
        Self { proof, start: reading.start, last_pass: reading.start, several, window: None, reading, walked }
    }
}

impl Walker<'_, '_> {
    /// Reads everything in the window. Several pages are followed by passes; [`Walker::check`] comes after them.
    pub(in crate::extract) async fn full(&mut self, window: Window) -> Result<Walked, Stop> {
        self.within = (!window.is_open()).then_some(window);
        let query = Query::window(self.scope, window);
        let reading = self.read(&query).await?;
        let walked = self.held.len();
        let mut result =
            Walked { window: Some(window), ..Walked::of(reading, proof_of(reading.shape), walked) };
        if result.several {
            result.last_pass = self.until_quiet(reading.start).await?;
        } else if !totals::agrees_with_page(reading.total, reading.received, reading.distinct) {
            self.equal_walks(&query, Some(self.held.digest()), Reason::TotalMismatch).await?;
            result.proof = Proof::TwoPass;
        }
        Ok(result)
    }

    /// One more round of passes, because something moved meanwhile.
    pub(in crate::extract) async fn again(&mut self, walked: &mut Walked) -> Result<(), Stop> {
        walked.last_pass = self.until_quiet(walked.last_pass).await?;
        Ok(())
    }

    /// Holds a full walk of several responses against `total`.
    pub(in crate::extract) async fn check(&mut self, walked: &mut Walked) -> Result<(), Stop> {
        if let (true, Some(window)) = (walked.several, walked.window) {
            self.check_total(walked, window).await?;
        }
        self.within = None;
        Ok(())
    }

    /// Repeats a full walk that brought far less than is held, until two in a row agree.
    pub(in crate::extract) async fn confirm(&mut self, walked: &mut Walked) -> Result<(), Stop> {
        let Some(window) = walked.window else { return Ok(()) };
        let query = Query::window(self.scope, window);
        self.equal_walks(&query, Some(self.held.digest()), Reason::Shrunk).await?;
        self.flag(flag::SHRUNK);
        if walked.several {
            walked.proof = Proof::TwoPass;
        }
        Ok(())
    }

    async fn check_total(&mut self, walked: &mut Walked, window: Window) -> Result<(), Stop> {
        let dated = Query::window(self.scope, window);
        match self.verdict(walked, window).await? {
            Verdict::Agrees => return Ok(()),
            Verdict::Surplus => {
                self.equal_walks(&dated, Some(self.held.digest()), Reason::TotalMismatch).await?;
            }
            Verdict::Missing if window.is_open() => {
                // Rows that no window shows, or a `total` that lies: a walk without dates tells.
                let before = self.held.len();
                let undated = Query::undated(self.scope);
                self.equal_walks(&undated, Some(self.held.digest()), Reason::WindowBlind).await?;
                if self.held.len() > before {
                    self.flag(flag::WINDOW_BLIND);
                }
            }
            Verdict::Missing => {
                self.equal_walks(&dated, Some(self.held.digest()), Reason::TotalMismatch).await?;
            }
        }
        walked.proof = Proof::TwoPass;
        Ok(())
    }

    /// What `total` says: that of one row asked for without dates where the window is open, else the last page's.
    async fn verdict(&mut self, walked: &mut Walked, window: Window) -> Result<Verdict, Stop> {
        let keyset = walked.reading.shape == Shape::Keyset;
        let last_page = |held: u64| match walked.reading.total.filter(|_| keyset) {
            Some(total) => totals::judge(Some(total), walked.reading.last_page, walked.walked, held),
            None => Verdict::Agrees,
        };
        if !window.is_open() {
            return Ok(last_page(self.held.len() + self.tally.without_key));
        }
        let mut late_passes = 0;
        loop {
            let answer = self.ask(&self.scope.probe()).await?;
            self.take(&answer.page).await?;
            let held = self.held.len() + self.tally.without_key;
            let (total, page) = (totals::of(&answer.page.envelope), answer.page.envelope.received as u64);
            let verdict = match total {
                Some(total) if total > page => totals::judge(Some(total), page, walked.walked, held),
                _ => last_page(held),
            };
            if verdict != Verdict::Missing || late_passes == LATE_PASSES {
                return Ok(verdict);
            }
            late_passes += 1;
            walked.last_pass = self.until_quiet(walked.last_pass).await?;
        }
    }
}

fn proof_of(shape: Shape) -> Proof {
    match shape {
        Shape::Single => Proof::SingleResponse,
        Shape::Keyset | Shape::Windows => Proof::Quiescent,
        Shape::TwoPass => Proof::TwoPass,
    }
}

/// Whether a walk lost so much of what was held that it must be seen twice.
pub(in crate::extract) fn shrunk(before: u64, now: u64) -> bool {
    let lost = before.saturating_sub(now);
    lost > SHRUNK_ROWS && lost * 100 > before * SHRUNK_PERCENT
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_shrinks_by_more_than_a_fifth_and_more_than_ten_rows() {
        assert!(shrunk(100, 79) && shrunk(20, 0));
        assert!(!shrunk(100, 80) && !shrunk(10, 0) && !shrunk(100, 200));
    }
}
