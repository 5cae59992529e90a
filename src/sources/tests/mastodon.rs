//! Mastodon's API as three kinds of servers speak it.

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
use crate::domain::post::PostKey;
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::PollError;

#[derive(Debug, Default)]
struct World {
    /// Id and time.
    statuses: Vec<(String, Millis)>,
    /// Other words than they were written with, by id.
    edited: HashMap<String, String>,
    home: Home,
    token_needed: bool,
    busy: bool,
    ignores_ids: bool,
}

/// Where the statuses were written.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Home {
    #[default]
    Elsewhere,
    Here,
}

type Shared = Arc<Mutex<World>>;

/// Letters and digits that sort by time, as ULIDs do.
fn ulid(n: u64) -> String {
    let letters: String = format!("{n:021}").chars().map(|c| char::from(b"BCDFGHJKMN"[usize::from(c as u8 - b'0')])).collect();
    format!("01JCX{letters}")
}

impl World {
    fn status(&self, (id, at): &(String, Millis), headers: &HeaderMap) -> Value {
        let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let home = if self.home == Home::Here { format!("http://{host}") } else { "https://ruby.example".to_owned() };
        let words = self.edited.get(id).cloned().unwrap_or_else(|| format!("post {id}"));
        json!({
            "id": id, "uri": format!("{home}/users/mo/statuses/{id}"), "created_at": at.to_rfc3339(), "visibility": "public",
            "content": format!("<p>{words}</p>"), "account": {"acct": "mo@ruby.example", "display_name": "Mo"}, "reblog": null,
        })
    }
}

fn newer(a: &str, b: &str) -> bool {
    (a.len(), a) > (b.len(), b)
}

async fn timeline(State(world): State<Shared>, headers: HeaderMap, Query(params): Query<HashMap<String, String>>) -> Response {
    let it = world.lock().expect("a world");
    if !headers.contains_key(header::USER_AGENT) {
        return StatusCode::IM_A_TEAPOT.into_response();
    }
    if it.busy {
        let reset = NOW.plus(5 * MINUTE).to_rfc3339();
        return (StatusCode::TOO_MANY_REQUESTS, [("x-ratelimit-reset", reset)], Json(json!({"error": "Too many requests"})))
            .into_response();
    }
    if it.token_needed && headers.get(header::AUTHORIZATION).is_none_or(|v| v != "Bearer s3cret") {
        return (StatusCode::UNAUTHORIZED, Json(json!({"error": "The access token is invalid"}))).into_response();
    }
    let mut list = it.statuses.clone();
    list.sort_by(|a, b| (b.0.len(), &b.0).cmp(&(a.0.len(), &a.0)));
    if !it.ignores_ids {
        let (min, max) = (params.get("min_id"), params.get("max_id"));
        list.retain(|(id, _)| min.is_none_or(|m| newer(id, m)) && max.is_none_or(|m| newer(m, id)));
        if min.is_some() {
            // The page next to `min_id`, newest first.
            let skip = list.len().saturating_sub(40);
            list.drain(..skip);
        }
    }
    list.truncate(40);
    let link = "<http://wrong.example/api/v1/timelines/tag/x?max_id=1>; rel=\"next\", <http://wrong.example/x?min_id=1>; rel=\"prev\"";
    let body: Vec<Value> = list.iter().map(|one| it.status(one, &headers)).collect();
    ([("link", link)], Json(Value::Array(body))).into_response()
}

async fn one(State(world): State<Shared>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let it = world.lock().expect("a world");
    match it.statuses.iter().find(|(known, _)| *known == id) {
        Some(known) => Json(it.status(known, &headers)).into_response(),
        None => (StatusCode::NOT_FOUND, Json(json!({"error": "Record not found"}))).into_response(),
    }
}

async fn search(state: State<Shared>, headers: HeaderMap, params: Query<HashMap<String, String>>) -> Response {
    let wanted = params.get("q").is_some_and(|q| q == "\"Acme Cloud\"");
    let all = timeline(state, headers, params).await;
    let bytes = axum::body::to_bytes(all.into_body(), usize::MAX).await.expect("a body");
    let statuses: Value = serde_json::from_slice(&bytes).expect("a list");
    Json(json!({"accounts": [], "hashtags": [], "statuses": if wanted { statuses } else { json!([]) }})).into_response()
}

