//! Bluesky: a stream that breaks, repeats and goes on, and a search for accounts only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use axum::response::Response;
use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response as Accepted};

use super::law::{Fake, Item, Trouble, follows_edits, holds, survives};
use super::shelf::{Call, Entry, Shelf, Shelved, json, refuse};
use super::{MINUTE, NOW, Poller};
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, More, SourceKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis};
use crate::sources::PollError;

/// What goes wrong with the next connection.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// It is refused with this status.
    Refused(u16),
    /// It breaks after so many events.
    Drop(usize),
    /// Strange messages come first.
    Noise,
}

#[derive(Default)]
struct Jet {
    /// By time, microseconds.
    events: Vec<(i64, Value)>,
    faults: VecDeque<Fault>,
    /// Queries of the connections.
    asked: Vec<String>,
}

type Shared = Arc<Mutex<Jet>>;

/// A stream and a public interface, until dropped.
struct World {
    jet: Shared,
    url: String,
    public: super::Server,
    _task: JoinSet<()>,
}

fn lock(jet: &Shared) -> std::sync::MutexGuard<'_, Jet> {
    jet.lock().expect("events")
}

async fn serve(stream: TcpStream, jet: &Shared) {
    let fault = lock(jet).faults.pop_front();
    let mut query = String::new();
    #[expect(clippy::result_large_err, reason = "the library's own type")]
    let look = |request: &Request, accepted: Accepted| -> Result<Accepted, ErrorResponse> {
        query = request.uri().query().unwrap_or_default().to_owned();
        match fault {
            Some(Fault::Refused(status)) => {
                Err(axum::http::Response::builder().status(status).header("retry-after", "30").body(None).expect("a response"))
            }
            _ => Ok(accepted),
        }
    };
    let Ok(mut socket) = accept_hdr_async(stream, look).await else { return };
    lock(jet).asked.push(query.clone());
    let cursor: i64 = query.split("cursor=").nth(1).and_then(|c| c.split('&').next()).and_then(|c| c.parse().ok()).unwrap_or(0);
    if let Some(Fault::Noise) = fault {
        for strange in ["", "{", "{\"kind\":\"commit\"}", "[1]", "{\"time_us\":9223372036854775807,\"did\":\"did:plc:x\"}"] {
            let _ = socket.send(Message::text(strange)).await;
        }
        let _ = socket.send(Message::binary(vec![1, 2, 3])).await;
    }
    let events: Vec<Value> = lock(jet).events.iter().filter(|(at, _)| *at >= cursor).map(|(_, event)| event.clone()).collect();
    let most = if let Some(Fault::Drop(most)) = fault { most } else { events.len() };
    for event in events.iter().take(most) {
        let sent = if query.contains("compress=true") {
            socket.send(Message::binary(include_bytes!("jetstream_event.zst").to_vec())).await
        } else {
            socket.send(Message::text(event.to_string())).await
        };
        if sent.is_err() {
            return;
        }
    }
    if most == events.len() {
        // Until the other side says good-bye.
        while let Some(Ok(_)) = socket.next().await {}
    }
}

fn micros(at: Millis) -> i64 {
    at.get() * 1000
}

fn commit(at: i64, rkey: &str, operation: &str, text: &str) -> (i64, Value) {
    let record = json!({"$type": "app.bsky.feed.post", "text": text, "createdAt": Millis::new(at / 1000).to_rfc3339(), "langs": ["en"]});
    let commit = json!({"operation": operation, "collection": "app.bsky.feed.post", "rkey": rkey, "record": if operation == "delete" { Value::Null } else { record }});
    (at, json!({"did": "did:plc:kim", "time_us": at, "kind": "commit", "commit": commit}))
}

fn public(call: &Call) -> Response {
    match call.path.as_str() {
        "/xrpc/app.bsky.actor.getProfiles" => {
            let profiles = call
                .all("actors")
                .iter()
                .map(|did| json!({"did": did, "handle": "kim.example", "displayName": "Kim", "followersCount": 12}));
            json(json!({"profiles": profiles.collect::<Vec<_>>()}))
        }
        _ => refuse(404, json!({"error": "MethodNotImplemented"})),
    }
}

#[derive(Default)]
struct Public(Shelf);

