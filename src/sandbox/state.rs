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
    pub(crate) fn violate(&mut self, request: &Request, number: u64, kind: ViolationKind) {
        let what = format!("{} {}", request.method, request.path);
        self.violations.push(Violation { number, kind, what });
    }
}

/// Counting a list of a million rows once a page would be slow: the last few counts are remembered.
#[derive(Debug, Default)]
pub(crate) struct Extents(Vec<(i64, u64, String, Extent)>);

impl Extents {
    pub(crate) fn get(
        &mut self,
        user: i64,
        holdings: &Holdings,
        key: String,
        count: impl FnOnce() -> Extent,
    ) -> Extent {
        // Accounts and rows both decide what a list shows.
        let version = holdings.transactions().version() + holdings.changes.len() as u64;
        let hit =
            |entry: &&(i64, u64, String, Extent)| entry.0 == user && entry.1 == version && entry.2 == key;
        if let Some(entry) = self.0.iter().find(hit) {
            return entry.3.clone();
        }
        let extent = count();
        if holdings.transactions().len() > 1_000 {
            self.0.truncate(31);
            self.0.insert(0, (user, version, key, extent.clone()));
        }
        extent
    }
}
