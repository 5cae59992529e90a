//! Authors, and those of them who were flagged as very unhappy.

use crate::domain::brand::Brand;
use crate::domain::ids::AuthorId;
use crate::domain::time::Span;
use crate::store::{AuthorTally, FlagFilter, FlagListed, Store};

use super::ExportError;
use super::table::{Column, Row, int, real, text, time};

/// The columns of authors. Names and order are stable.
pub const AUTHOR_COLUMNS: &[Column] = &[
    int("author_id"),
    text("brand"),
    text("platform"),
    text("instance"),
    text("handle"),
    text("name"),
    text("url"),
    int("followers"),
    int("bot"),
    int("mentions"),
    int("negative"),
    int("neutral"),
    int("positive"),
    real("worst_severity"),
    time("first_at"),
    time("latest_at"),
];

/// The columns of cases. Names and order are stable.
pub const CASE_COLUMNS: &[Column] = &[
    int("case"),
    text("brand"),
    int("author_id"),
    text("platform"),
    text("instance"),
    text("handle"),
    text("name"),
    text("state"),
    text("owner"),
    text("note"),
    text("reason"),
    real("priority"),
    real("worst_severity"),
    int("worst_mention"),
    int("very_negative"),
    time("latest_at"),
    time("created_at"),
    time("updated_at"),
];

const CHUNK: i64 = 500;

/// Authors page by page.
#[derive(Debug)]
pub(super) struct Authors {
    brand: Brand,
    span: Span,
    after: AuthorId,
}

impl Authors {
    pub(super) const fn new(brand: Brand, span: Span, after: AuthorId) -> Self {
        Self { brand, span, after }
    }

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row>, ExportError> {
        let page = store.author_tallies(self.brand.id, self.span, self.after, CHUNK).await?;
        self.after = page.last().map_or(self.after, |t| t.author.id);
        Ok(page.into_iter().map(|t| author(t, &self.brand.name)).collect())
    }
}

fn author(tally: AuthorTally, brand: &str) -> Row {
    let author = tally.author;
    let id = author.id.get();
    Row::with_id(
        id,
        vec![
            id.into(),
            brand.to_owned().into(),
            author.platform.into(),
            author.instance.into(),
            author.handle.into(),
            author.name.into(),
            author.url.into(),
            author.followers.into(),
            i64::from(author.bot).into(),
            tally.mentions.into(),
            tally.negative.into(),
            tally.neutral.into(),
            tally.positive.into(),
            tally.worst_severity.into(),
            tally.first_at.into(),
            tally.latest_at.into(),
        ],
    )
}

/// Cases page by page.
#[derive(Debug)]
pub(super) struct Cases {
    brand: Brand,
    span: Span,
    after: i64,
}

impl Cases {
    pub(super) const fn new(brand: Brand, span: Span, after: i64) -> Self {
        Self { brand, span, after }
    }

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row>, ExportError> {
        let filter = FlagFilter { brand: self.brand.id, span: self.span };
        let page = store.flags_by_id(filter, self.after, CHUNK).await?;
        self.after = page.last().map_or(self.after, |f| f.flag.id.get());
        Ok(page.into_iter().map(|f| case(f, &self.brand.name)).collect())
    }
}

fn case(listed: FlagListed, brand: &str) -> Row {
    let FlagListed { flag, author } = listed;
    let id = flag.id.get();
    Row::with_id(
        id,
        vec![
            id.into(),
            brand.to_owned().into(),
            flag.author.get().into(),
            author.platform.into(),
            author.instance.into(),
            author.handle.into(),
            author.name.into(),
            flag.state.as_str().into(),
            flag.owner.into(),
            flag.note.into(),
            flag.reason.into(),
            flag.priority.into(),
            flag.worst_severity.into(),
            flag.worst.get().into(),
            flag.very_negative.into(),
            flag.latest_at.into(),
            flag.created_at.into(),
            flag.updated_at.into(),
        ],
    )
}
