//! X's interface as it answers: in pages, late, in two namings, for money.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::law::{Fake, Item};
use super::{MINUTE, NOW, Poller, Server};
use crate::domain::budget::{Spent, Thrift};
use crate::domain::post::PostKey;
use crate::domain::source::{Recheck, SourceKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::{PollError, metered};

#[derive(Debug, Clone)]
struct Tweet {
    /// Ids of its versions with their words.
    versions: Vec<(String, String)>,
    at: Millis,
}

#[derive(Debug, Default)]
struct World {
    now: Millis,
    tweets: Vec<Tweet>,
    deleted: Vec<String>,
    /// The only naming that it takes.
    naming: Option<&'static str>,
    refusal: Option<(u16, Value)>,
    forgets_ids: bool,
    asked: Vec<String>,
    jobs: Jobs,
}

/// Compliance jobs, one at a time.
#[derive(Debug, Default)]
struct Jobs {
    refused: bool,
    /// Where the ids are put, when it is not here.
    elsewhere: Option<String>,
    /// Ids of each job; empty until they are put.
    ids: Vec<Vec<String>>,
    /// The status of the last one.
    status: &'static str,
    looks: usize,
}

#[derive(Debug, Default)]
struct Living(Mutex<World>);

type Params = Query<HashMap<String, String>>;

fn snowflake(at: Millis, n: u64) -> String {
    ((u64::try_from(at.get() - 1_288_834_974_657).expect("later") << 22) + n).to_string()
}

fn shown(tweet: &Tweet, version: usize) -> Value {
    let ids: Vec<&str> = tweet.versions.iter().map(|v| v.0.as_str()).collect();
    let (id, words) = &tweet.versions[version];
    json!({"id": id, "text": words, "author_id": "7", "created_at": tweet.at.to_rfc3339(), "edit_history_tweet_ids": ids, "lang": "en"})
}

fn refused(it: &World, headers: &HeaderMap, params: &Params) -> Option<Response> {
    let problem = |status: u16, body: Value| Some((StatusCode::from_u16(status).expect("a status"), Json(body)).into_response());
    if headers.get(header::AUTHORIZATION).is_none_or(|v| v != "Bearer s3cret") {
        return problem(401, json!({"title": "Unauthorized", "type": "about:blank"}));
    }
    if let Some((status, body)) = &it.refusal {
        return problem(*status, body.clone());
    }
    let invalid = "https://api.x.com/2/problems/invalid-request";
    if let Some(wrong) = ["tweet.fields", "post.fields"].iter().find(|f| params.contains_key(**f) && it.naming.is_some_and(|n| n != **f)) {
        let parameters = json!({*wrong: ["created_at"]});
        return problem(
            400,
            json!({"title": "Invalid Request", "type": invalid, "errors": [{"parameters": parameters, "message": "unknown"}]}),
        );
    }
    let both = params.contains_key("since_id") && params.contains_key("start_time");
    let old = it.forgets_ids && params.contains_key("since_id");
    let before = params.get("start_time").and_then(|t| Millis::parse_rfc3339(t)).is_some_and(|t| it.now.since(t) > 7 * DAY_MS);
    if both || old || before {
        return problem(400, json!({"title": "Invalid Request", "type": invalid, "errors": [{"parameters": {"since_id": ["1"]}}]}));
    }
    None
}

async fn recent(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params) -> Response {
    let mut it = fake.0.lock().expect("a world");
    it.asked.push(params.get("query").cloned().unwrap_or_else(|| "mentions".to_owned()));
    if let Some(refusal) = refused(&it, &headers, &params) {
        return refusal;
    }
    let since = params.get("since_id").cloned().unwrap_or_default();
    let start = params.get("start_time").and_then(|t| Millis::parse_rfc3339(t)).unwrap_or_default();
    let size: usize = params.get("max_results").and_then(|n| n.parse().ok()).expect("a size");
    assert!((10..=100).contains(&size));
    let newer = |id: &str| (id.len(), id) > (since.len(), since.as_str());
    let visible = |t: &&Tweet| t.at >= start && it.now.since(t.at) >= 30_000 && newer(&t.versions.last().expect("one").0);
    let mut found: Vec<&Tweet> = it.tweets.iter().filter(visible).collect();
    found.sort_by(|a, b| b.versions[0].0.len().cmp(&a.versions[0].0.len()).then_with(|| b.versions[0].0.cmp(&a.versions[0].0)));
    let from: usize = params
        .get("next_token")
        .or_else(|| params.get("pagination_token"))
        .map_or(0, |t| t.trim_start_matches('t').parse().expect("a token"));
    let page: Vec<Value> = found.iter().skip(from).take(size).map(|t| shown(t, t.versions.len() - 1)).collect();
    let mut meta = json!({"result_count": page.len()});
    if let (Some(first), Some(last)) = (page.first(), page.last()) {
        meta["newest_id"] = first["id"].clone();
        meta["oldest_id"] = last["id"].clone();
    }
    if from + size < found.len() {
        meta["next_token"] = json!(format!("t{}", from + size));
    }
    if page.is_empty() {
        return Json(json!({"meta": meta})).into_response();
    }
    Json(json!({"data": page, "includes": {"users": [{"id": "7", "username": "dana", "name": "Dana"}]}, "meta": meta})).into_response()
}

async fn by_id(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params) -> Response {
    let it = fake.0.lock().expect("a world");
    if let Some(refusal) = refused(&it, &headers, &params) {
        return refusal;
    }
    let (mut data, mut errors) = (Vec::new(), Vec::new());
    for id in params.get("ids").expect("ids").split(',') {
        let found = it.tweets.iter().find_map(|t| Some((t, t.versions.iter().position(|v| v.0 == id)?)));
        match found {
            Some((tweet, version)) if !it.deleted.contains(&tweet.versions[0].0) => data.push(shown(tweet, version)),
            _ => errors.push(json!({"value": id, "resource_id": id, "type": "https://api.twitter.com/2/problems/resource-not-found"})),
        }
    }
    let mut body = json!({});
    for (name, list) in [("data", data), ("errors", errors)] {
        if !list.is_empty() {
            body[name] = Value::Array(list);
        }
    }
    Json(body).into_response()
}

async fn make_job(State(fake): State<Arc<Living>>, headers: HeaderMap, Json(wish): Json<Value>) -> Response {
    let mut it = fake.0.lock().expect("a world");
    if let Some(refusal) = refused(&it, &headers, &Query(HashMap::new())) {
        return refusal;
    }
    assert_eq!(wish["type"], "tweets");
    if it.jobs.refused {
        return (StatusCode::FORBIDDEN, Json(json!({"title": "Unsupported Authentication"}))).into_response();
    }
    if it.jobs.status == "in_progress" {
        return (StatusCode::CONFLICT, Json(json!({"title": "Conflict"}))).into_response();
    }
    it.jobs.status = "created";
    it.jobs.ids.push(Vec::new());
    job(&it.jobs, &headers)
}

fn job(jobs: &Jobs, headers: &HeaderMap) -> Response {
    let id = jobs.ids.len();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).expect("a host");
    let place = jobs.elsewhere.clone().unwrap_or_else(|| format!("http://{host}"));
    let data = json!({"id": id.to_string(), "type": "tweets", "status": jobs.status,
        "upload_url": format!("{place}/storage/{id}?signature=abc"), "download_url": format!("{place}/storage/{id}?signature=def")});
    Json(json!({"data": data})).into_response()
}

