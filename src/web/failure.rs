//! What went wrong, as a page or as problem+json: fixed words outside, the cause once in the log.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use askama::Template;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;

use crate::store::StoreError;

use super::state::WebState;
use super::view::problem::{ConflictPage, ProblemPage};

/// Why a request was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// There is no such page or thing.
    #[error("not found")]
    NotFound,
    /// Nothing is watched yet.
    #[error("no brand is watched yet")]
    NoBrand,
    /// It is there when the configuration asks for it; the words say how.
    #[error("{0}")]
    NotSetUp(&'static str),
    /// What was sent makes no sense; the words go to the page.
    #[error("{0}")]
    Bad(String),
    /// Sent from another site, or to a name that is not ours.
    #[error("refused: {0}")]
    Refused(Refusal),
    /// Changed by someone else since it was read.
    #[error("changed by someone else")]
    Conflict,
    /// It is understood and cannot be done; the words go to the caller.
    #[error("{0}")]
    Unprocessable(String),
    /// The same request is being worked on.
    #[error("under way")]
    UnderWay,
    /// The API wants a token, and the words say what is wrong with what came.
    #[error("{0}")]
    Unauthorised(&'static str),
    /// A delivery is not signed as it should be; the words go to the caller.
    #[error("{0}")]
    Unsigned(String),
    /// The token may not do this; which scope it lacks.
    #[error("the token lacks the scope {0}")]
    Forbidden(&'static str),
    /// Asked too often; seconds to wait.
    #[error("asked too often")]
    TooMany(u32),
    /// The database is busy.
    #[error("the database is busy")]
    Busy,
    /// Ours to mend.
    #[error("{0}")]
    Internal(String),
}

/// Why a request was refused before it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Addressed to a name that is not ours: another site's name may point here.
    Host,
    /// A form of another site.
    Origin,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Host => "unknown host",
            Self::Origin => "foreign origin",
        })
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Busy => Self::Busy,
            // Pages that can lose an update catch this themselves and show both versions.
            StoreError::Conflict => Self::Conflict,
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        Self::Internal(format!("a page could not be written: {error}"))
    }
}

/// Travels with the bare response to [`render`], which knows the request.
#[derive(Debug, Clone)]
struct Failure {
    headline: &'static str,
    text: String,
    /// For the log only.
    cause: Option<Arc<str>>,
    /// Names the kind of problem for scripts; never changes.
    slug: &'static str,
    /// Seconds to wait.
    retry_after_s: Option<u32>,
}

impl WebError {
    fn parts(self) -> (StatusCode, &'static str, String, Option<String>) {
        match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "This page is not here.",
                "The address may be mistyped, or what it showed is gone.".to_owned(),
                None,
            ),
            Self::NoBrand => {
                let text = "Start with “ebb watch YOUR BRAND”, or name a brand and its sources in the configuration (“ebb config” prints one with every key explained), then load this page again.";
                (StatusCode::NOT_FOUND, "Nothing is watched yet.", text.to_owned(), None)
            }
            Self::NotSetUp(text) => (StatusCode::NOT_FOUND, "Not set up.", text.to_owned(), None),
            Self::Bad(text) => (StatusCode::BAD_REQUEST, "That could not be used.", text, None),
            Self::Refused(Refusal::Host) => {
                let text = "This Ebb does not answer to that name. Use the address that it printed when it started, or add the name to its configuration.";
                (StatusCode::MISDIRECTED_REQUEST, "Wrong address.", text.to_owned(), None)
            }
            Self::Refused(Refusal::Origin) => {
                (StatusCode::FORBIDDEN, "Refused.", "The form was not sent from a page of this Ebb.".to_owned(), None)
            }
            Self::Conflict => (
                StatusCode::CONFLICT,
                "That could not be used.",
                "It was changed by someone else in the meantime. Load it again.".to_owned(),
                None,
            ),
            Self::Unprocessable(text) => (StatusCode::UNPROCESSABLE_ENTITY, "That could not be used.", text, None),
            Self::UnderWay => {
                (StatusCode::CONFLICT, "Not yet.", "The same request is still being worked on. Ask again in a moment.".to_owned(), None)
            }
            Self::Unauthorised(text) => (StatusCode::UNAUTHORIZED, "Who are you?", text.to_owned(), None),
            Self::Unsigned(text) => (StatusCode::UNAUTHORIZED, "Refused.", text, None),
            Self::Forbidden(scope) => {
                (StatusCode::FORBIDDEN, "Refused.", format!("This token may not do that: it lacks the scope `{scope}`."), None)
            }
            Self::TooMany(seconds) => {
                (StatusCode::TOO_MANY_REQUESTS, "Slower, please.", format!("Too many requests with this token. Wait {seconds} s."), None)
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Too much to do right now.",
                "The database is busy. Try again in a few seconds.".to_owned(),
                None,
            ),
            Self::Internal(cause) => {
                let text = "The mistake is ours. It has been written down with the number below; nothing that you sent was kept.";
                (StatusCode::INTERNAL_SERVER_ERROR, "Something broke.", text.to_owned(), Some(cause))
            }
        }
    }
}

