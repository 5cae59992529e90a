//! A Mastodon server: timelines, search with a token, statuses by id, and pages for people.
//!
//! Kept on purpose: ids are strings; `min_id` gives the statuses just after it and `since_id` only the newest; an id that is
//! none is as good as no id; a request without `User-Agent` gets 418; the rate limit resets at an ISO date.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{Extensions, HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::{Value, json};

use super::mastodon_json::{Counts, status, status_url, tags};
use super::shelf::{Seen, Snapshot};
use super::site::Site;
use super::web::{Params, Refusal, article, page};
use crate::domain::time::Millis;

/// The access token that this server knows.
pub const TOKEN: &str = "demo-token";

const NAME: &str = "quayside.social";
const WINDOW_MS: i64 = 300_000;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/api/v1/timelines/tag/{tag}", get(tag_timeline))
        .route("/api/v1/timelines/public", get(public_timeline))
        .route("/api/v1/statuses", get(statuses))
        .route("/api/v1/statuses/{id}", get(one_status))
        .route("/api/v2/search", get(search))
        .route("/api/v2/instance", get(instance))
        .route("/", get(home))
        .route("/{user}/{id}", get(status_page))
        .route("/users/{user}/statuses/{id}", get(status_page))
        .layer(from_fn(agent_needed))
}

async fn agent_needed(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::USER_AGENT) {
        next.run(request).await
    } else {
        error(StatusCode::IM_A_TEAPOT, "Please say who you are")
    }
}

fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

/// An answer, or the reason why there is none.
type Answer = Result<Response, Refusal>;

/// Whether the request carries the right token; a wrong one is refused.
fn has_token(headers: &HeaderMap) -> Result<bool, Refusal> {
    let sent = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.strip_prefix("Bearer "));
    match sent {
        None => Ok(false),
        Some(TOKEN) => Ok(true),
        Some(_) => Err(error(StatusCode::UNAUTHORIZED, "The access token is invalid").into()),
    }
}

/// Counts the request; says what is left, in headers, and refuses when nothing is.
fn within_limit(site: &Site, now: Millis) -> Result<HeaderMap, Refusal> {
    let window = now.get().div_euclid(WINDOW_MS);
    if site.rate_used.0.swap(window, Ordering::SeqCst) != window {
        site.rate_used.1.store(0, Ordering::SeqCst);
    }
    let used = site.rate_used.1.fetch_add(1, Ordering::SeqCst) + 1;
    let limit = site.rate_limit.load(Ordering::Relaxed);
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-limit", HeaderValue::from(limit));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(limit.saturating_sub(used)));
    if let Ok(reset) = HeaderValue::from_str(&Millis::new((window + 1) * WINDOW_MS).to_rfc3339()) {
        headers.insert("x-ratelimit-reset", reset);
    }
    if used > limit {
        return Err((headers, error(StatusCode::TOO_MANY_REQUESTS, "Too many requests")).into_response().into());
    }
    Ok(headers)
}

/// A stretch of a timeline, as `max_id`, `since_id`, `min_id` and `limit` ask for it; newest first.
fn stretch<'a>(newest_first: impl DoubleEndedIterator<Item = Seen<'a>>, params: &Params) -> Vec<Seen<'a>> {
    let limit = params.number::<usize>("limit").unwrap_or(20).clamp(1, 40);
    let id = |name| params.number::<u64>(name);
    let (max, since, min) = (id("max_id"), id("since_id"), id("min_id"));
    let inside = newest_first.filter(|seen| max.is_none_or(|max| seen.item.id < max) && since.is_none_or(|since| seen.item.id > since));
    match min {
        None => inside.take(limit).collect(),
        Some(min) => {
            let mut oldest: Vec<_> = inside.rev().filter(|seen| seen.item.id > min).take(limit).collect();
            oldest.reverse();
            oldest
        }
    }
}

fn timeline(site: &Site, path: &str, params: &Params, (snapshot, found): (&Snapshot<'_>, Vec<Seen<'_>>)) -> Answer {
    let mut headers = within_limit(site, site.clock.now())?;
    if let (Some(first), Some(last)) = (found.first(), found.last()) {
        let limit = params.get("limit").map(|limit| format!("limit={limit}&")).unwrap_or_default();
        let link = |name: &str, id: u64, rel: &str| format!("<{}{path}?{limit}{name}={id}>; rel=\"{rel}\"", site.base);
        let links = [link("max_id", last.item.id, "next"), link("min_id", first.item.id, "prev")].join(", ");
        if let Ok(value) = HeaderValue::from_str(&links) {
            headers.insert(header::LINK, value);
        }
    }
    let counts = Counts::of(snapshot);
    let body: Vec<_> = found.iter().map(|seen| status(site, (snapshot, &counts), seen)).collect();
    Ok((headers, Json(body)).into_response())
}

