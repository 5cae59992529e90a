//! Comment boxes of blogs: Isso, Disqus, Ghost and Remark42, with what each hides.

use std::collections::BTreeSet;
use std::sync::Mutex;

use axum::response::Response;
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse, start};
use super::{MINUTE, NOW, Poller};
use crate::domain::post::PostKey;
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::sources::PollError;

/// Its list of the latest comments is in no order.
#[derive(Default)]
struct Isso {
    shelf: Shelf,
    /// Comments that a moderator holds.
    held: Mutex<Vec<u64>>,
}

impl Isso {
    fn entry(&self, e: &Entry) -> Value {
        let mode = if self.held.lock().expect("held").contains(&e.n) { 2 } else { 1 };
        json!({"id": e.n, "uri": "/p/", "parent": null, "author": "", "text": format!("<p>{}</p>", e.words), "created": e.at.get() as f64 / 1000.0,
            "modified": null, "mode": mode, "likes": 0})
    }
}

impl Shelved for Isso {
    const KIND: SourceKind = SourceKind::Isso;
    const LATE_MS: i64 = 6 * DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn answer(&self, call: &Call) -> Response {
        if call.path == "/latest" {
            let limit = call.number("limit").unwrap_or(5);
            let held = self.held.lock().expect("held").clone();
            let mut shown: Vec<Entry> = self.shelf.newest().into_iter().filter(|e| !held.contains(&e.n)).take(limit).collect();
            shown.sort_by_key(|e| e.n.wrapping_mul(2_654_435_761) % 1009);
            return json(shown.iter().map(|e| self.entry(e)).collect());
        }
        let mut replies: Vec<Value> = self.shelf.live().iter().map(|e| self.entry(e)).collect();
        let dead = self
            .shelf
            .lock()
            .iter()
            .filter(|e| e.deleted)
            .map(|e| json!({"id": e.n, "mode": 4, "text": "", "author": null, "replies": []}))
            .collect::<Vec<_>>();
        replies.extend(dead);
        json(json!({"id": null, "total_replies": replies.len(), "hidden_replies": 0, "replies": replies}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url})
    }

    fn native_id(item: Item) -> String {
        format!("/p/#isso-{}", item.n)
    }
}

mod isso {
    crate::sources::tests::law::law!(super::Isso, edits);
}

fn publish<T: Shelved>(fake: &T, n: u64, age_ms: i64) {
    Fake::publish(fake, Item { at: NOW.plus(-age_ms), n });
}

#[tokio::test]
async fn isso_comments_released_late_are_found_within_the_hour() {
    let (_server, fake, mut poller) = start::<Isso>().await;
    publish(&*fake, 1, 6 * DAY_MS);
    (2..150).for_each(|n| publish(&*fake, n, HOUR_MS * i64::try_from(n).expect("small")));
    fake.held.lock().expect("held").push(1);
    assert_eq!(poller.chain(NOW).await.expect("read").pages, 2);
    fake.held.lock().expect("held").clear();
    assert!(!poller.chain(NOW.plus(MINUTE)).await.expect("read").ids().contains(&"/p/#isso-1"));
    assert!(poller.chain(NOW.plus(HOUR_MS)).await.expect("read").ids().contains(&"/p/#isso-1"));
}

#[tokio::test]
async fn isso_pages_are_read_whole_where_the_list_is_switched_off() {
    let (server, fake, _) = start::<Isso>().await;
    (1..4).for_each(|n| publish(&*fake, n, HOUR_MS));
    fake.held.lock().expect("held").push(2);
    Fake::delete(&*fake, Item { at: NOW, n: 3 });
    let mut poller = Poller::new(SourceKind::Isso, json!({"url": server.url, "pages": ["/p/"]}));
    let page = poller.adapter.poll(&poller.http, &poller.cursor, NOW).await.expect("read");
    assert_eq!(page.posts.iter().map(|p| p.key.native_id()).collect::<Vec<_>>(), ["/p/#isso-1"]);
    assert_eq!(page.gone.iter().map(PostKey::native_id).collect::<Vec<_>>(), ["/p/#isso-3"]);
    let off = super::Server::start(axum::Router::new()).await;
    poller = Poller::new(SourceKind::Isso, json!({"url": off.url}));
    let error = poller.chain(NOW).await.expect_err("switched off");
    assert!(error.is_final() && error.advice().contains("latest-enabled = true"), "{}", error.advice());
}

