//! `/hold` and `/hold.ics`

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect};
use icalendar::{Calendar, Component, Event, EventLike};
use serde::Deserialize;

use crate::assess::hold::{self, HoldView};
use crate::domain::hold::{Decision, Signal};
use crate::domain::ids::HoldId;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::store::NewHold;
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::Scope;
use crate::web::show;
use crate::web::state::WebState;
use crate::web::view::hold::HoldPage;

use super::{BrandQuery, asked_brand, lead_to};

/// Own posts on the page.
const POSTS: i64 = 100;
/// Longest decision.
const LONGEST_MS: i64 = 90 * DAY_MS;

/// Hold or go on?
pub async fn show(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let view = hold::load(&state.store, scope.brand.id, scope.now, &state.settings).await?;
    let since = view.state.since.unwrap_or(scope.now);
    let span = Span::new(since, scope.now.plus(1)).unwrap_or(Span::empty(scope.now));
    let posts = state.store.own_posts(scope.brand.id, span, POSTS).await?;
    failure::page(&HoldPage::new(&scope, &view, &posts))
}

/// The fields of a decision.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct HoldFields {
    /// Id of the brand.
    pub brand: Option<String>,
    /// Hold or go on.
    pub decision: String,
    /// Why.
    pub reason: String,
    /// Who decides.
    pub by: String,
    /// Its end.
    pub until: String,
}

/// Keeps a decision.
pub async fn decide(State(state): State<WebState>, Form(form): Form<HoldFields>) -> Result<Redirect, WebError> {
    Ok(lead_to(&keep(&state, &form).await?.link("/hold")))
}

/// Keeps what a form or a script decides; gives back the brand that it is for.
pub async fn keep(state: &WebState, form: &HoldFields) -> Result<Scope, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    let decision = Decision::parse(&form.decision).ok_or_else(|| WebError::Bad("Campaigns are held, or go on.".to_owned()))?;
    let until = forms::time(&form.until, "Until")?.ok_or_else(|| WebError::Bad("A decision needs an end.".to_owned()))?;
    if until <= scope.now || until > scope.now.plus(LONGEST_MS) {
        return Err(WebError::Bad("The end must lie ahead, by 90 days at most. Times in this form are UTC.".to_owned()));
    }
    let reason = forms::needed(&form.reason, 500, "The reason")?;
    let new = NewHold { brand: scope.brand.id, decision, reason, decided_by: forms::text(&form.by, 100), until };
    state.store.add_hold(&new, scope.now).await?;
    state.live.edited();
    Ok(scope)
}

/// Takes a decision back.
pub async fn end(State(state): State<WebState>, Path(id): Path<HoldId>, Form(form): Form<HoldFields>) -> Result<Redirect, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    state.store.end_hold(scope.brand.id, id, scope.now).await?;
    state.live.edited();
    Ok(lead_to(&scope.link("/hold")))
}

/// The holds of a brand as a calendar, for planners of campaigns.
pub async fn calendar(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let view = hold::load(&state.store, scope.brand.id, scope.now, &state.settings).await?;
    let kinds = [(header::CONTENT_TYPE, "text/calendar; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    Ok((kinds, holds(&scope, &view).to_string()))
}

/// The hold of this moment, and people's decisions to hold.
fn holds(scope: &Scope, view: &HoldView) -> Calendar {
    let mut calendar = Calendar::new();
    calendar.name(&format!("Hold campaigns: {}", show::one_line(&scope.brand.name, 60)));
    if view.state.signal == Signal::Hold {
        let since = view.state.since.unwrap_or(scope.now);
        let until = view.state.until.or(view.state.not_before).unwrap_or(scope.now.plus(DAY_MS)).max(scope.now);
        let uid = format!("now-{}@ebb", scope.brand.id);
        calendar.push(event(&uid, (since, until, scope.now), &view.state.why.join(". ")));
    }
    let past = view.decisions.iter().filter(|d| d.decision == Decision::Hold && !d.holds_at(scope.now));
    for decision in past {
        let until = decision.ended_at.unwrap_or(decision.until).min(decision.until);
        let uid = format!("{}@ebb", decision.id);
        calendar.push(event(&uid, (decision.at, until, decision.at), &decision.reason));
    }
    calendar.done()
}

fn event(uid: &str, (from, to, stamp): (Millis, Millis, Millis), why: &str) -> Event {
    // A calendar takes no event that ends before it begins.
    let to = to.max(from);
    let mut event = Event::with_uid(uid);
    event
        .timestamp(stamp.to_datetime())
        .starts(from.to_datetime())
        .ends(to.to_datetime())
        .summary("Hold campaigns")
        .description(&show::one_line(why, 1_000));
    event.done()
}
