//! What was told to whom, and the tokens themselves.

use axum::Json;
use axum::extract::{Path, Query, State};

use super::input::word;
use super::people::StateQuery;
use super::shapes::{ChannelShape, MessageShape, TokenShape};
use super::{Answer, Items, ListQuery, Problem};
use crate::domain::alert::MessageState;
use crate::domain::ids::OutboxId;
use crate::store::OutboxCursor;
use crate::web::page::alerts::try_channel;
use crate::web::state::WebState;

/// Messages of the outbox, newest first.
#[utoipa::path(get, path = "/alerts", tag = "alerts", operation_id = "alerts",
    params(("cursor" = Option<String>, Query), ("limit" = Option<i64>, Query),
        ("state" = Option<String>, Query, description = "waiting, sent or failed; all when left out")),
    responses((status = 200, body = Items<MessageShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(state): State<WebState>,
    Query(list): Query<ListQuery>,
    Query(query): Query<StateQuery>,
) -> Answer<Items<MessageShape>> {
    let wanted = query.state().map(|s| word(s, "state", MessageState::parse)).transpose()?;
    let before = list.after(|text| text.parse().ok().map(OutboxCursor))?;
    let found = state.store.messages(wanted, before, list.limit() + 1).await?;
    Ok(Json(Items::page(found, list.limit(), |m| m.id.to_string())))
}

/// Sends a given up message again.
#[utoipa::path(post, path = "/alerts/{id}/retry", tag = "alerts", operation_id = "retry_alert", params(("id" = String, Path)),
    responses((status = 200, body = MessageShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn retry(State(state): State<WebState>, Path(id): Path<OutboxId>) -> Answer<MessageShape> {
    state.store.retry_message(id, state.clock.now()).await?;
    state.live.edited();
    Ok(Json(state.store.message(id).await?.into()))
}

/// The configured channels.
#[utoipa::path(get, path = "/channels", tag = "alerts", operation_id = "channels",
    responses((status = 200, body = Items<ChannelShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn channels(State(state): State<WebState>) -> Answer<Items<ChannelShape>> {
    Ok(Json(Items::all(state.store.channels().await?.into_iter().map(ChannelShape::from).collect())))
}

/// Sends a test over a channel.
#[utoipa::path(post, path = "/channels/{name}/test", tag = "alerts", operation_id = "test_channel", params(("name" = String, Path)),
    responses((status = 200, body = ChannelShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn test(State(state): State<WebState>, Path(name): Path<String>) -> Answer<ChannelShape> {
    let channel = try_channel(&state.store, &name, state.clock.now()).await?;
    state.live.edited();
    Ok(Json(channel.into()))
}

/// The tokens of the API, never their values.
#[utoipa::path(get, path = "/tokens", tag = "admin", operation_id = "tokens",
    responses((status = 200, body = Items<TokenShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn tokens(State(state): State<WebState>) -> Answer<Items<TokenShape>> {
    Ok(Json(Items::all(state.store.tokens().await?.into_iter().map(TokenShape::from).collect())))
}