impl Shelved for Public {
    const KIND: SourceKind = SourceKind::Bluesky;
    const LATE_MS: i64 = 0;

    fn shelf(&self) -> &Shelf {
        &self.0
    }

    fn answer(&self, call: &Call) -> Response {
        public(call)
    }

    fn setup(_url: &str) -> Value {
        Value::Null
    }

    fn native_id(item: Item) -> String {
        item.n.to_string()
    }
}

impl World {
    async fn start() -> Self {
        let jet = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("ws://{}/subscribe", listener.local_addr().expect("an address"));
        let mut task = JoinSet::new();
        let shared = Arc::clone(&jet);
        task.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(stream, &shared).await;
            }
        });
        let public = super::Server::start(Arc::new(Public::default()).router()).await;
        Self { jet, url, public, _task: task }
    }

    fn poller(&self) -> Poller {
        Poller::new(SourceKind::Bluesky, json!({"stream": self.url, "public": self.public.url, "quiet_ms": 60}))
    }

    fn publish(&self, rkey: &str, age_ms: i64, text: &str) {
        lock(&self.jet).events.push(commit(micros(NOW.plus(-age_ms)), rkey, "create", text));
    }
}

fn rkeys(chain: &super::Chain) -> Vec<&str> {
    chain.ids().into_iter().map(|id| id.rsplit('/').next().unwrap_or_default()).collect()
}

#[tokio::test]
async fn posts_that_name_the_brand_are_taken_out_of_the_stream_with_their_authors_names() {
    let world = World::start().await;
    world.publish("1", 2 * MINUTE, "is Acme Cloud down?");
    world.publish("2", MINUTE, "lunch");
    world.publish("3", 0, "#acmecloud again");
    let mut poller = world.poller();
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!(rkeys(&chain), ["1", "3"]);
    assert_eq!((chain.posts[0].author.handle.as_str(), chain.posts[0].author.followers), ("kim.example", Some(12)));
    assert_eq!(chain.covered(), Some((-5 * MINUTE, 0)));
    let asked = lock(&world.jet).asked[0].clone();
    assert_eq!(asked, format!("wantedCollections=app.bsky.feed.post&cursor={}", micros(NOW.plus(-5 * MINUTE)) - 5_000_000));
    world.publish("4", -30_000, "Acme Cloud is back");
    let second = poller.chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!(rkeys(&second), ["3", "4"], "the last event repeats");
    assert_eq!(second.covered(), Some((0, 30_000)), "a stream that fell silent is known up to its last event");
}

#[tokio::test]
async fn a_post_that_reaches_the_stream_late_keeps_its_own_date_and_is_found() {
    let world = World::start().await;
    let mut poller = world.poller();
    world.publish("1", MINUTE, "Acme Cloud is down");
    poller.chain(NOW).await.expect("read");
    // It was written an hour ago, by an account whose server was cut off until now.
    let (at, mut event) = commit(micros(NOW.plus(30_000)), "2", "create", "Acme Cloud is slow");
    event["commit"]["record"]["createdAt"] = NOW.plus(-60 * MINUTE).to_rfc3339().into();
    lock(&world.jet).events.push((at, event));
    let chain = poller.chain(NOW.plus(MINUTE)).await.expect("read");
    let late = chain.posts.iter().find(|p| p.key.native_id().ends_with("/2")).expect("found");
    assert_eq!(late.created_at, NOW.plus(-60 * MINUTE));
}

