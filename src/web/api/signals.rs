//! Themes, rates, what updates did, and whether to hold campaigns.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::assess::effect::{self, Answer as EffectAnswer, Effect};
use crate::assess::rates::{Rates, load_rates};
use crate::assess::themes::{ThemeView, load_themes};
use crate::assess::{Ask, hold, load_view};
use crate::domain::hold::{HoldState, Origin, Signal};
use crate::domain::ids::{HoldId, IncidentId};
use crate::domain::incident::{Update, UpdateKind};
use crate::domain::theme::{Heat, ThemeKind};
use crate::domain::time::Millis;
use crate::web::failure::WebError;
use crate::web::layout::Scope;
use crate::web::page::hold::{self as page, HoldFields};
use crate::web::page::{BrandQuery, asked_brand, incident_span};
use crate::web::state::WebState;

use super::input::Input;
use super::{Answer, Items, Problem};

/// One hour of a theme.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ThemeHourShape)]
struct HourShape {
    hour: String,
    mentions: i64,
    unhappy: i64,
}

/// A theme.
#[derive(Debug, Serialize, ToSchema)]
pub struct ThemeShape {
    id: String,
    #[schema(value_type = String)]
    kind: ThemeKind,
    phrase: String,
    forms: Vec<String>,
    z: f64,
    people: i64,
    first_seen: Option<String>,
    #[schema(value_type = String)]
    heat: Heat,
    recent: i64,
    normal_limit: i64,
    peak: i64,
    peak_at: Option<String>,
    hours: Vec<HourShape>,
}

impl From<ThemeView> for ThemeShape {
    fn from(view: ThemeView) -> Self {
        let ThemeView { theme, hours, standing } = view;
        let hour = |h: crate::domain::theme::ThemeHour| HourShape { hour: h.hour.to_rfc3339(), mentions: h.mentions, unhappy: h.unhappy };
        Self {
            id: theme.id.to_string(),
            kind: theme.kind,
            phrase: theme.phrase,
            forms: theme.forms,
            z: theme.z,
            people: theme.people,
            first_seen: theme.first_seen.map(Millis::to_rfc3339),
            heat: standing.heat,
            recent: standing.recent,
            normal_limit: standing.limit,
            peak: standing.peak,
            peak_at: standing.peak_at.map(Millis::to_rfc3339),
            hours: hours.into_iter().map(hour).collect(),
        }
    }
}

/// Themes of an incident: first ones first, what still fails after the fix among them.
#[utoipa::path(get, path = "/incidents/{id}/themes", tag = "incidents", operation_id = "themes",
    params(("id" = String, Path)),
    responses((status = 200, body = Items<ThemeShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn themes(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Items<ThemeShape>> {
    state.store.incident(id).await?;
    let views = load_themes(&state.store, id, state.clock.now()).await?;
    Ok(Json(Items::all(views.into_iter().map(ThemeShape::from).collect())))
}

/// The share of unhappy mentions, corrected by those that people checked.
#[utoipa::path(get, path = "/incidents/{id}/rates", tag = "incidents", operation_id = "rates",
    params(("id" = String, Path)),
    responses((status = 200, body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn rates(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Rates> {
    let incident = state.store.incident(id).await?;
    let rates = load_rates(&state.store, &incident, state.clock.now()).await?;
    Ok(Json(rates.ok_or(WebError::NotFound)?))
}

/// An update and what it did.
#[derive(Debug, Serialize, ToSchema)]
pub struct UpdateShape {
    id: String,
    at: String,
    #[schema(value_type = String)]
    kind: UpdateKind,
    text: String,
    url: Option<String>,
    #[schema(value_type = String)]
    effect: EffectAnswer,
    effect_words: String,
    #[schema(value_type = Option<Object>)]
    effect_numbers: Option<effect::Numbers>,
}

impl UpdateShape {
    fn new((update, effect): (Update, Effect)) -> Self {
        Self {
            id: update.id.to_string(),
            at: update.at.to_rfc3339(),
            kind: update.kind,
            text: update.text,
            url: update.url,
            effect: effect.answer,
            effect_words: effect.words,
            effect_numbers: effect.numbers,
        }
    }
}

/// The official statements of an incident and what they did, oldest first.
#[utoipa::path(get, path = "/incidents/{id}/updates", tag = "incidents", operation_id = "updates",
    params(("id" = String, Path)),
    responses((status = 200, body = Items<UpdateShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn updates(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Items<UpdateShape>> {
    let incident = state.store.incident(id).await?;
    let now = state.clock.now();
    let view = load_view(
        &state.store,
        incident.brand,
        Some(&incident),
        Ask { span: incident_span(&incident, now), now, settings: state.settings },
    )
    .await?;
    let effects = effect::effects(&view.curve.points, &view.updates, (incident.started_at, now));
    Ok(Json(Items::all(view.updates.into_iter().zip(effects).map(UpdateShape::new).collect())))
}

/// Whether campaigns should wait.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldShape {
    brand: String,
    hold: bool,
    #[schema(value_type = String)]
    signal: Signal,
    #[schema(value_type = String)]
    origin: Origin,
    since: Option<String>,
    why: Vec<String>,
    until: Option<String>,
    not_before: Option<String>,
}

impl HoldShape {
    fn new(brand: String, state: HoldState) -> Self {
        Self {
            brand,
            hold: state.signal == Signal::Hold,
            signal: state.signal,
            origin: state.origin,
            since: state.since.map(Millis::to_rfc3339),
            why: state.why,
            until: state.until.map(Millis::to_rfc3339),
            not_before: state.not_before.map(Millis::to_rfc3339),
        }
    }
}

/// Whether campaigns should wait.
#[utoipa::path(get, path = "/hold", tag = "incidents", operation_id = "hold",
    params(("brand" = Option<String>, Query)),
    responses((status = 200, body = HoldShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn hold(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<HoldShape> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    standing_hold(&state, scope).await
}

/// A decision about campaigns.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldInput {
    /// Id of the brand; the first one when left out.
    #[serde(default)]
    brand: Option<String>,
    /// One of the decisions of the page, such as `hold`.
    decision: String,
    /// Why, at most 500 characters.
    reason: String,
    /// Who decides.
    #[serde(default)]
    by: String,
    /// RFC 3339; 90 days ahead at most.
    until: String,
}

/// Decides whether campaigns wait.
#[utoipa::path(post, path = "/hold", tag = "incidents", operation_id = "decide_hold", request_body = HoldInput,
    responses((status = 200, body = HoldShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn decide_hold(State(state): State<WebState>, Input(input): Input<HoldInput>) -> Answer<HoldShape> {
    let HoldInput { brand, decision, reason, by, until } = input;
    let scope = page::keep(&state, &HoldFields { brand, decision, reason, by, until }).await?;
    standing_hold(&state, scope).await
}

/// Takes a decision back.
#[utoipa::path(post, path = "/hold/{id}/end", tag = "incidents", operation_id = "end_hold",
    params(("id" = String, Path), ("brand" = Option<String>, Query)),
    responses((status = 200, body = HoldShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn end_hold(State(state): State<WebState>, Path(id): Path<HoldId>, Query(query): Query<BrandQuery>) -> Answer<HoldShape> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    state.store.end_hold(scope.brand.id, id, scope.now).await?;
    state.live.edited();
    standing_hold(&state, scope).await
}

async fn standing_hold(state: &WebState, scope: Scope) -> Answer<HoldShape> {
    let view = hold::load(&state.store, scope.brand.id, scope.now, &state.settings).await?;
    Ok(Json(HoldShape::new(scope.brand.id.to_string(), view.state)))
}
