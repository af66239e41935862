//! Two equal walks in a row: for lists that neither links nor dates can prove.

use std::collections::HashSet;

use crate::extract::error::Stop;
use crate::extract::list::refused;
use crate::extract::unit::flag;
use crate::model::Reason;
use crate::table::{Links, List};

use super::held::{Digest, WalkSet};
use super::query::Query;
use super::totals::{self, Verdict};
use super::walker::Walker;

/// Walks before the list counts as unstable.
const WALKS: u32 = 5;
/// Pages in a row that bring nothing before a walk ends.
const IDLE_PAGES: u32 = 3;

/// What one walk of several showed.
struct OneWalk {
    rows: WalkSet,
    total: Option<u64>,
    last_page: u64,
    without_key: u64,
}

impl OneWalk {
    fn verdict(&self) -> Verdict {
        let rows = self.rows.len() + self.without_key;
        totals::judge(self.total, self.last_page, rows, rows)
    }
}

impl Walker<'_, '_> {
    /// Walks the list until two walks in a row bring the same rows with the same content; `before` is what the walk
    /// before brought. `reason` says why the unit is incomplete when no two agree. Returns how many of the rows have no
    /// key.
    pub(super) async fn equal_walks(
        &mut self,
        query: &Query,
        before: Option<Digest>,
        reason: Reason,
    ) -> Result<u64, Stop> {
        let mut before = before;
        for _ in 0..WALKS {
            let walk = self.walk_once(query).await?;
            let digest = walk.rows.digest();
            if before == Some(digest) {
                if walk.verdict() != Verdict::Agrees {
                    self.flag(flag::TOTAL_MISMATCH);
                }
                return Ok(walk.without_key);
            }
            before = Some(digest);
        }
        Err(Stop::unit(reason, format!("no two of {WALKS} walks in a row brought the same rows")))
    }

    async fn walk_once(&mut self, query: &Query) -> Result<OneWalk, Stop> {
        let mut walk = OneWalk { rows: WalkSet::default(), total: None, last_page: 0, without_key: 0 };
        let mut target = query.target();
        let mut visited = HashSet::from([target.query().to_owned()]);
        let (mut received, mut idle) = (0_u64, 0);
        loop {
            let answer = self.ask(&target).await?;
            let page = &answer.page;
            let new = self.take_in(page, &mut walk.rows).await?;
            let rows = page.envelope.received as u64;
            received += rows;
            idle = if new == 0 { idle + 1 } else { 0 };
            if new > 0 {
                walk.without_key += page.rows_without_key;
            }
            if rows > 0 || walk.total.is_none() {
                walk.total = totals::of(&page.envelope);
                walk.last_page = rows;
            }
            target = match &page.envelope.links {
                Links::Next(href) => {
                    if idle > IDLE_PAGES {
                        return Err(Stop::unit(Reason::NextLoop, "next links lead to nothing new"));
                    }
                    target.next(self.session.base(), href).map_err(|why| refused(List::Transactions, why))?
                }
                // Without links only an answer that brings nothing is an end; with links, only `total` can doubt it.
                Links::Absent if new > 0 => query.target_after(received),
                Links::End if new > 0 && walk.verdict() == Verdict::Missing => query.target_after(received),
                Links::Absent | Links::End => return Ok(walk),
            };
            if !visited.insert(target.query().to_owned()) {
                return Err(Stop::unit(Reason::NextLoop, "a next link leads back"));
            }
        }
    }
}
