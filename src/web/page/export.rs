//! `/export/mentions.csv` and the like: what the page of mentions lists, whole, streamed; and the other exports.

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use crate::report::export::{Export, ExportError, Format, What, Wish};
use crate::web::failure::WebError;
use crate::web::query::MentionQuery;
use crate::web::state::WebState;

use super::asked_brand;
use super::mentions::{filter, value_of};

/// One of [`What`] in one of [`Format`].
pub async fn serve(State(state): State<WebState>, Path(file): Path<String>, RawQuery(raw): RawQuery) -> Result<Response, WebError> {
    let (name, ending) = file.split_once('.').ok_or(WebError::NotFound)?;
    let what = What::parse(name).ok_or(WebError::NotFound)?;
    let format = Format::parse(ending).ok_or(WebError::NotFound)?;
    let raw = raw.unwrap_or_default();
    let scope = state.scope(asked_brand(value_of(&raw, "brand").as_deref())?).await?;
    let filter = filter(&MentionQuery::parse(&raw), &scope);
    let after = value_of(&raw, "after_id").and_then(|id| id.parse().ok());
    let wish = Wish { what, format, filter, brand: scope.brand, after };
    let mut export = Export::open(state.store.clone(), wish).await.map_err(refused)?;
    let disposition = format!("attachment; filename=\"{}.{}\"", what.as_str(), format.ending());
    let headers = [(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_DISPOSITION, disposition)];
    if format == Format::Xlsx {
        // Put together before the first byte is sent: too many rows can still be said in words.
        let mut whole = Vec::new();
        while let Some(piece) = export.next().await.map_err(refused)? {
            whole.extend(piece);
        }
        return Ok((headers, whole).into_response());
    }
    // An error in the middle breaks the connection off, so that a cut file is not taken for a whole one.
    let body = Body::from_stream(stream::try_unfold(export, |mut export| async move {
        let piece = export.next().await?;
        Ok::<_, ExportError>(piece.map(|piece| (piece, export)))
    }));
    Ok((headers, body).into_response())
}

fn refused(error: ExportError) -> WebError {
    match error {
        ExportError::Store(error) => error.into(),
        ExportError::Row(cause) => WebError::Internal(cause),
        ExportError::TooMany { limit } => WebError::Bad(format!(
            "A workbook holds at most {limit} rows here. Narrow the list by time, or take CSV, JSON lines or Parquet."
        )),
        ExportError::NoSuchRow(_) | ExportError::NoIds => WebError::Bad(error.to_string()),
    }
}
