//! What the assessment reads: counts an hour, and who is very unhappy.

use std::collections::BTreeMap;

use sqlx::any::AnyRow;

use super::row::{Cells, clean};
use super::{Result, Store};
use crate::domain::ids::{AuthorId, BrandId, MentionId, SourceId};
use crate::domain::time::{Millis, Span};
use crate::domain::verdict::HourCounts;

/// One author's very negative mentions in a span; copies and deleted ones aside.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorAnger {
    /// The author.
    pub author: AuthorId,
    /// How many very negative mentions.
    pub mentions: i64,
    /// Severity of the worst, 0..=1.
    pub worst_severity: f64,
    /// The worst; the latest of several.
    pub worst: MentionId,
    /// When the latest very negative one was written.
    pub latest_at: Millis,
    /// Followers, where known.
    pub followers: Option<i64>,
    /// Says that it is automated.
    pub bot: bool,
    /// A later mention of theirs, in the span or after it, is neutral or positive.
    pub later_better: bool,
}

/// A language in a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageCounts {
    /// ISO 639-1; empty when it is not known.
    pub lang: String,
    /// Mentions, copies too.
    pub mentions: i64,
    /// Unhappy authors, counted hour by hour.
    pub unhappy: i64,
}

/// The counts of the hours of one key: a source (0: all together), or a language.
macro_rules! hours_of {
    ($table:literal, $key:literal) => {
        concat!(
            "
select
    hour,
    mentions,
    copies,
    deleted,
    negative,
    neutral,
    positive,
    unhappy,
    severity
from ",
            $table,
            "
where brand_id = $1
    and ",
            $key,
            " = $2
    and hour >= $3
    and hour < $4
order by hour"
        )
    };
}

const HOURS: &str = hours_of!("hours", "source_id");
const LANGUAGE_HOURS: &str = hours_of!("language_hours", "lang");

const LANGUAGES: &str = "
select
    lang,
    cast(sum(mentions) as bigint) as mentions,
    cast(sum(unhappy) as bigint) as unhappy
from language_hours
where brand_id = $1
    and hour >= $2
    and hour < $3
group by lang
having sum(mentions) > 0
order by
    3 desc,
    2 desc,
    lang";

const DISTINCT_UNHAPPY: &str = "
select
    count(distinct author_id) as authors
from author_hours
where brand_id = $1
    and source_id = 0
    and hour >= $2
    and hour < $3";

const FIRST_HOUR: &str = "
select
    min(hour) as hour
from hours
where brand_id = $1
    and source_id = 0";

const LAST_HOUR: &str = "
select
    max(hour) as hour
from hours
where brand_id = $1
    and source_id = 0";

const UNSCORED: &str = "
select
    count(*) as unscored
from matches x
cross join mentions m
where m.id = x.mention_id
    and x.brand_id = $1
    and x.label = ''
    and x.hidden = 0
    and x.created_at >= $2
    and x.created_at < $3
    and m.deleted_at is null
    and m.copy_of is null
    and m.repost = 0";

const VERY_NEGATIVE: &str = "
select
    x.author_id,
    x.mention_id,
    x.severity,
    x.created_at,
    a.followers,
    a.bot,
    case when exists (
        select 1
        from matches y
        join mentions n
            on n.id = y.mention_id
        where y.brand_id = x.brand_id
            and y.author_id = x.author_id
            and y.created_at > x.created_at
            and y.label in ('neutral', 'positive')
            and n.deleted_at is null
            and n.copy_of is null
            and n.repost = 0
    ) then cast(1 as bigint) else cast(0 as bigint) end as later_better
from matches x
cross join mentions m
cross join authors a
where m.id = x.mention_id
    and a.id = x.author_id
    and x.brand_id = $1
    and x.label = 'negative'
    and x.hidden = 0
    and x.created_at >= $2
    and x.created_at < $3
    and x.severity >= $4
    and m.deleted_at is null
    and m.copy_of is null
    and m.repost = 0
order by
    x.created_at,
    x.mention_id";

impl Store {
    /// The hours in `span` (that of its start in full) that have a mention. `source` `None`: all together.
    pub async fn hours(&self, brand: BrandId, source: Option<SourceId>, span: Span) -> Result<Vec<HourCounts>> {
        let rows = sqlx::query(HOURS)
            .bind(brand.get())
            .bind(source.map_or(0, SourceId::get))
            .bind(span.from().hour().get())
            .bind(span.to().get())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(hour).collect()
    }

