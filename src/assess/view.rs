//! What the pages show of concern, loaded in one go.

use std::collections::BTreeMap;

use crate::domain::ids::{BrandId, SourceId};
use crate::domain::incident::{Incident, Update};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{Assessment, Baseline, BaselineMethod, BaselineSource, HourCounts, KeptVerdict};
use crate::store::{Store, StoreError};

use super::concern::{Curve, CurvePoint};
use super::coverage::{Heard, Reading, Silence, SourceRecord, Sources};
use super::load::{self, Settings};
use super::outlook::{Outlook, outlook};

/// A rise that is older than this is shown as that old at least.
const LOOK_BACK_MS: i64 = 3 * DAY_MS;

/// Concern of a brand, in an incident or without one.
#[derive(Debug, Clone, PartialEq)]
pub struct ConcernView {
    /// Hour by hour over the asked span, with the band of the baseline.
    pub curve: Curve,
    /// The incident's baseline, or what is normal now.
    pub baseline: Baseline,
    /// Where the incident stands; `None` without one.
    pub assessment: Option<Assessment>,
    /// How concern stands without an incident; `None` in one.
    pub outlook: Option<Outlook>,
    /// Official statements of the incident, oldest first.
    pub updates: Vec<Update>,
    /// Verdicts of the incident at each change, oldest first.
    pub verdicts: Vec<KeptVerdict>,
    /// Compared sources that are silent now.
    pub silent: Vec<Silence>,
}

/// An assessment older than this is made again for the page: the worker may be down.
const FRESH_MS: i64 = HOUR_MS / 4;

/// What a page asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// The hours of the curve.
    pub span: Span,
    /// The time.
    pub now: Millis,
    /// How an assessment is made where none stands.
    pub settings: Settings,
}

/// Loads what a page shows: the assessment that stands, or one made now when that is missing or stale.
pub async fn load_view(store: &Store, brand: BrandId, incident: Option<&Incident>, ask: Ask) -> Result<ConcernView, StoreError> {
    match incident {
        Some(incident) => of_incident(store, incident, ask).await,
        None => of_brand(store, brand, ask.span, ask.now).await,
    }
}

async fn of_incident(store: &Store, incident: &Incident, ask: Ask) -> Result<ConcernView, StoreError> {
    let Ask { span, now, mut settings } = ask;
    let standing = store.standing(incident.id).await?;
    if let Some(standing) = &standing {
        settings.hold_ms = standing.hold_ms;
    }
    // After the relapse watch nobody assesses any more: the last word stays.
    let history = incident.closed_at.is_some_and(|closed| now.since(closed) > settings.watch_ms);
    let (assessment, normal) = match standing.filter(|a| history || now.since(a.at).abs() <= FRESH_MS) {
        Some(standing) => (standing, load::normal(store, incident, now).await?),
        None => load::assess(store, incident, now, &settings).await?,
    };
    let (curve, silent) = draw(store, incident.brand, &normal.baseline, Scene { span, now }).await?;
    Ok(ConcernView {
        curve,
        baseline: normal.baseline,
        assessment: Some(assessment),
        outlook: None,
        updates: store.updates(incident.id).await?,
        verdicts: store.verdicts(incident.id).await?,
        silent,
    })
}

async fn of_brand(store: &Store, brand: BrandId, span: Span, now: Millis) -> Result<ConcernView, StoreError> {
    let earlier = store.incidents(brand).await?;
    let cut: Vec<Span> = earlier.iter().filter_map(|i| load::lasted(i, now)).collect();
    // The hours that are judged do not say what is normal.
    let window_hours = i64::try_from(Settings::default().rules.window_hours).unwrap_or(6);
    let normal = load::learn(store, brand, now.hour().plus(-window_hours * HOUR_MS), &cut).await?;
    let back = Span::new(now.hour().plus(-LOOK_BACK_MS), now.plus(1)).unwrap_or(Span::empty(now));
    let heard = load::sources(store, brand, back).await?.heard(&normal.baseline.sources, back);
    let (curve, silent) = draw(store, brand, &normal.baseline, Scene { span, now }).await?;
    let outlook = outlook(&normal.baseline, &heard, &silent, now);
    Ok(ConcernView {
        curve,
        baseline: normal.baseline,
        assessment: None,
        outlook: Some(outlook),
        updates: Vec::new(),
        verdicts: Vec::new(),
        silent,
    })
}

