//! Incidents and the brand's own updates.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::row::{Cells, clean, readable};
use super::{Result, Store, StoreError, Touch, WriteTx};
use crate::domain::ids::{BrandId, IncidentId, UpdateId};
use crate::domain::incident::{Incident, IncidentKind, IncidentSeverity, Update, UpdateKind};
use crate::domain::time::Millis;

/// An incident to open.
#[derive(Debug, Clone, PartialEq)]
pub struct NewIncident {
    /// Its brand.
    pub brand: BrandId,
    /// What happened, in a few words.
    pub title: String,
    /// Service or security.
    pub kind: IncidentKind,
    /// How bad.
    pub severity: IncidentSeverity,
    /// Who leads; may be empty.
    pub commander: String,
    /// Where they meet.
    pub war_room: Option<String>,
    /// When it began for customers.
    pub started_at: Millis,
}

const SELECT: &str = "
select
    id,
    brand_id,
    title,
    kind,
    severity,
    commander,
    war_room,
    started_at,
    fixed_at,
    closed_at,
    close_reason,
    version
from incidents";

const INSERT: &str = "
insert into incidents (
    id,
    brand_id,
    title,
    kind,
    severity,
    commander,
    war_room,
    started_at,
    close_reason,
    baseline,
    version,
    created_at
)
values ($1, $2, $3, $4, $5, $6, $7, $8, '', '', 1, $9)";

const UPDATE: &str = "
update incidents set
    title = $3,
    kind = $4,
    severity = $5,
    commander = $6,
    war_room = $7,
    started_at = $8,
    fixed_at = $9,
    closed_at = $10,
    close_reason = $11,
    version = version + 1
where id = $1
    and version = $2";

const INSERT_UPDATE: &str = "
insert into updates (
    id,
    incident_id,
    at,
    kind,
    text,
    url
)
values ($1, $2, $3, $4, $5, $6)";

const FIXED: &str = "
update incidents set
    fixed_at = $2,
    version = version + 1
where id = $1
    and fixed_at is null";

const UPDATES: &str = "
select
    id,
    at,
    kind,
    text,
    url
from updates
where incident_id = $1
order by
    at,
    id";

impl Store {
    /// Opens an incident.
    pub async fn create_incident(&self, new: &NewIncident, now: Millis) -> Result<IncidentId> {
        let id = self.next_id(now);
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(new.brand.get())
            .bind(clean(&new.title))
            .bind(new.kind.as_str())
            .bind(new.severity.as_str())
            .bind(clean(&new.commander))
            .bind(new.war_room.as_deref().map(clean))
            .bind(new.started_at.get())
            .bind(now.get())
            .execute(&mut *tx)
            .await?;
        self.attach_statements(&mut tx, id, now).await?;
        tx.commit().await?;
        Ok(IncidentId::new(id))
    }

    /// One incident.
    pub async fn incident(&self, id: IncidentId) -> Result<Incident> {
        let sql = AssertSqlSafe(format!("{SELECT} where id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        read(&row.ok_or(StoreError::NotFound)?)
    }

    /// A brand's incidents, newest first.
    pub async fn incidents(&self, brand: BrandId) -> Result<Vec<Incident>> {
        let sql = AssertSqlSafe(format!("{SELECT} where brand_id = $1 order by started_at desc, id desc"));
        sqlx::query(sql).bind(brand.get()).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// All brands' incidents that are not closed, newest first.
    pub async fn open_incidents(&self) -> Result<Vec<Incident>> {
        let sql = AssertSqlSafe(format!("{SELECT} where closed_at is null order by started_at desc, id desc"));
        sqlx::query(sql).fetch_all(&self.readers).await?.iter().map(read).collect()
    }

    /// Writes an incident that was read and changed. [`StoreError::Conflict`] when it changed since it was read.
    pub async fn update_incident(&self, incident: &Incident, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let updated = write(&mut tx, incident).await?;
        self.attach_statements(&mut tx, incident.id.get(), now).await?;
        tx.commit().await?;
        if updated > 0 {
            return Ok(());
        }
        self.incident(incident.id).await?;
        Err(StoreError::Conflict)
    }

    /// Puts an official statement on the timeline. The first fix says when the incident was mended.
    pub async fn add_update(
        &self,
        incident: IncidentId,
        at: Millis,
        kind: UpdateKind,
        text: &str,
        url: Option<&str>,
        now: Millis,
    ) -> Result<UpdateId> {
        self.incident(incident).await?;
        let id = self.next_id(now);
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(INSERT_UPDATE)
            .bind(id)
            .bind(incident.get())
            .bind(at.get())
            .bind(kind.as_str())
            .bind(clean(text))
            .bind(url.map(clean))
            .execute(&mut *tx)
            .await?;
        if kind == UpdateKind::Fix {
            sqlx::query(FIXED).bind(incident.get()).bind(at.get()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(UpdateId::new(id))
    }

    /// The official statements, oldest first.
    pub async fn updates(&self, incident: IncidentId) -> Result<Vec<Update>> {
        let rows = sqlx::query(UPDATES).bind(incident.get()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let id = row.int("id")?;
                Ok(Update {
                    id: UpdateId::new(id),
                    incident,
                    at: row.at("at")?,
                    kind: readable(UpdateKind::parse(&row.text("kind")?), ("updates", "kind", id))?,
                    text: row.text("text")?,
                    url: row.maybe_text("url")?,
                })
            })
            .collect()
    }
}

/// Writes an incident unless its version has moved on; how many rows were written.
pub(super) async fn write(tx: &mut WriteTx, incident: &Incident) -> Result<u64> {
    let updated = sqlx::query(UPDATE)
        .bind(incident.id.get())
        .bind(incident.version)
        .bind(clean(&incident.title))
        .bind(incident.kind.as_str())
        .bind(incident.severity.as_str())
        .bind(clean(&incident.commander))
        .bind(incident.war_room.as_deref().map(clean))
        .bind(incident.started_at.get())
        .bind(incident.fixed_at.map(Millis::get))
        .bind(incident.closed_at.map(Millis::get))
        .bind(clean(&incident.close_reason))
        .execute(&mut **tx)
        .await?;
    Ok(updated.rows_affected())
}

fn read(row: &AnyRow) -> Result<Incident> {
    let id = row.int("id")?;
    Ok(Incident {
        id: IncidentId::new(id),
        brand: BrandId::new(row.int("brand_id")?),
        title: row.text("title")?,
        kind: readable(IncidentKind::parse(&row.text("kind")?), ("incidents", "kind", id))?,
        severity: readable(IncidentSeverity::parse(&row.text("severity")?), ("incidents", "severity", id))?,
        commander: row.text("commander")?,
        war_room: row.maybe_text("war_room")?,
        started_at: row.at("started_at")?,
        fixed_at: row.maybe_at("fixed_at")?,
        closed_at: row.maybe_at("closed_at")?,
        close_reason: row.text("close_reason")?,
        version: row.int("version")?,
    })
}
