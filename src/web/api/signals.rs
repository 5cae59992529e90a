//! Themes, rates, what updates did, and whether to hold campaigns.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Serialize;

use crate::assess::effect::{self, Answer as EffectAnswer, Effect};
use crate::assess::rates::{Rates, load_rates};
use crate::assess::themes::{ThemeView, load_themes};
use crate::assess::{Ask, hold, load_view};
use crate::domain::hold::{HoldState, Origin, Signal};
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Update, UpdateKind};
use crate::domain::theme::{Heat, ThemeKind};
use crate::domain::time::Millis;
use crate::web::failure::WebError;
use crate::web::page::{BrandQuery, asked_brand, incident_span};
use crate::web::state::WebState;

use super::{Answer, Items};

/// One hour of a theme.
#[derive(Debug, Serialize)]
struct HourShape {
    hour: String,
    mentions: i64,
    unhappy: i64,
}

/// A theme.
#[derive(Debug, Serialize)]
pub struct ThemeShape {
    id: String,
    kind: ThemeKind,
    phrase: String,
    forms: Vec<String>,
    z: f64,
    people: i64,
    first_seen: Option<String>,
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

/// `GET /api/v1/incidents/{id}/themes`: first ones first, what still fails after the fix among them.
pub async fn themes(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Items<ThemeShape>> {
    state.store.incident(id).await?;
    let views = load_themes(&state.store, id, state.clock.now()).await?;
    Ok(Json(Items::all(views.into_iter().map(ThemeShape::from).collect())))
}

/// `GET /api/v1/incidents/{id}/rates`: the share of unhappy mentions, corrected.
pub async fn rates(State(state): State<WebState>, Path(id): Path<IncidentId>) -> Answer<Rates> {
    let incident = state.store.incident(id).await?;
    let rates = load_rates(&state.store, &incident, state.clock.now()).await?;
    Ok(Json(rates.ok_or(WebError::NotFound)?))
}

/// An update and what it did.
#[derive(Debug, Serialize)]
pub struct UpdateShape {
    id: String,
    at: String,
    kind: UpdateKind,
    text: String,
    url: Option<String>,
    effect: EffectAnswer,
    effect_words: String,
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

/// `GET /api/v1/incidents/{id}/updates`: oldest first.
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
#[derive(Debug, Serialize)]
pub struct HoldShape {
    brand: String,
    hold: bool,
    signal: Signal,
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

/// `GET /api/v1/hold?brand=`
pub async fn hold(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<HoldShape> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let view = hold::load(&state.store, scope.brand.id, scope.now, &state.settings).await?;
    Ok(Json(HoldShape::new(scope.brand.id.to_string(), view.state)))
}
