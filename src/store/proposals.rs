//! Proposed incidents, and what people made of them.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::row::{Cells, clean, json, readable, to_json};
use super::{Result, Store, StoreError, Touch};
use crate::domain::ids::{BrandId, IncidentId, ProposalId};
use crate::domain::proposal::{Proposal, ProposalState, Signal};
use crate::domain::time::Millis;

/// Why a proposal is no incident, and for how long the brand is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dismissal {
    /// In the person's words.
    pub reason: String,
    /// No new proposal before.
    pub quiet_until: Millis,
}

const SELECT: &str = "
select
    id,
    brand_id,
    state,
    signal,
    spoken_at,
    seen_at,
    reason,
    quiet_until,
    decided_at,
    incident_id,
    version
from proposals";

/// One open proposal a brand, also when two processes look at the same moment.
const INSERT: &str = "
insert into proposals (
    id,
    brand_id,
    state,
    signal,
    spoken_at,
    seen_at,
    reason,
    quiet_until,
    version
)
select $1, b.id, 'open', $3, $4, $4, '', 0, 1
from brands b
where b.id = $2
    and not exists (
        select 1
        from proposals p
        where p.brand_id = b.id
            and p.state = 'open'
    )";

const LOCK_BRAND: &str = "
update brands set
    name = name
where id = $1";

const RENEW: &str = "
update proposals set
    signal = $2,
    seen_at = $3
where id = $1
    and state = 'open'";

const DECIDE: &str = "
update proposals set
    state = $3,
    reason = $4,
    quiet_until = $5,
    decided_at = $6,
    incident_id = $7,
    version = version + 1
where id = $1
    and version = $2
    and state = 'open'";

/// How a proposal ends.
struct Decision<'a> {
    state: ProposalState,
    reason: &'a str,
    quiet_until: Millis,
    incident: Option<IncidentId>,
}

impl Store {
    /// Proposes an incident. `None` when one is open already.
    pub async fn propose(&self, brand: BrandId, signal: &Signal, now: Millis) -> Result<Option<ProposalId>> {
        let id = self.next_id(now);
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(LOCK_BRAND).bind(brand.get()).execute(&mut *tx).await?;
        let query = sqlx::query(INSERT).bind(id).bind(brand.get()).bind(to_json(signal)?).bind(signal.at.get());
        let made = query.execute(&mut *tx).await?.rows_affected();
        tx.commit().await?;
        Ok((made > 0).then_some(ProposalId::new(id)))
    }

    /// The newest signal of an open proposal. Of another one nothing changes.
    pub async fn renew_proposal(&self, id: ProposalId, signal: &Signal) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(RENEW).bind(id.get()).bind(to_json(signal)?).bind(signal.at.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Nothing stands out any more. [`StoreError::Conflict`] when somebody answered meanwhile.
    pub async fn pass_proposal(&self, id: ProposalId, version: i64, now: Millis) -> Result<()> {
        let passed = Decision { state: ProposalState::Passed, reason: "", quiet_until: Millis::default(), incident: None };
        self.decide((id, version), &passed, now).await
    }

    /// A person says that it is none. [`StoreError::Conflict`] when it is no longer open.
    pub async fn dismiss_proposal(&self, id: ProposalId, version: i64, dismissal: &Dismissal, now: Millis) -> Result<()> {
        let Dismissal { reason, quiet_until } = dismissal;
        let dismissed = Decision { state: ProposalState::Dismissed, reason, quiet_until: *quiet_until, incident: None };
        self.decide((id, version), &dismissed, now).await
    }

    /// A person opened an incident. [`StoreError::Conflict`] when it is no longer open.
    pub async fn confirm_proposal(&self, id: ProposalId, version: i64, incident: IncidentId, now: Millis) -> Result<()> {
        let confirmed = Decision { state: ProposalState::Confirmed, reason: "", quiet_until: Millis::default(), incident: Some(incident) };
        self.decide((id, version), &confirmed, now).await
    }

    async fn decide(&self, (id, version): (ProposalId, i64), decision: &Decision<'_>, now: Millis) -> Result<()> {
        self.proposal(id).await?;
        let mut tx = self.begin(Touch::Rows).await?;
        let changed = sqlx::query(DECIDE)
            .bind(id.get())
            .bind(version)
            .bind(decision.state.as_str())
            .bind(clean(decision.reason))
            .bind(decision.quiet_until.get())
            .bind(now.get())
            .bind(decision.incident.map(IncidentId::get))
            .execute(&mut *tx)
            .await?
            .rows_affected();
        tx.commit().await?;
        if changed == 0 { Err(StoreError::Conflict) } else { Ok(()) }
    }

    /// One proposal.
    pub async fn proposal(&self, id: ProposalId) -> Result<Proposal> {
        let sql = AssertSqlSafe(format!("{SELECT} where id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        read(&row.ok_or(StoreError::NotFound)?)
    }

    /// A brand's newest proposals, newest first.
    pub async fn proposals(&self, brand: BrandId, limit: i64) -> Result<Vec<Proposal>> {
        let sql = AssertSqlSafe(format!("{SELECT} where brand_id = $1 order by id desc limit $2"));
        let rows = sqlx::query(sql).bind(brand.get()).bind(limit.max(0)).fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<Proposal> {
    let id = row.int("id")?;
    Ok(Proposal {
        id: ProposalId::new(id),
        brand: BrandId::new(row.int("brand_id")?),
        state: readable(ProposalState::parse(&row.text("state")?), ("proposals", "state", id))?,
        signal: json(&row.text("signal")?, ("proposals", "signal", id))?,
        spoken_at: row.at("spoken_at")?,
        seen_at: row.at("seen_at")?,
        reason: row.text("reason")?,
        quiet_until: row.at("quiet_until")?,
        decided_at: row.maybe_at("decided_at")?,
        incident: row.maybe_int("incident_id")?.map(IncidentId::new),
        version: row.int("version")?,
    })
}
