//! Faults of meaning: statuses, throttling, error bodies.

use super::super::{
    Api, ApiErrorKind, Auth, Endpoint, ExitClass, Fault, RetryKind, Target, Undecodable, UserToken,
};
use super::server::{Act, PAGE, Server, answer, good, json, user, users};
use crate::model::Secret;

async fn accounts(api: &Api) -> Result<super::super::Response, super::super::ApiError> {
    let token = UserToken::from_journal(user(), Secret::new("u-t0ken".to_owned()));
    api.get(Auth::User(&token), &Target::accounts(user()).flag("all"), Endpoint::Accounts).await
}

/// One good answer, then this one for ever: the kind, and how often it was sent.
async fn ends(act: Act) -> (ApiErrorKind, u32) {
    let server = Server::start(vec![good()], act).await;
    let api = server.api();
    users(&api).await.unwrap();
    let error = accounts(&api).await.unwrap_err();
    assert!(error.reason().is_some() || error.exit_class() != ExitClass::Usage);
    assert_eq!(server.seen().len() as u32, 1 + error.context.attempts);
    (error.kind, error.context.attempts)
}

fn status(status: &str) -> Act {
    json(status, r#"{"code":"some","description":"thing","request_id":7}"#)
}

#[tokio::test]
async fn fault_15_throttled_and_then_served() {
    let date = httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH);
    let script = [
        "Retry-After: 1\r\n",
        "Retry-After: 0\r\n",
        &format!("Retry-After: {date}\r\n"),
        "Retry-After: -1\r\n",
        "",
    ]
    .map(|header| Act::Send(answer("429 Too Many Requests", header, "")));
    let server = Server::start(script.to_vec(), good()).await;
    let api = server.api();
    users(&api).await.unwrap();
    let stats = api.stats();
    assert_eq!((stats.throttled, stats.requests), (5, 6));
    assert_eq!(stats.retries.get(&RetryKind::Throttled), Some(&5));
}

#[tokio::test]
async fn fault_15_unavailable_with_retry_after_is_throttling() {
    let busy = Act::Send(answer("503 Service Unavailable", "Retry-After: 1\r\n", ""));
    let server = Server::start(vec![busy; 8], good()).await;
    users(&server.api()).await.unwrap();
}

#[tokio::test]
async fn fault_17_throttled_for_ever() {
    let server =
        Server::start(Vec::new(), Act::Send(answer("429 Too Many Requests", "Retry-After: 0\r\n", ""))).await;
    let api = server.api();
    let error = users(&api).await.unwrap_err();
    assert_eq!((&error.kind, error.context.attempts), (&ApiErrorKind::RateExhausted, 20));
    assert_eq!(error.exit_class(), ExitClass::Unavailable);
    assert_eq!(users(&api).await.unwrap_err().context.attempts, 0, "the run has stopped asking");
}

#[tokio::test]
async fn fault_17_a_pause_beyond_patience_ends_at_once() {
    let server =
        Server::start(Vec::new(), Act::Send(answer("429 Too Many Requests", "Retry-After: 3600\r\n", "")))
            .await;
    let error = users(&server.api()).await.unwrap_err();
    assert_eq!((error.kind, error.context.attempts), (ApiErrorKind::RateExhausted, 1));
}

#[tokio::test]
async fn fault_18_server_errors() {
    for text in
        ["500 Bug", "502 Bad Gateway", "503 Maintenance", "504 Late", "408 Slow", "425 Early", "507 Full"]
    {
        assert_eq!(ends(status(text)).await, (ApiErrorKind::ServerError, 6), "{text}");
        let server = Server::start(vec![status(text)], good()).await;
        let api = server.api();
        users(&api).await.unwrap();
        assert_eq!(api.stats().retries.get(&RetryKind::Server), Some(&1), "{text}");
    }
}

#[tokio::test]
async fn fault_20_refused_tokens_are_not_retried() {
    assert_eq!(ends(status("401 Unauthorized")).await, (ApiErrorKind::Unauthorized, 1));
    let server = Server::start(Vec::new(), status("401 Unauthorized")).await;
    let error = users(&server.api()).await.unwrap_err();
    assert_eq!(error.exit_class(), ExitClass::Credentials);
    assert!(error.reason().is_none());
}

#[tokio::test]
async fn fault_21_forbidden() {
    assert_eq!(ends(status("403 Forbidden")).await, (ApiErrorKind::Forbidden, 1));
}

#[tokio::test]
async fn fault_22_a_user_has_gone() {
    assert_eq!(ends(status("404 Not Found")).await, (ApiErrorKind::NotFound, 1));
}

