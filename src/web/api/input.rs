//! JSON from outside, read strictly: an unknown field is an error that names it.

use axum::extract::{FromRequest, Request};
use axum::http::header;
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::domain::post::safe_link;
use crate::domain::time::Millis;
use crate::web::failure::WebError;
use crate::web::state::WebState;

/// The body of a request, as JSON.
#[derive(Debug)]
pub struct Input<T>(pub T);

impl<T: DeserializeOwned> FromRequest<WebState> for Input<T> {
    type Rejection = WebError;

    async fn from_request(request: Request, state: &WebState) -> Result<Self, WebError> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        if !kind.starts_with("application/json") {
            return Err(WebError::Bad("Send JSON, with Content-Type: application/json.".to_owned()));
        }
        let body =
            Bytes::from_request(request, state).await.map_err(|_| WebError::Bad("The body is too large or broke off.".to_owned()))?;
        serde_json::from_slice(&body).map(Self).map_err(|e| WebError::Bad(format!("The body does not fit: {e}.")))
    }
}

/// A point in time, RFC 3339.
pub fn time(text: &str, name: &str) -> Result<Millis, WebError> {
    Millis::parse_rfc3339(text).ok_or_else(|| WebError::Bad(format!("{name} is no time like 2026-11-20T09:30:00Z.")))
}

/// A point in time that may be left out.
pub fn maybe_time(text: Option<&str>, name: &str) -> Result<Option<Millis>, WebError> {
    text.map(|t| time(t, name)).transpose()
}

/// A text that must not be empty, of at most `max` characters.
pub fn needed(text: &str, max: usize, name: &str) -> Result<String, WebError> {
    let text = short(text, max, name)?;
    if text.is_empty() { Err(WebError::Bad(format!("{name} must not be empty."))) } else { Ok(text) }
}

/// A text of at most `max` characters, without the space around it. Longer ones are refused, not cut.
pub fn short(text: &str, max: usize, name: &str) -> Result<String, WebError> {
    let text = text.trim();
    let n = text.chars().count();
    if n > max { Err(WebError::Bad(format!("{name} has {n} characters; {max} are allowed."))) } else { Ok(text.to_owned()) }
}

/// A link that a browser may follow; empty is none.
pub fn link(text: &str, name: &str) -> Result<Option<String>, WebError> {
    match text.trim() {
        "" => Ok(None),
        text => {
            safe_link(text).map(Some).ok_or_else(|| WebError::Bad(format!("{name} must be a link that starts with http:// or https://.")))
        }
    }
}

/// One of the words of a list.
pub fn word<T>(text: &str, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, WebError> {
    parse(text).ok_or_else(|| WebError::Bad(format!("{name} is none of the known words.")))
}
