//! A conversation with the API: who speaks, with which token, what time it is there, what was asked so far.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::api::{
    Api, ApiError, ApiErrorKind, Auth, BaseUrl, Endpoint, Response, Target, Undecodable, UserToken,
};
use crate::model::{Reason, UserId};
use crate::table::{Context, Decoder, List, Page, Table};

use super::cancel::Cancel;
use super::error::{ExtractError, Stop};

/// An answer that holds no row, as a page.
const EMPTY: &[(List, &str)] = &[
    (List::Accounts, r#"{"accounts":[],"_links":{}}"#),
    (List::Connections, r#"{"connections":[],"_links":{}}"#),
    (List::Transactions, r#"{"transactions":[],"_links":{}}"#),
];

/// One page and when it was answered.
#[derive(Debug)]
pub(super) struct Answer {
    /// The page.
    pub page: Page,
    /// When the server answered, on its own clock.
    pub at: Timestamp,
}

/// Who asks.
#[derive(Debug)]
enum Who {
    /// The domain, with the users token.
    Domain,
    /// Nobody in particular: the banks need no token.
    Anyone,
    /// One user.
    User { id: UserId, token: UserToken, refused: Option<UserToken> },
}

/// A conversation. Everything in it happens one request after the other.
#[derive(Debug)]
pub(super) struct Session<'a> {
    api: &'a Api,
    decoder: &'a Decoder,
    ending: &'a Cancel,
    who: Who,
    clock: Clock,
    /// Requests so far, renewals included.
    pub requests: u64,
    /// Fields that no schema knows.
    pub unknown_fields: BTreeMap<(Table, String), u64>,
}

impl<'a> Session<'a> {
    pub(super) fn domain(api: &'a Api, decoder: &'a Decoder, ending: &'a Cancel) -> Self {
        Self::new(api, decoder, ending, Who::Domain, 0)
    }

    pub(super) fn anyone(api: &'a Api, decoder: &'a Decoder, ending: &'a Cancel) -> Self {
        Self::new(api, decoder, ending, Who::Anyone, 0)
    }

    /// Mints the user's token. That is done even when `ending` is thrown: nobody else knows of a token under way.
    pub(super) async fn user(
        api: &'a Api,
        decoder: &'a Decoder,
        ending: &'a Cancel,
        id: UserId,
    ) -> Result<Self, ApiError> {
        let token = api.renew(id).await?;
        Ok(Self::new(api, decoder, ending, Who::User { id, token, refused: None }, 1))
    }

    fn new(api: &'a Api, decoder: &'a Decoder, ending: &'a Cancel, who: Who, requests: u64) -> Self {
        Self { api, decoder, ending, who, clock: Clock::Unread, requests, unknown_fields: BTreeMap::new() }
    }

    /// The base address, against which next links are checked.
    pub(super) fn base(&self) -> &'a BaseUrl {
        self.api.base_url()
    }

    /// Pages and rows after which a walk is given up.
    pub(super) fn walk_limits(&self) -> (u64, u64) {
        let limits = self.api.limits();
        (limits.walk_pages, limits.walk_rows)
    }

    /// Whether no answer had a `Date`.
    pub(super) fn uses_own_clock(&self) -> bool {
        matches!(self.clock, Clock::Ours)
    }

    /// Asks for one page. A refused token is renewed once; `noAccount` is an empty page.
    pub(super) async fn page(
        &mut self,
        list: List,
        endpoint: Endpoint,
        target: &Target,
    ) -> Result<Answer, Stop> {
        let asked = match &self.who {
            Who::User { id, .. } => Some(*id),
            Who::Domain | Who::Anyone => None,
        };
        let (page, date) = match self.get(list, endpoint, target, Context { user: asked }).await? {
            Some(answered) => answered,
            None => (self.empty(list)?, None),
        };
        if let (Some(asked), Some(found)) = (asked, page.foreign_user) {
            return Err(ExtractError::ForeignData { asked, found, what: list.key() }.into());
        }
        Ok(Answer { page, at: self.clock.read(date) })
    }

    /// The page, or `None` where there is no account and so no list.
    async fn get(
        &mut self,
        list: List,
        endpoint: Endpoint,
        target: &Target,
        context: Context,
    ) -> Result<Option<(Page, Option<Timestamp>)>, Stop> {
        loop {
            let auth = match &self.who {
                Who::Domain => Auth::Users,
                Who::Anyone => Auth::None,
                Who::User { token, .. } => Auth::User(token),
            };
            self.requests += 1;
            let decoder = self.decoder;
            let decode = |response: &Response| match decoder.decode(list, &response.body, context) {
                Ok(page) => Ok((page, response.server_date)),
                Err(error) => Err(Undecodable::new(error.to_string())),
            };
            let asking = self.api.get_decoded(auth, target, endpoint, decode);
            match self.ending.unless_cancelled(asking).await? {
                Ok(answered) => return Ok(Some(answered)),
                Err(error) if error.kind == ApiErrorKind::NoAccount => return Ok(None),
                Err(error) if error.kind == ApiErrorKind::Unauthorized => self.renew(error).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// A new token after the first refusal; the refusal itself after the second.
    async fn renew(&mut self, refusal: ApiError) -> Result<(), Stop> {
        match &mut self.who {
            Who::User { id, token, refused: refused @ None } => {
                self.requests += 1;
                let new = self.api.renew(*id).await?;
                *refused = Some(std::mem::replace(token, new));
                Ok(())
            }
            _ => Err(refusal.into()),
        }
    }

    fn empty(&self, list: List) -> Result<Page, Stop> {
        let body = EMPTY.iter().find(|(of, _)| *of == list).map_or("{}", |(_, body)| body);
        self.decoder
            .decode(list, body.as_bytes(), Context { user: None })
            .map_err(|error| Stop::unit(Reason::Undecodable, error.to_string()))
    }

    /// Notes the fields of a page that is used.
    pub(super) fn count_fields(&mut self, page: &Page) {
        for (field, n) in &page.unknown_fields {
            *self.unknown_fields.entry(field.clone()).or_default() += n;
        }
    }

    /// Gives the token back, and the one that was refused: it may be alive all the same. A failure is the API room's to
    /// count: it fails nothing.
    pub(super) async fn close(self) {
        let Who::User { id, token, refused } = self.who else { return };
        for token in [Some(token), refused].into_iter().flatten() {
            if let Err(error) = self.api.revoke(token).await {
                tracing::warn!(user = id.get(), %error, "the token stays behind");
            }
        }
    }
}

/// The clock of a conversation: the server's from the first `Date` on, ours where the first answer has none. The two
/// never meet in one comparison.
#[derive(Clone, Copy, Debug)]
enum Clock {
    Unread,
    Server(Timestamp),
    Ours,
}

impl Clock {
    fn read(&mut self, date: Option<Timestamp>) -> Timestamp {
        *self = match (*self, date) {
            (Self::Unread | Self::Server(_), Some(date)) => Self::Server(date),
            (Self::Unread | Self::Ours, _) => Self::Ours,
            // An answer without a date came after the last that had one: the earlier time asks for more, not less.
            (Self::Server(last), None) => Self::Server(last),
        };
        match *self {
            Self::Server(date) => date,
            Self::Unread | Self::Ours => Timestamp::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clocks_are_never_mixed() {
        let early: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
        let mut clock = Clock::Unread;
        assert_eq!(clock.read(Some(early)), early);
        assert_eq!(clock.read(None), early);
        let mut clock = Clock::Unread;
        let ours = clock.read(None);
        assert!(ours > early && clock.read(Some(early)) >= ours);
    }
}
