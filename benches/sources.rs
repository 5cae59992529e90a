//! A thousand sources in one process: how late they are asked, what that costs, and what rest costs.
//!
//! `cargo bench --bench sources [SOURCES] [SECONDS]`. The servers are living fakes on loopback in a process of their own, four
//! sources to a server, in four protocols (feed, Mastodon, WordPress, Discourse); each source has up to four weeks of posts at
//! its start and a new one every minute, of which one in ten names the brand, and each answer takes 50 ms. The poller, its client
//! and its politeness are those of `ebb run`; the model, which is another part, does not run.
//!
//! Lateness is when a source is asked minus when it should have been: the end of its last poll plus its interval. One that was late is
//! asked after up to five quarters of its interval the next time, so that queues part; that counts as late too.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and stops at the first surprise")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use ebb::assess::{Settings, Worker};
use ebb::clock::Clock;
use ebb::domain::brand::BrandTerms;
use ebb::domain::post::PostKey;
use ebb::domain::source::{Cursor, More, Page, Recheck, SourceKind, SourceSpec, Take};
use ebb::domain::time::{HOUR_MS, Millis};
use ebb::ingest::{Adapters, Platform, Platforms, Poll, Poller, PollerOptions};
use ebb::sources::{Http, HttpOptions, PollError, Secrets, SettingsError};
use ebb::store::Store;
use ebb::web::{WebState, router};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Sources of one server.
const OF_SERVER: usize = 4;
const MINUTE_MS: i64 = 60_000;
/// Minutes of posts that are there at the start: four weeks.
const HISTORY: i64 = 28 * 24 * 60;
/// Between two polls of a source while it is measured: a fifth of the default, so five times its load.
const EVERY_MS: i64 = 60_000;

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    if std::env::args().any(|a| a == "--serve") {
        return runtime().block_on(serve(numbers[0]));
    }
    let sources = numbers.first().copied().unwrap_or(1_000);
    // Two intervals at least: sources keep the order in which they were first asked.
    let seconds = numbers.get(1).copied().unwrap_or(240).max(120);
    let mut servers = Servers::start(sources.div_ceil(OF_SERVER));
    runtime().block_on(measure(&servers.urls, sources, Duration::from_secs(u64::try_from(seconds).unwrap())));
    servers.child.kill().unwrap();
    servers.child.wait().unwrap();
}

// The fakes.

/// The process that answers.
struct Servers {
    child: Child,
    urls: Vec<String>,
}

impl Servers {
    fn start(count: usize) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program).args(["--serve", &count.to_string()]).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let urls = lines.map_while(Result::ok).take_while(|line| line != "ready").collect();
        Self { child, urls }
    }
}

async fn serve(count: usize) {
    let mut tasks = JoinSet::new();
    for _ in 0..count {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/feed", get(feed))
            .route("/api/v1/timelines/tag/{tag}", get(timeline))
            .route("/wp-json/wp/v2/comments", get(comments))
            .route("/posts.json", get(posts))
            .with_state(now());
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    }
    println!("ready");
    while tasks.join_next().await.is_some() {}
}

fn now() -> i64 {
    Clock::system().now().get()
}

type Params = Query<HashMap<String, String>>;

/// Posts are numbered by their minute; number 1 is four weeks before the start.
struct Shelf {
    first_minute: i64,
    newest: i64,
}

impl Shelf {
    async fn of(start: i64) -> Self {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let first_minute = start / MINUTE_MS - HISTORY;
        Self { first_minute, newest: now() / MINUTE_MS - first_minute }
    }

    fn at(&self, n: i64) -> Millis {
        Millis::new((self.first_minute + n) * MINUTE_MS)
    }
}

fn words(n: i64) -> String {
    let brand = if n % 10 == 0 { "Acme Cloud" } else { "lunch" };
    format!("number {n}: {brand} was slow again this morning, and nobody says why")
}

