//! `/check`: a random sample, one mention after the other.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use crate::assess::rates::load_rates;
use crate::assess::sample;
use crate::domain::ids::{IncidentId, MentionId};
use crate::domain::incident::Incident;
use crate::domain::post::Mention;
use crate::domain::rates::{Check, CheckAnswer};
use crate::store::StoreError;
use crate::web::failure::{self, WebError};
use crate::web::state::WebState;
use crate::web::view::check::{CheckInput, CheckPage};

use super::lead_to;
use super::themes::{IncidentQuery, asked_incident};

/// Most mentions that are drawn at once.
pub const MOST: usize = 100;

/// The next mention to check.
pub async fn show(State(state): State<WebState>, Query(query): Query<IncidentQuery>) -> Result<impl IntoResponse, WebError> {
    let (scope, incident) = asked_incident(&state, &query).await?;
    let mut input = CheckInput { scope, incident: None, rates: None, next: None, done: None };
    if let Some(incident) = incident {
        let checks = state.store.checks(incident.id).await?;
        let done = query.done.as_deref().and_then(|id| id.parse::<MentionId>().ok());
        input.rates = load_rates(&state.store, &incident, input.scope.now).await?;
        input.next = next(&state, &incident, &checks).await?;
        input.done = checks.iter().find(|c| Some(c.mention) == done).and_then(|c| c.answer.map(|a| (c.mention, a)));
        input.incident = Some(incident);
    }
    failure::page(&CheckPage::new(&input))
}

/// The first of the sample that nobody looked at; one that was deleted since cannot be.
async fn next(state: &WebState, incident: &Incident, checks: &[Check]) -> Result<Option<Mention>, WebError> {
    for check in checks.iter().filter(|c| c.answer.is_none()) {
        match state.store.mention(incident.brand, check.mention).await {
            Ok(mention) if mention.deleted_at.is_none() => return Ok(Some(mention)),
            Ok(_) | Err(StoreError::NotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

/// The fields of both forms.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CheckFields {
    mention: String,
    answer: String,
    more: usize,
}

/// Draws more.
pub async fn draw(State(state): State<WebState>, Path(id): Path<IncidentId>, Form(form): Form<CheckFields>) -> Result<Redirect, WebError> {
    let incident = state.store.incident(id).await?;
    let scope = state.scope(Some(incident.brand)).await?;
    sample::draw(&state.store, &incident, form.more.clamp(1, MOST), scope.now).await?;
    Ok(lead_to(&scope.link("/check").with("incident", &id)))
}

/// Keeps what a person says, or takes it back.
pub async fn answer(
    State(state): State<WebState>,
    Path(id): Path<IncidentId>,
    Form(form): Form<CheckFields>,
) -> Result<Redirect, WebError> {
    let incident = state.store.incident(id).await?;
    let scope = state.scope(Some(incident.brand)).await?;
    let mention: MentionId = form.mention.parse().map_err(|_| WebError::NotFound)?;
    let answer = match form.answer.as_str() {
        "none" => None,
        word => Some(asked_answer(word)?),
    };
    state.store.answer_check(id, mention, answer, scope.now).await?;
    state.live.edited();
    let done = answer.map_or_else(String::new, |_| mention.to_string());
    Ok(lead_to(&scope.link("/check").with("incident", &id).with("done", &done)))
}

/// The word of a form or of the API.
pub fn asked_answer(word: &str) -> Result<CheckAnswer, WebError> {
    CheckAnswer::parse(word).ok_or_else(|| WebError::Bad("An answer is `negative`, `neutral`, `positive` or `not_us`.".to_owned()))
}
