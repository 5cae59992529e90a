//! What is kept of an incident: what people learned, the post-mortem, and the incidents before it.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::assess::{closing, loud, past};
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Incident, Memory};
use crate::domain::time::Millis;
use crate::domain::verdict::{Assessment, Baseline};
use crate::report::postmortem;
use crate::store::StoreError;
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::{Live, Place, Scope};
use crate::web::link::Link;
use crate::web::state::WebState;
use crate::web::view::now::incident_link;
use crate::web::view::problem::{ConflictPage, VersionRow};
use crate::web::view::story::Story;

use super::lead_to;

/// Longest text that is kept of an incident, characters.
pub const LONGEST_MEMORY: usize = 8_000;

/// Everything on an incident's page besides its curve and timeline.
pub async fn load(state: &WebState, incident: &Incident, judged: (Option<&Assessment>, &Baseline), now: Millis) -> Result<Story, WebError> {
    let store = &state.store;
    let end = incident.closed_at.unwrap_or(now).max(incident.started_at);
    let checklist = match judged {
        (Some(assessment), baseline) => closing::load_checklist(store, incident, assessment, baseline).await?,
        (None, _) => Vec::new(),
    };
    Ok(Story {
        voices: loud::voices(store, incident.brand, loud::since(incident.started_at, end)).await?,
        checklist,
        closings: store.closings(incident.id).await?,
        memory: store.memory(incident.id).await?,
        past: past::load_past(store, incident, now).await?,
        cases: store.case_states(incident.id).await?,
    })
}

/// What people keep of an incident.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct MemoryFields {
    version: i64,
    solution: String,
    learned: String,
}

/// Keeps what mended it and what was learned.
pub async fn remember(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Form(form): Form<MemoryFields>,
) -> Result<Response, WebError> {
    let incident = state.store.incident(id).await?;
    let scope = state.scope(Some(incident.brand)).await?;
    let (solution, learned) = (forms::text(&form.solution, LONGEST_MEMORY), forms::text(&form.learned, LONGEST_MEMORY));
    let mine = Memory { incident: id, solution, learned, version: form.version };
    match state.store.save_memory(&mine, scope.now).await {
        Ok(()) => {
            state.live.edited();
            Ok(lead_to(&incident_link(&scope, id).at("memory")).into_response())
        }
        Err(StoreError::Conflict) => failure::conflict(&conflict(&scope, &state.store.memory(id).await?, &mine)),
        Err(error) => Err(error.into()),
    }
}

fn conflict(scope: &Scope, theirs: &Memory, mine: &Memory) -> ConflictPage {
    ConflictPage {
        layout: scope.layout("Not saved yet", Place::Incidents, Live::Off),
        rows: vec![
            VersionRow::new("What mended it", theirs.solution.clone(), mine.solution.clone()),
            VersionRow::new("What we learned", theirs.learned.clone(), mine.learned.clone()),
        ],
        action: Link::to(format!("/incidents/{}/memory", mine.incident)),
        fields: vec![("version", theirs.version.to_string()), ("solution", mine.solution.clone()), ("learned", mine.learned.clone())],
        back: incident_link(scope, mine.incident),
    }
}

/// The post-mortem as Markdown, to download.
pub async fn postmortem(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Result<impl IntoResponse, WebError> {
    let text = postmortem::draft(&state.store, id, state.clock.now()).await?;
    let name = format!("attachment; filename=\"postmortem-{id}.md\"");
    Ok(([(header::CONTENT_TYPE, "text/markdown; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], text))
}
