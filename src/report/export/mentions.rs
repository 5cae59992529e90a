//! Mentions, oldest first.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::domain::ids::SourceId;
use crate::domain::time::Millis;
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
    int("weight"),
];

/// Rows read from the store at a time.
const CHUNK: i64 = 1_000;

/// Mentions page by page. While one page is written, the next one is read.
#[derive(Debug)]
pub(super) struct Mentions {
    filter: MentionFilter,
    beside: Arc<Beside>,
    after: Option<MentionCursor>,
    ahead: JoinSet<Result<MentionPage, StoreError>>,
}

/// What stands beside all mentions of an export.
#[derive(Debug, Clone)]
pub(super) struct Beside {
    /// Name of the brand.
    pub(super) brand: String,
    /// For how many a mention stands, by the source and the hour that fetched it; 1 where none is named.
    pub(super) weights: HashMap<(SourceId, Millis), i64>,
}

impl Mentions {
    pub(super) fn new(filter: MentionFilter, beside: Beside, after: Option<MentionCursor>) -> Self {
        Self { filter, beside: Arc::new(beside), after, ahead: JoinSet::new() }
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

    pub(super) fn beside(&self) -> Arc<Beside> {
        Arc::clone(&self.beside)
    }
}

/// One mention as a row.
pub(super) fn row<'a>(m: MentionRow<'a>, beside: &'a Beside) -> Row<'a> {
    let weight = beside.weights.get(&(SourceId::new(m.source), m.fetched_at.hour())).copied().unwrap_or(1);
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
            Cow::Borrowed(beside.brand.as_str()).into(),
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
            weight.into(),
        ],
    )
}
