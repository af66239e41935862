//! What changed since the walk of an earlier run.

use jiff::Timestamp;

use crate::extract::error::Stop;
use crate::model::Proof;

use super::full::Walked;
use super::query::Query;
use super::walker::Walker;

impl Walker<'_, '_> {
    /// Reads what changed since a walk of an earlier run that began at `since`, on the server's clock.
    pub(in crate::extract) async fn changes(&mut self, since: Timestamp) -> Result<Walked, Stop> {
        self.within = None;
        let reading = self.read(&Query::changes_since_run(self.scope, since)).await?;
        let mut walked = Walked::of(reading, Proof::Delta, self.held.len());
        if walked.several {
            walked.last_pass = self.until_quiet(reading.start).await?;
        }
        Ok(walked)
    }
}
