//! Mentions, oldest first.

use crate::domain::ids::MentionId;
use crate::domain::post::Mention;
use crate::domain::sentiment::{Label, Probabilities};
use crate::store::{MentionCursor, MentionFilter, Store};

use super::ExportError;
use super::table::{Column, Row, Value, int, real, text, time};

/// The columns. Names and order are stable.
pub const COLUMNS: &[Column] = &[
    text("platform"),
    text("id"),
    text("author"),
    time("created_at"),
    text("text"),
    text("instance"),
    text("url"),
    text("author_name"),
    int("followers"),
    text("reply_to"),
    int("likes"),
    int("reposts"),
    int("replies"),
    text("lang"),
    text("brand"),
    text("label"),
    text("corrected"),
    real("negative"),
    real("neutral"),
    real("positive"),
    real("severity"),
    text("model"),
    int("copy_of"),
    int("mention"),
    text("why"),
    time("fetched_at"),
    time("edited_at"),
    time("deleted_at"),
];

/// Rows read from the store at a time.
const CHUNK: i64 = 1_000;

/// Mentions page by page.
#[derive(Debug)]
pub(super) struct Mentions {
    filter: MentionFilter,
    brand: String,
    after: Option<MentionCursor>,
}

impl Mentions {
    pub(super) const fn new(filter: MentionFilter, brand: String, after: Option<MentionCursor>) -> Self {
        Self { filter, brand, after }
    }

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row>, ExportError> {
        let mentions = store.mentions_oldest_first(&self.filter, self.after, CHUNK).await?;
        if let Some(last) = mentions.last() {
            self.after = Some(MentionCursor { created_at: last.created_at, id: last.id });
        }
        Ok(mentions.into_iter().map(|m| row(m, &self.brand)).collect())
    }
}

/// One mention as a row.
pub(super) fn row(mention: Mention, brand: &str) -> Row {
    let label = mention.label().map(Label::as_str);
    let sentiment = mention.sentiment.as_ref();
    let probability = |pick: fn(Probabilities) -> f32| Value::from(sentiment.map(|s| pick(s.probabilities)));
    let (negative, neutral, positive) =
        (probability(|p| p.of(Label::Negative)), probability(|p| p.of(Label::Neutral)), probability(|p| p.of(Label::Positive)));
    let severity = Value::from(sentiment.map(|s| s.severity.get()));
    let id = mention.id.get();
    let author = if mention.author.handle.is_empty() { mention.author.name.clone() } else { mention.author.handle };
    Row::with_id(
        id,
        vec![
            mention.key.platform().to_owned().into(),
            mention.key.native_id().to_owned().into(),
            author.into(),
            mention.created_at.into(),
            mention.text.into(),
            mention.key.instance().to_owned().into(),
            mention.url.into(),
            mention.author.name.into(),
            mention.author.followers.into(),
            mention.reply_to.into(),
            mention.engagement.likes.into(),
            mention.engagement.reposts.into(),
            mention.engagement.replies.into(),
            mention.lang.into(),
            brand.to_owned().into(),
            label.into(),
            mention.corrected.map(Label::as_str).into(),
            negative,
            neutral,
            positive,
            severity,
            mention.sentiment.map(|s| s.model).into(),
            mention.copy_of.map(MentionId::get).into(),
            id.into(),
            mention.why.into(),
            mention.fetched_at.into(),
            mention.edited_at.into(),
            mention.deleted_at.into(),
        ],
    )
}
