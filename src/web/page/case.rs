//! `/cases/{id}`: what happened with this person, and what is done next.

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::domain::case::{CaseEventKind, CaseState};
use crate::domain::ids::{AuthorId, CaseId};
use crate::domain::incident::{FlagState, Incident};
use crate::domain::post::{Author, Mention};
use crate::domain::reply;
use crate::domain::sentiment::Label;
use crate::domain::time::Millis;
use crate::store::{CaseChange, CaseFilter, CaseRow, Copies, MentionFilter, NewCaseEvent, StoreError};
use crate::web::failure::{self, WebError};
use crate::web::forms;
use crate::web::layout::{Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show;
use crate::web::state::WebState;
use crate::web::view::case::{CaseInput, CasePage, VIAS};
use crate::web::view::incident::marks;
use crate::web::view::people::{person_link, tab_link};
use crate::web::view::problem::{ConflictPage, VersionRow};

use super::{asked_brand, lead_to};

/// Mentions of one account on the page.
const MENTIONS: i64 = 200;
/// Events on the page.
const EVENTS: i64 = 200;
/// Accounts offered for linking, and other cases.
const OFFERED: i64 = 10;
/// People of the queue that are looked at for the next one.
const QUEUE: i64 = 100;

/// The query of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CaseQuery {
    brand: Option<String>,
    find: String,
}

/// What happened with this person?
pub async fn one(
    State(state): State<WebState>,
    Path(id): Path<CaseId>,
    Query(query): Query<CaseQuery>,
) -> Result<impl IntoResponse, WebError> {
    let row = state.store.case(id).await?;
    if asked_brand(query.brand.as_deref())?.is_some_and(|b| b != row.case.brand) {
        return Err(WebError::NotFound);
    }
    let scope = state.scope(Some(row.case.brand)).await?;
    failure::page(&CasePage::new(&load(&state, scope, row, &query.find).await?))
}

async fn load(state: &WebState, scope: Scope, row: CaseRow, find: &str) -> Result<CaseInput, WebError> {
    let (store, case) = (&state.store, &row.case);
    let linked = store.linked_accounts(case.author).await?;
    let mut mentions = theirs(state, &row, case.author).await?;
    for account in &linked {
        mentions.extend(theirs(state, &row, account.id).await?);
    }
    mentions.sort_by_key(|m| std::cmp::Reverse((m.created_at, m.id)));
    let incident = store.incident(case.incident).await?;
    let mut others = Vec::new();
    for author in std::iter::once(case.author).chain(linked.iter().map(|l| l.id)) {
        let filter = CaseFilter { brand: case.brand, incident: None, state: None, author: Some(author) };
        others.extend(store.cases(&filter, None, OFFERED + 1).await?);
    }
    others.retain(|other| other.case.id != case.id);
    others.sort_by_key(|other| std::cmp::Reverse(other.case.id));
    let mut unhappy_in = unhappy_in(store.incidents(case.brand).await?, &mentions);
    unhappy_in.retain(|(i, _)| i.id != case.incident && others.iter().all(|other| other.case.incident != i.id));
    let find = forms::text(find, 100);
    let mut found: Vec<Author> = if find.is_empty() { Vec::new() } else { store.authors_named(case.brand, &find, OFFERED).await? };
    found.retain(|a| a.id != case.author && !linked.iter().any(|l| l.id == a.id));
    let queue = store.flags(case.brand, Some(FlagState::Open), QUEUE).await?;
    let next = queue.iter().find(|f| f.flag.id != case.flag);
    Ok(CaseInput {
        events: store.case_events(case.id, EVENTS).await?,
        marks: marks(&incident, &store.updates(incident.id).await?, None),
        customer: store.customer(&row.author).await?,
        templates: reply::merge(store.reply_templates().await?),
        next: next.map(|f| person_link(&scope, f)),
        many: mentions.len() >= usize::try_from(MENTIONS).unwrap_or(usize::MAX),
        incident,
        linked,
        mentions,
        others,
        unhappy_in,
        found,
        find,
        row,
        scope,
    })
}

/// In which incidents these mentions were unhappy, and how many of them.
fn unhappy_in(incidents: Vec<Incident>, mentions: &[Mention]) -> Vec<(Incident, usize)> {
    let unhappy: Vec<Millis> = (mentions.iter())
        .filter(|m| m.label() == Some(Label::Negative) && m.copy_of.is_none() && m.deleted_at.is_none())
        .map(|m| m.created_at)
        .collect();
    let within = |i: &Incident| unhappy.iter().filter(|at| **at >= i.started_at && i.closed_at.is_none_or(|closed| **at <= closed)).count();
    incidents.into_iter().map(|i| (within(&i), i)).filter(|(n, _)| *n > 0).map(|(n, i)| (i, n)).collect()
}

