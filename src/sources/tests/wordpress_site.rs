//! A WordPress that does what the real one does, its surprises included.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use chrono::NaiveDateTime;

use super::Server;
use crate::domain::time::{HOUR_MS, Millis};

#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub id: u64,
    pub at: Millis,
    pub held: bool,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Rest {
    #[default]
    Pretty,
    /// Pretty permalinks are off.
    Plain,
    /// A plugin answers 401.
    Closed,
    /// A page of the theme in place of the interface.
    ThemePage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fault {
    #[default]
    None,
    BadGateway,
    CutJson,
    IgnoresPage,
    IgnoresInclude,
    /// A page past the end is an error rather than an empty list, and no totals are sent.
    PastEndIsError,
}

#[derive(Debug, Default)]
pub(super) struct Site {
    pub comments: Vec<Comment>,
    /// Hours that local time is ahead of UTC.
    pub zone: i64,
    pub rest: Rest,
    pub fault: Fault,
    /// Done at the start of each of the next requests, in order.
    pub surprises: Vec<Surprise>,
    pub requests: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Surprise {
    Add {
        count: u64,
        at: Millis,
    },
    /// Deletes the oldest comment.
    DeleteOldest,
}

pub(super) type Shared = Arc<Mutex<Site>>;

pub(super) fn site(shared: &Shared) -> MutexGuard<'_, Site> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(super) fn add(&mut self, count: u64, at: Millis) {
        let next = self.comments.iter().map(|c| c.id).max().unwrap_or(0) + 1;
        self.comments.extend((next..next + count).map(|id| Comment { id, at, held: false, text: format!("<p>comment {id}</p>") }));
    }

    fn surprise(&mut self) {
        self.requests += 1;
        if self.surprises.is_empty() {
            return;
        }
        match self.surprises.remove(0) {
            Surprise::Add { count, at } => self.add(count, at),
            Surprise::DeleteOldest => {
                let oldest = self.comments.iter().enumerate().min_by_key(|(_, c)| (c.at, c.id)).map(|(i, _)| i);
                oldest.map(|i| self.comments.remove(i));
            }
        }
    }
}

pub(super) async fn start() -> (Server, Shared) {
    let shared = Shared::default();
    (Server::start(router(&shared)).await, shared)
}

pub(super) fn router(shared: &Shared) -> Router {
    Router::new()
        .route("/wp-json/wp/v2/comments", get(pretty))
        .route("/", get(root))
        .route("/comments/feed/", get(feed))
        .with_state(Arc::clone(shared))
}

type Params = Query<HashMap<String, String>>;

async fn pretty(State(shared): State<Shared>, Query(params): Params) -> Response {
    let mut it = site(&shared);
    match it.rest {
        Rest::Pretty => comments(&mut it, &params),
        Rest::Plain => (StatusCode::NOT_FOUND, Html("<!DOCTYPE html><html><body>Not found</body></html>")).into_response(),
        Rest::Closed => refusal(StatusCode::UNAUTHORIZED, "rest_login_required"),
        Rest::ThemePage => Html("<!DOCTYPE html><html><body>Welcome</body></html>").into_response(),
    }
}

async fn root(State(shared): State<Shared>, Query(params): Params) -> Response {
    let mut it = site(&shared);
    let asked = params.get("rest_route").is_some_and(|r| r == "/wp/v2/comments");
    match it.rest {
        Rest::Pretty | Rest::Plain if asked => comments(&mut it, &params),
        Rest::Closed => refusal(StatusCode::UNAUTHORIZED, "rest_login_required"),
        _ => Html("<!DOCTYPE html><html><body>Welcome</body></html>").into_response(),
    }
}

fn refusal(status: StatusCode, code: &str) -> Response {
    let body = serde_json::json!({"code": code, "message": "..", "data": {"status": status.as_u16()}});
    (status, axum::Json(body)).into_response()
}

fn number(params: &HashMap<String, String>, key: &str, default: usize) -> usize {
    params.get(key).and_then(|v| v.parse().ok()).unwrap_or(default)
}

