//! What the living fakes share: items that appear, change and go, and answers in a few lines.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::law::{Fake, Item};
use crate::domain::source::SourceKind;
use crate::domain::time::{HOUR_MS, Millis};

/// An item of a fake.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) n: u64,
    pub(super) at: Millis,
    pub(super) words: String,
    pub(super) deleted: bool,
}

impl Entry {
    /// Whole Unix seconds.
    pub(super) fn seconds(&self) -> i64 {
        self.at.get().div_euclid(1000)
    }

    /// RFC 3339.
    pub(super) fn iso(&self) -> String {
        self.at.to_rfc3339()
    }
}

/// The items of a fake.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<Vec<Entry>>);

impl Shelf {
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().expect("items")
    }

    /// What is not deleted, oldest first.
    pub(super) fn live(&self) -> Vec<Entry> {
        let mut live: Vec<Entry> = self.lock().iter().filter(|e| !e.deleted).cloned().collect();
        live.sort_by_key(|e| (e.at, e.n));
        live
    }

    /// What is not deleted, newest first.
    pub(super) fn newest(&self) -> Vec<Entry> {
        let mut live = self.live();
        live.reverse();
        live
    }

    /// One item, deleted or not.
    pub(super) fn get(&self, n: u64) -> Option<Entry> {
        self.lock().iter().find(|e| e.n == n).cloned()
    }
}

/// A request as a fake sees it.
pub(super) struct Call {
    pub(super) path: String,
    params: HashMap<String, Vec<String>>,
    pub(super) headers: axum::http::HeaderMap,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    pub(super) fn all(&self, name: &str) -> &[String] {
        self.params.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// One page of a list, by `page` and a number of items.
    pub(super) fn page<'a, T>(&self, list: &'a [T], per_page: usize) -> &'a [T] {
        let page: usize = self.number("page").unwrap_or(1);
        let start = (page.max(1) - 1) * per_page;
        list.get(start.min(list.len())..(start + per_page).min(list.len())).unwrap_or_default()
    }

    /// The address at which this server was asked.
    pub(super) fn origin(&self) -> String {
        let host = self.headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default();
        format!("http://{host}")
    }

    pub(super) fn bearer(&self) -> &str {
        let value = self.headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        value.strip_prefix("Bearer ").unwrap_or_default()
    }
}

/// A JSON answer.
pub(super) fn json(value: Value) -> Response {
    axum::Json(value).into_response()
}

/// A JSON answer with a status.
pub(super) fn refuse(status: u16, value: Value) -> Response {
    (StatusCode::from_u16(status).expect("a status"), axum::Json(value)).into_response()
}

/// A fake that is a shelf and a function over requests.
pub(super) trait Shelved: Default + Send + Sync + 'static {
    const KIND: SourceKind;
    const LATE_MS: i64;
    const SETTLE_MS: i64 = HOUR_MS;

    fn shelf(&self) -> &Shelf;
    fn answer(&self, call: &Call) -> Response;
    fn setup(url: &str) -> Value;
    fn native_id(item: Item) -> String;

    fn native_id_at(_url: &str, item: Item) -> String {
        Self::native_id(item)
    }
}

impl<T: Shelved> Fake for T {
    const KIND: SourceKind = T::KIND;
    const LATE_MS: i64 = T::LATE_MS;
    const SETTLE_MS: i64 = T::SETTLE_MS;

    fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(move |request: Request| {
            let fake = Arc::clone(&self);
            async move { fake.answer(&call(request).await) }
        })
    }

    fn settings(url: &str) -> Value {
        T::setup(url)
    }

    fn publish(&self, item: Item) {
        self.shelf().lock().push(Entry { n: item.n, at: item.at, words: format!("Acme Cloud {}", item.n), deleted: false });
    }

    fn native_id(item: Item) -> String {
        T::native_id(item)
    }

    fn native_id_at(url: &str, item: Item) -> String {
        T::native_id_at(url, item)
    }

    fn edit(&self, item: Item, words: &str) {
        self.shelf().lock().iter_mut().filter(|e| e.n == item.n).for_each(|e| words.clone_into(&mut e.words));
    }

    fn delete(&self, item: Item) {
        self.shelf().lock().iter_mut().filter(|e| e.n == item.n).for_each(|e| e.deleted = true);
    }
}

async fn call(request: Request) -> Call {
    let (parts, body) = request.into_parts();
    let mut params: HashMap<String, Vec<String>> = HashMap::new();
    for (key, value) in url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()) {
        params.entry(key.into_owned()).or_default().push(value.into_owned());
    }
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    Call { path: parts.uri.path().to_owned(), params, headers: parts.headers, body }
}

/// A fake on a port, with a poller of it.
pub(super) async fn start<T: Shelved>() -> (super::Server, Arc<T>, super::Poller) {
    let fake = Arc::new(T::default());
    let server = super::Server::start(Arc::clone(&fake).router()).await;
    let poller = super::Poller::new(T::KIND, T::setup(&server.url));
    (server, fake, poller)
}
