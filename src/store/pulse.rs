//! A few numbers that tell a page whether anything changed.

use super::row::Cells;
use super::{Result, Store};
use crate::domain::ids::BrandId;

/// Changes whenever a page may look different; the values mean nothing else to live updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pulse {
    /// When the newest mention was kept, milliseconds; 0 when there is none.
    pub newest_fetched: i64,
    /// Mentions that wait for a score, given up ones too.
    pub waiting: i64,
    /// Mentions with a label, copies aside.
    pub scored: i64,
    /// When a verdict last changed, milliseconds; 0 when there is none.
    pub newest_verdict_at: i64,
    /// When a flag last changed, milliseconds; 0 when there is none.
    pub flags_changed: i64,
    /// Sources whose last poll failed.
    pub sources_failing: i64,
}

/// A brand's history in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Mentions kept, copies and deleted ones too.
    pub mentions: i64,
    /// Their distinct authors.
    pub authors: i64,
    /// With a label, copies aside.
    pub scored: i64,
    /// Copies.
    pub copies: i64,
    /// Deleted since.
    pub deleted: i64,
}

/// Ids sort by the time they were made: the newest row is the last one. Naming the brands lets an index find their hours.
const PULSE: &str = "
select
    coalesce((select fetched_at from mentions order by id desc limit 1), 0) as newest_fetched,
    (select count(*) from scoring) as waiting,
    coalesce((
        select cast(sum(negative + neutral + positive) as bigint)
        from hours
        where brand_id in (select id from brands)
            and source_id = 0
    ), 0) as scored,
    coalesce((select at from verdicts order by id desc limit 1), 0) as newest_verdict_at,
    coalesce((select max(updated_at) from flags), 0) as flags_changed,
    (select count(*) from sources where enabled = 1 and failures > 0) as sources_failing";

const TOTALS: &str = "
select
    coalesce(cast(sum(mentions) as bigint), 0) as mentions,
    coalesce(cast(sum(negative + neutral + positive) as bigint), 0) as scored,
    coalesce(cast(sum(copies) as bigint), 0) as copies,
    coalesce(cast(sum(deleted) as bigint), 0) as deleted,
    (select count(distinct author_id) from matches where brand_id = $1) - (
        select count(distinct x.author_id)
        from matches x
        where x.brand_id = $1
            and x.hidden <> 0
            and not exists (
                select 1
                from matches y
                where y.brand_id = x.brand_id
                    and y.author_id = x.author_id
                    and y.hidden = 0
            )
    ) as authors
from hours
where brand_id = $1
    and source_id = 0";

/// The newest mentions that are looked at for languages.
const RECENT: i64 = 20_000;

const LANGUAGES: &str = "
select
    m.lang,
    count(*) as mentions
from (
    select
        mention_id
    from matches
    where brand_id = $1
    order by
        created_at desc,
        mention_id desc
    limit $2
) x
join mentions m
    on m.id = x.mention_id
where m.lang is not null
group by m.lang
order by
    mentions desc,
    m.lang";

impl Store {
    /// Cheap enough to ask every second.
    pub async fn pulse(&self) -> Result<Pulse> {
        let row = sqlx::query(PULSE).fetch_one(&self.readers).await?;
        Ok(Pulse {
            newest_fetched: row.int("newest_fetched")?,
            waiting: row.int("waiting")?,
            scored: row.int("scored")?,
            newest_verdict_at: row.int("newest_verdict_at")?,
            flags_changed: row.int("flags_changed")?,
            sources_failing: row.int("sources_failing")?,
        })
    }

    /// A brand's numbers since the beginning.
    pub async fn totals(&self, brand: BrandId) -> Result<Totals> {
        let row = sqlx::query(TOTALS).bind(brand.get()).fetch_one(&self.readers).await?;
        Ok(Totals {
            mentions: row.int("mentions")?,
            authors: row.int("authors")?,
            scored: row.int("scored")?,
            copies: row.int("copies")?,
            deleted: row.int("deleted")?,
        })
    }

    /// Languages of the newest 20,000 mentions, most frequent first.
    pub async fn languages(&self, brand: BrandId) -> Result<Vec<(String, i64)>> {
        let rows = sqlx::query(LANGUAGES).bind(brand.get()).bind(RECENT).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.text("lang")?, row.int("mentions")?))).collect()
    }
}