async fn feed(State(start): State<i64>) -> Response {
    let shelf = Shelf::of(start).await;
    let item = |n: i64| {
        let date = chrono::DateTime::from_timestamp_millis(shelf.at(n).get()).unwrap().to_rfc2822();
        format!("<item><guid>{n}</guid><title>{}</title><pubDate>{date}</pubDate></item>", words(n))
    };
    let items: String = (shelf.newest - 20..=shelf.newest).rev().map(item).collect();
    ([("content-type", "application/rss+xml")], format!("<rss version='2.0'><channel><title>F</title>{items}</channel></rss>"))
        .into_response()
}

async fn timeline(State(start): State<i64>, Query(params): Params) -> Response {
    let shelf = Shelf::of(start).await;
    let number = |name: &str| params.get(name).and_then(|id| id.parse::<i64>().ok());
    let newest = number("max_id").map_or(shelf.newest, |max| max - 1);
    let range = match number("min_id") {
        Some(min) => min + 1..=newest.min(min + 40),
        // Two hundred posts are all that this server remembers.
        None => (newest - 39).max(shelf.newest - 200)..=newest,
    };
    let status = |n: i64| json!({"id": n.to_string(), "created_at": shelf.at(n).to_rfc3339(), "visibility": "public", "content": words(n), "account": {"acct": "mo"}});
    axum::Json(range.rev().map(status).collect::<Vec<Value>>()).into_response()
}

async fn comments(State(start): State<i64>, Query(params): Params) -> Response {
    let shelf = Shelf::of(start).await;
    let after = params.get("after").and_then(|v| Millis::parse_rfc3339(&format!("{}Z", v.trim_end_matches('Z'))));
    // Two hundred comments in four weeks, and one a minute since.
    let all: Vec<i64> =
        (1..=shelf.newest).filter(|n| *n > HISTORY || n % 200 == 0).filter(|n| after.is_none_or(|at| shelf.at(*n) > at)).collect();
    let (page, size) = (params.get("page").and_then(|p| p.parse().ok()).unwrap_or(1_usize), 100);
    let comment = |n: &i64| {
        let at = shelf.at(*n).to_rfc3339();
        json!({"id": n, "author_name": "Kim", "date_gmt": at.get(..19), "content": {"rendered": words(*n)}, "link": "", "type": "comment"})
    };
    let shown: Vec<Value> = all.iter().skip((page - 1) * size).take(size).map(comment).collect();
    ([("x-wp-total", all.len().to_string()), ("x-wp-totalpages", all.len().div_ceil(size).to_string())], axum::Json(shown)).into_response()
}

async fn posts(State(start): State<i64>, Query(params): Params) -> Response {
    let shelf = Shelf::of(start).await;
    // A young forum: its posts are numbered from two hundred before the start on.
    let before_first = HISTORY - 200;
    let newest = shelf.newest - before_first;
    let top = params.get("before").and_then(|b| b.parse().ok()).unwrap_or(newest);
    let post = |id: i64| {
        let at = shelf.at(id + before_first).to_rfc3339();
        json!({"id": id, "topic_id": 8, "topic_slug": "s", "post_number": 2, "username": "kim", "user_id": 7, "created_at": at, "version": 1, "cooked": words(id)})
    };
    let list: Vec<Value> = ((top - 49).max(1)..=top).rev().map(post).collect();
    axum::Json(json!({"latest_posts": list})).into_response()
}

// What is measured.

/// When each source was asked and answered.
#[derive(Default)]
struct Record {
    /// End of the last chain of pages of a source, by name.
    ended: HashMap<String, Instant>,
    /// Milliseconds, of polls that follow another one.
    late: Vec<f64>,
    polls: usize,
    failed: usize,
}

struct Watched {
    platforms: Platforms,
    record: Arc<Mutex<Record>>,
}

struct WatchedPlatform {
    platform: Platform,
    name: String,
    every: Duration,
    /// Whether a page was asked for already.
    under_way: Mutex<Progress>,
    record: Arc<Mutex<Record>>,
}

#[derive(PartialEq, Eq)]
enum Progress {
    Fresh,
    Begun,
}

