//! The JSON of the API. Ids are texts: many readers of JSON lose digits of large numbers.

mod desk;

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::assess::concern::Curve;
use crate::assess::quiet::Hush;
use crate::domain::brand::Brand;
use crate::domain::budget::{MICROS, Saving, Spending};
use crate::domain::ids::{IncidentId, MentionId};
use crate::domain::incident::{Incident, IncidentKind, IncidentSeverity};
use crate::domain::post::Mention;
use crate::domain::proposal::{Proposal, ProposalState};
use crate::domain::sentiment::Label;
use crate::domain::source::{SourceHealth, SourceKind};
use crate::domain::time::{HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, BaselineMethod, Reason, Value, Verdict};
use crate::store::{Store, StoreError};
use crate::web::view::sources::SourceState;

pub use desk::{ChannelShape, MessageShape, PersonShape, SaidShape, TokenShape};

fn time(at: Option<Millis>) -> Option<String> {
    at.map(Millis::to_rfc3339)
}

/// A brand.
#[derive(Debug, Serialize, ToSchema)]
pub struct BrandShape {
    id: String,
    name: String,
}

impl From<Brand> for BrandShape {
    fn from(b: Brand) -> Self {
        Self { id: b.id.to_string(), name: b.name }
    }
}

/// A mention, its author and its score in one flat object.
#[derive(Debug, Serialize, ToSchema)]
pub struct MentionShape {
    id: String,
    platform: String,
    instance: String,
    native_id: String,
    author_id: String,
    author: String,
    author_name: String,
    followers: Option<i64>,
    created_at: String,
    edited_at: Option<String>,
    deleted_at: Option<String>,
    text: String,
    url: Option<String>,
    lang: Option<String>,
    copy_of: Option<String>,
    why: String,
    #[schema(value_type = Option<String>)]
    label: Option<Label>,
    corrected: bool,
    negative: Option<f32>,
    neutral: Option<f32>,
    positive: Option<f32>,
    severity: Option<f32>,
    model: Option<String>,
    /// For how many posts it stands: 1, or n where its source was read as a sample of 1 in n in the hour that fetched it.
    weight: i64,
}

impl MentionShape {
    /// Says for how many posts each of these stands.
    pub(super) async fn weigh(store: &Store, shapes: impl Iterator<Item = &mut Self>) -> Result<(), StoreError> {
        let shapes: Vec<&mut Self> = shapes.collect();
        let ids: Vec<MentionId> = shapes.iter().filter_map(|shape| shape.id.parse().ok()).collect();
        let drawn = store.drawn_one_in(&ids).await?;
        for shape in shapes {
            shape.weight = shape.id.parse().ok().and_then(|id: MentionId| drawn.get(&id).copied()).unwrap_or(1);
        }
        Ok(())
    }

    /// One of them, weighed.
    pub(super) async fn weighed(store: &Store, mention: Mention) -> Result<Self, StoreError> {
        let mut shape = Self::from(mention);
        Self::weigh(store, std::iter::once(&mut shape)).await?;
        Ok(shape)
    }
}

impl From<Mention> for MentionShape {
    fn from(m: Mention) -> Self {
        let label = m.label();
        let scored = m.sentiment;
        let shares = scored.as_ref().map(|s| s.probabilities.values());
        Self {
            id: m.id.to_string(),
            platform: m.key.platform().to_owned(),
            instance: m.key.instance().to_owned(),
            native_id: m.key.native_id().to_owned(),
            author_id: m.author.id.to_string(),
            author: m.author.handle,
            author_name: m.author.name,
            followers: m.author.followers,
            created_at: m.created_at.to_rfc3339(),
            edited_at: time(m.edited_at),
            deleted_at: time(m.deleted_at),
            text: m.text,
            url: m.url,
            lang: m.lang,
            copy_of: m.copy_of.map(|id| id.to_string()),
            why: m.why,
            label,
            corrected: m.corrected.is_some(),
            negative: shares.map(|s| s[0]),
            neutral: shares.map(|s| s[1]),
            positive: shares.map(|s| s[2]),
            severity: scored.as_ref().map(|s| s.severity.get()),
            model: scored.map(|s| s.model),
            weight: 1,
        }
    }
}

