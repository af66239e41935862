//! The domain's users, read to the list's proven end; and what a second reading says of those who were not there.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, BooleanArray};
use arrow::compute::filter_record_batch;
use arrow::record_batch::RecordBatch;
use jiff::{SignedDuration, Timestamp};

use crate::api::{ApiErrorKind, Endpoint, Target};
use crate::model::{Reason, UserId};
use crate::table::{Issue, List, Table};

use super::error::{ExtractError, Stop};
use super::list::{self, Asking, ListRead};
use super::session::Session;
use crate::table::column::{number, when};

/// Users younger than this may be temporary: a token of ours could make them permanent.
pub const YOUNG: SignedDuration = SignedDuration::from_hours(2);

/// One user in the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// When the user was created, read as UTC.
    pub signin: Option<Timestamp>,
    /// Created less than two hours ago, or in the future, on the server's clock.
    pub too_young: bool,
}

/// The list of users.
#[derive(Clone, Debug)]
pub struct UserList {
    /// Every user.
    pub users: BTreeMap<UserId, Listed>,
    /// Rows of the table `users`.
    pub rows: Vec<RecordBatch>,
    /// What did not fit.
    pub issues: Vec<Issue>,
    /// Fields that the schema does not know.
    pub unknown_fields: BTreeMap<(Table, String), u64>,
    /// Rows without an id.
    pub rows_without_key: u64,
    /// Whether nobody can be missing. Unproven: nothing may be published on it.
    pub proven: bool,
    /// Whether the API's `total` is below what it lists.
    pub total_mismatch: bool,
    /// When the list was answered, on the server's clock.
    pub server_now: Timestamp,
}

impl UserList {
    /// A list of which only the users are known.
    #[must_use]
    pub fn of(users: BTreeMap<UserId, Listed>, server_now: Timestamp) -> Self {
        Self {
            users,
            rows: Vec::new(),
            issues: Vec::new(),
            unknown_fields: BTreeMap::new(),
            rows_without_key: 0,
            proven: true,
            total_mismatch: false,
            server_now,
        }
    }

    /// Whether the user is listed.
    #[must_use]
    pub fn contains(&self, user: UserId) -> bool {
        self.users.contains_key(&user)
    }

    /// The list as the second reading leaves it: without the users who are gone, with those who are back. Who joined in
    /// between was not planned and is left to the next run.
    ///
    /// # Errors
    /// When its rows cannot be filtered (a bug).
    pub fn settled(mut self, second: &Self, settled: &Settled) -> Result<Self, ExtractError> {
        let only = |rows: &RecordBatch, keep: &dyn Fn(UserId) -> bool| {
            let ids = number(rows, "id").map(|ids| ids.iter().collect::<Vec<_>>()).unwrap_or_default();
            let kept = ids.into_iter().map(|id| Some(id.and_then(UserId::new).is_some_and(keep)));
            filter_record_batch(rows, &kept.collect::<BooleanArray>())
        };
        let stays = |user: UserId| !settled.gone.contains(&user);
        let back = |user: UserId| settled.returned.contains(&user);
        let of = |issue: &Issue, keep: &dyn Fn(UserId) -> bool| UserId::new(issue.id).is_none_or(keep);
        let first = self.rows.iter().map(|rows| only(rows, &stays));
        let rows: Result<Vec<_>, _> = first.chain(second.rows.iter().map(|rows| only(rows, &back))).collect();
        self.rows = rows.map_err(|error| Stop::from(error).of_list("users"))?;
        self.users.retain(|user, _| stays(*user));
        self.users
            .extend(second.users.iter().filter(|(user, _)| back(**user)).map(|(id, user)| (*id, *user)));
        self.issues.retain(|issue| of(issue, &stays));
        self.issues.extend(second.issues.iter().filter(|issue| of(issue, &back)).cloned());
        Ok(self)
    }

