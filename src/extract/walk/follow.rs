//! One reading of a list: its next links to their end, and what they turn out to be.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::api::Target;
use crate::extract::error::Stop;
use crate::extract::list::refused;
use crate::extract::session::Answer;
use crate::extract::unit::flag;
use crate::model::Reason;
use crate::table::column::ids;
use crate::table::{Links, List};

use super::hash::IdHash;
use super::query::Query;
use super::split::Days;
use super::totals;
use super::walker::Walker;

/// Empty pages in a row after which a walk is given up.
const EMPTY_PAGES: u64 = 3;

/// A set of ids.
pub(super) type Ids = HashSet<i64, IdHash>;

/// How a list was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// In one response.
    Single,
    /// In several pages whose links name a row.
    Keyset,
    /// In several responses, each of which shows some dates whole.
    Windows,
    /// As `Windows`, some in two equal walks.
    TwoPass,
}

/// One reading of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    /// When the first answer was given, on the server's clock.
    pub start: Timestamp,
    pub shape: Shape,
    /// Rows and ids of the only answer, or of all of them.
    pub received: u64,
    pub distinct: u64,
    /// What the last answer said, and how many rows came with it.
    pub total: Option<u64>,
    pub last_page: u64,
}

/// How following the links ended.
enum Followed {
    /// At their end.
    Whole,
    /// They count rows, or came out of order: pages prove nothing.
    Torn(Days),
}

/// What following has seen so far.
struct Trail {
    pages: u64,
    received: u64,
    total: Option<u64>,
    last_page: u64,
    empty: u64,
    ids: Ids,
    visited: HashSet<String>,
    days: Days,
}

impl Walker<'_, '_> {
    /// Reads a list to its end, whichever way its paging demands.
    pub(super) async fn read(&mut self, query: &Query) -> Result<Reading, Stop> {
        let target = query.target();
        let first = self.ask(&target).await?;
        let start = first.at;
        let mut trail = Trail::new(&target);
        let followed = self.follow(query, target, first, &mut trail).await?;
        let shape = match followed {
            Followed::Whole if trail.pages == 1 => Shape::Single,
            Followed::Whole => Shape::Keyset,
            Followed::Torn(days) => {
                self.keyless = 0;
                self.flag(flag::OFFSET_PAGING);
                self.windows(query, &days, trail.total).await?
            }
        };
        self.end_reading();
        Ok(Reading {
            start,
            shape,
            received: trail.received,
            distinct: trail.ids.len() as u64,
            total: trail.total,
            last_page: trail.last_page,
        })
    }

    async fn follow(
        &mut self,
        query: &Query,
        mut target: Target,
        mut answer: Answer,
        trail: &mut Trail,
    ) -> Result<Followed, Stop> {
        loop {
            let seam_holds = self.step(&answer, trail).await?;
            if !seam_holds {
                return Ok(Followed::Torn(std::mem::take(&mut trail.days)));
            }
            let page = &answer.page;
            let Links::Next(href) = &page.envelope.links else { break };
            let next =
                target.next(self.session.base(), href).map_err(|why| refused(List::Transactions, why))?;
            if counts_rows(&next) {
                return Ok(Followed::Torn(std::mem::take(&mut trail.days)));
            }
            if !trail.visited.insert(next.query().to_owned()) {
                return Err(Stop::unit(
                    Reason::NextLoop,
                    format!("page {}: its next link leads back", trail.pages),
                ));
            }
            if trail.empty > EMPTY_PAGES {
                return Err(Stop::unit(
                    Reason::PageLimit,
                    format!("page {}: only empty pages follow", trail.pages),
                ));
            }
            answer = self.ask(&next).await?;
            target = next;
        }
        if trail.may_be_cut(answer.page.envelope.links == Links::Absent)
            && self.look_behind(query, trail.received, &trail.ids).await?
        {
            self.capacity = self.capacity.min(trail.last_page.max(1));
            return Ok(Followed::Torn(std::mem::take(&mut trail.days)));
        }
        Ok(Followed::Whole)
    }

    /// Takes in a page; whether it continues where the page before ended.
    async fn step(&mut self, answer: &Answer, trail: &mut Trail) -> Result<bool, Stop> {
        let page = &answer.page;
        let taken = self.take(page).await?;
        let falls = trail.days.add(&page.rows);
        // An id that comes twice and looks the same was not moved by a change: the pages overlap.
        let twice = taken.same.iter().any(|id| trail.ids.contains(id));
        trail.ids.extend(ids(&page.rows));
        let received = page.envelope.received as u64;
        trail.pages += 1;
        trail.received += received;
        trail.last_page = received;
        trail.total = totals::of(&page.envelope);
        trail.empty = if received == 0 { trail.empty + 1 } else { 0 };
        self.keyless += page.rows_without_key;
        Ok(trail.pages == 1 || (falls && !twice))
    }

    /// Looks behind an answer without a next link that may have been cut all the same: whether the server shows rows
    /// that are not among `known`.
    pub(super) async fn look_behind(
        &mut self,
        query: &Query,
        received: u64,
        known: &Ids,
    ) -> Result<bool, Stop> {
        let answer = self.ask(&query.target_after(received)).await?;
        self.take(&answer.page).await?;
        Ok(ids(&answer.page.rows).iter().any(|id| !known.contains(id)))
    }
}

impl Trail {
    fn new(first: &Target) -> Self {
        Self {
            pages: 0,
            received: 0,
            total: None,
            last_page: 0,
            empty: 0,
            ids: HashSet::default(),
            visited: HashSet::from([first.query().to_owned()]),
            days: Days::default(),
        }
    }

    /// Whether rows may follow an answer that has no next link: any without the links that the API documents, and any
    /// whose `total` says so.
    fn may_be_cut(&self, no_links: bool) -> bool {
        let page_count = self.pages > 1 && self.total == Some(self.last_page);
        let total = self.total.filter(|_| !page_count);
        let seen = self.received.max(self.ids.len() as u64);
        (no_links && self.received > 0) || total.is_some_and(|total| total > seen)
    }
}

/// Whether a next link skips so many rows instead of naming one.
pub(in crate::extract) fn counts_rows(target: &Target) -> bool {
    target.query().split('&').any(|part| part == "offset" || part.starts_with("offset="))
}
