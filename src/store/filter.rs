//! Mentions of another brand of the same name: what people mark, and what is hidden.

use std::collections::HashMap;

use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::error::Attempts;
use super::row::{Cells, readable};
use super::{Result, Store, StoreError, Touch, WriteTx, rollup};
use crate::domain::filter::{About, Precision, is_audited};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::time::Millis;

/// Whether and why a mention of a brand is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hidden {
    /// It is shown and counts.
    #[default]
    No,
    /// A person says that it is about another brand.
    Marked,
    /// The filter does.
    Filtered,
    /// The filter does, and people are asked whether that is right.
    Audited,
}

impl Hidden {
    const ALL: [Self; 4] = [Self::No, Self::Marked, Self::Filtered, Self::Audited];

    const fn code(self) -> i64 {
        self as i64
    }

    fn parse(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|hidden| hidden.code() == code)
    }

    /// As the filter says: `About::Other` hides.
    pub(super) const fn judged(about: About, mention: MentionId) -> Self {
        match about {
            About::This => Self::No,
            About::Other if is_audited(mention.get()) => Self::Audited,
            About::Other => Self::Filtered,
        }
    }
}

/// What is known of one mention beside the mention itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BrandStanding {
    /// Whether it is hidden.
    pub hidden: Hidden,
    /// What a person said.
    pub mark: Option<About>,
}

const LIVE_MATCH: &str = "
select
    x.hidden
from matches x
join mentions m
    on m.id = x.mention_id
where x.brand_id = $1
    and x.mention_id = $2
    and m.deleted_at is null";

const MARK: &str = "
insert into brand_marks (
    brand_id,
    mention_id,
    about,
    audited,
    marked_at
)
values ($1, $2, $3, $4, $5)
on conflict (brand_id, mention_id) do update set
    about = excluded.about,
    audited = case when brand_marks.audited > excluded.audited then brand_marks.audited else excluded.audited end,
    marked_at = excluded.marked_at";

const UNMARK: &str = "
delete from brand_marks
where brand_id = $1
    and mention_id = $2";

