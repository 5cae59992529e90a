//! The feeds of the WordPress site: ten entries each, with validators that look at the newest *date* only, so a comment
//! that is approved late or removed does not change them.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::blog::{permalink, rendered};
use super::shelf::Seen;
use super::site::{Board, Site};
use super::web::{conditional, esc, etag, rss_date};
use crate::domain::time::Millis;

const RSS: &str = "application/rss+xml; charset=UTF-8";
const NEWEST: usize = 10;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/feed/", get(posts))
        .route("/comments/feed/", get(comments))
        .route("/{year}/{month}/{slug}/feed/", get(post_comments))
}

fn channel(title: &str, link: &str, items: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><rss version=\"2.0\"\n\txmlns:content=\"http://purl.org/rss/1.0/modules/content/\"\n\
\txmlns:wfw=\"http://wellformedweb.org/CommentAPI/\"\n\txmlns:dc=\"http://purl.org/dc/elements/1.1/\"\n\
\txmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\">\n<channel>\n<title>{}</title>\n<link>{link}</link>\n\
<description>News from the till</description>\n<generator>https://wordpress.org/?v=6.1</generator>\n{items}</channel>\n</rss>\n",
        esc(title)
    )
}

async fn posts(State(site): State<Arc<Site>>, request: HeaderMap) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    let newest: Vec<&Board> = site.open_boards().rev().take(NEWEST).collect();
    let items =  newest
        .iter()
        .map(|board| {
            let link = permalink(&site, board);
            let count = snapshot.iter().filter(|seen| seen.item.thread == Some(board.id)).count();
            format!(
                "<item>\n<title>{}</title>\n<link>{link}</link>\n<comments>{link}#comments</comments>\n<dc:creator><![CDATA[{}]]></dc:creator>\n\
<pubDate>{}</pubDate>\n<guid isPermaLink=\"false\">{}/?p={}</guid>\n<description><![CDATA[{}]]></description>\n\
<wfw:commentRss>{link}feed/</wfw:commentRss>\n<slash:comments>{count}</slash:comments>\n</item>\n",
                esc(&board.title),
                cdata(&board.by.name),
                rss_date(board.opened_at),
                site.base,
                board.id,
                cdata(&rendered(&board.body)),
            )
        })
        .collect::<Vec<_>>().concat();
    let modified = newest.first().map_or(Millis::default(), |board| board.opened_at);
    let body = channel("The Tidewater Log", &site.base, &items);
    conditional(&request, &etag(&modified.to_string()), modified, RSS, body)
}

async fn comments(State(site): State<Arc<Site>>, request: HeaderMap, extensions: Extensions) -> Response {
    feed(&site, None, &request, &extensions)
}

async fn post_comments(
    State(site): State<Arc<Site>>,
    Path((_, _, slug)): Path<(String, String, String)>,
    request: HeaderMap,
    extensions: Extensions,
) -> Response {
    match site.open_boards().find(|board| board.slug == slug) {
        Some(board) => feed(&site, Some(board), &request, &extensions),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn feed(site: &Site, of: Option<&Board>, request: &HeaderMap, extensions: &Extensions) -> Response {
    let snapshot = site.snapshot(extensions);
    let mut newest: Vec<_> = snapshot.iter().filter(|seen| of.is_none_or(|board| seen.item.thread == Some(board.id))).collect();
    newest.sort_by_key(|seen| std::cmp::Reverse((seen.item.created_at, seen.item.id)));
    newest.truncate(NEWEST);
    let items = newest.iter().map(|seen| entry(site, of, seen)).collect::<Vec<_>>().concat();
    let modified = newest.first().map_or(Millis::default(), |seen| seen.item.created_at);
    let (title, link) = match of {
        Some(board) => (format!("Comments on: {}", board.title), permalink(site, board)),
        None => ("Comments for The Tidewater Log".to_owned(), site.base.clone()),
    };
    conditional(request, &etag(&modified.to_string()), modified, RSS, channel(&title, &link, &items))
}

fn entry(site: &Site, of: Option<&Board>, seen: &Seen<'_>) -> String {
    let item = seen.item;
    let board = site.board(item);
    let link = board.map(|board| permalink(site, board)).unwrap_or_default();
    let title = match (of, board) {
        (None, Some(board)) => format!("Comment on {} by {}", board.title, item.author.name),
        _ => format!("By: {}", item.author.name),
    };
    format!(
        "<item>\n<title>{}</title>\n<link>{link}#comment-{id}</link>\n<dc:creator><![CDATA[{}]]></dc:creator>\n<pubDate>{}</pubDate>\n\
<guid isPermaLink=\"false\">{}/?p={}#comment-{id}</guid>\n<description><![CDATA[{}]]></description>\n\
<content:encoded><![CDATA[{}]]></content:encoded>\n</item>\n",
        esc(&title),
        cdata(&item.author.name),
        rss_date(item.created_at),
        site.base,
        item.thread.unwrap_or(0),
        cdata(seen.text),
        cdata(&rendered(seen.text)),
        id = item.id,
    )
}

/// Text for a CDATA section, which nothing in it may end.
fn cdata(text: &str) -> String {
    text.replace("]]>", "]]]]><![CDATA[>").chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
