//! Dates cut until each part is one response: for lists whose pages cannot be trusted.

use crate::extract::error::Stop;
use crate::extract::unit::flag;
use crate::model::{Reason, Window};
use crate::table::{Links, Page};

use super::follow::Shape;
use super::query::Query;
use super::split::Days;
use super::totals;
use super::walker::Walker;

impl Walker<'_, '_> {
    /// Reads the dates of `query` in parts. `days` are those of the rows received so far, `whole_total` what an answer
    /// for all of them said.
    pub(super) async fn windows(
        &mut self,
        query: &Query,
        days: &Days,
        whole_total: Option<u64>,
    ) -> Result<Shape, Stop> {
        let Some(parts) = days.split(&query.asked()) else {
            self.keyless += self.equal_walks(query, None, Reason::Unstable).await?;
            return Ok(Shape::TwoPass);
        };
        let mut shape = Shape::Windows;
        let mut open: Vec<(Window, Option<u64>)> =
            parts.into_iter().map(|part| (part, whole_total)).collect();
        while let Some((part, wider_total)) = open.pop() {
            let query = query.part(part);
            let answer = self.ask(&query.target()).await?;
            let page = &answer.page;
            self.take(page).await?;
            // A `total` that does not shrink with the dates does not count them.
            let total = totals::of(&page.envelope).filter(|total| Some(*total) != wider_total);
            if self.is_whole(page, total) {
                self.keyless += page.rows_without_key;
                if total.is_some_and(|total| total < distinct(page)) {
                    self.flag(flag::TOTAL_MISMATCH);
                }
                continue;
            }
            let mut days = Days::default();
            days.add(&page.rows);
            match days.split(&part) {
                Some(parts) => open.extend(parts.into_iter().map(|part| (part, total.or(wider_total)))),
                None => {
                    self.keyless += self.equal_walks(&query, None, Reason::Unstable).await?;
                    shape = Shape::TwoPass;
                }
            }
        }
        Ok(shape)
    }

    /// Whether one answer shows all that was asked for.
    fn is_whole(&self, page: &Page, total: Option<u64>) -> bool {
        let received = page.envelope.received as u64;
        if total.is_some_and(|total| total > received) {
            return false;
        }
        match page.envelope.links {
            Links::Next(_) => false,
            Links::End => true,
            Links::Absent => received < self.capacity,
        }
    }
}

fn distinct(page: &Page) -> u64 {
    let ids: std::collections::BTreeSet<i64> = crate::extract::columns::ids(&page.rows).into_iter().collect();
    ids.len() as u64
}
