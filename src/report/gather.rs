//! Gathers the facts of a report from the store: a bounded number of queries over hourly counts and flags, whatever
//! the number of mentions.

use std::collections::{BTreeMap, BTreeSet};

use crate::assess::{self, Ask, ConcernView, Settings};
use crate::domain::ids::{BrandId, IncidentId, MentionId, ThemeId};
use crate::domain::incident::Incident;
use crate::domain::sentiment::Label;
use crate::domain::source::SourceKind;
use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span, WEEK_MS};
use crate::domain::verdict::{HourCounts, Verdict};
use crate::store::{MentionFilter, Store};

use super::error::ReportError;
use super::facts::{
    BaselineFacts, CaseFact, DayFact, EarlierFact, Facts, HourFact, IncidentFacts, MOST_CASES, PeopleFacts, QuoteFact, QuoteKind, Sealed,
    SettingsFacts, SourceFact, ThemeFact, Totals, UpdateFact, VERSION, VerdictFact, hex_sha256,
};

/// Longest time on the curve.
const LONGEST_MS: i64 = 8 * WEEK_MS;
/// Quoted posts: the worst, the newest unhappy, the newest pleased.
const QUOTED: [(QuoteKind, usize); 3] = [(QuoteKind::Worst, 8), (QuoteKind::Unhappy, 4), (QuoteKind::Pleased, 4)];
/// Themes, and examples of each.
const MOST_THEMES: usize = 10;
const THEME_QUOTES: usize = 2;
/// Earlier incidents that it is compared with.
const MOST_EARLIER: usize = 8;

/// The facts at `data_at`: those that were sealed for that time, or new ones from what the store keeps.
pub async fn gather(store: &Store, id: IncidentId, data_at: Millis, settings: &Settings) -> Result<Sealed, ReportError> {
    let data_at = whole_second(data_at);
    if let Some(kept) = store.sealed_report_at(id, data_at).await? {
        return unseal(&kept.facts, &kept.sha256);
    }
    Ok(collect(store, id, data_at, settings).await?.seal())
}

/// Seals carry whole seconds, so that the time printed in a report asks for the same report again.
pub fn whole_second(at: Millis) -> Millis {
    Millis::new(at.get().div_euclid(1000) * 1000)
}

/// Reads kept facts back; refuses those that were changed since.
pub fn unseal(json: &str, sha256: &str) -> Result<Sealed, ReportError> {
    if hex_sha256(json.as_bytes()) != sha256 {
        return Err(ReportError::Seal("its data were changed after it was sealed"));
    }
    let facts: Facts = serde_json::from_str(json).map_err(|_| ReportError::Seal("another version of Ebb made it"))?;
    if facts.version != VERSION {
        return Err(ReportError::Seal("another version of Ebb made it"));
    }
    Ok(Sealed { facts, sha256: sha256.to_owned() })
}