#[derive(Default)]
struct Disqus(Shelf);

impl Disqus {
    fn entry(e: &Entry) -> Value {
        json!({"id": e.n.to_string(), "author": {"name": "Kim", "isAnonymous": true}, "message": e.words, "createdAt": e.iso().replace(".000Z", ""), "isDeleted": e.deleted, "isApproved": true})
    }
}

impl Shelved for Disqus {
    const KIND: SourceKind = SourceKind::Disqus;
    const LATE_MS: i64 = 6 * DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if call.get("api_key") != Some("s3cret") {
            return refuse(400, json!({"code": 5, "response": "Invalid API key"}));
        }
        if call.path == "/api/3.0/posts/details.json" {
            return match self.0.get(call.number("post").expect("an id")) {
                Some(e) => json(json!({"code": 0, "response": Self::entry(&e)})),
                None => refuse(400, json!({"code": 2, "response": "Unable to find post"})),
            };
        }
        let since: i64 = call.number("since").expect("since");
        let after = call.get("cursor").map(|c| {
            c.split_once(':').map(|(at, n)| (at.parse::<i64>().expect("a time"), n.parse::<u64>().expect("a number"))).expect("two")
        });
        let list: Vec<Entry> =
            self.0.live().into_iter().filter(|e| e.seconds() >= since && after.is_none_or(|after| (e.seconds(), e.n) > after)).collect();
        let shown = &list[..list.len().min(100)];
        let next = shown.last().map(|e| format!("{}:{}", e.seconds(), e.n));
        let response: Vec<Value> = shown.iter().map(Self::entry).collect();
        json(json!({"code": 0, "cursor": {"hasNext": list.len() > 100, "next": next}, "response": response}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "forum": "acmeblog", "key": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod disqus {
    crate::sources::tests::law::law!(super::Disqus, edits);
}

#[tokio::test]
async fn disqus_comments_that_wait_for_a_moderator_or_are_spam_are_no_mentions() {
    let comment = |id: u64, trait_: &str, is: bool| json!({"id": id.to_string(), "author": {"name": "Kim"}, "message": "<p>Acme</p>", "createdAt": "2026-11-19T08:00:00", trait_: is});
    let list = [comment(1, "isApproved", true), comment(2, "isApproved", false), comment(3, "isSpam", true), comment(4, "isDeleted", true)];
    let answer = json!({"code": 0, "cursor": {"hasNext": false}, "response": list});
    let router = axum::Router::new().fallback(move || std::future::ready(json(answer.clone())));
    let server = super::Server::start(router).await;
    let poller = Poller::new(SourceKind::Disqus, Disqus::setup(&server.url));
    let page = poller.adapter.poll(&poller.http, &poller.cursor, NOW).await.expect("read");
    let ids = |keys: Vec<&crate::domain::post::PostKey>| keys.into_iter().map(|key| key.native_id().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(page.posts.iter().map(|post| &post.key).collect()), ["1"]);
    assert_eq!(ids(page.gone.iter().collect()), ["3", "4"], "a held one may be shown later");
}

#[tokio::test]
async fn disqus_errors_are_told_by_their_own_code() {
    let answers = [(5, "Unauthorised"), (13, "RateLimited"), (15, "Unavailable"), (2, "Refused")];
    for (code, expected) in answers {
        let router = axum::Router::new().fallback(move || async move { refuse(400, json!({"code": code, "response": "no"})) });
        let server = super::Server::start(router).await;
        let mut poller = Poller::new(SourceKind::Disqus, Disqus::setup(&server.url));
        let error = poller.chain(NOW).await.expect_err("refused");
        assert!(format!("{error:?}").starts_with(expected), "{code}: {error:?}");
        assert!(!format!("{error:?} {}", error.advice()).contains("s3cret"));
    }
}

/// Every third comment begins a thread; the others answer the first one of thirty.
#[derive(Default)]
struct Ghost(Shelf);

impl Ghost {
    fn entry(e: &Entry) -> Value {
        let status = if e.deleted { "deleted" } else { "published" };
        json!({"id": format!("{:06}", e.n), "status": status, "html": format!("<p>{}</p>", e.words), "created_at": e.iso(), "edited_at": null, "member": {"uuid": "u"}})
    }

    /// As the real one: the page comes only when it is asked for, and what is not asked for beside it goes.
    fn told(mut entry: Value, call: &Call) -> Value {
        let include = call.get("include").map(|list| list.split(',').collect::<Vec<_>>());
        if let Some(include) = include {
            let gone = [("member", "member"), ("replies", "replies"), ("count", "count.replies")]
                .into_iter()
                .filter(|(_, name)| !include.contains(name));
            gone.for_each(|(field, _)| drop(entry.as_object_mut().expect("an object").remove(field)));
            if include.contains(&"post") {
                entry["post"] = json!({"url": "http://b.example/p/"});
            }
        }
        entry
    }

    /// The thread that an item answers, if it is an answer.
    fn thread(n: u64) -> Option<u64> {
        let top = n / 30 * 30 + 3;
        (!n.is_multiple_of(3) && n > top).then_some(top)
    }
}

impl Shelved for Ghost {
    const KIND: SourceKind = SourceKind::Ghost;
    const LATE_MS: i64 = 6 * DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        let path = call.path.trim_start_matches("/members/api/comments/").trim_end_matches('/');
        let limit = call.number("limit").unwrap_or(20);
        let live = self.0.newest();
        let answers = |top: u64| live.iter().rev().filter(move |e| Self::thread(e.n) == Some(top)).cloned().collect::<Vec<_>>();
        if let Some(id) = path.strip_suffix("/replies") {
            let all: Vec<Value> = answers(id.parse().expect("an id")).iter().map(|e| Self::told(Self::entry(e), call)).collect();
            return json(json!({"comments": call.page(&all, limit)}));
        }
        if !path.is_empty() {
            let found = self.0.get(path.parse().expect("an id")).filter(|e| !e.deleted);
            return found
                .map_or_else(|| refuse(404, json!({"errors": [{}]})), |e| json(json!({"comments": [Self::told(Self::entry(&e), call)]})));
        }
        let tops: Vec<Entry> = live.iter().filter(|e| Self::thread(e.n).is_none()).cloned().collect();
        let shown = call.page(&tops, limit).iter().map(|e| {
            let replies = answers(e.n);
            let mut entry = Self::entry(e);
            entry["count"] = json!({"replies": replies.len(), "likes": 0});
            entry["replies"] = replies.iter().take(3).map(Self::entry).collect();
            Self::told(entry, call)
        });
        json(json!({"comments": shown.collect::<Vec<_>>(), "meta": {"pagination": {"total": tops.len()}}}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url})
    }

    fn native_id(item: Item) -> String {
        format!("{:06}", item.n)
    }
}

mod ghost {
    crate::sources::tests::law::law!(super::Ghost, edits);
}

#[tokio::test]
async fn ghost_answers_are_read_again_only_when_there_are_new_ones() {
    let (_server, fake, mut poller) = start::<Ghost>().await;
    (1..30).for_each(|n| publish(&*fake, n, HOUR_MS));
    let first = poller.chain(NOW).await.expect("read");
    assert_eq!((first.posts.len() > 28, first.pages), (true, 2));
    assert_eq!(poller.chain(NOW.plus(MINUTE)).await.expect("read").pages, 1);
    publish(&*fake, 31, DAY_MS);
    fake.0.lock().last_mut().expect("just added").n = 29;
    Fake::publish(&*fake, Item { at: NOW.plus(MINUTE), n: 28 });
    assert_eq!(poller.chain(NOW.plus(2 * MINUTE)).await.expect("read").pages, 2);
}

#[tokio::test]
async fn ghost_comments_and_their_answers_lead_to_their_page_and_have_an_author() {
    let (_server, fake, mut poller) = start::<Ghost>().await;
    (1..30).for_each(|n| Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS), n }));
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!(chain.ids().into_iter().collect::<BTreeSet<_>>().len(), 29);
    for post in &chain.posts {
        let page = format!("http://b.example/p/#ghost-comments-{}", post.key.native_id());
        assert_eq!((post.url.as_deref(), post.author.native_id.as_str()), (Some(page.as_str()), "u"));
    }
}

