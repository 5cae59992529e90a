//! Proposed incidents, for scripts. One is confirmed by opening an incident with its `proposal`.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::{Input, needed};
use super::shapes::ProposalShape;
use super::{Answer, Items, Problem, USUAL};
use crate::domain::ids::ProposalId;
use crate::store::Dismissal;
use crate::web::failure::WebError;
use crate::web::page::proposals::quiet_until;
use crate::web::page::{BrandQuery, asked_brand};
use crate::web::state::WebState;

/// Incidents that were proposed, newest first, with what became of them.
#[utoipa::path(get, path = "/proposals", tag = "incidents", operation_id = "proposals",
    params(("brand" = Option<String>, Query, description = "Id of the brand; the first one when left out")),
    responses((status = 200, body = Items<ProposalShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<Items<ProposalShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let all = state.store.proposals(scope.brand.id, USUAL).await?;
    Ok(Json(Items::all(all.into_iter().map(ProposalShape::from).collect())))
}

/// Why a proposal is none, and for how long the brand is left alone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DismissInput {
    reason: String,
    /// Hours, at most 720.
    #[serde(default)]
    quiet_hours: i64,
    /// The version that was read.
    version: i64,
}

/// Says that a proposed incident is none.
#[utoipa::path(post, path = "/proposals/{id}/dismiss", tag = "incidents", operation_id = "dismiss_proposal",
    params(("id" = String, Path)), request_body = DismissInput,
    responses((status = 200, body = ProposalShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn dismiss(
    State(state): State<WebState>,
    Path(id): Path<ProposalId>,
    Input(input): Input<DismissInput>,
) -> Answer<ProposalShape> {
    let reason = needed(&input.reason, 500, "reason")?;
    let now = state.clock.now();
    let dismissal = Dismissal { reason, quiet_until: quiet_until(now, input.quiet_hours) };
    state.store.dismiss_proposal(id, input.version, &dismissal, now).await?;
    state.live.edited();
    let dismissed = state.store.proposal(id).await.map_err(WebError::from)?;
    Ok(Json(dismissed.into()))
}
