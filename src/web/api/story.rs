//! What is kept of an incident: what people learned, how it was closed, the incidents before it, few or many.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{Input, short};
use super::shapes::{IncidentShape, ReasonShape};
use super::{Answer, Items, Problem};
use crate::assess::{closing as rules, loud, past as earlier};
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Closing, Memory};
use crate::web::page::story::LONGEST_MEMORY;
use crate::web::state::WebState;

/// What people keep of an incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemoryShape {
    incident: String,
    /// What mended it.
    solution: String,
    /// What was learned.
    learned: String,
    /// Send it back with a change; 0 until somebody writes something.
    version: i64,
}

impl From<Memory> for MemoryShape {
    fn from(m: Memory) -> Self {
        Self { incident: m.incident.to_string(), solution: m.solution, learned: m.learned, version: m.version }
    }
}

/// What people keep of an incident: what mended it, and what was learned.
#[utoipa::path(get, path = "/incidents/{id}/memory", tag = "incidents", operation_id = "memory", params(("id" = String, Path)),
    responses((status = 200, body = MemoryShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn memory(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<MemoryShape> {
    state.store.incident(id).await?;
    Ok(Json(state.store.memory(id).await?.into()))
}

/// What changes of it; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemoryInput {
    /// The version that was read.
    version: i64,
    /// What mended it, at most 8,000 characters.
    #[serde(default)]
    solution: Option<String>,
    /// What was learned, at most 8,000 characters.
    #[serde(default)]
    learned: Option<String>,
}

/// Keeps what mended an incident and what was learned.
#[utoipa::path(put, path = "/incidents/{id}/memory", tag = "incidents", operation_id = "remember",
    params(("id" = String, Path)), request_body = MemoryInput,
    responses((status = 200, body = MemoryShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn remember(State(state): State<WebState>, Path(id): Path<IncidentId>, Input(input): Input<MemoryInput>) -> Answer<MemoryShape> {
    state.store.incident(id).await?;
    let theirs = state.store.memory(id).await?;
    let mine = Memory {
        incident: id,
        solution: input.solution.as_deref().map(|t| short(t, LONGEST_MEMORY, "solution")).transpose()?.unwrap_or(theirs.solution),
        learned: input.learned.as_deref().map(|t| short(t, LONGEST_MEMORY, "learned")).transpose()?.unwrap_or(theirs.learned),
        version: input.version,
    };
    state.store.save_memory(&mine, state.clock.now()).await?;
    state.live.edited();
    Ok(Json(state.store.memory(id).await?.into()))
}

/// One time that it was closed.
#[derive(Debug, Serialize, ToSchema)]
struct ClosedShape {
    at: String,
    who: String,
    reason: String,
    /// What stood against it at that moment.
    blockers: Vec<ReasonShape>,
}

impl From<Closing> for ClosedShape {
    fn from(c: Closing) -> Self {
        Self { at: c.at.to_rfc3339(), who: c.who, reason: c.reason, blockers: reasons(c.blockers) }
    }
}

fn reasons(reasons: Vec<crate::domain::verdict::Reason>) -> Vec<ReasonShape> {
    reasons.into_iter().map(ReasonShape::from).collect()
}

/// May it be closed?
#[derive(Debug, Serialize, ToSchema)]
pub struct ClosingShape {
    /// What stands against closing now, and what does not.
    checklist: Vec<ReasonShape>,
    /// Each time that it was closed, oldest first.
    closings: Vec<ClosedShape>,
}

/// The checklist for closing an incident, judged for this answer, and each time that it was closed.
#[utoipa::path(get, path = "/incidents/{id}/closing", tag = "incidents", operation_id = "closing", params(("id" = String, Path)),
    responses((status = 200, body = ClosingShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn closing(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<ClosingShape> {
    let incident = state.store.incident(id).await?;
    let checklist = rules::judge(&state.store, &incident, state.clock.now(), &state.settings).await?;
    let closings = state.store.closings(id).await?;
    Ok(Json(ClosingShape { checklist: reasons(checklist), closings: closings.into_iter().map(ClosedShape::from).collect() }))
}

/// An earlier incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct EarlierShape {
    #[serde(flatten)]
    incident: IncidentShape,
    /// From its start until it was over, milliseconds.
    took_ms: i64,
    /// Middle of the highest three hours; null when nobody was unhappy.
    peak_at: Option<String>,
    /// Unhappy authors in those three hours, summed hour by hour.
    peak: Option<i64>,
}

impl From<earlier::Earlier> for EarlierShape {
    fn from(e: earlier::Earlier) -> Self {
        let (peak_at, peak) = e.curve.map(|c| (c.peak_at.to_rfc3339(), c.peak)).unzip();
        Self { incident: e.incident.into(), took_ms: e.took_ms, peak_at, peak }
    }
}

/// The six closed incidents of the brand before this one, newest first.
#[utoipa::path(get, path = "/incidents/{id}/past", tag = "incidents", operation_id = "past", params(("id" = String, Path)),
    responses((status = 200, body = Items<EarlierShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn past(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Items<EarlierShape>> {
    let incident = state.store.incident(id).await?;
    let past = earlier::load_past(&state.store, &incident, state.clock.now()).await?;
    Ok(Json(Items::all(past.earlier.into_iter().map(EarlierShape::from).collect())))
}

/// A text that was copied.
#[derive(Debug, Serialize, ToSchema)]
struct CopiedShape {
    /// Empty when it was deleted.
    text: String,
    copies: i64,
    accounts: i64,
}

/// Few or many?
#[derive(Debug, Serialize, ToSchema)]
pub struct VoicesShape {
    /// In words; null while nothing negative was written.
    says: Option<String>,
    /// Negative mentions, copies aside.
    negative_mentions: i64,
    /// Their authors.
    people: usize,
    /// The texts that were copied most.
    copied: Vec<CopiedShape>,
}

/// Whether few or many are unhappy, and which texts were copied most.
#[utoipa::path(get, path = "/incidents/{id}/voices", tag = "incidents", operation_id = "voices", params(("id" = String, Path)),
    responses((status = 200, body = VoicesShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn voices(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<VoicesShape> {
    let incident = state.store.incident(id).await?;
    let end = incident.closed_at.unwrap_or_else(|| state.clock.now()).max(incident.started_at);
    let voices = loud::voices(&state.store, incident.brand, loud::since(incident.started_at, end)).await?;
    let copied = voices.copied.into_iter().map(|c| CopiedShape { text: c.text, copies: c.copies, accounts: c.accounts });
    let loudness = voices.loudness.as_ref();
    Ok(Json(VoicesShape {
        says: loudness.map(loud::Loudness::sentence),
        negative_mentions: loudness.map_or(0, |l| l.mentions),
        people: loudness.map_or(0, |l| l.people),
        copied: copied.collect(),
    }))
}
