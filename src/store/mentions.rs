//! Pages of mentions: filters, search, keyset paging.

use std::fmt::Write;

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::bulk::{Value, bind};
use super::row::{Cells, clean, readable};
use super::{Backend, Result, Store, StoreError, authors, known, rollup};
use crate::domain::ids::{AuthorId, BrandId, MentionId, SourceId, ThemeId};
use crate::domain::post::{Engagement, Mention};
use crate::domain::sentiment::{Label, Probabilities, Sentiment, Severity};
use crate::domain::time::{Millis, Span};

/// Whether copies are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Copies {
    /// Originals only.
    #[default]
    Hide,
    /// Both.
    Show,
    /// Copies only.
    Only,
}

/// Whether mentions of another brand of the same name are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherBrands {
    /// They are not.
    #[default]
    Hide,
    /// Nothing else: those that people or the filter hide.
    Only,
    /// Those that the filter hides and drew for people to look at.
    Audit,
    /// All.
    Show,
}

/// Which mentions of a brand. Deleted ones are listed as tombstones.
#[derive(Debug, Clone, PartialEq)]
pub struct MentionFilter {
    /// The brand.
    pub brand: BrandId,
    /// Written in this span.
    pub span: Option<Span>,
    /// With this label, a person's before the model's.
    pub label: Option<Label>,
    /// Without a label.
    pub unscored_only: bool,
    /// Found by this source.
    pub source: Option<SourceId>,
    /// Such as `mastodon`.
    pub platform: Option<String>,
    /// ISO 639-1.
    pub lang: Option<String>,
    /// Written by this author.
    pub author: Option<AuthorId>,
    /// Words that must all be in the text, in any case, as parts of words too.
    pub search: Option<String>,
    /// What of copies.
    pub copies: Copies,
    /// What of other brands.
    pub other_brands: OtherBrands,
    /// At least this severe, 0..=1.
    pub min_severity: Option<f64>,
    /// Of this theme of an incident.
    pub theme: Option<ThemeId>,
}

impl Default for MentionFilter {
    fn default() -> Self {
        Self {
            brand: BrandId::new(0),
            span: None,
            label: None,
            unscored_only: false,
            source: None,
            platform: None,
            lang: None,
            author: None,
            search: None,
            copies: Copies::default(),
            other_brands: OtherBrands::default(),
            min_severity: None,
            theme: None,
        }
    }
}

/// Where a page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MentionCursor {
    /// Of the last mention of the page.
    pub created_at: Millis,
    /// Of the last mention of the page.
    pub id: MentionId,
}

/// Most words of a search that are looked at.
const MOST_WORDS: usize = 8;

/// SQLite keeps the order of cross joins: `matches` first, by the index that the page is ordered by.
pub(super) const SELECT: &str = "
select
    m.id,
    m.platform,
    m.instance,
    m.native_id,
    x.source_id,
    m.source_id as found_by,
    m.created_at,
    m.fetched_at,
    m.edited_at,
    m.deleted_at,
    m.text,
    m.url,
    m.reply_to,
    m.lang,
    m.likes,
    m.reposts,
    m.replies,
    m.copy_of,
    x.why,
    a.id as author_id,
    a.platform as author_platform,
    a.instance as author_instance,
    a.handle as author_handle,
    a.name as author_name,
    a.url as author_url,
    a.followers as author_followers,
    a.bot as author_bot,
    s.model,
    s.label as scored,
    s.negative,
    s.neutral,
    s.positive,
    s.severity,
    s.lang as scored_lang,
    c.label as corrected
from matches x
cross join mentions m
cross join authors a
left join scores s
    on s.mention_id = x.mention_id
left join corrections c
    on c.mention_id = x.mention_id
where m.id = x.mention_id
    and a.id = m.author_id
    and x.brand_id = $1";

const COPIES_OF: &str = "
select
    count(*) as copies
from mentions
where copy_of = $1";

impl Store {
    /// Mentions, newest first, after the end of the page before.
    pub async fn mentions(&self, filter: &MentionFilter, after: Option<MentionCursor>, limit: i64) -> Result<Vec<Mention>> {
        let listing = Listing::page(self.backend, SELECT, filter, after.map(|cursor| (Beyond::Older, cursor)));
        self.list(listing, "\norder by x.created_at desc, x.mention_id desc", limit).await
    }

