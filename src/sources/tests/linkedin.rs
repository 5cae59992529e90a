//! LinkedIn's interface: versions in a header, lists by offset, names in two spellings.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::source::SourceKind;
use crate::domain::time::{HOUR_MS, Millis};

const POST: &str = "urn:li:share:739";

#[derive(Debug, Default)]
struct World {
    now: Millis,
    comments: Vec<(u64, Millis, String)>,
    deleted: Vec<(u64, Millis)>,
    /// Number, time of the edit and the new words.
    edited: Vec<(u64, Millis, String)>,
    /// A post of the organisation, shared with these words.
    shared: Option<(Millis, &'static str)>,
    refusal: Option<(u16, Value)>,
    asked: Vec<String>,
}

#[derive(Debug, Default)]
struct Living(Mutex<World>);

fn number(item: Item) -> u64 {
    7_000_000 + item.n
}

fn refused(it: &World, headers: &HeaderMap) -> Option<Response> {
    let version = headers.get("linkedin-version").is_some_and(|v| v == "202608");
    let protocol = headers.get("x-restli-protocol-version").is_some_and(|v| v == "2.0.0");
    assert!(version && protocol, "both headers stand on each call");
    let (status, body) = it.refusal.as_ref()?;
    Some((StatusCode::from_u16(*status).expect("a status"), Json(body.clone())).into_response())
}

fn page(all: &[Value], query: &str) -> Value {
    let of = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(k, _)| k == name).and_then(|(_, v)| v.parse::<usize>().ok());
    let (start, count) = (of("start").unwrap_or(0), of("count").unwrap_or(10));
    let shown: Vec<&Value> = all.iter().skip(start).take(count).collect();
    let links = if start + count < all.len() { json!([{"rel": "next", "href": "/x"}]) } else { json!([]) };
    json!({"elements": shown, "paging": {"start": start, "count": count, "links": links}})
}

async fn posts(State(fake): State<Arc<Living>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let mut it = fake.0.lock().expect("a world");
    it.asked.push("posts".to_owned());
    if let Some(refusal) = refused(&it, &headers) {
        return refusal;
    }
    let query = query.unwrap_or_default();
    assert!(query.contains("author=urn%3Ali%3Aorganization%3A44") && headers.contains_key("x-restli-method"), "{query}");
    let at = NOW.plus(-HOUR_MS).get();
    let post = json!({"id": POST, "lifecycleState": "PUBLISHED", "commentary": "We are @[sorry](urn:li:person:1)", "publishedAt": at, "lastModifiedAt": at});
    Json(page(&[post], &query)).into_response()
}

async fn notifications(State(fake): State<Arc<Living>>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let mut it = fake.0.lock().expect("a world");
    it.asked.push("notifications".to_owned());
    if let Some(refusal) = refused(&it, &headers) {
        return refusal;
    }
    let query = query.unwrap_or_default();
    let range = query.split("timeRange=(start:").nth(1).expect("signs as they are").split(')').next().expect("an end");
    let (start, end) = range.split_once(",end:").expect("two times");
    let (start, end): (i64, i64) = (start.parse().expect("a time"), end.parse().expect("a time"));
    let within = |at: &Millis| (start..end).contains(&at.get());
    let mut all: Vec<Value> = it.comments.iter().filter(|c| within(&c.1)).map(|(n, at, words)| {
        let entity = format!("urn:li:comment:(urn:li:activity:739,{n})");
        json!({"notificationId": n, "action": "COMMENT", "lastModifiedAt": at.get(), "generatedActivity": format!("urn:li:comment:(activity:739,{n})"),
            "decoratedGeneratedActivity": {"comment": {"owner": "urn:li:person:zZ9", "text": words, "entity": entity, "object": "urn:li:activity:739"}}})
    }).collect();
    all.extend(it.deleted.iter().filter(|d| within(&d.1)).map(|(n, at)| {
        json!({"action": "COMMENT_DELETE", "lastModifiedAt": at.get(), "generatedActivity": format!("urn:li:comment:(activity:739,{n})")})
    }));
    all.extend(it.edited.iter().filter(|e| within(&e.1)).map(|(n, at, words)| {
        json!({"action": "COMMENT_EDIT", "lastModifiedAt": at.get(), "generatedActivity": format!("urn:li:comment:(activity:739,{n})"),
            "decoratedGeneratedActivity": {"comment": {"owner": "urn:li:person:zZ9", "text": words, "object": "urn:li:activity:739"}}})
    }));
    all.extend(it.shared.iter().filter(|s| query.contains("List(SHARE,") && within(&s.0)).map(|(at, words)| {
        json!({"action": "SHARE", "lastModifiedAt": at.get(), "generatedActivity": "urn:li:share:800",
            "decoratedSourcePost": {"owner": "urn:li:organization:44", "text": "We are @[sorry](urn:li:person:1)", "entity": POST},
            "decoratedGeneratedActivity": {"share": {"owner": "urn:li:person:q", "text": words, "entity": "urn:li:share:800"}}})
    }));
    // The newest first: an edit comes before the comment's first words.
    all.sort_by_key(|one| std::cmp::Reverse(one["lastModifiedAt"].as_i64()));
    Json(page(&all, &query)).into_response()
}