impl WebError {
    /// Names the kind of problem for scripts. These words are part of the API.
    const fn slug(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::NoBrand => "no-brand",
            Self::NotSetUp(_) => "not-set-up",
            Self::Bad(_) => "bad-request",
            Self::Refused(Refusal::Host) => "wrong-host",
            Self::Refused(Refusal::Origin) => "foreign-origin",
            Self::Conflict => "conflict",
            Self::Unprocessable(_) => "unprocessable",
            Self::UnderWay => "under-way",
            Self::Unauthorised(_) => "unauthorised",
            Self::Unsigned(_) => "signature-refused",
            Self::Forbidden(_) => "scope-missing",
            Self::TooMany(_) => "too-many-requests",
            Self::Busy => "busy",
            Self::Internal(_) => "internal",
        }
    }

    const fn retry_after_s(&self) -> Option<u32> {
        match self {
            Self::Busy => Some(5),
            Self::UnderWay => Some(1),
            Self::TooMany(seconds) => Some(*seconds),
            _ => None,
        }
    }
}

impl IntoResponse for WebError {
    fn into_response(self) -> Response {
        let (slug, retry_after_s) = (self.slug(), self.retry_after_s());
        let (status, headline, text, cause) = self.parts();
        let mut response = status.into_response();
        response.extensions_mut().insert(Failure { headline, text, cause: cause.map(Into::into), slug, retry_after_s });
        response
    }
}

/// A page, or the failure to write it.
pub fn page(template: &impl Template) -> Result<Html<String>, WebError> {
    Ok(Html(template.render()?))
}

/// The page of a lost update.
pub fn conflict(page: &ConflictPage) -> Result<Response, WebError> {
    Ok((StatusCode::CONFLICT, Html(page.render()?)).into_response())
}

/// What a panic becomes.
#[expect(clippy::needless_pass_by_value, reason = "the signature of tower-http")]
pub fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied());
    WebError::Internal(format!("a handler panicked: {}", text.unwrap_or("no text"))).into_response()
}

/// RFC 9457.
#[derive(Debug, Serialize)]
struct Problem<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
}

/// Numbers requests, writes failures for people or for scripts, and logs causes once.
pub async fn render(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let id = request_id(state.clock.now().get());
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    let status = response.status();
    // What axum itself refuses (a method, a body too large, a bad query) has no failure of ours yet.
    let failure = response.extensions_mut().remove::<Failure>().or_else(|| own_words(status, response.headers()));
    if let Some(failure) = failure {
        if let Some(cause) = &failure.cause {
            tracing::error!(request.id = %id, http.path = %path, error = %cause, "A request failed");
        }
        response = write(&failure, status, &path, &id);
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn own_words(status: StatusCode, headers: &header::HeaderMap) -> Option<Failure> {
    let is_ours = headers.get(header::CONTENT_TYPE).is_some_and(|t| !t.as_bytes().starts_with(b"text/plain"));
    if is_ours || !(status.is_client_error() || status.is_server_error()) {
        return None;
    }
    let text = status.canonical_reason().unwrap_or("The request could not be answered").to_owned() + ".";
    let headline = if status.is_server_error() { "Something broke." } else { "That could not be used." };
    let slug = match status {
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
        _ if status.is_server_error() => "internal",
        _ => "bad-request",
    };
    Some(Failure { headline, text, cause: None, slug, retry_after_s: None })
}

fn write(failure: &Failure, status: StatusCode, path: &str, id: &str) -> Response {
    let mut response = if path.starts_with("/api/") {
        let title = status.canonical_reason().unwrap_or("Error");
        let problem = Problem {
            r#type: format!("urn:ebb:problem:{}", failure.slug),
            title,
            status: status.as_u16(),
            detail: &failure.text,
            instance: id,
        };
        let mut json = (status, Json(problem)).into_response();
        json.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        json
    } else {
        let shown = if status.is_server_error() { id.to_owned() } else { String::new() };
        let page = ProblemPage::new(status.as_u16(), failure.headline, failure.text.clone(), shown);
        (status, Html(page.render().unwrap_or_else(|_| failure.headline.to_owned()))).into_response()
    };
    if let Some(seconds) = failure.retry_after_s {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Ebb\""));
    }
    response
}

/// Differs between the requests of a process, and nearly always between processes.
fn request_id(now: i64) -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("{now:x}-{:x}", NEXT.fetch_add(1, Ordering::Relaxed))
}
