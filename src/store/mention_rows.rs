//! Mentions for exports, a page as one value.
//!
//! Thirty cells a row cost the driver several times what they cost the database. So the database writes a page as JSON,
//! in one cell, and what reads it borrows the texts from there.

use std::borrow::Cow;

use serde::Deserialize;
use sqlx::AssertSqlSafe;

use super::bulk::bind;
use super::mentions::{Beyond, Listing, SELECT};
use super::row::Cells;
use super::{Backend, MentionCursor, MentionFilter, Result, Store, StoreError};
use crate::domain::ids::MentionId;
use crate::domain::time::Millis;

/// A page of mentions as the database wrote it.
#[derive(Debug)]
pub struct MentionPage(String);

/// A text of a page.
type Text<'a> = Cow<'a, str>;

/// One mention as it is exported, in the order of `CELLS`.
#[derive(Debug, Deserialize)]
pub struct MentionRow<'a> {
    /// Row id.
    pub id: i64,
    /// Platform.
    #[serde(borrow)]
    pub platform: Text<'a>,
    /// Instance at the platform.
    #[serde(borrow)]
    pub instance: Text<'a>,
    /// Id at the platform.
    #[serde(borrow)]
    pub native_id: Text<'a>,
    /// When it was written.
    pub created_at: Millis,
    /// When it was first kept.
    pub fetched_at: Millis,
    /// When it last changed.
    pub edited_at: Option<Millis>,
    /// When it was found deleted.
    pub deleted_at: Option<Millis>,
    /// Its words.
    #[serde(borrow)]
    pub text: Text<'a>,
    /// Its page.
    #[serde(borrow)]
    pub url: Option<Text<'a>>,
    /// Id at the platform of what it answers.
    #[serde(borrow)]
    pub reply_to: Option<Text<'a>>,
    /// Language that it says it is in.
    #[serde(borrow)]
    pub lang: Option<Text<'a>>,
    /// Likes.
    pub likes: i64,
    /// Reposts.
    pub reposts: i64,
    /// Replies.
    pub replies: i64,
    /// The mention whose text it repeats.
    pub copy_of: Option<i64>,
    /// Why it counts as a mention.
    #[serde(borrow)]
    pub why: Text<'a>,
    /// Handle of its author.
    #[serde(borrow)]
    pub handle: Text<'a>,
    /// Name of its author.
    #[serde(borrow)]
    pub name: Text<'a>,
    /// Followers of its author.
    pub followers: Option<i64>,
    /// The model that scored it; `None` while it waits.
    #[serde(borrow)]
    pub model: Option<Text<'a>>,
    /// The model's label.
    #[serde(borrow)]
    pub scored: Option<Text<'a>>,
    /// Probability of negative.
    pub negative: Option<f32>,
    /// Probability of neutral.
    pub neutral: Option<f32>,
    /// Probability of positive.
    pub positive: Option<f32>,
    /// How strongly negative.
    pub severity: Option<f32>,
    /// A person's label.
    #[serde(borrow)]
    pub corrected: Option<Text<'a>>,
    /// The source that found it first.
    pub source: i64,
}

/// The columns of [`SELECT`] that an export has.
const CELLS: &str = "
    r.id,
    r.platform,
    r.instance,
    r.native_id,
    r.created_at,
    r.fetched_at,
    r.edited_at,
    r.deleted_at,
    r.text,
    r.url,
    r.reply_to,
    r.lang,
    r.likes,
    r.reposts,
    r.replies,
    r.copy_of,
    r.why,
    r.author_handle,
    r.author_name,
    r.author_followers,
    r.model,
    r.scored,
    r.negative,
    r.neutral,
    r.positive,
    r.severity,
    r.corrected,
    r.found_by";

impl MentionPage {
    /// Its mentions, oldest first.
    pub fn rows(&self) -> Result<Vec<MentionRow<'_>>> {
        let rows: serde_json::Result<Vec<MentionRow<'_>>> = serde_json::from_str(&self.0);
        let mut rows = rows.map_err(|e| StoreError::Other(sqlx::Error::Decode(e.into())))?;
        // No database promises the order in which it gathers rows; both keep that of the subquery.
        rows.sort_by_key(MentionRow::place);
        Ok(rows)
    }
}

impl MentionRow<'_> {
    const fn place(&self) -> (i64, i64) {
        (self.created_at.get(), self.id)
    }

    /// Where the next page begins.
    pub const fn cursor(&self) -> MentionCursor {
        MentionCursor { created_at: self.created_at, id: MentionId::new(self.id) }
    }
}

impl Store {
    /// A page of mentions, oldest first, after the end of the page before.
    pub async fn mention_page(&self, filter: &MentionFilter, after: Option<MentionCursor>, limit: i64) -> Result<MentionPage> {
        let (head, tail) = match self.backend {
            Backend::Sqlite => ("select\n    json_group_array(json_array(", "))"),
            Backend::Postgres => ("select\n    cast(coalesce(json_agg(json_build_array(", ")), '[]') as text)"),
        };
        let select = format!("{head}{CELLS}{tail} as page\nfrom (\n{SELECT}");
        let mut listing = Listing::page(self.backend, &select, filter, after.map(|cursor| (Beyond::Newer, cursor)));
        listing.sql.push_str("\norder by x.created_at, x.mention_id");
        listing.and_bind("\nlimit ", limit.max(0).into(), ") as r");
        let query = listing.values.into_iter().fold(sqlx::query(AssertSqlSafe(listing.sql)), bind);
        query.fetch_one(&self.readers).await?.text("page").map(MentionPage)
    }
}
