//! Dates cut until each part is one response: for lists whose pages cannot be trusted.

use crate::extract::error::Stop;
use crate::model::{Reason, Window};
use crate::table::column::ids;
use crate::table::{Links, Page};

use super::follow::{Ids, Shape};
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
            if self.is_whole(&query, page, total).await? {
                self.keyless += page.rows_without_key;
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

    /// Whether one answer shows all that was asked for. A `total` that says otherwise is held against what follows the
    /// answer; one that lies is settled when all parts are read.
    async fn is_whole(&mut self, query: &Query, page: &Page, total: Option<u64>) -> Result<bool, Stop> {
        let received = page.envelope.received as u64;
        let ended = match page.envelope.links {
            Links::Next(_) => false,
            Links::End => true,
            Links::Absent => received < self.capacity,
        };
        let known: Ids = ids(&page.rows).into_iter().collect();
        if !ended || totals::agrees_with_page(total, received, known.len() as u64) {
            return Ok(ended);
        }
        if total.is_some_and(|total| total > received) && self.look_behind(query, received, &known).await? {
            return Ok(false);
        }
        self.doubtful = true;
        Ok(true)
    }
}
