//! Reddit's listings: newest first, a thousand at most, items that turn into “[deleted]”.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};

type Params = Query<HashMap<String, String>>;

#[derive(Debug, Default)]
struct Living {
    /// Name, time and words; `None` when deleted.
    items: Mutex<Vec<(String, Millis, Option<String>)>>,
    agents: Mutex<Vec<String>>,
    blocked: Mutex<bool>,
}

fn name(item: Item) -> String {
    format!("{}_{:x}", if item.n.is_multiple_of(2) { "t3" } else { "t1" }, item.n + 1000)
}

fn child((name, at, words): &(String, Millis, Option<String>)) -> Value {
    let (author, words) = words.as_deref().map_or(("[deleted]", "[deleted]"), |w| ("kim", w));
    let field = if name.starts_with("t1") { "body" } else { "selftext" };
    #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
    let seconds = at.get() as f64 / 1000.0;
    json!({"kind": &name[..2], "data": {"name": name, "author": author, field: words, "created_utc": seconds, "edited": false, "permalink": "/r/x/comments/1/"}})
}

fn refused(fake: &Living, headers: &HeaderMap) -> Option<Response> {
    let agent = headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    fake.agents.lock().expect("agents").push(agent.to_owned());
    if *fake.blocked.lock().expect("a flag") {
        return Some((StatusCode::FORBIDDEN, Html("<html>whoa there, pardner!</html>")).into_response());
    }
    let good = headers.get(header::AUTHORIZATION).is_some_and(|v| v == "Bearer at-1");
    (!good).then(|| (StatusCode::UNAUTHORIZED, Json(json!({"message": "Unauthorized", "error": 401}))).into_response())
}

fn listing(fake: &Living, kind: &str, params: &Params) -> Response {
    let items = fake.items.lock().expect("items");
    let mut found: Vec<_> = items.iter().filter(|i| i.0.starts_with(kind) && i.2.is_some()).collect();
    found.sort_by_key(|i| std::cmp::Reverse(i.1));
    found.truncate(1000);
    let from = params.get("after").map_or(0, |after| found.iter().position(|i| i.0 == *after).map_or(found.len(), |n| n + 1));
    let shown: Vec<_> = found.iter().skip(from).take(100).collect();
    let after = if from + 100 < found.len() { shown.last().map(|i| i.0.clone()) } else { None };
    let children: Vec<Value> = shown.into_iter().map(|i| child(i)).collect();
    let left = [("x-ratelimit-remaining", "97.0"), ("x-ratelimit-reset", "311")];
    (left, Json(json!({"kind": "Listing", "data": {"after": after, "children": children}}))).into_response()
}

async fn search(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params) -> Response {
    assert!(params.get("q").is_some_and(|q| q == "\"Acme Cloud\"") && params.get("raw_json").is_some_and(|v| v == "1"));
    refused(&fake, &headers).unwrap_or_else(|| listing(&fake, "t3", &params))
}

async fn community(
    State(fake): State<Arc<Living>>,
    Path((names, list)): Path<(String, String)>,
    headers: HeaderMap,
    params: Params,
) -> Response {
    assert_eq!(names, "sysadmin+acme");
    let kind = if list == "comments" { "t1" } else { "t3" };
    refused(&fake, &headers).unwrap_or_else(|| listing(&fake, kind, &params))
}