async fn comments(State(fake): State<Arc<Living>>, Path(urn): Path<String>, headers: HeaderMap, RawQuery(query): RawQuery) -> Response {
    let mut it = fake.0.lock().expect("a world");
    it.asked.push(format!("comments of {urn}"));
    if let Some(refusal) = refused(&it, &headers) {
        return refusal;
    }
    let all: Vec<Value> = it.comments.iter().filter(|_| urn == POST).map(|(n, at, words)| {
        let edit = it.edited.iter().rfind(|e| e.0 == *n);
        let (words, changed) = edit.map_or((words, at), |(_, at, words)| (words, at));
        json!({"id": n.to_string(), "$URN": format!("urn:li:comment:(urn:li:activity:739,{n})"), "actor": "urn:li:person:zZ9", "object": "urn:li:activity:739",
            "message": {"text": words}, "created": {"time": at.get()}, "lastModified": {"time": changed.get()}, "likesSummary": {"totalLikes": 2}})
    }).collect();
    Json(page(&all, &query.unwrap_or_default())).into_response()
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Linkedin;
    const LATE_MS: i64 = HOUR_MS;

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/rest/posts", get(posts))
            .route("/rest/organizationalEntityNotifications", get(notifications))
            .route("/rest/socialActions/{urn}/comments", get(comments))
            .with_state(self)
    }

    fn settings(url: &str) -> Value {
        json!({"url": url, "organization": "44", "token": {"env": "TOKEN"}})
    }

    fn publish(&self, item: Item) {
        self.0.lock().expect("a world").comments.push((number(item), item.at, format!("Acme Cloud {}", item.n)));
    }

    fn native_id(item: Item) -> String {
        number(item).to_string()
    }

    fn edit(&self, item: Item, words: &str) {
        let mut it = self.0.lock().expect("a world");
        let edit = (number(item), it.now, words.to_owned());
        it.edited.push(edit);
    }

    fn set_now(&self, now: Millis) {
        self.0.lock().expect("a world").now = now;
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living, told);
}

async fn start() -> (Server, Arc<Living>, Poller) {
    let fake = Arc::new(Living::default());
    let server = Server::start(Arc::clone(&fake).router()).await;
    let poller = Poller::new(SourceKind::Linkedin, Living::settings(&server.url));
    (server, fake, poller)
}

