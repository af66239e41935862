//! One walk: what it holds, what it passes on, where its limits are.

use std::collections::BTreeSet;

use arrow::array::{Array, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use tokio::sync::mpsc;

use crate::api::Target;
use crate::extract::error::{ExtractError, Stop};
use crate::extract::session::{Answer, Session};
use crate::extract::unit::{ApiRange, Fetched};
use crate::model::{Reason, UserId, Window, time};
use crate::table::column::{day, number};
use crate::table::{Issue, IssueKind, List, Page, Table};

use super::held::{Held, WalkSet};
use super::query::{PAGE_ROWS, Scope};

/// Where rows leave to.
#[derive(Clone, Debug)]
pub(in crate::extract) struct Sink {
    pub user: UserId,
    pub out: mpsc::Sender<Fetched>,
}

impl Sink {
    /// Passes rows on; waits while the receiver is busy.
    pub(in crate::extract) async fn rows(
        &self,
        table: Table,
        rows: RecordBatch,
        issues: Vec<Issue>,
    ) -> Result<(), Stop> {
        if rows.num_rows() == 0 && issues.is_empty() {
            return Ok(());
        }
        let message = Fetched::Rows { user: self.user, table, rows, issues };
        self.out.send(message).await.map_err(|_| ExtractError::ReceiverGone.into())
    }
}

/// What a walk counts for the unit's record.
#[derive(Debug, Default)]
pub(in crate::extract) struct Tally {
    /// Transactions received, repetitions included.
    pub received: u64,
    /// Rows that cannot be stored, as the reading with most of them had them.
    pub without_key: u64,
    /// What was odd without being wrong.
    pub flags: BTreeSet<&'static str>,
    /// The ranges that the first answer named.
    pub range: Option<ApiRange>,
    /// Accounts that rows name.
    pub accounts: BTreeSet<i64>,
    /// Rows of accounts that were not in the list when the walk began: account, transaction.
    pub strangers: Vec<(i64, i64)>,
}

/// One walk of one list: a user's, or an account's.
#[derive(Debug)]
pub(in crate::extract) struct Walker<'w, 'a> {
    pub(super) session: &'w mut Session<'a>,
    pub(super) scope: Scope,
    pub(super) held: Held,
    pub(in crate::extract) tally: Tally,
    /// How often a row was unknown or looked different.
    pub(super) news: u64,
    /// Rows without a key in the reading under way.
    pub(super) keyless: u64,
    /// The shortest answer that was seen to be cut by a server without links.
    pub(super) capacity: u64,
    /// Passes of a walk of some dates drop rows outside them, unless they are held.
    pub(super) within: Option<Window>,
    /// A `total` did not agree with a part of the dates.
    pub(super) doubtful: bool,
    sink: &'w Sink,
    known_accounts: &'w BTreeSet<i64>,
    pages: u64,
}

impl<'w, 'a> Walker<'w, 'a> {
    pub(in crate::extract) fn new(
        session: &'w mut Session<'a>,
        scope: Scope,
        sink: &'w Sink,
        known_accounts: &'w BTreeSet<i64>,
    ) -> Self {
        Self {
            session,
            scope,
            held: Held::default(),
            tally: Tally::default(),
            news: 0,
            keyless: 0,
            capacity: PAGE_ROWS,
            within: None,
            doubtful: false,
            sink,
            known_accounts,
            pages: 0,
        }
    }

    /// The conversation, between two walks.
    pub(in crate::extract) fn session(&mut self) -> &mut Session<'a> {
        self.session
    }

    /// Distinct transactions held.
    pub(in crate::extract) fn rows_held(&self) -> u64 {
        self.held.len()
    }

    pub(super) fn flag(&mut self, flag: &'static str) {
        self.tally.flags.insert(flag);
    }

    /// Asks for one page, within the limits.
    pub(super) async fn ask(&mut self, target: &Target) -> Result<Answer, Stop> {
        let (pages, rows) = self.session.walk_limits();
        self.pages += 1;
        if self.pages > pages {
            return Err(Stop::unit(Reason::PageLimit, format!("more than {pages} pages")));
        }
        let answer = self.session.page(List::Transactions, self.scope.endpoint(), target).await?;
        self.tally.received += answer.page.envelope.received as u64;
        if self.held.len() > rows {
            return Err(Stop::unit(Reason::PageLimit, format!("more than {rows} transactions")));
        }
        Ok(answer)
    }

    /// Takes in a page: holds its rows and passes on those that are news.
    pub(super) async fn take(&mut self, page: &Page) -> Result<Taken, Stop> {
        if self.tally.range.is_none() {
            let envelope = &page.envelope;
            self.tally.range = Some(ApiRange {
                first_date: envelope.first_date.clone(),
                last_date: envelope.last_date.clone(),
                result_min_date: envelope.result_min_date.clone(),
                result_max_date: envelope.result_max_date.clone(),
            });
        }
        let rows = self.inside(&page.rows)?;
        let admitted = self.held.admit(&rows)?;
        self.news += (admitted.unknown + admitted.changed) as u64;
        let taken = Taken { same: admitted.same };
        if admitted.fresh.num_rows() == 0 {
            return Ok(taken);
        }
        self.session.count_fields(page);
        self.look_at_accounts(&admitted.fresh);
        let mut issues = issues_of(&page.issues, &admitted.fresh, page.rows.num_rows());
        for id in admitted.conflicts {
            issues.push(Issue {
                table: Table::Transactions,
                user: Some(self.sink.user),
                id,
                column: "last_update".to_owned(),
                kind: IssueKind::Conflict,
                n: 1,
            });
        }
        self.sink.rows(Table::Transactions, admitted.fresh, issues).await?;
        Ok(taken)
    }

    /// Leaves out what a pass brings from outside the dates that are walked.
    fn inside(&self, rows: &RecordBatch) -> Result<RecordBatch, Stop> {
        let (Some(window), Some(ids)) = (self.within, number(rows, "id")) else { return Ok(rows.clone()) };
        let dates = day(rows, "date");
        let date_of = |at: usize| dates.filter(|d| d.is_valid(at)).and_then(|d| time::date_of(d.value(at)));
        let keep: BooleanArray = ids
            .iter()
            .enumerate()
            .map(|(at, id)| Some(window.contains(date_of(at)) || id.is_some_and(|id| self.held.holds(id))))
            .collect();
        Ok(filter_record_batch(rows, &keep)?)
    }

    fn look_at_accounts(&mut self, rows: &RecordBatch) {
        let (Some(ids), Some(accounts)) = (number(rows, "id"), number(rows, "id_account")) else { return };
        let mut last = None;
        for (id, account) in ids.iter().zip(accounts.iter()) {
            let (Some(id), Some(account)) = (id, account) else { continue };
            if last != Some(account) {
                last = Some(account);
                self.tally.accounts.insert(account);
            }
            if !self.known_accounts.contains(&account) {
                self.tally.strangers.push((account, id));
            }
        }
    }

    /// Notes rows without a key at the end of a reading: the readings show the same rows again.
    pub(super) fn end_reading(&mut self) {
        self.tally.without_key = self.tally.without_key.max(std::mem::take(&mut self.keyless));
    }

    /// Takes in a page of one of several equal walks.
    pub(super) async fn take_in(&mut self, page: &Page, walk: &mut WalkSet) -> Result<usize, Stop> {
        self.take(page).await?;
        Ok(walk.add(&page.rows))
    }
}

/// What a page turned out to bring.
#[derive(Debug)]
pub(super) struct Taken {
    /// Ids that were held already and looked the same.
    pub same: Vec<i64>,
}

/// The issues of the rows that are passed on.
fn issues_of(issues: &[Issue], fresh: &RecordBatch, rows: usize) -> Vec<Issue> {
    if issues.is_empty() || fresh.num_rows() == rows {
        return issues.to_vec();
    }
    let ids: BTreeSet<i64> =
        number(fresh, "id").map(|ids| ids.iter().flatten().collect()).unwrap_or_default();
    issues.iter().filter(|issue| ids.contains(&issue.id)).cloned().collect()
}
