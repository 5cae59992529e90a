//! `/proposals/{id}`: a person says that a proposed incident is none.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Redirect;
use serde::Deserialize;

use crate::domain::ids::{IncidentId, ProposalId};
use crate::domain::time::{HOUR_MS, Millis};
use crate::store::{Dismissal, StoreError};
use crate::web::failure::WebError;
use crate::web::forms;
use crate::web::state::WebState;

use super::lead_to;

/// Longest time that a dismissal keeps Ebb quiet, hours.
const LONGEST_QUIET_H: i64 = 30 * 24;

/// The fields of the form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DismissFields {
    version: i64,
    reason: String,
    quiet_hours: i64,
}

/// Dismisses one, with its reason, and keeps quiet for the chosen time.
pub async fn dismiss(
    State(state): State<WebState>,
    Path(id): Path<ProposalId>,
    Form(form): Form<DismissFields>,
) -> Result<Redirect, WebError> {
    let proposal = state.store.proposal(id).await?;
    let scope = state.scope(Some(proposal.brand)).await?;
    let reason = forms::needed(&form.reason, 500, "The reason")?;
    let dismissal = Dismissal { reason, quiet_until: quiet_until(scope.now, form.quiet_hours) };
    match state.store.dismiss_proposal(id, form.version, &dismissal, scope.now).await {
        // Answered by somebody else, or over by itself: the page shows what is now.
        Ok(()) | Err(StoreError::Conflict) => {
            state.live.edited();
            Ok(lead_to(&scope.link("/")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Until when a brand is left alone.
pub fn quiet_until(now: Millis, hours: i64) -> Millis {
    now.plus(hours.clamp(0, LONGEST_QUIET_H) * HOUR_MS)
}

/// An incident was opened from a proposal, or while one waited: it is answered.
pub async fn confirm(state: &WebState, proposal: ProposalId, incident: IncidentId, now: Millis) -> Result<(), WebError> {
    let known = match state.store.proposal(proposal).await {
        Err(StoreError::NotFound) => return Ok(()),
        other => other?,
    };
    match state.store.confirm_proposal(proposal, known.version, incident, now).await {
        Ok(()) | Err(StoreError::Conflict) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