#[tokio::test]
async fn deletions_updates_and_closed_accounts_are_handed_on() {
    let world = World::start().await;
    world.publish("1", 3 * MINUTE, "Acme Cloud is down");
    world.publish("2", 3 * MINUTE, "Acme Cloud is slow");
    let mut poller = world.poller();
    assert_eq!(rkeys(&poller.chain(NOW.plus(-2 * MINUTE)).await.expect("read")), ["1", "2"]);
    let account = json!({"did": "did:plc:mo", "time_us": micros(NOW), "kind": "account", "account": {"active": false, "did": "did:plc:mo", "status": "deleted"}});
    {
        let mut jet = lock(&world.jet);
        jet.events.push(commit(micros(NOW) - 3, "1", "delete", ""));
        jet.events.push(commit(micros(NOW) - 2, "2", "update", "Acme Cloud is fine"));
        jet.events.push((micros(NOW) - 1, json!({"did": "did:plc:x", "time_us": micros(NOW) - 1, "kind": "identity", "identity": {}})));
        jet.events.push((micros(NOW), account));
    }
    let page = poller.adapter.poll(&poller.http, &poller.cursor, NOW).await.expect("read");
    assert_eq!(page.gone.iter().map(PostKey::native_id).collect::<Vec<_>>(), ["at://did:plc:kim/app.bsky.feed.post/1"]);
    let updated = page.posts.iter().find(|p| p.key.native_id().ends_with("/2")).expect("updated");
    assert_eq!((updated.text.as_str(), updated.edited_at.is_some()), ("Acme Cloud is fine", true));
    assert_eq!(page.closed.iter().map(|a| a.native_id.as_str()).collect::<Vec<_>>(), ["did:plc:mo"]);
}

#[tokio::test]
async fn a_compressed_stream_says_the_same() {
    let world = World::start().await;
    world.publish("3m5zk7bbbbb2c", 0, "packed");
    let settings = json!({"stream": world.url, "public": world.public.url, "quiet_ms": 60, "compress": true});
    let chain = Poller::new(SourceKind::Bluesky, settings).chain(NOW.plus(MINUTE)).await.expect("read");
    assert_eq!((rkeys(&chain), chain.posts[0].text.as_str()), (vec!["3m5zk7bbbbb2c"], "is Acme Cloud down?"));
}

#[tokio::test]
async fn strange_messages_do_not_spoil_the_stream() {
    let world = World::start().await;
    world.publish("1", MINUTE, "Acme Cloud");
    lock(&world.jet).faults.push_back(Fault::Noise);
    let mut poller = world.poller();
    assert_eq!(rkeys(&poller.chain(NOW).await.expect("read")), ["1"]);
    assert!(!poller.cursor.0.contains("9223372036854775"), "a time that cannot be moves nothing");
}

#[tokio::test]
async fn a_refused_stream_says_why_and_moves_nothing() {
    let world = World::start().await;
    let mut poller = world.poller();
    poller.chain(NOW).await.expect("read");
    let before = poller.cursor.clone();
    world.publish("1", 0, "Acme Cloud");
    lock(&world.jet).faults.extend([Fault::Refused(429), Fault::Refused(503), Fault::Refused(401), Fault::Drop(0)]);
    let wait = poller.chain(NOW).await.expect_err("too many");
    assert!(matches!(&wait, PollError::RateLimited { until, .. } if until.since(NOW) == 30_000), "{wait:?}");
    assert!(matches!(poller.chain(NOW).await, Err(PollError::Unavailable { .. })));
    assert!(matches!(poller.chain(NOW).await, Err(PollError::Unauthorised { .. })));
    assert!(matches!(poller.chain(NOW).await, Err(PollError::Unavailable { .. })), "a connection that breaks at once");
    assert_eq!(poller.cursor, before);
}

#[tokio::test]
async fn a_place_that_is_too_old_leaves_a_gap_in_coverage() {
    let world = World::start().await;
    world.publish("1", 3 * DAY_MS, "Acme Cloud");
    let mut poller = world.poller();
    poller.chain(NOW.plus(-3 * DAY_MS)).await.expect("read");
    lock(&world.jet).events.clear();
    world.publish("2", 36 * HOUR_MS, "Acme Cloud");
    world.publish("3", 0, "Acme Cloud");
    let chain = poller.chain(NOW).await.expect("read");
    assert_eq!((rkeys(&chain), chain.covered()), (vec!["2", "3"], Some((-36 * HOUR_MS, 0))));
}

#[tokio::test]
async fn much_news_is_read_page_by_page() {
    let world = World::start().await;
    for n in 0..1_200 {
        world.publish(&n.to_string(), 2 * MINUTE - n * 20, "Acme Cloud");
    }
    let chain = world.poller().chain(NOW).await.expect("read");
    assert_eq!(rkeys(&chain).into_iter().collect::<BTreeSet<_>>().len(), 1_200);
    assert!(chain.pages >= 3, "{}", chain.pages);
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Publish(u32),
    Wait(i64),
    Poll,
    /// The process dies before the page is kept.
    Lost,
    Fault(u8),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        3 => (1..40_u32).prop_map(Event::Publish),
        2 => (1..100_i64).prop_map(Event::Wait),
        4 => Just(Event::Poll),
        1 => Just(Event::Lost),
        2 => (0..12_u8).prop_map(Event::Fault),
    ]
}

