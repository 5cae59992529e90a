//! Incidents, their updates, their verdict and curve.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::input::{Input, link, maybe_time, needed, short, time, word};
use super::shapes::{ConcernShape, IncidentShape, SaidShape, VerdictShape};
use super::{Answer, Items, ListQuery, Problem, created};
use crate::assess::{self, Ask, closing, load_view};
use crate::domain::ids::{IncidentId, SourceId};
use crate::domain::incident::{Closing, Incident, IncidentKind, IncidentSeverity, UpdateKind};
use crate::domain::time::{Millis, Span};
use crate::store::NewIncident;
use crate::web::failure::WebError;
use crate::web::page::incidents::{check_times, found};
use crate::web::page::proposals::confirm;
use crate::web::page::report::{self, ReportQuery};
use crate::web::page::story::postmortem;
use crate::web::page::{asked_brand, asked_language, incident_span};
use crate::web::state::WebState;

/// Which incidents.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// Words that stand in the title, the reason for closing, or what people keep of it; case and accents tell none apart.
    q: String,
}

/// A brand's incidents, newest first.
#[utoipa::path(get, path = "/incidents", tag = "incidents", operation_id = "incidents", params(ListQuery, SearchQuery),
    responses((status = 200, body = Items<IncidentShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(state): State<WebState>,
    Query(list): Query<ListQuery>,
    Query(query): Query<SearchQuery>,
) -> Answer<Items<IncidentShape>> {
    let scope = state.scope(asked_brand(list.brand.as_deref())?).await?;
    let place = |i: &Incident| (i.started_at, i.id);
    let after = list.after(|text| {
        let (at, id) = text.split_once('-')?;
        Some((Millis::from_untrusted(at.parse().ok()?)?, id.parse().ok()?))
    })?;
    let (mut found, _) = found(&state.store, scope.brand.id, &short(&query.q, 200, "q")?).await?;
    found.retain(|i| after.is_none_or(|a| place(i) < a));
    Ok(Json(Items::page(found, list.limit(), |i| format!("{}-{}", i.started_at.get(), i.id))))
}

/// An incident to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentInput {
    /// Id of the brand; the first one when left out.
    #[serde(default)]
    brand: Option<String>,
    /// What happened, at most 200 characters.
    title: String,
    /// `service` or `security`; service when left out.
    #[serde(default)]
    kind: Option<String>,
    /// `minor`, `major` or `critical`; major when left out.
    #[serde(default)]
    severity: Option<String>,
    /// Who leads, at most 100 characters.
    #[serde(default)]
    commander: Option<String>,
    /// Where they meet: a link.
    #[serde(default)]
    war_room: Option<String>,
    /// When it began for customers; now when left out.
    #[serde(default)]
    started_at: Option<String>,
    /// Id of the proposal that it answers.
    #[serde(default)]
    proposal: Option<String>,
}