impl Adapters for Watched {
    type Adapter = WatchedPlatform;

    fn adapter(&self, spec: &SourceSpec, terms: &BrandTerms) -> Result<WatchedPlatform, SettingsError> {
        let platform = self.platforms.adapter(spec, terms)?;
        let every = Duration::from_millis(u64::try_from(spec.every_ms).unwrap());
        let (name, record, under_way) = (spec.name.clone(), Arc::clone(&self.record), Mutex::new(Progress::Fresh));
        Ok(WatchedPlatform { platform, name, every, under_way, record })
    }
}

impl Poll for WatchedPlatform {
    async fn poll(&self, cursor: &Cursor, now: Millis) -> Result<Page, PollError> {
        if std::mem::replace(&mut *self.under_way.lock().unwrap(), Progress::Begun) == Progress::Fresh {
            let mut record = self.record.lock().unwrap();
            record.polls += 1;
            if let Some(ended) = record.ended.get(&self.name).copied() {
                let late = ended.elapsed().saturating_sub(self.every);
                record.late.push(late.as_secs_f64() * 1e3);
            }
        }
        let answer = self.platform.poll(cursor, now).await;
        let mut record = self.record.lock().unwrap();
        match &answer {
            Ok(page) if page.more == More::CaughtUp => {
                record.ended.insert(self.name.clone(), Instant::now());
            }
            Ok(_) => {}
            Err(_) => record.failed += 1,
        }
        answer
    }

    async fn recheck(&self, keys: &[PostKey], now: Millis) -> Result<Recheck, PollError> {
        self.platform.recheck(keys, now).await
    }

    fn recheck_batch(&self) -> usize {
        self.platform.recheck_batch()
    }
}

fn specs(urls: &[String], sources: usize, brand: ebb::domain::ids::BrandId, every_ms: i64) -> Vec<SourceSpec> {
    let spec = |n: usize| {
        let url = &urls[n / OF_SERVER];
        let (kind, settings) = match n % OF_SERVER {
            0 => (SourceKind::Feed, json!({"url": format!("{url}/feed")})),
            1 => (SourceKind::Mastodon, json!({"url": url})),
            2 => (SourceKind::Wordpress, json!({"url": url})),
            _ => (SourceKind::Discourse, json!({"url": url})),
        };
        SourceSpec { name: format!("source {n}"), kind, brand, take: Take::Matching, every_ms, settings }
    };
    (0..sources).map(spec).collect()
}

async fn measure(urls: &[String], sources: usize, time: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::system();
    let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 1).await.unwrap();
    let terms = BrandTerms { names: vec!["Acme Cloud".to_owned()], hashtags: vec!["acmecloud".to_owned()], ..BrandTerms::default() };
    let brand = store.save_brand("Acme", &terms, clock.now()).await.unwrap();
    store.sync_sources(&specs(urls, sources, brand, EVERY_MS), clock.now()).await.unwrap();
    println!("{sources} sources at {} servers; at the start {:.0} MB", urls.len(), memory());

    let record = Arc::new(Mutex::new(Record::default()));
    let poll = |stop: CancellationToken| {
        let http = Arc::new(Http::new(clock.clone(), HttpOptions::default()).unwrap());
        let watched = Watched { platforms: Platforms { http, secrets: Secrets::fixed(HashMap::new()) }, record: Arc::clone(&record) };
        let options = PollerOptions { floor_ms: EVERY_MS, ..PollerOptions::default() };
        let poller = Poller::new(store.clone(), watched, clock.clone(), options, stop);
        let mut task = JoinSet::new();
        task.spawn(async move { poller.run().await });
        task
    };
    let stop = CancellationToken::new();
    let (began, used) = (Instant::now(), cpu());
    let mut running = poll(stop.clone());
    while record.lock().unwrap().ended.len() < sources {
        assert!(began.elapsed() < Duration::from_mins(15), "the first round does not end");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let first = began.elapsed().as_secs_f64();
    println!("first round, four weeks each:  {first:>7.1} s, {:.0} % of a core, {:.0} MB", 100.0 * (cpu() - used) / first, memory());

    // Until the schedule has settled: the first round is a queue, which parts.
    tokio::time::sleep(Duration::from_millis(u64::try_from(2 * EVERY_MS).unwrap())).await;
    {
        let mut record = record.lock().unwrap();
        *record = Record { ended: std::mem::take(&mut record.ended), ..Record::default() };
    }
    let (began, used) = (Instant::now(), cpu());
    tokio::time::sleep(time).await;
    let (took, used) = (began.elapsed().as_secs_f64(), cpu() - used);
    let mut late = std::mem::take(&mut record.lock().unwrap().late);
    late.sort_by(f64::total_cmp);
    let part = |percent: usize| late[(late.len() - 1) * percent / 100];
    let (polls, failed) = {
        let record = record.lock().unwrap();
        (record.polls, record.failed)
    };
    println!(
        "each once a minute for {took:.0} s:  {:>7.1} polls/s, {failed} failed, {:.1} % of a core, {:.0} MB",
        polls as f64 / took,
        100.0 * used / took,
        memory()
    );
    let (p50, p95, p99, most) = (part(50), part(95), part(99), part(100));
    println!("lateness:                      p50 {p50:.0} ms, p95 {p95:.0} ms, p99 {p99:.0} ms, most {most:.0} ms");
    stop.cancel();
    running.join_next().await.unwrap().unwrap();

    store.sync_sources(&specs(urls, sources, brand, HOUR_MS), clock.now()).await.unwrap();
    look_at_pages(&store, &clock).await;
    rest(&store, poll, &clock).await;
    store.close().await;
}

