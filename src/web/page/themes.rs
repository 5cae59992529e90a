//! `/themes`

use std::collections::BTreeSet;

use axum::extract::{Query, State};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::assess::themes::{ThemeView, load_themes};
use crate::domain::ids::IncidentId;
use crate::domain::incident::Incident;
use crate::domain::post::Mention;
use crate::domain::theme::ThemeKind;
use crate::domain::time::Span;
use crate::store::StoreError;
use crate::web::failure::{self, WebError};
use crate::web::layout::Scope;
use crate::web::state::WebState;
use crate::web::view::themes::{ThemesInput, ThemesPage, Told};

use super::{asked_brand, incident_span};

/// Examples of a theme, and of what still fails.
const QUOTES: (usize, usize) = (2, 10);

/// `?brand=&incident=`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IncidentQuery {
    /// The brand's id.
    pub brand: Option<String>,
    /// The incident's id; the open one, or the newest, when there is none.
    pub incident: Option<String>,
    /// A mention that was just answered on the checking page.
    pub done: Option<String>,
}

/// The asked incident, or the one that is open, or the newest; with the brand that it is of.
pub async fn asked_incident(state: &WebState, query: &IncidentQuery) -> Result<(Scope, Option<Incident>), WebError> {
    let asked = match query.incident.as_deref() {
        None | Some("") => None,
        Some(id) => Some(state.store.incident(id.parse::<IncidentId>().map_err(|_| WebError::NotFound)?).await?),
    };
    let brand = asked_brand(query.brand.as_deref())?;
    if let Some(incident) = asked {
        if brand.is_some_and(|b| b != incident.brand) {
            return Err(WebError::NotFound);
        }
        return Ok((state.scope(Some(incident.brand)).await?, Some(incident)));
    }
    let scope = state.scope(brand).await?;
    let mut incidents = state.store.incidents(scope.brand.id).await?;
    let open = incidents.iter().position(|i| i.closed_at.is_none()).unwrap_or(0);
    let incident = (!incidents.is_empty()).then(|| incidents.swap_remove(open));
    Ok((scope, incident))
}

/// About what?
pub async fn list(State(state): State<WebState>, Query(query): Query<IncidentQuery>) -> Result<impl IntoResponse, WebError> {
    let (scope, incident) = asked_incident(&state, &query).await?;
    let mut themes = Vec::new();
    let mut span = Span::empty(scope.now);
    if let Some(incident) = &incident {
        span = incident_span(incident, scope.now);
        span = Span::new(incident.started_at.hour().max(span.from()), span.to()).unwrap_or(span);
        for view in load_themes(&state.store, incident.id, scope.now).await? {
            let quotes = quotes(&state, incident, &view).await?;
            themes.push(Told { view, quotes });
        }
    }
    failure::page(&ThemesPage::new(&ThemesInput { scope, incident, span, themes }))
}

/// The newest mentions of a theme, one of each author.
async fn quotes(state: &WebState, incident: &Incident, view: &ThemeView) -> Result<Vec<Mention>, WebError> {
    let most = if view.theme.kind == ThemeKind::StillBroken { QUOTES.1 } else { QUOTES.0 };
    let mut authors = BTreeSet::new();
    let mut quotes = Vec::new();
    let looked_at = i64::try_from(most * 3).unwrap_or(30);
    for id in state.store.theme_newest(view.theme.id, looked_at).await? {
        let mention = match state.store.mention(incident.brand, id).await {
            Ok(mention) => mention,
            Err(StoreError::NotFound) => continue,
            Err(error) => return Err(error.into()),
        };
        if mention.deleted_at.is_none() && authors.insert(mention.author.id) {
            quotes.push(mention);
        }
        if quotes.len() >= most {
            break;
        }
    }
    Ok(quotes)
}
