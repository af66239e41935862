//! What changed since the walk of an earlier run.

use jiff::Timestamp;

use crate::extract::error::Stop;
use crate::model::{Proof, Reason};

use super::full::Walked;
use super::query::Query;
use super::totals;
use super::walker::Walker;

impl Walker<'_, '_> {
    /// Reads what changed since a walk of an earlier run that began at `since`, on the server's clock.
    pub(in crate::extract) async fn changes(&mut self, since: Timestamp) -> Result<Walked, Stop> {
        self.within = None;
        let query = Query::changes_since_run(self.scope, since);
        let reading = self.read(&query).await?;
        let mut walked = Walked::of(reading, Proof::Delta, self.held.len());
        if walked.several {
            walked.last_pass = self.until_quiet(reading.start).await?;
        } else if !totals::agrees_with_page(reading.total, reading.received, reading.distinct) {
            self.equal_walks(&query, Some(self.held.digest()), Reason::TotalMismatch).await?;
        }
        Ok(walked)
    }
}
