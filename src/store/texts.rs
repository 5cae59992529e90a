//! Texts of mentions in bulk, for what is learned from their words.

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::row::Cells;
use super::{MentionCursor, Result, Store, StoreError, rollup};
use crate::domain::ids::{AuthorId, BrandId, MentionId};
use crate::domain::sentiment::Label;
use crate::domain::time::{Millis, Span};

/// Which mentions, by the label that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextLabels {
    /// Scored or not.
    Any,
    /// Unhappy ones.
    Negative,
    /// Unhappy and neutral ones.
    NotPositive,
    /// Neutral and positive ones.
    NotNegative,
}

/// A mention in its author's own words: no copy, not deleted.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRow {
    /// The mention.
    pub mention: MentionId,
    /// Its author.
    pub author: AuthorId,
    /// When it was written.
    pub at: Millis,
    /// The label that counts; `None` while it waits.
    pub label: Option<Label>,
    /// Detected or claimed language.
    pub lang: Option<String>,
    /// Plain text.
    pub text: String,
}

const SELECT: &str = "
select
    x.mention_id,
    x.author_id,
    x.created_at,
    x.label,
    m.lang,
    m.text
from matches x
cross join mentions m
where m.id = x.mention_id
    and x.brand_id = $1
    and x.created_at >= $2
    and x.created_at < $3
    and (+x.created_at, x.mention_id) > ($4, $5)
    and x.hidden = 0
    and m.deleted_at is null
    and m.copy_of is null
    and m.repost = 0";

const HUMAN: &str = "
select
    m.id as mention_id,
    h.label,
    m.text,
    m.lang
from (
    select
        c.mention_id,
        c.label
    from corrections c
    union all
    select
        k.mention_id,
        max(k.answer) as label
    from checks k
    where k.answer in ('negative', 'neutral', 'positive')
        and not exists (select 1 from corrections c where c.mention_id = k.mention_id)
    group by k.mention_id
) h
join matches x
    on x.mention_id = h.mention_id
join mentions m
    on m.id = h.mention_id
where x.brand_id = $1
    and m.id > $2
    and m.deleted_at is null
order by m.id
limit $3";

const ORDER: &str = "
order by
    x.created_at,
    x.mention_id
limit $6";

/// What a person said of a mention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HumanLabel {
    /// Which.
    pub mention: MentionId,
    /// What they said: in a correction, else in a check.
    pub label: Label,
    /// Its text.
    pub text: String,
    /// The language that its platform claims.
    pub lang: Option<String>,
}

impl Store {
    /// What people said of a brand's mentions, by id, after `after`. Deleted ones are left out.
    pub async fn human_labels(&self, brand: BrandId, after: MentionId, limit: i64) -> Result<Vec<HumanLabel>> {
        let query = sqlx::query(HUMAN).bind(brand.get()).bind(after.get()).bind(limit.max(0));
        query.fetch_all(&self.readers).await?.iter().map(human_label).collect()
    }

    /// Own words in `span`, oldest first, after the end of the page before.
    pub async fn texts(
        &self,
        brand: BrandId,
        (span, labels): (Span, TextLabels),
        after: Option<MentionCursor>,
        limit: i64,
    ) -> Result<Vec<TextRow>> {
        let condition = match labels {
            TextLabels::Any => "",
            TextLabels::Negative => "\n    and x.label = 'negative'",
            TextLabels::NotPositive => "\n    and x.label in ('negative', 'neutral')",
            TextLabels::NotNegative => "\n    and x.label in ('neutral', 'positive')",
        };
        let (at, id) = after.map_or((Millis::new(i64::MIN), i64::MIN), |end| (end.created_at, end.id.get()));
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT}{condition}{ORDER}")))
            .bind(brand.get())
            // SQLite seeks by this alone: see `Listing::page`.
            .bind(span.from().max(at).get())
            .bind(span.to().get())
            .bind(at.get())
            .bind(id)
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        let read = |row: &sqlx::any::AnyRow| {
            let id = row.int("mention_id")?;
            Ok(TextRow {
                mention: MentionId::new(id),
                author: AuthorId::new(row.int("author_id")?),
                at: row.at("created_at")?,
                label: rollup::label(Some(&row.text("label")?), ("matches", "label", id))?,
                lang: row.maybe_text("lang")?,
                text: row.text("text")?,
            })
        };
        rows.iter().map(read).collect()
    }
}

fn human_label(row: &AnyRow) -> Result<HumanLabel> {
    let id = row.int("mention_id")?;
    let label = rollup::label(Some(&row.text("label")?), ("corrections", "label", id))?;
    let label = label.ok_or(StoreError::Inconsistent { table: "corrections", column: "label", id })?;
    Ok(HumanLabel { mention: MentionId::new(id), label, text: row.text("text")?, lang: row.maybe_text("lang")? })
}
