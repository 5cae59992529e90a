//! What is searched: Stack Exchange, GitHub, news feeds.

use std::collections::BTreeSet;

use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse, start};
use super::{NOW, Poller};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::PollError;

/// Odd posts are questions, even ones answers.
#[derive(Default)]
struct StackExchange(Shelf);

impl StackExchange {
    fn entry(e: &Entry, whole: bool) -> Value {
        let name = if e.n % 2 == 1 { "question_id" } else { "answer_id" };
        let body = if whole { e.words.as_str() } else { "..." };
        let mut entry = json!({"title": "", "body": body, "creation_date": e.seconds(), "owner": {"user_id": 7, "display_name": "Kim"}});
        entry[name] = e.n.into();
        entry
    }
}

impl Shelved for StackExchange {
    const KIND: SourceKind = SourceKind::StackExchange;
    const LATE_MS: i64 = HOUR_MS / 2;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        assert_eq!((call.get("site"), call.get("key")), (Some("stackoverflow"), Some("s3cret")));
        let odd = u64::from(call.path == "/2.3/search/advanced" || call.path.starts_with("/2.3/questions/"));
        let live: Vec<Entry> = self.0.live().into_iter().filter(|e| e.n % 2 == odd).collect();
        if !call.path.starts_with("/2.3/search/") {
            let ids: Vec<u64> = call.path.rsplit('/').next().expect("ids").split(';').map(|id| id.parse().expect("a number")).collect();
            assert!(ids.len() <= 100);
            let items: Vec<Value> = live.iter().filter(|e| ids.contains(&e.n)).map(|e| Self::entry(e, true)).collect();
            return json(json!({"items": items, "has_more": false, "quota_remaining": 100}));
        }
        let from: i64 = call.number("fromdate").expect("a time");
        let list: Vec<Entry> = live.into_iter().filter(|e| e.seconds() >= from).collect();
        let shown = call.page(&list, 100);
        let more = call.number::<usize>("page").expect("a page") * 100 < list.len();
        json(json!({"items": shown.iter().map(|e| Self::entry(e, odd == 1)).collect::<Vec<_>>(), "has_more": more, "quota_remaining": 100}))
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "key": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

mod stackexchange {
    crate::sources::tests::law::law!(super::StackExchange, edits);
}

async fn stack_that_says(status: u16, body: Value) -> Result<crate::domain::source::Page, PollError> {
    let router = axum::Router::new().fallback(move || {
        let body = body.clone();
        async move { refuse(status, body) }
    });
    let server = super::Server::start(router).await;
    let poller = Poller::new(SourceKind::StackExchange, StackExchange::setup(&server.url));
    poller.adapter.poll(&poller.http, &poller.cursor, NOW).await
}

#[tokio::test]
async fn stack_exchange_pauses_are_kept_although_the_answer_worked() {
    let page = stack_that_says(200, json!({"items": [], "has_more": false, "backoff": 10, "quota_remaining": 5})).await.expect("read");
    assert_eq!(page.not_before.map(|at| at.since(NOW)), Some(10_000));
    let page = stack_that_says(200, json!({"items": [], "has_more": false, "quota_remaining": 0})).await.expect("read");
    assert_eq!(page.not_before.map(Millis::to_rfc3339).as_deref(), Some("2026-11-20T00:00:00.000Z"), "the quota begins anew at midnight");
}

#[tokio::test]
async fn stack_exchange_errors_are_told_by_their_own_code() {
    let throttled = json!({"error_id": 502, "error_name": "throttle_violation", "error_message": "too many requests from this IP, more requests available in 300 seconds"});
    let error = stack_that_says(400, throttled).await.expect_err("too many");
    assert!(matches!(&error, PollError::RateLimited { until, .. } if until.since(NOW) == 300_000), "{error:?}");
    let error = stack_that_says(400, json!({"error_id": 403, "error_name": "access_denied"})).await.expect_err("refused");
    assert!(matches!(error, PollError::Unauthorised { .. }), "{error:?}");
    let error = stack_that_says(400, json!({"error_id": 400, "error_name": "bad_parameter"})).await.expect_err("refused");
    assert!(matches!(error, PollError::Refused { status: 400, .. }), "{error:?}");
}

/// Of three posts one is an issue, one a comment of the first issue, one a discussion.
#[derive(Default)]
struct Github(Shelf);

impl Github {
    fn second(at: Millis) -> String {
        at.to_datetime().format("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    fn issue(&self, e: &Entry) -> Value {
        let comments = self.0.live().iter().filter(|c| c.n % 3 == 2).map(|c| c.at).max().filter(|_| e.n == 1);
        json!({"number": e.n, "url": format!("https://api.github.com/repos/kim/app/issues/{}", e.n), "title": e.words, "body": null, "user": {"id": 7, "login": "kim"},
            "comments": i64::from(comments.is_some()), "created_at": Self::second(e.at), "updated_at": Self::second(comments.map_or(e.at, |at| at.max(e.at)))})
    }

    fn comment(e: &Entry) -> Value {
        json!({"id": e.n, "issue_url": "https://api.github.com/repos/kim/app/issues/1", "body": e.words, "user": {"id": 8, "login": "mo"}, "created_at": Self::second(e.at), "updated_at": Self::second(e.at)})
    }

    fn discussion(e: &Entry) -> Value {
        json!({"id": format!("D_{}", e.n), "title": e.words, "body": "", "createdAt": Self::second(e.at), "updatedAt": Self::second(e.at), "author": {"login": "kim"}})
    }

    fn graphql(&self, call: &Call) -> Response {
        let body: Value = serde_json::from_slice(&call.body).expect("json");
        let all: Vec<Entry> = self.0.live().into_iter().filter(|e| e.n.is_multiple_of(3)).collect();
        if let Some(ids) = body.pointer("/variables/ids").and_then(Value::as_array) {
            let found = |id: &Value| all.iter().find(|e| *id == format!("D_{}", e.n)).map_or(Value::Null, Self::discussion);
            return json(json!({"data": {"nodes": ids.iter().map(found).collect::<Vec<_>>()}}));
        }
        let q = body.pointer("/variables/q").and_then(Value::as_str).expect("a query");
        let since = q.split("updated:>=").nth(1).expect("a time").split(' ').next().expect("a time");
        let list: Vec<&Entry> = all.iter().filter(|e| *Self::second(e.at) >= *since).collect();
        let start: usize = body
            .pointer("/variables/after")
            .and_then(Value::as_str)
            .map_or(0, |c| c.trim_start_matches("cursor:").parse().expect("a cursor"));
        let end = (start + 50).min(list.len());
        let nodes: Vec<Value> = list[start.min(end)..end].iter().map(|e| Self::discussion(e)).collect();
        json(
            json!({"data": {"search": {"nodes": nodes, "pageInfo": {"hasNextPage": end < list.len(), "endCursor": format!("cursor:{end}")}}}}),
        )
    }
}

impl Shelved for Github {
    const KIND: SourceKind = SourceKind::Github;
    const LATE_MS: i64 = HOUR_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        assert!(call.headers.contains_key("user-agent") && call.headers.contains_key("x-github-api-version"));
        if call.bearer() != "s3cret" {
            return refuse(401, json!({"message": "Bad credentials"}));
        }
        let since = |text: &str, list: Vec<Value>| {
            let mut list: Vec<Value> = list.into_iter().filter(|i| i["updated_at"].as_str().is_some_and(|at| at >= text)).collect();
            list.sort_by_key(|i| i["updated_at"].as_str().map(str::to_owned));
            call.page(&list, 100).to_vec()
        };
        let of = |kind: u64| self.0.live().into_iter().filter(move |e| e.n % 3 == kind);
        match call.path.strip_prefix("/repos/kim/app/issues/") {
            _ if call.path == "/graphql" => self.graphql(call),
            _ if call.path == "/search/issues" => {
                let q = call.get("q").expect("a query");
                let from = q.split("updated:>=").nth(1).expect("a time");
                json(json!({"total_count": 1, "incomplete_results": false, "items": since(from, of(1).map(|e| self.issue(&e)).collect())}))
            }
            Some("1/comments") => json(since(call.get("since").expect("a time"), of(2).map(|e| Self::comment(&e)).collect()).into()),
            Some(id) => {
                let n = id.trim_start_matches("comments/").parse().expect("a number");
                let found = self.0.get(n).filter(|e| !e.deleted);
                let entry = found.map(|e| if id.starts_with("comments/") { Self::comment(&e) } else { self.issue(&e) });
                entry.map_or_else(|| refuse(if id.starts_with("comments/") { 404 } else { 410 }, json!({"message": "gone"})), json)
            }
            None => refuse(404, json!({"message": "Not Found"})),
        }
    }

