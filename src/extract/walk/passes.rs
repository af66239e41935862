//! What changed since, until quiet: the proof of a list that was read in several pages.

use jiff::Timestamp;

use crate::extract::error::Stop;
use crate::model::Reason;

use super::follow::Shape;
use super::query::Query;
use super::walker::Walker;

/// Passes before the list counts as unstable.
const PASSES: u32 = 8;

impl Walker<'_, '_> {
    /// Reads what changed since `start` until a pass brings nothing new; returns when the last pass began.
    ///
    /// A pass that came in one response is a consistent look at everything that changed; one of several pages has the
    /// weakness that it is there to heal, and must be followed by another that brings nothing either.
    pub(super) async fn until_quiet(&mut self, start: Timestamp) -> Result<Timestamp, Stop> {
        let mut start = start;
        let mut quiet_before = false;
        for _ in 0..PASSES {
            let news = self.news;
            let reading = self.read(&Query::changes_since_pass(self.scope, start)).await?;
            start = reading.start;
            let quiet = self.news == news;
            if quiet && (reading.shape == Shape::Single || quiet_before) {
                return Ok(start);
            }
            quiet_before = quiet;
        }
        Err(Stop::unit(Reason::Unstable, format!("rows kept changing under {PASSES} passes")))
    }
}
