//! `/sources`

use axum::extract::{Query, State};
use axum::response::IntoResponse;

use crate::assess::quiet::quiet;
use crate::domain::time::{DAY_MS, Span};
use crate::web::failure::{self, WebError};
use crate::web::state::WebState;
use crate::web::view::sources::SourcesPage;

use super::{BrandQuery, asked_brand};

/// Can I trust the picture?
pub async fn list(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let span = Span::new(scope.now.plus(-7 * DAY_MS).hour(), scope.now).unwrap_or(Span::empty(scope.now));
    let sources: Vec<_> = state.store.source_health().await?.into_iter().filter(|s| s.spec.brand == scope.brand.id).collect();
    let coverage = state.store.coverage(span).await?;
    let quiet = quiet(&state.store, &sources, scope.now).await?;
    let spending = state.store.spending(scope.now).await?;
    failure::page(&SourcesPage::new(&scope, &sources, (&coverage, &quiet), span).with_spending(&spending))
}
