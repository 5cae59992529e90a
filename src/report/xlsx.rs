//! A report as a workbook: one sheet a table, real numbers and dates, charts of the program that opens it, filters on.
//!
//! Texts are written as texts: what begins like a formula stays a text.

use rust_xlsxwriter::{Chart, ChartType, DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::document::{Block, Document};
use super::error::ReportError;
use super::facts::{Facts, Sealed};
use super::links::Links;
use super::texts::Texts;
use super::voices::{Voices, WHOLE, one_line};
use crate::domain::post::safe_link;
use crate::domain::time::{DAY_MS, Millis};

/// Characters of a cell: a program that opens the file refuses more than 32,767.
const MOST_TEXT: usize = 8_000;
/// Days from 1899-12-30, where spreadsheets begin to count, to 1970-01-01.
const EPOCH_DAYS: f64 = 25_569.0;

/// One cell.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Empty,
    Text(String),
    Number(f64),
    /// 0..=1, shown as percent.
    Share(f64),
    Time(Millis),
    Link(String, String),
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(n: i64) -> Self {
        Self::Number(n as f64)
    }
}

impl From<f64> for Cell {
    fn from(n: f64) -> Self {
        Self::Number(n)
    }
}

impl From<Millis> for Cell {
    fn from(at: Millis) -> Self {
        Self::Time(at)
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// One sheet.
struct Sheet {
    name: String,
    /// Title and width in characters.
    columns: Vec<(String, f64)>,
    rows: Vec<Vec<Cell>>,
}

/// What a sheet is made from.
struct Book<'a> {
    facts: &'a Facts,
    voices: &'a Voices,
    texts: &'a Texts,
    links: &'a Links,
}

/// The whole file.
pub fn write(sealed: &Sealed, voices: &Voices, texts: &Texts, links: &Links) -> Result<Vec<u8>, ReportError> {
    let book = Book { facts: &sealed.facts, voices, texts, links };
    let document = Document::new(sealed, voices, texts, links);
    build(&book, &document, &sealed.sha256).map_err(|e| ReportError::Unwritable(e.to_string()))
}

fn build(book: &Book<'_>, document: &Document, sha256: &str) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let created = ExcelDateTime::from_timestamp(book.facts.data_at.get().div_euclid(1000))?;
    let properties = DocProperties::new()
        .set_title(&document.title)
        .set_subject(&document.subtitle)
        .set_author("Ebb")
        .set_comment(format!("SHA-256 {sha256}"))
        .set_creation_datetime(&created);
    workbook.set_properties(&properties);
    let curve = curve(book);
    let days = days(book);
    let hours = u32::try_from(curve.rows.len()).unwrap_or(0);
    let count = u32::try_from(days.rows.len()).unwrap_or(0);
    let sheets = [
        (summary(book, document), None),
        (curve, (hours > 0).then_some(ChartType::Line)),
        (days, (count > 0).then_some(ChartType::ColumnStacked)),
        (sources(book), None),
        (updates(book), None),
        (verdicts(book), None),
        (themes(book), None),
        (cases(book), None),
        (quotes(book), None),
        (earlier(book), None),
        (method(book, document), None),
    ];
    for (sheet, chart) in sheets {
        let worksheet = workbook.add_worksheet();
        fill(worksheet, &sheet)?;
        if let Some(kind) = chart {
            let last = u32::try_from(sheet.rows.len()).unwrap_or(0);
            draw(worksheet, &sheet, kind, last)?;
        }
    }
    workbook.save_to_buffer()
}

fn fill(worksheet: &mut Worksheet, sheet: &Sheet) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_text_wrap();
    let time = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    let share = Format::new().set_num_format("0%");
    let wrapped = Format::new().set_text_wrap();
    worksheet.set_name(&sheet.name)?;
    for (col, (title, width)) in (0_u16..).zip(&sheet.columns) {
        worksheet.set_column_width(col, *width)?;
        worksheet.write_string_with_format(0, col, title, &head)?;
    }
    for (row, cells) in (1_u32..).zip(&sheet.rows) {
        for (col, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => {
                    worksheet.write_string_with_format(row, col, one_line(text, MOST_TEXT), &wrapped)?;
                }
                Cell::Number(n) => {
                    worksheet.write_number(row, col, *n)?;
                }
                Cell::Share(n) => {
                    worksheet.write_number_with_format(row, col, *n, &share)?;
                }
                Cell::Time(at) => {
                    worksheet.write_number_with_format(row, col, at.get() as f64 / DAY_MS as f64 + EPOCH_DAYS, &time)?;
                }
                Cell::Link(text, link) => {
                    worksheet.write_url_with_text(row, col, link.as_str(), one_line(text, 200))?;
                }
            }
        }
    }
    let last = (u32::try_from(sheet.rows.len()).unwrap_or(0), u16::try_from(sheet.columns.len().saturating_sub(1)).unwrap_or(0));
    worksheet.autofilter(0, 0, last.0, last.1)?;
    worksheet.set_freeze_panes(1, 0)?;
    Ok(())
}