async fn start() -> (Server, Shared) {
    let shared = Shared::default();
    let router = Router::new()
        .route("/api/v1/timelines/tag/{tag}", get(timeline))
        .route("/api/v1/timelines/public", get(timeline))
        .route("/api/v2/search", get(search))
        .route("/api/v1/statuses/{id}", get(one))
        .with_state(Arc::clone(&shared));
    (Server::start(router).await, shared)
}

fn fill(world: &Shared, range: std::ops::Range<u64>, first_at: Millis) {
    let mut it = world.lock().expect("a world");
    it.statuses.extend(range.enumerate().map(|(i, n)| (ulid(n), first_at.plus(i64::try_from(i).expect("small") * 1000))));
}

fn poller(server: &Server) -> Poller {
    Poller::new(SourceKind::Mastodon, json!({"url": server.url}))
}

#[tokio::test]
async fn ids_of_letters_are_walked_back_first_and_forwards_then() {
    let (server, world) = start().await;
    fill(&world, 0..130, NOW.plus(-DAY_MS));
    let mut poller = poller(&server);
    let first = poller.chain(NOW).await.expect("read");
    assert_eq!((first.posts.len(), first.covered()), (130, Some((-DAY_MS, 0))));
    fill(&world, 130..330, NOW);
    let second = poller.chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!((second.posts.len(), second.covered()), (200, Some((0, MINUTE))));
    assert_eq!(poller.chain(NOW.plus(2 * MINUTE)).await.expect("read").posts.len(), 0);
}

#[tokio::test]
async fn the_first_walk_ends_at_the_back_fill_limit() {
    let (server, world) = start().await;
    fill(&world, 0..200, NOW.plus(-90 * DAY_MS));
    fill(&world, 200..250, NOW.plus(-DAY_MS));
    let chain = poller(&server).chain(NOW).await.expect("read");
    assert_eq!((chain.posts.len(), chain.pages), (80, 2));
    assert_eq!(chain.covered(), Some((-60 * DAY_MS, 0)));
}

#[tokio::test]
async fn a_server_that_ignores_ids_is_not_walked_for_ever() {
    let (server, world) = start().await;
    fill(&world, 0..100, NOW.plus(-DAY_MS));
    world.lock().expect("a world").ignores_ids = true;
    let mut poller = poller(&server);
    assert_eq!(poller.chain(NOW).await.expect("read").pages, 2);
    assert_eq!(poller.chain(NOW.plus(MINUTE)).await.expect("read").pages, 1);
}

#[tokio::test]
async fn a_post_that_arrives_late_is_found_within_the_hour() {
    let (server, world) = start().await;
    fill(&world, 0..10, NOW.plus(-DAY_MS));
    fill(&world, 20..30, NOW.plus(-HOUR_MS));
    let mut poller = poller(&server);
    poller.chain(NOW).await.expect("read");
    fill(&world, 40..41, NOW.plus(30 * MINUTE));
    poller.chain(NOW.plus(30 * MINUTE)).await.expect("read");
    // It was written before that one, and its server delivers it only now.
    fill(&world, 35..36, NOW.plus(20 * MINUTE));
    assert_eq!(poller.chain(NOW.plus(40 * MINUTE)).await.expect("read").posts.len(), 0);
    let hourly = poller.chain(NOW.plus(61 * MINUTE)).await.expect("read");
    assert!(hourly.ids().iter().any(|id| id.ends_with(&ulid(35))), "{:?}", hourly.ids());
}

#[tokio::test]
async fn an_iso_date_says_when_to_come_back() {
    let (server, world) = start().await;
    world.lock().expect("a world").busy = true;
    let error = poller(&server).chain(NOW).await.expect_err("busy");
    assert_eq!(error, PollError::RateLimited { host: server.host().to_owned(), until: NOW.plus(5 * MINUTE) });
}