const SET_HIDDEN: (&str, &str) = (
    "
update matches set
    hidden = v.column3
from (values ",
    ") as v
where matches.brand_id = v.column1
    and matches.mention_id = v.column2",
);

/// What a person hid is shown; what the filter hid waits for its word.
const SHOW_AGAIN: &str = "
update matches set
    hidden = 0
where mention_id = $1
    and hidden = 1";

const ASK_AGAIN: &str = "
insert into brand_edits (
    brand_id,
    mention_id,
    edited_at
)
select
    x.brand_id,
    x.mention_id,
    cast($2 as bigint)
from matches x
join brand_filters f
    on f.brand_id = x.brand_id
where x.mention_id = $1
on conflict (brand_id, mention_id) do update set
    edited_at = case when brand_edits.edited_at >= excluded.edited_at then brand_edits.edited_at + 1 else excluded.edited_at end";

pub(super) const STANDINGS: (&str, &str) = (
    "
select
    x.mention_id,
    x.hidden,
    b.about
from (values ",
    ") as k
cross join matches x
left join brand_marks b
    on b.brand_id = x.brand_id
    and b.mention_id = x.mention_id
where x.mention_id = k.column1
    and x.brand_id = k.column2",
);

const HIDDEN_COUNT: &str = "
select
    coalesce(cast(sum(hidden) as bigint), 0) as hidden
from hours
where brand_id = $1
    and source_id = 0";

const MARKS: &str = "
select
    count(*) as marks,
    coalesce(max(marked_at), 0) as latest,
    coalesce(cast(sum(audited) as bigint), 0) as audited,
    coalesce(cast(sum(case when audited = 1 and about = 'other' then 1 else 0 end) as bigint), 0) as audited_right
from brand_marks
where brand_id = $1";

impl Store {
    /// A person says whose brand a mention is about; `None` takes that back. A mention of another brand is hidden, and
    /// counts in nothing but the hidden ones. [`StoreError::NotFound`] for a deleted one, or one of other brands only.
    pub async fn mark_brand(&self, brand: BrandId, mention: MentionId, about: Option<About>, now: Millis) -> Result<()> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_mark_brand((brand, mention), about, now).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_mark_brand(&self, (brand, mention): (BrandId, MentionId), about: Option<About>, now: Millis) -> Result<()> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let live = sqlx::query(LIVE_MATCH).bind(brand.get()).bind(mention.get()).fetch_optional(&mut *tx).await?;
        let hidden = hidden(&live.ok_or(StoreError::NotFound)?, mention.get())?;
        match about {
            Some(about) => {
                let audited = i64::from(hidden == Hidden::Audited);
                let query = sqlx::query(MARK).bind(brand.get()).bind(mention.get()).bind(about.as_str()).bind(audited);
                query.bind(now.get()).execute(&mut *tx).await?
            }
            None => sqlx::query(UNMARK).bind(brand.get()).bind(mention.get()).execute(&mut *tx).await?,
        };
        let hidden = if about == Some(About::Other) { Hidden::Marked } else { Hidden::No };
        hide(&mut tx, brand, &[(mention, hidden)]).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What is known of these mentions of a brand; those that it has not are missing.
    pub async fn brand_standings(&self, brand: BrandId, mentions: &[MentionId]) -> Result<HashMap<MentionId, BrandStanding>> {
        let rows = mentions.iter().map(|id| values![id.get(), brand.get()]).collect();
        let mut reader = self.readers.acquire().await?;
        let rows = bulk::fetch(&mut reader, STANDINGS, rows).await?;
        rows.iter()
            .map(|row| {
                let id = row.int("mention_id")?;
                Ok((MentionId::new(id), BrandStanding { hidden: hidden(row, id)?, mark: mark(row, id)? }))
            })
            .collect()
    }

    /// How many mentions of a brand are hidden, deleted ones too.
    pub async fn hidden_count(&self, brand: BrandId) -> Result<i64> {
        sqlx::query(HIDDEN_COUNT).bind(brand.get()).fetch_one(&self.readers).await?.int("hidden")
    }

    /// Names the marks of a brand as they are now, and says what people found among the hidden ones that were drawn.
    pub async fn brand_marks(&self, brand: BrandId) -> Result<(String, Precision)> {
        let row = sqlx::query(MARKS).bind(brand.get()).fetch_one(&self.readers).await?;
        let marks = format!("{}:{}", row.int("marks")?, row.int("latest")?);
        Ok((marks, Precision { hidden: row.int("audited")?, right: row.int("audited_right")? }))
    }
}

pub(super) async fn hide(tx: &mut WriteTx, brand: BrandId, changes: &[(MentionId, Hidden)]) -> Result<()> {
    let rows = changes.iter().map(|(id, hidden)| values![brand.get(), id.get(), hidden.code()]).collect();
    bulk::execute(tx, SET_HIDDEN, rows).await?;
    rollup::recount(tx, &changes.iter().map(|(id, _)| id.get()).collect()).await
}

/// New words: what a person said of the old ones does not hide them, and the filter is asked again.
pub(super) async fn ask_again(tx: &mut WriteTx, mention: i64, now: Millis) -> Result<()> {
    sqlx::query(SHOW_AGAIN).bind(mention).execute(&mut **tx).await?;
    sqlx::query(ASK_AGAIN).bind(mention).bind(now.get()).execute(&mut **tx).await?;
    Ok(())
}

pub(super) fn hidden(row: &AnyRow, id: i64) -> Result<Hidden> {
    readable(Hidden::parse(row.int("hidden")?), ("matches", "hidden", id))
}

pub(super) fn mark(row: &AnyRow, id: i64) -> Result<Option<About>> {
    let word = row.maybe_text("about")?;
    word.map(|word| readable(About::parse(&word), ("brand_marks", "about", id))).transpose()
}
