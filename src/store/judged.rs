//! Mentions of another brand of the same name, as the filter reads and judges them, and how it does.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::error::Attempts;
use super::filter::{Hidden, STANDINGS, hidden, hide, mark};
use super::row::{Cells, clean, json, to_json};
use super::{Result, Store, Touch, WriteTx};
use crate::domain::filter::{About, Acting, Measured, Precision, Traits};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::time::Millis;

/// Marks that a filter learns from, the newest first.
const MOST_MARKS: i64 = 600;

/// A mention as the filter learns from it or judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// The mention.
    pub mention: MentionId,
    /// A person's word; `None` for one that nobody objected to.
    pub mark: Option<About>,
    /// Whether it is hidden now.
    pub hidden: Hidden,
    /// Which of its edits this is; 0: it was not edited since it was judged.
    edited: i64,
    text: String,
    platform: String,
    instance: String,
    author: String,
    lang: String,
}

impl Judged {
    /// What the filter sees.
    pub fn traits(&self) -> Traits<'_> {
        Traits { text: &self.text, platform: &self.platform, instance: &self.instance, author: &self.author, lang: &self.lang }
    }
}

/// How a brand's filter does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterReport {
    /// Whether it hides.
    pub acting: Acting,
    /// As measured when it learned.
    pub measured: Measured,
    /// As people found, of the hidden ones that were drawn.
    pub audit: Precision,
}

/// Where a brand's filter stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterState {
    /// Names the marks that it learned from.
    pub marks: String,
    /// It has judged the mentions up to this one.
    pub judged_to: MentionId,
    /// How it does.
    pub report: FilterReport,
}

