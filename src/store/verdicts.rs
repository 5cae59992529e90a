//! Baselines, the assessment that stands, and the verdicts that were kept.

use super::error::Attempts;
use super::row::{Cells, json, to_json};
use super::{Result, Store, StoreError, Touch};
use crate::domain::ids::{IncidentId, VerdictId};
use crate::domain::time::Millis;
use crate::domain::verdict::{Assessment, Baseline, KeptVerdict};

const SAVE_BASELINE: &str = "
update incidents set
    baseline = $2
where id = $1
    and baseline = ''";

const BASELINE: &str = "
select
    baseline
from incidents
where id = $1";

const LATEST_WORD: &str = "
select
    verdict
from verdicts
where incident_id = $1
order by
    at desc,
    id desc
limit 1";

const STAND: &str = "
insert into standing (
    incident_id,
    at,
    assessment
)
values ($1, $2, $3)
on conflict (incident_id) do update set
    at = excluded.at,
    assessment = excluded.assessment";

const KEEP: &str = "
insert into verdicts (
    id,
    incident_id,
    at,
    verdict,
    assessment
)
values ($1, $2, $3, $4, $5)";

const STANDING: &str = "
select
    assessment
from standing
where incident_id = $1";

const VERDICTS: &str = "
select
    id,
    assessment
from verdicts
where incident_id = $1
order by
    at,
    id";

impl Store {
    /// Freezes what is normal for an incident. A baseline that is there stays.
    pub async fn save_baseline(&self, incident: IncidentId, baseline: &Baseline) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(SAVE_BASELINE).bind(incident.get()).bind(to_json(baseline)?).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The frozen baseline; `None` until it is made.
    pub async fn baseline(&self, incident: IncidentId) -> Result<Option<Baseline>> {
        let row = sqlx::query(BASELINE).bind(incident.get()).fetch_optional(&self.readers).await?;
        let text = row.ok_or(StoreError::NotFound)?.text("baseline")?;
        if text.is_empty() {
            return Ok(None);
        }
        json(&text, ("incidents", "baseline", incident.get())).map(Some)
    }

    /// Makes this the assessment that stands. It is kept as a verdict too when its word differs from the last kept
    /// one; returns whether it does.
    pub async fn save_assessment(&self, incident: IncidentId, assessment: &Assessment, now: Millis) -> Result<bool> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_save_assessment(incident, assessment, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_save_assessment(&self, incident: IncidentId, assessment: &Assessment, now: Millis) -> Result<bool> {
        let text = to_json(assessment)?;
        let mut tx = self.begin(Touch::Rows).await?;
        // First, so that on PostgreSQL a second assessor of the same incident waits here.
        sqlx::query(STAND).bind(incident.get()).bind(assessment.at.get()).bind(&text).execute(&mut *tx).await?;
        let last = sqlx::query(LATEST_WORD).bind(incident.get()).fetch_optional(&mut *tx).await?;
        let last = last.map(|row| row.text("verdict")).transpose()?;
        let word = assessment.verdict.as_str();
        let changed = last.as_deref() != Some(word);
        if changed {
            sqlx::query(KEEP)
                .bind(self.next_id(now))
                .bind(incident.get())
                .bind(assessment.at.get())
                .bind(word)
                .bind(&text)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// The newest assessment.
    pub async fn standing(&self, incident: IncidentId) -> Result<Option<Assessment>> {
        let row = sqlx::query(STANDING).bind(incident.get()).fetch_optional(&self.readers).await?;
        row.map(|row| json(&row.text("assessment")?, ("standing", "assessment", incident.get()))).transpose()
    }

    /// Kept verdicts, oldest first.
    pub async fn verdicts(&self, incident: IncidentId) -> Result<Vec<KeptVerdict>> {
        let rows = sqlx::query(VERDICTS).bind(incident.get()).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let id = row.int("id")?;
                let assessment = json(&row.text("assessment")?, ("verdicts", "assessment", id))?;
                Ok(KeptVerdict { id: VerdictId::new(id), incident, assessment })
            })
            .collect()
    }
}
