//! Feeds: windows that roll over, comment feeds, pages in place of feeds.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;

use super::law::Item;
use super::shelf::{Call, Entry, Shelf, Shelved};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::source::{Page, SourceKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::PollError;

fn item(n: i64, extra: &str) -> String {
    let date = NOW.plus(n * 1000).to_datetime().to_rfc2822();
    format!("<item><guid>{n}</guid><title>t{n}</title><pubDate>{date}</pubDate>{extra}</item>")
}

fn rss(items: &str) -> String {
    format!("<rss version='2.0' xmlns:wfw='http://wellformedweb.org/CommentAPI/'><channel><title>F</title>{items}</channel></rss>")
}

type Body = Arc<Mutex<String>>;

async fn server_of(body: &Body) -> Server {
    let answer = |State(body): State<Body>| async move { body.lock().expect("a body").clone() };
    Server::start(Router::new().route("/feed", get(answer)).with_state(Arc::clone(body))).await
}

fn poller(server: &Server, path: &str) -> Poller {
    Poller::new(SourceKind::Feed, serde_json::json!({"url": format!("{}{path}", server.url), "comments": true}))
}

/// A feed whose window is larger than all that the law's scripts bring.
#[derive(Default)]
struct Window(Shelf);

impl Shelved for Window {
    const KIND: SourceKind = SourceKind::Feed;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, _call: &Call) -> Response {
        let item = |e: &Entry| {
            let date = e.at.to_datetime().to_rfc2822();
            format!("<item><guid>{}</guid><title>{}</title><pubDate>{date}</pubDate></item>", e.n, e.words)
        };
        ([("content-type", "application/rss+xml")], rss(&self.0.newest().iter().map(item).collect::<String>())).into_response()
    }

    fn setup(url: &str) -> serde_json::Value {
        serde_json::json!({"url": format!("{url}/feed")})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod law {
    crate::sources::tests::law::law!(super::Window, told);
}

#[tokio::test]
async fn a_burst_between_two_polls_leaves_a_gap_in_coverage() {
    let body = Body::default();
    let server = server_of(&body).await;
    let mut poller = poller(&server, "/feed");
    let window = |from: i64| rss(&(from..from + 10).map(|n| item(n, "")).collect::<String>());
    *body.lock().expect("a body") = window(-100);
    let first = poller.chain(NOW).await.expect("read");
    assert_eq!((first.posts.len(), first.covered()), (10, Some((-99_000, 0))));
    *body.lock().expect("a body") = window(-95);
    assert_eq!(poller.chain(NOW.plus(MINUTE)).await.expect("read").covered(), Some((0, MINUTE)));
    *body.lock().expect("a body") = window(70);
    let burst = poller.chain(NOW.plus(2 * MINUTE)).await.expect("read");
    assert_eq!(burst.covered(), Some((71_000, 2 * MINUTE)), "what came between the windows is not known");
    assert_eq!(burst.posts[0].key.instance(), server.host());
}

#[tokio::test]
async fn times_ahead_of_now_are_not_believed() {
    let body = Body::new(Mutex::new(rss(&item(500_000, ""))));
    let server = server_of(&body).await;
    let chain = poller(&server, "/feed").chain(NOW).await.expect("read");
    assert_eq!(chain.posts[0].created_at, NOW);
}

#[tokio::test]
async fn a_cut_feed_gives_what_is_whole_and_other_xml_is_an_error_in_words() {
    let whole = rss(&[item(-3, ""), item(-2, ""), item(-1, "")].concat());
    let body = Body::new(Mutex::new(whole.split_at(whole.find("<guid>-1").expect("inside")).0.to_owned()));
    let server = server_of(&body).await;
    assert_eq!(poller(&server, "/feed").chain(NOW).await.expect("read").posts.len(), 2);
    *body.lock().expect("a body") = "<?xml version='1.0'?><channel><item/></channel>".to_owned();
    let error = poller(&server, "/feed").chain(NOW).await.expect_err("no feed");
    assert!(error.advice().contains("root element is `channel`"), "{}", error.advice());
    *body.lock().expect("a body") = "<html><head></head></html>".to_owned();
    let error = poller(&server, "/feed").chain(NOW).await.expect_err("no feed");
    assert!(error.advice().contains("names no feed"), "{}", error.advice());
}

fn conditional(headers: &HeaderMap, body: String) -> Response {
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|v| v == "\"a\"");
    if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::ETAG, "\"a\""), (header::CACHE_CONTROL, "max-age=300")], body).into_response()
    }
}