/// A chart of the first columns of numbers over the first column.
fn draw(worksheet: &mut Worksheet, sheet: &Sheet, kind: ChartType, last: u32) -> Result<(), XlsxError> {
    let mut chart = Chart::new(kind);
    let name = sheet.name.as_str();
    for col in 1..=3_u16 {
        let title = sheet.columns.get(usize::from(col)).map_or("", |(title, _)| title.as_str());
        chart.add_series().set_name(title).set_categories((name, 1, 0, last, 0)).set_values((name, 1, col, last, col));
    }
    chart.set_width(900).set_height(380);
    worksheet.insert_chart(1, u16::try_from(sheet.columns.len() + 1).unwrap_or(8), &chart)?;
    Ok(())
}

/// A link where there is one that a browser may follow; a spreadsheet takes 2,080 characters.
fn linked(text: String, link: Option<&str>) -> Cell {
    match link.and_then(safe_link) {
        Some(link) if link.len() <= 2_000 => Cell::Link(text, link),
        _ => Cell::Text(text),
    }
}

impl Book<'_> {
    fn sheet(&self, name: &str, columns: &[(&str, f64)], rows: Vec<Vec<Cell>>) -> Sheet {
        Sheet { name: self.texts.get(name), columns: columns.iter().map(|(key, width)| (self.texts.get(key), *width)).collect(), rows }
    }
}

/// The first page as a table.
fn summary(book: &Book<'_>, document: &Document) -> Sheet {
    let first: Vec<&Block> = document.blocks.iter().take_while(|b| **b != Block::Break).collect();
    let words = |text: &String| vec![Cell::Empty, text.clone().into()];
    let mut rows = vec![vec![document.title.clone().into(), document.subtitle.clone().into()]];
    for block in first {
        match block {
            Block::Figures { items } => rows.extend(items.iter().map(|f| {
                let value = f.number.map_or_else(|| Cell::Text(f.value.clone()), Cell::from);
                let behind = f.link.as_deref().map_or(Cell::Empty, |link| linked(book.texts.get("link-ebb"), Some(link)));
                vec![f.label.clone().into(), value, f.note.clone().into(), behind]
            })),
            Block::Lead { text } | Block::Para { text } | Block::Heading { text, .. } => rows.push(words(text)),
            Block::List { items, .. } => rows.extend(items.iter().map(words)),
            _ => {}
        }
    }
    let columns = [("col-what", 28.0), ("col-value", 70.0), ("col-words", 60.0), ("col-link", 12.0)];
    book.sheet("sheet-summary", &columns, rows)
}

fn curve(book: &Book<'_>) -> Sheet {
    let row = |h: &super::facts::HourFact| {
        vec![h.at.into(), h.unhappy.into(), h.expected.into(), h.upper.into(), h.mentions.into(), Cell::Share(h.covered)]
    };
    let columns = [
        ("col-hour", 18.0),
        ("col-unhappy", 12.0),
        ("col-expected", 12.0),
        ("col-upper", 12.0),
        ("col-mentions", 12.0),
        ("col-read", 10.0),
    ];
    book.sheet("sheet-curve", &columns, book.facts.hours.iter().map(row).collect())
}

fn days(book: &Book<'_>) -> Sheet {
    let row = |d: &super::facts::DayFact| vec![d.at.into(), d.negative.into(), d.neutral.into(), d.positive.into()];
    let columns = [("col-day", 18.0), ("col-negative", 12.0), ("col-neutral", 12.0), ("col-positive", 12.0)];
    book.sheet("sheet-days", &columns, book.facts.days.iter().map(row).collect())
}

fn sources(book: &Book<'_>) -> Sheet {
    let row = |s: &super::facts::SourceFact| {
        let id = s.id.to_string();
        let link = book.links.mentions(book.facts.affected, &[("source", id.as_str()), ("copies", "show")]);
        vec![
            linked(one_line(&s.name, 200), link.as_deref()),
            s.mentions.into(),
            s.negative.into(),
            s.unhappy.into(),
            Cell::Share(s.covered),
        ]
    };
    let columns = [("col-source", 34.0), ("col-mentions", 12.0), ("col-negative", 12.0), ("col-unhappy", 12.0), ("col-read", 10.0)];
    book.sheet("sheet-sources", &columns, book.facts.sources.iter().map(row).collect())
}

fn updates(book: &Book<'_>) -> Sheet {
    let row = |u: &super::facts::UpdateFact| {
        let kind = book.texts.get(&format!("update-{}", u.kind.as_str()));
        vec![u.at.into(), linked(kind, u.url.as_deref()), u.text.clone().into()]
    };
    let columns = [("col-when", 18.0), ("col-what", 14.0), ("col-words", 100.0)];
    book.sheet("sheet-updates", &columns, book.facts.updates.iter().map(row).collect())
}