    fn setup(url: &str) -> Value {
        json!({"url": url, "token": {"env": "TOKEN"}})
    }

    fn native_id(item: Item) -> String {
        match item.n % 3 {
            0 => format!("node:D_{}", item.n),
            1 => format!("kim/app#{}", item.n),
            _ => format!("kim/app#comment-{}", item.n),
        }
    }
}

mod github {
    crate::sources::tests::law::law!(super::Github, edits);
}

#[tokio::test]
async fn github_secondary_limits_come_as_403() {
    let router = axum::Router::new().fallback(|| async { (axum::http::StatusCode::FORBIDDEN, [("retry-after", "60")], "{}") });
    let server = super::Server::start(router).await;
    let error = Poller::new(SourceKind::Github, Github::setup(&server.url)).chain(NOW).await.expect_err("too many");
    assert!(matches!(&error, PollError::RateLimited { until, .. } if until.since(NOW) == 60_000), "{error:?}");
    let router = axum::Router::new().fallback(|| async { (axum::http::StatusCode::FORBIDDEN, "{}") });
    let server = super::Server::start(router).await;
    let error = Poller::new(SourceKind::Github, Github::setup(&server.url)).chain(NOW).await.expect_err("refused");
    assert!(matches!(error, PollError::Unauthorised { .. }), "{error:?}");
}

#[tokio::test]
async fn a_github_search_that_gave_up_moves_nothing() {
    let router = axum::Router::new().fallback(|| async { json(json!({"total_count": 9, "incomplete_results": true, "items": []})) });
    let server = super::Server::start(router).await;
    let error = Poller::new(SourceKind::Github, Github::setup(&server.url)).chain(NOW).await.expect_err("incomplete");
    assert!(matches!(error, PollError::Unavailable { .. }), "{error:?}");
}

#[tokio::test]
async fn github_repositories_are_listed_whole_without_a_search() {
    let (server, fake, _) = start::<Github>().await;
    Fake::publish(&*fake, Item { at: NOW.plus(-HOUR_MS), n: 2 });
    let address = server.url.clone();
    drop(server);
    let router = axum::Router::new()
        .route("/repos/acme/sdk/issues", axum::routing::get(|| async { json(json!([{"url": "https://api.github.com/repos/acme/sdk/issues/4", "title": "slow", "created_at": "2026-11-19T08:00:00Z", "updated_at": "2026-11-19T08:00:00Z"}])) }))
        .route("/repos/acme/sdk/issues/comments", axum::routing::get(|| async { json(json!([Github::comment(&Entry { n: 9, at: NOW, words: "me too".to_owned(), deleted: false })])) }));
    let server = super::Server::start(router).await;
    assert_ne!(server.url, address);
    let mut poller = Poller::new(SourceKind::Github, json!({"url": server.url, "repositories": ["acme/sdk"]}));
    assert_eq!(poller.chain(NOW).await.expect("read").ids(), ["acme/sdk#4", "kim/app#comment-9"]);
}

#[derive(Default)]
struct News(Shelf);

impl Shelved for News {
    const KIND: SourceKind = SourceKind::News;
    const LATE_MS: i64 = DAY_MS;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        assert_eq!(call.get("q"), Some("\"Acme Cloud\""));
        let items: Vec<String> = self.0.newest().iter().map(|e| {
            let date = e.at.to_datetime().to_rfc2822();
            format!("<item><title>{0} - The Daily</title><link>https://news.example/{1}</link><guid isPermaLink=\"false\">g{1}</guid><pubDate>{date}</pubDate><description>&lt;a href=\"x\"&gt;{0}&lt;/a&gt;</description></item>", e.words, e.n)
        }).collect();
        let items = items.concat();
        let xml = format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>n</title>{items}</channel></rss>");
        ([("content-type", "application/rss+xml")], xml).into_response()
    }