#[tokio::test]
async fn an_unchanged_feed_is_covered_and_its_freshness_obeyed() {
    let answer = |headers: HeaderMap| async move { conditional(&headers, rss(&item(-5, ""))) };
    let server = Server::start(Router::new().route("/feed", get(answer))).await;
    let mut poller = poller(&server, "/feed");
    let page: Page = poller.adapter.poll(&poller.http, &poller.cursor, NOW).await.expect("read");
    assert_eq!(page.not_before, Some(NOW.plus(300_000)));
    poller.cursor = page.cursor;
    let second = poller.chain(NOW.plus(HOUR_MS)).await.expect("read");
    assert_eq!((second.posts.len(), second.covered()), (0, Some((0, HOUR_MS))));
}

#[tokio::test]
async fn a_page_leads_to_its_feed_and_its_comment_feeds() {
    let page = "<!doctype html><html><head><link rel='alternate' type='application/rss+xml' href='/posts.xml'>
        <link rel='alternate' type='application/rss+xml' title='Comments' href='/comments.xml'></head></html>";
    let posts = rss(&item(-9, "<wfw:commentRss>/post-9.xml</wfw:commentRss>"));
    let comment = |n: i64| rss(&item(n, &format!("<link>http://wrong.example/#comment-{n}</link><description>words of {n}</description>")));
    let router = Router::new()
        .route("/", get(move || async move { Html(page) }))
        .route("/posts.xml", get(move || async move { posts }))
        .route("/comments.xml", get(move || async move { comment(-8) }))
        .route("/post-9.xml", get(move || async move { comment(-7) }));
    let server = Server::start(router).await;
    let chain = poller(&server, "/").chain(NOW).await.expect("read");
    let texts: Vec<&str> = chain.posts.iter().map(|p| p.text.as_str()).collect();
    assert_eq!(texts, ["t-9", "words of -8", "words of -7"]);
    assert_eq!(chain.covered().map(|c| c.1), Some(0));
}

#[tokio::test]
async fn comment_feeds_inside_the_private_network_are_not_asked() {
    let hits = Arc::new(Mutex::new(0));
    let count = |State(hits): State<Arc<Mutex<i32>>>| async move {
        *hits.lock().expect("a count") += 1;
        "x"
    };
    let inside = Server::start(Router::new().fallback(count).with_state(Arc::clone(&hits))).await;
    let sly = rss(&item(-9, &format!("<wfw:commentRss>{}/admin</wfw:commentRss>", inside.url)));
    let body = Body::new(Mutex::new(sly));
    let server = server_of(&body).await;
    let chain = poller(&server, "/feed").chain(NOW).await.expect("the feed itself is read");
    assert_eq!((chain.posts.len(), chain.pages), (1, 2));
    assert_eq!(*hits.lock().expect("a count"), 0);
}

#[tokio::test]
async fn a_comment_feed_that_is_down_leaves_its_time_uncovered() {
    let body = Body::new(Mutex::new(rss(&item(-9, "<wfw:commentRss>/broken</wfw:commentRss>"))));
    let answer = |State(body): State<Body>| async move { body.lock().expect("a body").clone() };
    let router = Router::new().route("/feed", get(answer)).route("/broken", get(|| async { StatusCode::BAD_GATEWAY })).with_state(body);
    let server = Server::start(router).await;
    let chain = poller(&server, "/feed").chain(NOW).await.expect("read");
    assert_eq!((chain.posts.len(), chain.covered), (1, None));
}

#[tokio::test]
async fn a_feed_that_is_gone_says_so() {
    let server = Server::start(Router::new().route("/feed", get(|| async { StatusCode::GONE }))).await;
    assert!(matches!(poller(&server, "/feed").chain(NOW).await, Err(PollError::Gone { .. })));
}

#[tokio::test]
async fn items_without_a_date_are_new() {
    let body = Body::new(Mutex::new(rss("<item><guid>x</guid><title>no date</title></item>")));
    let server = server_of(&body).await;
    let chain = poller(&server, "/feed").chain(NOW).await.expect("read");
    assert_eq!(chain.posts[0].created_at, Millis::new(NOW.get()));
}
