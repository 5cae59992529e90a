//! `/mentions`

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;

use crate::domain::filter::About;
use crate::domain::ids::{MentionId, ThemeId};
use crate::domain::post::Mention;
use crate::domain::sentiment::Label;
use crate::store::{Copies, MentionCursor, MentionFilter, OtherBrands, StoreError};
use crate::web::failure::{self, WebError};
use crate::web::layout::Scope;
use crate::web::query::{MentionQuery, Place, Wanted};
use crate::web::state::WebState;
use crate::web::view;
use crate::web::view::mentions::{Found, MentionsPage, Offered};

use super::{asked_brand, lead_to};

/// Mentions on one page.
const SHOWN: usize = 50;

/// Show me.
pub async fn list(State(state): State<WebState>, RawQuery(raw): RawQuery) -> Result<impl IntoResponse, WebError> {
    let raw = raw.unwrap_or_default();
    let scope = state.scope(asked_brand(value_of(&raw, "brand").as_deref())?).await?;
    let query = MentionQuery::parse(&raw);
    let corrected = just_corrected(&state, &scope, value_of(&raw, "corrected")).await?;
    let marked = just_marked(&state, &scope, value_of(&raw, "marked")).await?;
    let found = Found { corrected, marked, ..find(&state, &scope, &query).await? };
    let offered = offered(&state, &scope, &query, &found).await?;
    failure::page(&MentionsPage::new(&scope, &query, &offered, &found))
}

