//! Reviews: App Store (both ways), Google Play, Trustpilot.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::Response;
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse, start};
use super::{MINUTE, NOW, elliptic_key};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::sources::{PollError, Secrets};

#[derive(Default)]
struct Trustpilot(Shelf);

impl Trustpilot {
    fn entry(e: &Entry) -> Value {
        json!({"id": e.n.to_string(), "stars": 1, "title": e.words, "text": "", "createdAt": e.iso(), "consumer": {"id": "c", "displayName": "Kim"}})
    }
}

impl Shelved for Trustpilot {
    const KIND: SourceKind = SourceKind::Trustpilot;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if call.headers.get("apikey").is_none_or(|key| key != "s3cret") {
            return refuse(401, json!({}));
        }
        match call.path.as_str() {
            "/v1/business-units/find" => json(json!({"id": "unit1"})),
            "/v1/business-units/unit1/reviews" => {
                json(json!({"links": [], "reviews": call.page(&self.0.newest(), 100).iter().map(Self::entry).collect::<Vec<_>>()}))
            }
            path => {
                let n = path.trim_start_matches("/v1/reviews/").parse().expect("a number");
                self.0.get(n).filter(|e| !e.deleted).map_or_else(|| refuse(404, json!({})), |e| json(Self::entry(&e)))
            }
        }
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "domain": "acme.example", "key": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod trustpilot {
    crate::sources::tests::law::law!(super::Trustpilot, edits);
}

#[tokio::test]
async fn reviews_deleted_while_pages_are_turned_hide_no_others() {
    let (_server, fake, mut poller) = start::<Trustpilot>().await;
    for n in 1..351 {
        Fake::publish(&*fake, Item { at: NOW.plus(-MINUTE * i64::try_from(n).expect("small")), n });
    }
    let mut seen = std::collections::BTreeSet::new();
    for turn in 0..20 {
        let page = poller.adapter.poll(&poller.http, &poller.cursor, NOW).await.expect("read");
        seen.extend(page.posts.iter().map(|p| p.key.native_id().parse::<u64>().expect("a number")));
        poller.cursor = page.cursor;
        if page.more == crate::domain::source::More::CaughtUp {
            break;
        }
        // Between the first pages newer ones vanish, and the others move up.
        if turn < 2 {
            fake.0.lock().iter_mut().filter(|e| !e.deleted).take(20).for_each(|e| e.deleted = true);
        }
    }
    assert_eq!(seen.len(), 350);
}

/// The public feed: ten pages of fifty; an array, one object, or nothing.
#[derive(Default)]
struct AppStore {
    shelf: Shelf,
    /// Answers that are empty although there are reviews.
    silent: AtomicUsize,
}

impl AppStore {
    fn entry(e: &Entry) -> Value {
        let label = |text: String| json!({"label": text});
        json!({"id": label(e.n.to_string()), "author": {"name": label("Kim".to_owned())}, "updated": label(e.at.to_datetime().to_rfc3339()), "im:rating": label("1".to_owned()), "title": label(e.words.clone()), "content": label(String::new())})
    }
}

impl Shelved for AppStore {
    const KIND: SourceKind = SourceKind::AppStore;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn answer(&self, call: &Call) -> Response {
        let page: usize = call.path.split("page=").nth(1).and_then(|p| p.split('/').next()).and_then(|p| p.parse().ok()).expect("a page");
        if page > 10 {
            return refuse(400, json!({"error": "CustomerReviews RSS page depth is limited to 10"}));
        }
        if self.silent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok() {
            return json(json!({"feed": {"author": {}}}));
        }
        // More than the real one shows, so that the law's largest scripts fit into ten pages.
        let entries: Vec<Value> = self.shelf.newest().iter().skip((page - 1) * 400).take(400).map(Self::entry).collect();
        match entries.as_slice() {
            [] => json(json!({"feed": {"author": {}}})),
            [one] => json(json!({"feed": {"entry": one}})),
            _ => json(json!({"feed": {"entry": entries}})),
        }
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "app": "123", "countries": ["us"]})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod appstore {
    crate::sources::tests::law::law!(super::AppStore);
}

#[tokio::test]
async fn an_app_store_feed_that_is_empty_for_once_counts_as_unread() {
    let (_server, fake, mut poller) = start::<AppStore>().await;
    assert_eq!(poller.chain(NOW).await.expect("read").covered(), Some((-60 * DAY_MS, 0)), "an app without reviews has been read");
    Fake::publish(&*fake, Item { at: NOW, n: 1 });
    assert_eq!(poller.chain(NOW.plus(MINUTE)).await.expect("read").ids(), ["1"]);
    fake.silent.store(1, Ordering::Relaxed);
    let silent = poller.chain(NOW.plus(2 * MINUTE)).await.expect("read");
    assert_eq!((silent.posts.len(), silent.covered()), (0, None));
    assert_eq!(poller.chain(NOW.plus(3 * MINUTE)).await.expect("read").covered(), Some((MINUTE, 3 * MINUTE)));
}

#[tokio::test]
async fn the_app_itself_is_no_review() {
    let router =
        axum::Router::new().fallback(|| async { json(json!({"feed": {"entry": [{"id": {"label": "9"}, "title": {"label": "Acme"}}]}})) });
    let server = super::Server::start(router).await;
    let mut poller = super::Poller::new(SourceKind::AppStore, AppStore::setup(&server.url));
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 0);
}

