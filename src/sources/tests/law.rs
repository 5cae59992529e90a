//! The law that every source obeys, whatever its platform does:
//!
//! - for any order of pages, late items, repeats, failures and kills, every item is kept exactly once, under one key;
//! - the cursor never moves past what was not kept;
//! - what a source claims to have read, it has read.
//!
//! A platform joins with a living fake ([`Fake`]) and one line, [`law!`]. The law plays it random scripts: items appear, late
//! ones too, answers fail, the poller is killed between a page and its keeping, time goes on. A `law!` also makes the tests
//! of single troubles, so that each platform proves the same cells: find, page, resume after a kill, 429, 5xx, cut body, late
//! item, expired token, and with `edits` also edit and delete.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::Value;

use super::{MINUTE, NOW, Server, adapter};
use crate::clock::Clock;
use crate::domain::post::PostKey;
use crate::domain::source::{Cursor, More, Page, SourceKind};
use crate::domain::time::{HOUR_MS, Millis};
use crate::sources::{Adapter, Http, HttpOptions, PollError};

/// An item of a fake: its number and when it was written, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    pub(super) at: Millis,
    pub(super) n: u64,
}

/// A fake of one platform that lives: items appear in it while it is polled. It answers in the platform's protocol, in pages.
pub(super) trait Fake: Default + Send + Sync + 'static {
    /// The source kind that reads it.
    const KIND: SourceKind;
    /// How late an item may appear and must still be found, in milliseconds.
    const LATE_MS: i64;
    /// Within how long it must be found then, in milliseconds.
    const SETTLE_MS: i64 = HOUR_MS;

    /// Its server, without troubles.
    fn router(self: Arc<Self>) -> Router;

    /// The settings of a source that reads it; the secret `TOKEN` is there.
    fn settings(url: &str) -> Value;

    /// An item that names “Acme Cloud” appears. Its time may be past, never to come.
    fn publish(&self, item: Item);

    /// The native id of its post.
    fn native_id(item: Item) -> String;

    /// The same, where it is an address of the fake at `url`.
    fn native_id_at(_url: &str, item: Item) -> String {
        Self::native_id(item)
    }

    /// What of a page is an item: the posts, unless the source brings only what the brand says itself.
    fn handed_out(page: &Page) -> Vec<&PostKey> {
        page.posts.iter().map(|post| &post.key).collect()
    }

    /// Its words become these.
    fn edit(&self, _item: Item, _words: &str) {}

    /// It is deleted.
    fn delete(&self, _item: Item) {}

    /// What time it is.
    fn set_now(&self, _now: Millis) {}
}

/// One answer that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// 429, with seconds to wait.
    TooMany(u32),
    /// 503 with a page of HTML.
    Broken,
    /// The first half of the right answer.
    Cut,
    /// A page of HTML, and status 200.
    Html,
    /// 401.
    Expired,
}

/// The troubles to come, first one first.
type Troubles = Arc<Mutex<VecDeque<Trouble>>>;

async fn guard(State(troubles): State<Troubles>, request: Request, next: Next) -> Response {
    let trouble = troubles.lock().expect("troubles").pop_front();
    let page = "<!doctype html><html><body>An error occurred.</body></html>";
    let html = [(header::CONTENT_TYPE, "text/html")];
    match trouble {
        None => next.run(request).await,
        Some(Trouble::TooMany(seconds)) => {
            (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, seconds.to_string())], "{}").into_response()
        }
        Some(Trouble::Broken) => (StatusCode::SERVICE_UNAVAILABLE, html, page).into_response(),
        Some(Trouble::Html) => (html, page).into_response(),
        Some(Trouble::Expired) => (StatusCode::UNAUTHORIZED, "{}").into_response(),
        Some(Trouble::Cut) => cut(next.run(request).await).await,
    }
}

/// Promises the whole body and breaks off in the middle of it.
async fn cut(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let whole = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half: Result<Bytes, std::io::Error> = Ok(whole.slice(..whole.len() / 2));
    Response::from_parts(parts, Body::from_stream(stream::iter([half, Err(std::io::Error::other("cut"))])))
}

