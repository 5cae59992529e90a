//! What a report is made of, the reports that were sealed, and the links that show them.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::bulk;
use super::exports::CASE_SELECT;
use super::row::{Cells, clean_to, readable};
use super::{CaseListed, Result, Store, StoreError, Touch, authors, mentions};
use crate::domain::case::CaseState;
use crate::domain::ids::{AuthorId, BrandId, IncidentId, MentionId, ReportId, ShareId, SourceId};
use crate::domain::post::{Author, Mention};
use crate::domain::time::{Millis, Span};

/// A report whose numbers were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedReport {
    /// Row id.
    pub id: ReportId,
    /// Its incident.
    pub incident: IncidentId,
    /// The state of the data that it tells of.
    pub data_at: Millis,
    /// When it was sealed.
    pub sealed_at: Millis,
    /// SHA-256 of `facts`, hexadecimal.
    pub sha256: String,
    /// JSON that `report` understands.
    pub facts: String,
}

/// A link to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewShare {
    /// What it shows.
    pub report: ReportId,
    /// SHA-256 of its token, hexadecimal; the token itself is never kept.
    pub token_sha256: String,
    /// ISO 639-1.
    pub lang: String,
    /// From here on it shows nothing.
    pub expires_at: Millis,
}

/// A link that shows one sealed report to whoever has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Row id.
    pub id: ShareId,
    /// What it shows.
    pub report: ReportId,
    /// Its incident.
    pub incident: IncidentId,
    /// ISO 639-1.
    pub lang: String,
    /// When it was made.
    pub created_at: Millis,
    /// From here on it shows nothing.
    pub expires_at: Millis,
    /// When a person took it back.
    pub revoked_at: Option<Millis>,
}

const UNHAPPY_BY_SOURCE: &str = "
select
    source_id,
    count(distinct author_id) as authors
from author_hours
where brand_id = $1
    and source_id <> 0
    and hour >= $2
    and hour < $3
group by source_id
order by source_id";

const STATES: &str = "
select
    state,
    count(*) as cases
from cases
where incident_id = $1
    and opened_at <= $2
group by state";