/// An adapter and client for a fake whose secrets are keys.
fn poller(kind: SourceKind, settings: Value, secrets: &Secrets) -> super::Poller {
    let adapter = super::Adapter::from_spec(&super::spec(kind, settings), secrets, &super::terms()).expect("settings");
    super::Poller { adapter, http: super::client(), cursor: crate::domain::source::Cursor::default() }
}

#[tokio::test]
async fn app_store_connect_is_read_with_a_signed_token_page_by_page() {
    let fake = std::sync::Arc::new(Shelf::default());
    let shelf = std::sync::Arc::clone(&fake);
    let entry = |e: &Entry| json!({"id": e.n.to_string(), "attributes": {"title": e.words, "body": "", "reviewerNickname": "Kim", "createdDate": e.iso()}});
    let router = axum::Router::new().fallback(move |request: axum::extract::Request| {
        let token = request.headers().get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        let (path, query) = (request.uri().path().to_owned(), request.uri().query().unwrap_or_default().to_owned());
        let live = shelf.newest();
        async move {
            if token.split('.').count() != 3 {
                return refuse(401, json!({"errors": []}));
            }
            if let Some(id) = path.strip_prefix("/v1/customerReviews/") {
                let found = live.iter().find(|e| e.n.to_string() == id);
                return found.map_or_else(|| refuse(404, json!({"errors": []})), |e| json(json!({"data": entry(e)})));
            }
            let skip: usize = query.split("cursor=").nth(1).and_then(|c| c.parse().ok()).unwrap_or(0);
            let data: Vec<Value> = live.iter().skip(skip).take(200).map(entry).collect();
            let next =
                (skip + 200 < live.len()).then(|| format!("https://elsewhere.example/v1/apps/123/customerReviews?cursor={}", skip + 200));
            json(json!({"data": data, "links": {"next": next}}))
        }
    });
    let server = super::Server::start(router).await;
    for n in 1..451 {
        fake.lock().push(Entry { n, at: NOW.plus(-MINUTE), words: format!("Acme Cloud {n}"), deleted: false });
    }
    let secrets = Secrets::fixed(HashMap::from([("KEY".to_owned(), elliptic_key())]));
    let settings = json!({"url": server.url, "app": "123", "connect": {"issuer": "i", "key_id": "K", "key": {"env": "KEY"}}});
    let mut poller = poller(SourceKind::AppStore, settings, &secrets);
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!((chain.posts.len(), chain.pages), (450, 3));
    fake.lock()[0].words = "other words".to_owned();
    fake.lock()[1].deleted = true;
    let keys: Vec<_> = chain.posts.iter().rev().take(2).map(|p| p.key.clone()).collect();
    let got = poller.adapter.recheck(&poller.http, &keys, NOW).await.expect("read");
    assert_eq!((got.present[0].text.as_str(), got.missing.len()), ("other words", 1));
}

