//! Forums: Discourse, Lemmy of both generations, Telegram.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::response::Response;
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse, start};
use super::{MINUTE, NOW, Poller};
use crate::domain::post::PostKey;
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::sources::PollError;

#[derive(Default)]
struct Discourse(Shelf);

impl Discourse {
    fn entry(e: &Entry) -> Value {
        json!({"id": e.n, "topic_id": 8, "topic_slug": "s", "post_number": 2, "username": "kim", "user_id": 7, "created_at": e.iso(), "updated_at": e.iso(), "version": 1, "cooked": format!("<p>{}</p>", e.words)})
    }
}

impl Shelved for Discourse {
    const KIND: SourceKind = SourceKind::Discourse;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if let Some(id) = call.path.strip_prefix("/posts/").and_then(|p| p.strip_suffix(".json")) {
            let found = self.0.get(id.parse().expect("a number")).filter(|e| !e.deleted);
            return found.map_or_else(|| refuse(404, json!({"errors": ["gone"], "error_type": "not_found"})), |e| json(Self::entry(&e)));
        }
        // As the real one: what there is among the fifty numbers up to this one.
        let top = self.0.lock().iter().map(|e| e.n).max().unwrap_or(0);
        let before = call.number("before").unwrap_or(top);
        let mut shown: Vec<Entry> = self.0.live().into_iter().filter(|e| e.n <= before && e.n + 50 > before).collect();
        shown.sort_by_key(|e| std::cmp::Reverse(e.n));
        json(json!({"latest_posts": shown.iter().map(Self::entry).collect::<Vec<_>>()}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "key": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod discourse {
    crate::sources::tests::law::law!(super::Discourse, edits);
}

#[tokio::test]
async fn discourse_topics_that_were_deleted_leave_holes_and_no_end() {
    let (_server, fake, mut poller) = start::<Discourse>().await;
    for n in 1..301 {
        Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS), n });
    }
    fake.0.lock().iter_mut().filter(|e| (100..280).contains(&e.n)).for_each(|e| e.deleted = true);
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!(chain.ids().into_iter().collect::<BTreeSet<_>>().len(), 120);
}

#[tokio::test]
async fn discourse_says_in_words_how_long_to_wait_when_no_header_does() {
    let busy = || async {
        let words = json!({"errors": ["slow down"], "error_type": "rate_limit", "extras": {"wait_seconds": 300}});
        refuse(429, words)
    };
    let server = super::Server::start(axum::Router::new().fallback(busy)).await;
    let mut poller = Poller::new(SourceKind::Discourse, Discourse::setup(&server.url));
    let error = poller.chain(NOW).await.expect_err("busy");
    assert_eq!(error.not_before(), Some(NOW.plus(300_000)), "{error:?}");
}

/// How a Lemmy server answers.
trait Generation: Default + Send + Sync + 'static {
    fn search(call: &Call, newest: &[Entry]) -> Response;
}

/// 0.19: two lists on numbered pages.
#[derive(Default)]
struct Old;

/// 1.0: one list and a cursor; answers the old way too, always with the first page.
#[derive(Default)]
struct New;

/// 0.19 that forgets page numbers.
#[derive(Default)]
struct Forgetful;

#[derive(Default)]
struct Lemmy<G> {
    shelf: Shelf,
    generation: G,
}

/// Odd ones are posts, even ones comments.
fn address(home: &str, n: u64) -> String {
    format!("{home}/{}/{n}", if n % 2 == 1 { "post" } else { "comment" })
}

fn view(e: &Entry, home: &str) -> Value {
    let address = address(home, e.n);
    let (words, at) = (&e.words, e.iso());
    let post = json!({"id": 1, "name": words, "ap_id": if e.n % 2 == 1 { address.clone() } else { format!("{home}/post/1") }, "published": at, "published_at": at, "deleted": e.deleted});
    let mut view = json!({"creator": {"name": "kim", "actor_id": "https://pearl.example/u/kim"}, "post": post, "type_": if e.n % 2 == 1 { "post" } else { "comment" }});
    if e.n.is_multiple_of(2) {
        view["comment"] = json!({"id": e.n, "content": words, "ap_id": address, "published": at, "published_at": at, "deleted": e.deleted});
    }
    view
}

