//! `/alerts`

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use crate::domain::alert::{Alert, Channel, MessageState};
use crate::domain::ids::OutboxId;
use crate::domain::time::Millis;
use crate::store::{OutboxCursor, Store};
use crate::web::failure::{self, WebError};
use crate::web::state::WebState;
use crate::web::view::alerts::{AlertsInput, AlertsPage};

use super::{BrandQuery, asked_brand, lead_to};

/// Messages on one page.
const SHOWN: usize = 50;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AlertsQuery {
    brand: Option<String>,
    state: String,
    before: String,
}

/// Who was told what?
pub async fn list(State(state): State<WebState>, Query(query): Query<AlertsQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let shown = MessageState::parse(&query.state);
    let before = query.before.parse().ok().map(OutboxCursor);
    let one_more = i64::try_from(SHOWN + 1).unwrap_or(i64::MAX);
    let mut messages = state.store.messages(shown, before, one_more).await?;
    let further = messages.len() > SHOWN;
    messages.truncate(SHOWN);
    let input = AlertsInput {
        channels: state.store.channels().await?,
        counts: state.store.outbox_counts().await?,
        next: messages.last().filter(|_| further).map(|m| m.id),
        state: shown,
        messages,
    };
    failure::page(&AlertsPage::new(&scope, &input))
}

/// Which channel to try.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TestForm {
    brand: Option<String>,
    channel: String,
}

/// Tries a channel: a message goes through the outbox like any other.
pub async fn test(State(state): State<WebState>, Form(form): Form<TestForm>) -> Result<Redirect, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    try_channel(&state.store, &form.channel, scope.now).await?;
    state.live.edited();
    Ok(lead_to(&scope.link("/alerts")))
}

/// Posts a test to a configured channel. Pressed again within the same second it is the same test.
pub async fn try_channel(store: &Store, name: &str, now: Millis) -> Result<Channel, WebError> {
    let known = store.channels().await?.into_iter().find(|c| c.name == name).ok_or(WebError::NotFound)?;
    store.post_now(&Alert::test(&known.name, now.get() / 1000, now), &known.name, now).await?;
    Ok(known)
}

/// Sends a given up message again.
pub async fn retry(State(state): State<WebState>, Path(id): Path<OutboxId>, Form(form): Form<BrandQuery>) -> Result<Redirect, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    state.store.retry_message(id, scope.now).await?;
    state.live.edited();
    Ok(lead_to(&scope.link("/alerts").at(format!("msg-{id}"))))
}
