//! Mentions: the search of the page, corrections, and exports.

use axum::Json;
use axum::extract::{Path, Query, RawQuery, State};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::Input;
use super::shapes::MentionShape;
use super::{Answer, Items, ListQuery, Problem};
use crate::domain::ids::MentionId;
use crate::domain::sentiment::Label;
use crate::report::export::{Format, What};
use crate::web::failure::WebError;
use crate::web::page::mentions::{cursor, filter};
use crate::web::page::{BrandQuery, asked_brand, export};
use crate::web::query::{MentionQuery, Place};
use crate::web::state::WebState;

/// Mentions, newest first; the search is that of the page.
#[utoipa::path(get, path = "/mentions", tag = "mentions", operation_id = "mentions",
    params(ListQuery,
        ("q" = Option<String>, Query, description = "Words in the text"),
        ("label" = Option<String>, Query, description = "negative, neutral, positive or unscored"),
        ("since" = Option<String>, Query, description = "1h, 24h, 7d or 30d"),
        ("source" = Option<String>, Query, description = "Id of a source"),
        ("platform" = Option<String>, Query, description = "Such as mastodon"),
        ("lang" = Option<String>, Query, description = "Such as en"),
        ("copies" = Option<String>, Query, description = "show or only; hidden when left out"),
        ("severity" = Option<String>, Query, description = "very: only very unhappy ones"),
        ("author" = Option<String>, Query, description = "Id of an author")),
    responses((status = 200, body = Items<MentionShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<WebState>, Query(list): Query<ListQuery>, RawQuery(raw): RawQuery) -> Answer<Items<MentionShape>> {
    let scope = state.scope(asked_brand(list.brand.as_deref())?).await?;
    let after = list.after(cursor)?;
    let filter = filter(&MentionQuery::parse(&raw.unwrap_or_default()), &scope);
    let found = state.store.mentions(&filter, after, list.limit() + 1).await?;
    let mut page: Items<MentionShape> = Items::page(found, list.limit(), |m| Place { created_at: m.created_at, id: m.id }.to_string());
    MentionShape::weigh(&state.store, page.items.iter_mut()).await?;
    Ok(Json(page))
}

/// One mention of a brand.
#[utoipa::path(get, path = "/mentions/{id}", tag = "mentions", operation_id = "mention",
    params(("id" = String, Path), ("brand" = Option<String>, Query)),
    responses((status = 200, body = MentionShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(state): State<WebState>, Path(id): Path<MentionId>, Query(query): Query<BrandQuery>) -> Answer<MentionShape> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let mention = state.store.mention(scope.brand.id, id).await?;
    Ok(Json(MentionShape::weighed(&state.store, mention).await?))
}

/// What a person says about a mention.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelInput {
    /// `negative`, `neutral` or `positive`; null takes the correction back.
    #[schema(value_type = Option<String>)]
    label: Option<Label>,
    /// Id of the brand; the first one when left out.
    #[serde(default)]
    brand: Option<String>,
}

/// Corrects a label, or takes the correction back.
#[utoipa::path(put, path = "/mentions/{id}/label", tag = "mentions", operation_id = "correct_label",
    params(("id" = String, Path)), request_body = LabelInput,
    responses((status = 200, body = MentionShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn correct(State(state): State<WebState>, Path(id): Path<MentionId>, Input(input): Input<LabelInput>) -> Answer<MentionShape> {
    let scope = state.scope(asked_brand(input.brand.as_deref())?).await?;
    state.store.mention(scope.brand.id, id).await?;
    state.store.correct_label(id, input.label, scope.now).await?;
    state.live.edited();
    let mention = state.store.mention(scope.brand.id, id).await?;
    Ok(Json(MentionShape::weighed(&state.store, mention).await?))
}

/// A file that can be fetched.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportShape {
    /// Such as `mentions`.
    what: &'static str,
    /// Such as `csv`.
    format: &'static str,
    /// Where it is; takes the same search as the list of mentions.
    href: String,
}

/// The exports that can be fetched.
#[utoipa::path(get, path = "/exports", tag = "mentions", operation_id = "exports",
    responses((status = 200, body = Items<ExportShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn exports() -> Json<Items<ExportShape>> {
    let shape = |what: What, format: Format| ExportShape {
        what: what.as_str(),
        format: format.ending(),
        href: format!("/api/v1/exports/{}.{}", what.as_str(), format.ending()),
    };
    Json(Items::all(What::ALL.into_iter().flat_map(|what| Format::ALL.into_iter().map(move |format| shape(what, format))).collect()))
}

/// One export, streamed: `mentions.csv`, `authors.jsonl` …
#[utoipa::path(get, path = "/exports/{file}", tag = "mentions", operation_id = "export",
    params(("file" = String, Path, description = "One of the list of exports"), ("brand" = Option<String>, Query),
        ("after_id" = Option<String>, Query, description = "Goes on behind this row")),
    responses((status = 200, description = "The file", body = String, content_type = "text/csv"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn export_file(state: State<WebState>, file: Path<String>, query: RawQuery) -> Result<Response, WebError> {
    export::serve(state, file, query).await
}