async fn tag_timeline(
    State(site): State<Arc<Site>>,
    Path(tag): Path<String>,
    Query(params): Query<Params>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Answer {
    if !has_token(&headers)? && site.api_is_closed() {
        return Err(error(StatusCode::UNAUTHORIZED, "This method requires an authenticated user").into());
    }
    let snapshot = site.snapshot(&extensions);
    let is_tagged = |seen: &Seen<'_>| tags(seen.text).any(|t| t.eq_ignore_ascii_case(&tag));
    // Some servers pass boosts on in tag timelines; so does this one.
    let tagged = snapshot.iter().rev().filter(|seen| match seen.item.boost_of {
        None => is_tagged(seen),
        Some(id) => snapshot.get(id).is_some_and(|of| is_tagged(&of)),
    });
    let found = stretch(tagged, &params);
    timeline(&site, &format!("/api/v1/timelines/tag/{tag}"), &params, (&snapshot, found))
}

async fn public_timeline(
    State(site): State<Arc<Site>>,
    Query(params): Query<Params>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Answer {
    has_token(&headers)?;
    let snapshot = site.snapshot(&extensions);
    let found = stretch(snapshot.iter().rev().filter(|seen| seen.item.boost_of.is_none()), &params);
    timeline(&site, "/api/v1/timelines/public", &params, (&snapshot, found))
}

async fn search(State(site): State<Arc<Site>>, Query(params): Query<Params>, headers: HeaderMap, extensions: Extensions) -> Answer {
    let token = has_token(&headers)?;
    let Some(query) = params.get("q").filter(|q| !q.trim().is_empty()) else {
        return Err(error(StatusCode::BAD_REQUEST, "param is missing or the value is empty: q").into());
    };
    let limits = within_limit(&site, site.clock.now())?;
    let snapshot = site.snapshot(&extensions);
    let matching: Vec<_> = snapshot.iter().rev().filter(|seen| seen.item.boost_of.is_none() && finds(query, seen.text)).collect();
    let skip = params.number::<usize>("offset").unwrap_or(0);
    // Without a token there are no statuses, and no error either.
    let found: Vec<Value> = if token && params.get("type").is_none_or(|kind| kind == "statuses") {
        let counts = Counts::of(&snapshot);
        stretch(matching.into_iter().skip(skip), &params).iter().map(|seen| status(&site, (&snapshot, &counts), seen)).collect()
    } else {
        Vec::new()
    };
    Ok((limits, Json(json!({"accounts": [], "hashtags": [], "statuses": found}))).into_response())
}

/// A phrase in quotes has to be there as it is; otherwise each word has to be.
fn finds(query: &str, text: &str) -> bool {
    let text = format!(" {} ", normal(text));
    match query.trim().strip_prefix('"').and_then(|q| q.strip_suffix('"')) {
        Some(phrase) => text.contains(&format!(" {} ", normal(phrase))),
        None => normal(query).split(' ').all(|word| text.contains(&format!(" {word} "))),
    }
}

/// Lower case, words parted by one space.
pub(super) fn normal(text: &str) -> String {
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

async fn one_status(State(site): State<Arc<Site>>, Path(id): Path<String>, extensions: Extensions) -> Answer {
    let limits = within_limit(&site, site.clock.now())?;
    let snapshot = site.snapshot(&extensions);
    let answer = match id.parse().ok().and_then(|id| snapshot.get(id)) {
        Some(seen) => (limits, Json(status(&site, (&snapshot, &Counts::of(&snapshot)), &seen))).into_response(),
        None => (limits, error(StatusCode::NOT_FOUND, "Record not found")).into_response(),
    };
    Ok(answer)
}

/// Those of the asked ones that are there; the others are left out without a word.
async fn statuses(State(site): State<Arc<Site>>, Query(params): Query<Params>, extensions: Extensions) -> Answer {
    let limits = within_limit(&site, site.clock.now())?;
    let snapshot = site.snapshot(&extensions);
    let counts = Counts::of(&snapshot);
    let asked = params.all("id").take(20).filter_map(|id| id.parse().ok());
    let found: Vec<_> = asked.filter_map(|id| snapshot.get(id)).map(|seen| status(&site, (&snapshot, &counts), &seen)).collect();
    Ok((limits, Json(found)).into_response())
}

async fn instance(State(site): State<Arc<Site>>) -> Response {
    let domain = site.base.trim_start_matches("http://");
    Json(json!({
        "domain": domain, "title": NAME, "version": "4.4.2", "source_url": "https://github.com/mastodon/mastodon",
        "description": "Shopkeepers, sailors and people who like both", "languages": ["en"],
        "configuration": {
            "urls": {"streaming": null}, "statuses": {"max_characters": 500},
            "timelines_access": {"hashtag_feeds": {"local": "public", "remote": "public"}}
        },
        "registrations": {"enabled": false}, "contact": {"email": "harbourmaster@quayside.example"}, "rules": []
    }))
    .into_response()
}

async fn home(State(site): State<Arc<Site>>) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    let newest: String =
        snapshot.iter().rev().filter(|seen| seen.item.boost_of.is_none()).take(40).map(|seen| shown(&site, &seen)).collect();
    page(NAME, "Live feed", "#5b4bdb", &newest).into_response()
}

async fn status_page(State(site): State<Arc<Site>>, Path((_, id)): Path<(String, String)>) -> Response {
    let snapshot = site.shelf.at(site.clock.now());
    let Some(seen) = id.parse().ok().and_then(|id| snapshot.get(id)) else {
        return (StatusCode::NOT_FOUND, page(NAME, "Not found", "#5b4bdb", "<p>This post is gone, or never was.</p>")).into_response();
    };
    let answered = seen.item.reply_to.and_then(|id| snapshot.get(id)).map(|of| shown(&site, &of)).unwrap_or_default();
    let replies: String =
        snapshot.iter().filter(|other| other.item.reply_to == Some(seen.item.id)).map(|reply| shown(&site, &reply)).collect();
    let title = format!("{} on {NAME}", seen.item.author.name);
    page(NAME, &title, "#5b4bdb", &format!("{answered}{}{replies}", shown(&site, &seen))).into_response()
}

fn shown(site: &Site, seen: &Seen<'_>) -> String {
    let by = format!("{} @{}", seen.item.author.name, seen.item.author.handle);
    article(&seen.item.id.to_string(), &by, seen.item.created_at, &status_url(site, seen.item), seen.text)
}