async fn play(events: &[Event]) -> (BTreeMap<PostKey, u32>, usize) {
    let world = World::start().await;
    let mut poller = world.poller();
    let (mut now, mut published, mut kept) = (NOW, 0_usize, BTreeMap::new());
    // The stream is entered before anything is published in it.
    poller.cursor = poller.adapter.poll(&poller.http, &Cursor::default(), now).await.expect("read").cursor;
    for event in events {
        match event {
            Event::Publish(count) => {
                for _ in 0..*count {
                    published += 1;
                    now = now.plus(7);
                    lock(&world.jet).events.push(commit(micros(now), &published.to_string(), "create", "Acme Cloud"));
                }
            }
            Event::Wait(seconds) => now = now.plus(seconds * 1000),
            Event::Fault(n) => lock(&world.jet).faults.push_back(match n {
                0 => Fault::Refused(503),
                1 => Fault::Noise,
                n => Fault::Drop(usize::from(*n) * 3 - 6),
            }),
            Event::Lost => drop(poller.adapter.poll(&poller.http, &poller.cursor, now).await),
            Event::Poll => keep(&mut poller, now, &mut kept).await,
        }
    }
    lock(&world.jet).faults.clear();
    for _ in 0..3 {
        keep(&mut poller, now.plus(1), &mut kept).await;
    }
    (kept, published)
}

async fn keep(poller: &mut Poller, now: Millis, kept: &mut BTreeMap<PostKey, u32>) {
    for _ in 0..20 {
        let Ok(page) = poller.adapter.poll(&poller.http, &poller.cursor, now).await else { return };
        for post in page.posts {
            *kept.entry(post.key).or_default() += 1;
        }
        let stuck = poller.cursor == page.cursor;
        poller.cursor = page.cursor;
        if page.more == More::CaughtUp || stuck {
            return;
        }
    }
}

