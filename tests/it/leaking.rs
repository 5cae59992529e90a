//! Secrets stay where they are: every kind of source against a server that fails in every way and says back whatever it was sent.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Json, Router};
use ebb::clock::Clock;
use ebb::domain::brand::BrandTerms;
use ebb::domain::ids::BrandId;
use ebb::domain::source::{SourceKind, SourceSpec, Take};
use ebb::domain::time::{HOUR_MS, Millis};
use ebb::ingest::{Outcome, Platforms, Poller, PollerOptions};
use ebb::sources::{Adapter, Http, HttpOptions, Secrets};
use ebb::store::Store;
use ebb::web::{WebState, router};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

const NOW: Millis = Millis::new(1_795_076_130_000);
/// Part of every secret here; nothing else is written like that.
const MARK: &str = "Hush4711hush";
/// Ways to answer.
const WAYS: usize = 12;

/// What a source of each kind is told, with secrets for all that it takes.
fn settings(url: &str, folder: &std::path::Path) -> Vec<(SourceKind, Value)> {
    let secret = json!({"env": "MARK"});
    let state = |name: &str| folder.join(name).display().to_string();
    let refreshed = |name: &str| json!({"client_id": secret, "client_secret": secret, "refresh_token": secret, "state_file": state(name), "token_url": format!("{url}/token")});
    let client = json!({"client_id": secret, "client_secret": secret, "token_url": format!("{url}/token")});
    let stream = format!("{}/subscribe", url.replace("http", "ws"));
    vec![
        (SourceKind::Feed, json!({"url": format!("{url}/feed")})),
        (SourceKind::Wordpress, json!({"url": url})),
        (SourceKind::Mastodon, json!({"url": url, "token": secret, "search": true})),
        (SourceKind::Hackernews, json!({"url": url, "item_url": url})),
        (SourceKind::AppStore, json!({"url": url, "app": "1", "countries": ["us"]})),
        (SourceKind::AppStore, json!({"url": url, "app": "1", "connect": {"issuer": "i", "key_id": "k", "key": {"env": "ELLIPTIC"}}})),
        (SourceKind::Bluesky, json!({"stream": stream, "public": url})),
        (
            SourceKind::Bluesky,
            json!({"stream": stream, "public": url, "read": "search", "login": {"identifier": "acme.example", "password": secret, "url": url}}),
        ),
        (SourceKind::Discourse, json!({"url": url, "key": secret})),
        (SourceKind::Disqus, json!({"url": url, "forum": "acme", "key": secret})),
        (SourceKind::Ghost, json!({"url": url})),
        (SourceKind::Github, json!({"url": url, "token": secret, "repositories": ["acme/sdk"]})),
        (SourceKind::GoogleBusiness, json!({"url": url, "account": "1", "location": "2", "oauth": refreshed("google")})),
        (
            SourceKind::GooglePlay,
            json!({"url": url, "package": "com.acme.app", "account": {"env": "ACCOUNT"}, "token_url": format!("{url}/token")}),
        ),
        (SourceKind::Isso, json!({"url": url, "site": url})),
        (SourceKind::Lemmy, json!({"url": url})),
        (SourceKind::News, json!({"url": format!("{url}/rss?q={{query}}")})),
        (SourceKind::Remark42, json!({"url": url, "site": "acme"})),
        (SourceKind::StackExchange, json!({"url": url, "site": "stackoverflow", "key": secret})),
        (SourceKind::Telegram, json!({"url": url, "token": secret})),
        (SourceKind::Trustpilot, json!({"url": url, "domain": "acme.example", "key": secret})),
        (SourceKind::Facebook, json!({"url": url, "page": "1", "token": secret, "app_secret": secret})),
        (SourceKind::Instagram, json!({"url": url, "user": "1", "username": "acme", "token": secret, "app_secret": secret})),
        (SourceKind::Threads, json!({"url": url, "username": "acme", "token": secret, "search": true})),
        (SourceKind::Linkedin, json!({"url": url, "organization": "44", "oauth": refreshed("linkedin")})),
        (SourceKind::Reddit, json!({"url": url, "user": "acme", "oauth": client})),
        (SourceKind::Statuspage, json!({"url": url})),
        (SourceKind::X, json!({"url": url, "oauth": refreshed("x")})),
        (SourceKind::X, json!({"url": url, "token": secret})),
        (SourceKind::Youtube, json!({"url": url, "channel": "UCabcdefghijklmnopqrstuv", "key": secret})),
    ]
}

