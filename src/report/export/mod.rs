//! Rows to files, in pieces: memory stays the same however many rows there are.
//!
//! | file | is |
//! |---|---|
//! | [`table`] | columns and values |
//! | [`mentions`], [`people`], [`hours`], [`audit`] | what can be exported, page by page from the store |
//! | [`lines`], [`sheet`], [`columns`] | CSV and JSON lines, XLSX, Parquet |
//!
//! Columns are documented in `docs/exports.md`; names and order are stable. The columns of `ebb import` come first in
//! the export of mentions under the same names, so that what was exported can be imported elsewhere. Deleted
//! mentions are tombstones: they are listed, and carry no text, link or names.

pub mod audit;
pub mod columns;
pub mod hours;
pub mod lines;
pub mod mentions;
pub mod people;
pub mod sheet;
pub mod table;
#[cfg(test)]
mod tests;

use crate::domain::brand::Brand;
use crate::domain::ids::AuthorId;
use crate::domain::time::{Millis, Span};
use crate::store::{MentionCursor, MentionFilter, Store, StoreError};

use audit::Audit;
use columns::ParquetWriter;
use hours::{Concern, Coverage};
use lines::{Csv, Lines};
use mentions::{Beside, Mentions};
use people::{Authors, Cases};
use sheet::SheetWriter;
use table::{Column, Row};

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum What {
    /// One row a mention, oldest first.
    #[default]
    Mentions,
    /// One row an author.
    Authors,
    /// One row a case: a very unhappy person in an incident.
    Cases,
    /// One row an hour and source, and one an hour and language: mentions by label, distinct unhappy people.
    Concern,
    /// One row an hour and source: what was asked, answered and read.
    Coverage,
    /// Changes of verdicts, updates, corrections.
    Audit,
}

impl What {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Mentions, Self::Authors, Self::Cases, Self::Concern, Self::Coverage, Self::Audit];

    /// The word on the command line, in addresses and in names of files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mentions => "mentions",
            Self::Authors => "authors",
            Self::Cases => "cases",
            Self::Concern => "concern",
            Self::Coverage => "coverage",
            Self::Audit => "audit",
        }
    }

    /// The thing of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.as_str() == word)
    }

    /// Its columns.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Mentions => mentions::COLUMNS,
            Self::Authors => people::AUTHOR_COLUMNS,
            Self::Cases => people::CASE_COLUMNS,
            Self::Concern => hours::CONCERN_COLUMNS,
            Self::Coverage => hours::COVERAGE_COLUMNS,
            Self::Audit => audit::COLUMNS,
        }
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values with a header (RFC 4180); cells that a spreadsheet would run as a formula are defused.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// A workbook; at most 1,048,575 rows.
    Xlsx,
    /// Parquet, for analysis programs.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Csv, Self::Jsonl, Self::Xlsx, Self::Parquet];

    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Xlsx => "xlsx",
            Self::Parquet => "parquet",
        }
    }

    /// The format of an ending.
    pub fn parse(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.ending() == ending)
    }

    /// The media type for an answer.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Jsonl => "application/x-ndjson",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Parquet => "application/vnd.apache.parquet",
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
    /// More rows than the format takes.
    #[error(
        "a workbook holds at most {limit} rows here: narrow it with --since and --until, go on after the last row with --after, or write CSV, JSON lines or Parquet"
    )]
    TooMany {
        /// Most rows.
        limit: u64,
    },
    /// Where to go on was not found.
    #[error("there is no row {0} to go on after")]
    NoSuchRow(i64),
    /// This thing has no ids to go on after.
    #[error("only mentions, authors and cases can go on after an id; narrow this one with --since and --until")]
    NoIds,
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// What.
    pub what: What,
    /// How.
    pub format: Format,
    /// Which: `span` counts for everything, the rest for mentions. Its brand is `brand`.
    pub filter: MentionFilter,
    /// The brand.
    pub brand: Brand,
    /// After the row with this id.
    pub after: Option<i64>,
}

/// Rows, page by page.
#[derive(Debug)]
enum Rows {
    Mentions(Mentions),
    Authors(Authors),
    Cases(Cases),
    Concern(Concern),
    Coverage(Coverage),
    Audit(Audit),
}

impl Rows {
    async fn open(store: &Store, wish: Wish) -> Result<Self, ExportError> {
        let span = wish.filter.span.unwrap_or_else(all_time);
        let brand = wish.brand;
        if wish.after.is_some() && !matches!(wish.what, What::Mentions | What::Authors | What::Cases) {
            return Err(ExportError::NoIds);
        }
        Ok(match wish.what {
            What::Mentions => {
                let after = match wish.after {
                    Some(id) => Some(cursor(store, &brand, id).await?),
                    None => None,
                };
                let beside = Beside { brand: brand.name, weights: store.sampled_hours(all_time()).await? };
                Self::Mentions(Mentions::new(wish.filter, beside, after))
            }
            What::Authors => Self::Authors(Authors::new(brand, span, AuthorId::new(wish.after.unwrap_or(i64::MIN)))),
            What::Cases => Self::Cases(Cases::new(brand, span, wish.after.unwrap_or(i64::MIN))),
            What::Concern => Self::Concern(Concern::open(store, brand, span).await?),
            What::Coverage => Self::Coverage(Coverage::open(store, brand, span).await?),
            What::Audit => Self::Audit(Audit::open(store, brand, span).await?),
        })
    }