async fn theirs(state: &WebState, row: &CaseRow, author: AuthorId) -> Result<Vec<Mention>, WebError> {
    let filter = MentionFilter { brand: row.case.brand, author: Some(author), copies: Copies::Show, ..MentionFilter::default() };
    Ok(state.store.mentions(&filter, None, MENTIONS).await?)
}

/// What the forms of a case send.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct CaseForm {
    /// The version that was read.
    pub version: i64,
    /// What to do.
    pub action: String,
    /// Who does it.
    pub who: String,
    /// Who takes it.
    pub owner: String,
    /// When it should have moved on.
    pub due_at: String,
    /// A note, or what was sent.
    pub text: String,
    /// How it was sent.
    pub via: String,
    /// When it was sent.
    pub sent_at: String,
    /// Another account of theirs.
    pub author: String,
    /// The page to lead back to.
    pub tab: String,
}

/// One step of the work, or a note.
pub async fn change(State(state): State<WebState>, Path(id): Path<CaseId>, Form(form): Form<CaseForm>) -> Result<Response, WebError> {
    let row = state.store.case(id).await?;
    let scope = state.scope(Some(row.case.brand)).await?;
    let wanted = wanted(&state, &row, &form, scope.now).await?;
    match take_step(&state, &row, &form, &wanted).await {
        Ok(()) => Ok(lead_to(&back(&scope, &row, &form)).into_response()),
        Err(StoreError::Conflict) => {
            let theirs = state.store.case(id).await?;
            failure::conflict(&conflict(&scope, &theirs, &wanted, &form))
        }
        Err(error) => Err(error.into()),
    }
}

async fn take_step(state: &WebState, row: &CaseRow, form: &CaseForm, wanted: &CaseChange) -> Result<(), StoreError> {
    let now = state.clock.now();
    state.store.change_case(row.case.id, form.version, wanted, now).await?;
    link_or_unlink(state, row, form, now).await?;
    state.live.edited();
    Ok(())
}

/// Does what a script asks for.
pub async fn step(state: &WebState, id: CaseId, form: &CaseForm) -> Result<CaseRow, WebError> {
    let row = state.store.case(id).await?;
    let wanted = wanted(state, &row, form, state.clock.now()).await?;
    take_step(state, &row, form, &wanted).await?;
    Ok(state.store.case(id).await?)
}

/// What the form asks for, if it may be done.
async fn wanted(state: &WebState, row: &CaseRow, form: &CaseForm, now: Millis) -> Result<CaseChange, WebError> {
    let case = &row.case;
    let bad = |error: crate::domain::case::BadMove| WebError::Bad(format!("{}.", sentence_case(&error.to_string())));
    let (mut owner, mut due_at, mut at, mut via) = (case.owner.clone(), case.due_at, now, String::new());
    let mut who = forms::text(&form.who, 100);
    let mut text = forms::text(&form.text, 4000);
    let (next, kind) = match form.action.as_str() {
        "assign" => {
            owner = forms::needed(&form.owner, 100, "Who takes it")?;
            if who.is_empty() {
                who.clone_from(&owner);
            }
            text.clone_from(&owner);
            let next = if case.state == CaseState::New || case.state.is_ended() { CaseState::Assigned } else { case.state };
            (case.state.to(next).map_err(bad)?, CaseEventKind::Assigned)
        }
        "due" => {
            due_at = forms::time(&form.due_at, "Due")?;
            text = due_at.map_or_else(|| "no due time".to_owned(), show::exact);
            (case.state, CaseEventKind::Due)
        }
        "note" => {
            text = forms::needed(&form.text, 4000, "The note")?;
            (case.state, CaseEventKind::Note)
        }
        "not_yet" => (case.state, CaseEventKind::NotYet),
        "sent" => {
            text = forms::needed(&form.text, 4000, "What was sent")?;
            at = sent_at(form, now)?;
            via = VIAS.iter().find(|(word, _)| *word == form.via).map_or("other", |(word, _)| word).to_owned();
            let first = !matches!(case.state, CaseState::Contacted | CaseState::Answered);
            let next = if first { CaseState::Contacted } else { case.state };
            (case.state.to(next).map_err(bad)?, CaseEventKind::Sent)
        }
        "link" | "unlink" => {
            let other = state.store.author(other_author(form)?).await?;
            text = show::one_line(&format!("{} on {}", other.shown(), show::platform(&other.platform)), 200);
            (case.state, if form.action == "link" { CaseEventKind::Linked } else { CaseEventKind::Unlinked })
        }
        word => {
            let next = CaseState::parse(word).ok_or_else(|| WebError::Bad("The form did not say what to do.".to_owned()))?;
            if owner.is_empty() && next.flag() == FlagState::Assigned {
                owner.clone_from(&who);
            }
            (case.state.to(next).map_err(bad)?, CaseEventKind::Moved)
        }
    };
    Ok(CaseChange { state: next, owner, due_at, event: NewCaseEvent { at, who, kind, text, via } })
}