async fn collect(store: &Store, id: IncidentId, data_at: Millis, settings: &Settings) -> Result<Facts, ReportError> {
    // All that happened within that second is known.
    let known = data_at.plus(999);
    let incident = as_of(store.incident(id).await?, known)?;
    let brand = store.brand(incident.brand).await?;
    let affected = affected(&incident, known);
    let shown = shown(affected);
    let view = assess::load_view(store, brand.id, Some(&incident), Ask { span: shown, now: known, settings: *settings }).await?;
    let counts = store.hours(brand.id, None, affected).await?;
    let hours: Vec<HourFact> = view.curve.points.iter().map(hour).collect();
    let verdicts: Vec<VerdictFact> =
        view.verdicts.iter().filter(|v| v.assessment.at <= known).map(|v| VerdictFact { assessment: v.assessment.clone() }).collect();
    let people = People::load(store, id, known).await?;
    Ok(Facts {
        version: VERSION,
        data_at,
        brand: brand.id,
        brand_name: brand.name,
        settings: SettingsFacts {
            hold_ms: view.assessment.as_ref().map_or(settings.hold_ms, |a| a.hold_ms),
            flag_severity: settings.flag_severity,
            min_coverage: settings.rules.known,
        },
        baseline: baseline(&view),
        peak: peak(&hours, affected),
        totals: totals(store, brand.id, affected, &counts, settings).await?,
        verdict_since: since(&verdicts, view.assessment.as_ref().map(|a| a.verdict)),
        updates: updates(&view, known),
        sources: sources(store, brand.id, affected).await?,
        days: days(&counts),
        themes: themes(store, (brand.id, id), known).await?,
        people: people.counts,
        quotes: quotes(store, brand.id, affected, &people.cases).await?,
        cases: people.cases,
        earlier: earlier(store, &incident).await?,
        standing: view.assessment,
        verdicts,
        shown,
        affected,
        hours,
        incident: IncidentFacts {
            id: incident.id,
            title: incident.title,
            kind: incident.kind,
            severity: incident.severity,
            commander: incident.commander,
            started_at: incident.started_at,
            fixed_at: incident.fixed_at,
            closed_at: incident.closed_at,
            close_reason: incident.close_reason,
        },
    })
}

/// The incident as it was known at `data_at`.
fn as_of(mut incident: Incident, data_at: Millis) -> Result<Incident, ReportError> {
    if incident.started_at > data_at {
        return Err(ReportError::NotBegun { started_at: incident.started_at });
    }
    incident.fixed_at = incident.fixed_at.filter(|at| *at <= data_at);
    if incident.closed_at.is_some_and(|at| at > data_at) {
        incident.closed_at = None;
        incident.close_reason = String::new();
    }
    Ok(incident)
}

fn affected(incident: &Incident, data_at: Millis) -> Span {
    let end = incident.closed_at.unwrap_or(data_at).max(incident.started_at);
    Span::new(incident.started_at, end).unwrap_or(Span::empty(incident.started_at))
}

/// A day before it and all of it, or the last weeks of a longer one.
fn shown(affected: Span) -> Span {
    let from = affected.from().plus(-DAY_MS).max(affected.to().plus(-LONGEST_MS)).hour();
    Span::new(from, affected.to().max(from.plus(HOUR_MS))).unwrap_or(Span::empty(from))
}

fn hour(point: &assess::concern::CurvePoint) -> HourFact {
    HourFact {
        at: point.hour,
        unhappy: point.unhappy,
        expected: point.band.map(|b| b.expected),
        upper: point.band.map(|b| b.high),
        covered: point.covered,
        mentions: point.mentions,
    }
}

fn baseline(view: &ConcernView) -> BaselineFacts {
    let b = &view.baseline;
    BaselineFacts { method: b.method, history: b.history, cut: b.cut.len(), sources: b.sources.len() }
}

fn peak(hours: &[HourFact], affected: Span) -> Option<HourFact> {
    // The first of several equal ones.
    let since = hours.iter().filter(|h| h.at >= affected.from().hour() && h.unhappy > 0);
    since.copied().reduce(|best, h| if h.unhappy > best.unhappy { h } else { best })
}

async fn totals(store: &Store, brand: BrandId, affected: Span, counts: &[HourCounts], settings: &Settings) -> Result<Totals, ReportError> {
    let sum = |pick: fn(&HourCounts) -> i64| counts.iter().map(pick).sum();
    let angry = store.very_negative(brand, affected, settings.flag_severity).await?;
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Ok(Totals {
        mentions: sum(|h| h.mentions),
        copies: sum(|h| h.copies),
        deleted: sum(|h| h.deleted),
        negative: sum(|h| h.negative),
        neutral: sum(|h| h.neutral),
        positive: sum(|h| h.positive),
        unhappy_people: store.distinct_unhappy(brand, affected).await?,
        very_unhappy: count(angry.len()),
        better_later: count(angry.iter().filter(|a| a.later_better).count()),
    })
}