fn verdicts(book: &Book<'_>) -> Sheet {
    let row = |v: &super::facts::VerdictFact| {
        let a = &v.assessment;
        let verdict = book.texts.get(&format!("verdict-{}", a.verdict.as_str()));
        let reason = a.reasons.first().map_or_else(String::new, |r| super::document::reason(r, book.texts));
        vec![a.at.into(), verdict.into(), a.unhappy_per_hour.into(), a.expected_per_hour.into(), a.upper_limit.into(), reason.into()]
    };
    let columns = [
        ("col-when", 18.0),
        ("col-verdict", 14.0),
        ("col-people-hour", 14.0),
        ("col-normal", 12.0),
        ("col-limit", 12.0),
        ("col-reason", 80.0),
    ];
    book.sheet("sheet-verdicts", &columns, book.facts.verdicts.iter().map(row).collect())
}

fn themes(book: &Book<'_>) -> Sheet {
    let row = |t: &super::facts::ThemeFact| {
        vec![
            super::document::theme_name(t, book.texts).into(),
            t.people.into(),
            t.mentions.into(),
            t.peak.into(),
            t.first_seen.into(),
            book.texts.get(&format!("heat-{}", t.heat.as_str())).into(),
        ]
    };
    let columns =
        [("col-theme", 40.0), ("col-unhappy", 14.0), ("col-mentions", 12.0), ("col-peak", 12.0), ("col-first", 18.0), ("col-state", 14.0)];
    book.sheet("sheet-themes", &columns, book.facts.spoken_of().map(row).collect())
}

fn cases(book: &Book<'_>) -> Sheet {
    let row = |c: &super::facts::CaseFact| {
        let person = book.voices.person(c.author, book.texts);
        let state = book.texts.get(&format!("case-{}", c.state.as_str()));
        vec![
            linked(person.name, book.links.case(c.case).as_deref()),
            person.platform.into(),
            state.into(),
            c.worst_severity.into(),
            c.very_negative.into(),
            c.latest_at.into(),
            c.changed_at.into(),
        ]
    };
    let columns = [
        ("col-person", 28.0),
        ("col-platform", 14.0),
        ("col-state", 12.0),
        ("col-severity", 10.0),
        ("col-very", 14.0),
        ("col-latest", 18.0),
        ("col-changed", 18.0),
    ];
    book.sheet("sheet-cases", &columns, book.facts.cases.iter().map(row).collect())
}

fn quotes(book: &Book<'_>) -> Sheet {
    let row = |q: &super::facts::QuoteFact| {
        let mention = book.voices.mention(q.mention);
        let voice = book.voices.voice(q.mention, book.texts, WHOLE);
        let link = mention.and_then(|m| book.links.mention(m));
        vec![
            linked(q.mention.to_string(), link.as_deref()),
            book.voices.person(q.author, book.texts).name.into(),
            mention.map(|m| m.created_at).into(),
            voice.text.unwrap_or_else(|| book.texts.get("deleted-post")).into(),
            voice.url.into(),
        ]
    };
    let columns = [("col-number", 22.0), ("col-person", 24.0), ("col-when", 18.0), ("col-post", 100.0), ("link-origin", 40.0)];
    book.sheet("sheet-quotes", &columns, book.facts.themes.iter().flat_map(|t| &t.quotes).chain(&book.facts.quotes).map(row).collect())
}

fn earlier(book: &Book<'_>) -> Sheet {
    let facts = book.facts;
    let hours = |from: Millis, to: Option<Millis>| Cell::from(to.map(|to| to.since(from) as f64 / (DAY_MS as f64 / 24.0)));
    let this = &facts.incident;
    let mut rows = vec![vec![
        book.texts.get("earlier-this").into(),
        this.started_at.into(),
        facts.peak.map_or(0, |p| p.unhappy).into(),
        facts.totals.unhappy_people.into(),
        hours(this.started_at, this.fixed_at),
        hours(this.started_at, facts.recovered_at()),
    ]];
    rows.extend(facts.earlier.iter().map(|e| {
        vec![
            linked(one_line(&e.title, 200), book.links.incident(e.id).as_deref()),
            e.started_at.into(),
            e.peak.into(),
            e.unhappy_people.into(),
            hours(e.started_at, e.fixed_at),
            hours(e.started_at, e.recovered_at),
        ]
    }));
    let columns = [
        ("col-incident", 40.0),
        ("col-start", 18.0),
        ("col-peak", 12.0),
        ("col-people", 14.0),
        ("col-mended-hours", 16.0),
        ("col-recovered-hours", 16.0),
    ];
    book.sheet("sheet-earlier", &columns, rows)
}

/// Method, limits and the seal.
fn method(book: &Book<'_>, document: &Document) -> Sheet {
    let title = book.texts.get("method");
    let from = document.blocks.iter().position(|b| matches!(b, Block::Heading { text, .. } if *text == title)).unwrap_or(0);
    let mut rows = Vec::new();
    for block in document.blocks.iter().skip(from).take_while(|b| **b != Block::Break) {
        match block {
            Block::Para { text } | Block::Heading { text, .. } => rows.push(vec![text.clone().into(), Cell::Empty]),
            Block::Table(table) => {
                rows.extend(table.rows.iter().map(|r| r.iter().map(|c| Cell::Text(c.text.clone())).collect::<Vec<_>>()));
            }
            _ => {}
        }
    }
    book.sheet("sheet-method", &[("col-setting", 110.0), ("col-value", 70.0)], rows)
}
