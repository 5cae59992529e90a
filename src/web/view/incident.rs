//! Incidents, and one incident: the whole story.

use std::collections::HashMap;

use askama::Template;

use crate::assess::effect::Effect;
use crate::domain::ids::{BrandId, IncidentId};
use crate::domain::incident::{Incident, Update, UpdateKind};
use crate::domain::time::Millis;
use crate::domain::verdict::{Assessment, Baseline, BaselineMethod, KeptVerdict, Verdict};
use crate::web::chart::concern::ConcernChart;
use crate::web::chart::curve::{Curve, Mark, MarkKind};
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::show::{self, Exact, When};

use super::now::incident_link;
use super::signals::RatesLine;
use super::story::{Story, StoryView};
use super::{Choice, IncidentForm, ReasonView, VerdictView, field_time, sentence};

/// A row of the list.
#[derive(Debug)]
struct IncidentRow {
    title: String,
    href: Link,
    verdict: VerdictView,
    kind: &'static str,
    severity: &'static str,
    started: When,
    closed: Option<When>,
    solution: String,
    relapsed: bool,
}

/// What is kept of incidents, and what is looked for in it.
#[derive(Debug, Default)]
pub struct Library {
    /// Empty: everything.
    pub search: String,
    /// What mended each of them.
    pub solutions: HashMap<IncidentId, String>,
}

/// The list.
#[derive(Debug, Template)]
#[template(path = "incidents.html", config = "src/web/askama.toml")]
pub struct IncidentsPage {
    layout: Layout,
    headline: String,
    brand: Option<BrandId>,
    search: String,
    all: Link,
    incidents: Vec<IncidentRow>,
    f: IncidentForm,
}

impl IncidentsPage {
    /// `incidents` newest first, each with what it was judged last.
    pub fn new(scope: &Scope, incidents: &[(Incident, Option<Assessment>)], library: Library) -> Self {
        let row = |(i, standing): &(Incident, Option<Assessment>)| IncidentRow {
            title: show::one_line(&i.title, 160),
            href: incident_link(scope, i.id),
            verdict: VerdictView::of(standing.as_ref()),
            kind: i.kind.shown(),
            severity: i.severity.shown(),
            started: When::new(i.started_at, scope.now),
            closed: i.closed_at.map(|at| When::new(at, scope.now)),
            solution: library.solutions.get(&i.id).map_or_else(String::new, |s| show::one_line(s, 200)),
            relapsed: i.closed_at.is_some() && standing.as_ref().is_some_and(|a| a.verdict == Verdict::Relapsed),
        };
        Self {
            layout: scope.layout("Incidents", Place::Incidents, Live::Offer),
            headline: if library.search.is_empty() { headline(incidents) } else { found(incidents.len()) },
            brand: scope.brand_field(),
            all: scope.link("/incidents"),
            incidents: incidents.iter().map(row).collect(),
            f: IncidentForm::open(scope.brand_field(), scope.now),
            search: library.search,
        }
    }
}

fn found(n: usize) -> String {
    match n {
        0 => "No incident has these words.".to_owned(),
        1 => "One incident has these words.".to_owned(),
        n => format!("{n} incidents have these words."),
    }
}

fn headline(incidents: &[(Incident, Option<Assessment>)]) -> String {
    let open: Vec<&Incident> = incidents.iter().map(|(i, _)| i).filter(|i| i.closed_at.is_none()).collect();
    match (incidents.len(), open.as_slice()) {
        (0, _) => "No incident so far.".to_owned(),
        (_, []) => "No incident is open.".to_owned(),
        (_, [one]) => format!("One incident is open: {}", sentence(&show::one_line(&one.title, 120))),
        (_, several) => format!("{} incidents are open.", several.len()),
    }
}

/// Whether a baseline may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freeze {
    /// Stored with the incident.
    Frozen,
    /// History may still come in, or waits to be scored.
    Open,
}