    /// The next rows, of all but mentions; none at the end.
    async fn next(&mut self, store: &Store) -> Result<Vec<Row<'static>>, ExportError> {
        match self {
            Self::Mentions(_) => Ok(Vec::new()),
            Self::Authors(rows) => rows.next(store).await,
            Self::Cases(rows) => rows.next(store).await,
            Self::Concern(rows) => rows.next(store).await,
            Self::Coverage(rows) => rows.next(store).await,
            Self::Audit(rows) => rows.next(store).await,
        }
    }
}

fn all_time() -> Span {
    let (from, to) = (Millis::new(0), Millis::new(i64::MAX));
    Span::new(from, to).unwrap_or(Span::empty(from))
}

async fn cursor(store: &Store, brand: &Brand, id: i64) -> Result<MentionCursor, ExportError> {
    match store.mention(brand.id, crate::domain::ids::MentionId::new(id)).await {
        Ok(mention) => Ok(MentionCursor { created_at: mention.created_at, id: mention.id }),
        Err(StoreError::NotFound) => Err(ExportError::NoSuchRow(id)),
        Err(error) => Err(error.into()),
    }
}

/// A format under way.
#[derive(Debug)]
enum Writer {
    Csv(Csv),
    Lines(Lines),
    Sheet(Box<SheetWriter>),
    Parquet(Box<ParquetWriter>),
}

impl Writer {
    fn new(what: What, format: Format) -> Result<Self, ExportError> {
        let columns = what.columns();
        Ok(match format {
            Format::Csv => Self::Csv(Csv::new(columns)),
            Format::Jsonl => Self::Lines(Lines::new(columns)),
            Format::Xlsx => Self::Sheet(Box::new(SheetWriter::new(what.as_str(), columns)?)),
            Format::Parquet => Self::Parquet(Box::new(ParquetWriter::new(what.as_str(), columns)?)),
        })
    }

    /// Takes rows; what can be sent of them so far.
    fn rows(&mut self, rows: &[Row<'_>]) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Csv(csv) => csv.rows(rows),
            Self::Lines(lines) => lines.rows(rows),
            Self::Sheet(sheet) => sheet.rows(rows).map(|()| Vec::new()),
            Self::Parquet(parquet) => parquet.rows(rows),
        }
    }

    /// The next piece of what is left after the last row; empty at the end.
    async fn rest(&mut self) -> Result<Vec<u8>, ExportError> {
        match self {
            Self::Csv(csv) => csv.rows(&[]),
            Self::Lines(_) => Ok(Vec::new()),
            Self::Sheet(sheet) => sheet.rest().await,
            Self::Parquet(parquet) => parquet.rest(),
        }
    }
}

/// An export under way.
#[derive(Debug)]
pub struct Export {
    store: Store,
    rows: Rows,
    writer: Writer,
    state: State,
    written: u64,
    last_id: Option<i64>,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Rows,
    Rest,
}

impl Export {
    /// Begins one.
    pub async fn open(store: Store, wish: Wish) -> Result<Self, ExportError> {
        let writer = Writer::new(wish.what, wish.format)?;
        let rows = Rows::open(&store, wish).await?;
        Ok(Self { store, rows, writer, state: State::Rows, written: 0, last_id: None })
    }

    /// Rows written so far.
    pub const fn rows(&self) -> u64 {
        self.written
    }

    /// The id of the last row, where rows have one to go on after.
    pub const fn last_id(&self) -> Option<i64> {
        self.last_id
    }

    /// The next piece, whole rows, perhaps empty; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        if self.state == State::Rest {
            return self.rest().await;
        }
        if let Rows::Mentions(mentions) = &mut self.rows {
            let page = mentions.next(&self.store).await?;
            let found = page.rows()?;
            if let Some(last) = found.last() {
                mentions.go_on(&self.store, last.cursor());
            }
            let beside = mentions.beside();
            let rows: Vec<Row<'_>> = found.into_iter().map(|m| mentions::row(m, &beside)).collect();
            return self.write(&rows).await;
        }
        let rows = self.rows.next(&self.store).await?;
        self.write(&rows).await
    }

    async fn write(&mut self, rows: &[Row<'_>]) -> Result<Option<Vec<u8>>, ExportError> {
        self.written += rows.len() as u64;
        self.last_id = rows.last().and_then(Row::id).or(self.last_id);
        if rows.is_empty() {
            self.state = State::Rest;
            return self.rest().await;
        }
        self.writer.rows(rows).map(Some)
    }

    async fn rest(&mut self) -> Result<Option<Vec<u8>>, ExportError> {
        let piece = self.writer.rest().await?;
        Ok((!piece.is_empty()).then_some(piece))
    }
}