fn comments(site: &mut Site, params: &HashMap<String, String>) -> Response {
    site.surprise();
    let (per_page, page) = (number(params, "per_page", 10), number(params, "page", 1));
    if per_page > 100 || per_page == 0 {
        return refusal(StatusCode::BAD_REQUEST, "rest_invalid_param");
    }
    if site.fault == Fault::BadGateway {
        return (StatusCode::BAD_GATEWAY, Html("<html><body>Bad gateway</body></html>")).into_response();
    }
    let list = chosen(site, params);
    let page = if site.fault == Fault::IgnoresPage { 1 } else { page };
    let total = list.len();
    let shown: Vec<serde_json::Value> = list.iter().skip((page - 1) * per_page).take(per_page).map(|c| json(c, site.zone)).collect();
    let mut body = serde_json::Value::Array(shown).to_string();
    if site.fault == Fault::CutJson {
        body.truncate(body.len() / 2);
    }
    let kind = [("content-type", "application/json; charset=UTF-8".to_owned())];
    if site.fault == Fault::PastEndIsError {
        let past = page > 1 && (page - 1) * per_page >= total;
        return if past { refusal(StatusCode::BAD_REQUEST, "rest_post_invalid_page_number") } else { (kind, body).into_response() };
    }
    let totals = [("x-wp-total", total.to_string()), ("x-wp-totalpages", total.div_ceil(per_page).to_string())];
    (kind, totals, body).into_response()
}

fn chosen(site: &Site, params: &HashMap<String, String>) -> Vec<Comment> {
    let local = |c: &Comment| c.at.plus(site.zone * HOUR_MS);
    // As the real one: the zone of `after` is ignored, and it is compared with local time.
    let after = params.get("after").and_then(|v| NaiveDateTime::parse_from_str(v.trim_end_matches('Z'), "%Y-%m-%dT%H:%M:%S").ok());
    let after = after.map(|at| Millis::new(at.and_utc().timestamp_millis()));
    let include = params.get("include").filter(|_| site.fault != Fault::IgnoresInclude);
    let include: Option<Vec<u64>> = include.map(|ids| ids.split(',').filter_map(|id| id.parse().ok()).collect());
    let visible = site.comments.iter().filter(|c| !c.held);
    let visible =
        visible.filter(|c| after.is_none_or(|at| local(c) > at)).filter(|c| include.as_ref().is_none_or(|ids| ids.contains(&c.id)));
    let mut list: Vec<Comment> = visible.cloned().collect();
    list.sort_by_key(|c| (c.at, c.id));
    if params.get("order").is_none_or(|o| o == "desc") {
        list.reverse();
    }
    list
}

fn json(c: &Comment, zone: i64) -> serde_json::Value {
    let form = |at: Millis| at.to_datetime().format("%Y-%m-%dT%H:%M:%S").to_string();
    serde_json::json!({
        "id": c.id, "post": 1, "parent": 0, "author": 0, "author_name": "Kim", "author_url": "", "date": form(c.at.plus(zone * HOUR_MS)),
        "date_gmt": form(c.at), "content": {"rendered": c.text}, "link": format!("http://wrong.example/?p=1#comment-{}", c.id), "type": "comment",
    })
}

async fn feed(State(shared): State<Shared>) -> Response {
    let mut it = site(&shared);
    it.surprise();
    let mut newest: Vec<Comment> = it.comments.iter().filter(|c| !c.held).cloned().collect();
    newest.sort_by_key(|c| std::cmp::Reverse((c.at, c.id)));
    let items: String = newest.iter().take(10).map(item).collect();
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0' xmlns:dc='http://purl.org/dc/elements/1.1/'><channel><title>C</title>{items}</channel></rss>"
    );
    ([("content-type", "application/rss+xml; charset=UTF-8")], xml).into_response()
}

fn item(c: &Comment) -> String {
    let (id, date) = (c.id, c.at.to_datetime().to_rfc2822());
    format!(
        "<item><title>Comment on Post by Kim</title><link>http://wrong.example/?p=1#comment-{id}</link><dc:creator>Kim</dc:creator><pubDate>{date}</pubDate>\
         <guid isPermaLink='false'>http://wrong.example/?p=1#comment-{id}</guid><description><![CDATA[{}]]></description></item>",
        c.text
    )
}