    fn setup(url: &str) -> Value {
        json!({"url": format!("{url}/rss?q={{query}}")})
    }

    fn native_id(item: Item) -> String {
        format!("g{}", item.n)
    }
}

mod news {
    crate::sources::tests::law::law!(super::News, told);
}

#[tokio::test]
async fn news_of_several_phrases_is_read_feed_by_feed() {
    let router = axum::Router::new().fallback(|request: axum::extract::Request| async move {
        let n = if request.uri().query().is_some_and(|q| q.contains("one")) { 1 } else { 2 };
        let xml = format!("<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><item><title>T{n} - P{n}</title><guid>g{n}</guid><pubDate>Thu, 19 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>");
        ([("content-type", "application/rss+xml")], xml)
    });
    let server = super::Server::start(router).await;
    let mut poller = Poller::new(SourceKind::News, json!({"url": format!("{}/?q={{query}}", server.url), "queries": ["one", "two"]}));
    let chain = poller.chain(NOW).await.expect("read");
    let read: BTreeSet<(&str, &str)> = chain.posts.iter().map(|p| (p.text.as_str(), p.author.name.as_str())).collect();
    assert_eq!(read, BTreeSet::from([("T1", "P1"), ("T2", "P2")]));
    assert!(chain.posts.iter().all(|p| p.key.platform() == "news"));
}