/// The curve of one source against its share of what is normal; empty for a source of another brand. Without a share in
/// the baseline it has no band.
pub async fn concern_of_source(
    store: &Store,
    incident: &Incident,
    source: SourceId,
    (baseline, span): (&Baseline, Span),
) -> Result<Curve, StoreError> {
    let counts = store.hours(incident.brand, Some(source), span).await?;
    let covered: BTreeMap<Millis, i64> = store.coverage_of(source, span).await?.into_iter().map(|c| (c.hour, c.covered_ms)).collect();
    let record = SourceRecord {
        id: source,
        name: String::new(),
        reading: Reading::Polled { every_ms: HOUR_MS },
        covered,
        unhappy: counts.iter().map(|c| (c.hour, c.unhappy)).collect(),
    };
    let heard = Sources::new(vec![record]).heard(&[BaselineSource { source, share: 1.0 }], span);
    let share = baseline.sources.iter().find(|s| s.source == source).map_or(0.0, |s| s.share);
    Ok(Curve::new(&heard, &counts, &part_of(baseline, share)))
}

/// The curve of one language (`de`; empty: not known) over the hours of `whole`, against its share of the unhappy people of the
/// baseline's history. Sources are not told apart: it is read as well as they are all together.
pub async fn concern_of_language(
    store: &Store,
    brand: BrandId,
    lang: &str,
    (baseline, whole): (&Baseline, &Curve),
) -> Result<Curve, StoreError> {
    let first = whole.points.first().map_or(Millis::default(), |p| p.hour);
    let last = whole.points.last().map_or(first, |p| p.hour.plus(HOUR_MS));
    let counts = store.hours_in_language(brand, lang, Span::new(first, last).unwrap_or(Span::empty(first))).await?;
    let unhappy: BTreeMap<Millis, i64> = counts.iter().map(|c| (c.hour, c.unhappy)).collect();
    let hour =
        |p: &CurvePoint| Heard { hour: p.hour, unhappy: unhappy.get(&p.hour).copied().unwrap_or(0), share: 1.0, coverage: p.covered };
    let heard: Vec<Heard> = whole.points.iter().map(hour).collect();
    let share = share_of_language(store, brand, lang, baseline).await?;
    Ok(Curve::new(&heard, &counts, &part_of(baseline, share)))
}

/// What a language had of the unhappy people before, with half a person more, so that a language that was never heard has
/// a limit, too.
async fn share_of_language(store: &Store, brand: BrandId, lang: &str, baseline: &Baseline) -> Result<f64, StoreError> {
    let normal = |hours: Vec<HourCounts>| -> i64 {
        let cut = |h: &HourCounts| baseline.cut.iter().any(|c| h.hour.plus(HOUR_MS) > c.from() && h.hour < c.to());
        hours.iter().filter(|h| !cut(h)).map(|h| h.unhappy).sum()
    };
    let own = normal(store.hours_in_language(brand, lang, baseline.history).await?);
    let all = normal(store.hours(brand, None, baseline.history).await?);
    Ok(((own as f64 + 0.5) / (all as f64 + 1.0)).min(1.0))
}

/// A share of a negative binomial count is negative binomial with the same size.
fn part_of(baseline: &Baseline, share: f64) -> Baseline {
    let method = if share > 0.0 { baseline.method } else { BaselineMethod::None };
    Baseline { method, expected: baseline.expected.iter().map(|e| e * share).collect(), ..baseline.clone() }
}

/// What is drawn, and when.
#[derive(Clone, Copy)]
struct Scene {
    span: Span,
    now: Millis,
}

async fn draw(store: &Store, brand: BrandId, baseline: &Baseline, scene: Scene) -> Result<(Curve, Vec<Silence>), StoreError> {
    // No page draws a span longer than history reaches; an address could ask for centuries.
    let from = scene.span.from().max(scene.span.to().plus(-super::baseline::HISTORY_MS));
    let span = Span::new(from.hour(), scene.span.to()).unwrap_or(Span::empty(from));
    let counts = store.hours(brand, None, span).await?;
    let reach = Span::new(span.from().min(scene.now.plus(-7 * DAY_MS)), span.to().max(scene.now.plus(1))).unwrap_or(span);
    let sources = load::sources(store, brand, reach).await?;
    let curve = Curve::new(&sources.heard(&baseline.sources, span), &counts, baseline);
    Ok((curve, sources.silent(&baseline.sources, scene.now)))
}
