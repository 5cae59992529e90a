//! `POST /api/v1/mentions`: posts that somebody sends, signed with a shared secret.

use std::fmt;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::BoxFuture;

use super::Problem;
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

/// Takes a signed delivery of posts; 202 and what became of its items. The signature is what permits it, not a token.
#[utoipa::path(post, path = "/mentions", tag = "mentions", operation_id = "deliver", security(()), request_body = String,
    params(("webhook-id" = Option<String>, Header), ("webhook-timestamp" = Option<String>, Header), ("webhook-signature" = Option<String>, Header)),
    responses((status = 202, description = "What became of its items", body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn push(State(state): State<WebState>, headers: HeaderMap, body: Bytes) -> Result<Response, WebError> {
    let Some(door) = &state.intake else {
        return Err(WebError::NotSetUp("No secret is set: name one under [intake] in the configuration."));
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
        Err(refused @ Refused::Malformed(_)) => Err(WebError::Bad(refused.to_string())),
        Err(refused) => Err(WebError::Unsigned(refused.to_string())),
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