fn old_page(call: &Call, newest: &[Entry]) -> Response {
    let of = |odd: u64| newest.iter().filter(|e| e.n % 2 == odd).map(|e| view(e, &call.origin())).collect::<Vec<_>>();
    json(json!({"type_": "All", "posts": call.page(&of(1), 50), "comments": call.page(&of(0), 50), "communities": [], "users": []}))
}

impl Generation for Old {
    fn search(call: &Call, newest: &[Entry]) -> Response {
        if call.path == "/api/v3/search" { old_page(call, newest) } else { refuse(404, json!({"error": "not_found"})) }
    }
}

impl Generation for New {
    fn search(call: &Call, newest: &[Entry]) -> Response {
        assert_eq!(call.path, "/api/v4/search", "the newer interface is there");
        let after = call.get("page_cursor").map(|c| {
            c.split_once(' ').map(|(at, n)| (at.parse::<i64>().expect("a time"), n.parse::<u64>().expect("a number"))).expect("two")
        });
        let list: Vec<&Entry> = newest.iter().filter(|e| after.is_none_or(|after| (e.at.get(), e.n) < after)).collect();
        let shown = &list[..list.len().min(50)];
        let next = shown.last().map(|e| format!("{} {}", e.at.get(), e.n));
        json(json!({"items": shown.iter().map(|e| view(e, &call.origin())).collect::<Vec<_>>(), "next_page": next}))
    }
}

impl Generation for Forgetful {
    fn search(call: &Call, newest: &[Entry]) -> Response {
        match call.path.as_str() {
            "/api/v3/search" => {
                let of = |odd: u64| newest.iter().filter(|e| e.n % 2 == odd).take(50).map(|e| view(e, &call.origin())).collect::<Vec<_>>();
                json(json!({"posts": of(1), "comments": of(0)}))
            }
            _ => refuse(404, json!({"error": "not_found"})),
        }
    }
}

impl<G: Generation> Shelved for Lemmy<G> {
    const KIND: SourceKind = SourceKind::Lemmy;
    const LATE_MS: i64 = HOUR_MS;

    fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn answer(&self, call: &Call) -> Response {
        let _ = &self.generation;
        if call.path.ends_with("/search") {
            return G::search(call, &self.shelf.newest());
        }
        match self.shelf.get(call.number("id").expect("an id")) {
            Some(e) if call.path.ends_with("/comment") => json(json!({"comment_view": view(&e, &call.origin())})),
            Some(e) => json(json!({"post_view": view(&e, &call.origin())})),
            None => refuse(404, json!({"error": "not_found"})),
        }
    }

    fn setup(url: &str) -> Value {
        json!({"url": url})
    }

    fn native_id(item: Item) -> String {
        address("", item.n)
    }

    fn native_id_at(url: &str, item: Item) -> String {
        address(url, item.n)
    }
}

mod lemmy_v3 {
    crate::sources::tests::law::law!(super::Lemmy<super::Old>, edits);
}

mod lemmy_v4 {
    crate::sources::tests::law::law!(super::Lemmy<super::New>, edits);
}

#[tokio::test]
async fn lemmy_that_ignores_page_numbers_comes_to_an_end_and_claims_no_more_than_it_showed() {
    let (_server, fake, mut poller) = start::<Lemmy<Forgetful>>().await;
    for n in 1..301 {
        Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS * i64::try_from(n).expect("small")), n });
    }
    let chain = poller.chain(NOW).await.expect("read");
    assert!(chain.pages < 10, "{}", chain.pages);
    assert_eq!(chain.ids().into_iter().collect::<BTreeSet<_>>().len(), 100);
    assert_eq!(chain.covered().map(|(from, _)| from), Some(-99 * HOUR_MS), "what is older was not read");
}