    /// The hours in `span` (that of its start in full) that have a mention in this language, such as `de`; empty stands for
    /// those whose language is not known.
    pub async fn hours_in_language(&self, brand: BrandId, lang: &str, span: Span) -> Result<Vec<HourCounts>> {
        let rows = sqlx::query(LANGUAGE_HOURS)
            .bind(brand.get())
            .bind(clean(lang))
            .bind(span.from().hour().get())
            .bind(span.to().get())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(hour).collect()
    }

    /// The languages of the mentions in `span` (the hour of its start in full), those with the most unhappy authors first.
    pub async fn spoken(&self, brand: BrandId, span: Span) -> Result<Vec<LanguageCounts>> {
        let query = sqlx::query(LANGUAGES).bind(brand.get()).bind(span.from().hour().get()).bind(span.to().get());
        let rows = query.fetch_all(&self.readers).await?;
        let read =
            |row: &AnyRow| Ok(LanguageCounts { lang: row.text("lang")?, mentions: row.int("mentions")?, unhappy: row.int("unhappy")? });
        rows.iter().map(read).collect()
    }

    /// Distinct unhappy authors over the hours in `span`, that of its start in full.
    pub async fn distinct_unhappy(&self, brand: BrandId, span: Span) -> Result<i64> {
        let query = sqlx::query(DISTINCT_UNHAPPY).bind(brand.get()).bind(span.from().hour().get()).bind(span.to().get());
        query.fetch_one(&self.readers).await?.int("authors")
    }

    /// The hour of the brand's oldest mention.
    pub async fn first_hour(&self, brand: BrandId) -> Result<Option<Millis>> {
        sqlx::query(FIRST_HOUR).bind(brand.get()).fetch_one(&self.readers).await?.maybe_at("hour")
    }

    /// The hour of the brand's newest mention.
    pub async fn last_hour(&self, brand: BrandId) -> Result<Option<Millis>> {
        sqlx::query(LAST_HOUR).bind(brand.get()).fetch_one(&self.readers).await?.maybe_at("hour")
    }

    /// Mentions in `span` without a label, those that were given up too; copies and deleted ones aside.
    pub async fn unscored_in(&self, brand: BrandId, span: Span) -> Result<i64> {
        let query = sqlx::query(UNSCORED).bind(brand.get()).bind(span.from().get()).bind(span.to().get());
        query.fetch_one(&self.readers).await?.int("unscored")
    }

    /// Authors with a negative mention of at least `threshold` severity in `span`, by author.
    pub async fn very_negative(&self, brand: BrandId, span: Span, threshold: f64) -> Result<Vec<AuthorAnger>> {
        let rows = sqlx::query(VERY_NEGATIVE)
            .bind(brand.get())
            .bind(span.from().get())
            .bind(span.to().get())
            .bind(threshold)
            .fetch_all(&self.readers)
            .await?;
        let mut authors: BTreeMap<i64, AuthorAnger> = BTreeMap::new();
        for row in &rows {
            add_anger(&mut authors, row)?;
        }
        Ok(authors.into_values().collect())
    }
}

/// Rows come oldest first, so that the last one says how it is now.
fn add_anger(authors: &mut BTreeMap<i64, AuthorAnger>, row: &AnyRow) -> Result<()> {
    let author = row.int("author_id")?;
    let severity = row.real("severity")?;
    let mention = MentionId::new(row.int("mention_id")?);
    let latest_at = row.at("created_at")?;
    let anger = authors.entry(author).or_insert(AuthorAnger {
        author: AuthorId::new(author),
        mentions: 0,
        worst_severity: severity,
        worst: mention,
        latest_at,
        followers: row.maybe_int("followers")?,
        bot: row.int("bot")? != 0,
        later_better: false,
    });
    anger.mentions += 1;
    anger.latest_at = latest_at;
    anger.later_better = row.int("later_better")? != 0;
    if severity >= anger.worst_severity {
        anger.worst_severity = severity;
        anger.worst = mention;
    }
    Ok(())
}

fn hour(row: &AnyRow) -> Result<HourCounts> {
    Ok(HourCounts {
        hour: row.at("hour")?,
        mentions: row.int("mentions")?,
        copies: row.int("copies")?,
        deleted: row.int("deleted")?,
        negative: row.int("negative")?,
        neutral: row.int("neutral")?,
        positive: row.int("positive")?,
        unhappy: row.int("unhappy")?,
        severity: row.int("severity")?,
    })
}