fn secrets() -> Secrets {
    let rsa = include_str!("../../src/sources/tests/rsa_test_key.pem");
    let account = json!({"client_email": "ebb@acme.example", "private_key": rsa, "token_uri": "https://oauth.example/token"});
    let random = ring::rand::SystemRandom::new();
    let key = ring::signature::EcdsaKeyPair::generate_pkcs8(&ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, key);
    let elliptic = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
    let words = [("MARK", MARK.to_owned()), ("ACCOUNT", account.to_string()), ("ELLIPTIC", elliptic)];
    Secrets::fixed(words.map(|(name, word)| (name.to_owned(), word)).into())
}

/// All that a request says.
async fn heard(request: Request) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
    let headers: Vec<String> = parts.headers.values().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect();
    format!("{MARK} {} {} {}", parts.uri, headers.join(" "), String::from_utf8_lossy(&body))
}

/// What a refusal may say, with what was heard in every field that any platform has for it.
fn refusal(heard: &str) -> Value {
    let inner = json!({"message": heard, "type": heard, "code": heard, "status": heard, "errors": [{"reason": heard, "message": heard}]});
    json!({
        "error": inner, "errors": [{"title": heard, "type": heard, "message": heard, "parameter": heard, "detail": heard}], "title": heard,
        "detail": heard, "message": heard, "code": heard, "type": heard, "reason": heard, "description": heard, "error_name": heard,
        "error_message": heard, "error_id": 502, "error_type": heard, "errorDetailType": heard, "response": heard, "serviceErrorCode": heard,
    })
}

/// The same where the error is one word, as token services say it.
fn said(heard: &str) -> Value {
    json!({"error": heard, "error_description": heard, "message": heard, "details": heard})
}

