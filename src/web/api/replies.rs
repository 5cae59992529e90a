//! The templates of reply drafts.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::{Input, needed, short};
use super::{Answer, Items, Problem};
use crate::domain::reply::{self, MAX_TEXT, Template};
use crate::store::StoreError;
use crate::web::failure::WebError;
use crate::web::page::replies::{check, read, standing};
use crate::web::state::WebState;

/// A template.
#[derive(Debug, Serialize, ToSchema)]
pub struct TemplateShape {
    /// ISO 639-1.
    lang: String,
    name: String,
    /// With places for `{name}`, `{brand}` and `{incident}`.
    text: String,
    /// Who changed it; null for a built-in one.
    changed_by: Option<String>,
    changed_at: Option<String>,
    /// Send it back with a change; 0 for a built-in one that nobody changed.
    version: i64,
}

impl From<Template> for TemplateShape {
    fn from(t: Template) -> Self {
        let version = t.changed.as_ref().map_or(0, |c| c.version);
        let changed_at = t.changed.as_ref().map(|c| c.at.to_rfc3339());
        Self { lang: t.lang, name: t.name, text: t.text, changed_by: t.changed.map(|c| c.by), changed_at, version }
    }
}

/// The templates by language: the built-in ones, and what people made of them.
#[utoipa::path(get, path = "/replies", tag = "people", operation_id = "replies",
    responses((status = 200, body = Items<TemplateShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<WebState>) -> Answer<Items<TemplateShape>> {
    let all = reply::merge(state.store.reply_templates().await?);
    Ok(Json(Items::all(all.into_iter().map(TemplateShape::from).collect())))
}

/// A changed or new template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateInput {
    /// The version that was read; 0 or left out for a new one and for a built-in one that nobody changed.
    #[serde(default)]
    version: i64,
    /// At most 2,000 characters, with places for `{name}`, `{brand}` and `{incident}`.
    text: String,
    /// Who does it, at most 100 characters.
    #[serde(default)]
    who: String,
}

/// Changes a template, or adds one.
#[utoipa::path(put, path = "/replies/{lang}/{name}", tag = "people", operation_id = "save_reply",
    params(("lang" = String, Path), ("name" = String, Path)), request_body = TemplateInput,
    responses((status = 200, body = TemplateShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn save(
    State(state): State<WebState>,
    Path((lang, name)): Path<(String, String)>,
    Input(input): Input<TemplateInput>,
) -> Answer<TemplateShape> {
    let template = read(&lang, &name, &needed(&input.text, MAX_TEXT, "text")?)?;
    check(&template)?;
    let who = short(&input.who, 100, "who")?;
    state.store.save_reply_template(&template, input.version, &who, state.clock.now()).await?;
    let kept = standing(&state.store, &template.lang, &template.name).await?;
    Ok(Json(kept.ok_or(WebError::NotFound)?.into()))
}

/// Taking back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetInput {
    /// The version that was read.
    version: i64,
}

/// Drops what people made of a template: the built-in one counts again. What remains of it: none for one that people added.
#[utoipa::path(post, path = "/replies/{lang}/{name}/reset", tag = "people", operation_id = "reset_reply",
    params(("lang" = String, Path), ("name" = String, Path)), request_body = ResetInput,
    responses((status = 200, body = Items<TemplateShape>), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn reset(
    State(state): State<WebState>,
    Path((lang, name)): Path<(String, String)>,
    Input(input): Input<ResetInput>,
) -> Answer<Items<TemplateShape>> {
    let Template { lang, name, .. } = read(&lang, &name, "")?;
    let theirs = standing(&state.store, &lang, &name).await?.ok_or(WebError::NotFound)?;
    match state.store.remove_reply_template(&lang, &name, input.version).await {
        // Nobody changed the built-in one: there is nothing to take back.
        Err(StoreError::Conflict) if theirs.changed.is_none() && input.version == 0 => {}
        other => other?,
    }
    let left = standing(&state.store, &lang, &name).await?;
    Ok(Json(Items::all(left.into_iter().map(TemplateShape::from).collect())))
}
