//! Mentions, oldest first.

use std::borrow::Cow;

use tokio::task::JoinSet;

use crate::store::{MentionCursor, MentionFilter, MentionPage, MentionRow, Store, StoreError};

use super::ExportError;
use super::table::{Column, Row, int, real, text, time};

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

/// Mentions page by page. While one page is written, the next one is read.
#[derive(Debug)]
pub(super) struct Mentions {
    filter: MentionFilter,
    brand: String,
    after: Option<MentionCursor>,
    ahead: JoinSet<Result<MentionPage, StoreError>>,
}

impl Mentions {
    pub(super) fn new(filter: MentionFilter, brand: String, after: Option<MentionCursor>) -> Self {
        Self { filter, brand, after, ahead: JoinSet::new() }
    }

    /// The next page; its rows borrow from it.
    pub(super) async fn next(&mut self, store: &Store) -> Result<MentionPage, ExportError> {
        match self.ahead.join_next().await {
            Some(read) => Ok(read.map_err(|_| ExportError::Row("reading the next page broke".to_owned()))??),
            None => Ok(store.mention_page(&self.filter, self.after, CHUNK).await?),
        }
    }

    /// Begins to read the page after the one that ends there.
    pub(super) fn go_on(&mut self, store: &Store, last: MentionCursor) {
        self.after = Some(last);
        let (store, filter) = (store.clone(), self.filter.clone());
        self.ahead.spawn(async move { store.mention_page(&filter, Some(last), CHUNK).await });
    }

    /// Name of the brand.
    pub(super) fn brand(&self) -> &str {
        &self.brand
    }
}

/// One mention as a row.
pub(super) fn row<'a>(m: MentionRow<'a>, brand: &'a str) -> Row<'a> {
    let label = m.corrected.clone().or(m.scored);
    let author = if m.handle.is_empty() { m.name.clone() } else { m.handle };
    Row::with_id(
        m.id,
        vec![
            m.platform.into(),
            m.native_id.into(),
            author.into(),
            m.created_at.into(),
            m.text.into(),
            m.instance.into(),
            m.url.into(),
            m.name.into(),
            m.followers.into(),
            m.reply_to.into(),
            m.likes.into(),
            m.reposts.into(),
            m.replies.into(),
            m.lang.into(),
            Cow::Borrowed(brand).into(),
            label.into(),
            m.corrected.into(),
            m.negative.into(),
            m.neutral.into(),
            m.positive.into(),
            m.severity.into(),
            m.model.into(),
            m.copy_of.into(),
            m.id.into(),
            m.why.into(),
            m.fetched_at.into(),
            m.edited_at.into(),
            m.deleted_at.into(),
        ],
    )
}
