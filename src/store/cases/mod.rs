//! Cases: the file of one author in one incident.
//!
//! The queue of people is `flags`. A flag in an open incident has a case, to which `flags.case_id` points, and state and
//! owner of both change in one transaction, whichever of the two a person works on.

mod change;
mod facts;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::row::{Cells, json, readable};
use super::{Result, Store, StoreError, authors};
use crate::domain::case::{Case, CaseEvent, CaseEventKind, CaseReason, CaseState, Proposal};
use crate::domain::ids::{AuthorId, BrandId, CaseId, FlagId, IncidentId};
use crate::domain::post::Author;
use crate::domain::time::Millis;

pub use change::{CaseChange, NewCaseEvent};
pub(super) use change::{Follow, follow_flag, reopen};
pub use facts::{CaseFacts, CaseRank};

/// A case with what a page shows beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseRow {
    /// The case.
    pub case: Case,
    /// Its author.
    pub author: Author,
    /// Title of its incident.
    pub incident_title: String,
    /// When the incident was closed.
    pub incident_closed_at: Option<Millis>,
}

/// What the queue shows of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseBrief {
    /// Row id.
    pub id: CaseId,
    /// Where the work stands.
    pub state: CaseState,
    /// Its version.
    pub version: i64,
    /// When it should have moved on.
    pub due_at: Option<Millis>,
    /// 0..=1: its place in the queue.
    pub priority: f64,
    /// Why, weightiest first.
    pub reasons: Vec<CaseReason>,
    /// A step that their later mentions speak for.
    pub proposal: Option<Proposal>,
}

/// Which cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaseFilter {
    /// The brand.
    pub brand: BrandId,
    /// In this incident.
    pub incident: Option<IncidentId>,
    /// In this state.
    pub state: Option<CaseState>,
    /// Of this author.
    pub author: Option<AuthorId>,
}

const SELECT: &str = "
select
    c.id,
    c.brand_id,
    c.incident_id,
    c.flag_id,
    c.state,
    c.owner,
    c.due_at,
    c.priority,
    c.reasons,
    c.since_at,
    c.sent_at,
    c.proposal,
    c.opened_at,
    c.updated_at,
    c.version,
    i.title as incident_title,
    i.closed_at as incident_closed_at,
    c.author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot
from cases c
join authors a
    on a.id = c.author_id
join incidents i
    on i.id = c.incident_id";

/// The columns of [`read_brief`], for a statement that joins `cases` as `c`.
pub(super) const BRIEF: &str = "
    c.id as case_id,
    c.state as case_state,
    c.version as case_version,
    c.due_at as case_due_at,
    c.priority as case_priority,
    c.reasons as case_reasons,
    c.proposal as case_proposal";

const EVENTS: &str = "
select
    at,
    who,
    kind,
    from_state,
    to_state,
    text,
    via
from case_events
where case_id = $1
order by id desc
limit $2";

const STATES: &str = "
select
    state,
    count(*) as cases
from cases
where incident_id = $1
group by state";

impl Store {
    /// One case.
    pub async fn case(&self, id: CaseId) -> Result<CaseRow> {
        let sql = AssertSqlSafe(format!("{SELECT} where c.id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        read_row(&row.ok_or(StoreError::NotFound)?)
    }

    /// Cases, the newest first, those opened before `after`.
    pub async fn cases(&self, filter: &CaseFilter, after: Option<CaseId>, limit: i64) -> Result<Vec<CaseRow>> {
        let sql = format!(
            "{SELECT} where c.brand_id = $1 and c.id < $2 and ($3 = 0 or c.incident_id = $3) and ($4 = '' or c.state = $4)
             and ($5 = 0 or c.author_id = $5) order by c.id desc limit $6"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(filter.brand.get())
            .bind(after.map_or(i64::MAX, CaseId::get))
            .bind(filter.incident.map_or(0, IncidentId::get))
            .bind(filter.state.map_or("", CaseState::as_str))
            .bind(filter.author.map_or(0, AuthorId::get))
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(read_row).collect()
    }

    /// The newest `limit` events of a case, newest first.
    pub async fn case_events(&self, id: CaseId, limit: i64) -> Result<Vec<CaseEvent>> {
        let rows = sqlx::query(EVENTS).bind(id.get()).bind(limit.max(0)).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let word = |column| Ok::<_, StoreError>((row.text(column)?, ("case_events", column, id.get())));
                let state = |column| word(column).and_then(|(w, cell)| readable(CaseState::parse(&w), cell));
                let (kind, cell) = word("kind")?;
                Ok(CaseEvent {
                    at: row.at("at")?,
                    who: row.text("who")?,
                    kind: readable(CaseEventKind::parse(&kind), cell)?,
                    from: state("from_state")?,
                    to: state("to_state")?,
                    text: row.text("text")?,
                    via: row.text("via")?,
                })
            })
            .collect()
    }

    /// How many cases of an incident are in each state; states without one are left out.
    pub async fn case_states(&self, incident: IncidentId) -> Result<Vec<(CaseState, i64)>> {
        let rows = sqlx::query(STATES).bind(incident.get()).fetch_all(&self.readers).await?;
        let mut states = Vec::with_capacity(rows.len());
        for row in &rows {
            let state = CaseState::parse(&row.text("state")?);
            states.push((readable(state, ("cases", "state", incident.get()))?, row.int("cases")?));
        }
        states.sort_by_key(|(state, _)| CaseState::ALL.iter().position(|s| s == state));
        Ok(states)
    }
}

fn read_row(row: &AnyRow) -> Result<CaseRow> {
    Ok(CaseRow {
        case: read(row)?,
        author: authors::read(row)?,
        incident_title: row.text("incident_title")?,
        incident_closed_at: row.maybe_at("incident_closed_at")?,
    })
}

pub(super) fn read(row: &AnyRow) -> Result<Case> {
    let id = row.int("id")?;
    Ok(Case {
        id: CaseId::new(id),
        brand: BrandId::new(row.int("brand_id")?),
        incident: IncidentId::new(row.int("incident_id")?),
        author: AuthorId::new(row.int("author_id")?),
        flag: FlagId::new(row.int("flag_id")?),
        state: readable(CaseState::parse(&row.text("state")?), ("cases", "state", id))?,
        owner: row.text("owner")?,
        due_at: row.maybe_at("due_at")?,
        priority: row.real("priority")?,
        reasons: json(&row.text("reasons")?, ("cases", "reasons", id))?,
        since_at: row.at("since_at")?,
        sent_at: row.maybe_at("sent_at")?,
        proposal: proposal(&row.text("proposal")?, id)?,
        opened_at: row.at("opened_at")?,
        updated_at: row.at("updated_at")?,
        version: row.int("version")?,
    })
}

fn proposal(text: &str, id: i64) -> Result<Option<Proposal>> {
    if text.is_empty() { Ok(None) } else { json(text, ("cases", "proposal", id)).map(Some) }
}

/// Reads the columns of [`BRIEF`]; `None` where no case was joined.
pub(super) fn read_brief(row: &AnyRow) -> Result<Option<CaseBrief>> {
    let Some(id) = row.maybe_int("case_id")? else { return Ok(None) };
    Ok(Some(CaseBrief {
        id: CaseId::new(id),
        state: readable(CaseState::parse(&row.text("case_state")?), ("cases", "state", id))?,
        version: row.int("case_version")?,
        due_at: row.maybe_at("case_due_at")?,
        priority: row.real("case_priority")?,
        reasons: json(&row.text("case_reasons")?, ("cases", "reasons", id))?,
        proposal: proposal(&row.text("case_proposal")?, id)?,
    }))
}
