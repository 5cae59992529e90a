//! The Graph API: pages of posts and comments, tokens that die, allowances in headers, errors behind status 400.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, Millis};
use crate::sources::PollError;

type Params = Query<HashMap<String, String>>;

/// A page with a post of its own, visitors, posts elsewhere that tag it, and comments.
#[derive(Debug, Default)]
struct World {
    now: Millis,
    /// List, id, time and words; `None` when deleted.
    items: Vec<(&'static str, String, Millis, Option<String>)>,
    error: Option<(i64, i64)>,
    headers: Vec<(&'static str, String)>,
    asked: Vec<String>,
}

#[derive(Debug, Default)]
struct Living(Mutex<World>);

/// Where an item appears.
fn list_of(item: Item) -> &'static str {
    ["feed", "tagged", "comments"][usize::try_from(item.n % 3).expect("small")]
}

fn graph_time(at: Millis) -> String {
    at.to_datetime().format("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn element((list, id, at, words): &(&'static str, String, Millis, Option<String>)) -> Value {
    let address =
        if *list == "comments" { "https://www.facebook.com/1122/posts/1?comment_id=5" } else { "https://www.facebook.com/1122/posts/9" };
    json!({"id": id, "message": words, "created_time": graph_time(*at), "from": {"id": "66", "name": "Sam"}, "permalink_url": address})
}

fn refused(it: &World, headers: &HeaderMap, params: &Params) -> Option<Response> {
    let bad = |code: i64, subcode: i64| {
        let body = json!({"error": {"message": "EAAB-secret", "type": "OAuthException", "code": code, "error_subcode": subcode, "fbtrace_id": "A"}});
        Some((StatusCode::BAD_REQUEST, Json(body)).into_response())
    };
    if headers.get(header::AUTHORIZATION).is_none_or(|v| v != "Bearer s3cret") {
        return bad(190, 463);
    }
    // HMAC-SHA256 of `s3cret` with the key `an-id`, as `openssl dgst` gives it.
    let proof = "b85ac78b2c0584cab2d561094352fe1d4d6682abef22aed4e8c96380ea280c81";
    if params.get("appsecret_proof").is_some_and(|p| p != proof) {
        return bad(100, 0);
    }
    it.error.and_then(|(code, subcode)| bad(code, subcode))
}

async fn list(State(fake): State<Arc<Living>>, Path((_, name)): Path<(String, String)>, headers: HeaderMap, params: Params) -> Response {
    let mut it = fake.0.lock().expect("a world");
    it.asked.push(name.clone());
    if let Some(refusal) = refused(&it, &headers, &params) {
        return refusal;
    }
    let comments = it.items.iter().filter(|i| i.0 == "comments" && i.3.is_some()).count();
    let mut found: Vec<Value> = Vec::new();
    if name == "feed" {
        let mut own = json!({"id": "1122_1", "message": "Acme Cloud is sorry", "created_time": graph_time(it.now), "from": {"id": "1122", "name": "Acme"}});
        own["comments"] = json!({"data": [], "summary": {"total_count": comments}});
        found.push(own);
    }
    let mut items: Vec<_> = it.items.iter().filter(|i| i.0 == name && i.3.is_some()).collect();
    items.sort_by_key(|i| std::cmp::Reverse(i.2));
    found.extend(items.into_iter().map(element));
    let from: usize = params.get("after").map_or(0, |a| a.parse().expect("a place"));
    // Short pages occur.
    let size = 37;
    let page: Vec<Value> = found.iter().skip(from).take(size).cloned().collect();
    let mut body = json!({"data": page});
    if from + size < found.len() {
        let next = format!("https://graph.facebook.com/v26.0/x?access_token=EAAB-secret&after={}", from + size);
        body["paging"] = json!({"cursors": {"before": "b", "after": (from + size).to_string()}, "next": next});
    }
    let mut answer = Json(body).into_response();
    for (name, value) in &it.headers {
        answer.headers_mut().insert(*name, value.parse().expect("a value"));
    }
    answer
}

async fn known(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params) -> Response {
    let it = fake.0.lock().expect("a world");
    if let Some(refusal) = refused(&it, &headers, &params) {
        return refusal;
    }
    let asked: Vec<&str> = params.get("ids").expect("ids").split(',').collect();
    let found: Vec<_> = it.items.iter().filter(|i| asked.contains(&i.1.as_str()) && i.3.is_some()).collect();
    if found.len() < asked.len() {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": {"code": 803, "type": "OAuthException"}}))).into_response();
    }
    Json(Value::Object(found.into_iter().map(|i| (i.1.clone(), element(i))).collect())).into_response()
}

async fn one(State(fake): State<Arc<Living>>, Path(id): Path<String>) -> Response {
    let it = fake.0.lock().expect("a world");
    match it.items.iter().find(|i| i.1 == id && i.3.is_some()) {
        Some(item) => Json(element(item)).into_response(),
        None => (StatusCode::BAD_REQUEST, Json(json!({"error": {"code": 100, "error_subcode": 33}}))).into_response(),
    }
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Facebook;
    const LATE_MS: i64 = 15 * MINUTE;

    fn router(self: Arc<Self>) -> Router {
        Router::new().route("/v26.0/", get(known)).route("/v26.0/{id}", get(one)).route("/v26.0/{id}/{list}", get(list)).with_state(self)
    }

    fn settings(url: &str) -> Value {
        json!({"url": url, "page": "1122", "token": {"env": "TOKEN"}, "app_secret": {"env": "ID"}})
    }

    fn publish(&self, item: Item) {
        let words = format!("Acme Cloud {}", item.n);
        self.0.lock().expect("a world").items.push((list_of(item), Self::native_id(item), item.at, Some(words)));
    }

    fn native_id(item: Item) -> String {
        let place = match list_of(item) {
            "feed" => "1122",
            "tagged" => "77",
            _ => "1",
        };
        format!("{place}_{}", item.n + 1000)
    }

    fn edit(&self, item: Item, words: &str) {
        let mut it = self.0.lock().expect("a world");
        let id = Self::native_id(item);
        it.items.iter_mut().find(|i| i.1 == id).expect("there").3 = Some(words.to_owned());
    }

    fn delete(&self, item: Item) {
        let mut it = self.0.lock().expect("a world");
        let id = Self::native_id(item);
        it.items.iter_mut().find(|i| i.1 == id).expect("there").3 = None;
    }

    fn set_now(&self, now: Millis) {
        self.0.lock().expect("a world").now = now;
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living, edits);
}

async fn start() -> (Server, Arc<Living>, Poller) {
    let fake = Arc::new(Living::default());
    fake.set_now(NOW);
    let server = Server::start(Arc::clone(&fake).router()).await;
    let poller = Poller::new(SourceKind::Facebook, Living::settings(&server.url));
    (server, fake, poller)
}

#[tokio::test]
async fn the_pages_own_post_is_an_update_and_its_comments_are_asked_for_when_there_are_new_ones() {
    let (_server, fake, poller) = start().await;
    let mut cursor = poller.cursor.clone();
    let mut updates = 0;
    for (minute, new) in [(0, true), (1, false), (2, true)] {
        if new {
            fake.publish(Item { at: NOW.plus(minute * MINUTE - MINUTE), n: u64::try_from(minute).expect("small") * 3 + 2 });
        }
        fake.0.lock().expect("a world").asked.clear();
        loop {
            let page = poller.adapter.poll(&poller.http, &cursor, NOW.plus(minute * MINUTE)).await.expect("read");
            updates += page.updates.len();
            cursor = page.cursor;
            if page.more == crate::domain::source::More::CaughtUp {
                break;
            }
        }
        let asked = fake.0.lock().expect("a world").asked.clone();
        let expected: &[&str] = if new { &["feed", "tagged", "comments"] } else { &["feed", "tagged"] };
        assert_eq!(asked, expected, "minute {minute}");
    }
    assert_eq!(updates, 3, "listed each time, and kept once by its id");
}

#[tokio::test]
async fn errors_behind_status_400_say_what_to_do_and_hold_no_token() {
    for (code, subcode, is_final, says) in [
        (190, 460, true, "password was changed"),
        (190, 463, true, "has expired"),
        (102, 0, true, "make a new one"),
        (10, 0, true, "lacks a permission"),
        (230, 0, true, "lacks a permission"),
        (4, 0, false, "fewer requests"),
        (80_001, 0, false, "fewer requests"),
        (368, 0, false, "fewer requests"),
        (2, 0, false, "passing error"),
        (100, 0, true, "status 400"),
        (100, 33, false, "404"),
    ] {
        let (_server, fake, mut poller) = start().await;
        fake.0.lock().expect("a world").error = Some((code, subcode));
        let error = poller.chain(NOW).await.expect_err("refused");
        assert!(error.is_final() == is_final && error.advice().contains(says), "{code}/{subcode}: {}", error.advice());
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}

#[tokio::test]
async fn a_nearly_used_allowance_slows_polling_down_and_says_for_how_long() {
    let usage = |percent: i64, minutes: i64| {
        json!({"1122": [{"type": "pages", "call_count": percent, "total_time": 3, "total_cputime": 4, "estimated_time_to_regain_access": minutes}]}).to_string()
    };
    for (headers, expected) in [
        (vec![("x-business-use-case-usage", usage(74, 0))], None),
        (vec![("x-business-use-case-usage", usage(80, 0))], Some(2 * MINUTE)),
        (vec![("x-business-use-case-usage", usage(96, 40))], Some(40 * MINUTE)),
        (vec![("x-app-usage", json!({"call_count": 99}).to_string())], Some(15 * MINUTE)),
        (vec![("x-app-usage", "nonsense".to_owned())], None),
    ] {
        let (_server, fake, poller) = start().await;
        fake.0.lock().expect("a world").headers = headers.clone();
        let page = poller.adapter.poll(&poller.http, &poller.cursor, NOW).await.expect("read");
        assert_eq!(page.not_before.map(|at| at.since(NOW)), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn the_first_walk_ends_at_the_back_fill_limit() {
    let (_server, fake, mut poller) = start().await;
    for n in 0..90 {
        fake.publish(Item { at: NOW.plus(-40 * DAY_MS), n: n * 3 + 1 });
    }
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!(chain.posts.len(), 37, "one page of what is too old, and no more");
    assert!(matches!(poller.chain(NOW.plus(MINUTE)).await, Ok(chain) if chain.covered() == Some((0, MINUTE))));
}

/// Media and comments with replies inside, and mentions on Threads: the same walk in other words.
#[tokio::test]
async fn instagram_and_threads_are_read_by_the_same_walk() {
    let media = json!({"data": [{"id": "91", "caption": "Our day", "timestamp": graph_time(NOW.plus(-MINUTE)), "username": "acme", "comments_count": 2}]});
    let tags = json!({"data": [{"id": "92", "caption": "down again @acme", "timestamp": graph_time(NOW.plus(-MINUTE)), "username": "mo", "permalink": "https://www.instagram.com/p/x/"}]});
    let reply = json!({"data": [{"id": "94", "text": "me too", "timestamp": graph_time(NOW), "username": "kim", "parent_id": "93"}]});
    let answer = json!({"id": "95", "text": "we are on it", "timestamp": graph_time(NOW), "username": "Acme"});
    let comments =
        json!({"data": [{"id": "93", "text": "nothing works", "timestamp": graph_time(NOW), "username": "Mo", "replies": reply}, answer]});
    let mentions = json!({"data": [
        {"id": "7", "text": "@acme help", "timestamp": graph_time(NOW), "username": "lee", "permalink": "https://www.threads.net/@lee/post/7"},
        {"id": "8", "text": "we know", "timestamp": graph_time(NOW), "username": "acme", "is_reply": true},
    ]});
    let give = |body: Value| get(move || async move { Json(body) });
    let router = Router::new()
        .route("/v26.0/55/media", give(media))
        .route("/v26.0/55/tags", give(tags))
        .route("/v26.0/91/comments", give(comments))
        .route("/v1.0/me/mentions", give(mentions));
    let server = Server::start(router).await;
    let account = json!({"url": server.url, "user": "55", "username": "acme", "token": {"env": "TOKEN"}});
    let chain = Poller::new(SourceKind::Instagram, account).chain(NOW).await.expect("read");
    assert_eq!(chain.ids(), ["92", "93", "94"]);
    assert_eq!(chain.posts[2].reply_to.as_deref(), Some("93"));
    let account = json!({"url": server.url, "username": "@acme", "token": {"env": "TOKEN"}});
    let chain = Poller::new(SourceKind::Threads, account).chain(NOW).await.expect("read");
    assert_eq!((chain.ids(), chain.posts[0].author.handle.as_str()), (vec!["7"], "lee"));
}

#[tokio::test]
async fn a_refused_list_stops_the_source_and_a_post_without_comments_does_not() {
    let feed =
        json!({"data": [{"id": "1122_1", "message": "x", "created_time": graph_time(NOW), "comments": {"summary": {"total_count": 1}}}]});
    let gone = || async { (StatusCode::BAD_REQUEST, Json(json!({"error": {"code": 100, "error_subcode": 33}}))) };
    let router = Router::new()
        .route("/v26.0/1122/feed", get(move || async move { Json(feed) }))
        .route("/v26.0/1122/tagged", get(|| async { Json(json!({"data": []})) }))
        .route("/v26.0/1122_1/comments", get(gone));
    let server = Server::start(router).await;
    let mut poller = Poller::new(SourceKind::Facebook, json!({"url": server.url, "page": "1122", "token": {"env": "TOKEN"}}));
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 1);
    let mut other = Poller::new(SourceKind::Facebook, json!({"url": server.url, "page": "9", "token": {"env": "TOKEN"}}));
    assert!(matches!(other.chain(NOW).await, Err(PollError::NotFound { .. })));
}
