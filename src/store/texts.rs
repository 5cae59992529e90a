//! Texts of mentions in bulk, for what is learned from their words.

use sqlx::AssertSqlSafe;

use super::row::Cells;
use super::{MentionCursor, Result, Store, rollup};
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
    and (x.created_at, x.mention_id) > ($4, $5)
    and x.hidden = 0
    and m.deleted_at is null
    and m.copy_of is null
    and m.repost = 0";

const ORDER: &str = "
order by
    x.created_at,
    x.mention_id
limit $6";

impl Store {
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
        let rows = sqlx::query(AssertSqlSafe(format!("{SELECT}{condition}{ORDER}")))
            .bind(brand.get())
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(after.map_or(i64::MIN, |c| c.created_at.get()))
            .bind(after.map_or(i64::MIN, |c| c.id.get()))
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
