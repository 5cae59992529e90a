//! Random samples of incidents that people check.

use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::row::{Cells, readable};
use super::{Result, Store, StoreError, Touch, rollup};
use crate::domain::ids::{BrandId, IncidentId, MentionId};
use crate::domain::rates::{Check, CheckAnswer};
use crate::domain::sentiment::Label;
use crate::domain::time::{Millis, Span};

const NTH: &str = "
select
    x.mention_id,
    x.label
from matches x
cross join mentions m
where m.id = x.mention_id
    and x.brand_id = $1
    and x.created_at >= $2
    and x.created_at < $3
    and x.label <> ''
    and x.hidden = 0
    and m.deleted_at is null
    and m.copy_of is null
    and m.repost = 0
order by
    x.created_at,
    x.mention_id
limit 1
offset $4";

const LAST_PLACE: &str = "
select
    coalesce(max(place), 0) as place
from checks
where incident_id = $1";

const ADD: (&str, &str) = (
    "
insert into checks (
    incident_id,
    mention_id,
    place,
    predicted,
    answer,
    drawn_at
)
values ",
    "
on conflict (incident_id, mention_id) do nothing",
);

const ANSWER: &str = "
update checks set
    answer = $3,
    answered_at = $4
where incident_id = $1
    and mention_id = $2";

const LIST: &str = "
select
    mention_id,
    place,
    predicted,
    answer
from checks
where incident_id = $1
order by place";

const WRITTEN_AT: &str = "
select
    k.mention_id,
    m.created_at
from checks k
join mentions m
    on m.id = k.mention_id
where k.incident_id = $1
order by k.place";

impl Store {
    /// When the mentions of an incident's sample were written, in the order in which they were drawn. Those that are gone for
    /// good are left out.
    pub async fn checks_written_at(&self, incident: IncidentId) -> Result<Vec<(MentionId, Millis)>> {
        let rows = sqlx::query(WRITTEN_AT).bind(incident.get()).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((MentionId::new(row.int("mention_id")?), row.at("created_at")?))).collect()
    }

    /// The mention at a place (0 is the oldest) among those in `span` that are scored, live and no copies.
    pub async fn nth_scored(&self, brand: BrandId, span: Span, place: i64) -> Result<Option<(MentionId, Label)>> {
        let row = sqlx::query(NTH)
            .bind(brand.get())
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(place.max(0))
            .fetch_optional(&self.readers)
            .await?;
        let read = |row: &AnyRow| {
            let id = row.int("mention_id")?;
            Ok((MentionId::new(id), predicted(row, "label", id)?))
        };
        row.as_ref().map(read).transpose()
    }

    /// Adds to an incident's sample, in this order; what is in it already is left out.
    pub async fn add_checks(&self, incident: IncidentId, drawn: &[(MentionId, Label)], now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let last = sqlx::query(LAST_PLACE).bind(incident.get()).fetch_one(&mut *tx).await?.int("place")?;
        let rows = (last + 1..)
            .zip(drawn)
            .map(|(place, (mention, label))| values![incident.get(), mention.get(), place, label.as_str(), "", now.get()]);
        bulk::execute(&mut tx, ADD, rows.collect()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What a person says of a sampled mention; `None` takes it back. [`StoreError::NotFound`] when it is not in the sample.
    pub async fn answer_check(&self, incident: IncidentId, mention: MentionId, answer: Option<CheckAnswer>, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let answered = sqlx::query(ANSWER)
            .bind(incident.get())
            .bind(mention.get())
            .bind(answer.map_or("", CheckAnswer::as_str))
            .bind(answer.map(|_| now.get()))
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        if answered.rows_affected() > 0 { Ok(()) } else { Err(StoreError::NotFound) }
    }

    /// An incident's sample, in the order of drawing.
    pub async fn checks(&self, incident: IncidentId) -> Result<Vec<Check>> {
        let rows = sqlx::query(LIST).bind(incident.get()).fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }
}

fn predicted(row: &AnyRow, column: &'static str, id: i64) -> Result<Label> {
    readable(rollup::label(Some(&row.text(column)?), ("checks", column, id))?, ("checks", column, id))
}

fn read(row: &AnyRow) -> Result<Check> {
    let id = row.int("mention_id")?;
    let answer = match row.text("answer")?.as_str() {
        "" => None,
        word => Some(readable(CheckAnswer::parse(word), ("checks", "answer", id))?),
    };
    Ok(Check { mention: MentionId::new(id), place: row.int("place")?, predicted: predicted(row, "predicted", id)?, answer })
}