fn sentence_case(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// When it was sent; fields show minutes, so the minute under way is now.
fn sent_at(form: &CaseForm, now: Millis) -> Result<Millis, WebError> {
    let at = forms::time(&form.sent_at, "Sent")?.unwrap_or(now);
    let same_minute = at.get().div_euclid(60_000) == now.get().div_euclid(60_000);
    match at {
        _ if same_minute => Ok(now),
        at if at > now => Err(WebError::Bad("It cannot have been sent in the future. Times in this form are UTC.".to_owned())),
        at => Ok(at),
    }
}

fn other_author(form: &CaseForm) -> Result<AuthorId, WebError> {
    form.author.parse().map_err(|_| WebError::Bad("The form did not say which account.".to_owned()))
}

/// After the event is kept, so that a conflict links nothing.
async fn link_or_unlink(state: &WebState, row: &CaseRow, form: &CaseForm, now: Millis) -> Result<(), StoreError> {
    match (form.action.as_str(), other_author(form)) {
        ("link", Ok(other)) => state.store.link_accounts(row.case.author, other, &forms::text(&form.who, 100), now).await,
        ("unlink", Ok(other)) => state.store.unlink_account(other).await,
        // Whose account it is was checked with the rest of the form.
        _ => Ok(()),
    }
}

fn back(scope: &Scope, row: &CaseRow, form: &CaseForm) -> Link {
    match FlagState::parse(&form.tab) {
        Some(tab) => tab_link(scope, tab).at(format!("flag-{}", row.case.flag)),
        None => scope.link(format!("/cases/{}", row.case.id)),
    }
}

fn conflict(scope: &Scope, theirs: &CaseRow, wanted: &CaseChange, form: &CaseForm) -> ConflictPage {
    let case = &theirs.case;
    let time = |at: Option<Millis>| at.map_or_else(String::new, show::exact);
    ConflictPage {
        layout: scope.layout("Not saved yet", Place::People, Live::Off),
        rows: vec![
            VersionRow::new("State", case.state.shown(), wanted.state.shown()),
            VersionRow::new("Taken by", case.owner.clone(), wanted.owner.clone()),
            VersionRow::new("Due", time(case.due_at), time(wanted.due_at)),
            VersionRow::new("Your words", "", wanted.event.text.clone()),
        ],
        action: Link::to(format!("/cases/{}", case.id)),
        fields: vec![
            ("version", case.version.to_string()),
            ("action", form.action.clone()),
            ("who", form.who.clone()),
            ("owner", form.owner.clone()),
            ("due_at", form.due_at.clone()),
            ("text", form.text.clone()),
            ("via", form.via.clone()),
            ("sent_at", form.sent_at.clone()),
            ("author", form.author.clone()),
            ("tab", form.tab.clone()),
        ],
        back: back(scope, theirs, form),
    }
}

/// What an open page tells of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LookForm {
    who: String,
    key: String,
}

/// Who else looks, and whether the page is behind.
#[derive(Debug, Serialize)]
pub struct Looking {
    others: Vec<String>,
    version: i64,
}

/// An open page says that it is there.
pub async fn look(State(state): State<WebState>, Path(id): Path<CaseId>, Form(form): Form<LookForm>) -> Result<Json<Looking>, WebError> {
    let version = state.store.case(id).await?.case.version;
    let (key, who) = (forms::text(&form.key, 40), show::one_line(&form.who, 60));
    Ok(Json(Looking { others: state.presence.look(id, &key, &who, Instant::now()), version }))
}
