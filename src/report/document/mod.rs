//! A report as a list of blocks in the reader's language: what HTML, Markdown and PDF have in common.
//!
//! Texts in it are plain: each format escapes them in its own way, and none reads markup in them.

mod closing;
mod first_page;
mod sections;

pub(in crate::report) use first_page::reason;
pub(in crate::report) use sections::theme_name;
use serde::Serialize;

use super::facts::Sealed;
use super::fonts;
use super::links::Links;
use super::texts::Texts;
use super::voices::{Names, Voices, one_line};
use crate::domain::time::Millis;

/// A report ready to be written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Document {
    /// ISO 639-1.
    pub lang: &'static str,
    /// Of the incident, on one line.
    pub title: String,
    /// Brand and data time.
    pub subtitle: String,
    /// At the foot of each page.
    pub foot: String,
    /// The word before page numbers, with `{0}` and `{1}` for the page and all pages.
    pub page: String,
    /// Said at the foot when letters are missing in a file's fonts.
    pub legend: String,
    /// Said at the end then, with `{0}` for how many.
    pub missing: String,
    /// The state of the data.
    pub data_at: Millis,
    /// What it says.
    pub blocks: Vec<Block>,
}

/// One piece of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Block {
    /// The answer in one sentence.
    Lead {
        /// Its words.
        text: String,
    },
    /// A heading.
    Heading {
        /// 1: a section, 2: a part of one.
        level: u8,
        /// Its words.
        text: String,
    },
    /// A paragraph.
    Para {
        /// Its words.
        text: String,
    },
    /// A remark that stands back.
    Note {
        /// Its words.
        text: String,
    },
    /// Key numbers side by side.
    Figures {
        /// They.
        items: Vec<Figure>,
    },
    /// A list; numbered ones are the marks of a chart.
    List {
        /// `1.` or a bullet.
        numbered: Numbered,
        /// Its items.
        items: Vec<String>,
    },
    /// A chart.
    Chart {
        /// A whole picture.
        svg: String,
        /// What it shows, in words.
        alt: String,
        /// Under it.
        caption: String,
    },
    /// A table.
    Table(Table),
    /// What somebody wrote.
    Quote {
        /// Their words, or what stands in their place.
        text: String,
        /// Who, where, when.
        by: String,
        /// Where it can be read.
        link: Option<String>,
        /// Whether the words run from the right.
        direction: Direction,
    },
    /// What follows begins a new page.
    Break,
}

impl Block {
    /// Its words; of a chart also the drawing, which holds the words in it.
    fn texts(&self) -> Vec<&str> {
        match self {
            Self::Lead { text } | Self::Heading { text, .. } | Self::Para { text } | Self::Note { text } => vec![text],
            Self::Figures { items } => items.iter().flat_map(|f| [&*f.label, &*f.value, &*f.note]).collect(),
            Self::List { items, .. } => items.iter().map(String::as_str).collect(),
            Self::Chart { svg, caption, .. } => vec![svg, caption],
            Self::Table(table) => {
                let head = table.columns.iter().map(|(name, _)| name.as_str()).chain([table.caption.as_str()]);
                head.chain(table.rows.iter().flatten().map(|c| c.text.as_str())).collect()
            }
            Self::Quote { text, by, .. } => vec![text, by],
            Self::Break => Vec::new(),
        }
    }
}

/// Whether items are numbered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Numbered {
    /// From 1.
    Yes,
    /// Bullets.
    No,
}

/// Where a text begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// At the left.
    Ltr,
    /// At the right.
    Rtl,
}

impl Direction {
    /// That of the first letter with a direction of its own.
    pub fn of(text: &str) -> Self {
        let strong = text.chars().find(|c| c.is_alphabetic());
        let rtl = |c: char| matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}');
        if strong.is_some_and(rtl) { Self::Rtl } else { Self::Ltr }
    }
}

/// A key number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What it is.
    pub label: String,
    /// The number, as written.
    pub value: String,
    /// The number itself, where it is one.
    pub number: Option<i64>,
    /// What it means.
    pub note: String,
    /// The page behind it.
    pub link: Option<String>,
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// Its words.
    pub text: String,
    /// The page behind it.
    pub link: Option<String>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, link: None }
    }
}

impl Cell {
    /// A cell that leads somewhere, when it is known where.
    pub const fn linked(text: String, link: Option<String>) -> Self {
        Self { text, link }
    }
}

/// A table with a header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Header and setting of each column.
    pub columns: Vec<(String, Align)>,
    /// As many cells a row as columns.
    pub rows: Vec<Vec<Cell>>,
}

/// What blocks are made from.
pub(super) struct Source<'a> {
    pub(super) sealed: &'a Sealed,
    pub(super) voices: &'a Voices,
    pub(super) texts: &'a Texts,
    pub(super) links: &'a Links,
}

impl Document {
    /// Puts a report into words.
    pub fn new(sealed: &Sealed, voices: &Voices, texts: &Texts, links: &Links) -> Self {
        let source = Source { sealed, voices, texts, links };
        let facts = &sealed.facts;
        let mut blocks = first_page::blocks(&source);
        blocks.push(Block::Break);
        blocks.extend(sections::blocks(&source));
        blocks.extend(closing::blocks(&source));
        let brand = one_line(&facts.brand_name, 120);
        let masked = texts.get(if voices.names() == Names::Masked { "masked" } else { "named" });
        Self {
            lang: texts.lang().code(),
            title: title(&facts.incident.title, texts),
            subtitle: texts.with("subtitle", &[("brand", brand.clone().into()), ("at", texts.date_time(facts.data_at).into())]),
            foot: format!("{brand} · {} · {}", texts.date_time(facts.data_at), masked.split(": ").next().unwrap_or_default()),
            page: texts.with("page", &[("page", "{0}".into()), ("pages", "{1}".into())]),
            legend: texts.with("missing-legend", &[("mark", fonts::MARK.into())]),
            missing: texts.with("missing-note", &[("mark", fonts::MARK.into()), ("n", "{0}".into())]),
            data_at: facts.data_at,
            blocks,
        }
    }

    /// Every text that is shown: to know which letters are needed.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        [self.title.as_str(), self.subtitle.as_str(), self.foot.as_str()].into_iter().chain(self.blocks.iter().flat_map(Block::texts))
    }
}

fn title(text: &str, texts: &Texts) -> String {
    let title = one_line(text, 200);
    if title.is_empty() { texts.get("report") } else { title }
}

/// A sentence of what a person typed.
pub(super) fn sentence(text: &str, most: usize) -> String {
    let text = one_line(text, most);
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { text } else { format!("{text}.") }
}

pub(super) fn heading(level: u8, text: String) -> Block {
    Block::Heading { level, text }
}
