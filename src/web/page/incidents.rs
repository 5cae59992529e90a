//! `/incidents` and `/incidents/{id}`

use std::collections::HashMap;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::assess;
use crate::domain::fold::fold;
use crate::domain::ids::{BrandId, IncidentId};
use crate::domain::incident::{Incident, IncidentKind, IncidentSeverity, Memory, UpdateKind};
use crate::domain::time::Millis;
use crate::store::{NewIncident, Store, StoreError};
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::{Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show;
use crate::web::state::WebState;
use crate::web::view::incident::{Freeze, IncidentInput, IncidentPage, IncidentsPage, Library};
use crate::web::view::now::incident_link;
use crate::web::view::problem::{ConflictPage, VersionRow};

use super::{BrandQuery, asked_brand, choose, concern, incident_span, lead_to};

/// Incidents on the list.
const SHOWN: usize = 200;

/// The query of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    brand: Option<String>,
    q: String,
}

/// All of them, or those that a search finds.
pub async fn list(State(state): State<WebState>, Query(query): Query<ListQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let search = forms::text(&query.q, 200);
    let (found, memories) = found(&state.store, scope.brand.id, &search).await?;
    let mut incidents = Vec::new();
    for incident in found.into_iter().take(SHOWN) {
        let standing = state.store.standing(incident.id).await?;
        incidents.push((incident, standing));
    }
    let solutions = memories.into_iter().map(|(id, m)| (id, m.solution)).collect();
    failure::page(&IncidentsPage::new(&scope, &incidents, Library { search, solutions }))
}

/// A brand's incidents that a search finds, newest first, and what people keep of all of them.
pub async fn found(store: &Store, brand: BrandId, search: &str) -> Result<(Vec<Incident>, HashMap<IncidentId, Memory>), WebError> {
    let memories: HashMap<IncidentId, Memory> = store.memories(brand).await?.into_iter().map(|m| (m.incident, m)).collect();
    let mut incidents = store.incidents(brand).await?;
    incidents.retain(|i| matches_search(i, memories.get(&i.id), search));
    Ok((incidents, memories))
}

/// Whether all words stand in the title or in what people keep of it; case and accents tell no words apart.
fn matches_search(incident: &Incident, memory: Option<&Memory>, search: &str) -> bool {
    let (solution, learned) = memory.map_or(("", ""), |m| (&m.solution, &m.learned));
    let text = fold(&[&incident.title, solution, learned, &incident.close_reason].join("\n"));
    fold(search).split_whitespace().all(|word| text.contains(word))
}

/// The whole story of one.
pub async fn one(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Query(query): Query<BrandQuery>,
) -> Result<impl IntoResponse, WebError> {
    let incident = state.store.incident(id).await?;
    if asked_brand(query.brand.as_deref())?.is_some_and(|b| b != incident.brand) {
        return Err(WebError::NotFound);
    }
    let scope = state.scope(Some(incident.brand)).await?;
    let span = incident_span(&incident, scope.now);
    let (view, mut curve) = concern(&state, incident.brand, Some(&incident), span).await?;
    choose(&state, incident.brand, (&view, &mut curve), (&query, &incident_link(&scope, id))).await?;
    let effects = assess::effect::effects(&view.curve.points, &view.updates, (incident.started_at, scope.now));
    let rates = super::signals::rates(&state, &scope, &incident).await?;
    let story = super::story::load(&state, &incident, (view.assessment.as_ref(), &view.baseline), scope.now).await?;
    let input = IncidentInput {
        effects,
        rates,
        story,
        headline: view.assessment.as_ref().map_or_else(|| "Not judged yet".to_owned(), assess::headline),
        standing: view.assessment,
        freeze: if state.store.baseline(id).await?.is_some() { Freeze::Frozen } else { Freeze::Open },
        baseline: view.baseline,
        updates: view.updates,
        verdicts: view.verdicts,
        curve,
        scope,
        incident,
    };
    failure::page(&IncidentPage::new(&input))
}

/// The fields of the form that opens or changes an incident.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct IncidentFields {
    brand: Option<String>,
    proposal: String,
    version: i64,
    title: String,
    kind: String,
    severity: String,
    commander: String,
    war_room: String,
    started_at: String,
    fixed_at: String,
}

/// The fields, read.
struct Read {
    title: String,
    kind: IncidentKind,
    severity: IncidentSeverity,
    commander: String,
    war_room: Option<String>,
    started_at: Millis,
    fixed_at: Option<Millis>,
}

impl IncidentFields {
    fn read(&self, now: Millis) -> Result<Read, WebError> {
        let started_at = forms::time(&self.started_at, "Started")?.unwrap_or(now);
        let fixed_at = forms::time(&self.fixed_at, "Fixed")?;
        check_times(started_at, fixed_at, now)?;
        Ok(Read {
            title: forms::needed(&self.title, 200, "The title")?,
            kind: IncidentKind::parse(&self.kind).unwrap_or(IncidentKind::Service),
            severity: IncidentSeverity::parse(&self.severity).unwrap_or(IncidentSeverity::Major),
            commander: forms::text(&self.commander, 100),
            war_room: forms::link(&self.war_room, "The war room")?,
            started_at,
            fixed_at,
        })
    }
}

