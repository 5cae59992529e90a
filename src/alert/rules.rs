//! What is worth an alert: pure rules from stored facts to alerts. The key of each names the event, not the look at it.

use crate::domain::alert::{About, Alert, AlertKind, Fact, Phase, Urgency};
use crate::domain::brand::Brand;
use crate::domain::incident::Incident;
use crate::domain::proposal::{Proposal, ProposalState};
use crate::domain::source::SourceHealth;
use crate::domain::time::{HOUR_MS, Millis};
use crate::domain::verdict::{Assessment, Verdict};
use crate::store::{DueCase, OpenFlag, VerdictChange};

/// From when on something is an alert.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// No update from the brand for this long while concern is raised, milliseconds; 0: never.
    pub silence_ms: i64,
    /// A flagged person whom nobody took for this long, milliseconds; 0: never.
    pub overdue_ms: i64,
    /// Followers from which a very negative author is told of at once; 0: never.
    pub reach: i64,
    /// Severity from which such an author counts, 0..=1.
    pub reach_severity: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self { silence_ms: 4 * HOUR_MS, overdue_ms: 8 * HOUR_MS, reach: 10_000, reach_severity: 0.5 }
    }
}

/// What an alert is about: a brand, and an incident where there is one.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The brand.
    pub brand: &'a Brand,
    /// The incident.
    pub incident: Option<&'a Incident>,
}

impl Scene<'_> {
    /// An alert without words, which the rules fill in.
    pub(super) fn blank(&self, kind: AlertKind, at: Millis) -> Alert {
        Alert {
            key: String::new(),
            subject: self.incident.map_or_else(|| format!("brand:{}", self.brand.id), |i| format!("incident:{}", i.id)),
            kind,
            urgency: Urgency::Warning,
            phase: Phase::Raised,
            brand: Some(self.brand.id),
            brand_name: self.brand.name.clone(),
            incident: self.incident.map(|i| About { id: i.id, kind: i.kind, severity: i.severity }),
            lang: None,
            at,
            title: String::new(),
            why: Vec::new(),
            facts: Vec::new(),
            path: self.incident.map_or_else(|| format!("/?brand={}", self.brand.id), |i| format!("/incidents/{}", i.id)),
            to: Vec::new(),
        }
    }
}

/// Reasons of a verdict that are told.
const REASONS: usize = 4;

/// A verdict that differs from the one before it. The first one of an incident is no change.
pub fn verdict(change: &VerdictChange, scene: Scene<'_>) -> Option<Alert> {
    let (before, incident) = (change.before?, scene.incident?);
    let assessment = &change.kept.assessment;
    let now = assessment.verdict;
    let kind = if now == Verdict::Relapsed { AlertKind::Relapse } else { AlertKind::Verdict };
    let urgency = match now {
        Verdict::Relapsed => Urgency::Critical,
        Verdict::Elevated | Verdict::Unknown => Urgency::Warning,
        Verdict::Easing | Verdict::Holding | Verdict::Recovered => Urgency::Info,
    };
    let moved = format!("{} → {}", before.shown().to_lowercase(), now.shown().to_lowercase());
    Some(Alert {
        key: format!("verdict:{}", change.kept.id.get()),
        urgency,
        phase: if now == Verdict::Recovered { Phase::Ended } else { Phase::Raised },
        title: format!("{}: {moved}", incident.title),
        why: assessment.reasons.iter().take(REASONS).map(|r| sentence(&r.text)).collect(),
        facts: numbers(assessment),
        ..scene.blank(kind, assessment.at)
    })
}

/// The numbers of a verdict.
pub fn numbers(a: &Assessment) -> Vec<Fact> {
    let mut facts = vec![
        Fact::new("Unhappy authors an hour", one_digit(a.unhappy_per_hour)),
        Fact::new("Expected an hour", one_digit(a.expected_per_hour)),
        Fact::new("Upper limit", one_digit(a.upper_limit)),
        Fact::new("Read", format!("{:.0} %", a.coverage.clamp(0.0, 1.0) * 100.0)),
    ];
    if let Some(left) = a.hold_left_ms() {
        facts.push(Fact::new("Hold time left", span(left)));
    }
    facts
}

/// Concern stands out, and nobody has said yet whether it is an incident.
pub fn proposed(proposal: &Proposal, scene: Scene<'_>) -> Option<Alert> {
    if proposal.state != ProposalState::Open {
        return None;
    }
    let signal = &proposal.signal;
    Some(Alert {
        key: format!("proposed:{}", proposal.id),
        subject: format!("proposed:brand:{}", scene.brand.id),
        urgency: Urgency::Critical,
        title: "Concern stands out: is it an incident?".to_owned(),
        why: vec![
            format!("{} unhappy authors where {} are expected.", signal.unhappy, one_digit(signal.expected)),
            "Nobody has opened an incident or said that it is none.".to_owned(),
        ],
        facts: vec![
            Fact::new("Unhappy authors", signal.unhappy.to_string()),
            Fact::new("Expected", one_digit(signal.expected)),
            Fact::new("Above normal since", signal.began.to_rfc3339()),
        ],
        ..scene.blank(AlertKind::Proposed, proposal.spoken_at)
    })
}

