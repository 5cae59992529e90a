//! A report as PDF: typeset, tagged, with bookmarks and vector charts.
//!
//! The template reads the words from a JSON file that exists only in memory; what people wrote is never markup. The file
//! asks nothing of the machine: no folder, no network, no clock.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use tokio::sync::Semaphore;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration as Offset, Smart};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::document::{Align, Block, Document, Table};
use super::error::ReportError;
use super::fonts::{self, Chosen};
use crate::domain::time::Millis;

const TEMPLATE: &str = include_str!("template/report.typ");
/// Reports that are typeset at the same time: each takes a core and some hundred megabytes.
const AT_ONCE: usize = 2;
/// How long a report waits for its turn.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a report may take, seconds.
const LONGEST_S: u64 = 90;

static PRESS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Typesets away from the threads that answer requests; bounded in number and time.
pub async fn print(document: Document) -> Result<Vec<u8>, ReportError> {
    let turn = tokio::time::timeout(PATIENCE, PRESS.acquire()).await;
    let permit = turn.map_err(|_| ReportError::Busy)?.map_err(|_| ReportError::Busy)?;
    let work = tokio::task::spawn_blocking(move || {
        // Held until the work is done, even when nobody waits for it any more.
        let _turn = permit;
        write(&document)
    });
    let done = tokio::time::timeout(Duration::from_secs(LONGEST_S), work).await;
    done.map_err(|_| ReportError::TooSlow { seconds: LONGEST_S })?
        .map_err(|_| ReportError::Unwritable("the typesetter broke".to_owned()))?
}

/// The whole file.
pub fn write(document: &Document) -> Result<Vec<u8>, ReportError> {
    let world = Desk::new(document)?;
    let compiled = typst::compile(&world).output.map_err(|errors| refused(errors.first()));
    let printed = compiled.and_then(|paged| {
        // PDF/UA wants a letter of a font behind every character, which no machine has for all that people write: such a
        // report is tagged all the same, and only does not claim the standard.
        let accessible = PdfStandards::new(&[PdfStandard::Ua_1]).map_err(|e| ReportError::Unwritable(e.message().to_string()))?;
        typst_pdf::pdf(&paged, &options(document, accessible))
            .or_else(|_| typst_pdf::pdf(&paged, &options(document, PdfStandards::default())))
            .map_err(|errors| refused(errors.first()))
    });
    // The typesetter remembers what it has laid out; the next report is another one.
    typst::comemo::evict(0);
    printed
}

fn refused(error: Option<&typst::diag::SourceDiagnostic>) -> ReportError {
    ReportError::Unwritable(error.map_or_else(|| "no reason given".to_owned(), |e| e.message.to_string()))
}

fn options(document: &Document, standards: PdfStandards) -> PdfOptions {
    PdfOptions {
        ident: Smart::Custom(format!("{} {}", document.subtitle, document.title)),
        creator: Smart::Custom(Some("Ebb".to_owned())),
        timestamp: date(document.data_at).map(Timestamp::new_utc),
        standards,
        ..PdfOptions::default()
    }
}

fn date(at: Millis) -> Option<Datetime> {
    use chrono::{Datelike, Timelike};
    let at = at.to_datetime();
    let part = |n: u32| u8::try_from(n).ok();
    Datetime::from_ymd_hms(at.year(), part(at.month())?, part(at.day())?, part(at.hour())?, part(at.minute())?, part(at.second())?)
}

/// All that the typesetter can see.
struct Desk {
    library: &'static LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
    files: BTreeMap<&'static str, Bytes>,
}

/// Charts of a report, at most.
const CHARTS: [&str; 6] = ["chart-0.svg", "chart-1.svg", "chart-2.svg", "chart-3.svg", "chart-4.svg", "chart-5.svg"];

impl Desk {
    fn new(document: &Document) -> Result<Self, ReportError> {
        static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));
        let chosen = fonts::for_texts(document.texts());
        let mut files = BTreeMap::new();
        let words = words(document, &chosen, &mut files);
        let words = serde_json::to_vec(&words).map_err(|e| ReportError::Unwritable(e.to_string()))?;
        files.insert("report.json", Bytes::new(words));
        let main = FileId::new(RootedPath::new(VirtualRoot::Project, path("report.typ")?));
        Ok(Self {
            library: &LIBRARY,
            book: LazyHash::new(FontBook::from_fonts(&chosen.fonts)),
            fonts: chosen.fonts,
            template: Source::new(main, TEMPLATE.to_owned()),
            files,
        })
    }
}

fn path(name: &str) -> Result<VirtualPath, ReportError> {
    VirtualPath::new(name).map_err(|_| ReportError::Unwritable(format!("{name} is no path")))
}