    /// Mentions, oldest first, after the end of the page before.
    pub async fn mentions_oldest_first(&self, filter: &MentionFilter, after: Option<MentionCursor>, limit: i64) -> Result<Vec<Mention>> {
        let listing = Listing::page(self.backend, SELECT, filter, after.map(|cursor| (Beyond::Newer, cursor)));
        self.list(listing, "\norder by x.created_at, x.mention_id", limit).await
    }

    /// One mention of a brand.
    pub async fn mention(&self, brand: BrandId, id: MentionId) -> Result<Mention> {
        let sql = AssertSqlSafe(format!("{SELECT} and x.mention_id = $2"));
        let row = sqlx::query(sql).bind(brand.get()).bind(id.get()).fetch_optional(&self.readers).await?;
        read(&row.ok_or(StoreError::NotFound)?)
    }

    /// How many mentions repeat this one.
    pub async fn copies_of(&self, id: MentionId) -> Result<i64> {
        sqlx::query(COPIES_OF).bind(id.get()).fetch_one(&self.readers).await?.int("copies")
    }

    async fn list(&self, mut listing: Listing, order: &str, limit: i64) -> Result<Vec<Mention>> {
        listing.sql.push_str(order);
        listing.and_bind("\nlimit ", limit.max(0).into(), "");
        let query = listing.values.into_iter().fold(sqlx::query(AssertSqlSafe(listing.sql)), bind);
        query.fetch_all(&self.readers).await?.iter().map(read).collect()
    }
}

/// On which side of the end of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// Written before it.
    Older,
    /// Written after it.
    Newer,
}

/// The statement of one page: constant pieces and the values that they bind.
pub(super) struct Listing {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

impl Listing {
    /// What lies beyond the end of a page, of what `select` gives, which ends with the condition of the brand, `$1`.
    ///
    /// The span and the end of a page bound the same index, and SQLite seeks by one of them only: so the span begins, or
    /// ends, where the page ended. Else each page of an export would walk through all the pages before it.
    pub(super) fn page(backend: Backend, select: &str, filter: &MentionFilter, beyond: Option<(Beyond, MentionCursor)>) -> Self {
        let Some((side, cursor)) = beyond else { return Self::new(backend, select, filter) };
        let (first, last) = filter.span.map_or((Millis::new(i64::MIN), Millis::new(i64::MAX)), |span| (span.from(), span.to()));
        let (from, to) = match side {
            Beyond::Older => (first, last.min(cursor.created_at.plus(1))),
            Beyond::Newer => (first.max(cursor.created_at), last),
        };
        let span = Some(Span::new(from, to).unwrap_or(Span::empty(from)));
        let mut listing = Self::new(backend, select, &MentionFilter { span, ..filter.clone() });
        listing.beyond(side, cursor);
        listing
    }

    fn new(backend: Backend, select: &str, filter: &MentionFilter) -> Self {
        let mut listing = Self { sql: select.to_owned(), values: vec![filter.brand.get().into()] };
        listing.matches(filter);
        match filter.copies {
            Copies::Show => {}
            Copies::Hide => listing.sql.push_str("\n    and m.copy_of is null\n    and m.repost = 0"),
            Copies::Only => listing.sql.push_str("\n    and (m.copy_of is not null or m.repost = 1)"),
        }
        if let Some(platform) = &filter.platform {
            listing.and_bind("\n    and m.platform = ", clean(platform).into(), "");
        }
        if let Some(lang) = &filter.lang {
            listing.and_bind("\n    and m.lang = ", clean(lang).into(), "");
        }
        let search = clean(filter.search.as_deref().unwrap_or_default());
        for word in search.split_whitespace().take(MOST_WORDS) {
            listing.contains(backend, word);
        }
        listing
    }

    /// Conditions that the indexes of `matches` answer.
    fn matches(&mut self, filter: &MentionFilter) {
        if let Some(span) = filter.span {
            self.and_bind("\n    and x.created_at >= ", span.from().get().into(), "");
            self.and_bind("\n    and x.created_at < ", span.to().get().into(), "");
        }
        if let Some(label) = filter.label {
            self.and_bind("\n    and x.label = ", label.as_str().into(), "");
        }
        if filter.unscored_only {
            self.sql.push_str("\n    and x.label = ''\n    and m.deleted_at is null");
        }
        match filter.other_brands {
            OtherBrands::Hide => self.sql.push_str("\n    and x.hidden = 0"),
            OtherBrands::Only => self.sql.push_str("\n    and x.hidden <> 0"),
            OtherBrands::Audit => self.sql.push_str("\n    and x.hidden = 3"),
            OtherBrands::Show => {}
        }
        if let Some(source) = filter.source {
            self.and_bind("\n    and x.source_id = ", source.get().into(), "");
        }
        if let Some(author) = filter.author {
            self.and_bind("\n    and x.author_id = ", author.get().into(), "");
        }
        if let Some(severity) = filter.min_severity {
            self.and_bind("\n    and x.severity >= ", severity.into(), "");
        }
        if let Some(theme) = filter.theme {
            let held = "\n    and exists (select 1 from theme_mentions t where t.mention_id = x.mention_id and t.theme_id = ";
            self.and_bind(held, theme.get().into(), ")");
        }
    }

