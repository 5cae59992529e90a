//! `Idempotency-Key`: a write that is sent again under its key is done once, and answered the same for a day.
//!
//! Only answers that say that something was done are kept. What was refused has changed nothing, and may be sent again.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::auth::Caller;
use crate::domain::hex::hex;
use crate::store::{Claim, Known};
use crate::web::failure::WebError;
use crate::web::state::WebState;

/// Longest key, characters.
const LONGEST_KEY: usize = 255;
/// Largest request and answer that are looked at, bytes.
const LARGEST: usize = 1024 * 1024;

/// What is kept of an answer in its place, for an answer that holds a secret: the key is answered again without it.
#[derive(Debug, Clone)]
pub struct WithoutSecret(pub String);

/// Does each keyed write once.
pub async fn once(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let writes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let Some(key) = request.headers().get("idempotency-key").cloned().filter(|_| writes) else {
        return next.run(request).await;
    };
    match keyed(&state, &key, request, next).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn keyed(state: &WebState, key: &HeaderValue, request: Request, next: Next) -> Result<Response, WebError> {
    let key = key.to_str().ok().filter(|k| (1..=LONGEST_KEY).contains(&k.len()));
    let key = key.ok_or_else(|| WebError::Bad(format!("An Idempotency-Key is 1 to {LONGEST_KEY} printable characters.")))?.to_owned();
    let token = request.extensions().get::<Caller>().map_or(0, |c| c.token);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|_| WebError::Bad("The request is too large.".to_owned()))?;
    let mut hasher = Sha256::new();
    for piece in [parts.method.as_str().as_bytes(), parts.uri.to_string().as_bytes(), &body] {
        hasher.update(piece.len().to_le_bytes());
        hasher.update(piece);
    }
    let claim = Claim { token, key, request: hex(&hasher.finalize()) };
    match state.store.claim_key(&claim, state.clock.now()).await? {
        Known::New => {}
        Known::UnderWay => return Err(WebError::UnderWay),
        Known::Other => {
            return Err(WebError::Unprocessable(
                "This Idempotency-Key was used for another request. Make a new key for each write.".to_owned(),
            ));
        }
        Known::Answered { status, body, location } => return Ok(again(status, body, &location)),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    if !response.status().is_success() {
        state.store.free_key(&claim).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST).await.map_err(|e| WebError::Internal(format!("an answer could not be kept: {e}")))?;
    let location = parts.headers.get(header::LOCATION).and_then(|l| l.to_str().ok()).unwrap_or_default();
    let kept = match parts.extensions.get::<WithoutSecret>() {
        Some(WithoutSecret(body)) => body.as_str().into(),
        None => String::from_utf8_lossy(&body),
    };
    state.store.keep_answer(&claim, parts.status.as_u16(), &kept, location).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(status: u16, body: String, location: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response =
        (status, [(header::CONTENT_TYPE, "application/json"), (header::HeaderName::from_static("idempotency-replayed"), "true")], body)
            .into_response();
    if let Some(value) = HeaderValue::from_str(location).ok().filter(|v| !v.is_empty()) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}