/// One value of an address.
pub fn value_of(raw: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(raw.as_bytes()).find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

/// The mention of the notice, unless the correction was taken back since.
async fn just_corrected(state: &WebState, scope: &Scope, id: Option<String>) -> Result<Option<Mention>, WebError> {
    let Some(id) = id.and_then(|id| id.parse().ok()) else {
        return Ok(None);
    };
    match state.store.mention(scope.brand.id, id).await {
        Ok(mention) => Ok(Some(mention).filter(|m| m.corrected.is_some())),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The mention of the notice, unless the mark was taken back since.
async fn just_marked(state: &WebState, scope: &Scope, id: Option<String>) -> Result<Option<(Mention, About)>, WebError> {
    let Some(id) = id.and_then(|id| id.parse().ok()) else {
        return Ok(None);
    };
    let mark = state.store.brand_standings(scope.brand.id, &[id]).await?.get(&id).and_then(|standing| standing.mark);
    match (state.store.mention(scope.brand.id, id).await, mark) {
        (Ok(mention), Some(about)) => Ok(Some((mention, about))),
        (Ok(_), None) | (Err(StoreError::NotFound), _) => Ok(None),
        (Err(error), _) => Err(error.into()),
    }
}

/// The search as the store takes it. Pages, exports and the API share it.
pub fn filter(query: &MentionQuery, scope: &Scope) -> MentionFilter {
    let given = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    MentionFilter {
        brand: scope.brand.id,
        span: query.span(scope.now),
        label: match query.wanted() {
            Some(Wanted::Label(label)) => Some(label),
            _ => None,
        },
        unscored_only: query.wanted() == Some(Wanted::Unscored),
        source: query.source.parse().ok(),
        platform: given(&query.platform),
        lang: given(&query.lang),
        author: query.author.parse().ok(),
        search: given(&query.q),
        copies: match query.copies.as_str() {
            "show" => Copies::Show,
            "only" => Copies::Only,
            _ => Copies::Hide,
        },
        theme: query.theme.parse().ok(),
        other_brands: match query.hidden.as_str() {
            "1" => OtherBrands::Only,
            "audit" => OtherBrands::Audit,
            _ => OtherBrands::Hide,
        },
        min_severity: (query.severity == "very").then_some(f64::from(scope.very)),
    }
}

/// A place in the list as the store takes it.
pub fn cursor(text: &str) -> Option<MentionCursor> {
    let place: Place = text.parse().ok()?;
    Some(MentionCursor { created_at: place.created_at, id: place.id })
}

async fn find(state: &WebState, scope: &Scope, query: &MentionQuery) -> Result<Found, WebError> {
    let filter = filter(query, scope);
    let one_more = i64::try_from(SHOWN + 1).unwrap_or(i64::MAX);
    let (before, after) = (cursor(&query.before), cursor(&query.after));
    let mut page = if after.is_some() {
        state.store.mentions_oldest_first(&filter, after, one_more).await?
    } else {
        state.store.mentions(&filter, before, one_more).await?
    };
    let further = page.len() > SHOWN;
    page.truncate(SHOWN);
    if after.is_some() {
        page.reverse();
    }
    // A page reached from one side has something on that side.
    let (older, newer) = if after.is_some() { (true, further) } else { (further, before.is_some()) };
    let totals = state.store.totals(scope.brand.id).await?;
    let ids: Vec<MentionId> = page.iter().map(|m| m.id).collect();
    Ok(Found {
        standings: state.store.brand_standings(scope.brand.id, &ids).await?,
        drawn: state.store.drawn_one_in(&ids).await?,
        mentions: with_copies(state, page).await?,
        older,
        newer,
        ever: (totals.mentions, totals.authors),
        hidden: state.store.hidden_count(scope.brand.id).await?,
        filter: state.store.brand_filter(scope.brand.id).await?.map(|state| state.report),
        ..Found::default()
    })
}

async fn with_copies(state: &WebState, page: Vec<Mention>) -> Result<Vec<(Mention, i64)>, WebError> {
    let mut out = Vec::with_capacity(page.len());
    for mention in page {
        let copies = if mention.copy_of.is_none() { state.store.copies_of(mention.id).await? } else { 0 };
        out.push((mention, copies));
    }
    Ok(out)
}

async fn offered(state: &WebState, scope: &Scope, query: &MentionQuery, found: &Found) -> Result<Offered, WebError> {
    let sources: Vec<_> = state.store.source_health().await?.into_iter().filter(|s| s.spec.brand == scope.brand.id).collect();
    let kinds = sources.iter().map(|s| s.spec.kind.as_str().to_owned()).filter(|k| k != "import");
    let seen = found.mentions.iter().map(|(m, _)| m.key.platform().to_owned());
    let chosen = Some(query.platform.clone()).filter(|p| !p.is_empty());
    let platforms: BTreeSet<String> = kinds.chain(seen).chain(chosen).collect();
    let mut languages = state.store.languages(scope.brand.id).await?;
    if !query.lang.is_empty() && !languages.iter().any(|(l, _)| *l == query.lang) {
        languages.push((query.lang.clone(), 0));
    }
    Ok(Offered {
        theme: theme_words(state, &query.theme).await?,
        sources: sources.into_iter().map(|s| (s.id.to_string(), s.spec.name)).collect(),
        platforms: platforms.into_iter().collect(),
        languages,
    })
}

/// What the asked theme is called; `None` without one, or when it is no theme any more.
async fn theme_words(state: &WebState, id: &str) -> Result<Option<String>, WebError> {
    let Ok(id) = id.parse::<ThemeId>() else { return Ok(None) };
    match state.store.theme(id).await {
        Ok(theme) => Ok(Some(view::themes::name(&theme))),
        Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What the buttons of a row send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LabelForm {
    brand: Option<String>,
    label: String,
    back: String,
}

/// Corrects a label, or takes the correction back.
pub async fn label(State(state): State<WebState>, Path(id): Path<MentionId>, Form(form): Form<LabelForm>) -> Result<Redirect, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    let label: Option<Label> = match form.label.as_str() {
        "none" => None,
        word => Some(word.parse().map_err(|_| WebError::Bad("A label is negative, neutral or positive.".to_owned()))?),
    };
    state.store.mention(scope.brand.id, id).await?;
    state.store.correct_label(id, label, scope.now).await?;
    state.live.edited();
    let corrected = label.map_or_else(String::new, |_| id.to_string());
    let back = MentionQuery::parse(&form.back).link(&scope, "/mentions").with("corrected", &corrected);
    Ok(lead_to(&back.at(format!("m-{id}"))))
}

/// What the buttons of a row send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct BrandForm {
    brand: Option<String>,
    about: String,
    back: String,
}

/// Says whose brand a mention is about, or takes that back.
pub async fn brand(State(state): State<WebState>, Path(id): Path<MentionId>, Form(form): Form<BrandForm>) -> Result<Redirect, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    let about = asked_about(&form.about)?;
    state.store.mark_brand(scope.brand.id, id, about, scope.now).await?;
    state.live.edited();
    let marked = about.map_or_else(String::new, |_| id.to_string());
    let back = MentionQuery::parse(&form.back).link(&scope, "/mentions").with("marked", &marked);
    Ok(lead_to(&back.at(format!("m-{id}"))))
}

/// The word of a form or of the API; `undo` takes a mark back.
pub fn asked_about(word: &str) -> Result<Option<About>, WebError> {
    match word {
        "undo" => Ok(None),
        word => About::parse(word).map(Some).ok_or_else(|| WebError::Bad("A mention is about `other`, `this`, or `undo`.".to_owned())),
    }
}
