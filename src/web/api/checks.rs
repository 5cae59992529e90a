//! The random sample of an incident that people check, so that the count can be corrected.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::Input;
use super::{Answer, Items, ListQuery, Problem};
use crate::assess::sample;
use crate::domain::ids::{IncidentId, MentionId};
use crate::domain::rates::{Check, CheckAnswer};
use crate::domain::sentiment::Label;
use crate::web::failure::WebError;
use crate::web::page::check::{MOST, asked_answer};
use crate::web::state::WebState;

/// A mention of the sample.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckShape {
    /// Id of the mention.
    mention: String,
    /// Its place in the order of drawing, from 1.
    place: i64,
    /// The label that counted when it was drawn.
    #[schema(value_type = String)]
    predicted: Label,
    /// `negative`, `neutral`, `positive` or `not_us`; null while nobody looked.
    #[schema(value_type = Option<String>)]
    answer: Option<CheckAnswer>,
}

impl From<Check> for CheckShape {
    fn from(c: Check) -> Self {
        Self { mention: c.mention.to_string(), place: c.place, predicted: c.predicted, answer: c.answer }
    }
}

/// The sample, in the order of drawing.
#[utoipa::path(get, path = "/incidents/{id}/checks", tag = "incidents", operation_id = "checks",
    params(("id" = String, Path), ("cursor" = Option<String>, Query), ("limit" = Option<i64>, Query)),
    responses((status = 200, body = Items<CheckShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<WebState>, Path(id): Path<IncidentId>, Query(list): Query<ListQuery>) -> Answer<Items<CheckShape>> {
    state.store.incident(id).await?;
    let after = list.after(|text| text.parse::<i64>().ok())?;
    let mut sample = state.store.checks(id).await?;
    sample.retain(|c| after.is_none_or(|place| c.place > place));
    Ok(Json(Items::page(sample, list.limit(), |c| c.place.to_string())))
}

/// How many more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrawInput {
    /// Mentions to draw, 1 to 100.
    more: usize,
}

/// Draws more mentions at random, and gives them back; fewer when there are not so many.
#[utoipa::path(post, path = "/incidents/{id}/checks", tag = "incidents", operation_id = "draw_checks",
    params(("id" = String, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = DrawInput,
    responses((status = 200, body = Items<CheckShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn draw(State(state): State<WebState>, Path(id): Path<IncidentId>, Input(input): Input<DrawInput>) -> Answer<Items<CheckShape>> {
    if !(1..=MOST).contains(&input.more) {
        return Err(WebError::Bad(format!("more must be from 1 to {MOST}.")));
    }
    let incident = state.store.incident(id).await?;
    let last = state.store.checks(id).await?.last().map_or(0, |c| c.place);
    sample::draw(&state.store, &incident, input.more, state.clock.now()).await?;
    state.live.edited();
    let drawn = state.store.checks(id).await?.into_iter().filter(|c| c.place > last);
    Ok(Json(Items::all(drawn.map(CheckShape::from).collect())))
}

/// What a person says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckInput {
    /// `negative`, `neutral`, `positive` or `not_us`; null takes the answer back.
    answer: Option<String>,
}

/// Keeps what a person says of a mention of the sample.
#[utoipa::path(put, path = "/incidents/{id}/checks/{mention}", tag = "incidents", operation_id = "answer_check",
    params(("id" = String, Path), ("mention" = String, Path)), request_body = CheckInput,
    responses((status = 200, body = CheckShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn answer(
    State(state): State<WebState>,
    Path((id, mention)): Path<(IncidentId, MentionId)>,
    Input(input): Input<CheckInput>,
) -> Answer<CheckShape> {
    let answer = input.answer.as_deref().map(asked_answer).transpose()?;
    state.store.answer_check(id, mention, answer, state.clock.now()).await?;
    state.live.edited();
    let check = state.store.checks(id).await?.into_iter().find(|c| c.mention == mention);
    Ok(Json(check.ok_or(WebError::NotFound)?.into()))
}
