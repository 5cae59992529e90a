//! Adapters against living fakes on loopback that do what real servers were seen to do.

mod blogs;
mod bluesky;
mod feed;
mod forums;
mod graph;
mod hackernews;
mod http;
mod law;
mod linkedin;
mod mastodon;
mod meta;
mod oauth;
mod reddit;
mod searches;
mod shelf;
mod statuspage;
mod stores;
mod walk;
mod wordpress;
mod wordpress_site;
mod x;
mod youtube;

use std::time::Duration;

use axum::Router;
use tokio::task::JoinSet;

use super::{Adapter, Http, HttpOptions, PollError, Secrets};
use crate::clock::Clock;
use crate::domain::brand::BrandTerms;
use crate::domain::ids::BrandId;
use crate::domain::post::Post;
use crate::domain::source::{Cursor, More, SourceKind, SourceSpec, Take};
use crate::domain::time::{Millis, Span};

/// 2026-11-19T08:15:30Z.
pub(super) const NOW: Millis = Millis::new(1_795_076_130_000);
const MINUTE: i64 = 60_000;

/// A fake that stops when it is dropped.
struct Server {
    url: String,
    _task: JoinSet<()>,
}

impl Server {
    async fn start(router: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let mut task = JoinSet::new();
        task.spawn(async move { axum::serve(listener, router).await.expect("serving") });
        Self { url, _task: task }
    }

    fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }
}

fn client() -> Http {
    client_with(&HttpOptions::default())
}

fn client_with(options: &HttpOptions) -> Http {
    Http::new(Clock::manual(NOW), HttpOptions { spacing: Duration::ZERO, contact: "ops@acme.example".to_owned(), ..options.clone() })
        .expect("a client")
}

pub(super) fn terms() -> BrandTerms {
    BrandTerms { names: vec!["Acme Cloud".to_owned()], hashtags: vec!["acmecloud".to_owned()], ..BrandTerms::default() }
}

pub(super) fn secrets() -> Secrets {
    let account =
        serde_json::json!({"client_email": "ebb@acme.example", "private_key": RSA_KEY, "token_uri": "https://oauth.example/token"});
    let (account, key) = (account.to_string(), elliptic_key());
    let words = [("TOKEN", "s3cret"), ("ID", "an-id"), ("REFRESH", "rt-first"), ("ACCOUNT", &account), ("KEY", &key)];
    Secrets::fixed(words.map(|(name, word)| (name.to_owned(), word.to_owned())).into())
}

pub(super) fn spec(kind: SourceKind, settings: serde_json::Value) -> SourceSpec {
    SourceSpec { name: "test".to_owned(), kind, brand: BrandId::new(1), take: Take::All, every_ms: MINUTE, settings }
}

fn adapter(kind: SourceKind, settings: serde_json::Value) -> Adapter {
    Adapter::from_spec(&spec(kind, settings), &secrets(), &terms()).expect("settings")
}

/// One source and where its polling stands.
struct Poller {
    adapter: Adapter,
    http: Http,
    cursor: Cursor,
}

/// What a whole chain of pages brought.
#[derive(Debug, Default)]
struct Chain {
    posts: Vec<Post>,
    covered: Option<Span>,
    pages: usize,
}

impl Chain {
    fn ids(&self) -> Vec<&str> {
        self.posts.iter().map(|p| p.key.native_id()).collect()
    }

    fn covered(&self) -> Option<(i64, i64)> {
        self.covered.map(|s| (s.from().since(NOW), s.to().since(NOW)))
    }
}

impl Poller {
    fn new(kind: SourceKind, settings: serde_json::Value) -> Self {
        Self { adapter: adapter(kind, settings), http: client(), cursor: Cursor::default() }
    }

    /// Polls until caught up.
    async fn chain(&mut self, now: Millis) -> Result<Chain, PollError> {
        let mut out = Chain::default();
        loop {
            let page = self.adapter.poll(&self.http, &self.cursor, now).await?;
            out.pages += 1;
            assert!(out.pages < 500, "a chain without an end");
            out.posts.extend(page.posts);
            self.cursor = page.cursor;
            if page.more == More::CaughtUp {
                out.covered = page.covered;
                return Ok(out);
            }
            assert_eq!(page.covered, None, "a chain that goes on has covered nothing yet");
        }
    }
}

/// A key for tests only.
pub(super) const RSA_KEY: &str = include_str!("rsa_test_key.pem");

/// A new elliptic key in the form in which platforms give them.
pub(super) fn elliptic_key() -> String {
    use base64::Engine;
    let random = ring::rand::SystemRandom::new();
    let key = ring::signature::EcdsaKeyPair::generate_pkcs8(&ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", base64::engine::general_purpose::STANDARD.encode(key))
}
