//! Hacker News: a search that shows a thousand hits at most and learns of posts late.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::post::PostKey;
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::sources::PollError;

/// Id and Unix seconds.
type Shared = Arc<Mutex<Vec<(u64, i64)>>>;

async fn search(State(items): State<Shared>, Query(params): Query<HashMap<String, String>>) -> Response {
    let strict = params.get("typoTolerance").is_some_and(|v| v == "false") && params.get("query").is_some_and(|q| q == "\"Acme Cloud\"");
    if !strict {
        return (StatusCode::BAD_REQUEST, Json(json!({"message": "bad query", "status": 400}))).into_response();
    }
    let bound = |sign: &str| {
        let all = params.get("numericFilters")?;
        all.split(',').find_map(|f| f.strip_prefix("created_at_i")?.strip_prefix(sign)?.parse::<i64>().ok())
    };
    let (after, until) = (bound(">").unwrap_or(0), bound("<=").unwrap_or(i64::MAX));
    let mut hits: Vec<(u64, i64)> = items.lock().expect("items").iter().copied().filter(|(_, at)| *at > after && *at <= until).collect();
    hits.sort_by_key(|(id, at)| std::cmp::Reverse((*at, *id)));
    let total = hits.len();
    let page: usize = params.get("page").and_then(|p| p.parse().ok()).unwrap_or(0);
    let shown: Vec<Value> = hits.iter().take(1000).skip(page * 100).take(100).map(|(id, at)| {
        json!({"objectID": id.to_string(), "created_at_i": at, "author": "pg", "comment_text": format!("Acme Cloud {id}"), "parent_id": 1})
    }).collect();
    Json(json!({"hits": shown, "nbHits": total, "page": page, "nbPages": total.min(1000).div_ceil(100), "hitsPerPage": 100}))
        .into_response()
}

async fn item(Path(name): Path<String>) -> Json<Value> {
    Json(match name.as_str() {
        "1.json" => json!({"id": 1, "by": "pg", "time": 1_795_000_000, "text": "edited", "parent": 5}),
        "2.json" => json!({"id": 2, "deleted": true}),
        "3.json" => json!({"id": 3, "dead": true, "text": "x"}),
        _ => Value::Null,
    })
}

async fn start() -> (Server, Shared, Poller) {
    let shared = Shared::default();
    let router =
        Router::new().route("/api/v1/search_by_date", get(search)).route("/v0/item/{name}", get(item)).with_state(Arc::clone(&shared));
    let server = Server::start(router).await;
    let poller = Poller::new(SourceKind::Hackernews, json!({"url": server.url, "item_url": server.url}));
    (server, shared, poller)
}

fn seconds(ms: i64) -> i64 {
    NOW.plus(ms).get() / 1000
}

#[tokio::test]
async fn more_hits_than_are_shown_are_read_in_smaller_windows() {
    let (_server, items, mut poller) = start().await;
    items.lock().expect("items").extend((0..2500).map(|n| (n, seconds(-DAY_MS) + i64::try_from(n).expect("small") / 3)));
    let chain = poller.chain(NOW).await.expect("read");
    let ids: BTreeSet<&str> = chain.ids().into_iter().collect();
    assert_eq!(ids.len(), 2500);
    assert_eq!(chain.covered(), Some((-60 * DAY_MS, 0)));
}

#[tokio::test]
async fn a_post_that_the_search_learns_of_late_is_found() {
    let (_server, items, mut poller) = start().await;
    poller.chain(NOW).await.expect("read");
    items.lock().expect("items").push((9, seconds(-5 * HOUR_MS)));
    let second = poller.chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!((second.ids(), second.covered()), (vec!["9"], Some((0, MINUTE))));
    assert_eq!(second.posts[0].text, "Acme Cloud 9");
}

#[tokio::test]
async fn a_search_that_never_ends_is_given_up() {
    let endless = || async { Json(json!({"hits": [], "nbHits": 5000})) };
    let server = Server::start(Router::new().route("/api/v1/search_by_date", get(endless))).await;
    let poller = Poller::new(SourceKind::Hackernews, json!({"url": server.url}));
    let mut cursor = poller.cursor.clone();
    let mut last = None;
    // Windows shrink to a second, so the cursor stays small however long it goes on.
    for _ in 0..200 {
        match poller.adapter.poll(&poller.http, &cursor, NOW).await {
            Ok(page) => cursor = page.cursor,
            Err(e) => last = Some(e),
        }
        assert!(cursor.0.len() < 4096);
    }
    assert_eq!(last, None);
    cursor.0 = regex::Regex::new("\"requests\":\\d+").expect("a pattern").replace(&cursor.0, "\"requests\":20000").into_owned();
    assert!(matches!(poller.adapter.poll(&poller.http, &cursor, NOW).await, Err(PollError::Malformed { .. })));
}

#[tokio::test]
async fn a_recheck_tells_edited_from_deleted() {
    let (_server, _items, poller) = start().await;
    let key = |id: &str| PostKey::new("hackernews", "news.ycombinator.com", id).expect("a key");
    let keys = [key("1"), key("2"), key("3"), key("4"), key("../x")];
    let got = poller.adapter.recheck(&poller.http, &keys, NOW).await.expect("read");
    assert_eq!(got.present.iter().map(|p| p.text.as_str()).collect::<Vec<_>>(), ["edited"]);
    assert_eq!((got.gone, got.missing), (vec![key("2"), key("3")], vec![key("4")]), "what it does not know is not said to be deleted");
}

/// Its items live: they are edited, and deleted.
#[derive(Debug, Default)]
struct Living {
    items: Shared,
    /// Words by id; `None` when deleted.
    words: Mutex<HashMap<u64, Option<String>>>,
}

async fn living_item(State(fake): State<Arc<Living>>, Path(name): Path<String>) -> Json<Value> {
    let id: u64 = name.trim_end_matches(".json").parse().expect("a number");
    let words = fake.words.lock().expect("words");
    Json(match words.get(&id) {
        None => Value::Null,
        Some(None) => json!({"id": id, "deleted": true}),
        Some(Some(words)) => json!({"id": id, "by": "pg", "time": 1_795_000_000, "text": words}),
    })
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Hackernews;
    const LATE_MS: i64 = 6 * HOUR_MS;

    fn router(self: Arc<Self>) -> Router {
        let searched = Router::new().route("/api/v1/search_by_date", get(search)).with_state(Arc::clone(&self.items));
        Router::new().route("/v0/item/{name}", get(living_item)).with_state(self).merge(searched)
    }

    fn settings(url: &str) -> Value {
        json!({"url": url, "item_url": url})
    }

    fn publish(&self, item: Item) {
        self.items.lock().expect("items").push((item.n, item.at.get() / 1000));
        self.words.lock().expect("words").insert(item.n, Some(format!("Acme Cloud {}", item.n)));
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }

    fn edit(&self, item: Item, words: &str) {
        self.words.lock().expect("words").insert(item.n, Some(words.to_owned()));
    }

    fn delete(&self, item: Item) {
        self.items.lock().expect("items").retain(|(id, _)| *id != item.n);
        self.words.lock().expect("words").insert(item.n, None);
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living, edits);
}