async fn see_job(State(fake): State<Arc<Living>>, headers: HeaderMap, Path(id): Path<usize>) -> Response {
    let mut it = fake.0.lock().expect("a world");
    assert_eq!(id, it.jobs.ids.len());
    it.jobs.looks += 1;
    job(&it.jobs, &headers)
}

/// The storage takes its signature, and no token.
async fn put_ids(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params, Path(id): Path<usize>, body: String) -> StatusCode {
    let mut it = fake.0.lock().expect("a world");
    let signed = params.get("signature").is_some_and(|s| s == "abc") && headers.get(header::AUTHORIZATION).is_none();
    if !signed || headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "text/plain") {
        return StatusCode::FORBIDDEN;
    }
    it.jobs.ids[id - 1] = body.lines().map(str::to_owned).collect();
    it.jobs.status = "in_progress";
    StatusCode::OK
}

async fn take_result(State(fake): State<Arc<Living>>, headers: HeaderMap, params: Params, Path(id): Path<usize>) -> Response {
    let it = fake.0.lock().expect("a world");
    if params.get("signature").is_none_or(|s| s != "def") || headers.get(header::AUTHORIZATION).is_some() {
        return StatusCode::FORBIDDEN.into_response();
    }
    let deleted = it.jobs.ids[id - 1].iter().filter(|id| it.deleted.contains(id));
    let line = |id: &str, action: &str| {
        json!({"id": id, "action": action, "reason": "deleted", "redacted_at": "2026-11-19T08:00:00.000Z"}).to_string() + "\n"
    };
    let scrubbed = it.jobs.ids[id - 1].iter().filter(|id| !it.deleted.contains(id)).take(1);
    let lines = deleted.map(|id| line(id, "delete")).chain(scrubbed.map(|id| line(id, "scrub_geo")));
    lines.collect::<String>().into_response()
}

