//! A WordPress site: the comments of its REST API and its pages. The feeds are in `blog_feeds`.
//!
//! Kept on purpose: `after` and `before` are compared with the site's *local* time and any zone in them is ignored; a page
//! past the end is an empty list; a comment that waited for a moderator appears with its old date and id; edits leave no trace.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Redirect, Response};
use axum::routing::get;
use chrono::NaiveDateTime;
use serde_json::{Value, json};

use super::shelf::Seen;
use super::site::{Board, Site};
use super::web::{Params, Refusal, article, esc, page, page_date, seconds};
use crate::domain::time::Millis;

const NAME: &str = "The Tidewater Log";

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(home))
        .route("/wp-json/", get(index))
        .route("/wp-json/wp/v2/comments", get(comments))
        .route("/wp-json/wp/v2/comments/{id}", get(comment))
        .route("/{year}/{month}/{slug}/", get(post_page))
}

/// The address of a post's page.
pub(super) fn permalink(site: &Site, board: &Board) -> String {
    format!("{}/{}/{}/", site.base, board.opened_at.to_datetime().format("%Y/%m"), board.slug)
}

/// WordPress' typography: entities where people typed plain signs, pictures where they typed faces.
pub(super) fn rendered(text: &str) -> String {
    let text = text.replace('&', "&#038;").replace('<', "&lt;").replace('>', "&gt;");
    let text = text.replace("...", "&#8230;").replace(" - ", " &#8211; ").replace('\'', "&#8217;");
    let text = text.replace(":-)", "🙂").replace(":)", "🙂").replace(":(", "🙁");
    let paragraphs: Vec<_> = text.split("\n\n").map(|p| format!("<p>{}</p>\n", p.replace('\n', "<br />\n"))).collect();
    paragraphs.concat()
}

fn local(site: &Site, at: Millis) -> NaiveDateTime {
    at.plus(site.utc_offset_min.load(Ordering::Relaxed) * 60_000).to_datetime().naive_utc()
}

fn rest_error(status: StatusCode, code: &str, message: &str) -> Response {
    (status, Json(json!({"code": code, "message": message, "data": {"status": status.as_u16()}}))).into_response()
}

fn invalid(name: &str) -> Refusal {
    rest_error(StatusCode::BAD_REQUEST, "rest_invalid_param", &format!("Invalid parameter(s): {name}")).into()
}

fn no_route() -> Response {
    rest_error(StatusCode::NOT_FOUND, "rest_no_route", "No route was found matching the URL and request method.")
}

async fn index(State(site): State<Arc<Site>>) -> Response {
    if site.api_is_closed() {
        return no_route();
    }
    let offset = site.utc_offset_min.load(Ordering::Relaxed) as f64 / 60.0;
    Json(json!({
        "name": NAME, "description": "News from the till", "url": site.base, "home": site.base, "gmt_offset": offset,
        "timezone_string": "", "namespaces": ["oembed/1.0", "wp/v2"], "authentication": {}
    }))
    .into_response()
}

/// What a list request asks for.
struct Wanted<'a> {
    params: &'a Params,
    after: Option<NaiveDateTime>,
    before: Option<NaiveDateTime>,
    include: Vec<u64>,
    exclude: Vec<u64>,
    per_page: usize,
    page: usize,
}

impl<'a> Wanted<'a> {
    fn parse(params: &'a Params) -> Result<Self, Refusal> {
        let forbidden =
            ["status", "type", "author", "author_email"].into_iter().find(|name| params.get(name).is_some_and(|v| v != "approve"));
        if let Some(name) = forbidden {
            let message = format!("Query parameter not permitted: {name}");
            return Err(rest_error(StatusCode::UNAUTHORIZED, "rest_forbidden_param", &message).into());
        }
        let orders = ["date", "date_gmt", "id", "include", "post", "parent", "type"];
        if params.get("orderby").is_some_and(|by| !orders.contains(&by)) || params.get("order").is_some_and(|o| o != "asc" && o != "desc") {
            return Err(invalid("orderby, order"));
        }
        Ok(Self {
            params,
            after: moment(params, "after")?,
            before: moment(params, "before")?,
            include: ids(params, "include"),
            exclude: ids(params, "exclude"),
            per_page: count(params, "per_page", 10, 1..=100)?,
            page: count(params, "page", 1, 1..=usize::MAX)?,
        })
    }

