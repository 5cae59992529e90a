//! What people say of mentions, for scripts.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;
use super::input::Input;
use crate::domain::filter::About;
use crate::domain::ids::MentionId;
use crate::store::Hidden;
use crate::web::failure::WebError;
use crate::web::page::asked_brand;
use crate::web::page::mentions::asked_about;
use crate::web::state::WebState;

/// `{"about": "other"}`; `brand` where there are several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandMark {
    about: String,
    brand: Option<String>,
}

/// What holds from now on.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrandMarkShape {
    id: String,
    #[schema(value_type = Option<String>)]
    about: Option<About>,
    hidden: bool,
}

/// Says whose brand a mention is about; `undo` takes that back.
#[utoipa::path(post, path = "/mentions/{id}/brand", tag = "mentions", operation_id = "mark_brand",
    params(("id" = String, Path)),
    request_body = BrandMark,
    responses((status = 200, body = BrandMarkShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn mark_brand(
    State(state): State<WebState>,
    Path(id): Path<MentionId>,
    Input(mark): Input<BrandMark>,
) -> Result<Json<BrandMarkShape>, WebError> {
    let scope = state.scope(asked_brand(mark.brand.as_deref())?).await?;
    let about = asked_about(&mark.about)?;
    state.store.mark_brand(scope.brand.id, id, about, scope.now).await?;
    state.live.edited();
    let standing = state.store.brand_standings(scope.brand.id, &[id]).await?.get(&id).copied().unwrap_or_default();
    Ok(Json(BrandMarkShape { id: id.to_string(), about: standing.mark, hidden: standing.hidden != Hidden::No }))
}