#[tokio::test]
async fn a_comment_is_one_by_both_ways_and_the_own_post_is_an_update() {
    let (_server, fake, poller) = start().await;
    fake.publish(Item { at: NOW.plus(-MINUTE), n: 1 });
    let (mut cursor, mut posts, mut updates) = (poller.cursor.clone(), Vec::new(), Vec::new());
    loop {
        let page = poller.adapter.poll(&poller.http, &cursor, NOW).await.expect("read");
        posts.extend(page.posts);
        updates.extend(page.updates);
        cursor = page.cursor;
        if page.more == crate::domain::source::More::CaughtUp {
            break;
        }
    }
    assert_eq!(posts.len(), 2, "a notification and a list");
    assert_eq!(posts[0].key, posts[1].key);
    assert_eq!((posts[0].author.native_id.as_str(), posts[0].author.name.as_str()), ("urn:li:person:zZ9", "LinkedIn member"));
    assert_eq!(posts[1].created_at, NOW.plus(-MINUTE));
    let said: Vec<(&str, &str)> = updates.iter().map(|u| (u.key.native_id(), u.text.as_str())).collect();
    assert_eq!(said, [(POST, "We are sorry")]);
    assert_eq!(fake.0.lock().expect("a world").asked, ["posts", "notifications", "comments of urn:li:share:739"]);
}

#[tokio::test]
async fn a_deletion_is_told_and_lists_are_asked_more_rarely_than_notifications() {
    let (_server, fake, mut poller) = start().await;
    fake.publish(Item { at: NOW.plus(-MINUTE), n: 1 });
    poller.chain(NOW).await.expect("read");
    fake.0.lock().expect("a world").deleted.push((7_000_001, NOW.plus(MINUTE)));
    fake.0.lock().expect("a world").asked.clear();
    let mut gone = Vec::new();
    for _ in 0..2 {
        let page = poller.adapter.poll(&poller.http, &poller.cursor, NOW.plus(2 * MINUTE)).await.expect("read");
        gone.extend(page.gone);
        poller.cursor = page.cursor;
    }
    assert_eq!(gone.iter().map(crate::domain::post::PostKey::native_id).collect::<Vec<_>>(), ["7000001"]);
    assert_eq!(fake.0.lock().expect("a world").asked, ["posts", "notifications"]);
}

#[tokio::test]
async fn a_post_shared_with_words_is_a_mention_that_quotes_ours() {
    let (_server, fake, mut poller) = start().await;
    fake.0.lock().expect("a world").shared = Some((NOW.plus(-MINUTE), "about time"));
    let chain = poller.chain(NOW).await.expect("read");
    let quoted = chain.posts[0].quoted.as_ref().expect("a quote");
    assert_eq!((chain.ids(), chain.posts[0].text.as_str()), (vec!["urn:li:share:800"], "about time"));
    assert_eq!((quoted.text.as_str(), quoted.author.native_id.as_str()), ("We are sorry", "urn:li:organization:44"));
    // Shared without a word of one's own: nothing to read.
    fake.0.lock().expect("a world").shared = Some((NOW.plus(-MINUTE), ""));
    assert!(poller.chain(NOW.plus(MINUTE)).await.expect("read").posts.is_empty());
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let cases: HashMap<u16, (Value, &str)> = [
        (426, (json!({"message": "sunset"}), "`version` 202608 is no longer served")),
        (400, (json!({"message": "A version must be present"}), "`version` 202608 is not served")),
        (403, (json!({"serviceErrorCode": 100, "code": "ACCESS_DENIED"}), "may not read this organisation (ACCESS_DENIED)")),
        (401, (json!({"serviceErrorCode": 65600, "message": "Invalid access token"}), "valid token")),
    ]
    .into();
    for (status, (body, says)) in cases {
        let (_server, fake, mut poller) = start().await;
        fake.0.lock().expect("a world").refusal = Some((status, body));
        let error = poller.chain(NOW).await.expect_err("refused");
        assert!(error.is_final() && error.advice().contains(says), "{status}: {}", error.advice());
    }
    let (_server, fake, mut poller) = start().await;
    fake.0.lock().expect("a world").refusal = Some((429, json!({})));
    assert_eq!(poller.chain(NOW).await.expect_err("throttled").not_before(), Some(NOW.plus(HOUR_MS)));
}
