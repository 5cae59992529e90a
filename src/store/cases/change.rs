//! Cases are opened, changed by people, and follow their flags. Each change is an event.

use sqlx::AssertSqlSafe;

use super::{SELECT, read};
use crate::domain::case::{Case, CaseEventKind, CaseState};
use crate::domain::ids::{CaseId, FlagId, IncidentId};
use crate::domain::incident::{Flag, FlagState};
use crate::domain::time::Millis;
use crate::store::row::{Cells, clean, readable};
use crate::store::{Result, Store, StoreError, Touch, WriteTx};

/// What a person makes of a case.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseChange {
    /// Where the work stands; the caller has checked the step.
    pub state: CaseState,
    /// Who has it; empty when nobody.
    pub owner: String,
    /// When it should have moved on.
    pub due_at: Option<Millis>,
    /// What is written down of it.
    pub event: NewCaseEvent,
}

/// An event to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCaseEvent {
    /// When it happened.
    pub at: Millis,
    /// Who did it; empty when nobody gave a name.
    pub who: String,
    /// What.
    pub kind: CaseEventKind,
    /// Words.
    pub text: String,
    /// How something was sent; empty otherwise.
    pub via: String,
}

/// What became of a flag, for its case.
pub(in crate::store) struct Follow<'a> {
    pub(in crate::store) flag: FlagId,
    pub(in crate::store) state: FlagState,
    pub(in crate::store) owner: &'a str,
    /// The note, when it is a new one.
    pub(in crate::store) note: Option<&'a str>,
    pub(in crate::store) who: &'a str,
}

const TO_OPEN: &str = "
select
    f.id,
    f.author_id,
    f.state,
    f.owner,
    f.reason,
    f.priority,
    f.brand_id
from flags f
where f.brand_id = (select brand_id from incidents where id = $1)
    and f.latest_at >= $2
    and not exists (
        select 1
        from cases c
        where c.incident_id = $1
            and c.author_id = f.author_id
    )
order by f.id";

const OPEN: &str = "
insert into cases (
    id,
    brand_id,
    incident_id,
    author_id,
    flag_id,
    state,
    owner,
    priority,
    reasons,
    since_at,
    proposal,
    opened_at,
    updated_at,
    version
)
values ($1, $2, $3, $4, $5, $6, $7, $8, '[]', $9, '', $9, $9, 1)
on conflict (incident_id, author_id) do nothing";

const POINT: &str = "
update flags set
    case_id = $2,
    updated_at = $3
where id = $1";

const CHANGE: &str = "
update cases set
    state = $3,
    owner = $4,
    due_at = $5,
    since_at = $6,
    sent_at = $7,
    proposal = '',
    updated_at = $8,
    version = version + 1
where id = $1
    and version = $2";

/// The flag, while it is still worked on in this case.
const LEAD_FLAG: &str = "
update flags set
    state = $3,
    owner = $4,
    note = case when $5 = '' then note else $5 end,
    updated_at = $6,
    version = version + 1
where id = $1
    and case_id = $2";