const AUTHORS: (&str, &str) = (
    "
select
    a.id as author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot
from (values ",
    ") as k
cross join authors a
where a.id = k.column1",
);

const SEAL: &str = "
insert into sealed_reports (
    id,
    incident_id,
    data_at,
    sealed_at,
    sha256,
    facts
)
values ($1, $2, $3, $4, $5, $6)
on conflict (incident_id, data_at) do nothing";

const SEALED: &str = "
select
    id,
    incident_id,
    data_at,
    sealed_at,
    sha256,
    facts
from sealed_reports";

const SHARE: &str = "
insert into report_shares (
    id,
    report_id,
    incident_id,
    token_sha256,
    lang,
    created_at,
    expires_at
)
values ($1, $2, $3, $4, $5, $6, $7)";

const SHARES: &str = "
select
    id,
    report_id,
    incident_id,
    lang,
    created_at,
    expires_at,
    revoked_at
from report_shares";

const REVOKE: &str = "
update report_shares set
    revoked_at = $3
where id = $1
    and incident_id = $2
    and revoked_at is null";

impl Store {
    /// Distinct unhappy authors of each source over the hours in `span`, that of its start in full.
    pub async fn unhappy_by_source(&self, brand: BrandId, span: Span) -> Result<Vec<(SourceId, i64)>> {
        let query = sqlx::query(UNHAPPY_BY_SOURCE).bind(brand.get()).bind(span.from().hour().get()).bind(span.to().get());
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((SourceId::new(row.int("source_id")?), row.int("authors")?))).collect()
    }

    /// The cases of an incident that were opened by `until`; the worst first.
    pub async fn worst_cases(&self, incident: IncidentId, until: Millis, limit: i64) -> Result<Vec<CaseListed>> {
        let order = "order by f.worst_severity desc, f.latest_at desc, c.id limit $3";
        let sql = AssertSqlSafe(format!("{CASE_SELECT} where c.incident_id = $1 and c.opened_at <= $2 {order}"));
        let query = sqlx::query(sql).bind(incident.get()).bind(until.get()).bind(limit.max(0));
        query.fetch_all(&self.readers).await?.iter().map(CaseListed::read).collect()
    }

    /// How many of those cases are in each state, in the order of the states; states without one are left out.
    pub async fn case_states_until(&self, incident: IncidentId, until: Millis) -> Result<Vec<(CaseState, i64)>> {
        let rows = sqlx::query(STATES).bind(incident.get()).bind(until.get()).fetch_all(&self.readers).await?;
        let mut states = Vec::with_capacity(rows.len());
        for row in &rows {
            let state = CaseState::parse(&row.text("state")?);
            states.push((readable(state, ("cases", "state", incident.get()))?, row.int("cases")?));
        }
        states.sort_by_key(|(state, _)| CaseState::ALL.iter().position(|s| s == state));
        Ok(states)
    }

    /// The mentions of a brand with these ids, in any order; tombstones too. Unknown ids are left out.
    pub async fn mentions_with_ids(&self, brand: BrandId, ids: &[MentionId]) -> Result<Vec<Mention>> {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let sql = AssertSqlSafe(format!("{} and x.mention_id = $2", mentions::SELECT));
            let row = sqlx::query(sql).bind(brand.get()).bind(id.get()).fetch_optional(&self.readers).await?;
            found.extend(row.as_ref().map(mentions::read).transpose()?);
        }
        Ok(found)
    }

    /// The authors with these ids, in any order.
    pub async fn authors_with_ids(&self, ids: &[AuthorId]) -> Result<Vec<Author>> {
        let mut connection = self.readers.acquire().await?;
        let rows = bulk::fetch(&mut connection, AUTHORS, bulk::ids(ids.iter().map(|id| id.get()))).await?;
        rows.iter().map(authors::read).collect()
    }

    /// Keeps a report. One that is there for the same data time stays; what is kept is returned.
    pub async fn seal_report(
        &self,
        incident: IncidentId,
        data_at: Millis,
        (sha256, facts): (&str, &str),
        now: Millis,
    ) -> Result<SealedReport> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(SEAL)
            .bind(self.next_id(now))
            .bind(incident.get())
            .bind(data_at.get())
            .bind(now.get())
            .bind(sha256.to_owned())
            .bind(facts.to_owned())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        self.sealed_report_at(incident, data_at).await?.ok_or(StoreError::NotFound)
    }

    /// The report that was sealed for that data time.
    pub async fn sealed_report_at(&self, incident: IncidentId, data_at: Millis) -> Result<Option<SealedReport>> {
        let sql = AssertSqlSafe(format!("{SEALED} where incident_id = $1 and data_at = $2"));
        let row = sqlx::query(sql).bind(incident.get()).bind(data_at.get()).fetch_optional(&self.readers).await?;
        row.as_ref().map(sealed).transpose()
    }

    /// One sealed report.
    pub async fn sealed_report(&self, id: ReportId) -> Result<SealedReport> {
        let sql = AssertSqlSafe(format!("{SEALED} where id = $1"));
        let row = sqlx::query(sql).bind(id.get()).fetch_optional(&self.readers).await?;
        sealed(&row.ok_or(StoreError::NotFound)?)
    }

    /// The sealed reports of an incident, newest data first.
    pub async fn sealed_reports(&self, incident: IncidentId, limit: i64) -> Result<Vec<SealedReport>> {
        let sql = AssertSqlSafe(format!("{SEALED} where incident_id = $1 order by data_at desc limit $2"));
        let query = sqlx::query(sql).bind(incident.get()).bind(limit.max(0));
        query.fetch_all(&self.readers).await?.iter().map(sealed).collect()
    }

    /// Makes a link.
    pub async fn share_report(&self, share: &NewShare, now: Millis) -> Result<ShareId> {
        let report = self.sealed_report(share.report).await?;
        let id = self.next_id(now);
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(SHARE)
            .bind(id)
            .bind(share.report.get())
            .bind(report.incident.get())
            .bind(share.token_sha256.clone())
            .bind(clean_to(&share.lang, 16))
            .bind(now.get())
            .bind(share.expires_at.get())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(ShareId::new(id))
    }

    /// The link with that token, whether it still shows something or not.
    pub async fn share_with_token(&self, token_sha256: &str) -> Result<Option<Share>> {
        let sql = AssertSqlSafe(format!("{SHARES} where token_sha256 = $1"));
        let row = sqlx::query(sql).bind(token_sha256.to_owned()).fetch_optional(&self.readers).await?;
        row.as_ref().map(share).transpose()
    }

    /// The links to an incident's reports, newest first.
    pub async fn shares(&self, incident: IncidentId, limit: i64) -> Result<Vec<Share>> {
        let sql = AssertSqlSafe(format!("{SHARES} where incident_id = $1 order by created_at desc, id desc limit $2"));
        let query = sqlx::query(sql).bind(incident.get()).bind(limit.max(0));
        query.fetch_all(&self.readers).await?.iter().map(share).collect()
    }

    /// Takes a link back. Twice is no error; [`StoreError::NotFound`] when the incident has no such link.
    pub async fn revoke_share(&self, incident: IncidentId, id: ShareId, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let sql = AssertSqlSafe(format!("{SHARES} where id = $1 and incident_id = $2"));
        let known = sqlx::query(sql).bind(id.get()).bind(incident.get()).fetch_optional(&mut *tx).await?;
        known.ok_or(StoreError::NotFound)?;
        sqlx::query(REVOKE).bind(id.get()).bind(incident.get()).bind(now.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn sealed(row: &AnyRow) -> Result<SealedReport> {
    Ok(SealedReport {
        id: ReportId::new(row.int("id")?),
        incident: IncidentId::new(row.int("incident_id")?),
        data_at: row.at("data_at")?,
        sealed_at: row.at("sealed_at")?,
        sha256: row.text("sha256")?,
        facts: row.text("facts")?,
    })
}

fn share(row: &AnyRow) -> Result<Share> {
    Ok(Share {
        id: ShareId::new(row.int("id")?),
        report: ReportId::new(row.int("report_id")?),
        incident: IncidentId::new(row.int("incident_id")?),
        lang: row.text("lang")?,
        created_at: row.at("created_at")?,
        expires_at: row.at("expires_at")?,
        revoked_at: row.maybe_at("revoked_at")?,
    })
}
