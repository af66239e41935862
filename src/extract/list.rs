//! Reading a short list (users, banks, connections, accounts) to its proven end.
//!
//! One answer whose `total` is absent or equal is proof. Several pages are walked until two walks in a row bring the
//! same ids, five times at most, advancing by the rows received and following next links where there are some.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use jiff::Timestamp;

use crate::api::{Endpoint, NextRefused, Target};
use crate::model::Reason;
use crate::table::{Issue, Links, List, Page, Table};

use super::error::Stop;
use super::session::{Answer, Session};
use crate::table::column::{ids, number};

const WALKS: usize = 5;
const PAGES: usize = 10_000;
const EMPTY_PAGES: usize = 3;
/// A page this long may have been cut by the server.
const FULL_PAGE: usize = 1000;

/// How to ask for a list.
#[derive(Debug)]
pub(super) struct Asking {
    /// Which list.
    pub list: List,
    /// Its endpoint.
    pub endpoint: Endpoint,
    /// The first request.
    pub first: Target,
    /// The same with a limit, for requests by offset.
    pub paged: Target,
    /// What to ask when rows are lacking after that: a server that ignores offsets may give all without a limit.
    pub whole: Option<Target>,
    /// Look behind an answer that has no `total`: the server may have cut it.
    pub eager: bool,
}

/// A list, read.
#[derive(Debug)]
pub(super) struct ListRead {
    /// The rows, each id once.
    pub rows: Vec<RecordBatch>,
    /// Rows of the table inside.
    pub children: Vec<RecordBatch>,
    /// What did not fit.
    pub issues: Vec<Issue>,
    /// Rows that cannot be stored.
    pub rows_without_key: u64,
    /// Whether nothing can be missing.
    pub proven: bool,
    /// Whether `total` disagrees all the same.
    pub total_mismatch: bool,
    /// When the first answer was given, on the server's clock.
    pub at: Timestamp,
    /// Fields that no schema knows.
    pub unknown_fields: BTreeMap<(Table, String), u64>,
}

/// One walk.
struct Walk {
    pages: Vec<Page>,
    ids: BTreeSet<i64>,
    without_key: u64,
    total: Option<u64>,
    /// Everything stood in the first answer, and nothing says otherwise.
    single: bool,
    at: Timestamp,
}

impl Walk {
    fn starting(at: Timestamp) -> Self {
        Self { pages: Vec::new(), ids: BTreeSet::new(), without_key: 0, total: None, single: true, at }
    }

    /// Takes in a page, unless all of its rows are known; whether they were not.
    fn take(&mut self, page: Page) -> bool {
        let (known, first) = (self.ids.len(), self.pages.is_empty());
        self.ids.extend(ids(&page.rows));
        let rows = page.envelope.received as u64;
        let news = self.ids.len() > known || (first && rows > 0);
        if news || first {
            // On a list of several pages a total that equals the page's length counts the page.
            let total = page.envelope.total.and_then(|total| u64::try_from(total).ok());
            self.total = total.filter(|total| first || *total != rows);
            self.without_key += page.rows_without_key;
            self.single &= first;
            self.pages.push(page);
        }
        news
    }

    /// Whether an answer without a next link may have been cut.
    fn may_go_on(&self, rows: usize, eager: bool) -> bool {
        let full = rows >= FULL_PAGE;
        match self.total {
            Some(total) => total > self.rows() || (self.pages.len() == 1 && full),
            None => eager || full || self.pages.len() > 1,
        }
    }

    fn rows(&self) -> u64 {
        self.ids.len() as u64 + self.without_key
    }

    fn lacks_rows(&self) -> bool {
        self.total.is_some_and(|total| total > self.rows())
    }
}