const JUDGED_AGAIN: (&str, &str) = (
    "
delete from brand_edits
where (brand_id, mention_id, edited_at) in (values ",
    ")",
);

/// Ends in the conditions that say which.
const JUDGED: &str = "
select
    x.mention_id,
    x.hidden,
    b.about,
    m.text,
    m.platform,
    m.instance,
    m.lang,
    a.native_id as author,
    coalesce(e.edited_at, 0) as edited
from matches x
cross join mentions m
cross join authors a
left join brand_marks b
    on b.brand_id = x.brand_id
    and b.mention_id = x.mention_id
left join brand_edits e
    on e.brand_id = x.brand_id
    and e.mention_id = x.mention_id
where m.id = x.mention_id
    and a.id = m.author_id
    and m.deleted_at is null
    and x.brand_id = $1";

/// Somebody corrected its label.
const CORRECTED: &str = "x.hidden = 0
    and exists (
        select 1
        from corrections c
        where c.mention_id = x.mention_id
    )";

const FROM: &str = "
select
    coalesce(min(mention_id), 0) as first
from matches
where brand_id = $1
    and created_at >= $2";

const FILTER: &str = "
select
    marks,
    judged_to,
    report
from brand_filters
where brand_id = $1";

const SAVE: &str = "
insert into brand_filters (
    brand_id,
    marks,
    judged_to,
    report
)
values ($1, $2, $3, $4)
on conflict (brand_id) do update set
    marks = excluded.marks,
    judged_to = excluded.judged_to,
    report = excluded.report";

impl Store {
    /// What a filter can learn from: the newest marks, and the newest mentions whose label somebody corrected without a
    /// word about another brand.
    pub async fn brand_examples(&self, brand: BrandId, corrected: i64) -> Result<Vec<Judged>> {
        let marked = format!("{JUDGED}\n    and b.about is not null\norder by b.marked_at desc, x.mention_id\nlimit $2");
        let read = format!("{JUDGED}\n    and b.about is null\n    and {CORRECTED}\norder by x.mention_id desc\nlimit $2");
        let mut examples = Vec::new();
        for (sql, limit) in [(marked, MOST_MARKS), (read, corrected)] {
            let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(brand.get()).bind(limit).fetch_all(&self.readers).await?;
            for row in &rows {
                examples.push(judged(row)?);
            }
        }
        Ok(examples)
    }

    /// Live mentions of a brand behind `after` that nobody marked, in the order in which they were kept.
    pub async fn to_judge(&self, brand: BrandId, after: MentionId, limit: i64) -> Result<Vec<Judged>> {
        let sql = format!("{JUDGED}\n    and x.mention_id > $2\n    and b.about is null\norder by x.mention_id\nlimit $3");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(brand.get()).bind(after.get()).bind(limit);
        query.fetch_all(&self.readers).await?.iter().map(judged).collect()
    }

    /// Live mentions with new words that the filter has not judged yet.
    pub async fn to_judge_again(&self, brand: BrandId, limit: i64) -> Result<Vec<Judged>> {
        let sql = format!("{JUDGED}\n    and e.edited_at is not null\norder by x.mention_id\nlimit $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(brand.get()).bind(limit);
        query.fetch_all(&self.readers).await?.iter().map(judged).collect()
    }

    /// Takes off edits that were judged; one that was edited again meanwhile stays.
    async fn judged_again(tx: &mut WriteTx, brand: BrandId, edits: &[Judged]) -> Result<()> {
        let rows = edits.iter().map(|m| values![brand.get(), m.mention.get(), m.edited]).collect();
        bulk::execute(tx, JUDGED_AGAIN, rows).await?;
        Ok(())
    }

    /// Live mentions that the filter hides.
    pub async fn filtered(&self, brand: BrandId, limit: i64) -> Result<Vec<Judged>> {
        let sql = format!("{JUDGED}\n    and x.hidden <> 0\n    and b.about is null\norder by x.created_at, x.mention_id\nlimit $2");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(brand.get()).bind(limit);
        query.fetch_all(&self.readers).await?.iter().map(judged).collect()
    }

    /// The mention before the first of a brand that was written since then.
    pub async fn before_first_since(&self, brand: BrandId, since: Millis) -> Result<MentionId> {
        let row = sqlx::query(FROM).bind(brand.get()).bind(since.get()).fetch_one(&self.readers).await?;
        Ok(MentionId::new(row.int("first")? - 1))
    }

    /// Where the filter of a brand stands; `None` before it learned for the first time.
    pub async fn brand_filter(&self, brand: BrandId) -> Result<Option<FilterState>> {
        let Some(row) = sqlx::query(FILTER).bind(brand.get()).fetch_optional(&self.readers).await? else { return Ok(None) };
        Ok(Some(FilterState {
            marks: row.text("marks")?,
            judged_to: MentionId::new(row.int("judged_to")?),
            report: json(&row.text("report")?, ("brand_filters", "report", brand.get()))?,
        }))
    }

    /// Keeps what a filter said of mentions, which of the edited ones it has judged, and where it stands. A mention that was
    /// marked meanwhile stays as marked.
    pub async fn save_filter(&self, brand: BrandId, (said, again): (&[(MentionId, About)], &[Judged]), state: &FilterState) -> Result<()> {
        let mut attempts = Attempts::default();
        loop {
            let outcome = self.try_save_filter(brand, (said, again), state).await;
            if !attempts.again(&outcome) {
                return outcome;
            }
        }
    }

    async fn try_save_filter(&self, brand: BrandId, (said, again): (&[(MentionId, About)], &[Judged]), state: &FilterState) -> Result<()> {
        let mut tx = self.begin(Touch::Mentions).await?;
        let rows = said.iter().map(|(id, _)| values![id.get(), brand.get()]).collect();
        let mut unmarked = BTreeSet::new();
        for row in bulk::fetch(&mut tx, STANDINGS, rows).await? {
            let id = row.int("mention_id")?;
            if mark(&row, id)?.is_none() {
                unmarked.insert(MentionId::new(id));
            }
        }
        let said = said.iter().filter(|(id, _)| unmarked.contains(id));
        let changes: Vec<(MentionId, Hidden)> = said.map(|(id, about)| (*id, Hidden::judged(*about, *id))).collect();
        hide(&mut tx, brand, &changes).await?;
        Self::judged_again(&mut tx, brand, again).await?;
        let query = sqlx::query(SAVE).bind(brand.get()).bind(clean(&state.marks)).bind(state.judged_to.get());
        query.bind(to_json(&state.report)?).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }
}

fn judged(row: &AnyRow) -> Result<Judged> {
    let id = row.int("mention_id")?;
    Ok(Judged {
        mention: MentionId::new(id),
        mark: mark(row, id)?,
        hidden: hidden(row, id)?,
        edited: row.int("edited")?,
        text: row.text("text")?,
        platform: row.text("platform")?,
        instance: row.text("instance")?,
        author: row.text("author")?,
        lang: row.maybe_text("lang")?.unwrap_or_default(),
    })
}
