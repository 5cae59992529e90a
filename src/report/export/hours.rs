//! What was counted and what was read, hour by hour.

use std::collections::BTreeMap;

use crate::domain::brand::Brand;
use crate::domain::ids::SourceId;
use crate::domain::language::UNDETERMINED;
use crate::domain::source::{HourCoverage, SourceKind};
use crate::domain::time::{Millis, Span, WEEK_MS};
use crate::domain::verdict::HourCounts;
use crate::store::Store;

use super::ExportError;
use super::table::{Column, Row, Value, int, text, time};

/// The columns of concern. Names and order are stable.
pub const CONCERN_COLUMNS: &[Column] = &[
    time("hour"),
    text("brand"),
    // Empty: all sources together.
    text("source"),
    int("mentions"),
    int("copies"),
    int("deleted"),
    int("negative"),
    int("neutral"),
    int("positive"),
    int("unhappy_authors"),
    // Empty: all languages together. Empty beside an empty source: everything, where a person counts once.
    text("language"),
];

/// The columns of coverage. Names and order are stable.
pub const COVERAGE_COLUMNS: &[Column] =
    &[time("hour"), text("brand"), text("source"), text("kind"), int("asked"), int("answered"), int("items"), int("covered_ms")];

/// The span cut into weeks, from the brand's first hour to the end that data can have.
#[derive(Debug)]
struct Weeks {
    at: Millis,
    to: Millis,
}

impl Weeks {
    async fn open(store: &Store, brand: &Brand, span: Span) -> Result<Self, ExportError> {
        let first = store.first_hour(brand.id).await?;
        // Polls are counted before the first mention is found: a margin for what was read and held nothing.
        let from = first.map_or(span.to(), |first| first.plus(-WEEK_MS).max(span.from()));
        let pulse = store.pulse().await?;
        let newest = Millis::new(pulse.newest_fetched.max(pulse.newest_verdict_at)).plus(WEEK_MS);
        Ok(Self { at: from.hour(), to: span.to().min(newest) })
    }
}

impl Iterator for Weeks {
    type Item = Span;

    fn next(&mut self) -> Option<Span> {
        let from = self.at;
        self.at = from.plus(WEEK_MS);
        Span::new(from, self.at.min(self.to)).filter(|span| span.from() < span.to())
    }
}

/// Counts page by page, a week each.
#[derive(Debug)]
pub(super) struct Concern {
    brand: Brand,
    weeks: Weeks,
    /// All together first, then each.
    sources: Vec<(Option<SourceId>, String)>,
}

impl Concern {
    pub(super) async fn open(store: &Store, brand: Brand, span: Span) -> Result<Self, ExportError> {
        let weeks = Weeks::open(store, &brand, span).await?;
        let mut sources = vec![(None, String::new())];
        sources.extend(store.source_health().await?.into_iter().map(|s| (Some(s.id), s.spec.name)));
        Ok(Self { brand, weeks, sources })
    }

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row<'static>>, ExportError> {
        for week in self.weeks.by_ref() {
            let mut rows = Vec::new();
            for (source, name) in &self.sources {
                let hours = store.hours(self.brand.id, *source, week).await?;
                rows.extend(hours.iter().map(|h| (h.hour, counts(h, &self.brand.name, Of::Source(name)))));
            }
            for spoken in store.spoken(self.brand.id, week).await? {
                let hours = store.hours_in_language(self.brand.id, &spoken.lang, week).await?;
                rows.extend(hours.iter().map(|h| (h.hour, counts(h, &self.brand.name, Of::Language(&spoken.lang)))));
            }
            if !rows.is_empty() {
                rows.sort_by_key(|(hour, _)| *hour);
                return Ok(rows.into_iter().map(|(_, row)| row).collect());
            }
        }
        Ok(Vec::new())
    }
}

/// Whose counts a row holds.
#[derive(Clone, Copy)]
enum Of<'a> {
    /// A source by its name; empty: everything.
    Source(&'a str),
    /// A language; empty: those whose language is not known.
    Language(&'a str),
}

fn counts(hour: &HourCounts, brand: &str, of: Of<'_>) -> Row<'static> {
    let (source, language) = match of {
        Of::Source("") => (Value::Null, Value::Null),
        Of::Source(name) => (name.to_owned().into(), Value::Null),
        Of::Language("") => (Value::Null, UNDETERMINED.to_owned().into()),
        Of::Language(lang) => (Value::Null, lang.to_owned().into()),
    };
    Row::new(vec![
        hour.hour.into(),
        brand.to_owned().into(),
        source,
        hour.mentions.into(),
        hour.copies.into(),
        hour.deleted.into(),
        hour.negative.into(),
        hour.neutral.into(),
        hour.positive.into(),
        hour.unhappy.into(),
        language,
    ])
}

/// Coverage page by page, a week each.
#[derive(Debug)]
pub(super) struct Coverage {
    brand: Brand,
    weeks: Weeks,
    sources: BTreeMap<SourceId, (String, SourceKind)>,
}

impl Coverage {
    pub(super) async fn open(store: &Store, brand: Brand, span: Span) -> Result<Self, ExportError> {
        let weeks = Weeks::open(store, &brand, span).await?;
        let own = store.source_health().await?.into_iter().filter(|s| s.spec.brand == brand.id);
        Ok(Self { weeks, sources: own.map(|s| (s.id, (s.spec.name, s.spec.kind))).collect(), brand })
    }

    pub(super) async fn next(&mut self, store: &Store) -> Result<Vec<Row<'static>>, ExportError> {
        for week in self.weeks.by_ref() {
            let mut hours = store.coverage(week).await?;
            hours.retain(|h| self.sources.contains_key(&h.source));
            hours.sort_by_key(|h| (h.hour, h.source));
            if !hours.is_empty() {
                return Ok(hours.iter().filter_map(|h| self.row(h)).collect());
            }
        }
        Ok(Vec::new())
    }

    fn row(&self, hour: &HourCoverage) -> Option<Row<'static>> {
        let (name, kind) = self.sources.get(&hour.source)?;
        Some(Row::new(vec![
            hour.hour.into(),
            self.brand.name.clone().into(),
            name.clone().into(),
            kind.as_str().into(),
            hour.asked.into(),
            hour.answered.into(),
            hour.items.into(),
            hour.covered_ms.into(),
        ]))
    }
}
