//! Pages of what is exported besides mentions: authors, cases, corrections. Each by id, so that an export can go on
//! after the last row that was written.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::row::{Cells, readable};
use super::{Result, Store, authors, cases};
use crate::domain::case::Case;
use crate::domain::ids::{AuthorId, BrandId, MentionId};
use crate::domain::post::Author;
use crate::domain::sentiment::Label;
use crate::domain::time::{Millis, Span};

/// An author with what is known of them in one brand.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorTally {
    /// The author.
    pub author: Author,
    /// Their mentions, copies and deleted ones too.
    pub mentions: i64,
    /// Negative ones among them.
    pub negative: i64,
    /// Neutral ones.
    pub neutral: i64,
    /// Positive ones.
    pub positive: i64,
    /// Severity of their worst, 0..=1.
    pub worst_severity: f64,
    /// When the first was written.
    pub first_at: Millis,
    /// When the latest was written.
    pub latest_at: Millis,
}

/// A case with its author and what its flag knows.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseListed {
    /// The case.
    pub case: Case,
    /// Its author.
    pub author: Author,
    /// Title of its incident.
    pub incident_title: String,
    /// Their worst mention.
    pub worst: MentionId,
    /// Its severity, 0..=1.
    pub worst_severity: f64,
    /// Very negative mentions.
    pub very_negative: i64,
    /// When the latest was written.
    pub latest_at: Millis,
}

/// A label that a person corrected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correction {
    /// The mention.
    pub mention: MentionId,
    /// The person's label.
    pub label: Label,
    /// When it was corrected.
    pub at: Millis,
}

const TALLIES: &str = "
select
    a.id as author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot,
    t.mentions,
    t.negative,
    t.neutral,
    t.positive,
    t.worst_severity,
    t.first_at,
    t.latest_at
from (
    select
        author_id,
        count(*) as mentions,
        cast(sum(case when label = 'negative' then 1 else 0 end) as bigint) as negative,
        cast(sum(case when label = 'neutral' then 1 else 0 end) as bigint) as neutral,
        cast(sum(case when label = 'positive' then 1 else 0 end) as bigint) as positive,
        max(severity) as worst_severity,
        min(created_at) as first_at,
        max(created_at) as latest_at
    from matches
    where brand_id = $1
        and author_id > $2
        and created_at >= $3
        and created_at < $4
    group by author_id
    order by author_id
    limit $5
) t
join authors a
    on a.id = t.author_id
order by a.id";

const CORRECTIONS: &str = "
select
    c.mention_id,
    c.label,
    c.corrected_at
from corrections c
join matches x
    on x.mention_id = c.mention_id
where x.brand_id = $1
    and c.mention_id > $2
    and c.corrected_at >= $3
    and c.corrected_at < $4
order by c.mention_id
limit $5";

pub(super) const CASE_SELECT: &str = "
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
    f.worst_id,
    f.worst_severity,
    f.very_negative,
    f.latest_at,
    c.author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot
from cases c
join flags f
    on f.id = c.flag_id
join authors a
    on a.id = c.author_id
join incidents i
    on i.id = c.incident_id";

impl CaseListed {
    pub(super) fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            case: cases::read(row)?,
            author: authors::read(row)?,
            incident_title: row.text("incident_title")?,
            worst: MentionId::new(row.int("worst_id")?),
            worst_severity: row.real("worst_severity")?,
            very_negative: row.int("very_negative")?,
            latest_at: row.at("latest_at")?,
        })
    }
}

impl Store {
    /// Authors who wrote in `span`, by id, after `after`.
    pub async fn author_tallies(&self, brand: BrandId, span: Span, after: AuthorId, limit: i64) -> Result<Vec<AuthorTally>> {
        let rows = sqlx::query(TALLIES)
            .bind(brand.get())
            .bind(after.get())
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(AuthorTally {
                    author: authors::read(row)?,
                    mentions: row.int("mentions")?,
                    negative: row.int("negative")?,
                    neutral: row.int("neutral")?,
                    positive: row.int("positive")?,
                    worst_severity: row.real("worst_severity")?,
                    first_at: row.at("first_at")?,
                    latest_at: row.at("latest_at")?,
                })
            })
            .collect()
    }

    /// Cases of a brand that were opened in `span`, by id, after `after`.
    pub async fn cases_by_id(&self, brand: BrandId, span: Span, after: i64, limit: i64) -> Result<Vec<CaseListed>> {
        let wanted = "where c.brand_id = $1 and c.id > $2 and c.opened_at >= $3 and c.opened_at < $4 order by c.id limit $5";
        let sql = AssertSqlSafe(format!("{CASE_SELECT} {wanted}"));
        let rows = sqlx::query(sql)
            .bind(brand.get())
            .bind(after)
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(CaseListed::read).collect()
    }

    /// Corrections made in `span`, by mention, after `after`.
    pub async fn corrections(&self, brand: BrandId, span: Span, after: MentionId, limit: i64) -> Result<Vec<Correction>> {
        let rows = sqlx::query(CORRECTIONS)
            .bind(brand.get())
            .bind(after.get())
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                let id = row.int("mention_id")?;
                let label = readable(row.text("label")?.parse().ok(), ("corrections", "label", id))?;
                Ok(Correction { mention: MentionId::new(id), label, at: row.at("corrected_at")? })
            })
            .collect()
    }
}