/// The document as the template reads it: charts by the names of their files, columns with their widths.
fn words(document: &Document, chosen: &Chosen, files: &mut BTreeMap<&'static str, Bytes>) -> serde_json::Value {
    let mut value = serde_json::json!(document);
    let mut charts = CHARTS.into_iter();
    if let Some(blocks) = value["blocks"].as_array_mut() {
        for (block, written) in document.blocks.iter().zip(blocks) {
            match block {
                Block::Chart { svg, .. } => {
                    let Some(name) = charts.next() else { continue };
                    let svg = chosen.marked(svg).map_or_else(|| svg.clone(), |(marked, _)| marked);
                    files.insert(name, Bytes::from_string(svg));
                    written["file"] = name.into();
                    written["svg"] = serde_json::Value::Null;
                }
                Block::Table(table) => written["widths"] = serde_json::json!(widths(table)),
                _ => {}
            }
        }
    }
    tell_what_is_missing(&mut value, document, chosen);
    breakable(&mut value["blocks"]);
    let mut families: Vec<&str> = vec![crate::chart::svg::FAMILY];
    let further = chosen.fonts.iter().skip(fonts::bundled().len()).map(|f| f.info().family.as_str());
    for family in further {
        if !families.contains(&family) {
            families.push(family);
        }
    }
    value["fonts"] = serde_json::json!(families);
    value
}

/// Marks what no font has, with a legend at the foot of each page and a note at the end: no word is lost unnoticed.
fn tell_what_is_missing(value: &mut serde_json::Value, document: &Document, chosen: &Chosen) {
    let mut lost = 0;
    for part in ["title", "subtitle", "blocks"] {
        lost += mark(&mut value[part], chosen);
    }
    if lost == 0 {
        return;
    }
    value["foot"] = format!("{} · {}", document.foot, document.legend).into();
    if let Some(blocks) = value["blocks"].as_array_mut() {
        let note = Block::Note { text: document.missing.replace("{0}", &lost.to_string()) };
        blocks.push(serde_json::json!(note));
    }
}

/// Marks every text within; addresses and names of files are none. How many signs were missing.
fn mark(value: &mut serde_json::Value, chosen: &Chosen) -> usize {
    match value {
        serde_json::Value::String(text) => chosen.marked(text).map_or(0, |(marked, lost)| {
            *text = marked;
            lost
        }),
        serde_json::Value::Array(items) => items.iter_mut().map(|v| mark(v, chosen)).sum(),
        serde_json::Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "link" | "file" | "kind")).map(|(_, v)| mark(v, chosen)).sum()
        }
        _ => 0,
    }
}

/// Letters after which a word without an end may be broken.
const LONG_WORD: usize = 36;

/// Words that are longer than a line get places at which they may be broken. Addresses stay as they are.
fn breakable(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) if text.split_whitespace().any(|word| word.len() > LONG_WORD) => {
            let mut run = 0;
            let mut out = String::with_capacity(text.len() * 2);
            for c in text.chars() {
                run = if c.is_whitespace() { 0 } else { run + 1 };
                out.push(c);
                if run == LONG_WORD {
                    out.push('\u{200B}');
                    run = 0;
                }
            }
            *text = out;
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(breakable),
        serde_json::Value::Object(fields) => {
            fields.iter_mut().filter(|(name, _)| !matches!(name.as_str(), "link" | "file" | "kind")).for_each(|(_, v)| breakable(v));
        }
        _ => {}
    }
}

/// Columns with long words share the width that the others leave; 0: as wide as its words.
fn widths(table: &Table) -> Vec<u32> {
    let longest = |i: usize| table.rows.iter().filter_map(|r| r.get(i)).map(|c| c.text.chars().count()).max().unwrap_or(0);
    let wide: Vec<u32> = (0..table.columns.len())
        .map(|i| match (table.columns[i].1, longest(i)) {
            (Align::Right, _) | (Align::Left, 0..=24) => 0,
            (Align::Left, 25..=60) => 2,
            (Align::Left, _) => 5,
        })
        .collect();
    // A table without a wide column still fills the page, so that its rules do.
    if wide.iter().all(|w| *w == 0) { vec![1; wide.len()] } else { wide }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.template.id() { Ok(self.template.clone()) } else { Err(not_there(id)) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.files.get(id.get().vpath().get_without_slash()).cloned().ok_or_else(|| not_there(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Offset>) -> Option<Datetime> {
        None
    }
}

fn not_there(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_without_slash().into())
}

/// The words as the template reads them.
#[cfg(test)]
pub(super) fn shown(document: &Document) -> serde_json::Value {
    words(document, &fonts::for_texts(document.texts()), &mut BTreeMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_without_an_end_can_be_broken_and_an_address_is_not_touched() {
        let long = "x".repeat(100);
        let mut value = serde_json::json!([{ "text": format!("short {long}"), "link": format!("https://x.example/{long}") }]);
        breakable(&mut value);
        assert_eq!(value[0]["text"].as_str().map(|t| t.matches('\u{200B}').count()), Some(2));
        assert_eq!(value[0]["link"], format!("https://x.example/{long}"));
    }
}
