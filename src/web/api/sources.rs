//! Brands and sources.

use axum::Json;
use axum::extract::{Query, State};

use super::shapes::{BrandShape, SourceShape};
use super::{Answer, Items, Problem};
use crate::assess;
use crate::domain::source::SourceHealth;
use crate::web::page::{BrandQuery, asked_brand};
use crate::web::state::WebState;
use crate::web::view::sources::SourceState;

/// The brands that are watched.
#[utoipa::path(get, path = "/brands", tag = "sources", operation_id = "brands",
    responses((status = 200, body = Items<BrandShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn brands(State(state): State<WebState>) -> Answer<Items<BrandShape>> {
    Ok(Json(Items::all(state.store.brands().await?.into_iter().map(BrandShape::from).collect())))
}

/// The sources of a brand, and how they do.
#[utoipa::path(get, path = "/sources", tag = "sources", operation_id = "sources",
    params(("brand" = Option<String>, Query, description = "Id of the brand; the first one when left out")),
    responses((status = 200, body = Items<SourceShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn sources(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Answer<Items<SourceShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let all: Vec<_> = state.store.source_health().await?.into_iter().filter(|s| s.spec.brand == scope.brand.id).collect();
    let quiet = assess::quiet::quiet(&state.store, &all, scope.now).await?;
    let spending = state.store.spending(scope.now).await?;
    let shape = |s: SourceHealth| {
        let (id, kind) = (s.id, s.spec.kind);
        let shape = SourceShape::new(SourceState::of(&s, scope.now), quiet.get(&id), s, scope.now);
        match spending.iter().find(|spending| spending.source == id) {
            Some(spending) => shape.with_spending(kind, spending),
            None => shape,
        }
    };
    Ok(Json(Items::all(all.into_iter().map(shape).collect())))
}