/// An incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct IncidentShape {
    id: String,
    brand: String,
    title: String,
    #[schema(value_type = String)]
    kind: IncidentKind,
    #[schema(value_type = String)]
    severity: IncidentSeverity,
    commander: String,
    war_room: Option<String>,
    started_at: String,
    fixed_at: Option<String>,
    closed_at: Option<String>,
    close_reason: String,
    version: i64,
}

impl From<Incident> for IncidentShape {
    fn from(i: Incident) -> Self {
        Self {
            id: i.id.to_string(),
            brand: i.brand.to_string(),
            title: i.title,
            kind: i.kind,
            severity: i.severity,
            commander: i.commander,
            war_room: i.war_room,
            started_at: i.started_at.to_rfc3339(),
            fixed_at: time(i.fixed_at),
            closed_at: time(i.closed_at),
            close_reason: i.close_reason,
            version: i.version,
        }
    }
}

/// One reason of a verdict.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReasonShape {
    /// A stable word.
    code: String,
    text: String,
    /// Stands against closing.
    blocks: bool,
    /// The numbers, times and names in the text, by name, each as `{"count": 3}`, `{"rate": 2.5}`, `{"at": milliseconds}` …
    #[schema(value_type = Object)]
    values: BTreeMap<String, Value>,
}

impl From<Reason> for ReasonShape {
    fn from(r: Reason) -> Self {
        Self { code: r.code, text: r.text, blocks: r.blocks, values: r.values }
    }
}

/// Where an incident stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictShape {
    incident: String,
    at: String,
    #[schema(value_type = String)]
    verdict: Verdict,
    headline: String,
    unhappy_authors: f64,
    expected: f64,
    upper_limit: f64,
    calm_limit: f64,
    coverage: f64,
    calm_since: Option<String>,
    hold_ms: i64,
    hold_left_ms: Option<i64>,
    reasons: Vec<ReasonShape>,
}

impl VerdictShape {
    /// Counts are an hour, means over the hours that were judged.
    pub fn new(incident: IncidentId, a: Assessment, headline: String) -> Self {
        Self {
            incident: incident.to_string(),
            at: a.at.to_rfc3339(),
            verdict: a.verdict,
            headline,
            unhappy_authors: a.unhappy_per_hour,
            expected: a.expected_per_hour,
            upper_limit: a.upper_limit,
            calm_limit: a.calm_limit,
            coverage: a.coverage,
            calm_since: time(a.calm_since),
            hold_ms: a.hold_ms,
            hold_left_ms: a.hold_left_ms(),
            reasons: a.reasons.into_iter().map(ReasonShape::from).collect(),
        }
    }
}

/// The curve of an incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConcernShape {
    incident: String,
    #[schema(value_type = String)]
    baseline: BaselineMethod,
    hours: Vec<HourShape>,
}

#[derive(Debug, Serialize, ToSchema)]
struct HourShape {
    hour: String,
    unhappy_authors: i64,
    severity_weighted: f64,
    expected: Option<f64>,
    normal_from: Option<f64>,
    normal_to: Option<f64>,
    coverage: f64,
    share_negative: Option<f64>,
    mentions: i64,
    copies: i64,
}

impl ConcernShape {
    /// Hour by hour, oldest first.
    pub fn new(incident: IncidentId, curve: Curve) -> Self {
        let hours = curve.points.into_iter().map(|p| HourShape {
            hour: p.hour.to_rfc3339(),
            unhappy_authors: p.unhappy,
            severity_weighted: p.severity,
            expected: p.band.map(|b| b.expected),
            normal_from: p.band.map(|b| b.low),
            normal_to: p.band.map(|b| b.high),
            coverage: p.covered,
            share_negative: p.share_negative,
            mentions: p.mentions,
            copies: p.copies,
        });
        Self { incident: incident.to_string(), baseline: curve.method, hours: hours.collect() }
    }
}

