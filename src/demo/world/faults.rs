//! What can go wrong with a place, for tests and for drama: set by hand, for a few requests, or by the clock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use futures_util::stream;

use super::site::Site;
use super::web::http_date;
use crate::demo::story::{Place, Story};
use crate::domain::time::{Millis, Span};

/// How a server says when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Not at all.
    Missing,
    /// Seconds from now.
    Seconds(u32),
    /// A date that many seconds from now.
    Date(u32),
}

/// One way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 429.
    TooMany(RetryAfter),
    /// This status with an HTML page, as proxies send it.
    Broken(u16),
    /// The right answer, ended in the middle.
    Cut,
    /// No answer until the world stops.
    Stall,
    /// The connection ends without an answer.
    Closed,
    /// A good answer with nothing in it: the dangerous one.
    Silent,
    /// 401.
    AuthExpired,
}

#[derive(Debug, Default)]
struct Ward {
    always: Option<Fault>,
    next: Vec<Fault>,
    planned: Vec<(Span, Fault)>,
}

/// The faults of all places. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<[Mutex<Ward>; 4]>);

impl Faults {
    /// Those of a story: its Mastodon server is out of order for three hours of the incident.
    pub fn of(story: &Story) -> Self {
        let faults = Self::default();
        faults.plan(Place::Mastodon, story.facts.mastodon_down, Fault::Broken(503));
        faults
    }

    /// A place fails from now on, until [`Faults::clear`].
    pub fn set(&self, place: Place, fault: Fault) {
        self.ward(place).always = Some(fault);
    }

    /// The next `requests` to a place fail, whatever else is set.
    pub fn fail_next(&self, place: Place, fault: Fault, requests: usize) {
        self.ward(place).next.extend(std::iter::repeat_n(fault, requests));
    }

    /// A place fails while the world's clock is in `span`.
    pub fn plan(&self, place: Place, span: Span, fault: Fault) {
        self.ward(place).planned.push((span, fault));
    }

    /// A place is well again; what was planned for it is forgotten too.
    pub fn clear(&self, place: Place) {
        *self.ward(place) = Ward::default();
    }

    fn take(&self, place: Place, now: Millis) -> Option<Fault> {
        let mut ward = self.ward(place);
        if !ward.next.is_empty() {
            return Some(ward.next.remove(0));
        }
        let planned = ward.planned.iter().find(|(span, _)| span.from() <= now && now < span.to());
        planned.map(|(_, fault)| *fault).or(ward.always)
    }

    fn ward(&self, place: Place) -> MutexGuard<'_, Ward> {
        self.0[place.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Marks a request whose answer has to be empty.
#[derive(Debug, Clone, Copy)]
pub struct Hush;

/// Stands before every server: counts the request and lets it fail when it should.
pub async fn guard(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    site.count_request();
    let now = site.clock.now();
    match site.faults.take(site.place, now) {
        None => next.run(request).await,
        Some(Fault::TooMany(when)) => too_many(when, now),
        Some(Fault::Broken(status)) => broken(status),
        Some(Fault::Cut) => cut(next.run(request).await).await,
        Some(Fault::Stall) => {
            site.stop.cancelled().await;
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Some(Fault::Closed) => Body::from_stream(stream::iter([Err::<Bytes, _>(std::io::Error::other("closed"))])).into_response(),
        Some(Fault::Silent) => {
            request.extensions_mut().insert(Hush);
            next.run(request).await
        }
        Some(Fault::AuthExpired) => {
            (StatusCode::UNAUTHORIZED, axum::Json(serde_json::json!({"error": "The access token is invalid"}))).into_response()
        }
    }
}

fn too_many(when: RetryAfter, now: Millis) -> Response {
    let mut answer = (StatusCode::TOO_MANY_REQUESTS, "Too many requests\n").into_response();
    let value = match when {
        RetryAfter::Missing => return answer,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Date(seconds) => http_date(now.plus(i64::from(seconds) * 1000)),
    };
    if let Ok(value) = HeaderValue::from_str(&value) {
        answer.headers_mut().insert(header::RETRY_AFTER, value);
    }
    answer
}

fn broken(status: u16) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let reason = status.canonical_reason().unwrap_or("Error");
    let page = format!("<html><head><title>{status}</title></head><body><center><h1>{reason}</h1></center><hr></body></html>\n");
    (status, Html(page)).into_response()
}

/// Promises the whole body, sends half of it, and ends the connection.
async fn cut(answer: Response) -> Response {
    let (mut parts, body) = answer.into_parts();
    let Ok(whole) = axum::body::to_bytes(body, 64 << 20).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let half = whole.slice(..whole.len() / 2);
    let body = stream::unfold(0, move |step| {
        let half = half.clone();
        async move {
            match step {
                0 => Some((Ok(half), 1)),
                1 => {
                    // Lets the server send the half before the connection breaks.
                    tokio::task::yield_now().await;
                    Some((Err(std::io::Error::other("cut")), 2))
                }
                _ => None,
            }
        }
    });
    Response::from_parts(parts, Body::from_stream(body))
}