async fn answer(way: usize, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let grants = path.ends_with("/token") || path.ends_with("createSession") || path.ends_with("refreshSession");
    if grants && !way.is_multiple_of(3) {
        let (token, did) = (format!("{MARK}{way}"), "did:plc:acme");
        return Json(json!({"access_token": token, "refresh_token": token, "expires_in": 3600, "accessJwt": token, "refreshJwt": token, "did": did, "handle": MARK})).into_response();
    }
    let heard = heard(request).await;
    let status = |code: u16| StatusCode::from_u16(code).expect("a status");
    match way {
        0 => (status(401), Json(refusal(&heard))).into_response(),
        1 => (status(403), Json(said(&heard))).into_response(),
        2 => (status(400), Json(said(&heard))).into_response(),
        3 => (status(400), Json(refusal(&heard))).into_response(),
        4 => (status(429), [(header::RETRY_AFTER, MARK)], Json(refusal(&heard))).into_response(),
        5 => (status(503), Html(format!("<html>{heard}</html>"))).into_response(),
        6 => Html(format!("<!doctype html><html><title>{heard}</title></html>")).into_response(),
        7 => Json(refusal(&heard)).into_response(),
        8 => format!("{{\"{heard}").into_response(),
        9 => Redirect::temporary(&format!("http://10.0.0.1/?{MARK}={MARK}")).into_response(),
        10 => Redirect::temporary(&format!("/loop?{MARK}={MARK}")).into_response(),
        _ => ([(header::CONTENT_LENGTH, "9999"), (header::CONTENT_ENCODING, "br")], Body::from(heard)).into_response(),
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("a log").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn holds(bytes: &[u8]) -> bool {
    // The first line of the test key stands for all of it.
    let key = include_str!("../../src/sources/tests/rsa_test_key.pem").lines().nth(1).expect("a line");
    [MARK, key].iter().any(|mark| bytes.windows(mark.len()).any(|window| window == mark.as_bytes()))
}

struct Bench {
    folder: tempfile::TempDir,
    store: Store,
    clock: Clock,
    specs: Vec<SourceSpec>,
    way: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

impl Bench {
    async fn start() -> Self {
        let way = Arc::new(AtomicUsize::new(0));
        let now = Arc::clone(&way);
        let router = Router::new().fallback(move |request: Request| answer(now.load(Ordering::Relaxed), request));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&format!("sqlite:{}", folder.path().join("ebb.db").display()), 7).await.expect("a store");
        let terms = BrandTerms { names: vec!["Acme Cloud".to_owned()], hashtags: vec!["acmecloud".to_owned()], ..BrandTerms::default() };
        let brand = store.save_brand("Acme", &terms, NOW).await.expect("a brand");
        let spec = |(n, (kind, settings)): (usize, (SourceKind, Value))| SourceSpec {
            name: format!("{n} {}", kind.as_str()),
            kind,
            brand,
            take: Take::All,
            every_ms: HOUR_MS,
            settings,
        };
        let specs: Vec<SourceSpec> = settings(&url, folder.path()).into_iter().enumerate().map(spec).collect();
        store.sync_sources(&specs, NOW).await.expect("sources");
        Self { folder, store, clock: Clock::manual(NOW), specs, way, _server: server }
    }

    /// Every source is polled against every way to answer; returns what the polls said.
    async fn poll_all(&self) -> Vec<String> {
        let options = HttpOptions { spacing: Duration::ZERO, ..HttpOptions::default() };
        let http = Arc::new(Http::new(self.clock.clone(), options).expect("a client"));
        let platforms = Platforms { http, secrets: secrets() };
        let poller = Poller::new(self.store.clone(), platforms, self.clock.clone(), PollerOptions::default(), CancellationToken::new());
        let mut said = Vec::new();
        for way in 0..WAYS {
            self.way.store(way, Ordering::Relaxed);
            for _ in 0..self.specs.len() {
                let outcome = poller.tick().await.expect("a tick");
                assert!(!matches!(outcome, Outcome::Idle { .. }), "way {way}: each source is due");
                said.push(format!("{outcome:?}"));
            }
            // Longer than any server may wish.
            self.clock.advance(30 * HOUR_MS);
        }
        said
    }

    async fn pages(&self) -> Vec<(String, String)> {
        let router = router(WebState::new(self.store.clone(), self.clock.clone()));
        let mut pages = Vec::new();
        for path in ["/", "/sources", "/mentions", "/api/v1/sources", "/metrics"] {
            let request = Request::builder().uri(path).header(header::HOST, "localhost").body(Body::empty()).expect("a request");
            let answer = router.clone().oneshot(request).await.expect("an answer");
            assert_eq!(answer.status(), StatusCode::OK, "{path}");
            let headers: HeaderMap = answer.headers().clone();
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.expect("a body");
            pages.push((path.to_owned(), format!("{headers:?}{}", String::from_utf8_lossy(&body))));
        }
        pages
    }
}

#[tokio::test]
async fn no_source_lets_a_secret_out() {
    let log = Log::default();
    let filter = tracing_subscriber::EnvFilter::new("trace");
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(log.clone()).with_ansi(false).finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let bench = Bench::start().await;
    for spec in &bench.specs {
        let adapter = Adapter::from_spec(spec, &secrets(), &BrandTerms { names: vec!["Acme".to_owned()], ..BrandTerms::default() });
        let adapter = adapter.unwrap_or_else(|error| panic!("{}: {error}", spec.name));
        assert!(!holds(format!("{adapter:?}").as_bytes()), "{} prints its secret", spec.name);
    }
    let said = bench.poll_all().await;
    let failed = said.iter().filter(|said| said.starts_with("Failed")).count();
    assert!(failed > said.len() / 2, "most polls fail here: {failed} of {}", said.len());
    for said in &said {
        assert!(!holds(said.as_bytes()), "{said}");
    }
    for health in bench.store.source_health().await.expect("sources") {
        assert!(!holds(format!("{health:?}").as_bytes()), "{health:?}");
    }
    for (path, page) in bench.pages().await {
        assert!(!holds(page.as_bytes()), "{path}");
    }
    drop(logging);
    let log = log.0.lock().expect("a log").clone();
    assert!(log.windows(27).any(|line| line == b"A source could not be polle"), "the log was heard");
    let lines = log.split(|byte| *byte == b'\n');
    let leaks: Vec<_> = lines.filter(|line| holds(line)).map(|line| String::from_utf8_lossy(line).into_owned()).take(5).collect();
    assert_eq!(leaks, Vec::<String>::new());
    bench.store.close().await;
    for file in ["ebb.db", "ebb.db-wal"] {
        let bytes = std::fs::read(bench.folder.path().join(file)).unwrap_or_default();
        assert!(!holds(&bytes), "{file} holds a secret");
    }
    let unset = bench.specs.iter().find(|spec| spec.kind == SourceKind::Telegram).expect("a source");
    let error = Adapter::from_spec(unset, &Secrets::fixed(HashMap::new()), &BrandTerms::default()).expect_err("unset");
    assert!(error.to_string().contains("`MARK`") && unset.brand != BrandId::new(0), "it names where the secret was looked for");
}