async fn info(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params) -> Response {
    if let Some(refusal) = refused(&fake, &headers) {
        return refusal;
    }
    let asked: Vec<&str> = params.get("id").expect("ids").split(',').collect();
    let items = fake.items.lock().expect("items");
    let children: Vec<Value> = items.iter().filter(|i| asked.contains(&i.0.as_str())).map(child).collect();
    Json(json!({"kind": "Listing", "data": {"children": children}})).into_response()
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Reddit;
    const LATE_MS: i64 = 10 * MINUTE;

    fn router(self: Arc<Self>) -> Router {
        let token = || async { Json(json!({"access_token": "at-1", "token_type": "bearer", "expires_in": 86_400_000})) };
        Router::new()
            .route("/token", post(token))
            .route("/search", get(search))
            .route("/r/{names}/{list}", get(community))
            .route("/api/info", get(info))
            .with_state(self)
    }

    fn settings(url: &str) -> Value {
        let oauth = json!({"client_id": {"env": "ID"}, "client_secret": {"env": "TOKEN"}, "token_url": format!("{url}/token")});
        json!({"url": url, "oauth": oauth, "user": "acme_ops", "subreddits": ["sysadmin", "acme"]})
    }

    fn publish(&self, item: Item) {
        self.items.lock().expect("items").push((name(item), item.at, Some(format!("Acme Cloud {}", item.n))));
    }

    fn native_id(item: Item) -> String {
        name(item)
    }

    fn edit(&self, item: Item, words: &str) {
        let mut items = self.items.lock().expect("items");
        items.iter_mut().find(|i| i.0 == name(item)).expect("there").2 = Some(words.to_owned());
    }

    fn delete(&self, item: Item) {
        let mut items = self.items.lock().expect("items");
        items.iter_mut().find(|i| i.0 == name(item)).expect("there").2 = None;
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living, edits);
}

async fn start() -> (Server, Arc<Living>, Poller) {
    let fake = Arc::new(Living::default());
    let server = Server::start(Arc::clone(&fake).router()).await;
    let poller = Poller::new(SourceKind::Reddit, Living::settings(&server.url));
    (server, fake, poller)
}

#[tokio::test]
async fn each_request_names_the_app_and_who_answers_for_it() {
    let (_server, fake, mut poller) = start().await;
    poller.chain(NOW).await.expect("read");
    let agents = fake.agents.lock().expect("agents").clone();
    let expected = format!("server:ebb:{} (by /u/acme_ops)", env!("CARGO_PKG_VERSION"));
    assert!(agents.len() == 3 && agents.iter().all(|agent| *agent == expected), "{agents:?}");
}

#[tokio::test]
async fn a_list_that_ends_before_our_place_leaves_a_gap_in_coverage() {
    let (_server, fake, mut poller) = start().await;
    poller.chain(NOW).await.expect("read");
    // Comments only, one a second: the list shows the last thousand of two thousand.
    for n in 0..2000 {
        fake.publish(Item { at: NOW.plus(DAY_MS / 24 + i64::try_from(n).expect("small") * 1000), n: n * 2 + 1 });
    }
    let later = NOW.plus(2 * DAY_MS / 24);
    let chain = poller.chain(later).await.expect("read");
    let oldest = NOW.plus(DAY_MS / 24 + 1_000_000);
    assert_eq!((chain.posts.len(), chain.covered()), (1000, Some((oldest.since(NOW), later.since(NOW)))));
}

#[tokio::test]
async fn a_list_whose_place_was_deleted_leaves_a_gap_in_coverage() {
    let (_server, fake, mut poller) = start().await;
    poller.chain(NOW).await.expect("read");
    let comment = |n: u64| Item { at: NOW.plus(HOUR_MS + i64::try_from(n).expect("small") * 1000), n: n * 2 + 1 };
    (0..250).for_each(|n| fake.publish(comment(n)));
    let later = NOW.plus(2 * HOUR_MS);
    let mut shown = 0;
    let covered = loop {
        let page = poller.adapter.poll(&poller.http, &poller.cursor, later).await.expect("read");
        shown += page.posts.len();
        poller.cursor = page.cursor;
        if shown == 100 {
            // The next page would begin behind this one.
            fake.delete(comment(150));
        }
        if page.more == crate::domain::source::More::CaughtUp {
            break page.covered.expect("a part");
        }
    };
    assert_eq!((shown, covered.from()), (100, comment(150).at));
}

#[tokio::test]
async fn a_block_is_told_from_a_missing_approval() {
    let (_server, fake, mut poller) = start().await;
    *fake.blocked.lock().expect("a flag") = true;
    let error = poller.chain(NOW).await.expect_err("blocked");
    assert!(error.is_final() && error.advice().contains("blocks this address"), "{}", error.advice());
}
