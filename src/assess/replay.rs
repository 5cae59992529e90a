//! Stored weeks, judged again by the rules of the worker: what would it have said, and when?

use crate::domain::ids::BrandId;
use crate::domain::incident::Incident;
use crate::domain::proposal::Signal;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::domain::verdict::{Assessment, Baseline};
use crate::store::{Store, StoreError};

use super::baseline::HISTORY_MS;
use super::coverage::Heard;
use super::load::{self, Settings};
use super::onset;
use super::verdict::{Evidence, Surroundings};

/// Stored hours to look at again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReplayRequest {
    /// The brand.
    pub brand: BrandId,
    /// When the incident began.
    pub start: Millis,
    /// The last moment to judge.
    pub until: Millis,
    /// How incidents are judged.
    pub settings: Settings,
}

/// An incident, judged again.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// What was normal before the start.
    pub baseline: Baseline,
    /// Hours from a day before the start on.
    pub heard: Vec<Heard>,
    /// What the worker would have said at the end of each hour from the start on.
    pub assessments: Vec<Assessment>,
}

/// What the worker would have said at the end of each hour, had there been an incident from `start`. Earlier
/// incidents of the brand are cut out of its baseline, as always.
pub async fn replay(store: &Store, request: &ReplayRequest) -> Result<Replay, StoreError> {
    let earlier = store.incidents(request.brand).await?;
    let cut = cuts(&earlier, request.start);
    let normal = load::learn(store, request.brand, request.start, &cut).await?;
    let span = load::until_now(request.start.plus(-DAY_MS), request.until);
    let sources = load::sources(store, request.brand, span).await?;
    let basis = &normal.baseline.sources;
    let heard = sources.heard(basis, span);
    let evidence = Evidence {
        baseline: &normal.baseline,
        heard: &heard,
        started_at: request.start,
        hold_ms: request.settings.hold_ms,
        rules: request.settings.rules,
    };
    let left_out = sources.left_out(basis);
    let around = |at| Surroundings {
        silent: sources.silent(basis, at),
        raised: sources.raised(&normal.baseline, at, &request.settings.rules),
        left_out: left_out.clone(),
        ..Surroundings::default()
    };
    let assessments = evidence.replay(request.until, around);
    Ok(Replay { assessments, baseline: normal.baseline, heard })
}

/// Earlier incidents, as long as they moved the counts before `start`.
fn cuts(incidents: &[Incident], start: Millis) -> Vec<Span> {
    incidents.iter().filter(|i| i.started_at < start.hour()).filter_map(|i| load::lasted(i, start)).collect()
}

/// Those at which the verdict changes, the first among them.
pub fn changes(replayed: &[Assessment]) -> Vec<&Assessment> {
    let mut changes: Vec<&Assessment> = Vec::new();
    for assessment in replayed {
        if changes.last().is_none_or(|last| last.verdict != assessment.verdict) {
            changes.push(assessment);
        }
    }
    changes
}

/// When an incident would have been proposed in `span`, had nobody answered any proposal. Hours of known incidents do not
/// say what is normal afterwards, and are looked at all the same.
pub async fn proposals(store: &Store, brand: BrandId, span: Span, settings: &Settings) -> Result<Vec<Signal>, StoreError> {
    let known = Span::new(span.from().plus(-HISTORY_MS - DAY_MS), span.to()).unwrap_or(span);
    let sources = load::sources(store, brand, known).await?;
    let incidents = store.incidents(brand).await?;
    let cut: Vec<Span> = incidents.iter().filter_map(|i| load::lasted(i, span.to())).collect();
    let looks = onset::looks(&sources, &cut, span, &settings.onset);
    Ok(onset::proposals(&looks, &settings.onset))
}
