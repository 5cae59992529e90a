//! Mentions of another brand of the same name: marks, what is hidden, and how the filter does.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use sqlx::any::AnyRow;

use super::bulk::{self, values};
use super::error::Attempts;
use super::row::{Cells, clean, json, readable, to_json};
use super::{Result, Store, StoreError, Touch, WriteTx, rollup};
use crate::domain::filter::{About, Acting, Measured, Precision, Traits, is_audited};
use crate::domain::ids::{BrandId, MentionId};
use crate::domain::time::Millis;

/// Marks that a filter learns from, the newest first.
const MOST_MARKS: i64 = 600;

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

    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    fn parse(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|hidden| hidden.code() == code)
    }

    /// As the filter says: `About::Other` hides.
    const fn judged(about: About, mention: MentionId) -> Self {
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

const JUDGED_AGAIN: (&str, &str) = (
    "
delete from brand_edits
where (brand_id, mention_id, edited_at) in (values ",
    ")",
);

const STANDINGS: (&str, &str) = (
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

async fn hide(tx: &mut WriteTx, brand: BrandId, changes: &[(MentionId, Hidden)]) -> Result<()> {
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

fn hidden(row: &AnyRow, id: i64) -> Result<Hidden> {
    readable(Hidden::parse(row.int("hidden")?), ("matches", "hidden", id))
}

fn mark(row: &AnyRow, id: i64) -> Result<Option<About>> {
    let word = row.maybe_text("about")?;
    word.map(|word| readable(About::parse(&word), ("brand_marks", "about", id))).transpose()
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