impl Fake for Living {
    const KIND: SourceKind = SourceKind::X;
    const LATE_MS: i64 = 10 * MINUTE;

    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/2/tweets/search/recent", get(recent))
            .route("/2/users/55/mentions", get(recent))
            .route("/2/tweets", get(by_id))
            .route("/2/compliance/jobs", post(make_job))
            .route("/2/compliance/jobs/{id}", get(see_job))
            .route("/storage/{id}", put(put_ids).get(take_result))
            .with_state(self)
    }

    fn settings(url: &str) -> Value {
        json!({"url": url, "token": {"env": "TOKEN"}})
    }

    fn publish(&self, item: Item) {
        let versions = vec![(Self::native_id(item), format!("Acme Cloud {}", item.n))];
        self.0.lock().expect("a world").tweets.push(Tweet { versions, at: item.at });
    }

    fn native_id(item: Item) -> String {
        snowflake(item.at, item.n)
    }

    fn edit(&self, item: Item, words: &str) {
        let mut it = self.0.lock().expect("a world");
        let (now, id) = (it.now, Self::native_id(item));
        let tweet = it.tweets.iter_mut().find(|t| t.versions[0].0 == id).expect("there");
        tweet.versions.push((snowflake(now, item.n), words.to_owned()));
    }

    fn delete(&self, item: Item) {
        self.0.lock().expect("a world").deleted.push(Self::native_id(item));
    }

    fn set_now(&self, now: Millis) {
        self.0.lock().expect("a world").now = now;
    }
}

mod law {
    crate::sources::tests::law::law!(super::Living, edits);
}

async fn start(extra: &Value) -> (Server, Arc<Living>, Poller) {
    let fake = Arc::new(Living::default());
    fake.set_now(NOW);
    let server = Server::start(Arc::clone(&fake).router()).await;
    let mut settings = Living::settings(&server.url);
    for (key, value) in extra.as_object().expect("an object") {
        settings[key] = value.clone();
    }
    (server, fake, Poller::new(SourceKind::X, settings))
}

fn fill(fake: &Living, count: u64, at: Millis) {
    for n in 0..count {
        fake.publish(Item { at, n });
    }
}

#[tokio::test]
async fn a_server_that_takes_the_other_naming_only_is_asked_in_it_from_then_on() {
    let (_server, fake, mut poller) = start(&json!({})).await;
    fake.0.lock().expect("a world").naming = Some("post.fields");
    fill(&fake, 3, NOW.plus(-HOUR_MS));
    assert_eq!(poller.chain(NOW).await.expect("read").posts.len(), 3);
    let asked = fake.0.lock().expect("a world").asked.len();
    poller.chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!(fake.0.lock().expect("a world").asked.len(), asked + 1, "it remembers");
    let keys = [PostKey::new("x", "", &snowflake(NOW.plus(-HOUR_MS), 1)).expect("a key")];
    assert_eq!(poller.adapter.recheck(&poller.http, &keys, NOW).await.expect("read").present.len(), 1);
}

#[tokio::test]
async fn a_place_that_the_search_has_forgotten_is_read_by_time() {
    let (_server, fake, mut poller) = start(&json!({})).await;
    fill(&fake, 3, NOW.plus(-HOUR_MS));
    poller.chain(NOW).await.expect("read");
    fake.0.lock().expect("a world").forgets_ids = true;
    fill(&fake, 1, NOW.plus(MINUTE));
    fake.set_now(NOW.plus(5 * MINUTE));
    let chain = poller.chain(NOW.plus(5 * MINUTE)).await.expect("read");
    assert!(chain.ids().contains(&snowflake(NOW.plus(MINUTE), 0).as_str()), "{:?}", chain.ids());
    assert_eq!(chain.covered(), Some((-30_000, 5 * MINUTE - 30_000)));
}