/// A proposed incident.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposalShape {
    id: String,
    brand: String,
    /// Changes are made against it.
    version: i64,
    #[schema(value_type = String)]
    state: ProposalState,
    spoken_at: String,
    seen_at: String,
    began: String,
    unhappy_authors: i64,
    expected: f64,
    hours: i64,
    chance: f64,
    reason: String,
    quiet_until: Option<String>,
    decided_at: Option<String>,
    incident: Option<String>,
}

impl From<Proposal> for ProposalShape {
    fn from(p: Proposal) -> Self {
        Self {
            id: p.id.to_string(),
            brand: p.brand.to_string(),
            version: p.version,
            state: p.state,
            spoken_at: p.spoken_at.to_rfc3339(),
            seen_at: p.seen_at.to_rfc3339(),
            began: p.signal.began.to_rfc3339(),
            unhappy_authors: p.signal.unhappy,
            expected: p.signal.expected,
            hours: p.signal.window.to().since(p.signal.window.from()) / HOUR_MS,
            chance: p.signal.chance,
            reason: p.reason,
            quiet_until: time(Some(p.quiet_until).filter(|at| *at > Millis::default())),
            decided_at: time(p.decided_at),
            incident: p.incident.map(|id| id.to_string()),
        }
    }
}

/// How a source does.
#[derive(Debug, Serialize, ToSchema)]
pub struct SourceShape {
    id: String,
    name: String,
    kind: &'static str,
    state: &'static str,
    last_success_at: Option<String>,
    next_poll_at: Option<String>,
    newest_post_at: Option<String>,
    /// Between the newest post and this answer.
    lag_ms: Option<i64>,
    /// Since when it answers and brings suspiciously nothing.
    quiet_since: Option<String>,
    failures: i64,
    error: Option<String>,
    mentions: i64,
    /// What it cost since midnight (UTC).
    spent_today: SpentShape,
    /// How it is read while a budget nears its end; null while it is read in full.
    sampling: Option<SamplingShape>,
}

/// Requests and money.
#[derive(Debug, Default, Serialize, ToSchema)]
struct SpentShape {
    requests: i64,
    usd: f64,
}

/// A declared sample.
#[derive(Debug, Serialize, ToSchema)]
struct SamplingShape {
    one_in: i64,
    /// For how many each mention stands: 1 where a source is asked more rarely and read in full.
    weight: i64,
    since: Option<String>,
    says: String,
}

impl SourceShape {
    /// With what it cost today, and how it saves.
    #[must_use]
    pub fn with_spending(self, kind: SourceKind, spending: &Spending) -> Self {
        let says = spending.declared(kind, &spending.since.map_or_else(|| "today".to_owned(), Millis::to_rfc3339));
        let weight = if Saving::of(kind) == Saving::Samples { spending.one_in } else { 1 };
        let sampling = SamplingShape { one_in: spending.one_in, weight, since: time(spending.since), says };
        Self {
            spent_today: SpentShape { requests: spending.spent.requests, usd: spending.spent.micros as f64 / MICROS as f64 },
            sampling: (spending.one_in > 1).then_some(sampling),
            ..self
        }
    }

    /// The state is judged by the caller, who knows the time.
    pub fn new(state: SourceState, quiet: Option<&Hush>, s: SourceHealth, now: Millis) -> Self {
        Self {
            id: s.id.to_string(),
            name: s.spec.name,
            kind: s.spec.kind.as_str(),
            state: state.view().class,
            last_success_at: time(s.last_success_at),
            next_poll_at: time(s.next_poll_at),
            newest_post_at: time(s.newest_post_at),
            lag_ms: s.newest_post_at.map(|at| now.since(at).max(0)),
            quiet_since: time(quiet.map(|quiet| quiet.since)),
            failures: s.failures,
            error: s.last_error,
            mentions: s.mentions,
            spent_today: SpentShape::default(),
            sampling: None,
        }
    }
}