#[tokio::test]
async fn fault_23_no_api_at_the_base_url() {
    let server = Server::start(Vec::new(), status("404 Not Found")).await;
    let error = users(&server.api()).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::NotApi);
    assert_eq!(error.exit_class(), ExitClass::Data);
    assert!(error.to_string().contains("POWENS_BASE_URL"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn fault_24_requests_that_are_refused() {
    for text in ["400 Bad Request", "405 Method Not Allowed", "418 Teapot", "422 No"] {
        assert_eq!(ends(status(text)).await, (ApiErrorKind::BadRequest, 1), "{text}");
    }
    let body = r#"{"code":"invalidValue","description":"bad\nvalue FR7630006000011234567890189 for jean@example.org"}"#;
    let server = Server::start(vec![good()], json("400 Bad Request", body)).await;
    let api = server.api();
    users(&api).await.unwrap();
    let error = accounts(&api).await.unwrap_err().to_string();
    assert!(error.contains("code invalidValue"), "{error}");
    assert!(!error.contains("7630") && !error.contains("jean") && !error.contains('\n'), "{error}");
}

#[tokio::test]
async fn a_400_that_lost_its_code_is_asked_for_again() {
    let no_account = r#"{"code":"noAccount","description":"At least one bank account is required."}"#;
    for spoiled in ["", "{", &no_account[..40], &format!("{no_account}<!-- end -->")] {
        let script = vec![good(), json("400 Bad Request", spoiled), json("400 Bad Request", no_account)];
        let server = Server::start(script, good()).await;
        let api = server.api();
        users(&api).await.unwrap();
        let error = accounts(&api).await.unwrap_err();
        assert_eq!((error.kind, error.context.attempts), (ApiErrorKind::NoAccount, 2), "{spoiled}");
    }
    assert_eq!(ends(json("400 Bad Request", "<html>")).await, (ApiErrorKind::BadRequest, 6));
}

#[tokio::test]
async fn no_account_is_an_empty_list_whatever_the_status() {
    for text in ["400 Bad Request", "409 Conflict", "404 Not Found"] {
        let act =
            json(text, r#"{"code":"NoAccount","description":"At least one bank account is required."}"#);
        assert_eq!(ends(act).await, (ApiErrorKind::NoAccount, 1), "{text}");
    }
}

#[tokio::test]
async fn fault_25_locked() {
    assert_eq!(ends(json("409 Conflict", r#"{"code":"connectionLocked"}"#)).await, (ApiErrorKind::Locked, 6));
    assert_eq!(ends(status("423 Locked")).await, (ApiErrorKind::Locked, 6));
}

#[tokio::test]
async fn fault_26_redirects_are_not_followed() {
    let trap = Server::start(Vec::new(), good()).await;
    for code in ["301", "302", "303", "307", "308"] {
        let location = format!("Location: http://127.0.0.1:{}/2.0/users\r\n", trap.port);
        let act = Act::Send(answer(&format!("{code} Moved"), &location, ""));
        let host = Some("127.0.0.1".to_owned());
        assert_eq!(ends(act).await, (ApiErrorKind::Redirect { host }, 1));
    }
    let act = Act::Send(answer("302 Found", "Location: https://u:p4ss@evil.example/x?token=t\r\n", ""));
    let server = Server::start(Vec::new(), act).await;
    let error = users(&server.api()).await.unwrap_err();
    assert!(error.reason().is_none());
    let message = error.to_string();
    assert!(
        message.contains("evil.example") && !message.contains("p4ss") && !message.contains("token="),
        "{message}"
    );
    assert!(trap.seen().is_empty());
}

#[tokio::test]
async fn fault_27_only_200_is_a_page() {
    for text in [
        "204 No Content",
        "201 Created",
        "202 Accepted",
        "203 Other",
        "206 Partial Content",
        "304 Not Modified",
    ] {
        let act = Act::Close(match text {
            "204 No Content" | "304 Not Modified" => format!("HTTP/1.1 {text}\r\n\r\n").into_bytes(),
            _ => answer(text, "Content-Type: application/json\r\n", PAGE),
        });
        assert_eq!(ends(act).await, (ApiErrorKind::Protocol(Fault::UnexpectedStatus), 6), "{text}");
    }
    assert_eq!(ends(json("200 OK", "")).await, (ApiErrorKind::Protocol(Fault::Empty), 6));
    assert_eq!(ends(json("200 OK", "  \n")).await, (ApiErrorKind::Protocol(Fault::Empty), 6));
}

#[tokio::test]
async fn fault_27_a_page_that_does_not_decode_is_asked_for_again() {
    let server = Server::start(vec![json("200 OK", r#"{"code":"bug"}"#)], good()).await;
    let api = server.api();
    let decode = |response: &super::super::Response| {
        let page: serde_json::Value =
            serde_json::from_slice(&response.body).map_err(|_| Undecodable::new("not JSON"))?;
        page.get("users")
            .and_then(|users| users.as_array())
            .map(Vec::len)
            .ok_or_else(|| Undecodable::new("no users"))
    };
    let own = api.clone();
    // In a task of its own, as the program does.
    let task =
        tokio::spawn(
            async move { own.get_decoded(Auth::Users, &Target::users(), Endpoint::Users, decode).await },
        );
    assert_eq!(task.await.unwrap().unwrap(), 1);
    assert_eq!(api.stats().retries.get(&RetryKind::Undecodable), Some(&1));

    let server = Server::start(Vec::new(), json("200 OK", r#"{"code":"bug"}"#)).await;
    let api = server.api();
    let error = api.get_decoded(Auth::Users, &Target::users(), Endpoint::Users, decode).await.unwrap_err();
    assert_eq!((error.kind, error.context.attempts), (ApiErrorKind::Undecodable("no users".to_owned()), 6));
    let error = api
        .get_decoded(Auth::Users, &Target::users(), Endpoint::Users, |_| {
            Err::<(), _>(Undecodable::too_large("more rows than asked for"))
        })
        .await
        .unwrap_err();
    assert_eq!(error.context.attempts, 1);
    assert!(matches!(error.kind, ApiErrorKind::TooLarge(_)));
}
