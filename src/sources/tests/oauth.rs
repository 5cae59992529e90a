//! Tokens that are fetched: once, again when they end or are refused, and kept when they rotate.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::{NOW, Poller, Server};
use crate::domain::source::{Cursor, SourceKind};
use crate::domain::time::{HOUR_MS, Millis};
use crate::sources::PollError;

/// Each refresh token works once and gives the next one.
#[derive(Debug, Default)]
struct Desk {
    issued: u32,
    refresh_used: Vec<String>,
    forms: Vec<String>,
    basic: Option<String>,
    /// Access tokens that are refused.
    revoked: Vec<String>,
    closed: bool,
}

type Shared = Arc<Mutex<Desk>>;

async fn token(State(desk): State<Shared>, headers: HeaderMap, form: String) -> Response {
    let mut it = desk.lock().expect("a desk");
    it.basic = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
    it.forms.push(form.clone());
    let given: HashMap<String, String> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let used = given.get("refresh_token").is_some_and(|t| it.refresh_used.contains(t));
    if it.closed || used {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant", "error_description": "rt-secret leaked"}))).into_response();
    }
    it.refresh_used.extend(given.get("refresh_token").cloned());
    it.issued += 1;
    let n = it.issued;
    Json(json!({"access_token": format!("at-{n}"), "refresh_token": format!("rt-{n}"), "expires_in": 7200, "token_type": "bearer"}))
        .into_response()
}

async fn posts(State(desk): State<Shared>, headers: HeaderMap) -> Response {
    let it = desk.lock().expect("a desk");
    let shown = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let good = (1..=it.issued).map(|n| format!("at-{n}")).filter(|t| !it.revoked.contains(t)).any(|t| shown == format!("Bearer {t}"));
    if good { Json(json!({"meta": {"result_count": 0}})).into_response() } else { StatusCode::UNAUTHORIZED.into_response() }
}

async fn start() -> (Server, Shared) {
    let desk = Shared::default();
    let router = Router::new().route("/token", post(token)).route("/2/tweets/search/recent", get(posts)).with_state(Arc::clone(&desk));
    (Server::start(router).await, desk)
}

fn poller(server: &Server, file: Option<&Path>) -> Poller {
    let mut oauth = json!({"client_id": {"env": "ID"}, "client_secret": {"env": "TOKEN"}, "token_url": format!("{}/token", server.url)});
    if let Some(file) = file {
        oauth["refresh_token"] = json!({"env": "REFRESH"});
        oauth["state_file"] = json!(file);
    }
    Poller::new(SourceKind::X, json!({"url": server.url, "oauth": oauth}))
}

async fn poll(poller: &Poller, now: Millis) -> Result<(), PollError> {
    poller.adapter.poll(&poller.http, &Cursor::default(), now).await.map(|_| ())
}

#[tokio::test]
async fn client_credentials_are_exchanged_once_and_again_when_the_token_ends() {
    let (server, desk) = start().await;
    let poller = poller(&server, None);
    poll(&poller, NOW).await.expect("read");
    poll(&poller, NOW.plus(HOUR_MS)).await.expect("read");
    assert_eq!(desk.lock().expect("a desk").forms, ["grant_type=client_credentials"]);
    assert_eq!(desk.lock().expect("a desk").basic.as_deref(), Some("Basic YW4taWQ6czNjcmV0"));
    poll(&poller, NOW.plus(2 * HOUR_MS - 30_000)).await.expect("read");
    assert_eq!(desk.lock().expect("a desk").issued, 2);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_and_then_it_is_an_error_in_words() {
    let (server, desk) = start().await;
    let poller = poller(&server, None);
    poll(&poller, NOW).await.expect("read");
    desk.lock().expect("a desk").revoked.push("at-1".to_owned());
    poll(&poller, NOW).await.expect("renewed");
    assert_eq!(desk.lock().expect("a desk").issued, 2);
    desk.lock().expect("a desk").revoked.extend(["at-2".to_owned(), "at-3".to_owned()]);
    let error = poll(&poller, NOW).await.expect_err("refused again");
    assert!(matches!(error, PollError::Unauthorised { .. }), "{error}");
    assert_eq!(desk.lock().expect("a desk").issued, 3, "one renewal a request");
}

#[tokio::test]
async fn a_rotating_refresh_token_outlives_the_process_in_a_file_for_its_owner_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("x.json");
    let (server, desk) = start().await;
    poll(&poller(&server, Some(&file)), NOW).await.expect("read");
    assert_eq!(std::fs::metadata(&file).expect("kept").permissions().mode() & 0o777, 0o600);
    // A new process: the token is still good, then it ends, and the first refresh token has been used up.
    poll(&poller(&server, Some(&file)), NOW.plus(HOUR_MS)).await.expect("read");
    assert_eq!(desk.lock().expect("a desk").issued, 1);
    poll(&poller(&server, Some(&file)), NOW.plus(3 * HOUR_MS)).await.expect("renewed");
    let used = desk.lock().expect("a desk").refresh_used.clone();
    assert_eq!(used, ["rt-first", "rt-1"]);
    let kept: Value = serde_json::from_slice(&std::fs::read(&file).expect("kept")).expect("JSON");
    assert_eq!(kept["refresh_token"], "rt-2");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
}

#[tokio::test]
async fn a_refresh_token_is_not_used_up_when_the_next_one_cannot_be_kept() {
    let (server, desk) = start().await;
    let nowhere = Path::new("/nonexistent-folder/x.json");
    let error = poll(&poller(&server, Some(nowhere)), NOW).await.expect_err("cannot be kept");
    assert!(error.is_final() && error.advice().contains("state_file"), "{}", error.advice());
    assert_eq!(desk.lock().expect("a desk").issued, 0);
}

#[tokio::test]
async fn no_error_and_no_debug_text_holds_a_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    let (server, desk) = start().await;
    desk.lock().expect("a desk").closed = true;
    let poller = poller(&server, Some(&folder.path().join("x.json")));
    let error = poll(&poller, NOW).await.expect_err("closed");
    assert!(error.advice().contains("invalid_grant") && error.advice().contains("log in again"), "{}", error.advice());
    let shown = format!("{error:?} {} {:?} {:?}", error.advice(), poller.adapter, poller.http);
    for secret in ["s3cret", "an-id", "rt-", "at-"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
