//! One page of a transaction list.

use std::collections::BTreeSet;

use super::calendar::parse_day;
use super::config::{Paging, SandboxConfig};
use super::cursor;
use super::query::Filters;
use super::request::Request;
use super::world::Holdings;
use super::world::ledger::{Place, rank};
use super::world::rows::Transaction;

/// Which of a user's rows a list is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    User,
    Connection(i64),
    Account(i64),
}

/// Where a page starts and how long it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slice {
    pub(crate) after: Option<Place>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

/// What a list holds, all pages together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extent {
    pub(crate) total: usize,
    pub(crate) first: Option<Box<str>>,
    pub(crate) last: Option<Box<str>>,
}

/// Decides which rows a list shows.
pub(crate) struct View<'a> {
    holdings: &'a Holdings,
    filters: &'a Filters,
    hidden: BTreeSet<i64>,
    only: Option<BTreeSet<i64>>,
}

impl<'a> View<'a> {
    pub(crate) fn new(
        holdings: &'a Holdings,
        filters: &'a Filters,
        scope: Scope,
        config: &SandboxConfig,
    ) -> Self {
        let archived_shown = filters.all && (config.archived_in_walk || matches!(scope, Scope::Account(_)));
        let hidden = holdings
            .accounts()
            .filter(|row| row.disabled.is_some() || (row.deleted.is_some() && !archived_shown))
            .map(|row| row.id)
            .collect();
        let only = match scope {
            Scope::User => None,
            Scope::Account(id) => Some(BTreeSet::from([id])),
            Scope::Connection(id) => Some(
                holdings.accounts().filter(|row| row.id_connection == Some(id)).map(|row| row.id).collect(),
            ),
        };
        Self { holdings, filters, hidden, only }
    }

    fn shows(&self, row: &Transaction) -> bool {
        !self.hidden.contains(&row.id_account)
            && self.only.as_ref().is_none_or(|only| only.contains(&row.id_account))
            && self.filters.shows(row)
    }

    /// Counts the whole list, and finds the range of dates of the rows in scope.
    pub(crate) fn extent(&self) -> Extent {
        let mut extent = Extent::default();
        for row in self.holdings.transactions().iter() {
            if !self.shows(row) {
                continue;
            }
            // Rows come newest first.
            if let Some(date) = row.date.as_deref().filter(|date| parse_day(date).is_some()) {
                if extent.last.is_none() {
                    extent.last = Some(date.into());
                }
                if extent.first.as_deref() != Some(date) {
                    extent.first = Some(date.into());
                }
            }
            extent.total += usize::from(self.filters.matches(row));
        }
        extent
    }

    /// The rows of a slice, and whether more follow.
    pub(crate) fn rows(&self, slice: Slice) -> (Vec<&'a Transaction>, bool) {
        let mut found = self
            .holdings
            .transactions()
            .after(slice.after)
            .filter(|row| self.shows(row) && self.filters.matches(row))
            .skip(slice.offset);
        let rows: Vec<&Transaction> = found.by_ref().take(slice.limit).collect();
        let more = found.next().is_some();
        (rows, more)
    }
}

/// The query of the next page's link.
pub(crate) fn next_query(
    request: &Request,
    paging: Paging,
    rows: &[&Transaction],
    slice: Slice,
) -> Option<String> {
    let last = rows.last()?;
    Some(match paging {
        Paging::Keyset => {
            let cursor = cursor::write((rank(last.date.as_deref()), last.id));
            format!("{}&cursor={cursor}", request.query_without(&["cursor", "offset"]))
        }
        Paging::Offset => {
            format!("{}&offset={}", request.query_without(&["cursor", "offset"]), slice.offset + rows.len())
        }
        Paging::HiddenOffset => {
            let cursor = cursor::write_count(slice.offset + rows.len());
            format!("{}&cursor={cursor}", request.query_without(&["cursor", "offset"]))
        }
        Paging::NoLinks => return None,
    })
}
