//! The queue of very unhappy people.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::input::{Input, needed, short, word};
use super::shapes::{MentionShape, PersonShape};
use super::{Answer, Items, ListQuery, Problem};
use crate::domain::ids::FlagId;
use crate::domain::incident::FlagState;
use crate::domain::time::Millis;
use crate::store::{FlagChangeRequest, FlagCursor};
use crate::web::page::asked_brand;
use crate::web::state::WebState;

/// Whose state is asked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct StateQuery {
    /// `open`, `assigned` or `done`; all when left out.
    state: Option<String>,
}

impl StateQuery {
    /// The word, unless it is left out or empty.
    pub(super) fn state(&self) -> Option<&str> {
        self.state.as_deref().filter(|s| !s.is_empty())
    }
}

/// Flagged people, most urgent first.
#[utoipa::path(get, path = "/people", tag = "people", operation_id = "people", params(ListQuery, StateQuery),
    responses((status = 200, body = Items<PersonShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(state): State<WebState>,
    Query(list): Query<ListQuery>,
    Query(query): Query<StateQuery>,
) -> Answer<Items<PersonShape>> {
    let scope = state.scope(asked_brand(list.brand.as_deref())?).await?;
    let wanted = query.state().map(|s| word(s, "state", FlagState::parse)).transpose()?;
    let after = list.after(read_cursor)?;
    let found = state.store.flags_after(scope.brand.id, wanted, after, list.limit() + 1).await?;
    let mut page: Items<PersonShape> = Items::page(found, list.limit(), |row| write_cursor(&FlagCursor::from(&row.flag)));
    MentionShape::weigh(&state.store, page.items.iter_mut().filter_map(|person| person.worst.as_mut())).await?;
    Ok(Json(page))
}

fn write_cursor(c: &FlagCursor) -> String {
    format!("{:x}-{}-{}", c.priority.to_bits(), c.latest_at.get(), c.id)
}

fn read_cursor(text: &str) -> Option<FlagCursor> {
    let mut parts = text.splitn(3, '-');
    let priority = f64::from_bits(u64::from_str_radix(parts.next()?, 16).ok()?);
    let latest_at = Millis::from_untrusted(parts.next()?.parse().ok()?)?;
    let id = parts.next()?.parse().ok()?;
    priority.is_finite().then_some(FlagCursor { priority, latest_at, id })
}

/// One flagged person.
#[utoipa::path(get, path = "/people/{id}", tag = "people", operation_id = "person", params(("id" = String, Path)),
    responses((status = 200, body = PersonShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(state): State<WebState>, Path(id): Path<FlagId>) -> Answer<PersonShape> {
    person(&state, id).await
}

async fn person(state: &WebState, id: FlagId) -> Answer<PersonShape> {
    let mut person = PersonShape::from(state.store.flag(id).await?);
    MentionShape::weigh(&state.store, person.worst.iter_mut()).await?;
    Ok(Json(person))
}

/// What becomes of a flagged person; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonInput {
    /// The version that was read.
    version: i64,
    /// `open`, `assigned` (needs an owner) or `done`.
    #[serde(default)]
    state: Option<String>,
    /// Who takes it, at most 100 characters.
    #[serde(default)]
    owner: Option<String>,
    /// What is written down, at most 4,000 characters.
    #[serde(default)]
    note: Option<String>,
    /// Who does it, at most 100 characters.
    #[serde(default)]
    who: String,
}

/// Assigns, notes, marks as done or opens again.
#[utoipa::path(patch, path = "/people/{id}", tag = "people", operation_id = "change_person",
    params(("id" = String, Path)), request_body = PersonInput,
    responses((status = 200, body = PersonShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(State(state): State<WebState>, Path(id): Path<FlagId>, Input(input): Input<PersonInput>) -> Answer<PersonShape> {
    let flag = state.store.flag(id).await?.flag;
    let owner = input.owner.as_deref().map(|o| short(o, 100, "owner")).transpose()?.unwrap_or(flag.owner);
    let wanted = input.state.as_deref().map(|s| word(s, "state", FlagState::parse)).transpose()?.unwrap_or(flag.state);
    let owner = if wanted == FlagState::Assigned { needed(&owner, 100, "owner")? } else { owner };
    let note = input.note.as_deref().map(|n| short(n, 4000, "note")).transpose()?.unwrap_or(flag.note);
    let who = short(&input.who, 100, "who")?;
    let request = FlagChangeRequest { state: wanted, owner, note };
    state.store.change_flag_as(&who, (id, input.version), request, state.clock.now()).await?;
    state.live.edited();
    person(&state, id).await
}