    /// SQLite's `like` knows no case but that of ASCII: other words are looked for in lower, upper and title case.
    fn contains(&mut self, backend: Backend, word: &str) {
        let lower = word.to_lowercase();
        let mut forms = vec![lower.clone()];
        if backend == Backend::Sqlite && !word.is_ascii() {
            let title: String = lower.chars().take(1).flat_map(char::to_uppercase).chain(lower.chars().skip(1)).collect();
            forms.extend([word.to_uppercase(), title, word.to_owned()]);
        }
        let like = match backend {
            Backend::Sqlite => "m.text like ",
            Backend::Postgres => "m.text ilike ",
        };
        self.sql.push_str("\n    and (");
        for (n, form) in forms.iter().enumerate() {
            self.sql.push_str(if n == 0 { "" } else { " or " });
            self.and_bind(like, format!("%{}%", escape_like(form)).into(), " escape '\\'");
        }
        self.sql.push(')');
    }

    /// Tells apart what was written in the same millisecond as the end of the page. The sign keeps SQLite from seeking by
    /// this: with statistics of an `analyze` it would walk through the index from its beginning, and sort.
    fn beyond(&mut self, side: Beyond, cursor: MentionCursor) {
        let sign = match side {
            Beyond::Older => "<",
            Beyond::Newer => ">",
        };
        let _ = write!(self.sql, "\n    and (+x.created_at, x.mention_id) {sign} (");
        self.and_bind("", cursor.created_at.get().into(), ", ");
        self.and_bind("", cursor.id.get().into(), ")");
    }

    /// A value between two pieces.
    pub(super) fn and_bind(&mut self, before: &'static str, value: Value, after: &'static str) {
        self.values.push(value);
        // Writing to a string cannot fail.
        let _ = write!(self.sql, "{before}${}{after}", self.values.len());
    }
}

fn escape_like(word: &str) -> String {
    let mut escaped = String::with_capacity(word.len());
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// Reads a row of [`SELECT`].
pub(super) fn read(row: &AnyRow) -> Result<Mention> {
    let id = row.int("id")?;
    Ok(Mention {
        id: MentionId::new(id),
        key: known::key(row, id)?,
        source: SourceId::new(row.int("source_id")?),
        author: authors::read(row)?,
        created_at: row.at("created_at")?,
        fetched_at: row.at("fetched_at")?,
        edited_at: row.maybe_at("edited_at")?,
        deleted_at: row.maybe_at("deleted_at")?,
        text: row.text("text")?,
        url: row.maybe_text("url")?,
        reply_to: row.maybe_text("reply_to")?,
        lang: row.maybe_text("lang")?,
        engagement: Engagement { likes: row.int("likes")?, reposts: row.int("reposts")?, replies: row.int("replies")? },
        copy_of: row.maybe_int("copy_of")?.map(MentionId::new),
        why: row.text("why")?,
        sentiment: sentiment(row, id)?,
        corrected: rollup::label(row.maybe_text("corrected")?.as_deref(), ("corrections", "label", id))?,
    })
}

#[expect(clippy::cast_possible_truncation, reason = "they were written from f32")]
fn sentiment(row: &AnyRow, id: i64) -> Result<Option<Sentiment>> {
    let Some(model) = row.maybe_text("model")? else { return Ok(None) };
    let label = rollup::label(row.maybe_text("scored")?.as_deref(), ("scores", "label", id))?;
    let values = [row.real("negative")? as f32, row.real("neutral")? as f32, row.real("positive")? as f32];
    Ok(Some(Sentiment {
        label: readable(label, ("scores", "label", id))?,
        probabilities: readable(Probabilities::new(values), ("scores", "negative", id))?,
        severity: readable(Severity::new(row.real("severity")? as f32), ("scores", "severity", id))?,
        lang: row.text("scored_lang")?,
        model,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_in_a_search_are_plain_characters() {
        assert_eq!(escape_like("50%_\\"), "50\\%\\_\\\\");
    }
}
