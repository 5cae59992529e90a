//! What sources cost a day, and since when one is read as a sample.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::bulk;
use super::row::{Cells, readable};
use super::{Result, Store, Touch};
use crate::domain::budget::{Saving, Spending, Spent};
use crate::domain::ids::{MentionId, SourceId};
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, Millis, Span};

const ADD: &str = "
insert into spending (
    source_id,
    day,
    requests,
    micros,
    demand_requests,
    demand_micros
)
values ($1, $2, $3, $4, $5, $6)
on conflict (source_id, day) do update set
    requests = spending.requests + excluded.requests,
    micros = spending.micros + excluded.micros,
    demand_requests = spending.demand_requests + excluded.demand_requests,
    demand_micros = spending.demand_micros + excluded.demand_micros";

const TODAY: &str = "
select
    requests,
    micros,
    demand_requests,
    demand_micros
from spending
where source_id = $1
    and day = $2";

const ALL: &str = "
select
    s.id,
    s.one_in,
    s.sampled_since,
    coalesce(p.requests, 0) as requests,
    coalesce(p.micros, 0) as micros
from sources s
left join spending p
    on p.source_id = s.id
    and p.day = $1
where p.day is not null
    or s.one_in > 1
order by s.id";

const SET: &str = "
update sources set
    one_in = $2,
    sampled_since = case
        when $2 <= 1 then null
        when one_in <= 1 then $3
        else sampled_since
    end
where id = $1
    and (one_in <> $2 or ($2 <= 1 and sampled_since is not null))";

const HOUR: &str = "
insert into sampling (
    source_id,
    hour,
    one_in
)
values ($1, $2, $3)
on conflict (source_id, hour) do update set
    one_in = case when excluded.one_in > sampling.one_in then excluded.one_in else sampling.one_in end";

const HOURS: &str = "
select
    p.source_id,
    p.hour,
    p.one_in,
    s.kind
from sampling p
join sources s
    on s.id = p.source_id
where p.hour >= $1
    and p.hour < $2
order by
    p.source_id,
    p.hour";

const DRAWN: (&str, &str) = (
    "
select
    m.id,
    s.kind,
    p.one_in
from (values ",
    ") as k
cross join mentions m
cross join sources s
cross join sampling p
where m.id = k.column1
    and s.id = m.source_id
    and p.source_id = m.source_id
    and p.hour = m.fetched_at - m.fetched_at % 3600000",
);

impl Store {
    /// For how many each of these mentions stands, where its source was read as a sample in the hour that brought it; those
    /// that stand for themselves are missing.
    pub async fn drawn_one_in(&self, mentions: &[MentionId]) -> Result<HashMap<MentionId, i64>> {
        let mut reader = self.readers.acquire().await?;
        let rows = bulk::fetch(&mut reader, DRAWN, bulk::ids(mentions.iter().map(|id| id.get()))).await?;
        let mut drawn = HashMap::new();
        for row in &rows {
            let id = row.int("id")?;
            if samples(row, id)? {
                drawn.insert(MentionId::new(id), row.int("one_in")?);
            }
        }
        Ok(drawn)
    }

    /// Adds what a source cost now. `demand` is what the same would have cost without sampling.
    pub async fn spend(&self, source: SourceId, (spent, demand): (Spent, Spent), now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(ADD)
            .bind(source.get())
            .bind(day(now))
            .bind(spent.requests)
            .bind(spent.micros)
            .bind(demand.requests)
            .bind(demand.micros)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a source has cost today (UTC), and what that would have been without sampling.
    pub async fn spent_today(&self, source: SourceId, now: Millis) -> Result<(Spent, Spent)> {
        let row = sqlx::query(TODAY).bind(source.get()).bind(day(now)).fetch_optional(&self.readers).await?;
        let Some(row) = row else { return Ok(<(Spent, Spent)>::default()) };
        let spent = Spent { requests: row.int("requests")?, micros: row.int("micros")? };
        Ok((spent, Spent { requests: row.int("demand_requests")?, micros: row.int("demand_micros")? }))
    }

    /// Declares how a source is read from now on: 1 in full, n one in n.
    pub async fn note_sampling(&self, source: SourceId, one_in: i64, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(SET).bind(source.get()).bind(one_in).bind(now.get()).execute(&mut *tx).await?;
        if one_in > 1 {
            sqlx::query(HOUR).bind(source.get()).bind(now.hour().get()).bind(one_in).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Sources that cost something today, or are read as a sample.
    pub async fn spending(&self, now: Millis) -> Result<Vec<Spending>> {
        let rows = sqlx::query(ALL).bind(day(now)).fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                Ok(Spending {
                    source: SourceId::new(row.int("id")?),
                    spent: Spent { requests: row.int("requests")?, micros: row.int("micros")? },
                    one_in: row.int("one_in")?.max(1),
                    since: row.maybe_at("sampled_since")?,
                })
            })
            .collect()
    }

    /// Hours of a span in which sources were read as samples, and for how many each mention stands that was fetched then.
    pub async fn sampled_hours(&self, span: Span) -> Result<HashMap<(SourceId, Millis), i64>> {
        let rows = sqlx::query(HOURS).bind(span.from().hour().get()).bind(span.to().get()).fetch_all(&self.readers).await?;
        let mut hours = HashMap::new();
        for row in &rows {
            let source = row.int("source_id")?;
            if samples(row, source)? {
                hours.insert((SourceId::new(source), row.at("hour")?), row.int("one_in")?);
            }
        }
        Ok(hours)
    }
}

/// Whether the source of this row is read as a sample while it saves. Others are only asked more rarely, and lose nothing.
fn samples(row: &AnyRow, id: i64) -> Result<bool> {
    let kind = readable(SourceKind::parse(&row.text("kind")?), ("sources", "kind", id))?;
    Ok(Saving::of(kind) == Saving::Samples)
}

const fn day(now: Millis) -> i64 {
    now.get().div_euclid(DAY_MS) * DAY_MS
}