/// Somebody whom many people read, and whom nobody has taken yet.
pub fn reach(flag: &OpenFlag, scene: Scene<'_>, settings: &Settings) -> Option<Alert> {
    let followers = flag.followers.filter(|f| settings.reach > 0 && *f >= settings.reach)?;
    if flag.worst_severity < settings.reach_severity {
        return None;
    }
    Some(Alert {
        key: format!("reach:{}:{}", flag.id, flag.worst),
        subject: format!("reach:brand:{}", scene.brand.id),
        urgency: Urgency::Critical,
        lang: flag.lang.clone(),
        title: format!("Very negative post on {} by an author with {} followers", capital(&flag.platform), grouped(followers)),
        why: vec![sentence(&flag.reason), "Nobody has taken it yet.".to_owned()],
        facts: vec![Fact::new("Followers", grouped(followers)), Fact::new("Severity", format!("{:.2} of 1", flag.worst_severity))],
        path: format!("/people/{}", flag.id),
        ..scene.blank(AlertKind::Reach, flag.waiting_since)
    })
}

/// A flagged person waits for too long.
pub fn overdue(flag: &OpenFlag, scene: Scene<'_>, settings: &Settings, now: Millis) -> Option<Alert> {
    if settings.overdue_ms <= 0 || now.since(flag.waiting_since) < settings.overdue_ms {
        return None;
    }
    Some(Alert {
        key: format!("overdue:{}:{}", flag.id, flag.waiting_since.get()),
        subject: format!("overdue:brand:{}", scene.brand.id),
        lang: flag.lang.clone(),
        title: format!("A very unhappy person on {} waits for {} or longer", capital(&flag.platform), span(settings.overdue_ms)),
        why: vec![sentence(&flag.reason), "Nobody has taken it yet.".to_owned()],
        facts: vec![Fact::new("Waiting since", flag.waiting_since.to_rfc3339())],
        path: format!("/people/{}", flag.id),
        ..scene.blank(AlertKind::Overdue, flag.waiting_since.plus(settings.overdue_ms))
    })
}

/// A case that should have moved on by its due time.
pub fn case_overdue(case: &DueCase, scene: Scene<'_>) -> Alert {
    Alert {
        key: format!("case:{}:{}", case.id, case.due_at.get()),
        subject: format!("cases:brand:{}", scene.brand.id),
        title: format!("A case is overdue: a person on {}, {}", capital(&case.platform), case.state.shown().to_lowercase()),
        why: vec!["It should have moved on by its due time, and has not ended.".to_owned()],
        facts: vec![Fact::new("Due", case.due_at.to_rfc3339())],
        path: format!("/cases/{}", case.id),
        ..scene.blank(AlertKind::Overdue, case.due_at)
    }
}

/// A source from which nothing was heard for much longer than it should take.
pub fn source_silent(source: &SourceHealth, scene: Scene<'_>, now: Millis) -> Option<Alert> {
    let since = source.silent_since(now)?;
    let error = source.last_error.as_deref().map(sentence);
    let unknown = "What was said there since is unknown, not calm.".to_owned();
    Some(Alert {
        key: format!("source_silent:{}:{}", source.id, since.get()),
        subject: format!("sources:brand:{}", scene.brand.id),
        title: format!("Source silent: {}", source.spec.name),
        why: std::iter::once(unknown).chain(error).collect(),
        facts: vec![Fact::new("Last heard", since.to_rfc3339()), Fact::new("Failed polls in a row", source.failures.to_string())],
        path: format!("/sources?brand={}", scene.brand.id),
        ..scene.blank(AlertKind::SourceSilent, since.plus(source.patience_ms()))
    })
}

/// Concern is raised, and the brand has said nothing since `last` (its last update, or the start). Comes again each time
/// that the time has passed once more.
pub fn silence(scene: Scene<'_>, standing: Verdict, last: Millis, settings: &Settings, now: Millis) -> Option<Alert> {
    let incident = scene.incident.filter(|i| i.closed_at.is_none())?;
    let raised = matches!(standing, Verdict::Elevated | Verdict::Easing | Verdict::Relapsed);
    let times = now.since(last).checked_div(settings.silence_ms).filter(|n| *n > 0 && settings.silence_ms > 0 && raised)?;
    let passed = times.saturating_mul(settings.silence_ms);
    Some(Alert {
        key: format!("silence:{}:{}:{times}", incident.id, last.get()),
        subject: format!("silence:incident:{}", incident.id),
        title: format!("{}: no update from us for {}", incident.title, span(passed)),
        why: vec![
            format!("Concern is {}, and silence feeds rumours.", standing.shown().to_lowercase()),
            "An update may say that there is nothing new; it says when the next one comes.".to_owned(),
        ],
        facts: vec![Fact::new("Last said something", last.to_rfc3339())],
        ..scene.blank(AlertKind::Silence, last.plus(passed))
    })
}

/// `mastodon` as a name.
fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `15,000`.
fn grouped(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut out = String::with_capacity(digits.len() + 6);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

pub(super) fn one_digit(value: f64) -> String {
    format!("{value:.1}")
}

/// `45 min`, `4 h`, `3 d`.
pub(super) fn span(ms: i64) -> String {
    match ms {
        ..HOUR_MS => format!("{} min", ms.max(0) / 60_000),
        _ if ms < 48 * HOUR_MS => format!("{} h", ms / HOUR_MS),
        _ => format!("{} d", ms / (24 * HOUR_MS)),
    }
}

/// Ends a text as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}