#[test]
fn every_post_of_the_stream_is_kept_exactly_once_whatever_happens() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let config = ProptestConfig { cases: 10, failure_persistence: None, max_shrink_iters: 30, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&proptest::collection::vec(event(), 1..14), |events| {
        let (kept, published) = runtime.block_on(play(&events));
        prop_assert_eq!(kept.len(), published);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// A server of accounts with a search that compares letters only and forgets the time.
#[derive(Default)]
struct Search {
    shelf: Shelf,
    sessions: std::sync::atomic::AtomicUsize,
    /// Sessions up to this one have ended.
    ended: std::sync::atomic::AtomicUsize,
}

impl Search {
    fn view(e: &Entry) -> Value {
        json!({"uri": format!("at://did:plc:kim/app.bsky.feed.post/{}", e.n), "author": {"did": "did:plc:kim", "handle": "kim.example"},
            "record": {"text": e.words, "createdAt": e.iso()}, "indexedAt": e.iso()})
    }
}

impl Shelved for Search {
    const KIND: SourceKind = SourceKind::Bluesky;
    const LATE_MS: i64 = HOUR_MS / 2;

    fn shelf(&self) -> &Shelf {
        &self.shelf
    }

    fn answer(&self, call: &Call) -> Response {
        use std::sync::atomic::Ordering::Relaxed;
        match call.path.as_str() {
            "/xrpc/com.atproto.server.createSession" => {
                let body: Value = serde_json::from_slice(&call.body).expect("json");
                if body["password"] != "s3cret" {
                    return refuse(401, json!({"error": "AuthenticationRequired"}));
                }
                let n = self.sessions.fetch_add(1, Relaxed) + 1;
                json(json!({"accessJwt": format!("s{n}"), "did": "did:plc:me"}))
            }
            "/xrpc/app.bsky.feed.searchPosts" => {
                let session: usize = call.bearer().trim_start_matches('s').parse().unwrap_or(0);
                if session <= self.ended.load(Relaxed) {
                    return refuse(400, json!({"error": "ExpiredToken", "message": "Token has expired"}));
                }
                assert_eq!(call.get("q"), Some("\"Acme Cloud\""));
                let skip: usize = call.number("cursor").unwrap_or(0);
                let list = self.shelf.newest();
                let posts: Vec<Value> = list.iter().skip(skip).take(100).map(Self::view).collect();
                let mut answer = json!({"posts": posts});
                if skip + 100 < list.len() {
                    answer["cursor"] = (skip + 100).to_string().into();
                }
                json(answer)
            }
            "/xrpc/app.bsky.feed.getPosts" => {
                let live = self.shelf.live();
                let found = live.iter().filter(|e| call.all("uris").iter().any(|uri| uri.ends_with(&format!("/{}", e.n))));
                json(json!({"posts": found.map(Self::view).collect::<Vec<_>>()}))
            }
            _ => public(call),
        }
    }

    fn setup(url: &str) -> Value {
        json!({"read": "search", "public": url, "login": {"url": url, "identifier": "me.example", "password": {"env": "TOKEN"}}})
    }

    fn native_id(item: Item) -> String {
        format!("at://did:plc:kim/app.bsky.feed.post/{}", item.n)
    }
}

mod search {
    use super::*;

    #[test]
    fn every_item_is_kept_exactly_once_whatever_happens() {
        holds::<Search>();
    }

    #[tokio::test]
    async fn too_many_requests_wait_as_long_as_they_are_told() {
        assert!(survives::<Search>(Trouble::TooMany(90)).await.not_before().is_some());
    }

    #[tokio::test]
    async fn a_server_in_trouble_is_asked_again() {
        for trouble in [Trouble::Broken, Trouble::Cut, Trouble::Html] {
            let error = survives::<Search>(trouble).await;
            assert!(!error.is_final(), "{error:?}");
        }
    }

    #[tokio::test]
    async fn edits_and_deletions_are_followed() {
        follows_edits::<Search>().await;
    }

    #[tokio::test]
    async fn a_session_is_used_until_it_ends_and_a_refused_account_stops_the_source() {
        use std::sync::atomic::Ordering::Relaxed;
        let (server, fake, mut poller) = super::super::shelf::start::<Search>().await;
        poller.chain(NOW).await.expect("read");
        poller.chain(NOW.plus(MINUTE)).await.expect("read");
        assert_eq!(fake.sessions.load(Relaxed), 1);
        fake.ended.store(1, Relaxed);
        poller.chain(NOW.plus(2 * MINUTE)).await.expect("read with another session");
        assert_eq!(fake.sessions.load(Relaxed), 2);
        let mut settings = <Search as Shelved>::setup(&server.url);
        settings["login"]["password"] = json!({"env": "OTHER"});
        let secrets = crate::sources::Secrets::fixed([("OTHER".to_owned(), "wrong".to_owned())].into());
        let spec = super::super::spec(SourceKind::Bluesky, settings);
        poller.adapter = crate::sources::Adapter::from_spec(&spec, &secrets, &super::super::terms()).expect("settings");
        poller.http = super::super::client();
        let error = poller.chain(NOW.plus(3 * MINUTE)).await.expect_err("refused");
        assert!(matches!(error, PollError::Unauthorised { .. }) && !error.advice().contains("wrong"), "{error:?}");
    }

    #[tokio::test]
    async fn the_search_reads_what_was_before_the_stream() {
        let world = World::start().await;
        let (server, fake, _) = super::super::shelf::start::<Search>().await;
        Fake::publish(&*fake, Item { at: NOW.plus(-3 * DAY_MS), n: 1 });
        Fake::publish(&*fake, Item { at: NOW.plus(-30 * DAY_MS), n: 2 });
        world.publish("3", MINUTE, "Acme Cloud");
        let settings = json!({"stream": world.url, "quiet_ms": 60, "public": server.url, "login": {"url": server.url, "identifier": "me.example", "password": {"env": "TOKEN"}}});
        let chain = Poller::new(SourceKind::Bluesky, settings).chain(NOW).await.expect("read");
        assert_eq!(rkeys(&chain), ["1", "3"], "what is older than wanted is left out");
        assert_eq!(chain.covered(), Some((-7 * DAY_MS, -MINUTE)));
    }
}
