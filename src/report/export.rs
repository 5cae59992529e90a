//! Mentions as CSV or JSON lines, oldest first, in pieces: memory stays the same however many there are.
//!
//! The columns of `ebb import` come first under the same names, so that what was exported can be imported elsewhere.
//! Deleted mentions are tombstones: they are listed, and carry no text, link or names.

use serde::Serialize;

use crate::domain::post::Mention;
use crate::domain::sentiment::{Label, Probabilities};
use crate::store::{MentionCursor, MentionFilter, Store, StoreError};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180); cells that a spreadsheet would run as a formula are defused.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// The media type for an answer.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
        }
    }
}

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row could not be written down.
    #[error("cannot write a row: {0}")]
    Row(String),
}

/// One row. Names and order are stable.
#[derive(Debug, Serialize)]
struct Row<'a> {
    platform: &'a str,
    id: &'a str,
    author: &'a str,
    created_at: String,
    text: &'a str,
    instance: &'a str,
    url: Option<&'a str>,
    author_name: &'a str,
    followers: Option<i64>,
    reply_to: Option<&'a str>,
    likes: i64,
    reposts: i64,
    replies: i64,
    lang: Option<&'a str>,
    brand: &'a str,
    label: Option<&'static str>,
    corrected: Option<&'static str>,
    negative: Option<f32>,
    neutral: Option<f32>,
    positive: Option<f32>,
    severity: Option<f32>,
    model: Option<&'a str>,
    copy_of: Option<i64>,
    mention: i64,
    why: &'a str,
    fetched_at: String,
    edited_at: Option<String>,
    deleted_at: Option<String>,
}

impl<'a> Row<'a> {
    fn new(mention: &'a Mention, brand: &'a str) -> Self {
        let sentiment = mention.sentiment.as_ref();
        let probability = |pick: fn(Probabilities) -> f32| sentiment.map(|s| pick(s.probabilities));
        Self {
            platform: mention.key.platform(),
            id: mention.key.native_id(),
            author: if mention.author.handle.is_empty() { &mention.author.name } else { &mention.author.handle },
            created_at: mention.created_at.to_rfc3339(),
            text: &mention.text,
            instance: mention.key.instance(),
            url: mention.url.as_deref(),
            author_name: &mention.author.name,
            followers: mention.author.followers,
            reply_to: mention.reply_to.as_deref(),
            likes: mention.engagement.likes,
            reposts: mention.engagement.reposts,
            replies: mention.engagement.replies,
            lang: mention.lang.as_deref(),
            brand,
            label: mention.label().map(Label::as_str),
            corrected: mention.corrected.map(Label::as_str),
            negative: probability(|p| p.of(Label::Negative)),
            neutral: probability(|p| p.of(Label::Neutral)),
            positive: probability(|p| p.of(Label::Positive)),
            severity: sentiment.map(|s| s.severity.get()),
            model: sentiment.map(|s| s.model.as_str()),
            copy_of: mention.copy_of.map(crate::domain::ids::MentionId::get),
            mention: mention.id.get(),
            why: &mention.why,
            fetched_at: mention.fetched_at.to_rfc3339(),
            edited_at: mention.edited_at.map(|t| t.to_rfc3339()),
            deleted_at: mention.deleted_at.map(|t| t.to_rfc3339()),
        }
    }

    /// The row with every text that a spreadsheet would take for a formula defused by a leading apostrophe.
    fn defused(&self) -> Vec<String> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let cell = |v: &serde_json::Value| match v {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => defuse(text),
            other => other.to_string(),
        };
        COLUMNS.iter().map(|name| cell(&value[*name])).collect()
    }
}

/// The columns, in order.
pub const COLUMNS: [&str; 28] = [
    "platform",
    "id",
    "author",
    "created_at",
    "text",
    "instance",
    "url",
    "author_name",
    "followers",
    "reply_to",
    "likes",
    "reposts",
    "replies",
    "lang",
    "brand",
    "label",
    "corrected",
    "negative",
    "neutral",
    "positive",
    "severity",
    "model",
    "copy_of",
    "mention",
    "why",
    "fetched_at",
    "edited_at",
    "deleted_at",
];

