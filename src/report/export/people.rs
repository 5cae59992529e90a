//! Authors, and the cases of those who were very unhappy in an incident.

use crate::domain::brand::Brand;
use crate::domain::ids::AuthorId;
use crate::domain::time::Span;
use crate::store::{AuthorTally, CaseListed, Store};

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
    int("incident"),
    text("incident_title"),
    int("author_id"),
    text("platform"),
    text("instance"),
    text("handle"),
    text("name"),
    text("state"),
    text("owner"),
    time("due_at"),
    real("priority"),
    text("reasons"),
    real("worst_severity"),
    int("worst_mention"),
    int("very_negative"),
    time("latest_at"),
    time("opened_at"),
    time("sent_at"),
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

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row<'static>>, ExportError> {
        let page = store.author_tallies(self.brand.id, self.span, self.after, CHUNK).await?;
        self.after = page.last().map_or(self.after, |t| t.author.id);
        Ok(page.into_iter().map(|t| author(t, &self.brand.name)).collect())
    }
}

fn author(tally: AuthorTally, brand: &str) -> Row<'static> {
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

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row<'static>>, ExportError> {
        let page = store.cases_by_id(self.brand.id, self.span, self.after, CHUNK).await?;
        self.after = page.last().map_or(self.after, |c| c.case.id.get());
        Ok(page.into_iter().map(|c| case(c, &self.brand.name)).collect())
    }
}

fn case(listed: CaseListed, brand: &str) -> Row<'static> {
    let CaseListed { case, author, incident_title, worst, worst_severity, very_negative, latest_at } = listed;
    let id = case.id.get();
    let reasons: Vec<String> = case.reasons.into_iter().map(|r| r.text).collect();
    Row::with_id(
        id,
        vec![
            id.into(),
            brand.to_owned().into(),
            case.incident.get().into(),
            incident_title.into(),
            case.author.get().into(),
            author.platform.into(),
            author.instance.into(),
            author.handle.into(),
            author.name.into(),
            case.state.as_str().into(),
            case.owner.into(),
            case.due_at.into(),
            case.priority.into(),
            reasons.join("; ").into(),
            worst_severity.into(),
            worst.get().into(),
            very_negative.into(),
            latest_at.into(),
            case.opened_at.into(),
            case.sent_at.into(),
            case.updated_at.into(),
        ],
    )
}
