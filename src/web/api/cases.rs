//! `/api/v1/cases`, `/api/v1/authors`: who is looked after, and how it stands.

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::domain::case::{CaseEvent, CaseEventKind, CaseReason, CaseState, Customer, Proposal};
use crate::domain::ids::{AuthorId, CaseId, IncidentId};
use crate::domain::post::Author;
use crate::domain::time::Millis;
use crate::store::{CaseFilter, CaseRow, Copies, MentionFilter};
use crate::web::failure::WebError;
use crate::web::page::asked_brand;
use crate::web::page::case::{CaseForm, step};
use crate::web::page::mentions::cursor;
use crate::web::query::Place;
use crate::web::state::WebState;

use super::input::{Input, needed};
use super::shapes::MentionShape;
use super::{Answer, Items, MOST, Problem, USUAL};

/// Events in the answer about one case.
const EVENTS: i64 = 1_000;

/// The query of a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct CasesQuery {
    brand: Option<String>,
    incident: Option<String>,
    state: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseShape {
    id: String,
    incident: String,
    incident_title: String,
    author: AuthorShape,
    #[schema(value_type = String)]
    state: CaseState,
    owner: String,
    due_at: Option<String>,
    overdue: bool,
    priority: f64,
    #[schema(value_type = Vec<Object>)]
    reasons: Vec<CaseReason>,
    #[schema(value_type = Option<Object>)]
    proposal: Option<Proposal>,
    sent_at: Option<String>,
    opened_at: String,
    updated_at: String,
    version: i64,
}

/// One change of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventShape {
    at: String,
    who: String,
    #[schema(value_type = String)]
    kind: CaseEventKind,
    #[schema(value_type = String)]
    from: CaseState,
    #[schema(value_type = String)]
    to: CaseState,
    text: String,
    via: String,
}

/// A case with its history, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeCaseShape {
    #[serde(flatten)]
    case: CaseShape,
    events: Vec<EventShape>,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuthorShape {
    id: String,
    platform: String,
    instance: String,
    handle: String,
    name: String,
    url: Option<String>,
    followers: Option<i64>,
    bot: bool,
}

/// An account with what is known of the person behind it, and a page of their mentions.
#[derive(Debug, Serialize, ToSchema)]
pub struct WholeAuthorShape {
    #[serde(flatten)]
    author: AuthorShape,
    #[schema(value_type = Option<Object>)]
    customer: Option<Customer>,
    linked: Vec<AuthorShape>,
    cases: Vec<CaseShape>,
    mentions: Items<MentionShape>,
}

fn time(at: Option<Millis>) -> Option<String> {
    at.map(Millis::to_rfc3339)
}

impl From<Author> for AuthorShape {
    fn from(a: Author) -> Self {
        Self {
            id: a.id.to_string(),
            platform: a.platform,
            instance: a.instance,
            handle: a.handle,
            name: a.name,
            url: a.url,
            followers: a.followers,
            bot: a.bot,
        }
    }
}

impl CaseShape {
    fn new(row: CaseRow, now: Millis) -> Self {
        let case = row.case;
        Self {
            overdue: case.is_overdue(now),
            id: case.id.to_string(),
            incident: case.incident.to_string(),
            incident_title: row.incident_title,
            author: row.author.into(),
            state: case.state,
            owner: case.owner,
            due_at: time(case.due_at),
            priority: case.priority,
            reasons: case.reasons,
            proposal: case.proposal,
            sent_at: time(case.sent_at),
            opened_at: case.opened_at.to_rfc3339(),
            updated_at: case.updated_at.to_rfc3339(),
            version: case.version,
        }
    }
}

impl From<CaseEvent> for EventShape {
    fn from(e: CaseEvent) -> Self {
        Self { at: e.at.to_rfc3339(), who: e.who, kind: e.kind, from: e.from, to: e.to, text: e.text, via: e.via }
    }
}

/// A value of the query, or which one makes no sense.
fn given<T>(value: Option<&str>, name: &str, read: impl Fn(&str) -> Option<T>) -> Result<Option<T>, WebError> {
    match value {
        None | Some("") => Ok(None),
        Some(text) => read(text).map(Some).ok_or_else(|| WebError::Bad(format!("The {name} is none that this list knows."))),
    }
}

/// Cuts off the one more that was asked for, and says where the next page begins.
fn page<T>(mut found: Vec<T>, limit: i64, place: impl Fn(&T) -> String) -> (Vec<T>, Option<String>) {
    let more = i64::try_from(found.len()).unwrap_or(0) > limit;
    found.truncate(usize::try_from(limit).unwrap_or(0));
    let next = found.last().filter(|_| more).map(place);
    (found, next)
}

/// Cases, newest first; `incident` and `state` narrow the list.
#[utoipa::path(get, path = "/cases", tag = "people", operation_id = "cases",
    params(CasesQuery),
    responses((status = 200, body = Items<CaseShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(state): State<WebState>, Query(query): Query<CasesQuery>) -> Answer<Items<CaseShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let filter = CaseFilter {
        brand: scope.brand.id,
        incident: given(query.incident.as_deref(), "incident", |t| t.parse::<IncidentId>().ok())?,
        state: given(query.state.as_deref(), "state", CaseState::parse)?,
        author: None,
    };
    let after = given(query.cursor.as_deref(), "cursor", |t| t.parse::<CaseId>().ok())?;
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let (found, next) = page(state.store.cases(&filter, after, limit + 1).await?, limit, |row| row.case.id.to_string());
    Ok(Json(Items { items: found.into_iter().map(|row| CaseShape::new(row, scope.now)).collect(), next }))
}