#[tokio::test]
async fn a_post_is_paid_for_once_a_day_and_the_money_left_bounds_the_page() {
    let (_server, fake, mut poller) = start(&json!({})).await;
    fill(&fake, 150, NOW.plus(-5 * MINUTE));
    let (chain, spent) = metered(poller.chain(NOW)).await;
    assert_eq!(chain.expect("read").posts.len(), 150);
    assert_eq!(spent, Spent { requests: 2, micros: 150 * 5_000 });
    let later = NOW.plus(HOUR_MS);
    fake.set_now(later);
    let (chain, spent) = metered(poller.chain(later)).await;
    assert_eq!((chain.expect("read").posts.len(), spent.micros), (150, 0), "the hourly overlap costs nothing on the same day");
    fill(&fake, 40, later);
    fake.set_now(later.plus(MINUTE));
    poller.adapter.thrift(Thrift { micros_left: Some(60_000), ..Thrift::default() });
    let (page, spent) = metered(poller.adapter.poll(&poller.http, &poller.cursor, later.plus(MINUTE))).await;
    assert_eq!((page.expect("read").posts.len(), spent.micros), (12, 60_000));
    poller.adapter.thrift(Thrift { micros_left: Some(10_000), ..Thrift::default() });
    let error = poller.chain(later.plus(MINUTE)).await.expect_err("too poor for a page");
    assert!(matches!(error, PollError::BudgetSpent { until } if until.get() % DAY_MS == 0), "{error}");
}

#[tokio::test]
async fn mentions_of_the_own_account_are_read_where_they_cost_less() {
    let (_server, fake, mut poller) = start(&json!({"own_user_id": "55"})).await;
    fill(&fake, 10, NOW.plus(-HOUR_MS));
    let (chain, spent) = metered(poller.chain(NOW)).await;
    let keys: std::collections::BTreeSet<String> = chain.expect("read").ids().into_iter().map(str::to_owned).collect();
    assert_eq!((keys.len(), spent.micros), (10, 10 * 1_000), "found twice, paid once");
    let asked = fake.0.lock().expect("a world").asked.clone();
    assert_eq!(asked, ["mentions", "(\"Acme Cloud\" OR #acmecloud) -is:retweet"]);
}

#[tokio::test]
async fn a_sample_claims_no_more_than_it_read() {
    let (_server, fake, mut poller) = start(&json!({})).await;
    poller.chain(NOW).await.expect("read");
    for second in 0..300 {
        fake.publish(Item { at: NOW.plus(second * 1000), n: 1 });
    }
    let later = NOW.plus(330_000);
    fake.set_now(later);
    poller.adapter.thrift(Thrift { one_in: 5, ..Thrift::default() });
    let chain = poller.chain(later).await.expect("read");
    assert_eq!((chain.covered(), chain.posts.len()), (Some((234_000, 300_000)), 66), "a fifth of the time, and what was said in it");
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let problem = |kind: &str| json!({"title": kind, "type": format!("https://api.twitter.com/2/problems/{kind}")});
    let capped = PollError::RateLimited { host: String::new(), until: NOW.plus(DAY_MS) };
    for (status, body, says) in [
        (402, problem("credits"), "prepaid credits are used up"),
        (403, problem("client-forbidden"), "declared use of this app does not allow"),
        (401, json!({}), "token is not valid"),
        (400, json!({"detail": "the query has a loop"}), "status 400"),
    ] {
        let (_server, fake, mut poller) = start(&json!({})).await;
        fake.0.lock().expect("a world").refusal = Some((status, body));
        let error = poller.chain(NOW).await.expect_err("refused");
        assert!(error.is_final() && error.advice().contains(says), "{status}: {}", error.advice());
    }
    let (_server, fake, mut poller) = start(&json!({})).await;
    fake.0.lock().expect("a world").refusal = Some((429, problem("usage-capped")));
    assert_eq!(poller.chain(NOW).await.expect_err("capped").not_before(), capped.not_before());
}

/// Posts of last month that are known, oldest first; the first one is deleted.
fn known(fake: &Living, count: u64) -> Vec<PostKey> {
    let at = NOW.plus(-30 * DAY_MS);
    fill(fake, count, at);
    fake.delete(Item { at, n: 0 });
    (0..count).map(|n| PostKey::new("x", "", &snowflake(at, n)).expect("a key")).collect()
}