#[tokio::test]
async fn lemmy_posts_are_read_again_at_their_server() {
    let (server, fake, poller) = start::<Lemmy<New>>().await;
    for n in 1..4 {
        Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS), n });
    }
    let named = |kind: &str, n: u64| PostKey::new("lemmy", server.host(), &format!("{}/{kind}/{n}", server.url)).expect("a key");
    Fake::delete(&*fake, Item { at: NOW, n: 3 });
    let inside = PostKey::new("lemmy", "127.0.0.1:1", "http://127.0.0.1:1/post/5").expect("a key");
    let keys = [named("comment", 2), named("post", 3), named("post", 9), inside];
    let got = poller.adapter.recheck(&poller.http, &keys, NOW).await.expect("read");
    assert_eq!(got.present.iter().map(|p| &p.key).collect::<Vec<_>>(), [&keys[0]]);
    // What is flagged is gone, what is not there may be hidden only, and another place inside the network is not asked.
    assert_eq!((got.gone, got.missing), (vec![named("post", 3)], vec![named("post", 9)]));
}

#[tokio::test]
async fn lemmy_says_too_many_with_status_400_too() {
    let router = axum::Router::new().fallback(|| async { refuse(400, json!({"error": "rate_limit_error"})) });
    let server = super::Server::start(router).await;
    let error = Poller::new(SourceKind::Lemmy, json!({"url": server.url})).chain(NOW).await.expect_err("too many");
    assert!(matches!(error, PollError::RateLimited { .. }), "{error:?}");
}

/// Forgets what was confirmed.
#[derive(Default)]
struct Telegram {
    shelf: Shelf,
    confirmed: AtomicU64,
}

impl Shelved for Telegram {
    const KIND: SourceKind = SourceKind::Telegram;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn answer(&self, call: &Call) -> Response {
        if call.path != "/bots3cret/getUpdates" {
            return refuse(401, json!({"ok": false, "error_code": 401, "description": "Unauthorized"}));
        }
        let offset = call.number("offset").unwrap_or(0);
        let from = self.confirmed.fetch_max(offset, Ordering::Relaxed).max(offset);
        let list = self.shelf.lock();
        let result = list.iter().filter(|e| e.n >= from).take(100).map(|e| {
            json!({"update_id": e.n, "channel_post": {"message_id": e.n, "date": e.seconds(), "chat": {"id": -100, "type": "channel", "username": "acmenews", "title": "News"}, "text": e.words}})
        });
        json(json!({"ok": true, "result": result.collect::<Vec<_>>()}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "token": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        format!("-100/{}", item.n)
    }
}

mod telegram {
    crate::sources::tests::law::law!(super::Telegram);
}

#[tokio::test]
async fn telegram_tells_its_troubles_in_words_without_the_token() {
    for (status, body, words) in [
        (409, json!({"ok": false, "error_code": 409}), "another program"),
        (404, json!({"ok": false, "error_code": 404}), "does not know a bot"),
        (429, json!({"ok": false, "error_code": 429, "parameters": {"retry_after": 300}}), "fewer requests until 2026-11-19T08:20:30"),
    ] {
        let router = axum::Router::new().fallback(move || {
            let body = body.clone();
            async move { refuse(status, body) }
        });
        let server = super::Server::start(router).await;
        let error = Poller::new(SourceKind::Telegram, Telegram::setup(&server.url)).chain(NOW).await.expect_err("refused");
        assert!(error.advice().contains(words) && !format!("{error:?}").contains("s3cret"), "{}", error.advice());
    }
}

#[tokio::test]
async fn telegram_edits_come_by_themselves() {
    let (server, _fake, _) = start::<Telegram>().await;
    drop(server);
    let chat = json!({"id": -100, "type": "channel", "username": "acmenews"});
    let updates = json!({"ok": true, "result": [
        {"update_id": 1, "channel_post": {"message_id": 5, "date": 1_795_076_100, "chat": chat, "text": "down"}},
        {"update_id": 2, "edited_channel_post": {"message_id": 5, "date": 1_795_076_100, "edit_date": 1_795_076_120, "chat": chat, "text": "up again"}},
    ]});
    let router = axum::Router::new().fallback(move || {
        let updates = updates.clone();
        async move { json(updates) }
    });
    let server = super::Server::start(router).await;
    let chain = Poller::new(SourceKind::Telegram, Telegram::setup(&server.url)).chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!(chain.ids(), ["-100/5", "-100/5"]);
    assert_eq!((chain.posts[1].text.as_str(), chain.posts[1].edited_at.is_some()), ("up again", true));
}
