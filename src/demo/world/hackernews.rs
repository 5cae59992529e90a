//! Hacker News: the search by date, single items, and the item page, all on one port.
//!
//! Kept on purpose: newest first and no other order; at most 1,000 hits of a query can be paged through, whatever `nbHits`
//! says; a removed item leaves the search and is `deleted` as an item; an unknown item is `null`.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{Extensions, StatusCode};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::mastodon::normal;
use super::shelf::{Item, Seen, Snapshot};
use super::site::Site;
use super::web::{Params, article, iso_seconds, page, seconds};

const NAME: &str = "Hacker News";
const ACCENT: &str = "#d9570b";
/// Hits of one query that can be paged through.
const CEILING: usize = 1_000;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(home))
        .route("/item", get(item_page))
        .route("/api/v1/search_by_date", get(search))
        .route("/v0/item/{file}", get(item))
}

fn refused(message: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"message": message, "status": 400}))).into_response()
}

/// One comparison of `numericFilters`.
struct Bound {
    field: Field,
    compare: fn(i64, i64) -> bool,
    value: i64,
}

enum Field {
    CreatedAt,
    Points,
    Comments,
}

impl Bound {
    fn parse(text: &str) -> Option<Self> {
        let split = text.find(['<', '>', '='])?;
        let (name, rest) = text.split_at(split);
        let field = match name.trim() {
            "created_at_i" => Field::CreatedAt,
            "points" => Field::Points,
            "num_comments" => Field::Comments,
            _ => return None,
        };
        let digits = rest.trim_start_matches(['<', '>', '=']);
        let compare: fn(i64, i64) -> bool = match &rest[..rest.len() - digits.len()] {
            ">" => |a, b| a > b,
            ">=" => |a, b| a >= b,
            "<" => |a, b| a < b,
            "<=" => |a, b| a <= b,
            "=" => |a, b| a == b,
            _ => return None,
        };
        Some(Self { field, compare, value: digits.trim().parse().ok()? })
    }

    fn holds(&self, snapshot: &Snapshot<'_>, item: &Item) -> bool {
        let value = match self.field {
            Field::CreatedAt => Some(seconds(item.created_at)),
            Field::Points => points(item),
            Field::Comments => comments(snapshot, item),
        };
        value.is_some_and(|value| (self.compare)(value, self.value))
    }
}

/// Stories have points; those of comments are not public.
fn points(item: &Item) -> Option<i64> {
    item.title.is_some().then(|| 40 + i64::try_from(item.id % 260).unwrap_or(0))
}

fn comments(snapshot: &Snapshot<'_>, item: &Item) -> Option<i64> {
    let count = || snapshot.iter().filter(|seen| seen.item.thread == Some(item.id) && seen.item.id != item.id).count();
    item.title.is_some().then(|| i64::try_from(count()).unwrap_or(i64::MAX))
}

fn tags_of(item: &Item) -> Vec<String> {
    let kind = if item.title.is_some() { "story" } else { "comment" };
    vec![kind.to_owned(), format!("author_{}", item.author.handle), format!("story_{}", item.thread.unwrap_or(0))]
}

/// Tags: a comma is "and", parentheses hold an "or".
fn tagged(wanted: &str, have: &[String]) -> bool {
    let mut any: Option<bool> = None;
    for piece in wanted.split(',') {
        let (opens, closes) = (piece.trim().starts_with('('), piece.trim().ends_with(')'));
        let hit = have.iter().any(|tag| tag == piece.trim().trim_matches(['(', ')']));
        let in_group = any.is_some() || opens;
        if in_group {
            any = Some(any.unwrap_or(false) || hit);
        }
        if (!in_group && !hit) || (closes && any == Some(false)) {
            return false;
        }
        if closes {
            any = None;
        }
    }
    true
}

/// A phrase in quotes as it is; otherwise all words, the last one as a prefix. Searches titles, texts and names of authors.
fn finds(query: &str, seen: &Seen<'_>) -> bool {
    let title = seen.item.title.as_deref().unwrap_or_default();
    let hay = format!(" {} ", normal(&format!("{title} {} {}", seen.text, seen.item.author.handle)));
    if let Some(phrase) = query.trim().strip_prefix('"').and_then(|q| q.strip_suffix('"')) {
        return hay.contains(&format!(" {} ", normal(phrase)));
    }
    let query = normal(query);
    let (all, last) = query.rsplit_once(' ').unwrap_or(("", &query));
    all.split(' ').filter(|word| !word.is_empty()).all(|word| hay.contains(&format!(" {word} "))) && hay.contains(&format!(" {last}"))
}

