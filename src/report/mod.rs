//! What leaves the house: reports of incidents, and exports.
//!
//! | file | is |
//! |---|---|
//! | [`facts`], [`mod@gather`] | what a report says, in plain values, sealed |
//! | [`voices`], [`links`], [`texts`], [`reasons`], [`charts`] | whose words, where they lead, in which language, how they look |
//! | [`document`] | the report as blocks, in the reader's language |
//! | [`html`], [`markdown`], [`pdf`], [`xlsx`] | the formats |
//! | [`picture`], [`fonts`] | charts as pictures, and the letters in them |
//! | [`export`] | rows to files |

pub mod charts;
pub mod document;
pub mod error;
pub mod export;
pub mod facts;
pub mod fonts;
pub mod gather;
pub mod html;
pub mod links;
pub mod markdown;
pub mod pdf;
pub mod picture;
pub mod postmortem;
pub mod reasons;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_lang;
pub mod texts;
pub mod voices;
pub mod xlsx;

use crate::domain::ids::IncidentId;

pub use document::Document;
pub use error::ReportError;
pub use facts::{Facts, Sealed};
pub use gather::gather;
pub use links::Links;
pub use texts::{Lang, Texts};
pub use voices::{Names, Voices};

/// How a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Typeset, with vector charts.
    Pdf,
    /// One file for a browser, without network.
    Html,
    /// Tables with charts.
    Xlsx,
    /// Markdown.
    Md,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pdf, Self::Html, Self::Xlsx, Self::Md];

    /// The ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Html => "html",
            Self::Xlsx => "xlsx",
            Self::Md => "md",
        }
    }

    /// The media type of its files.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Html => "text/html; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Md => "text/markdown; charset=utf-8",
        }
    }

    /// The format of an ending.
    pub fn parse(ending: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.ending() == ending)
    }
}

/// How a report is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The format.
    pub format: Format,
    /// The language.
    pub lang: Lang,
    /// Where numbers lead.
    pub links: Links,
}

impl Wish {
    /// The name of its file: reports of one incident in two languages lie beside each other.
    pub fn file_name(&self, incident: IncidentId) -> String {
        format!("incident-{incident}-{}.{}", self.lang.code(), self.format.ending())
    }
}

/// Writes a report.
pub async fn write(sealed: &Sealed, voices: &Voices, wish: Wish) -> Result<Vec<u8>, ReportError> {
    // Within a block of their own: the texts of a language stay on the thread that reads them.
    let document = {
        let texts = Texts::new(wish.lang);
        if wish.format == Format::Xlsx {
            return xlsx::write(sealed, voices, &texts, &wish.links);
        }
        Document::new(sealed, voices, &texts, &wish.links)
    };
    match wish.format {
        Format::Html => Ok(html::write(&document).into_bytes()),
        Format::Md => Ok(markdown::write(&document).into_bytes()),
        Format::Pdf => pdf::print(document).await,
        Format::Xlsx => Err(ReportError::Unwritable("no such format".to_owned())),
    }
}
