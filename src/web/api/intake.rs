//! `POST /api/v1/mentions`: posts that somebody sends, signed with a shared secret.

use std::fmt;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use crate::domain::intake::{Receipt, Refused, Signature};
use crate::web::failure::WebError;
use crate::web::state::WebState;

/// Largest delivery, bytes.
pub const LARGEST: usize = 1024 * 1024;

const EBB_TIMESTAMP: &str = "x-ebb-timestamp";
const EBB_SIGNATURE: &str = "x-ebb-signature";
const STANDARD_ID: &str = "webhook-id";
const STANDARD_TIMESTAMP: &str = "webhook-timestamp";
const STANDARD_SIGNATURE: &str = "webhook-signature";

/// Takes deliveries: the stage behind the door, which these pages do not know.
pub trait Receive: fmt::Debug + Send + Sync {
    /// Checks the signature, and keeps what is good of the body.
    fn receive<'a>(&'a self, signature: &'a Signature, body: &'a [u8]) -> BoxFuture<'a, Result<Receipt, Refused>>;
}

/// Takes a delivery; 202 and what became of its items.
pub async fn push(State(state): State<WebState>, headers: HeaderMap, body: Bytes) -> Result<Response, WebError> {
    let Some(door) = &state.intake else {
        return Ok(problem(StatusCode::NOT_FOUND, "No secret is set: name one under [intake] in the configuration."));
    };
    let received = match signature(&headers) {
        Some(signature) => door.receive(&signature, &body).await,
        None => Err(Refused::Unsigned),
    };
    match received {
        Ok(receipt) => {
            state.live.edited();
            Ok((StatusCode::ACCEPTED, Json(receipt)).into_response())
        }
        Err(Refused::Failed(cause)) => Err(WebError::Internal(cause)),
        Err(Refused::Busy) => Err(WebError::Busy),
        Err(refused @ Refused::Malformed(_)) => Ok(problem(StatusCode::BAD_REQUEST, &refused.to_string())),
        Err(refused) => Ok(problem(StatusCode::UNAUTHORIZED, &refused.to_string())),
    }
}

/// Whether a request says that it is a signed delivery. Pages of other sites cannot set such a header here, so the
/// signature stands for the check of where a form comes from.
pub fn says_it_is_signed(headers: &HeaderMap) -> bool {
    headers.contains_key(EBB_SIGNATURE) || headers.contains_key(STANDARD_SIGNATURE)
}

fn signature(headers: &HeaderMap) -> Option<Signature> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match (text(EBB_TIMESTAMP), text(EBB_SIGNATURE)) {
        (Some(timestamp), Some(signature)) => Some(Signature::Ebb { timestamp, signature }),
        _ => Some(Signature::Standard {
            id: text(STANDARD_ID)?,
            timestamp: text(STANDARD_TIMESTAMP)?,
            signatures: text(STANDARD_SIGNATURE)?,
        }),
    }
}

/// RFC 9457.
fn problem(status: StatusCode, detail: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let problem = serde_json::json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "detail": detail });
    let mut response = (status, Json(problem)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}
