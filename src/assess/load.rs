//! From the store to the pure rules, and back as an assessment.
//!
//! The cost is that of a few hundred to a few thousand rows of hourly counts, whatever the number of mentions.

use crate::domain::budget::Saving;
use crate::domain::ids::BrandId;
use crate::domain::incident::Incident;
use crate::domain::source::{SourceHealth, SourceKind};
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::{Assessment, Baseline, BaselineMethod, HourCounts};
use crate::store::{Store, StoreError};

use super::baseline::HISTORY_MS;
use super::coverage::{Reading, SourceRecord, Sources};
use super::onset::OnsetRules;
use super::quiet::{QuietSource, quiet};
use super::silence;
use super::verdict::{Evidence, Sampled, Surroundings};
use super::window::Rules;

/// Concern is taken to last this long after a fix when nobody closed the incident.
const AFTER_FIX_MS: i64 = 3 * DAY_MS;
/// And this long when there is no word of a fix either.
const WITHOUT_FIX_MS: i64 = 7 * DAY_MS;
/// History may still be coming in for this long after the start; until then a short baseline is not frozen.
const SETTLE_MS: i64 = DAY_MS;

/// How incidents are judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How long concern must stay calm, milliseconds.
    pub hold_ms: i64,
    /// Severity from which a negative mention flags its author, 0..=1.
    pub flag_severity: f64,
    /// How long a closed incident is watched for a relapse, milliseconds.
    pub watch_ms: i64,
    /// After so long without an update while concern is raised the silence alarm begins, milliseconds.
    pub silence_alarm_ms: i64,
    /// The limits of the verdict.
    pub rules: Rules,
    /// When an incident is proposed.
    pub onset: OnsetRules,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            hold_ms: 3 * DAY_MS,
            flag_severity: 0.4,
            watch_ms: 14 * DAY_MS,
            silence_alarm_ms: 4 * HOUR_MS,
            rules: Rules::default(),
            onset: OnsetRules::default(),
        }
    }
}

impl Settings {
    /// With the coverage below which nothing is known, 0..=1. The hold time never runs below it either.
    #[must_use]
    pub fn with_min_coverage(mut self, share: f64) -> Self {
        self.rules.known = share.clamp(0.0, 1.0);
        self.rules.hold = self.rules.hold.max(self.rules.known);
        self.onset.known = self.rules.known;
        self
    }
}

/// What is normal for an incident.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Normal {
    pub(super) baseline: Baseline,
    /// Mentions of the history that have no score yet, and all of them.
    pub(super) unscored: i64,
    pub(super) mentions: i64,
    /// It is stored, or should be.
    pub(super) frozen: bool,
}

/// What the store knows of one brand's sources in a span, its last hours in full.
pub(super) async fn sources(store: &Store, brand: BrandId, span: Span) -> Result<Sources, StoreError> {
    let mut records = Vec::new();
    for health in store.source_health().await? {
        let own = health.spec.brand == brand;
        // The brand's own voice: nobody is unhappy there.
        if health.spec.kind == SourceKind::Statuspage {
            continue;
        }
        // Rows of an import can name any brand.
        if !own && health.spec.kind != SourceKind::Import {
            continue;
        }
        let hours = store.hours(brand, Some(health.id), span).await?;
        if own || !hours.is_empty() {
            let covered = store.coverage_of(health.id, span).await?.into_iter().map(|c| (c.hour, c.covered_ms)).collect();
            let unhappy = hours.iter().map(|h| (h.hour, h.unhappy)).collect();
            records.push(SourceRecord { id: health.id, reading: reading(&health), name: health.spec.name, covered, unhappy });
        }
    }
    Ok(Sources::new(records))
}

fn reading(health: &SourceHealth) -> Reading {
    match (health.spec.kind, health.enabled) {
        (SourceKind::Import, _) => Reading::Imported,
        (_, true) => Reading::Polled { every_ms: health.spec.every_ms },
        (_, false) => Reading::Stopped,
    }
}

/// The frozen baseline of an incident, or one learned now.
///
/// One that does not end at the incident's start is learned again: the start was moved after it was frozen.
pub(super) async fn normal(store: &Store, incident: &Incident, now: Millis) -> Result<Normal, StoreError> {
    let start = incident.started_at;
    if let Some(baseline) = store.baseline(incident.id).await?.filter(|b| b.history.to() == start.hour()) {
        return Ok(Normal { baseline, unscored: 0, mentions: 0, frozen: true });
    }
    let others = store.incidents(incident.brand).await?;
    let cut: Vec<Span> = others.iter().filter(|i| i.id != incident.id && i.started_at < start).filter_map(|i| lasted(i, now)).collect();
    let mut normal = learn(store, incident.brand, start, &cut).await?;
    // History that came in late, or waits for its scores, would be frozen as a quiet one.
    let complete = normal.baseline.method == BaselineMethod::HourOfWeek || now.since(start) >= SETTLE_MS;
    let waiting = Surroundings { history_unscored: normal.unscored, history_mentions: normal.mentions, ..Surroundings::default() };
    normal.frozen = complete && normal.baseline.is_known() && !waiting.unscored_history(&Rules::default());
    Ok(normal)
}