/// One case, with everything that happened to it.
#[utoipa::path(get, path = "/cases/{id}", tag = "people", operation_id = "case",
    params(("id" = String, Path)),
    responses((status = 200, body = WholeCaseShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn one(State(state): State<WebState>, Path(id): Path<CaseId>) -> Answer<WholeCaseShape> {
    let row = state.store.case(id).await?;
    let events = state.store.case_events(id, EVENTS).await?;
    let case = CaseShape::new(row, state.clock.now());
    Ok(Json(WholeCaseShape { case, events: events.into_iter().map(EventShape::from).collect() }))
}

/// The query about one author.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct AuthorQuery {
    brand: Option<String>,
    cursor: Option<String>,
    limit: Option<i64>,
}

/// Whose name.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct NamedQuery {
    brand: Option<String>,
    /// A whole handle or shown name, at most 100 characters; case tells none apart.
    named: String,
    /// Items, 1 to 500; 100 when left out.
    limit: Option<i64>,
}

/// Accounts with that handle or name: those that a case's page offers for linking.
#[utoipa::path(get, path = "/authors", tag = "people", operation_id = "authors", params(NamedQuery),
    responses((status = 200, body = Items<AuthorShape>), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn named(State(state): State<WebState>, Query(query): Query<NamedQuery>) -> Answer<Items<AuthorShape>> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let named = needed(&query.named, 100, "named")?;
    let found = state.store.authors_named(scope.brand.id, &named, query.limit.unwrap_or(USUAL).clamp(1, MOST)).await?;
    Ok(Json(Items::all(found.into_iter().map(AuthorShape::from).collect())))
}

/// An author: their mentions newest first, page by page, copies too.
#[utoipa::path(get, path = "/authors/{id}", tag = "people", operation_id = "author",
    params(("id" = String, Path), AuthorQuery),
    responses((status = 200, body = WholeAuthorShape), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn author(State(state): State<WebState>, Path(id): Path<AuthorId>, Query(query): Query<AuthorQuery>) -> Answer<WholeAuthorShape> {
    let scope = state.scope(asked_brand(query.brand.as_deref())?).await?;
    let store = &state.store;
    let author = store.author(id).await?;
    let after = given(query.cursor.as_deref(), "cursor", cursor)?;
    let limit = query.limit.unwrap_or(USUAL).clamp(1, MOST);
    let theirs = MentionFilter { brand: scope.brand.id, author: Some(id), copies: Copies::Show, ..MentionFilter::default() };
    let found = store.mentions(&theirs, after, limit + 1).await?;
    let (found, next) = page(found, limit, |m| Place { created_at: m.created_at, id: m.id }.to_string());
    let mut items: Vec<MentionShape> = found.into_iter().map(MentionShape::from).collect();
    MentionShape::weigh(store, items.iter_mut()).await?;
    let filter = CaseFilter { brand: scope.brand.id, incident: None, state: None, author: Some(id) };
    let cases = store.cases(&filter, None, MOST).await?;
    Ok(Json(WholeAuthorShape {
        customer: store.customer(&author).await?,
        linked: store.linked_accounts(id).await?.into_iter().map(AuthorShape::from).collect(),
        cases: cases.into_iter().map(|row| CaseShape::new(row, scope.now)).collect(),
        mentions: Items { items, next },
        author: author.into(),
    }))
}

/// One step of the work on a case; what the action does not need may be left out.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CaseStep {
    /// The version that was read.
    version: i64,
    /// `assign` (needs `owner`), `due` (`due_at`), `note` (`text`), `sent` (`text`, `via`, `sent_at`), `not_yet`, `link` and
    /// `unlink` (`author`), or the next state.
    action: String,
    /// Who does it.
    #[serde(default)]
    who: String,
    /// Who takes it.
    #[serde(default)]
    owner: String,
    /// RFC 3339; empty takes it away.
    #[serde(default)]
    due_at: String,
    /// A note, or what was sent.
    #[serde(default)]
    text: String,
    /// How it was sent.
    #[serde(default)]
    via: String,
    /// RFC 3339; now when left out.
    #[serde(default)]
    sent_at: String,
    /// Id of another account of theirs.
    #[serde(default)]
    author: String,
}

/// Takes one step in a case, as its page does.
#[utoipa::path(patch, path = "/cases/{id}", tag = "people", operation_id = "change_case",
    params(("id" = String, Path)), request_body = CaseStep,
    responses((status = 200, body = CaseShape), (status = 409, body = Problem, content_type = "application/problem+json"), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(State(state): State<WebState>, Path(id): Path<CaseId>, Input(input): Input<CaseStep>) -> Answer<CaseShape> {
    let CaseStep { version, action, who, owner, due_at, text, via, sent_at, author } = input;
    let form = CaseForm { version, action, who, owner, due_at, text, via, sent_at, author, ..CaseForm::default() };
    let row = step(&state, id, &form).await?;
    Ok(Json(CaseShape::new(row, state.clock.now())))
}
