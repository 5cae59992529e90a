//! What is kept of incidents: how they were closed, what people learned.

use super::row::{Cells, clean, json, to_json};
use super::{Result, Store, StoreError, Touch};
use crate::domain::ids::{BrandId, IncidentId};
use crate::domain::incident::{Closing, Incident, Memory};
use crate::domain::time::Millis;

const KEEP_CLOSING: &str = "
insert into closings (
    id,
    incident_id,
    at,
    who,
    reason,
    blockers
)
values ($1, $2, $3, $4, $5, $6)";

const CLOSINGS: &str = "
select
    id,
    at,
    who,
    reason,
    blockers
from closings
where incident_id = $1
order by
    at,
    id";

const MEMORY: &str = "
select
    incident_id,
    solution,
    learned,
    version
from memories
where incident_id = $1";

const MEMORIES: &str = "
select
    m.incident_id,
    m.solution,
    m.learned,
    m.version
from memories m
join incidents i
    on i.id = m.incident_id
where i.brand_id = $1";

const ADD: &str = "
insert into memories (
    incident_id,
    solution,
    learned,
    changed_at,
    version
)
values ($1, $2, $3, $4, 1)
on conflict (incident_id) do nothing";

const CHANGE: &str = "
update memories set
    solution = $2,
    learned = $3,
    changed_at = $4,
    version = version + 1
where incident_id = $1
    and version = $5";

impl Store {
    /// Closes an incident that was read and changed, and keeps what stood against it, in one transaction.
    /// [`StoreError::Conflict`] when the incident changed since it was read.
    pub async fn close_incident(&self, incident: &Incident, closing: &Closing, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        if super::incidents::write(&mut tx, incident).await? == 0 {
            drop(tx);
            self.incident(incident.id).await?;
            return Err(StoreError::Conflict);
        }
        sqlx::query(KEEP_CLOSING)
            .bind(self.next_id(now))
            .bind(incident.id.get())
            .bind(closing.at.get())
            .bind(clean(&closing.who))
            .bind(clean(&closing.reason))
            .bind(clean(&to_json(&closing.blockers)?))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Each time that an incident was closed, oldest first.
    pub async fn closings(&self, incident: IncidentId) -> Result<Vec<Closing>> {
        let rows = sqlx::query(CLOSINGS).bind(incident.get()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let blockers = json(&row.text("blockers")?, ("closings", "blockers", row.int("id")?))?;
                Ok(Closing { at: row.at("at")?, who: row.text("who")?, reason: row.text("reason")?, blockers })
            })
            .collect()
    }

    /// What people keep of an incident; empty, at version 0, until somebody writes something.
    pub async fn memory(&self, incident: IncidentId) -> Result<Memory> {
        let row = sqlx::query(MEMORY).bind(incident.get()).fetch_optional(&self.readers).await?;
        row.map_or_else(|| Ok(Memory::nothing(incident)), |row| read(&row))
    }

    /// What people keep of a brand's incidents.
    pub async fn memories(&self, brand: BrandId) -> Result<Vec<Memory>> {
        sqlx::query(MEMORIES).bind(brand.get()).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// Writes what was read and changed. [`StoreError::Conflict`] when it changed since it was read.
    pub async fn save_memory(&self, memory: &Memory, now: Millis) -> Result<()> {
        self.incident(memory.incident).await?;
        let mut tx = self.begin(Touch::Rows).await?;
        let query = sqlx::query(if memory.version == 0 { ADD } else { CHANGE })
            .bind(memory.incident.get())
            .bind(clean(&memory.solution))
            .bind(clean(&memory.learned))
            .bind(now.get());
        let query = if memory.version == 0 { query } else { query.bind(memory.version) };
        let written = query.execute(&mut *tx).await?;
        tx.commit().await?;
        if written.rows_affected() > 0 { Ok(()) } else { Err(StoreError::Conflict) }
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<Memory> {
    Ok(Memory {
        incident: IncidentId::new(row.int("incident_id")?),
        solution: row.text("solution")?,
        learned: row.text("learned")?,
        version: row.int("version")?,
    })
}