/// Learns what was normal before `start`.
pub(super) async fn learn(store: &Store, brand: BrandId, start: Millis, cut: &[Span]) -> Result<Normal, StoreError> {
    let history = Span::new(start.plus(-HISTORY_MS).hour(), start.hour()).unwrap_or(Span::empty(start.hour()));
    let sources = sources(store, brand, history).await?;
    let basis = sources.basis(history);
    let baseline = Baseline::learn(&sources.heard(&basis, history), cut, basis, start);
    let unscored = store.unscored_in(brand, history).await?;
    let mentions = own_words(&store.hours(brand, None, history).await?);
    Ok(Normal { baseline, unscored, mentions, frozen: false })
}

/// How long an incident is taken to have moved the counts.
pub(super) fn lasted(incident: &Incident, now: Millis) -> Option<Span> {
    let fixed = incident.fixed_at.map(|at| at.plus(AFTER_FIX_MS));
    let end = incident.closed_at.or(fixed).unwrap_or(incident.started_at.plus(WITHOUT_FIX_MS)).min(now);
    Span::new(incident.started_at, end.max(incident.started_at))
}

/// The assessment of an incident at `now`, and the baseline that it rests on.
pub(super) async fn assess(
    store: &Store,
    incident: &Incident,
    now: Millis,
    settings: &Settings,
) -> Result<(Assessment, Normal), StoreError> {
    let normal = normal(store, incident, now).await?;
    let sources = sources(store, incident.brand, since_start(incident.started_at, now)).await?;
    let heard = sources.heard(&normal.baseline.sources, until_now(incident.started_at, now));
    let evidence = Evidence {
        baseline: &normal.baseline,
        heard: &heard,
        started_at: incident.started_at,
        hold_ms: settings.hold_ms,
        rules: settings.rules,
    };
    let surroundings = surroundings(store, incident, now, &settings.rules).await?;
    let surroundings = Surroundings {
        silent: sources.silent(&normal.baseline.sources, now),
        raised: sources.raised(&normal.baseline, now, &settings.rules),
        quiet: quiet_sources(store, incident.brand, now).await?,
        left_out: sources.left_out(&normal.baseline.sources),
        sampled: sampled(store, incident.brand, now).await?,
        history_unscored: normal.unscored,
        history_mentions: normal.mentions,
        hot_themes: super::themes::hot(store, incident.id, now).await?,
        ..surroundings
    };
    let mut assessment = evidence.assess(now, &surroundings);
    let alarm = silence::of(incident, &store.updates(incident.id).await?, &assessment, settings.silence_alarm_ms);
    assessment.reasons.extend(alarm.as_ref().map(silence::reason));
    Ok((assessment, normal))
}

async fn quiet_sources(store: &Store, brand: BrandId, now: Millis) -> Result<Vec<QuietSource>, StoreError> {
    let sources: Vec<SourceHealth> = store.source_health().await?.into_iter().filter(|s| s.spec.brand == brand).collect();
    let quiet = quiet(store, &sources, now).await?;
    Ok(sources.into_iter().filter_map(|s| quiet.get(&s.id).map(|quiet| QuietSource { name: s.spec.name, quiet: *quiet })).collect())
}

/// Sources of a brand of which a sample is read now, in words.
async fn sampled(store: &Store, brand: BrandId, now: Millis) -> Result<Vec<Sampled>, StoreError> {
    let spending: Vec<_> = store.spending(now).await?.into_iter().filter(|s| s.one_in > 1).collect();
    if spending.is_empty() {
        return Ok(Vec::new());
    }
    let health = store.source_health().await?;
    let own = health.iter().filter(|h| h.spec.brand == brand && Saving::of(h.spec.kind) == Saving::Samples);
    let sampled = own.filter_map(|h| {
        let saving = spending.iter().find(|s| s.source == h.id)?;
        Some(Sampled { source: h.spec.name.clone(), one_in: saving.one_in, since: saving.since })
    });
    Ok(sampled.collect())
}

/// Mentions younger than this may still wait for a score without a word about it.
const FRESH_MS: i64 = 15 * 60_000;

async fn surroundings(store: &Store, incident: &Incident, now: Millis, rules: &Rules) -> Result<Surroundings, StoreError> {
    let hours = i64::try_from(rules.window_hours).unwrap_or(6);
    let window = Span::new(now.hour().plus(-hours * HOUR_MS), now).unwrap_or(Span::empty(now));
    // What was written just now is about to be scored: it says nothing of a backlog.
    let settled = Span::new(window.from(), now.plus(-FRESH_MS)).unwrap_or(Span::empty(now));
    let brand = incident.brand;
    // Who was very unhappy before it began is on the list of people, and holds up nothing here.
    let flags = store.flag_counts_since(brand, incident.started_at.hour()).await?;
    Ok(Surroundings {
        unanswered: flags.open + flags.assigned,
        assigned: flags.assigned,
        unscored: store.unscored_in(brand, settled).await?,
        mentions: own_words(&store.hours(brand, None, window).await?),
        ..Surroundings::default()
    })
}

/// From a week before the start, so that a source that fell silent earlier is named with its time.
fn since_start(start: Millis, now: Millis) -> Span {
    Span::new(start.hour().plus(-7 * DAY_MS), now.plus(1)).unwrap_or(Span::empty(start))
}

/// The hours from the start to the one under way.
pub(super) fn until_now(start: Millis, now: Millis) -> Span {
    Span::new(start.hour(), now.plus(1)).unwrap_or(Span::empty(start.hour()))
}

/// Mentions that wait for a score or have one: no copies, nothing deleted.
fn own_words(hours: &[HourCounts]) -> i64 {
    hours.iter().map(|h| (h.mentions - h.copies - h.deleted).max(0)).sum()
}