/// When the last run of the standing verdict began.
fn since(verdicts: &[VerdictFact], standing: Option<Verdict>) -> Option<Millis> {
    let last = verdicts.last()?;
    (Some(last.assessment.verdict) == standing).then_some(last.assessment.at)
}

fn updates(view: &ConcernView, data_at: Millis) -> Vec<UpdateFact> {
    let told = view.updates.iter().filter(|u| u.at <= data_at);
    told.map(|u| UpdateFact { at: u.at, kind: u.kind, text: u.text.clone(), url: u.url.clone() }).collect()
}

async fn sources(store: &Store, brand: BrandId, affected: Span) -> Result<Vec<SourceFact>, ReportError> {
    let unhappy: BTreeMap<_, _> = store.unhappy_by_source(brand, affected).await?.into_iter().collect();
    let mut read: BTreeMap<_, i64> = BTreeMap::new();
    for hour in store.coverage(affected).await? {
        *read.entry(hour.source).or_default() += hour.covered_ms;
    }
    let whole = affected.to().since(affected.from().hour()).max(1) as f64;
    let mut facts = Vec::new();
    for health in store.source_health().await? {
        let imported = health.spec.kind == SourceKind::Import;
        let counts = store.hours(brand, Some(health.id), affected).await?;
        // Rows of an import can name any brand.
        if health.spec.brand != brand && counts.is_empty() {
            continue;
        }
        let covered = if imported { 1.0 } else { read.get(&health.id).map_or(0.0, |ms| *ms as f64 / whole) };
        facts.push(SourceFact {
            id: health.id,
            name: health.spec.name,
            kind: health.spec.kind,
            mentions: counts.iter().map(|h| h.mentions).sum(),
            negative: counts.iter().map(|h| h.negative).sum(),
            unhappy: unhappy.get(&health.id).copied().unwrap_or(0),
            covered: covered.clamp(0.0, 1.0),
        });
    }
    facts.sort_by_key(|s| (std::cmp::Reverse((s.unhappy, s.mentions)), s.id));
    Ok(facts)
}

fn days(counts: &[HourCounts]) -> Vec<DayFact> {
    let mut days: BTreeMap<i64, DayFact> = BTreeMap::new();
    for hour in counts {
        let start = hour.hour.get().div_euclid(DAY_MS) * DAY_MS;
        let day = days.entry(start).or_insert(DayFact { at: Millis::new(start), negative: 0, neutral: 0, positive: 0 });
        day.negative += hour.negative;
        day.neutral += hour.neutral;
        day.positive += hour.positive;
    }
    // The newest of a very long incident.
    let skipped = days.len().saturating_sub(usize::try_from(LONGEST_MS / DAY_MS).unwrap_or(usize::MAX));
    days.into_values().skip(skipped).collect()
}

/// The cases of the incident. Their states are those of now: a case keeps its events, not what it was at each time.
struct People {
    counts: PeopleFacts,
    cases: Vec<CaseFact>,
}

impl People {
    async fn load(store: &Store, incident: IncidentId, known: Millis) -> Result<Self, ReportError> {
        let listed = store.worst_cases(incident, known, i64::try_from(MOST_CASES).unwrap_or(i64::MAX)).await?;
        let case = |listed: &crate::store::CaseListed| CaseFact {
            case: listed.case.id,
            author: listed.case.author,
            state: listed.case.state,
            worst: listed.worst,
            worst_severity: listed.worst_severity,
            very_negative: listed.very_negative,
            latest_at: listed.latest_at,
            changed_at: listed.case.updated_at,
        };
        let counts = PeopleFacts { states: store.case_states_until(incident, known).await? };
        Ok(Self { counts, cases: listed.iter().map(case).collect() })
    }
}