/// Opens an incident.
#[utoipa::path(post, path = "/incidents", tag = "incidents", operation_id = "open_incident", request_body = IncidentInput,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body get the same answer for 24 hours")),
    responses((status = 201, body = IncidentShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn open(State(state): State<WebState>, Input(input): Input<IncidentInput>) -> Result<Response, WebError> {
    let scope = state.scope(asked_brand(input.brand.as_deref())?).await?;
    let started_at = maybe_time(input.started_at.as_deref(), "started_at")?.unwrap_or(scope.now);
    check_times(started_at, None, scope.now)?;
    let proposal = input.proposal.as_deref().map(|id| word(id, "proposal", |t| t.parse().ok())).transpose()?;
    let new = NewIncident {
        brand: scope.brand.id,
        title: needed(&input.title, 200, "title")?,
        kind: kind(input.kind.as_deref())?.unwrap_or(IncidentKind::Service),
        severity: severity(input.severity.as_deref())?.unwrap_or(IncidentSeverity::Major),
        commander: short(input.commander.as_deref().unwrap_or_default(), 100, "commander")?,
        war_room: link(input.war_room.as_deref().unwrap_or_default(), "war_room")?,
        started_at,
    };
    let id = state.store.create_incident(&new, scope.now).await?;
    if let Some(proposal) = proposal {
        confirm(&state, proposal, id, scope.now).await?;
    }
    state.live.edited();
    Ok(created(IncidentShape::from(state.store.incident(id).await?), &format!("/api/v1/incidents/{id}")))
}

fn kind(text: Option<&str>) -> Result<Option<IncidentKind>, WebError> {
    text.map(|t| word(t, "kind", IncidentKind::parse)).transpose()
}

fn severity(text: Option<&str>) -> Result<Option<IncidentSeverity>, WebError> {
    text.map(|t| word(t, "severity", IncidentSeverity::parse)).transpose()
}

/// One incident.
#[utoipa::path(get, path = "/incidents/{id}", tag = "incidents", operation_id = "incident", params(("id" = String, Path)),
    responses((status = 200, body = IncidentShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<IncidentShape> {
    Ok(Json(state.store.incident(id).await?.into()))
}

/// What changes of an incident; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IncidentChange {
    /// The version that was read.
    version: i64,
    /// At most 200 characters.
    #[serde(default)]
    title: Option<String>,
    /// `service` or `security`.
    #[serde(default)]
    kind: Option<String>,
    /// `minor`, `major` or `critical`.
    #[serde(default)]
    severity: Option<String>,
    /// At most 100 characters.
    #[serde(default)]
    commander: Option<String>,
    /// A link; empty takes it away.
    #[serde(default)]
    war_room: Option<String>,
    /// When it began for customers.
    #[serde(default)]
    started_at: Option<String>,
    /// When the cause was mended; empty takes it away.
    #[serde(default)]
    fixed_at: Option<String>,
}

/// Changes the details of an incident.
#[utoipa::path(patch, path = "/incidents/{id}", tag = "incidents", operation_id = "change_incident",
    params(("id" = String, Path)), request_body = IncidentChange,
    responses((status = 200, body = IncidentShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Input(input): Input<IncidentChange>,
) -> Answer<IncidentShape> {
    let theirs = state.store.incident(id).await?;
    let now = state.clock.now();
    let started_at = maybe_time(input.started_at.as_deref(), "started_at")?.unwrap_or(theirs.started_at);
    let fixed_at = match input.fixed_at.as_deref() {
        None => theirs.fixed_at,
        Some("") => None,
        Some(text) => Some(time(text, "fixed_at")?),
    };
    check_times(started_at, fixed_at, now)?;
    let mine = Incident {
        title: input.title.as_deref().map(|t| needed(t, 200, "title")).transpose()?.unwrap_or(theirs.title),
        kind: kind(input.kind.as_deref())?.unwrap_or(theirs.kind),
        severity: severity(input.severity.as_deref())?.unwrap_or(theirs.severity),
        commander: input.commander.as_deref().map(|c| short(c, 100, "commander")).transpose()?.unwrap_or(theirs.commander),
        war_room: match input.war_room.as_deref() {
            None => theirs.war_room,
            Some(text) => link(text, "war_room")?,
        },
        started_at,
        fixed_at,
        version: input.version,
        ..theirs
    };
    save(&state, mine, now).await
}

async fn save(state: &WebState, incident: Incident, now: Millis) -> Answer<IncidentShape> {
    state.store.update_incident(&incident, now).await?;
    state.live.edited();
    Ok(Json(state.store.incident(incident.id).await?.into()))
}

/// Closing.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CloseInput {
    /// The version that was read.
    version: i64,
    /// Why, at most 1,000 characters; needed when something stands against closing.
    #[serde(default)]
    reason: Option<String>,
    /// Who closes it, at most 100 characters.
    #[serde(default)]
    who: Option<String>,
}

/// Closes an incident. 422 when something stands against it and no reason is given.
#[utoipa::path(post, path = "/incidents/{id}/close", tag = "incidents", operation_id = "close_incident",
    params(("id" = String, Path)), request_body = CloseInput,
    responses((status = 200, body = IncidentShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = 422, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn close(State(state): State<WebState>, Path(id): Path<IncidentId>, Input(input): Input<CloseInput>) -> Answer<IncidentShape> {
    let theirs = state.store.incident(id).await?;
    let now = state.clock.now();
    let close_reason = short(input.reason.as_deref().unwrap_or_default(), 1000, "reason")?;
    let closing = closing_of(&state, &theirs, (&close_reason, input.who.as_deref().unwrap_or_default()), now).await?;
    let close_reason = if closing.blockers.is_empty() { String::new() } else { close_reason };
    let mine = Incident { closed_at: Some(now), close_reason, version: input.version, ..theirs };
    state.store.close_incident(&mine, &closing, now).await?;
    state.live.edited();
    Ok(Json(state.store.incident(id).await?.into()))
}

/// What stands against closing now is kept with the reason; without one it is refused in words.
async fn closing_of(state: &WebState, incident: &Incident, (reason, who): (&str, &str), now: Millis) -> Result<Closing, WebError> {
    let mut blockers = closing::judge(&state.store, incident, now, &state.settings).await?;
    blockers.retain(|b| b.blocks);
    if !blockers.is_empty() && reason.is_empty() {
        let against: Vec<&str> = blockers.iter().map(|b| b.text.as_str()).collect();
        return Err(WebError::Unprocessable(format!("Closing over this asks for a reason: {}", against.join("; "))));
    }
    Ok(Closing { at: now, who: short(who, 100, "who")?, reason: reason.to_owned(), blockers })
}

/// Opening again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReopenInput {
    /// The version that was read.
    version: i64,
}

/// Opens a closed incident again.
#[utoipa::path(post, path = "/incidents/{id}/reopen", tag = "incidents", operation_id = "reopen_incident",
    params(("id" = String, Path)), request_body = ReopenInput,
    responses((status = 200, body = IncidentShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn reopen(State(state): State<WebState>, Path(id): Path<IncidentId>, Input(input): Input<ReopenInput>) -> Answer<IncidentShape> {
    let theirs = state.store.incident(id).await?;
    save(&state, Incident { closed_at: None, close_reason: String::new(), version: input.version, ..theirs }, state.clock.now()).await
}

/// An official statement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateInput {
    /// `statement`, `apology` or `fix`.
    kind: String,
    /// What was said, at most 4,000 characters.
    text: String,
    /// Where it can be read: a link.
    #[serde(default)]
    url: Option<String>,
    /// When it went out; now when left out.
    #[serde(default)]
    at: Option<String>,
}

/// Puts an official statement on the timeline.
#[utoipa::path(post, path = "/incidents/{id}/updates", tag = "incidents", operation_id = "add_update",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = UpdateInput,
    responses((status = 201, body = SaidShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn add_update(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Input(input): Input<UpdateInput>,
) -> Result<Response, WebError> {
    let now = state.clock.now();
    let kind = word(&input.kind, "kind", UpdateKind::parse)?;
    let at = maybe_time(input.at.as_deref(), "at")?.unwrap_or(now);
    if at > now {
        return Err(WebError::Bad("at lies in the future.".to_owned()));
    }
    let text = needed(&input.text, 4000, "text")?;
    let url = link(input.url.as_deref().unwrap_or_default(), "url")?;
    let made = state.store.add_update(id, at, kind, &text, url.as_deref(), now).await?;
    state.live.edited();
    let update = state.store.updates(id).await?.into_iter().find(|u| u.id == made).ok_or(WebError::NotFound)?;
    Ok(created(SaidShape::from(update), &format!("/api/v1/incidents/{id}/updates")))
}

/// How an incident stands now, judged for this answer.
#[utoipa::path(get, path = "/incidents/{id}/verdict", tag = "incidents", operation_id = "verdict", params(("id" = String, Path)),
    responses((status = 200, body = VerdictShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn verdict(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<VerdictShape> {
    let incident = state.store.incident(id).await?;
    let now = state.clock.now();
    let ask = Ask { span: Span::empty(now), now, settings: state.settings };
    let view = load_view(&state.store, incident.brand, Some(&incident), ask).await?;
    let assessment = view.assessment.ok_or(WebError::NotFound)?;
    let headline = assess::headline(&assessment);
    Ok(Json(VerdictShape::new(id, assessment, headline)))
}

/// Of which source, or in which language.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConcernQuery {
    source: Option<SourceId>,
    lang: Option<String>,
}

/// The curve of an incident's page, hour by hour; with `source` that source's own, with `lang` that language's own, each
/// against its share of what is normal.
#[utoipa::path(get, path = "/incidents/{id}/concern", tag = "incidents", operation_id = "concern",
    params(("id" = String, Path), ("source" = Option<String>, Query, description = "Id of a source; all together when left out"),
        ("lang" = Option<String>, Query, description = "ISO 639-1, such as de; und: mentions whose language is not known. Not with source")),
    responses((status = 200, body = ConcernShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn concern(State(state): State<WebState>, Path(id): Path<IncidentId>, Query(query): Query<ConcernQuery>) -> Answer<ConcernShape> {
    let incident = state.store.incident(id).await?;
    let now = state.clock.now();
    let ask = Ask { span: incident_span(&incident, now), now, settings: state.settings };
    let view = load_view(&state.store, incident.brand, Some(&incident), ask).await?;
    let curve = match (query.source, query.lang) {
        (None, None) => view.curve,
        (Some(source), None) => assess::concern_of_source(&state.store, &incident, source, (&view.baseline, ask.span)).await?,
        (None, Some(lang)) => {
            let lang = asked_language(&lang)?;
            assess::concern_of_language(&state.store, incident.brand, &lang, (&view.baseline, &view.curve)).await?
        }
        (Some(_), Some(_)) => return Err(WebError::Bad("source and lang cannot be asked for together: leave one out.".to_owned())),
    };
    Ok(Json(ConcernShape::new(id, curve)))
}

/// A file of an incident: `report.pdf`, `report.html`, `report.xlsx`, `report.md`, `concern.svg`, `concern.png` … and the
/// drafted `postmortem.md`.
#[utoipa::path(get, path = "/incidents/{id}/files/{file}", tag = "incidents", operation_id = "report_file",
    params(("id" = String, Path), ("file" = String, Path), ("lang" = Option<String>, Query, description = "en or it"),
        ("as_of" = Option<String>, Query, description = "Data time, RFC 3339; now when left out")),
    responses((status = 200, description = "The file", body = String, content_type = "application/pdf"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn file(state: State<WebState>, path: Path<(IncidentId, String)>, query: Query<ReportQuery>) -> Result<Response, WebError> {
    if path.1 == "postmortem.md" {
        return Ok(postmortem(state, Path(path.0.0)).await?.into_response());
    }
    report::file(state, path, query).await
}