/// Gives tokens for signed assertions, and reviews for tokens.
#[derive(Default)]
struct GooglePlay {
    shelf: Shelf,
    tokens: AtomicUsize,
    /// Tokens up to this one are refused.
    ended: AtomicUsize,
}

impl Shelved for GooglePlay {
    const KIND: SourceKind = SourceKind::GooglePlay;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn answer(&self, call: &Call) -> Response {
        if call.path == "/token" {
            assert!(call.body.windows(10).any(|w| w == b"jwt-bearer"));
            let n = self.tokens.fetch_add(1, Ordering::Relaxed) + 1;
            return json(json!({"access_token": format!("t{n}"), "expires_in": 3600}));
        }
        let n: usize = call.bearer().trim_start_matches('t').parse().unwrap_or(0);
        if n <= self.ended.load(Ordering::Relaxed) {
            return refuse(401, json!({"error": {"code": 401}}));
        }
        let skip: usize = call.number("token").unwrap_or(0);
        let list = self.shelf.newest();
        let reviews: Vec<Value> = list.iter().skip(skip).take(100).map(|e| {
            json!({"reviewId": format!("gp:{}", e.n), "authorName": "Kim", "comments": [{"userComment": {"text": e.words, "lastModified": {"seconds": e.seconds().to_string()}}}]})
        }).collect();
        let mut answer = json!({"reviews": reviews});
        if skip + 100 < list.len() {
            answer["tokenPagination"] = json!({"nextPageToken": (skip + 100).to_string()});
        }
        json(answer)
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "package": "com.acme.app", "account": {"env": "ACCOUNT"}})
    }

    fn native_id(item: Item) -> String {
        format!("gp:{}", item.n)
    }
}

mod googleplay {
    use super::*;

    // The law's fakes share one secret; a service account names its token service in it, so the chain is played here.

    #[tokio::test]
    async fn reviews_are_read_page_by_page_with_one_token() {
        let (server, fake, mut poller) = play().await;
        (1..251).for_each(|n| Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS), n }));
        let chain = poller.chain(NOW).await.expect("read");
        assert_eq!((chain.posts.len(), chain.pages, fake.tokens.load(Ordering::Relaxed)), (250, 3, 1));
        assert_eq!(poller.chain(NOW.plus(MINUTE)).await.expect("read").pages, 3, "the day of overlap");
        drop(server);
    }

    #[tokio::test]
    async fn an_ended_token_is_replaced_once_and_a_refused_account_stops_the_source() {
        let (_server, fake, mut poller) = play().await;
        poller.chain(NOW).await.expect("read");
        fake.ended.store(1, Ordering::Relaxed);
        poller.chain(NOW.plus(MINUTE)).await.expect("read with another token");
        assert_eq!(fake.tokens.load(Ordering::Relaxed), 2);
        fake.ended.store(100, Ordering::Relaxed);
        let error = poller.chain(NOW.plus(2 * MINUTE)).await.expect_err("refused");
        assert!(matches!(error, PollError::Unauthorised { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn an_edited_review_comes_again_under_its_id() {
        let (_server, fake, mut poller) = play().await;
        Fake::publish(&*fake, Item { at: NOW.plus(-3 * DAY_MS), n: 1 });
        poller.chain(NOW).await.expect("read");
        fake.shelf.lock()[0].words = "Acme Cloud got better".to_owned();
        fake.shelf.lock()[0].at = NOW.plus(MINUTE);
        let chain = poller.chain(NOW.plus(2 * MINUTE)).await.expect("read");
        assert_eq!((chain.ids(), chain.posts[0].text.as_str()), (vec!["gp:1"], "Acme Cloud got better"));
    }

    async fn play() -> (super::super::Server, std::sync::Arc<GooglePlay>, super::super::Poller) {
        let fake = std::sync::Arc::new(GooglePlay::default());
        let server = super::super::Server::start(std::sync::Arc::clone(&fake).router()).await;
        let secrets = super::super::account(&format!("{}/token", server.url));
        let poller = poller(SourceKind::GooglePlay, <GooglePlay as Shelved>::setup(&server.url), &secrets);
        (server, fake, poller)
    }
}
