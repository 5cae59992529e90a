//! Reviews: App Store (both ways), Google Play, Trustpilot.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::response::Response;
use serde_json::{Value, json};

use super::law::{Fake, Item, Trouble, holds, survives};
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse, start};
use super::{MINUTE, NOW};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS};
use crate::sources::PollError;

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
    crate::sources::tests::law::law!(super::AppStore, told);
}

#[tokio::test]
async fn an_app_store_feed_that_is_empty_for_once_counts_as_unread() {
    let (_server, fake, mut poller) = start::<AppStore>().await;
    assert_eq!(poller.chain(NOW).await.expect("read").covered(), Some((-60 * DAY_MS, 0)), "an app without reviews has been read");
    Fake::publish(&*fake, Item { at: NOW, n: 1 });
    assert!(poller.chain(NOW.plus(MINUTE)).await.expect("read").ids().contains(&"1"));
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

/// App Store Connect: signed tokens, and a next address on whatever host.
#[derive(Default)]
struct Connect(Shelf);

impl Connect {
    fn entry(e: &Entry) -> Value {
        json!({"id": e.n.to_string(), "attributes": {"title": e.words, "body": "", "reviewerNickname": "Kim", "createdDate": e.iso()}})
    }
}

impl Shelved for Connect {
    const KIND: SourceKind = SourceKind::AppStore;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if call.bearer().split('.').count() != 3 {
            return refuse(401, json!({"errors": []}));
        }
        if let Some(id) = call.path.strip_prefix("/v1/customerReviews/") {
            let found = self.0.get(id.parse().expect("a number")).filter(|e| !e.deleted);
            return found.map_or_else(|| refuse(404, json!({"errors": []})), |e| json(json!({"data": Self::entry(&e)})));
        }
        let skip: usize = call.number("cursor").unwrap_or(0);
        let list = self.0.newest();
        let data: Vec<Value> = list.iter().skip(skip).take(50).map(Self::entry).collect();
        let next = (skip + 50 < list.len()).then(|| format!("https://elsewhere.example/v1/apps/123/customerReviews?cursor={}", skip + 50));
        json(json!({"data": data, "links": {"next": next}}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "app": "123", "connect": {"issuer": "i", "key_id": "K", "key": {"env": "KEY"}}})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod connect {
    crate::sources::tests::law::law!(super::Connect, edits);
}

/// Sorted by the last change; an empty object where there is nothing.
#[derive(Default)]
struct GoogleBusiness(Shelf);

impl GoogleBusiness {
    fn entry(e: &Entry) -> Value {
        json!({"reviewId": format!("r{}", e.n), "reviewer": {"displayName": "Kim"}, "starRating": "ONE", "comment": e.words, "createTime": e.iso(), "updateTime": e.iso()})
    }
}

impl Shelved for GoogleBusiness {
    const KIND: SourceKind = SourceKind::GoogleBusiness;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        if call.bearer() != "s3cret" {
            return refuse(401, json!({"error": {"code": 401, "status": "UNAUTHENTICATED"}}));
        }
        let Some(one) = call.path.strip_prefix("/v4/accounts/11/locations/22/reviews/") else {
            assert_eq!((call.path.as_str(), call.get("orderBy")), ("/v4/accounts/11/locations/22/reviews", Some("updateTime desc")));
            let (list, skip) = (self.0.newest(), call.number("pageToken").unwrap_or(0));
            let reviews: Vec<Value> = list.iter().skip(skip).take(50).map(Self::entry).collect();
            let mut answer = if reviews.is_empty() { json!({}) } else { json!({"reviews": reviews, "totalReviewCount": list.len()}) };
            if skip + 50 < list.len() {
                answer["nextPageToken"] = (skip + 50).to_string().into();
            }
            return json(answer);
        };
        let found = self.0.get(one.trim_start_matches('r').parse().expect("a number")).filter(|e| !e.deleted);
        found.map_or_else(|| refuse(404, json!({"error": {"code": 404}})), |e| json(Self::entry(&e)))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "account": "11", "location": "22", "token": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        format!("r{}", item.n)
    }
}

mod googlebusiness {
    crate::sources::tests::law::law!(super::GoogleBusiness, edits);
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
        json!({"url": url, "package": "com.acme.app", "account": {"env": "ACCOUNT"}, "token_url": format!("{url}/token")})
    }

    fn native_id(item: Item) -> String {
        format!("gp:{}", item.n)
    }
}

mod googleplay {
    use super::*;

    #[test]
    fn every_item_is_kept_exactly_once_whatever_happens() {
        holds::<GooglePlay>();
    }

    #[tokio::test]
    async fn too_many_requests_wait_as_long_as_they_are_told() {
        assert!(survives::<GooglePlay>(Trouble::TooMany(90)).await.not_before().is_some());
    }

    #[tokio::test]
    async fn a_server_in_trouble_is_asked_again() {
        for trouble in [Trouble::Broken, Trouble::Cut, Trouble::Html] {
            let error = survives::<GooglePlay>(trouble).await;
            assert!(!error.is_final(), "{error:?}");
        }
    }

    #[tokio::test]
    async fn reviews_are_read_page_by_page_with_one_token() {
        let (server, fake, mut poller) = start::<GooglePlay>().await;
        (1..251).for_each(|n| Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS), n }));
        let chain = poller.chain(NOW).await.expect("read");
        assert_eq!((chain.posts.len(), chain.pages, fake.tokens.load(Ordering::Relaxed)), (250, 3, 1));
        assert_eq!(poller.chain(NOW.plus(MINUTE)).await.expect("read").pages, 3, "the day of overlap");
        drop(server);
    }

    #[tokio::test]
    async fn an_ended_token_is_replaced_once_and_a_refused_account_stops_the_source() {
        let (_server, fake, mut poller) = start::<GooglePlay>().await;
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
        let (_server, fake, mut poller) = start::<GooglePlay>().await;
        Fake::publish(&*fake, Item { at: NOW.plus(-3 * DAY_MS), n: 1 });
        poller.chain(NOW).await.expect("read");
        fake.shelf.lock()[0].words = "Acme Cloud got better".to_owned();
        fake.shelf.lock()[0].at = NOW.plus(MINUTE);
        let chain = poller.chain(NOW.plus(2 * MINUTE)).await.expect("read");
        assert_eq!((chain.ids(), chain.posts[0].text.as_str()), (vec!["gp:1"], "Acme Cloud got better"));
    }
}