/// Pages and the worker over what was kept.
async fn look_at_pages(store: &Store, clock: &Clock) {
    let router = router(WebState::new(store.clone(), clock.clone()));
    for path in ["/", "/sources", "/api/v1/sources", "/metrics"] {
        let began = Instant::now();
        let request = axum::extract::Request::builder().uri(path).header("host", "localhost").body(axum::body::Body::empty()).unwrap();
        let answer = router.clone().oneshot(request).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let size = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap().len();
        println!("{path:<30} {:>7.0} ms, {:.0} kB", began.elapsed().as_secs_f64() * 1e3, size as f64 / 1e3);
    }
    let mut worker = Worker::new(store.clone(), clock.clone(), Settings::default());
    for round in ["first", "second"] {
        let began = Instant::now();
        worker.tick().await.unwrap();
        println!("{:<30} {:>7.0} ms", format!("verdicts, {round} round"), began.elapsed().as_secs_f64() * 1e3);
    }
}

/// Nothing is due: all were asked a moment ago, and are asked once an hour.
async fn rest(store: &Store, poll: impl Fn(CancellationToken) -> JoinSet<()>, clock: &Clock) {
    while let Some(lease) = store.claim_source("rest", clock.now(), MINUTE_MS).await.unwrap() {
        store.give_back(&lease, clock.now().plus(HOUR_MS)).await.unwrap();
    }
    // Those that were due in the next minute.
    let later = clock.now().plus(2 * MINUTE_MS);
    while let Some(lease) = store.claim_source("rest", later, MINUTE_MS).await.unwrap() {
        store.give_back(&lease, clock.now().plus(HOUR_MS)).await.unwrap();
    }
    let stop = CancellationToken::new();
    let mut running = poll(stop.clone());
    tokio::time::sleep(Duration::from_secs(2)).await;
    let (began, used) = (Instant::now(), cpu());
    tokio::time::sleep(Duration::from_mins(1)).await;
    println!(
        "at rest, nothing due:          {:>7.2} % of a core, {:.0} MB",
        100.0 * (cpu() - used) / began.elapsed().as_secs_f64(),
        memory()
    );
    stop.cancel();
    running.join_next().await.unwrap().unwrap();
}

/// Seconds of processor time that this process has used.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // utime and stime, in hundredths of a second on Linux.
    fields[11..13].iter().map(|f| f.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

/// Resident memory, megabytes.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1e3
}