    fn takes(&self, site: &Site, seen: &Seen<'_>) -> bool {
        let item = seen.item;
        let at = local(site, Millis::new(seconds(item.created_at) * 1000));
        let number = |name| self.params.number::<u64>(name);
        let found = |needle: &str| [seen.text, &item.author.name].iter().any(|hay| hay.to_lowercase().contains(&needle.to_lowercase()));
        self.after.is_none_or(|after| at > after)
            && self.before.is_none_or(|before| at < before)
            && (self.include.is_empty() || self.include.contains(&item.id))
            && !self.exclude.contains(&item.id)
            && number("post").is_none_or(|post| item.thread == Some(post))
            && number("parent").is_none_or(|parent| item.reply_to.unwrap_or(0) == parent)
            && self.params.get("search").is_none_or(found)
    }

    fn sort(&self, found: &mut [Seen<'_>]) {
        match self.params.get("orderby") {
            Some("id") => found.sort_by_key(|seen| seen.item.id),
            Some("include") => found.sort_by_key(|seen| self.include.iter().position(|id| *id == seen.item.id)),
            Some("post") => found.sort_by_key(|seen| (seen.item.thread, seen.item.id)),
            Some("parent") => found.sort_by_key(|seen| (seen.item.reply_to, seen.item.id)),
            _ => found.sort_by_key(|seen| (seconds(seen.item.created_at), seen.item.id)),
        }
        if self.params.get("order") != Some("asc") {
            found.reverse();
        }
    }
}

/// A time as WordPress reads it: whatever zone follows is ignored.
fn moment(params: &Params, name: &str) -> Result<Option<NaiveDateTime>, Refusal> {
    let Some(text) = params.get(name) else { return Ok(None) };
    let bare = text.get(..19).unwrap_or(text);
    NaiveDateTime::parse_from_str(bare, "%Y-%m-%dT%H:%M:%S").map(Some).map_err(|_| invalid(name))
}

fn ids(params: &Params, name: &str) -> Vec<u64> {
    params.all(name).flat_map(|list| list.split(',')).filter_map(|id| id.trim().parse().ok()).collect()
}

fn count(params: &Params, name: &str, default: usize, allowed: std::ops::RangeInclusive<usize>) -> Result<usize, Refusal> {
    match params.get(name).map(str::parse::<usize>) {
        None => Ok(default),
        Some(Ok(n)) if allowed.contains(&n) => Ok(n),
        Some(_) => Err(invalid(name)),
    }
}

async fn comments(State(site): State<Arc<Site>>, Query(params): Query<Params>, extensions: Extensions) -> Result<Response, Refusal> {
    list(&site, &params, &extensions)
}

fn list(site: &Site, params: &Params, extensions: &Extensions) -> Result<Response, Refusal> {
    if site.api_is_closed() {
        return Err(no_route().into());
    }
    let wanted = Wanted::parse(params)?;
    let snapshot = site.snapshot(extensions);
    let mut found: Vec<_> = snapshot.iter().filter(|seen| wanted.takes(site, seen)).collect();
    wanted.sort(&mut found);
    let pages = found.len().div_ceil(wanted.per_page);
    let skip = params.number("offset").unwrap_or((wanted.page - 1).saturating_mul(wanted.per_page));
    let body: Vec<_> = found.iter().skip(skip).take(wanted.per_page).map(|seen| comment_json(site, seen)).collect();
    let mut headers = HeaderMap::new();
    headers.insert("x-wp-total", HeaderValue::from(found.len()));
    headers.insert("x-wp-totalpages", HeaderValue::from(pages));
    let mut links = Vec::new();
    let link =
        |page: usize, rel| format!("<{}/wp-json/wp/v2/comments?{}>; rel=\"{rel}\"", site.base, params.with("page", &page.to_string()));
    if wanted.page > 1 {
        links.push(link((wanted.page - 1).min(pages.max(1)), "prev"));
    }
    if wanted.page < pages {
        links.push(link(wanted.page + 1, "next"));
    }
    if let (false, Ok(value)) = (links.is_empty(), HeaderValue::from_str(&links.join(", "))) {
        headers.insert(header::LINK, value);
    }
    Ok((headers, Json(body)).into_response())
}

async fn comment(State(site): State<Arc<Site>>, Path(id): Path<u64>, extensions: Extensions) -> Response {
    let snapshot = site.snapshot(&extensions);
    match snapshot.get(id) {
        _ if site.api_is_closed() => no_route(),
        Some(seen) => Json(comment_json(&site, &seen)).into_response(),
        None if snapshot.is_held(id) => {
            rest_error(StatusCode::UNAUTHORIZED, "rest_cannot_read", "Sorry, you are not allowed to read this comment.")
        }
        None => rest_error(StatusCode::NOT_FOUND, "rest_comment_invalid_id", "Invalid comment ID."),
    }
}

fn comment_json(site: &Site, seen: &Seen<'_>) -> Value {
    let item = seen.item;
    let post = item.thread.unwrap_or(0);
    let link = site.board(item).map(|board| format!("{}#comment-{}", permalink(site, board), item.id)).unwrap_or_default();
    let avatar = |size: u32| format!("{}/avatar/{size}/{}.png", site.base, item.author.handle);
    json!({
        "id": item.id, "post": post, "parent": item.reply_to.unwrap_or(0), "author": 0,
        "author_name": item.author.name, "author_url": "",
        "date": local(site, item.created_at).format("%Y-%m-%dT%H:%M:%S").to_string(),
        "date_gmt": item.created_at.to_datetime().format("%Y-%m-%dT%H:%M:%S").to_string(),
        "content": {"rendered": rendered(seen.text)}, "link": link, "status": "approved", "type": "comment",
        "author_avatar_urls": {"24": avatar(24), "48": avatar(48), "96": avatar(96)}, "meta": [],
        "_links": {
            "self": [{"href": format!("{}/wp-json/wp/v2/comments/{}", site.base, item.id)}],
            "up": [{"embeddable": true, "post_type": "post", "href": format!("{}/wp-json/wp/v2/posts/{post}", site.base)}]
        }
    })
}

/// Without pretty permalinks all of WordPress lives at `/`.
async fn home(State(site): State<Arc<Site>>, Query(params): Query<Params>, extensions: Extensions) -> Response {
    if let Some(route) = params.get("rest_route") {
        let known = route.trim_end_matches('/') == "/wp/v2/comments";
        return if known { list(&site, &params, &extensions).into_response() } else { no_route() };
    }
    if let Some(board) = params.number::<u64>("p").and_then(|id| site.boards.get(&id)) {
        return Redirect::permanent(&permalink(&site, board)).into_response();
    }
    let entries = site
        .open_boards()
        .rev()
        .map(|board| {
            format!(
                "<section><h2><a href=\"{}\">{}</a></h2><p>{}</p></section>",
                permalink(&site, board),
                esc(&board.title),
                page_date(board.opened_at)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    with_api_link(&site, page(NAME, "Home", "#0b6e75", &entries).into_response())
}

async fn post_page(State(site): State<Arc<Site>>, Path((_, _, slug)): Path<(String, String, String)>) -> Response {
    let Some(board) = site.open_boards().find(|board| board.slug == slug) else {
        return (StatusCode::NOT_FOUND, page(NAME, "Not found", "#0b6e75", "<p>Nothing washed up here.</p>")).into_response();
    };
    let link = permalink(&site, board);
    let snapshot = site.shelf.at(site.clock.now());
    let comments: Vec<_> = snapshot.iter().filter(|seen| seen.item.thread == Some(board.id)).collect();
    let mut inner = format!(
        "<h1>{}</h1><p class=\"by\">{}</p><p>{}</p><h2>{} comments</h2>",
        esc(&board.title),
        page_date(board.opened_at),
        esc(&board.body),
        comments.len()
    );
    for seen in comments {
        let id = format!("comment-{}", seen.item.id);
        let here = format!("{link}#{id}");
        inner.push_str(&article(&id, &seen.item.author.name, seen.item.created_at, &here, seen.text));
    }
    with_api_link(&site, page(NAME, &board.title, "#0b6e75", &inner).into_response())
}

fn with_api_link(site: &Site, mut answer: Response) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("<{}/wp-json/>; rel=\"https://api.w.org/\"", site.base)) {
        answer.headers_mut().insert(header::LINK, value);
    }
    answer
}