async fn search(State(site): State<Arc<Site>>, Query(params): Query<Params>, extensions: Extensions) -> Response {
    let per_page = params.number::<usize>("hitsPerPage").unwrap_or(20).min(CEILING);
    let wanted_page = params.number::<usize>("page").unwrap_or(0);
    let filters = params.all("numericFilters").flat_map(|list| list.split(',')).filter(|f| !f.trim().is_empty());
    let Some(bounds) = filters.map(|f| Bound::parse(f.trim())).collect::<Option<Vec<_>>>() else {
        return refused("invalid numeric filter, expected `facet[<|<=|=|>|>=]value`");
    };
    let query = params.get("query").unwrap_or_default();
    let tags = params.get("tags").unwrap_or_default();
    let snapshot = site.snapshot(&extensions);
    let matches = |seen: &Seen<'_>| {
        finds(query, seen)
            && bounds.iter().all(|bound| bound.holds(&snapshot, seen.item))
            && (tags.is_empty() || tagged(tags, &tags_of(seen.item)))
    };
    let mut found: Vec<_> = snapshot.iter().filter(matches).collect();
    found.sort_by_key(|seen| std::cmp::Reverse((seconds(seen.item.created_at), seen.item.id)));
    let reachable = found.len().min(CEILING);
    let hits: Vec<_> = found[..reachable]
        .iter()
        .skip(wanted_page.saturating_mul(per_page))
        .take(per_page)
        .map(|seen| hit(&site, &snapshot, seen))
        .collect();
    Json(json!({
        "hits": hits, "nbHits": found.len(), "page": wanted_page, "nbPages": reachable.div_ceil(per_page.max(1)), "hitsPerPage": per_page,
        "exhaustiveNbHits": true, "query": query, "params": params.with("advancedSyntax", "true"), "processingTimeMS": 3
    }))
    .into_response()
}

/// Text as HN keeps it: entities for quotes and slashes, `<p>` between paragraphs.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '/' => out.push_str("&#x2F;"),
            c => out.push(c),
        }
    }
    out.replace("\n\n", "<p>")
}

fn hit(site: &Site, snapshot: &Snapshot<'_>, seen: &Seen<'_>) -> Value {
    let item = seen.item;
    let story = site.board(item);
    let is_story = item.title.is_some();
    let text = html(seen.text);
    json!({
        "objectID": item.id.to_string(), "created_at": iso_seconds(item.created_at), "created_at_i": seconds(item.created_at),
        "updated_at": iso_seconds(item.created_at), "author": item.author.handle, "title": item.title, "url": null, "points": points(item),
        "story_text": is_story.then_some(&text), "comment_text": (!is_story).then_some(&text), "num_comments": comments(snapshot, item),
        "story_id": item.thread, "story_title": story.filter(|_| !is_story).map(|board| &board.title), "story_url": null,
        "parent_id": if is_story { None } else { item.reply_to.or(item.thread) }, "_tags": tags_of(item), "_highlightResult": {}
    })
}

async fn item(State(site): State<Arc<Site>>, Path(file): Path<String>, extensions: Extensions) -> Response {
    let id = file.strip_suffix(".json").and_then(|id| id.parse::<u64>().ok());
    let snapshot = site.snapshot(&extensions);
    let Some(id) = id else { return Json(Value::Null).into_response() };
    let kind = |item: &Item| if item.title.is_some() { "story" } else { "comment" };
    let parent = |item: &Item| if item.title.is_some() { None } else { item.reply_to.or(item.thread) };
    if let Some(item) = snapshot.removed(id) {
        let body = json!({"deleted": true, "id": id, "parent": parent(item), "time": seconds(item.created_at), "type": kind(item)});
        return Json(body).into_response();
    }
    let Some(seen) = snapshot.get(id) else { return Json(Value::Null).into_response() };
    let kids: Vec<_> =
        snapshot.iter().filter(|other| other.item.id != id && parent(other.item) == Some(id)).map(|kid| kid.item.id).collect();
    let mut body = json!({
        "by": seen.item.author.handle, "id": id, "kids": kids, "text": html(seen.text), "time": seconds(seen.item.created_at), "type": kind(seen.item)
    });
    match &seen.item.title {
        Some(title) => {
            body["title"] = json!(title);
            body["score"] = json!(points(seen.item));
            body["descendants"] = json!(comments(&snapshot, seen.item));
        }
        None => body["parent"] = json!(parent(seen.item)),
    }
    Json(body).into_response()
}

async fn home(State(site): State<Arc<Site>>) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    let stories: String = snapshot.iter().rev().filter(|seen| seen.item.title.is_some()).map(|seen| shown(&site, &seen)).collect();
    page(NAME, "Newest", ACCENT, &stories).into_response()
}

async fn item_page(State(site): State<Arc<Site>>, Query(params): Query<Params>) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    let Some(seen) = params.number("id").and_then(|id| snapshot.get(id)) else {
        return (StatusCode::NOT_FOUND, page(NAME, "Not found", ACCENT, "<p>No such item.</p>")).into_response();
    };
    let id = seen.item.id;
    let below = |item: &Item| item.id != id && (item.reply_to == Some(id) || (seen.item.title.is_some() && item.thread == Some(id)));
    let answers: String = snapshot.iter().filter(|other| below(other.item)).map(|answer| shown(&site, &answer)).collect();
    let title = site.board(seen.item).map_or(NAME, |board| board.title.as_str());
    page(NAME, title, ACCENT, &format!("{}{answers}", shown(&site, &seen))).into_response()
}

fn shown(site: &Site, seen: &Seen<'_>) -> String {
    let link = format!("{}/item?id={}", site.base, seen.item.id);
    let title = seen.item.title.as_ref().map(|title| format!("{title}\n\n")).unwrap_or_default();
    article(&seen.item.id.to_string(), &seen.item.author.handle, seen.item.created_at, &link, &format!("{title}{}", seen.text))
}