/// OWASP's rule for CSV injection: a cell must not begin with `=`, `+`, `-`, `@`, tab or carriage return.
fn defuse(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// An export under way.
#[derive(Debug)]
pub struct MentionExport {
    store: Store,
    filter: MentionFilter,
    brand: String,
    format: Format,
    after: Option<MentionCursor>,
    state: State,
    rows: u64,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Start,
    Rows,
    Done,
}

/// Rows read from the store at a time.
const CHUNK: i64 = 500;

impl MentionExport {
    /// Exports what `filter` selects; `brand` is the name in the rows.
    pub fn new(store: Store, filter: MentionFilter, brand: String, format: Format) -> Self {
        Self { store, filter, brand, format, after: None, state: State::Start, rows: 0 }
    }

    /// Rows written so far.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// The next piece, whole lines; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        match self.state {
            State::Done => Ok(None),
            State::Start if self.format == Format::Csv => {
                self.state = State::Rows;
                csv_lines(&[COLUMNS.map(str::to_owned).to_vec()]).map(Some)
            }
            State::Start | State::Rows => self.rows_from_store().await,
        }
    }

    async fn rows_from_store(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        self.state = State::Rows;
        let mentions = self.store.mentions_oldest_first(&self.filter, self.after, CHUNK).await?;
        let Some(last) = mentions.last() else {
            self.state = State::Done;
            return Ok(None);
        };
        self.after = Some(MentionCursor { created_at: last.created_at, id: last.id });
        self.rows += mentions.len() as u64;
        let rows = mentions.iter().map(|m| Row::new(m, &self.brand));
        match self.format {
            Format::Csv => csv_lines(&rows.map(|r| r.defused()).collect::<Vec<_>>()).map(Some),
            Format::Jsonl => {
                let mut out = Vec::new();
                for row in rows {
                    serde_json::to_writer(&mut out, &row).map_err(|e| ExportError::Row(e.to_string()))?;
                    out.push(b'\n');
                }
                Ok(Some(out))
            }
        }
    }
}

fn csv_lines(rows: &[Vec<String>]) -> Result<Vec<u8>, ExportError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|e| ExportError::Row(e.to_string()))?;
    }
    writer.into_inner().map_err(|e| ExportError::Row(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{AuthorId, MentionId, SourceId};
    use crate::domain::post::{Author, Engagement, PostKey};
    use crate::domain::time::Millis;

    fn mention(text: &str) -> Mention {
        Mention {
            id: MentionId::new(7),
            key: PostKey::new("mastodon", "ruby.example", "115").expect("a key"),
            source: SourceId::new(1),
            author: Author {
                id: AuthorId::new(2),
                platform: "mastodon".to_owned(),
                instance: "ruby.example".to_owned(),
                handle: "mo@ruby.example".to_owned(),
                name: "=Mo".to_owned(),
                url: None,
                followers: Some(3),
                bot: false,
            },
            created_at: Millis::new(0),
            fetched_at: Millis::new(0),
            edited_at: None,
            deleted_at: None,
            text: text.to_owned(),
            url: None,
            reply_to: None,
            lang: None,
            engagement: Engagement::default(),
            copy_of: None,
            why: "names “Acme”".to_owned(),
            sentiment: None,
            corrected: None,
        }
    }

    #[test]
    fn the_columns_are_those_of_the_rows() {
        let mention = mention("hello");
        let value = serde_json::to_value(Row::new(&mention, "Acme")).expect("a row");
        let names: std::collections::BTreeSet<_> = value.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, COLUMNS.into_iter().collect());
    }

    #[test]
    fn cells_that_begin_a_formula_are_defused() {
        let mention = mention("=HYPERLINK(\"http://x.example\")");
        let cells = Row::new(&mention, "Acme").defused();
        assert_eq!(cells[4], "'=HYPERLINK(\"http://x.example\")");
        assert_eq!(cells[7], "'=Mo");
        assert_eq!(cells[8], "3");
    }
}