    fn from_read(read: ListRead) -> Self {
        let mut users = BTreeMap::new();
        for rows in &read.rows {
            let (Some(ids), signins) = (number(rows, "id"), when(rows, "signin")) else { continue };
            for (at, id) in ids.iter().enumerate() {
                let Some(user) = id.and_then(UserId::new) else { continue };
                let micros = signins.filter(|column| column.is_valid(at)).map(|column| column.value(at));
                let signin = micros.and_then(|micros| Timestamp::from_microsecond(micros).ok());
                let too_young = signin.is_some_and(|signin| read.at.duration_since(signin) < YOUNG);
                users.insert(user, Listed { signin, too_young });
            }
        }
        Self {
            users,
            rows: read.rows,
            issues: read.issues,
            unknown_fields: read.unknown_fields,
            rows_without_key: read.rows_without_key,
            proven: read.proven,
            total_mismatch: read.total_mismatch,
            server_now: read.at,
        }
    }
}

/// Reads the list, with a limit where the server takes one.
pub(super) async fn read(session: &mut Session<'_>) -> Result<UserList, ExtractError> {
    let paged = Target::users().with("limit", 1000);
    let mut asking = Asking {
        list: List::Users,
        endpoint: Endpoint::Users,
        first: paged.clone(),
        paged,
        whole: Some(Target::users()),
        eager: true,
    };
    let read = match list::read(session, &asking).await {
        Err(Stop::Run(ExtractError::Api(error))) if error.kind == ApiErrorKind::BadRequest => {
            asking.first = Target::users();
            asking.paged = Target::users();
            list::read(session, &asking).await
        }
        other => other,
    };
    read.map(UserList::from_read).map_err(|stop| stop.of_list("users"))
}

/// What a second reading of the list settles.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Users who have left: missing at the first reading and still missing, or refused in between and now missing.
    pub gone: BTreeSet<UserId>,
    /// Users missing at the first reading who are back: their rows are kept.
    pub returned: BTreeSet<UserId>,
}

/// Whether the list must be read again: somebody is missing, or was refused as somebody who has left would be.
#[must_use]
pub fn needs_second_reading(absent: &BTreeSet<UserId>, failed: &BTreeMap<UserId, Reason>) -> bool {
    !absent.is_empty() || failed.values().any(|reason| may_have_left(*reason))
}

/// Settles who has left. A user is gone only by a proven list; an unproven one removes nobody.
#[must_use]
pub fn settle(second: &UserList, absent: &BTreeSet<UserId>, failed: &BTreeMap<UserId, Reason>) -> Settled {
    let refused = failed.iter().filter(|(_, reason)| may_have_left(**reason)).map(|(user, _)| *user);
    let doubtful: BTreeSet<UserId> = absent.iter().copied().chain(refused).collect();
    let missing = |user: &UserId| second.proven && !second.contains(*user);
    Settled {
        gone: doubtful.iter().copied().filter(missing).collect(),
        returned: absent.iter().copied().filter(|user| !missing(user)).collect(),
    }
}

/// 401, 403, 404, and a refused renewal, are also what a user gets who was deleted after the list was read.
const fn may_have_left(reason: Reason) -> bool {
    matches!(reason, Reason::Unauthorized | Reason::Forbidden | Reason::NotFound | Reason::RenewRefused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: i64) -> UserId {
        UserId::new(id).unwrap()
    }

    fn list(ids: &[i64], proven: bool) -> UserList {
        let listed = Listed { signin: None, too_young: false };
        let users = ids.iter().map(|id| (user(*id), listed)).collect();
        UserList { proven, ..UserList::of(users, Timestamp::UNIX_EPOCH) }
    }

    #[test]
    fn only_a_second_reading_makes_users_gone() {
        let absent = BTreeSet::from([user(1), user(2)]);
        let failed = BTreeMap::from([
            (user(3), Reason::NotFound),
            (user(4), Reason::Forbidden),
            (user(5), Reason::ServerError),
        ]);
        assert!(needs_second_reading(&absent, &BTreeMap::new()));
        assert!(needs_second_reading(&BTreeSet::new(), &failed));
        assert!(!needs_second_reading(&BTreeSet::new(), &BTreeMap::from([(user(5), Reason::ServerError)])));
        let settled = settle(&list(&[2, 4], true), &absent, &failed);
        assert_eq!(settled.gone, BTreeSet::from([user(1), user(3)]), "5 failed for a reason of its own");
        assert_eq!(settled.returned, BTreeSet::from([user(2)]));
        assert_eq!(settle(&list(&[], false), &absent, &failed).gone, BTreeSet::new());
    }
}