const KEEP_EVENT: &str = "
insert into case_events (
    id,
    case_id,
    at,
    kept_at,
    who,
    kind,
    from_state,
    to_state,
    text,
    via
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

impl Store {
    /// Opens a case in an incident for each flag of its brand whose author was very negative at `since` or later.
    /// Work that was begun on the flag goes on in it. Returns how many.
    pub async fn open_cases(&self, incident: IncidentId, since: Millis, now: Millis) -> Result<usize> {
        let rows = sqlx::query(TO_OPEN).bind(incident.get()).bind(since.get()).fetch_all(&self.readers).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        let mut tx = self.begin(Touch::Rows).await?;
        let mut opened = 0;
        for row in &rows {
            let (flag, id) = (row.int("id")?, self.next_id(now));
            let known = readable(FlagState::parse(&row.text("state")?), ("flags", "state", flag))?;
            let state = CaseState::New.after_flag(known);
            let inserted = sqlx::query(OPEN)
                .bind(id)
                .bind(row.int("brand_id")?)
                .bind(incident.get())
                .bind(row.int("author_id")?)
                .bind(flag)
                .bind(state.as_str())
                .bind(row.text("owner")?)
                .bind(row.real("priority")?)
                .bind(now.get())
                .execute(&mut *tx)
                .await?;
            if inserted.rows_affected() == 0 {
                continue;
            }
            sqlx::query(POINT).bind(flag).bind(id).bind(now.get()).execute(&mut *tx).await?;
            let event = own_event(CaseEventKind::Opened, row.text("reason")?, now);
            keep_event(self, &mut tx, &event, Move { case: CaseId::new(id), from: state, to: state, now }).await?;
            opened += 1;
        }
        tx.commit().await?;
        Ok(opened)
    }

    /// What a person does with a case; its flag follows. [`StoreError::Conflict`] when it changed since `version` was read.
    pub async fn change_case(&self, id: CaseId, version: i64, change: &CaseChange, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let sql = AssertSqlSafe(format!("{SELECT} where c.id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&mut *tx).await?;
        let case = read(&row.ok_or(StoreError::NotFound)?)?;
        if case.version != version || write(&mut tx, &case, change, now).await? == 0 {
            return Err(StoreError::Conflict);
        }
        keep_event(self, &mut tx, &change.event, Move { case: id, from: case.state, to: change.state, now }).await?;
        let note = if change.event.kind == CaseEventKind::Note { clean(&change.event.text) } else { String::new() };
        sqlx::query(LEAD_FLAG)
            .bind(case.flag.get())
            .bind(id.get())
            .bind(change.state.flag().as_str())
            .bind(clean(&change.owner))
            .bind(note)
            .bind(now.get())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn write(tx: &mut WriteTx, case: &Case, change: &CaseChange, now: Millis) -> Result<u64> {
    let sent = change.event.kind == CaseEventKind::Sent;
    // Only a step forward asks anew how they took it: a note does not.
    let stepped = sent || change.state != case.state || change.event.kind == CaseEventKind::NotYet;
    let since_at = if !stepped {
        case.since_at
    } else if sent {
        change.event.at
    } else {
        now
    };
    let sent_at = if sent { Some(case.sent_at.map_or(change.event.at, |at| at.max(change.event.at))) } else { case.sent_at };
    let written = sqlx::query(CHANGE)
        .bind(case.id.get())
        .bind(case.version)
        .bind(change.state.as_str())
        .bind(clean(&change.owner))
        .bind(change.due_at.map(Millis::get))
        .bind(since_at.get())
        .bind(sent_at.map(Millis::get))
        .bind(now.get())
        .execute(&mut **tx)
        .await?;
    Ok(written.rows_affected())
}

/// The case of a flag follows what a person did in the queue.
pub(in crate::store) async fn follow_flag(store: &Store, tx: &mut WriteTx, follow: &Follow<'_>, now: Millis) -> Result<()> {
    let Some(case) = case_of(tx, follow.flag).await? else { return Ok(()) };
    let state = case.state.after_flag(follow.state);
    let event = |kind, text: &str| NewCaseEvent { at: now, who: follow.who.to_owned(), kind, text: text.to_owned(), via: String::new() };
    let mut events = Vec::new();
    if follow.owner != case.owner {
        events.push(event(CaseEventKind::Assigned, follow.owner));
    } else if state != case.state {
        events.push(event(CaseEventKind::Moved, ""));
    }
    events.extend(follow.note.map(|note| event(CaseEventKind::Note, note)));
    let (mut from, mut at) = (case.state, case.clone());
    for event in events {
        let change = CaseChange { state, owner: follow.owner.to_owned(), due_at: case.due_at, event };
        if write(tx, &at, &change, now).await? == 0 {
            return Err(StoreError::Conflict);
        }
        keep_event(store, tx, &change.event, Move { case: case.id, from, to: state, now }).await?;
        (from, at.version, at.state) = (state, at.version + 1, state);
    }
    Ok(())
}

/// A bad new mention opens the case of a flag again.
pub(in crate::store) async fn reopen(store: &Store, tx: &mut WriteTx, flag: &Flag, why: &str, now: Millis) -> Result<()> {
    let Some(case) = case_of(tx, flag.id).await? else { return Ok(()) };
    let event = own_event(CaseEventKind::Reopened, why.to_owned(), now);
    let change = CaseChange { state: CaseState::New, owner: case.owner.clone(), due_at: None, event };
    if write(tx, &case, &change, now).await? == 0 {
        return Err(StoreError::Conflict);
    }
    keep_event(store, tx, &change.event, Move { case: case.id, from: case.state, to: CaseState::New, now }).await
}

async fn case_of(tx: &mut WriteTx, flag: FlagId) -> Result<Option<Case>> {
    let sql = AssertSqlSafe(format!("{SELECT} join flags f on f.case_id = c.id where f.id = $1"));
    let row = sqlx::query(sql).bind(flag.get()).fetch_optional(&mut **tx).await?;
    row.map(|row| read(&row)).transpose()
}

fn own_event(kind: CaseEventKind, text: String, at: Millis) -> NewCaseEvent {
    NewCaseEvent { at, who: String::new(), kind, text, via: String::new() }
}

/// From one state to the next, or staying.
#[derive(Clone, Copy)]
struct Move {
    case: CaseId,
    from: CaseState,
    to: CaseState,
    now: Millis,
}

async fn keep_event(store: &Store, tx: &mut WriteTx, event: &NewCaseEvent, step: Move) -> Result<()> {
    sqlx::query(KEEP_EVENT)
        .bind(store.next_id(step.now))
        .bind(step.case.get())
        .bind(event.at.get())
        .bind(step.now.get())
        .bind(clean(&event.who))
        .bind(event.kind.as_str())
        .bind(step.from.as_str())
        .bind(step.to.as_str())
        .bind(clean(&event.text))
        .bind(clean(&event.via))
        .execute(&mut **tx)
        .await?;
    Ok(())
}