/// Whether the times of an incident can be.
pub fn check_times(started_at: Millis, fixed_at: Option<Millis>, now: Millis) -> Result<(), WebError> {
    if started_at > now {
        return Err(WebError::Bad("The start lies in the future. Times in this form are UTC.".to_owned()));
    }
    if fixed_at.is_some_and(|at| at < started_at) {
        return Err(WebError::Bad("It cannot have been fixed before it started.".to_owned()));
    }
    Ok(())
}

/// Opens one.
pub async fn open(State(state): State<WebState>, Form(form): Form<IncidentFields>) -> Result<Redirect, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    let Read { title, kind, severity, commander, war_room, started_at, .. } = form.read(scope.now)?;
    let new = NewIncident { brand: scope.brand.id, title, kind, severity, commander, war_room, started_at };
    let id = state.store.create_incident(&new, scope.now).await?;
    if let Ok(proposal) = form.proposal.parse() {
        super::proposals::confirm(&state, proposal, id, scope.now).await?;
    }
    state.live.edited();
    Ok(lead_to(&incident_link(&scope, id)))
}

/// Changes the details of one.
pub async fn change(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Form(form): Form<IncidentFields>,
) -> Result<Response, WebError> {
    let theirs = state.store.incident(id).await?;
    let scope = state.scope(Some(theirs.brand)).await?;
    let Read { title, kind, severity, commander, war_room, started_at, fixed_at } = form.read(scope.now)?;
    let started_at = unmoved(theirs.started_at, started_at);
    let fixed_at = fixed_at.map(|at| theirs.fixed_at.map_or(at, |known| unmoved(known, at)));
    let mine = Incident { title, kind, severity, commander, war_room, started_at, fixed_at, version: form.version, ..theirs };
    match state.store.update_incident(&mine, scope.now).await {
        Ok(()) => {
            state.live.edited();
            Ok(lead_to(&incident_link(&scope, id)).into_response())
        }
        Err(StoreError::Conflict) => {
            let theirs = state.store.incident(id).await?;
            failure::conflict(&conflict(&scope, &theirs, &mine, &form))
        }
        Err(error) => Err(error.into()),
    }
}

/// Fields show minutes: a time that was not touched keeps its seconds.
fn unmoved(known: Millis, typed: Millis) -> Millis {
    if known.get().div_euclid(60_000) == typed.get().div_euclid(60_000) { known } else { typed }
}

fn conflict(scope: &Scope, theirs: &Incident, mine: &Incident, form: &IncidentFields) -> ConflictPage {
    let time = |at: Option<Millis>| at.map_or_else(String::new, show::exact);
    let row = VersionRow::new;
    ConflictPage {
        layout: scope.layout("Not saved yet", Place::Incidents, Live::Off),
        rows: vec![
            row("Title", theirs.title.clone(), mine.title.clone()),
            row("Kind", theirs.kind.shown().to_owned(), mine.kind.shown().to_owned()),
            row("Severity", theirs.severity.shown().to_owned(), mine.severity.shown().to_owned()),
            row("Lead", theirs.commander.clone(), mine.commander.clone()),
            row("War room", theirs.war_room.clone().unwrap_or_default(), mine.war_room.clone().unwrap_or_default()),
            row("Started", show::exact(theirs.started_at), show::exact(mine.started_at)),
            row("Fixed", time(theirs.fixed_at), time(mine.fixed_at)),
            row("Closed", time(theirs.closed_at), time(mine.closed_at)),
        ],
        action: Link::to(format!("/incidents/{}", theirs.id)),
        fields: vec![
            ("version", theirs.version.to_string()),
            ("title", form.title.clone()),
            ("kind", form.kind.clone()),
            ("severity", form.severity.clone()),
            ("commander", form.commander.clone()),
            ("war_room", form.war_room.clone()),
            ("started_at", form.started_at.clone()),
            ("fixed_at", form.fixed_at.clone()),
        ],
        back: incident_link(scope, theirs.id),
    }
}

/// The fields of an update.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct UpdateFields {
    kind: String,
    at: String,
    text: String,
    url: String,
}

/// Puts an update on the timeline.
pub async fn add_update(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Form(form): Form<UpdateFields>,
) -> Result<Redirect, WebError> {
    let incident = state.store.incident(id).await?;
    let scope = state.scope(Some(incident.brand)).await?;
    let kind = UpdateKind::parse(&form.kind).ok_or_else(|| WebError::Bad("An update is a statement, an apology or a fix.".to_owned()))?;
    let at = forms::time(&form.at, "Sent")?.map_or(scope.now, |at| unmoved(scope.now, at));
    if at > scope.now {
        return Err(WebError::Bad("The update lies in the future. Times in this form are UTC.".to_owned()));
    }
    let text = forms::needed(&form.text, 4000, "What you said")?;
    let url = forms::link(&form.url, "Where it can be read")?;
    state.store.add_update(id, at, kind, &text, url.as_deref(), scope.now).await?;
    state.live.edited();
    Ok(lead_to(&incident_link(&scope, id)))
}