#[tokio::test]
async fn old_posts_are_checked_by_a_job_and_only_its_result_tells_of_them() {
    let (_server, fake, poller) = start(&json!({})).await;
    let keys = known(&fake, 3);
    let check = |now: Millis| poller.adapter.check_in_bulk(&poller.http, &keys, now);
    let (begun, spent) = metered(check(NOW)).await;
    assert_eq!((begun.expect("made"), spent), (Recheck::default(), Spent { requests: 2, micros: 0 }), "it is no reading");
    assert_eq!(fake.0.lock().expect("a world").jobs.ids, [keys.iter().map(|k| k.native_id().to_owned()).collect::<Vec<_>>()]);
    assert_eq!(check(NOW.plus(MINUTE)).await.expect("waits"), Recheck::default());
    assert_eq!(poller.adapter.bulk(&poller.http, NOW.plus(HOUR_MS)).expect("jobs").batch, 0, "while it runs none are wanted");
    assert_eq!(fake.0.lock().expect("a world").jobs.looks, 0, "it is not looked at with each poll");
    assert_eq!(check(NOW.plus(6 * MINUTE)).await.expect("looks"), Recheck::default());
    fake.0.lock().expect("a world").jobs.status = "complete";
    let told = check(NOW.plus(12 * MINUTE)).await.expect("read");
    assert_eq!((told.gone, told.checked), (vec![keys[0].clone()], keys[1..].to_vec()), "a place scrubbed off a post is no deletion");
    check(NOW.plus(HOUR_MS)).await.expect("rests");
    assert_eq!(fake.0.lock().expect("a world").jobs.ids.len(), 1);
    let wanted = |now| poller.adapter.bulk(&poller.http, now).expect("jobs").batch;
    assert_eq!((wanted(NOW.plus(HOUR_MS)), wanted(NOW.plus(6 * HOUR_MS))), (0, 40_000));
    check(NOW.plus(6 * HOUR_MS)).await.expect("made");
    assert_eq!(fake.0.lock().expect("a world").jobs.ids.len(), 2);
}

#[tokio::test]
async fn a_job_that_failed_or_was_lost_with_the_process_is_made_again() {
    let (server, fake, poller) = start(&json!({})).await;
    let keys = known(&fake, 2);
    poller.adapter.check_in_bulk(&poller.http, &keys, NOW).await.expect("made");
    fake.0.lock().expect("a world").jobs.status = "expired";
    let error = poller.adapter.check_in_bulk(&poller.http, &keys, NOW.plus(6 * MINUTE)).await.expect_err("failed");
    assert!(!error.is_final(), "{error:?}");
    let later = NOW.plus(HOUR_MS);
    poller.adapter.check_in_bulk(&poller.http, &keys, later).await.expect("made");
    // Another process, while the last job still runs: X makes one at a time.
    let other = Poller::new(SourceKind::X, Living::settings(&format!("http://{}", server.host())));
    assert!(other.adapter.check_in_bulk(&other.http, &keys, later).await.is_err());
    fake.0.lock().expect("a world").jobs.status = "complete";
    other.adapter.check_in_bulk(&other.http, &keys, later.plus(HOUR_MS)).await.expect("made");
    fake.0.lock().expect("a world").jobs.status = "complete";
    let told = other.adapter.check_in_bulk(&other.http, &[], later.plus(2 * HOUR_MS)).await.expect("read");
    assert_eq!((told.gone.len(), told.checked.len()), (1, 1));
}

#[tokio::test]
async fn where_no_job_can_be_had_some_posts_are_read_at_their_price() {
    let (_server, fake, poller) = start(&json!({})).await;
    fake.0.lock().expect("a world").jobs.refused = true;
    let keys = known(&fake, 120);
    let (told, spent) = metered(poller.adapter.check_in_bulk(&poller.http, &keys, NOW)).await;
    let told = told.expect("read");
    assert_eq!((told.present.len(), told.gone.len(), spent.micros), (99, 1, 99 * 5_000));
    let again = metered(poller.adapter.check_in_bulk(&poller.http, &keys, NOW.plus(HOUR_MS))).await;
    assert_eq!((again.0.expect("rests"), again.1), (Recheck::default(), Spent::default()), "not with each poll");
    poller.adapter.thrift(Thrift { micros_left: Some(60_000), ..Thrift::default() });
    let poor = metered(poller.adapter.check_in_bulk(&poller.http, &keys, NOW.plus(7 * HOUR_MS))).await;
    assert_eq!((poor.0.expect("nothing"), poor.1.micros), (Recheck::default(), 0), "the money left is for new posts");
}

#[tokio::test]
async fn ids_are_never_put_inside_a_private_network() {
    let (server, fake, _poller) = start(&json!({})).await;
    let keys = known(&fake, 2);
    for place in ["http://127.0.0.1:9", "http://169.254.169.254", "file:///etc"] {
        fake.0.lock().expect("a world").jobs.elsewhere = Some(place.to_owned());
        let other = Poller::new(SourceKind::X, Living::settings(&format!("http://{}", server.host())));
        let error = other.adapter.check_in_bulk(&other.http, &keys, NOW).await.expect_err("refused");
        assert!(matches!(error, PollError::ForbiddenAddress { .. }), "{place}: {error:?}");
        assert!(!format!("{error:?}").contains("signature"), "{error:?}");
    }
}
