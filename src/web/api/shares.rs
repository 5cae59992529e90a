//! Sealed reports, and the links that show them to others.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::Input;
use super::once::WithoutSecret;
use super::{Answer, Items, Problem, created};
use crate::domain::ids::{IncidentId, ShareId};
use crate::domain::time::Millis;
use crate::store::{SealedReport, Share};
use crate::web::failure::WebError;
use crate::web::page::report::{SHOWN, asked_lang, make_share};
use crate::web::state::WebState;

/// A report that was sealed.
#[derive(Debug, Serialize, ToSchema)]
pub struct SealShape {
    id: String,
    /// The time that its numbers are of: ask for the report again with `as_of`.
    data_at: String,
    sealed_at: String,
    /// SHA-256 of its data.
    sha256: String,
}

impl From<SealedReport> for SealShape {
    fn from(r: SealedReport) -> Self {
        Self { id: r.id.to_string(), data_at: r.data_at.to_rfc3339(), sealed_at: r.sealed_at.to_rfc3339(), sha256: r.sha256 }
    }
}

/// The newest 50 sealed reports of an incident.
#[utoipa::path(get, path = "/incidents/{id}/seals", tag = "reports", operation_id = "seals", params(("id" = String, Path)),
    responses((status = 200, body = Items<SealShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn seals(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Items<SealShape>> {
    state.store.incident(id).await?;
    let seals = state.store.sealed_reports(id, SHOWN).await?;
    Ok(Json(Items::all(seals.into_iter().map(SealShape::from).collect())))
}

/// A link to a sealed report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShareShape {
    id: String,
    /// Id of the sealed report that it shows.
    report: String,
    lang: String,
    created_at: String,
    expires_at: String,
    revoked_at: Option<String>,
    /// Its address, in the answer that makes it and never again: only its hash is kept.
    url: Option<String>,
}

impl From<Share> for ShareShape {
    fn from(s: Share) -> Self {
        Self {
            id: s.id.to_string(),
            report: s.report.to_string(),
            lang: s.lang,
            created_at: s.created_at.to_rfc3339(),
            expires_at: s.expires_at.to_rfc3339(),
            revoked_at: s.revoked_at.map(Millis::to_rfc3339),
            url: None,
        }
    }
}

async fn share(state: &WebState, incident: IncidentId, id: ShareId) -> Result<ShareShape, WebError> {
    let shares = state.store.shares(incident, SHOWN).await?;
    shares.into_iter().find(|s| s.id == id).map(ShareShape::from).ok_or(WebError::NotFound)
}

/// The newest 50 links to an incident's reports, ended and revoked ones too.
#[utoipa::path(get, path = "/incidents/{id}/shares", tag = "reports", operation_id = "shares", params(("id" = String, Path)),
    responses((status = 200, body = Items<ShareShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Items<ShareShape>> {
    state.store.incident(id).await?;
    let shares = state.store.shares(id, SHOWN).await?;
    Ok(Json(Items::all(shares.into_iter().map(ShareShape::from).collect())))
}

/// A new link.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShareInput {
    /// Language of the report; English when left out.
    #[serde(default)]
    lang: Option<String>,
    /// How long it lasts, 1 to 90 days.
    days: i64,
}

/// Seals the report as it is now and makes a link to it that needs no login. Asked again under the same
/// `Idempotency-Key` the answer has no `url`: revoke that link and make another.
#[utoipa::path(post, path = "/incidents/{id}/shares", tag = "reports", operation_id = "share_report",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = ShareInput,
    responses((status = 201, body = ShareShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn make(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    headers: HeaderMap,
    Input(input): Input<ShareInput>,
) -> Result<Response, WebError> {
    let lang = asked_lang(input.lang.as_deref())?;
    let (made, url) = make_share(&state, id, (lang, input.days), &headers).await?;
    state.live.edited();
    let made = share(&state, id, made).await?;
    let kept = serde_json::to_string(&made).map_err(|e| WebError::Internal(format!("an answer could not be written: {e}")))?;
    let mut answer = created(ShareShape { url: Some(url), ..made }, &format!("/api/v1/incidents/{id}/shares"));
    answer.extensions_mut().insert(WithoutSecret(kept));
    Ok(answer)
}

/// Takes a link back. Twice is no error.
#[utoipa::path(post, path = "/incidents/{id}/shares/{share}/revoke", tag = "reports", operation_id = "revoke_share",
    params(("id" = String, Path), ("share" = String, Path)),
    responses((status = 200, body = ShareShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn revoke(State(state): State<WebState>, Path((id, link)): Path<(IncidentId, ShareId)>) -> Answer<ShareShape> {
    state.store.revoke_share(id, link, state.clock.now()).await?;
    state.live.edited();
    Ok(Json(share(&state, id, link).await?))
}
