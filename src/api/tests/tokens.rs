//! Renewing and revoking.

use std::io;
use std::sync::{Arc, Mutex};

use super::super::{Api, ApiErrorKind, Auth, Endpoint, Target, TokenJournal, UserToken};
use super::server::{Act, Server, good, json, user};
use crate::model::{Reason, Secret};

#[derive(Debug, Default)]
struct Notes {
    lines: Mutex<Vec<String>>,
    full: bool,
}

impl TokenJournal for Notes {
    fn minted(&self, token: &UserToken) -> io::Result<()> {
        if self.full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.lines.lock().unwrap().push(format!("minted {} {}", token.user(), token.secret().expose()));
        Ok(())
    }

    fn revoked(&self, token: &UserToken) -> io::Result<()> {
        self.lines.lock().unwrap().push(format!("revoked {}", token.user()));
        Ok(())
    }
}

fn minted() -> Act {
    json("200 OK", r#"{"access_token":"pX0k/9zQm+T4=","token_type":"Bearer"}"#)
}

fn gone() -> Act {
    Act::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())
}

#[tokio::test]
async fn a_token_is_minted_journalled_used_and_revoked() {
    let server = Server::start(vec![minted(), good(), gone()], good()).await;
    let journal = Arc::new(Notes::default());
    let api = server.api().with_journal(Arc::<Notes>::clone(&journal));
    let token = api.renew(user()).await.unwrap();
    assert_eq!(*journal.lines.lock().unwrap(), ["minted 4101 pX0k/9zQm+T4="]);
    assert_eq!(api.stats().tokens_left, 1);
    let target = Target::connections(user()).with("expand", "connector,sources");
    api.get(Auth::User(&token), &target, Endpoint::Connections).await.unwrap();
    assert!(!format!("{token:?}").contains("pX0k"));
    api.revoke(token).await.unwrap();
    assert_eq!(journal.lines.lock().unwrap()[1..], ["revoked 4101"]);
    assert_eq!(api.stats().tokens_left, 0);
    let seen = server.seen();
    assert_eq!(seen[0].line, "POST /2.0/auth/renew HTTP/1.1");
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    let expected = serde_json::json!({
        "grant_type": "client_credentials", "client_id": "81264403", "client_secret": "cl1ent-s3cret",
        "id_user": 4101, "revoke_previous": false,
    });
    assert_eq!(body, expected);
    assert!(!seen[0].head.to_ascii_lowercase().contains("authorization"));
    assert_eq!(seen[1].line, "GET /2.0/users/4101/connections?expand=connector,sources HTTP/1.1");
    assert!(seen[1].head.contains("Bearer pX0k/9zQm+T4="));
    assert_eq!(seen[2].line, "DELETE /2.0/auth/token HTTP/1.1");
    assert!(seen[2].head.contains("Bearer pX0k/9zQm+T4="));
}

#[tokio::test]
async fn fault_27_a_revocation_answered_by_an_error_under_200_is_not_done() {
    let failed = json("200 OK", r#"{"code":"bug","description":"not now"}"#);
    let server = Server::start(vec![minted(), failed.clone(), gone(), minted()], failed).await;
    let api = server.api();
    let token = api.renew(user()).await.unwrap();
    api.revoke(token).await.unwrap();
    assert_eq!((server.seen().len(), api.stats().tokens_left), (3, 0));
    let token = api.renew(user()).await.unwrap();
    let error = api.revoke(token).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Undecodable(_)), "{error}");
    assert_eq!(api.stats().tokens_left, 1);
}

#[tokio::test]
async fn a_renewal_is_tried_three_times_at_most() {
    let server = Server::start(vec![good()], json("500 Bug", "{}")).await;
    let api = server.api();
    super::server::users(&api).await.unwrap();
    let error = api.renew(user()).await.unwrap_err();
    assert_eq!((&error.kind, error.context.attempts), (&ApiErrorKind::ServerError, 3));
    assert!(error.reason().is_some());
}

#[tokio::test]
async fn a_refused_renewal_names_its_reason() {
    for status in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found"] {
        let server = Server::start(Vec::new(), json(status, r#"{"code":"x"}"#)).await;
        let error = server.api().renew(user()).await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::RenewRefused), "{status}");
        assert_eq!(server.seen().len(), 1);
    }
    let server = Server::start(Vec::new(), json("200 OK", r#"{"auth_token":"x"}"#)).await;
    let error = server.api().renew(user()).await.unwrap_err();
    assert!(matches!(error.kind, ApiErrorKind::Undecodable(_)));
}

#[tokio::test]
async fn a_token_that_cannot_be_journalled_is_revoked_unused() {
    let server = Server::start(vec![minted(), gone()], good()).await;
    let api = server.api().with_journal(Arc::new(Notes { full: true, ..Notes::default() }));
    let error = api.renew(user()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Journal(io::ErrorKind::StorageFull));
    assert!(error.reason().is_none());
    let lines: Vec<_> = server.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines, ["POST /2.0/auth/renew HTTP/1.1", "DELETE /2.0/auth/token HTTP/1.1"]);
    assert_eq!(api.stats().tokens_left, 0);
}

#[tokio::test]
async fn given_tokens_replace_renewing_and_are_never_revoked() {
    let server = Server::start(Vec::new(), good()).await;
    let mut config = server.config();
    config.user_tokens = Some([(user(), Secret::new("given".to_owned()))].into());
    let api = Api::new(config).unwrap();
    let token = api.renew(user()).await.unwrap();
    api.revoke(token).await.unwrap();
    let stranger = crate::model::UserId::new(1).unwrap();
    assert_eq!(api.renew(stranger).await.unwrap_err().kind, ApiErrorKind::NoToken);
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn tokens_left_counts_what_could_not_be_revoked() {
    let server = Server::start(vec![minted()], json("403 Forbidden", "{}")).await;
    let api = server.api();
    let token = api.renew(user()).await.unwrap();
    api.revoke(token).await.unwrap_err();
    let old = UserToken::from_journal(user(), Secret::new("old".to_owned()));
    api.revoke(old).await.unwrap_err();
    assert_eq!(api.stats().tokens_left, 2);
    // One that the API does not know any more is dead.
    let server = Server::start(vec![minted()], json("401 Unauthorized", "{}")).await;
    let api = server.api();
    let token = api.renew(user()).await.unwrap();
    api.revoke(token).await.unwrap();
    assert_eq!(api.stats().tokens_left, 0);
}
