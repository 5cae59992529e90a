//! Closing and reopening an incident.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::assess::closing;
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Closing, Incident};
use crate::domain::time::Millis;
use crate::store::StoreError;
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::{Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show;
use crate::web::state::WebState;
use crate::web::view::now::incident_link;
use crate::web::view::problem::{ConflictPage, VersionRow};

use super::lead_to;

/// The fields of closing and reopening.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StateFields {
    version: i64,
    action: String,
    reason: String,
    who: String,
}

/// Closes or reopens one. Closing over a blocker needs a reason, which is kept with the blockers.
pub async fn change_state(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Form(form): Form<StateFields>,
) -> Result<Response, WebError> {
    let theirs = state.store.incident(id).await?;
    let scope = state.scope(Some(theirs.brand)).await?;
    let (mine, written) = match form.action.as_str() {
        "reopen" => {
            let mine = Incident { closed_at: None, close_reason: String::new(), version: form.version, ..theirs };
            let written = state.store.update_incident(&mine, scope.now).await;
            (mine, written)
        }
        "close" => {
            let closing = closing_of(&state, &theirs, &form, scope.now).await?;
            let reason = if closing.blockers.is_empty() { String::new() } else { closing.reason.clone() };
            let mine = Incident { closed_at: Some(scope.now), close_reason: reason, version: form.version, ..theirs };
            let written = state.store.close_incident(&mine, &closing, scope.now).await;
            (mine, written)
        }
        _ => return Err(WebError::Bad("The form did not say what to do.".to_owned())),
    };
    match written {
        Ok(()) => {
            state.live.edited();
            Ok(lead_to(&incident_link(&scope, id)).into_response())
        }
        Err(StoreError::Conflict) => failure::conflict(&conflict(&scope, &state.store.incident(id).await?, &mine, form)),
        Err(error) => Err(error.into()),
    }
}

/// What the page said is not trusted: concern is judged again, and the blockers of this moment are kept.
async fn closing_of(state: &WebState, incident: &Incident, form: &StateFields, now: Millis) -> Result<Closing, WebError> {
    let mut blockers = closing::judge(&state.store, incident, now, &state.settings).await?;
    blockers.retain(|b| b.blocks);
    let reason = if blockers.is_empty() {
        forms::text(&form.reason, 1000)
    } else {
        forms::needed(&form.reason, 1000, "Something stands against closing, so the reason")?
    };
    Ok(Closing { at: now, who: forms::text(&form.who, 100), reason, blockers })
}

fn conflict(scope: &Scope, theirs: &Incident, mine: &Incident, form: StateFields) -> ConflictPage {
    let row = |name, theirs: Option<Millis>, mine: Option<Millis>| {
        let words = |at: Option<Millis>| at.map_or_else(|| "open".to_owned(), |at| format!("closed {}", show::exact(at)));
        VersionRow::new(name, words(theirs), words(mine))
    };
    ConflictPage {
        layout: scope.layout("Not saved yet", Place::Incidents, Live::Off),
        rows: vec![
            row("State", theirs.closed_at, mine.closed_at),
            VersionRow::new("Reason", theirs.close_reason.clone(), mine.close_reason.clone()),
        ],
        action: Link::to(format!("/incidents/{}/state", theirs.id)),
        fields: vec![("version", theirs.version.to_string()), ("action", form.action), ("reason", form.reason), ("who", form.who)],
        back: incident_link(scope, theirs.id),
    }
}
