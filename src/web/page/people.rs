//! `/people` and `/people/{flag}`

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::assess::loud;
use crate::domain::ids::{BrandId, FlagId};
use crate::domain::incident::FlagState;
use crate::store::{Copies, FlagChangeRequest, FlagRow, MentionFilter, StoreError};
use crate::web::chart::curve::Mark;
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::{Live, Place, Scope};
use crate::web::link::Link;
use crate::web::state::WebState;
use crate::web::view::incident::marks;
use crate::web::view::people::{Notice, PeoplePage, PersonPage, Queue, person_link, tab_link};
use crate::web::view::problem::{ConflictPage, VersionRow};

use super::{BrandQuery, asked_brand, lead_to};

/// People on one page of the queue.
const SHOWN: i64 = 100;
/// Mentions on a person's page.
const MENTIONS: i64 = 200;
/// Incidents whose marks are drawn on a person's page.
const INCIDENTS: usize = 3;

/// The query of the queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct QueueQuery {
    brand: Option<String>,
    state: String,
    done: String,
}

/// Who needs us next?
pub async fn queue(State(state): State<WebState>, Query(query): Query<QueueQuery>) -> Result<impl IntoResponse, WebError> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let shown = FlagState::parse(&query.state).unwrap_or(FlagState::Open);
    let counts = state.store.flag_counts(scope.brand.id).await?;
    let people = state.store.flags(scope.brand.id, Some(shown), SHOWN).await?;
    let notice = match query.done.parse::<FlagId>() {
        Ok(id) => just_done(&state, id, scope.brand.id).await?,
        Err(_) => None,
    };
    let incident = state.store.incidents(scope.brand.id).await?.into_iter().find(|i| i.closed_at.is_none());
    let span = incident.map_or_else(|| loud::recent(scope.now), |i| loud::since(i.started_at, scope.now));
    let voices = loud::voices(&state.store, scope.brand.id, span).await?;
    failure::page(&PeoplePage::new(&scope, Queue { state: shown, counts, people, notice, voices }))
}

/// The notice, unless the flag has moved on since.
async fn just_done(state: &WebState, id: FlagId, brand: BrandId) -> Result<Option<Notice>, WebError> {
    match state.store.flag(id).await {
        Ok(row) if row.flag.brand == brand && row.flag.state == FlagState::Done => Ok(Some(Notice::done(&row))),
        Ok(_) | Err(StoreError::NotFound) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What happened with this person?
pub async fn person(State(state): State<WebState>, Path(id): Path<FlagId>, Query(query): Query<BrandQuery>) -> Result<Response, WebError> {
    let row = state.store.flag(id).await?;
    let scope = scope_of(&state, &row, query.brand.as_deref()).await?;
    if row.case.is_some() {
        return Ok(Redirect::to(&person_link(&scope, &row).to_string()).into_response());
    }
    let theirs = MentionFilter { brand: row.flag.brand, author: Some(row.flag.author), copies: Copies::Show, ..MentionFilter::default() };
    let mentions = state.store.mentions(&theirs, None, MENTIONS).await?;
    let marks = recent_marks(&state, row.flag.brand).await?;
    let limit = usize::try_from(MENTIONS).unwrap_or(usize::MAX);
    Ok(failure::page(&PersonPage::new(&scope, &row, &mentions, &marks, limit))?.into_response())
}

/// A flag belongs to one brand: another one in the address is a wrong address.
async fn scope_of(state: &WebState, row: &FlagRow, asked: Option<&str>) -> Result<Scope, WebError> {
    match asked_brand(asked)? {
        Some(brand) if brand != row.flag.brand => Err(WebError::NotFound),
        _ => state.scope(Some(row.flag.brand)).await,
    }
}

async fn recent_marks(state: &WebState, brand: BrandId) -> Result<Vec<Mark>, WebError> {
    let mut all = Vec::new();
    for incident in state.store.incidents(brand).await?.iter().take(INCIDENTS) {
        all.extend(marks(incident, &state.store.updates(incident.id).await?, None));
    }
    Ok(all)
}

/// What the forms of a row send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FlagForm {
    version: i64,
    action: String,
    who: String,
    owner: String,
    note: String,
    tab: String,
}

/// Assign, note, done, reopen.
pub async fn change(State(state): State<WebState>, Path(id): Path<FlagId>, Form(form): Form<FlagForm>) -> Result<Response, WebError> {
    let row = state.store.flag(id).await?;
    let scope = state.scope(Some(row.flag.brand)).await?;
    let wanted = wanted(&row, &form)?;
    match state.store.change_flag_as(&who(&form), (id, form.version), wanted.clone(), scope.now).await {
        Ok(()) => {
            state.live.edited();
            Ok(lead_to(&back(&scope, id, &form)).into_response())
        }
        Err(StoreError::Conflict) => {
            // Read again: it may have changed once more since.
            let theirs = state.store.flag(id).await?;
            failure::conflict(&conflict(&scope, &theirs, &wanted, &form))
        }
        Err(error) => Err(error.into()),
    }
}

/// Whoever takes somebody without giving a name took them for themselves.
fn who(form: &FlagForm) -> String {
    let who = forms::text(&form.who, 100);
    if who.is_empty() && form.action == "assign" { forms::text(&form.owner, 100) } else { who }
}

/// The row with what the form changes of it.
fn wanted(row: &FlagRow, form: &FlagForm) -> Result<FlagChangeRequest, WebError> {
    let flag = &row.flag;
    let (owner, note) = (flag.owner.clone(), flag.note.clone());
    Ok(match form.action.as_str() {
        "assign" => FlagChangeRequest { state: FlagState::Assigned, owner: forms::needed(&form.owner, 100, "Who takes it")?, note },
        "note" => FlagChangeRequest { state: flag.state, owner, note: forms::text(&form.note, 4000) },
        "done" => FlagChangeRequest { state: FlagState::Done, owner, note },
        "reopen" => {
            let state = if owner.is_empty() { FlagState::Open } else { FlagState::Assigned };
            FlagChangeRequest { state, owner, note }
        }
        _ => return Err(WebError::Bad("The form did not say what to do.".to_owned())),
    })
}

fn back(scope: &Scope, id: FlagId, form: &FlagForm) -> Link {
    if form.tab == "person" {
        return scope.link(format!("/people/{id}"));
    }
    let tab = tab_link(scope, FlagState::parse(&form.tab).unwrap_or(FlagState::Open));
    if form.action == "done" { tab.with("done", &id) } else { tab.at(format!("flag-{id}")) }
}

fn conflict(scope: &Scope, theirs: &FlagRow, wanted: &FlagChangeRequest, form: &FlagForm) -> ConflictPage {
    let flag = &theirs.flag;
    ConflictPage {
        layout: scope.layout("Not saved yet", Place::People, Live::Off),
        rows: vec![
            VersionRow::new("State", flag.state.shown(), wanted.state.shown()),
            VersionRow::new("Taken by", flag.owner.clone(), wanted.owner.clone()),
            VersionRow::new("Note", flag.note.clone(), wanted.note.clone()),
        ],
        action: Link::to(format!("/people/{}", flag.id)),
        fields: vec![
            ("version", flag.version.to_string()),
            ("action", form.action.clone()),
            ("who", form.who.clone()),
            ("owner", form.owner.clone()),
            ("note", form.note.clone()),
            ("tab", form.tab.clone()),
        ],
        back: back(scope, flag.id, &FlagForm { action: String::new(), tab: form.tab.clone(), ..FlagForm::default() }),
    }
}