async fn themes(store: &Store, (brand, incident): (BrandId, IncidentId), known: Millis) -> Result<Vec<ThemeFact>, ReportError> {
    let mut facts = Vec::new();
    for view in assess::themes::load_themes(store, incident, known).await?.into_iter().take(MOST_THEMES) {
        let theme = view.theme;
        if theme.first_seen.is_some_and(|at| at > known) {
            continue;
        }
        let hours = view.hours.iter().filter(|h| h.hour <= known);
        facts.push(ThemeFact {
            quotes: examples(store, brand, theme.id).await?,
            id: theme.id,
            kind: theme.kind,
            people: theme.people,
            mentions: hours.clone().map(|h| h.mentions).sum(),
            peak: hours.map(|h| h.unhappy).max().unwrap_or(0),
            first_seen: theme.first_seen,
            heat: view.standing.heat,
            phrase: theme.phrase,
        });
    }
    Ok(facts)
}

/// The newest mentions of a theme, one of each author.
async fn examples(store: &Store, brand: BrandId, theme: ThemeId) -> Result<Vec<QuoteFact>, ReportError> {
    let newest = store.theme_newest(theme, 12).await?;
    let mut found = store.mentions_with_ids(brand, &newest).await?;
    found.retain(|m| m.deleted_at.is_none());
    let mut authors = BTreeSet::new();
    found.retain(|m| authors.insert(m.author.id));
    found.truncate(THEME_QUOTES);
    Ok(found.iter().map(|m| QuoteFact { mention: m.id, author: m.author.id, kind: QuoteKind::Theme }).collect())
}

/// The worst words of different people, and the newest of each mood; no post twice.
async fn quotes(store: &Store, brand: BrandId, affected: Span, cases: &[CaseFact]) -> Result<Vec<QuoteFact>, ReportError> {
    let mut quotes: Vec<QuoteFact> = Vec::new();
    for (kind, wanted) in QUOTED {
        let found: Vec<QuoteFact> = match kind {
            QuoteKind::Worst => cases.iter().map(|c| QuoteFact { mention: c.worst, author: c.author, kind }).collect(),
            QuoteKind::Unhappy => newest(store, brand, affected, (Label::Negative, kind)).await?,
            QuoteKind::Theme => Vec::new(),
            QuoteKind::Pleased => newest(store, brand, affected, (Label::Positive, kind)).await?,
        };
        let known: Vec<MentionId> = quotes.iter().map(|q| q.mention).collect();
        quotes.extend(found.into_iter().filter(|q| !known.contains(&q.mention)).take(wanted));
    }
    Ok(quotes)
}

async fn newest(store: &Store, brand: BrandId, span: Span, (label, kind): (Label, QuoteKind)) -> Result<Vec<QuoteFact>, ReportError> {
    let filter = MentionFilter { brand, span: Some(span), label: Some(label), ..MentionFilter::default() };
    let found = store.mentions(&filter, None, 16).await?;
    let there = found.into_iter().filter(|m| m.deleted_at.is_none());
    Ok(there.map(|m| QuoteFact { mention: m.id, author: m.author.id, kind }).collect())
}

async fn earlier(store: &Store, incident: &Incident) -> Result<Vec<EarlierFact>, ReportError> {
    let all = store.incidents(incident.brand).await?;
    let before = all.into_iter().filter(|i| i.id != incident.id && i.started_at < incident.started_at);
    let mut facts = Vec::new();
    for other in before.take(MOST_EARLIER) {
        // Counted until the next one began, at most.
        let end = other.closed_at.unwrap_or(incident.started_at).min(incident.started_at).max(other.started_at);
        let span = Span::new(other.started_at, end).unwrap_or(Span::empty(end));
        let peak = store.hours(other.brand, None, span).await?.iter().map(|h| h.unhappy).max().unwrap_or(0);
        let verdicts = store.verdicts(other.id).await?;
        facts.push(EarlierFact {
            id: other.id,
            unhappy_people: store.distinct_unhappy(other.brand, span).await?,
            recovered_at: verdicts.iter().find(|v| v.assessment.verdict == Verdict::Recovered).map(|v| v.assessment.at),
            title: other.title,
            started_at: other.started_at,
            fixed_at: other.fixed_at,
            peak,
        });
    }
    Ok(facts)
}
