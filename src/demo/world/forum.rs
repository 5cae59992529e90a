//! A forum that is read through its feeds: the newest 30 posts as RSS, Atom and JSON Feed, an archive, and pages.
//!
//! The three feeds are a sliding window: what rolled out between two visits is only in the archive, and absence says nothing.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::json;

use super::shelf::{Seen, Snapshot};
use super::site::{Board, Site};
use super::web::{article, conditional, esc, etag, iso_seconds, page, rss_date};
use crate::domain::time::Millis;

const NAME: &str = "The Counter";
const ACCENT: &str = "#9a4a1c";
/// Entries in the three feeds.
const WINDOW: usize = 30;
/// Entries in the archive, at most.
const ARCHIVE: usize = 2_000;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(home))
        .route("/posts.rss", get(rss))
        .route("/archive.xml", get(archive))
        .route("/posts.atom", get(atom))
        .route("/posts.json", get(json_feed))
        .route("/t/{slug}/{id}", get(thread_page))
        .route("/p/{id}", get(post_link))
}

fn newest<'a>(snapshot: &'a Snapshot<'_>, limit: usize) -> Vec<Seen<'a>> {
    let mut newest: Vec<_> = snapshot.iter().collect();
    newest.sort_by_key(|seen| std::cmp::Reverse((seen.item.created_at, seen.item.id)));
    newest.truncate(limit);
    newest
}

