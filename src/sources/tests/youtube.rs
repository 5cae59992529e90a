//! YouTube's interface: threads with some of their replies, numbers of comments, quotas.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::source::SourceKind;
use crate::domain::time::{HOUR_MS, Millis};
use crate::sources::metered;

#[derive(Debug, Default)]
struct World {
    now: Millis,
    /// Id, time and words of comments; replies have a dot in their id.
    comments: Vec<(String, Millis, String)>,
    refused: HashMap<String, (u16, &'static str)>,
    asked: Vec<String>,
}

#[derive(Debug, Default)]
struct Living(Mutex<World>);

/// Every fourth comment answers one that has always been there.
fn own_id(item: Item) -> String {
    if item.n.is_multiple_of(4) { format!("Ug1.{}", item.n + 100) } else { format!("Ug{}", item.n + 100) }
}

fn comment((id, at, words): &(String, Millis, String)) -> Value {
    let at = at.to_rfc3339();
    json!({"id": id, "snippet": {"videoId": "vid", "textDisplay": words, "authorDisplayName": "@kim", "authorChannelId": {"value": "UC9"}, "publishedAt": at, "updatedAt": at}})
}

fn page(all: &[Value], params: &HashMap<String, String>) -> Value {
    let from: usize = params.get("pageToken").map_or(0, |t| t.trim_start_matches('p').parse().expect("a token"));
    let size: usize = params.get("maxResults").map_or(50, |n| n.parse().expect("a number"));
    let mut body = json!({"items": all.iter().skip(from).take(size).collect::<Vec<_>>()});
    if from + size < all.len() {
        body["nextPageToken"] = json!(format!("p{}", from + size));
    }
    body
}

async fn answer(
    State(fake): State<Arc<Living>>,
    Path(list): Path<String>,
    headers: HeaderMap,
    Query(params): Query<HashMap<String, String>>,
) -> Response {
    let mut it = fake.0.lock().expect("a world");
    it.asked.push(list.clone());
    assert!(!params.contains_key("key"), "the key stands in no address");
    if headers.get("x-goog-api-key").is_none_or(|key| key != "s3cret") {
        let body = json!({"error": {"code": 400, "errors": [{"reason": "badRequest"}], "message": "API key not valid"}});
        return (StatusCode::BAD_REQUEST, Json(body)).into_response();
    }
    if let Some((status, reason)) = it.refused.get(&list) {
        let body = json!({"error": {"code": status, "errors": [{"domain": "youtube.quota", "reason": reason}]}});
        return (StatusCode::from_u16(*status).expect("a status"), Json(body)).into_response();
    }
    let replies: Vec<Value> = it.comments.iter().filter(|c| c.0.contains('.')).map(comment).collect();
    let body = match list.as_str() {
        "search" => {
            let at = NOW.plus(-HOUR_MS).to_rfc3339();
            page(
                &[json!({"id": {"videoId": "vid"}, "snippet": {"publishedAt": at, "channelId": "UCown", "title": "Acme &amp; you"}})],
                &params,
            )
        }
        "videos" => json!({"items": [{"id": "vid", "statistics": {"commentCount": it.comments.len().to_string()}}]}),
        "commentThreads" => {
            let mut tops: Vec<_> = it.comments.iter().filter(|c| !c.0.contains('.')).collect();
            tops.sort_by_key(|c| std::cmp::Reverse(c.1));
            let mut threads: Vec<Value> = tops
                .into_iter()
                .map(|top| json!({"id": top.0, "snippet": {"topLevelComment": comment(top), "totalReplyCount": 0}}))
                .collect();
            // The oldest thread, which has all the replies and shows two of them.
            if !replies.is_empty() {
                let first = comment(&("Ug1".to_owned(), NOW.plus(-HOUR_MS), String::new()));
                let shown: Vec<&Value> = replies.iter().take(2).collect();
                threads.push(json!({"id": "Ug1", "snippet": {"topLevelComment": first, "totalReplyCount": replies.len()}, "replies": {"comments": shown}}));
            }
            page(&threads, &params)
        }
        _ if params.contains_key("parentId") => page(&replies, &params),
        _ => {
            let asked: Vec<&str> = params.get("id").expect("ids").split(',').collect();
            json!({"items": it.comments.iter().filter(|c| asked.contains(&c.0.as_str())).map(comment).collect::<Vec<_>>()})
        }
    };
    Json(body).into_response()
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Youtube;
    const LATE_MS: i64 = 6 * HOUR_MS;

    fn router(self: Arc<Self>) -> Router {
        Router::new().route("/youtube/v3/{list}", get(answer)).with_state(self)
    }

    fn settings(url: &str) -> Value {
        json!({"url": url, "key": {"env": "TOKEN"}, "channel": "UCown"})
    }

    fn publish(&self, item: Item) {
        self.0.lock().expect("a world").comments.push((own_id(item), item.at, format!("Acme Cloud {}", item.n)));
    }

    fn native_id(item: Item) -> String {
        own_id(item)
    }

    fn edit(&self, item: Item, words: &str) {
        let mut it = self.0.lock().expect("a world");
        it.comments.iter_mut().find(|c| c.0 == own_id(item)).expect("there").2 = words.to_owned();
    }

    fn delete(&self, item: Item) {
        self.0.lock().expect("a world").comments.retain(|c| c.0 != own_id(item));
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
    let server = Server::start(Arc::clone(&fake).router()).await;
    let poller = Poller::new(SourceKind::Youtube, Living::settings(&server.url));
    (server, fake, poller)
}

#[tokio::test]
async fn a_quiet_video_costs_one_unit_a_poll_and_searches_come_by_the_hour() {
    let (_server, fake, mut poller) = start().await;
    fake.publish(Item { at: NOW.plus(-MINUTE), n: 1 });
    poller.chain(NOW).await.expect("read");
    fake.0.lock().expect("a world").asked.clear();
    let (chain, spent) = metered(poller.chain(NOW.plus(MINUTE))).await;
    assert_eq!((chain.expect("read").posts.len(), spent.requests), (0, 1));
    poller.chain(NOW.plus(HOUR_MS)).await.expect("read");
    assert_eq!(fake.0.lock().expect("a world").asked, ["videos", "search", "search", "videos"]);
}

#[tokio::test]
async fn searches_without_quota_leave_the_comments_and_all_quota_gone_waits_for_the_new_day() {
    let (_server, fake, mut poller) = start().await;
    poller.chain(NOW).await.expect("read");
    fake.publish(Item { at: NOW.plus(MINUTE), n: 1 });
    fake.0.lock().expect("a world").refused.insert("search".to_owned(), (403, "quotaExceeded"));
    assert_eq!(poller.chain(NOW.plus(2 * HOUR_MS)).await.expect("read").posts.len(), 1);
    fake.0.lock().expect("a world").refused.insert("videos".to_owned(), (403, "quotaExceeded"));
    let error = poller.chain(NOW.plus(2 * HOUR_MS + MINUTE)).await.expect_err("no quota");
    // 2026-11-20T08:00:00Z.
    assert_eq!(error.not_before(), Some(Millis::new(1_795_161_600_000)));
}

#[tokio::test]
async fn closed_comments_leave_the_rest_and_a_wrong_key_stops_the_source() {
    let (server, fake, mut poller) = start().await;
    fake.publish(Item { at: NOW.plus(-MINUTE), n: 1 });
    fake.0.lock().expect("a world").refused.insert("commentThreads".to_owned(), (403, "commentsDisabled"));
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 0);
    let mut other = Poller::new(SourceKind::Youtube, json!({"url": server.url, "key": {"env": "ID"}, "queries": ["x"]}));
    let error = other.chain(NOW).await.expect_err("refused");
    assert!(error.is_final() && error.advice().contains("check it"), "{}", error.advice());
    assert!(!format!("{error:?}").contains("an-id"), "{error:?}");
}