#[tokio::test]
async fn ghost_comments_of_one_second_are_all_met() {
    let (_server, fake, mut poller) = start::<Ghost>().await;
    (1..200).for_each(|n| publish(&*fake, n * 3, HOUR_MS));
    let chain = poller.chain(NOW).await.expect("read");
    let ids: std::collections::BTreeSet<&str> = chain.ids().into_iter().collect();
    assert_eq!(ids.len(), 199);
}

/// Shows the last comments, a thousand at most; the pages of the site; and each page's comments.
#[derive(Default)]
struct Remark42(Shelf);

impl Remark42 {
    fn address(n: u64) -> String {
        format!("https://blog.example/{}", n % 3)
    }

    fn entry(e: &Entry) -> Value {
        json!({"id": format!("c{}", e.n), "pid": "", "text": if e.deleted { "" } else { &e.words }, "user": {"id": "u", "name": "Kim"}, "locator": {"url": Self::address(e.n)}, "time": e.iso(), "delete": e.deleted})
    }
}

impl Shelved for Remark42 {
    const KIND: SourceKind = SourceKind::Remark42;
    const LATE_MS: i64 = 6 * DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        let newest = self.0.newest();
        if call.path.starts_with("/api/v1/last/") {
            let since: i64 = call.number("since").expect("since");
            return json(newest.iter().filter(|e| e.at.get() >= since).take(1000).map(Self::entry).collect());
        }
        if call.path == "/api/v1/list" {
            let skip: usize = call.number("skip").expect("skip");
            let mut pages: Vec<Value> = Vec::new();
            for n in 0..3 {
                let last = newest.iter().find(|e| e.n % 3 == n);
                pages.extend(last.map(|e| json!({"url": Self::address(n), "count": 1, "last_time": e.iso()})));
            }
            return json(pages.into_iter().skip(skip).collect());
        }
        let page = call.get("url").expect("a page").to_owned();
        let all: Vec<Value> = self.0.lock().iter().filter(|e| Self::address(e.n) == page).map(Self::entry).collect();
        json(json!({"comments": all, "info": {"url": page}}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url})
    }

    fn native_id(item: Item) -> String {
        format!("{}#remark42__comment-c{}", Self::address(item.n), item.n)
    }
}

