//! `/replies`: the templates of reply drafts.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::domain::reply::{self, MAX_NAME, MAX_TEXT, Template};
use crate::store::{Store, StoreError};
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::{Live, Place, Scope};
use crate::web::link::Link;
use crate::web::state::WebState;
use crate::web::view::problem::{ConflictPage, VersionRow};
use crate::web::view::replies::RepliesPage;

use super::{BrandQuery, asked_brand, lead_to};

/// All of them.
pub async fn list(State(state): State<WebState>, Query(query): Query<BrandQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let templates = reply::merge(state.store.reply_templates().await?);
    failure::page(&RepliesPage::new(&scope, &templates))
}

/// What the forms of the page send.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct ReplyForm {
    brand: Option<String>,
    action: String,
    who: String,
    lang: String,
    name: String,
    text: String,
    version: i64,
}

/// Changes a template, adds one, or takes the built-in one back.
pub async fn change(State(state): State<WebState>, Form(form): Form<ReplyForm>) -> Result<Response, WebError> {
    let scope = state.scope(asked_brand(form.brand.as_deref())?).await?;
    let template = read(&form.lang, &form.name, &form.text)?;
    let outcome = match form.action.as_str() {
        "save" => {
            check(&template)?;
            state.store.save_reply_template(&template, form.version, &forms::text(&form.who, 100), scope.now).await
        }
        "reset" => state.store.remove_reply_template(&template.lang, &template.name, form.version).await,
        _ => return Err(WebError::Bad("The form did not say what to do.".to_owned())),
    };
    match outcome {
        Ok(()) => Ok(lead_to(&scope.link("/replies")).into_response()),
        Err(StoreError::Conflict) => {
            let theirs = standing(&state.store, &template.lang, &template.name).await?;
            failure::conflict(&conflict(&scope, theirs.as_ref(), &template, &form))
        }
        Err(error) => Err(error.into()),
    }
}

/// A template as a form or a script names it.
pub fn read(lang: &str, name: &str, text: &str) -> Result<Template, WebError> {
    let lang = forms::needed(lang, 8, "The language")?.to_lowercase();
    if !lang.chars().all(|c| c.is_ascii_alphabetic() || c == '-') {
        return Err(WebError::Bad("The language must be a code such as en, de or pt.".to_owned()));
    }
    let name = forms::needed(name, MAX_NAME, "The name of the template")?;
    Ok(Template { lang, name, text: forms::text(text, MAX_TEXT), changed: None })
}

/// Refuses a template that nobody could send.
pub fn check(template: &Template) -> Result<(), WebError> {
    reply::check(&template.text).map_err(|error| WebError::Bad(format!("{error}.")))?;
    forms::needed(&template.text, MAX_TEXT, "The text").map(drop)
}

/// The template as it counts now: what people made of it, or the built-in one.
pub async fn standing(store: &Store, lang: &str, name: &str) -> Result<Option<Template>, WebError> {
    let stored = reply::merge(store.reply_templates().await?);
    Ok(stored.into_iter().find(|t| t.lang == lang && t.name == name))
}

fn conflict(scope: &Scope, theirs: Option<&Template>, mine: &Template, form: &ReplyForm) -> ConflictPage {
    let version = theirs.and_then(|t| t.changed.as_ref()).map_or(0, |c| c.version);
    ConflictPage {
        layout: scope.layout("Not saved yet", Place::People, Live::Off),
        rows: vec![
            VersionRow::new("Language", mine.lang.clone(), mine.lang.clone()),
            VersionRow::new("Template", mine.name.clone(), mine.name.clone()),
            VersionRow::new("Text", theirs.map_or_else(String::new, |t| t.text.clone()), mine.text.clone()),
        ],
        action: Link::to("/replies"),
        fields: vec![
            ("version", version.to_string()),
            ("action", form.action.clone()),
            ("who", form.who.clone()),
            ("lang", mine.lang.clone()),
            ("name", mine.name.clone()),
            ("text", mine.text.clone()),
        ],
        back: scope.link("/replies"),
    }
}