/// When the latest of these entries was written or changed, and a validator that moves with any change.
fn validators(entries: &[Seen<'_>]) -> (String, Millis) {
    let changed = |seen: &Seen<'_>| seen.edited_at.unwrap_or(seen.item.created_at);
    let state = entries.iter().map(|seen| format!("{}:{};", seen.item.id, changed(seen).get())).collect::<Vec<_>>().concat();
    (etag(&state), entries.iter().map(changed).max().unwrap_or_default())
}

fn thread_link(site: &Site, board: &Board) -> String {
    format!("{}/t/{}/{}", site.base, board.slug, board.id)
}

fn link(site: &Site, seen: &Seen<'_>) -> String {
    let thread = site.board(seen.item).map(|board| thread_link(site, board)).unwrap_or_default();
    format!("{thread}#post-{}", seen.item.id)
}

fn title(site: &Site, seen: &Seen<'_>) -> String {
    match (&seen.item.title, site.board(seen.item)) {
        (Some(title), _) => title.clone(),
        (None, Some(board)) => format!("Re: {}", board.title),
        (None, None) => String::new(),
    }
}

fn html(text: &str) -> String {
    format!("<p>{}</p>", esc(text).replace("\n\n", "</p><p>").replace('\n', "<br/>"))
}

async fn rss(State(site): State<Arc<Site>>, request: HeaderMap, extensions: Extensions) -> Response {
    rss_of(&site, &newest(&site.snapshot(&extensions), WINDOW), &request)
}

async fn archive(State(site): State<Arc<Site>>, request: HeaderMap, extensions: Extensions) -> Response {
    rss_of(&site, &newest(&site.snapshot(&extensions), ARCHIVE), &request)
}

fn rss_of(site: &Site, entries: &[Seen<'_>], request: &HeaderMap) -> Response {
    let items = entries
        .iter()
        .map(|seen| {
            let updated = seen.edited_at.map(|at| format!("<atom:updated>{}</atom:updated>", iso_seconds(at))).unwrap_or_default();
            format!(
                "<item><title>{}</title><link>{}</link><dc:creator>{}</dc:creator><pubDate>{}</pubDate>\
<guid isPermaLink=\"true\">{}/p/{}</guid><description>{}</description>{updated}</item>\n",
                esc(&title(site, seen)),
                esc(&link(site, seen)),
                esc(&seen.item.author.name),
                rss_date(seen.item.created_at),
                site.base,
                seen.item.id,
                esc(&html(seen.text)),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<rss version=\"2.0\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
xmlns:atom=\"http://www.w3.org/2005/Atom\"><channel><title>{NAME}: newest posts</title><link>{}</link>\
<description>A forum for people who stand behind one</description><ttl>5</ttl>\n{items}</channel></rss>\n",
        site.base
    );
    let (tag, modified) = validators(entries);
    conditional(request, &tag, modified, "application/rss+xml; charset=utf-8", body)
}

async fn atom(State(site): State<Arc<Site>>, request: HeaderMap, extensions: Extensions) -> Response {
    let snapshot = site.snapshot(&extensions);
    let newest = newest(&snapshot, WINDOW);
    let (tag, modified) = validators(&newest);
    let entries = newest
        .iter()
        .map(|seen| {
            let answered =
                seen.item.reply_to.map(|id| format!("<thr:in-reply-to ref=\"{base}/p/{id}\" href=\"{base}/p/{id}\"/>", base = site.base));
            format!(
                "<entry><id>{}/p/{}</id><title>{}</title><link href=\"{}\"/><author><name>{}</name></author><published>{}</published>\
<updated>{}</updated>{}<content type=\"html\">{}</content></entry>\n",
                site.base,
                seen.item.id,
                esc(&title(&site, seen)),
                esc(&link(&site, seen)),
                esc(&seen.item.author.name),
                iso_seconds(seen.item.created_at),
                iso_seconds(seen.edited_at.unwrap_or(seen.item.created_at)),
                answered.unwrap_or_default(),
                esc(&html(seen.text)),
            )
        })
        .collect::<Vec<_>>()
        .concat();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:thr=\"http://purl.org/syndication/thread/1.0\">\
<id>{base}/</id><title>{NAME}: newest posts</title><link href=\"{base}\"/><updated>{}</updated>\n{entries}</feed>\n",
        iso_seconds(modified),
        base = site.base
    );
    conditional(&request, &tag, modified, "application/atom+xml; charset=utf-8", body)
}

async fn json_feed(State(site): State<Arc<Site>>, request: HeaderMap, extensions: Extensions) -> Response {
    let snapshot = site.snapshot(&extensions);
    let newest = newest(&snapshot, WINDOW);
    let items: Vec<_> = newest
        .iter()
        .map(|seen| {
            let mut item = json!({
                "id": format!("{}/p/{}", site.base, seen.item.id), "url": link(&site, seen), "title": title(&site, seen),
                "content_html": html(seen.text), "content_text": seen.text, "date_published": iso_seconds(seen.item.created_at),
                "authors": [{"name": seen.item.author.name}], "language": seen.item.lang
            });
            if let Some(at) = seen.edited_at {
                item["date_modified"] = json!(iso_seconds(at));
            }
            item
        })
        .collect();
    let (tag, modified) = validators(&newest);
    let feed = json!({"version": "https://jsonfeed.org/version/1.1", "title": format!("{NAME}: newest posts"), "home_page_url": site.base, "items": items});
    conditional(&request, &tag, modified, "application/feed+json; charset=utf-8", feed.to_string())
}

async fn home(State(site): State<Arc<Site>>) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    let threads = site
        .open_boards()
        .rev()
        .map(|board| {
            let posts = snapshot.iter().filter(|seen| seen.item.thread == Some(board.id)).count();
            format!(
                "<section><h3><a href=\"{}\">{}</a></h3><p class=\"by\">{posts} posts</p></section>",
                thread_link(&site, board),
                esc(&board.title)
            )
        })
        .collect::<Vec<_>>()
        .concat();
    page(NAME, "Threads", ACCENT, &threads).into_response()
}

async fn thread_page(State(site): State<Arc<Site>>, Path((_, id)): Path<(String, u64)>) -> Response {
    let Some(board) = site.open_boards().find(|board| board.id == id) else {
        return (StatusCode::NOT_FOUND, page(NAME, "Not found", ACCENT, "<p>No such thread.</p>")).into_response();
    };
    let snapshot = site.shelf.at(site.clock.now());
    let posts: String = snapshot
        .iter()
        .filter(|seen| seen.item.thread == Some(id))
        .map(|seen| {
            article(&format!("post-{}", seen.item.id), &seen.item.author.name, seen.item.created_at, &link(&site, &seen), seen.text)
        })
        .collect();
    page(NAME, &board.title, ACCENT, &format!("<h1>{}</h1>{posts}", esc(&board.title))).into_response()
}

async fn post_link(State(site): State<Arc<Site>>, Path(id): Path<u64>) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    match snapshot.get(id) {
        Some(seen) => Redirect::temporary(&link(&site, &seen)).into_response(),
        None => (StatusCode::NOT_FOUND, page(NAME, "Not found", ACCENT, "<p>This post was removed.</p>")).into_response(),
    }
}