mod remark42 {
    crate::sources::tests::law::law!(super::Remark42, edits);
}

#[tokio::test]
async fn remark42_pages_are_listed_when_the_last_comments_are_not_enough() {
    let (_server, fake, mut poller) = start::<Remark42>().await;
    (1..1500).for_each(|n| publish(&*fake, n, MINUTE * i64::try_from(n).expect("small")));
    let chain = poller.chain(NOW).await.expect("read");
    let ids: std::collections::BTreeSet<&str> = chain.ids().into_iter().collect();
    assert_eq!((ids.len(), chain.pages), (1499, 5));
    assert_eq!(poller.chain(NOW.plus(30 * MINUTE)).await.expect("read").pages, 1);
}

#[tokio::test]
async fn remark42_says_when_to_come_again_in_plain_text() {
    let router = axum::Router::new()
        .fallback(|| async { (axum::http::StatusCode::TOO_MANY_REQUESTS, [("ratelimit-reset", "7")], "Too Many Requests") });
    let server = super::Server::start(router).await;
    let mut poller = Poller::new(SourceKind::Remark42, json!({"url": server.url}));
    let error = poller.chain(NOW).await.expect_err("too many");
    assert!(matches!(&error, PollError::RateLimited { until, .. } if until.since(NOW) == 7_000), "{error:?}");
}
