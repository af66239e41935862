//! What the server holds behind its lock.

use super::fault::Armed;
use super::log::{RequestRecord, Violation, ViolationKind};
use super::pace::Bucket;
use super::page::Extent;
use super::request::Request;
use super::tokens::Tokens;
use super::world::{Holdings, World};

/// The domain, its log and its scripts.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) tokens: Tokens,
    pub(crate) log: Vec<RequestRecord>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) rules: Vec<Armed>,
    pub(crate) extents: Extents,
    pub(crate) bucket: Option<Bucket>,
}

impl State {
    /// Notes what a guest must not do.
    pub(crate) fn violate(&mut self, request: &Request, number: u64, kind: ViolationKind) {
        let what = format!("{} {}", request.method, request.path);
        self.violations.push(Violation { number, kind, what });
    }
}

/// Counting a list of a million rows once a page would be slow: the last few counts are remembered.
#[derive(Debug, Default)]
pub(crate) struct Extents(Vec<Counted>);

/// A list that was counted.
#[derive(Debug)]
struct Counted {
    user: i64,
    /// Of the user's holdings at that time.
    version: u64,
    /// Path and filters.
    list: String,
    extent: Extent,
}

/// Counts remembered.
const COUNTS: usize = 32;

/// Lists of users with no more rows than this are counted anew each time.
const SHORT: usize = 1_000;

impl Extents {
    /// The extent of a list (`list`: its path and filters), counted if it is not known.
    pub(crate) fn get(
        &mut self,
        user: i64,
        holdings: &Holdings,
        list: String,
        count: impl FnOnce() -> Extent,
    ) -> Extent {
        // Accounts and rows both decide what a list shows.
        let version = holdings.transactions().version() + holdings.changes.len() as u64;
        let known = |it: &&Counted| (it.user, it.version) == (user, version) && it.list == list;
        if let Some(counted) = self.0.iter().find(known) {
            return counted.extent.clone();
        }
        let extent = count();
        if holdings.transactions().len() > SHORT {
            self.0.truncate(COUNTS - 1);
            self.0.insert(0, Counted { user, version, list, extent: extent.clone() });
        }
        extent
    }
}
