//! People's decisions on campaigns, and what the brand's own accounts posted.

use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::row::{Cells, clean, clean_to, readable};
use super::{Result, Store, StoreError, Touch};
use crate::domain::hold::{Decision, HoldDecision};
use crate::domain::ids::{BrandId, HoldId, SourceId};
use crate::domain::post::Post;
use crate::domain::time::{Millis, Span};

/// A decision to keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewHold {
    /// The brand.
    pub brand: BrandId,
    /// Hold, or go on.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// Who; may be empty.
    pub decided_by: String,
    /// When it ends by itself.
    pub until: Millis,
}

/// A post of the brand's own, and what makes it advertising.
#[derive(Debug, Clone, PartialEq)]
pub struct OwnPost {
    /// The post, cleaned.
    pub post: Post,
    /// What makes it advertising; empty when nothing does.
    pub promotional: String,
}

/// A post of the brand's own, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrandPost {
    /// Such as `mastodon`.
    pub platform: String,
    /// Host, or empty.
    pub instance: String,
    /// When it went out.
    pub at: Millis,
    /// Its beginning.
    pub text: String,
    /// Its page.
    pub url: Option<String>,
    /// What makes it advertising; empty when nothing does.
    pub promotional: String,
}

/// Bytes kept of a post of the brand's own: enough to know it again.
const OWN_TEXT: usize = 2_000;

const INSERT: &str = "
insert into holds (
    id,
    brand_id,
    decision,
    reason,
    decided_by,
    at,
    until
)
values ($1, $2, $3, $4, $5, $6, $7)";

const END: &str = "
update holds set
    ended_at = $3
where id = $1
    and brand_id = $2
    and ended_at is null";

const LIST: &str = "
select
    id,
    brand_id,
    decision,
    reason,
    decided_by,
    at,
    until,
    ended_at
from holds
where brand_id = $1
order by
    at desc,
    id desc
limit $2";

const SAVE_POSTS: (&str, &str) = (
    "
insert into brand_posts (
    id,
    brand_id,
    platform,
    instance,
    native_id,
    source_id,
    at,
    text,
    url,
    promotional
)
values ",
    "
on conflict (brand_id, platform, instance, native_id) do update set
    text = excluded.text,
    url = excluded.url,
    promotional = excluded.promotional",
);

const POSTS: &str = "
select
    id,
    platform,
    instance,
    at,
    text,
    url,
    promotional
from brand_posts
where brand_id = $1
    and at >= $2
    and at < $3
order by
    at desc,
    id desc
limit $4";

impl Store {
    /// Keeps a decision.
    pub async fn add_hold(&self, new: &NewHold, now: Millis) -> Result<HoldId> {
        let id = self.next_id(now);
        let mut tx = self.begin(Touch::Rows).await?;
        sqlx::query(INSERT)
            .bind(id)
            .bind(new.brand.get())
            .bind(new.decision.as_str())
            .bind(clean(&new.reason))
            .bind(clean(&new.decided_by))
            .bind(now.get())
            .bind(new.until.get())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(HoldId::new(id))
    }

    /// Takes a decision back. [`StoreError::NotFound`] when there is none of that brand that was not taken back.
    pub async fn end_hold(&self, brand: BrandId, id: HoldId, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Rows).await?;
        let ended = sqlx::query(END).bind(id.get()).bind(brand.get()).bind(now.get()).execute(&mut *tx).await?;
        tx.commit().await?;
        if ended.rows_affected() > 0 { Ok(()) } else { Err(StoreError::NotFound) }
    }

    /// A brand's decisions, newest first.
    pub async fn holds(&self, brand: BrandId, limit: i64) -> Result<Vec<HoldDecision>> {
        let rows = sqlx::query(LIST).bind(brand.get()).bind(limit.max(0)).fetch_all(&self.readers).await?;
        rows.iter().map(hold).collect()
    }

    /// Keeps what the brand's own accounts posted. They are no mentions: nothing is counted. Repeats are expected.
    pub async fn save_own_posts(&self, brand: BrandId, source: SourceId, posts: &[OwnPost], now: Millis) -> Result<()> {
        if posts.is_empty() {
            return Ok(());
        }
        let row = |own: &OwnPost| {
            let (key, post) = (&own.post.key, &own.post);
            values![
                self.next_id(now),
                brand.get(),
                key.platform(),
                key.instance(),
                key.native_id(),
                source.get(),
                post.created_at.min(now).get(),
                clean_to(&post.text, OWN_TEXT),
                post.url.as_deref().map(clean),
                clean(&own.promotional),
            ]
        };
        // PostgreSQL takes no row twice in one statement.
        let latest: std::collections::BTreeMap<_, &OwnPost> = posts.iter().map(|own| (&own.post.key, own)).collect();
        let rows = latest.into_values().map(row).collect();
        let mut tx = self.begin(Touch::Rows).await?;
        bulk::execute(&mut tx, SAVE_POSTS, rows).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the brand's own accounts posted in `span`, newest first.
    pub async fn own_posts(&self, brand: BrandId, span: Span, limit: i64) -> Result<Vec<BrandPost>> {
        let rows = sqlx::query(POSTS)
            .bind(brand.get())
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(limit.max(0))
            .fetch_all(&self.readers)
            .await?;
        rows.iter()
            .map(|row| {
                Ok(BrandPost {
                    platform: row.text("platform")?,
                    instance: row.text("instance")?,
                    at: row.at("at")?,
                    text: row.text("text")?,
                    url: row.maybe_text("url")?,
                    promotional: row.text("promotional")?,
                })
            })
            .collect()
    }
}

fn hold(row: &AnyRow) -> Result<HoldDecision> {
    let id = row.int("id")?;
    Ok(HoldDecision {
        id: HoldId::new(id),
        brand: BrandId::new(row.int("brand_id")?),
        decision: readable(Decision::parse(&row.text("decision")?), ("holds", "decision", id))?,
        reason: row.text("reason")?,
        decided_by: row.text("decided_by")?,
        at: row.at("at")?,
        until: row.at("until")?,
        ended_at: row.maybe_at("ended_at")?,
    })
}