/// One step of a script.
#[derive(Debug, Clone)]
enum Step {
    /// So many items appear, written so long ago as this share of the platform's lateness.
    Publish { count: u64, late: f64 },
    /// The next answer goes wrong.
    Trouble(Trouble),
    /// A poll, killed before it keeps its page of this number.
    Poll { killed_at: Option<usize> },
    /// Time goes on.
    Wait { seconds: i64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let late = prop_oneof![3 => Just(0.0), 1 => 0.0..1.0];
    let count = prop_oneof![4 => 0..4_u64, 1 => 90..230_u64];
    let trouble = prop_oneof![
        (1..4000_u32).prop_map(Trouble::TooMany),
        Just(Trouble::Broken),
        Just(Trouble::Cut),
        Just(Trouble::Html),
        Just(Trouble::Expired)
    ];
    let step = prop_oneof![
        4 => (count, late).prop_map(|(count, late)| Step::Publish { count, late }),
        2 => trouble.prop_map(Step::Trouble),
        5 => prop_oneof![Just(None), (0..3_usize).prop_map(Some)].prop_map(|killed_at| Step::Poll { killed_at }),
        3 => (1..5_000_i64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    proptest::collection::vec(step, 1..14)
}

/// What outlives a script: a client costs more than all the rest.
pub(super) struct Bench {
    clock: Clock,
    http: Http,
}

impl Bench {
    pub(super) fn new() -> Self {
        let clock = Clock::manual(NOW);
        let options = HttpOptions { spacing: std::time::Duration::ZERO, ..HttpOptions::default() };
        let http = Http::new(clock.clone(), options).expect("a client");
        Self { clock, http }
    }
}

/// A fake, its source, and what has been kept of it.
pub(super) struct Play<'a, F> {
    bench: &'a Bench,
    pub(super) fake: Arc<F>,
    pub(super) adapter: Adapter,
    troubles: Troubles,
    server: Server,
    cursor: Cursor,
    /// Times that each post was handed out and kept.
    pub(super) kept: BTreeMap<PostKey, u32>,
    /// What appeared, and when.
    published: Vec<(Item, Millis)>,
    /// When the first request of the chain under way was made.
    began: Option<Millis>,
}

type Verdict<T> = Result<T, TestCaseError>;

impl<'a, F: Fake> Play<'a, F> {
    pub(super) async fn start(bench: &'a Bench) -> Self {
        let (fake, troubles) = (Arc::new(F::default()), Troubles::default());
        let router = Arc::clone(&fake).router().layer(middleware::from_fn_with_state(Arc::clone(&troubles), guard));
        let server = Server::start(router).await;
        let adapter = adapter(F::KIND, F::settings(&server.url));
        let (cursor, kept, published) = (Cursor::default(), BTreeMap::new(), Vec::new());
        fake.set_now(bench.clock.now());
        Self { bench, fake, adapter, troubles, server, cursor, kept, published, began: None }
    }

    pub(super) fn now(&self) -> Millis {
        self.bench.clock.now()
    }

    pub(super) fn wait(&self, ms: i64) {
        self.bench.clock.advance(ms);
        self.fake.set_now(self.now());
    }

    pub(super) fn publish(&mut self, late_ms: i64) -> Item {
        let n = self.published.len() as u64 + 1;
        let item = Item { at: Millis::new((self.now().get() - late_ms) / 1000 * 1000), n };
        self.fake.publish(item);
        self.published.push((item, self.now()));
        item
    }

    /// The key under which an item was kept.
    fn key(&self, item: Item) -> PostKey {
        let id = F::native_id_at(&self.server.url, item);
        self.kept.keys().find(|key| key.native_id() == id).cloned().expect("kept")
    }

    pub(super) fn trouble(&self, trouble: Trouble) {
        self.troubles.lock().expect("troubles").push_back(trouble);
    }

    /// Polls until caught up, or until it fails or is killed before page `killed_at` is kept.
    async fn poll(&mut self, killed_at: Option<usize>) -> Verdict<Result<(), PollError>> {
        for page_number in 0.. {
            prop_assert!(page_number < 400, "a chain without an end");
            let began = *self.began.get_or_insert(self.bench.clock.now());
            let page = match self.adapter.poll(&self.bench.http, &self.cursor, self.now()).await {
                Ok(page) => page,
                Err(error) => return Ok(Err(error)),
            };
            if killed_at == Some(page_number) {
                return Ok(Ok(()));
            }
            for key in F::handed_out(&page) {
                *self.kept.entry(key.clone()).or_default() += 1;
            }
            let stuck = page.cursor == self.cursor;
            self.cursor = page.cursor;
            if page.more == More::CaughtUp || stuck {
                self.began = None;
                if let Some(span) = page.covered {
                    prop_assert!(span.to() <= self.now(), "it claims to have read what is to come");
                    self.has_read(began, |item| span.from() <= item.at && item.at < span.to())?;
                }
                return Ok(Ok(()));
            }
            prop_assert!(page.covered.is_none(), "a chain that goes on has covered nothing yet");
        }
        Ok(Ok(()))
    }

    /// All that was there at `began` and is meant is kept.
    fn has_read(&self, began: Millis, meant: impl Fn(&Item) -> bool) -> Verdict<()> {
        let kept: std::collections::BTreeSet<&str> = self.kept.keys().map(PostKey::native_id).collect();
        let missing = self.published.iter().filter(|(item, since)| *since <= began && meant(item)).find(|(item, _)| {
            let id = F::native_id_at(&self.server.url, *item);
            !kept.contains(id.as_str())
        });
        prop_assert!(missing.is_none(), "read, and not kept: {missing:?}");
        Ok(())
    }

    /// Polls until all is well: every item is kept, under one key, and nothing else is.
    pub(super) async fn settle(&mut self) -> Verdict<()> {
        self.troubles.lock().expect("troubles").clear();
        for _ in 0..4 {
            self.wait(F::SETTLE_MS / 2 + MINUTE);
            if let Err(error) = self.poll(None).await? {
                // A wish of the server, from before.
                prop_assert!(matches!(error, PollError::RateLimited { .. }), "{error}");
                self.wait(2 * HOUR_MS);
            }
        }
        self.has_read(self.now(), |_| true)?;
        let (kept, published) = (self.kept.len(), self.published.len());
        prop_assert!(kept == published, "{kept} keys for {published} items: {:?}", self.kept.keys().take(3).collect::<Vec<_>>());
        Ok(())
    }

    async fn play(mut self, steps: &[Step]) -> Verdict<()> {
        for step in steps {
            match step {
                Step::Publish { count, late } => {
                    #[expect(clippy::cast_possible_truncation, reason = "hours of milliseconds")]
                    let late_ms = (F::LATE_MS as f64 * late) as i64;
                    for _ in 0..*count {
                        self.publish(late_ms);
                    }
                }
                Step::Trouble(trouble) => self.trouble(*trouble),
                Step::Wait { seconds } => self.wait(seconds * 1000),
                Step::Poll { killed_at } => {
                    // A poll never shares its moment with what appears: platforms round times, and so do we.
                    self.wait(1000);
                    let before = self.cursor.clone();
                    let kept = self.kept.len();
                    let outcome = self.poll(*killed_at).await?;
                    prop_assert!(before == self.cursor || *killed_at != Some(0) || outcome.is_err(), "a killed poll moved the cursor");
                    prop_assert!(self.kept.len() >= kept);
                    self.wait(1000);
                }
            }
        }
        self.settle().await
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Plays random scripts.
pub(super) fn holds<F: Fake>() {
    let runtime = runtime();
    let bench = runtime.block_on(async { Bench::new() });
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, max_shrink_iters: 60, ..Config::default() });
    let outcome = runner.run(&steps(), |steps| runtime.block_on(async { Play::<F>::start(&bench).await.play(&steps).await }));
    if let Err(error) = outcome {
        panic!("{}: {error}", F::KIND.as_str());
    }
}

/// One trouble in the middle of a first chain of several pages: nothing is lost, and the error says what to do.
pub(super) async fn survives<F: Fake>(trouble: Trouble) -> PollError {
    let bench = Bench::new();
    let mut play = Play::<F>::start(&bench).await;
    for _ in 0..130 {
        play.publish(0);
    }
    play.wait(1000);
    // Its first page, and then the trouble.
    play.poll(Some(1)).await.expect("lawful").expect("one page");
    let before = (play.cursor.clone(), play.kept.len());
    // A token may be renewed once, at a service that answers the same.
    let times = if trouble == Trouble::Expired { 3 } else { 1 };
    for _ in 0..times {
        play.trouble(trouble);
    }
    let error = play.poll(None).await.expect("lawful").expect_err("trouble");
    assert_eq!((play.cursor.clone(), play.kept.len()), before, "a failed page moved something");
    for secret in ["s3cret", "token=", "key="] {
        assert!(!error.to_string().contains(secret) && !error.advice().contains(secret), "{error}");
    }
    if let Err(error) = play.settle().await {
        panic!("{error}");
    }
    error
}

/// An edited post has its new words, a deleted one is missed or gone, another one is as it was.
pub(super) async fn follows_edits<F: Fake>() {
    let bench = Bench::new();
    let mut play = Play::<F>::start(&bench).await;
    let items = [play.publish(0), play.publish(0), play.publish(0)];
    play.wait(MINUTE);
    play.poll(None).await.expect("lawful").expect("read");
    let key = |item: Item| play.key(item);
    let [edited, deleted, left] = items.map(key);
    play.wait(HOUR_MS);
    play.fake.edit(items[0], "Acme Cloud has other words");
    play.fake.delete(items[1]);
    assert!(play.adapter.recheck_batch() >= 3);
    let got = play.adapter.recheck(&bench.http, &[edited.clone(), deleted.clone(), left.clone()], play.now()).await.expect("read");
    let of = |key: &PostKey| got.present.iter().find(|p| p.key == *key);
    assert!(of(&edited).is_some_and(|p| p.text.contains("has other words")), "{got:?}");
    assert!(of(&left).is_some(), "{got:?}");
    assert!(of(&deleted).is_none() && (got.missing.contains(&deleted) || got.gone.contains(&deleted)), "{got:?}");
}

/// A post that was edited comes again by itself, under its key, with its new words.
pub(super) async fn brings_edits<F: Fake>() {
    let bench = Bench::new();
    let mut play = Play::<F>::start(&bench).await;
    let items = [play.publish(0), play.publish(0), play.publish(0)];
    play.wait(MINUTE);
    play.poll(None).await.expect("lawful").expect("read");
    let key = play.key(items[1]);
    play.wait(HOUR_MS);
    play.fake.edit(items[1], "Acme Cloud has other words");
    play.wait(MINUTE);
    let mut words = Vec::new();
    for _ in 0..20 {
        let page = play.adapter.poll(&bench.http, &play.cursor, play.now()).await.expect("read");
        words.extend(page.posts.into_iter().filter(|post| post.key == key).map(|post| post.text));
        play.cursor = page.cursor;
        if page.more == More::CaughtUp {
            break;
        }
    }
    assert!(words.last().is_some_and(|words| words.contains("has other words")), "{words:?}");
}

/// The tests of one platform: `law!(Fake)`, `law!(Fake, edits)` where posts can be read again by their id, or
/// `law!(Fake, told)` where an edited post comes again by itself.
macro_rules! law {
    ($fake:ty, told) => {
        crate::sources::tests::law::law!($fake);

        #[tokio::test]
        async fn an_edited_post_comes_again_with_its_new_words() {
            crate::sources::tests::law::brings_edits::<$fake>().await;
        }
    };
    ($fake:ty, edits) => {
        crate::sources::tests::law::law!($fake);

        #[tokio::test]
        async fn edits_and_deletions_are_followed() {
            crate::sources::tests::law::follows_edits::<$fake>().await;
        }
    };
    ($fake:ty) => {
        #[test]
        fn every_item_is_kept_exactly_once_whatever_happens() {
            crate::sources::tests::law::holds::<$fake>();
        }

        #[tokio::test]
        async fn too_many_requests_wait_as_long_as_they_are_told() {
            let error = crate::sources::tests::law::survives::<$fake>(crate::sources::tests::law::Trouble::TooMany(90)).await;
            assert!(error.not_before().is_some() && !error.is_final(), "{error:?}");
        }

        #[tokio::test]
        async fn a_server_in_trouble_is_asked_again() {
            let error = crate::sources::tests::law::survives::<$fake>(crate::sources::tests::law::Trouble::Broken).await;
            assert!(matches!(error, crate::sources::PollError::Unavailable { .. }), "{error:?}");
        }

        #[tokio::test]
        async fn a_cut_answer_moves_nothing() {
            let error = crate::sources::tests::law::survives::<$fake>(crate::sources::tests::law::Trouble::Cut).await;
            assert!(!error.is_final(), "{error:?}");
        }

        #[tokio::test]
        async fn a_page_in_place_of_an_answer_moves_nothing() {
            let error = crate::sources::tests::law::survives::<$fake>(crate::sources::tests::law::Trouble::Html).await;
            assert!(!error.is_final(), "{error:?}");
        }

        #[tokio::test]
        async fn an_expired_token_stops_the_source_in_words() {
            let error = crate::sources::tests::law::survives::<$fake>(crate::sources::tests::law::Trouble::Expired).await;
            assert!(matches!(error, crate::sources::PollError::Unauthorised { .. }), "{error:?}");
            assert!(error.advice().contains("token"), "{}", error.advice());
        }
    };
}
pub(super) use law;