/// Everything that the page of one incident is made of.
#[derive(Debug)]
pub struct IncidentInput {
    /// Brand, time, navigation.
    pub scope: Scope,
    /// The incident.
    pub incident: Incident,
    /// What it was judged last.
    pub standing: Option<Assessment>,
    /// The answer in one sentence.
    pub headline: String,
    /// What the curve is held against.
    pub baseline: Baseline,
    /// Whether that may still change.
    pub freeze: Freeze,
    /// Oldest first.
    pub updates: Vec<Update>,
    /// Oldest first.
    pub verdicts: Vec<KeptVerdict>,
    /// The curve, without marks.
    pub curve: Curve,
    /// What the updates did.
    pub effects: Vec<Effect>,
    /// The corrected share of unhappy mentions.
    pub rates: Option<RatesLine>,
    /// People, closing, memory.
    pub story: Story,
}

/// One event of the story.
#[derive(Debug)]
struct Event {
    at: Exact,
    class: &'static str,
    word: &'static str,
    verdict: Option<VerdictView>,
    text: String,
    url: Option<String>,
    reasons: Vec<String>,
}

/// The page of one incident.
#[derive(Debug, Template)]
#[template(path = "incident.html", config = "src/web/askama.toml")]
pub struct IncidentPage {
    layout: Layout,
    all: Link,
    report: Link,
    verdict: VerdictView,
    title: String,
    headline: String,
    kind: &'static str,
    severity: &'static str,
    started: When,
    fixed: Option<When>,
    closed: Option<When>,
    is_closed: bool,
    close_reason: String,
    commander: String,
    war_room: Option<String>,
    reasons: Vec<ReasonView>,
    chart: ConcernChart,
    baseline: String,
    timeline: Vec<Event>,
    rates: Option<RatesLine>,
    themes: Link,
    update_action: Link,
    update_kinds: Vec<Choice>,
    now_field: String,
    close_action: Link,
    relapsed: bool,
    f: IncidentForm,
    s: StoryView,
}

impl IncidentPage {
    /// Lays the page out.
    pub fn new(input: &IncidentInput) -> Self {
        let (scope, incident) = (&input.scope, &input.incident);
        let when = |at: Millis| When::new(at, scope.now);
        let reasons = input.standing.as_ref().map_or_else(Vec::new, |a| ReasonView::all(&a.reasons));
        let mut curve = input.curve.clone();
        curve.marks = marks(incident, &input.updates, input.standing.as_ref());
        Self {
            layout: scope.layout(&show::one_line(&incident.title, 60), Place::Incidents, Live::Swap),
            all: scope.link("/incidents"),
            report: scope.link(format!("/incidents/{}/report", incident.id)),
            verdict: VerdictView::of(input.standing.as_ref()),
            title: show::one_line(&incident.title, 200),
            headline: sentence(&input.headline),
            kind: incident.kind.shown(),
            severity: incident.severity.shown(),
            started: when(incident.started_at),
            fixed: incident.fixed_at.map(when),
            closed: incident.closed_at.map(when),
            is_closed: incident.closed_at.is_some(),
            close_reason: incident.close_reason.clone(),
            commander: show::one_line(&incident.commander, 100),
            war_room: incident.war_room.clone(),
            chart: ConcernChart::new(&curve),
            baseline: baseline_words(&input.baseline, input.freeze),
            timeline: timeline(input),
            rates: input.rates.clone(),
            themes: scope.link("/themes").with("incident", &incident.id),
            update_action: Link::to(format!("/incidents/{}/updates", incident.id)),
            update_kinds: UpdateKind::ALL.iter().map(|k| Choice::new(k.as_str(), k.shown(), UpdateKind::Statement.as_str())).collect(),
            now_field: field_time(scope.now),
            close_action: Link::to(format!("/incidents/{}/state", incident.id)),
            relapsed: incident.closed_at.is_some() && input.standing.as_ref().is_some_and(|a| a.verdict == Verdict::Relapsed),
            s: StoryView::new(&input.story, incident, scope),
            f: IncidentForm::change(scope.brand_field(), incident),
            reasons,
        }
    }
}