/// Reads the list.
pub(super) async fn read(session: &mut Session<'_>, asking: &Asking) -> Result<ListRead, Stop> {
    let mut before: Option<BTreeSet<i64>> = None;
    let mut first_at = None;
    let mut last = None;
    let mut first = &asking.first;
    for _ in 0..WALKS {
        let walk = walk(session, asking, first).await?;
        let at = *first_at.get_or_insert(walk.at);
        let disagrees = walk.total.is_some_and(|total| total != walk.rows());
        if walk.single && !disagrees {
            return finish(session, walk, at, true);
        }
        let equal = before.as_ref() == Some(&walk.ids);
        if equal {
            let proven = !walk.lacks_rows();
            return finish(session, walk, at, proven);
        }
        if walk.lacks_rows() {
            first = asking.whole.as_ref().unwrap_or(first);
        }
        before = Some(walk.ids.clone());
        last = Some((walk, at));
    }
    match last {
        Some((walk, at)) => finish(session, walk, at, false),
        None => Err(Stop::unit(Reason::Unstable, "a list was never walked")),
    }
}

fn finish(session: &mut Session<'_>, walk: Walk, at: Timestamp, proven: bool) -> Result<ListRead, Stop> {
    let total_mismatch = walk.total.is_some_and(|total| total != walk.rows());
    let mut read = ListRead {
        rows: Vec::new(),
        children: Vec::new(),
        issues: Vec::new(),
        rows_without_key: walk.without_key,
        proven,
        total_mismatch,
        at,
        unknown_fields: BTreeMap::new(),
    };
    // The later row of an id wins: pages are taken from the last.
    let mut taken = HashSet::new();
    for page in walk.pages.into_iter().rev() {
        session.count_fields(&page);
        for (field, n) in &page.unknown_fields {
            *read.unknown_fields.entry(field.clone()).or_default() += n;
        }
        let own = ids(&page.rows);
        let mut keep: Vec<bool> = own.iter().rev().map(|id| taken.insert(*id)).collect();
        keep.reverse();
        let fresh: HashSet<i64> =
            own.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(id, _)| *id).collect();
        read.issues.extend(page.issues);
        if let Some(children) = page.children {
            read.children.push(children_of(&children, &fresh)?);
        }
        read.rows.push(filter_record_batch(&page.rows, &BooleanArray::from(keep))?);
    }
    read.rows.reverse();
    read.children.reverse();
    read.issues.sort_unstable();
    read.issues.dedup();
    Ok(read)
}

/// The rows whose parent stands on the same page and wins there.
fn children_of(children: &RecordBatch, parents: &HashSet<i64>) -> Result<RecordBatch, Stop> {
    let parent = number(children, "id_connection").or_else(|| number(children, "id_connector"));
    let Some(parent) = parent else { return Ok(children.clone()) };
    let keep: BooleanArray =
        parent.iter().map(|id| Some(id.is_none_or(|id| parents.contains(&id)))).collect();
    Ok(filter_record_batch(children, &keep)?)
}

async fn walk(session: &mut Session<'_>, asking: &Asking, first: &Target) -> Result<Walk, Stop> {
    let mut target = first.clone();
    let mut visited = HashSet::from([target.query().to_owned()]);
    let mut walk: Option<Walk> = None;
    let (mut received, mut empty) = (0_usize, 0);
    let too_long = || Stop::unit(Reason::PageLimit, format!("{}: too many pages", asking.list.key()));
    for _ in 0..PAGES {
        let Answer { page, at } = session.page(asking.list, asking.endpoint, &target).await?;
        let rows = page.envelope.received;
        let links = page.envelope.links.clone();
        received += rows;
        let so_far = walk.get_or_insert_with(|| Walk::starting(at));
        let news = so_far.take(page);
        match links {
            Links::Next(href) => {
                so_far.single = false;
                target = target.next(session.base(), &href).map_err(|why| refused(asking.list, why))?;
                empty = if rows == 0 { empty + 1 } else { 0 };
                if empty > EMPTY_PAGES {
                    return Err(too_long());
                }
            }
            Links::Absent | Links::End if news && so_far.may_go_on(rows, asking.eager) => {
                target = asking.paged.clone().with("offset", received);
            }
            Links::Absent | Links::End => return walk.ok_or_else(too_long),
        }
        if !visited.insert(target.query().to_owned()) {
            return Err(Stop::unit(
                Reason::NextLoop,
                format!("{}: a next link leads back", asking.list.key()),
            ));
        }
    }
    Err(too_long())
}

pub(super) fn refused(list: List, why: NextRefused) -> Stop {
    Stop::unit(Reason::NextRefused, format!("a next link of {} is refused: {why}", list.key()))
}
