//! `/api/v1`: what the pages show, for scripts. Times are RFC 3339; lists carry the cursor of their next page.

pub mod cases;
pub mod intake;
pub mod marks;
mod shapes;
pub mod signals;

use axum::Json;
use axum::extract::{Path, Query, RawQuery, State};
use serde::{Deserialize, Serialize};

use crate::assess::{self, Ask, load_view};
use crate::domain::ids::{IncidentId, SourceId};
use crate::domain::source::SourceHealth;
use crate::domain::time::Span;

use super::failure::WebError;
use super::page::mentions::{cursor, filter};
use super::page::{BrandQuery, asked_brand, incident_span};
use super::query::{MentionQuery, Place};
use super::state::WebState;
use super::view::sources::SourceState;

use shapes::{BrandShape, ConcernShape, IncidentShape, MentionShape, ProposalShape, SourceShape, VerdictShape};

/// Most items of one answer.
const MOST: i64 = 500;
const USUAL: i64 = 100;

/// Some items of a list.
#[derive(Debug, Serialize)]
pub struct Items<T> {
    items: Vec<T>,
    /// Ask again with `cursor=` this; none at the end.
    next: Option<String>,
}

impl<T> Items<T> {
    const fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

type Answer<T> = Result<Json<T>, WebError>;

/// `GET /api/v1/brands`
pub async fn brands(State(state): State<WebState>) -> Answer<Items<BrandShape>> {
    Ok(Json(Items::all(state.store.brands().await?.into_iter().map(BrandShape::from).collect())))
}

/// Besides the search of the mentions page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    brand: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// `GET /api/v1/mentions`: the search of the mentions page, newest first.
pub async fn mentions(
    State(state): State<WebState>,
    Query(list): Query<ListQuery>,
    RawQuery(raw): RawQuery,
) -> Answer<Items<MentionShape>> {
    let scope = state.scope(asked_brand(list.brand.as_deref())?).await?;
    let after = match list.cursor.as_deref() {
        None | Some("") => None,
        Some(text) => Some(cursor(text).ok_or_else(|| WebError::Bad("The cursor is none that this list gave.".to_owned()))?),
    };
    let limit = list.limit.unwrap_or(USUAL).clamp(1, MOST);
    let filter = filter(&MentionQuery::parse(&raw.unwrap_or_default()), &scope);
    let mut found = state.store.mentions(&filter, after, limit + 1).await?;
    let more = i64::try_from(found.len()).unwrap_or(0) > limit;
    found.truncate(usize::try_from(limit).unwrap_or(0));
    let next = found.last().filter(|_| more).map(|m| Place { created_at: m.created_at, id: m.id }.to_string());
    Ok(Json(Items { items: found.into_iter().map(MentionShape::from).collect(), next }))
}

/// `GET /api/v1/incidents`: newest first.
pub async fn incidents(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<Items<IncidentShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let all = state.store.incidents(scope.brand.id).await?;
    Ok(Json(Items::all(all.into_iter().map(IncidentShape::from).collect())))
}

/// `GET /api/v1/incidents/{id}/verdict`: as it stands now, judged for this answer.
pub async fn verdict(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<VerdictShape> {
    let incident = state.store.incident(id).await?;
    let now = state.clock.now();
    let ask = Ask { span: Span::empty(now), now, settings: state.settings };
    let view = load_view(&state.store, incident.brand, Some(&incident), ask).await?;
    let assessment = view.assessment.ok_or(WebError::NotFound)?;
    let headline = assess::headline(&assessment);
    Ok(Json(VerdictShape::new(id, assessment, headline)))
}

/// Of which source.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ConcernQuery {
    source: Option<SourceId>,
}

/// `GET /api/v1/incidents/{id}/concern`: the curve of its page; with `source=` that source's own, against its share of
/// what is normal.
pub async fn concern(State(state): State<WebState>, Path(id): Path<IncidentId>, Query(query): Query<ConcernQuery>) -> Answer<ConcernShape> {
    let incident = state.store.incident(id).await?;
    let now = state.clock.now();
    let ask = Ask { span: incident_span(&incident, now), now, settings: state.settings };
    let view = load_view(&state.store, incident.brand, Some(&incident), ask).await?;
    let Some(source) = query.source else { return Ok(Json(ConcernShape::new(id, view.curve))) };
    let own = assess::concern_of_source(&state.store, &incident, source, (&view.baseline, ask.span)).await?;
    Ok(Json(ConcernShape::new(id, own)))
}

/// `GET /api/v1/proposals`: incidents that were proposed, newest first, with what became of them.
pub async fn proposals(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<Items<ProposalShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let all = state.store.proposals(scope.brand.id, USUAL).await?;
    Ok(Json(Items::all(all.into_iter().map(ProposalShape::from).collect())))
}

/// `GET /api/v1/sources`
pub async fn sources(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<Items<SourceShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let all: Vec<_> = state.store.source_health().await?.into_iter().filter(|s| s.spec.brand == scope.brand.id).collect();
    let quiet = assess::quiet::quiet(&state.store, &all, scope.now).await?;
    let spending = state.store.spending(scope.now).await?;
    let shape = |s: SourceHealth| {
        let (id, kind) = (s.id, s.spec.kind);
        let shape = SourceShape::new(SourceState::of(&s, scope.now), quiet.get(&id), s, scope.now);
        match spending.iter().find(|spending| spending.source == id) {
            Some(spending) => shape.with_spending(kind, spending),
            None => shape,
        }
    };
    Ok(Json(Items::all(all.into_iter().map(shape).collect())))
}

/// What is not there, as problem+json.
pub async fn nothing() -> WebError {
    WebError::NotFound
}