/// What is marked on an incident's curve.
pub fn marks(incident: &Incident, updates: &[Update], standing: Option<&Assessment>) -> Vec<Mark> {
    let plain = |at: Millis, kind: MarkKind| Mark { at, kind, text: String::new() };
    let mut marks = vec![Mark { at: incident.started_at, kind: MarkKind::Started, text: incident.title.clone() }];
    // A fix update says the same as the time that it set.
    let told = |at: Millis| updates.iter().any(|u| u.kind == UpdateKind::Fix && u.at == at);
    marks.extend(incident.fixed_at.filter(|at| !told(*at)).map(|at| plain(at, MarkKind::Fixed)));
    marks.extend(incident.closed_at.map(|at| plain(at, MarkKind::Closed)));
    marks.extend(standing.and_then(|a| a.calm_since).map(|at| plain(at, MarkKind::Calm)));
    marks.extend(updates.iter().map(|u| Mark { at: u.at, kind: MarkKind::Update(u.kind), text: u.text.clone() }));
    marks
}

/// The story, newest first.
fn timeline(input: &IncidentInput) -> Vec<Event> {
    let incident = &input.incident;
    let turning = |at: Millis, word: &'static str, text: String| Event {
        at: Exact(at),
        class: "turning",
        word,
        verdict: None,
        text,
        url: None,
        reasons: Vec::new(),
    };
    let mut events = vec![turning(incident.started_at, "Incident started", String::new())];
    let told = |at: Millis| input.updates.iter().any(|u| u.kind == UpdateKind::Fix && u.at == at);
    events.extend(incident.fixed_at.filter(|at| !told(*at)).map(|at| turning(at, "Declared fixed", String::new())));
    events.extend(incident.closed_at.map(|at| turning(at, "Closed", incident.close_reason.clone())));
    events.extend(input.updates.iter().map(|u| Event {
        at: Exact(u.at),
        class: "ours",
        word: u.kind.shown(),
        verdict: None,
        text: u.text.clone(),
        url: u.url.clone(),
        reasons: input.effects.iter().filter(|e| e.update == u.id).map(|e| sentence(&e.words)).collect(),
    }));
    events.extend(input.verdicts.iter().map(|v| Event {
        at: Exact(v.assessment.at),
        class: "judged",
        word: v.assessment.verdict.shown(),
        verdict: Some(VerdictView::new(v.assessment.verdict)),
        text: String::new(),
        url: None,
        reasons: v.assessment.reasons.iter().map(|r| sentence(&r.text)).collect(),
    }));
    events.sort_by_key(|e| std::cmp::Reverse(e.at.0));
    events
}

/// The baseline in words: method, history, what was cut out.
pub fn baseline_words(b: &Baseline, freeze: Freeze) -> String {
    if b.method == BaselineMethod::None {
        return "There was less than a day of history at the start, so nobody can say what is normal. Older mentions can be brought in with “ebb import”.".to_owned();
    }
    let cut = match b.cut.len() {
        0 => String::new(),
        n => format!(", with {} cut out", show::plural(i64::try_from(n).unwrap_or(i64::MAX), "earlier incident", "earlier incidents")),
    };
    let (verb, more) = match freeze {
        Freeze::Frozen => ("was frozen at the start:", ""),
        Freeze::Open => {
            ("is not frozen yet, because history may still come in; so far it is", " It is frozen a day after the start at the latest.")
        }
    };
    format!(
        "What is normal {verb} the {} over {} of history, {} to {} UTC{cut}.{more}",
        b.method.shown(),
        show::duration(b.history.to().since(b.history.from())),
        show::hour_label(b.history.from()),
        show::hour_label(b.history.to()),
    )
}
