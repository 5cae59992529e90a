//! `/export/mentions.csv` and `.jsonl`: what the page of mentions lists, whole, streamed.

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::report::export::{Format, MentionExport};
use crate::web::failure::WebError;
use crate::web::query::MentionQuery;
use crate::web::state::WebState;

use super::asked_brand;
use super::mentions::{filter, value_of};

/// For spreadsheets.
pub async fn csv(state: State<WebState>, query: RawQuery) -> Result<Response, WebError> {
    export(state, query, Format::Csv, "attachment; filename=\"mentions.csv\"").await
}

/// For programs.
pub async fn jsonl(state: State<WebState>, query: RawQuery) -> Result<Response, WebError> {
    export(state, query, Format::Jsonl, "attachment; filename=\"mentions.jsonl\"").await
}

async fn export(
    State(state): State<WebState>,
    RawQuery(raw): RawQuery,
    format: Format,
    disposition: &'static str,
) -> Result<Response, WebError> {
    let raw = raw.unwrap_or_default();
    let scope = state.scope(asked_brand(value_of(&raw, "brand").as_deref())?).await?;
    let filter = filter(&MentionQuery::parse(&raw), &scope);
    let export = MentionExport::new(state.store.clone(), filter, scope.brand.name, format);
    // An error in the middle breaks the connection off, so that a cut file is not taken for a whole one.
    let body = Body::from_stream(stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await?;
        Ok::<_, crate::report::export::ExportError>(piece.map(|piece| (piece, export)))
    }));
    Ok(([(CONTENT_TYPE, format.media_type()), (CONTENT_DISPOSITION, disposition)], body).into_response())
}