#[tokio::test]
async fn a_timeline_for_users_asks_for_a_token_in_words() {
    let (server, world) = start().await;
    world.lock().expect("a world").token_needed = true;
    let error = poller(&server).chain(NOW).await.expect_err("refused");
    assert!(error.is_final() && error.advice().contains("give this source a `token`"), "{}", error.advice());
    fill(&world, 0..3, NOW.plus(-DAY_MS));
    let settings = json!({"url": server.url, "token": {"env": "TOKEN"}});
    assert_eq!(Poller::new(SourceKind::Mastodon, settings).chain(NOW).await.expect("read").posts.len(), 3);
}

#[tokio::test]
async fn a_search_is_walked_down_to_what_is_known() {
    let (server, world) = start().await;
    fill(&world, 0..90, NOW.plus(-DAY_MS));
    let mut poller = Poller::new(SourceKind::Mastodon, json!({"url": server.url, "search": true, "token": {"env": "TOKEN"}}));
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 90);
    fill(&world, 90..200, NOW);
    let second = poller.chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!((second.posts.len(), second.pages), (120, 3));
}

#[tokio::test]
async fn one_post_read_from_two_servers_is_one() {
    let ((a, world_a), (b, world_b)) = (start().await, start().await);
    fill(&world_a, 7..8, NOW.plus(-MINUTE));
    fill(&world_b, 7..8, NOW.plus(-MINUTE));
    let first = poller(&a).chain(NOW).await.expect("read");
    let second = poller(&b).chain(NOW).await.expect("read");
    assert_eq!(first.posts[0].key, second.posts[0].key);
    assert_eq!(first.posts[0].key.instance(), "ruby.example");
}

#[tokio::test]
async fn a_recheck_finds_posts_of_the_server_by_the_id_in_their_uri() {
    let (server, world) = start().await;
    fill(&world, 7..8, NOW.plus(-MINUTE));
    let key = |id: &str| PostKey::new("mastodon", server.host(), &format!("{}/users/mo/statuses/{id}", server.url)).expect("a key");
    let poller = poller(&server);
    let got = poller.adapter.recheck(&poller.http, &[key(&ulid(9))], NOW).await.expect("read");
    assert_eq!(got.missing, [key(&ulid(9))]);
    // The answer is about a post with another uri, so it says nothing about this one.
    let got = poller.adapter.recheck(&poller.http, &[key(&ulid(7))], NOW).await.expect("read");
    assert!(got.missing.is_empty() && got.present.is_empty() && got.gone.is_empty());
}

#[tokio::test]
async fn a_home_server_inside_the_private_network_is_not_asked() {
    let ((server, _world), (inside, _)) = (start().await, start().await);
    let key = PostKey::new("mastodon", inside.host(), &format!("{}/users/mo/statuses/5", inside.url)).expect("a key");
    let poller = poller(&server);
    let got = poller.adapter.recheck(&poller.http, &[key], NOW).await.expect("unjudged");
    assert!(got.missing.is_empty() && got.gone.is_empty());
}

#[derive(Debug, Default)]
struct Living(Shared);

impl Living {
    /// An id that sorts by the time of writing.
    fn id(item: Item) -> String {
        ulid(u64::try_from(item.at.get()).expect("after 1970") * 10_000 + item.n)
    }
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::Mastodon;
    const LATE_MS: i64 = HOUR_MS;

    fn router(self: Arc<Self>) -> Router {
        self.0.lock().expect("a world").home = Home::Here;
        let router = Router::new().route("/api/v1/timelines/tag/{tag}", get(timeline)).route("/api/v1/statuses/{id}", get(one));
        router.with_state(Arc::clone(&self.0))
    }

    fn settings(url: &str) -> Value {
        json!({"url": url, "token": {"env": "TOKEN"}})
    }

    fn publish(&self, item: Item) {
        self.0.lock().expect("a world").statuses.push((Self::id(item), item.at));
    }

    fn native_id(item: Item) -> String {
        Self::id(item)
    }

    fn native_id_at(url: &str, item: Item) -> String {
        format!("{url}/users/mo/statuses/{}", Self::id(item))
    }

    fn edit(&self, item: Item, words: &str) {
        self.0.lock().expect("a world").edited.insert(Self::id(item), words.to_owned());
    }

    fn delete(&self, item: Item) {
        self.0.lock().expect("a world").statuses.retain(|(id, _)| *id != Self::id(item));
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living, edits);
}
