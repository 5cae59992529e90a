//! Now: is it over?

use askama::Template;

use crate::assess::loud::Voices;
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Incident, Update};
use crate::domain::post::Mention;
use crate::domain::proposal::Proposal;
use crate::domain::source::SourceHealth;
use crate::domain::time::Millis;
use crate::domain::verdict::{Assessment, Reason};
use crate::web::chart::concern::ConcernChart;
use crate::web::chart::curve::Curve;
use crate::web::layout::{Layout, Live, Place, Scope};
use crate::web::link::Link;
use crate::web::mention::MentionView;
use crate::web::show::{self, When};

use super::proposal::ProposalView;
use super::signals::Signals;
use super::sources::SourceState;
use super::story::VoicesView;
use super::{IncidentForm, ReasonView, VerdictView, sentence};

/// How concern stands without an incident.
#[derive(Debug, Clone)]
pub struct Quiet {
    /// Its badge.
    pub badge: VerdictView,
    /// The answer in one sentence.
    pub headline: String,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The start that an incident opened now should have.
    pub suggested_start: Millis,
}

/// What stands at the top.
#[derive(Debug, Clone)]
pub enum Standing {
    /// An incident is open; it is judged once the first assessment is there.
    Incident {
        /// The incident.
        incident: Box<Incident>,
        /// What it was judged.
        assessment: Option<Box<Assessment>>,
        /// The answer in one sentence.
        headline: String,
        /// Its updates, oldest first.
        updates: Vec<Update>,
    },
    /// No incident is open.
    Quiet(Quiet),
}

/// The numbers under the reasons.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Numbers {
    /// Unhappy authors an hour over the hours that were judged.
    pub unhappy: f64,
    /// What is normal for those hours, and the limit above which concern is raised; `None` without a baseline.
    pub normal: Option<(f64, f64)>,
    /// Highest hour of the curve.
    pub peak: Option<(i64, Millis)>,
    /// Flags that are not done: in an incident those raised since its start.
    pub unanswered: i64,
    /// Of those, the ones that somebody works on.
    pub assigned: i64,
    /// Mentions of the last 24 hours.
    pub mentions: i64,
    /// Of those, copies.
    pub copies: i64,
    /// Mentions that wait to be scored.
    pub backlog: i64,
    /// Seconds until they are; `None` when the pace is not known.
    pub backlog_s: Option<f64>,
    /// Anything was ever kept.
    pub ever: bool,
}

/// Everything that the page is made of.
#[derive(Debug)]
pub struct NowInput {
    /// Brand, time, navigation.
    pub scope: Scope,
    /// Incident or quiet.
    pub standing: Standing,
    /// The curve.
    pub curve: Curve,
    /// The numbers.
    pub numbers: Numbers,
    /// Newest very unhappy mentions.
    pub newest: Vec<Mention>,
    /// All sources of the brand.
    pub sources: Vec<SourceHealth>,
    /// A proposed incident that waits for an answer.
    pub proposal: Option<Proposal>,
    /// Those that the verdict misses: name, and since when nothing was read.
    pub silent: Vec<(String, Option<Millis>)>,
    /// About what, our own silence, campaigns, the corrected share.
    pub signals: Signals,
    /// Whether few or many are unhappy.
    pub voices: Voices,
    /// Closed incidents whose concern came back.
    pub relapsed: Vec<Incident>,
}

/// A number with its name.
#[derive(Debug)]
struct Figure {
    label: &'static str,
    value: String,
    unit: &'static str,
    note: String,
    raised: bool,
}

#[derive(Debug)]
struct IncidentLine {
    title: String,
    href: Link,
    started: When,
    fixed: Option<When>,
}

#[derive(Debug)]
struct Hold {
    share: String,
    words: String,
}

#[derive(Debug)]
struct Said {
    kind: &'static str,
    at: When,
    text: String,
}

#[derive(Debug)]
struct Trouble {
    class: &'static str,
    icon: &'static str,
    word: &'static str,
    name: String,
    text: String,
}

#[derive(Debug)]
struct Step {
    done: bool,
    text: &'static str,
    href: Option<Link>,
}

/// The page.
#[derive(Debug, Template)]
#[template(path = "now.html", config = "src/web/askama.toml")]
pub struct NowPage {
    layout: Layout,
    verdict: Option<VerdictView>,
    headline: String,
    incident: Option<IncidentLine>,
    proposal: Option<ProposalView>,
    hold: Option<Hold>,
    reasons: Vec<ReasonView>,
    figures: Vec<Figure>,
    chart: Option<ConcernChart>,
    first_run: Option<Vec<Step>>,
    newest: Vec<MentionView>,
    all_negative: Link,
    updates: Vec<Said>,
    troubles: Vec<Trouble>,
    sources_words: String,
    sources_href: Link,
    open_form: Option<IncidentForm>,
    signals: Signals,
    voices: VoicesView,
    relapsed: Vec<IncidentLine>,
}

impl NowPage {
    /// Lays the page out.
    pub fn new(input: &NowInput) -> Self {
        let scope = &input.scope;
        let now = scope.now;
        let is_first = !input.numbers.ever && matches!(input.standing, Standing::Quiet(_));
        let first_run = is_first.then(|| first_steps(input));
        let top = Top::new(input);
        // In an open incident nothing is proposed.
        let proposal = input.proposal.as_ref().filter(|_| top.suggested_start.is_some()).map(|p| ProposalView::new(p, scope));
        Self {
            layout: scope.layout("Now", Place::Now, Live::Swap),
            verdict: first_run.is_none().then_some(top.badge),
            headline: if first_run.is_some() { first_headline(input) } else { top.headline },
            hold: top.assessment.and_then(hold),
            reasons: if first_run.is_some() { Vec::new() } else { top.reasons },
            figures: if first_run.is_some() { Vec::new() } else { figures(&input.numbers, now) },
            chart: first_run.is_none().then(|| ConcernChart::new(&input.curve)),
            newest: input.newest.iter().map(|m| MentionView::new(m, scope)).collect(),
            all_negative: scope.link("/mentions").with("label", "negative"),
            updates: top.updates.iter().rev().take(3).map(|u| said(u, now)).collect(),
            troubles: troubles(input),
            sources_words: sources_words(&input.sources),
            sources_href: scope.link("/sources"),
            open_form: top
                .suggested_start
                .filter(|_| first_run.is_none() && proposal.is_none())
                .map(|at| IncidentForm::open(scope.brand_field(), at)),
            incident: top.incident.map(|i| incident_line(i, scope)),
            signals: input.signals.clone(),
            voices: VoicesView::short(&input.voices),
            relapsed: input.relapsed.iter().map(|i| incident_line(i, scope)).collect(),
            first_run,
            proposal,
        }
    }
}

/// The parts of the page that differ with and without an incident.
struct Top<'a> {
    badge: VerdictView,
    headline: String,
    reasons: Vec<ReasonView>,
    incident: Option<&'a Incident>,
    assessment: Option<&'a Assessment>,
    updates: &'a [Update],
    suggested_start: Option<Millis>,
}

impl<'a> Top<'a> {
    fn new(input: &'a NowInput) -> Self {
        match &input.standing {
            Standing::Incident { incident, assessment, headline, updates } => Self {
                badge: VerdictView::of(assessment.as_deref()),
                headline: sentence(headline),
                reasons: assessment.as_ref().map_or_else(Vec::new, |a| ReasonView::all(&a.reasons)),
                incident: Some(incident),
                assessment: assessment.as_deref(),
                updates,
                suggested_start: None,
            },
            Standing::Quiet(quiet) => Self {
                badge: quiet.badge,
                headline: sentence(&quiet.headline),
                // Nothing can be closed, so nothing blocks.
                reasons: quiet.reasons.iter().map(|r| ReasonView { text: sentence(&r.text), blocks: false }).collect(),
                incident: None,
                assessment: None,
                updates: &[],
                suggested_start: Some(quiet.suggested_start),
            },
        }
    }
}

/// Link to an incident's page.
pub fn incident_link(scope: &Scope, id: IncidentId) -> Link {
    scope.link(format!("/incidents/{id}"))
}

fn incident_line(incident: &Incident, scope: &Scope) -> IncidentLine {
    IncidentLine {
        title: show::one_line(&incident.title, 120),
        href: incident_link(scope, incident.id),
        started: When::new(incident.started_at, scope.now),
        fixed: incident.fixed_at.map(|at| When::new(at, scope.now)),
    }
}

fn hold(assessment: &Assessment) -> Option<Hold> {
    let left = assessment.hold_left_ms()?;
    let done = (assessment.hold_ms - left).max(0);
    let share = done as f64 / assessment.hold_ms.max(1) as f64 * 100.0;
    let words = if left == 0 {
        format!("Calm for the whole hold time of {}", show::hours(assessment.hold_ms))
    } else if done == 0 {
        format!("The hold time of {} has not begun to count", show::hours(assessment.hold_ms))
    } else {
        format!("Calm for {} of {}; {} left", show::hours(done), show::hours(assessment.hold_ms), show::hours(left))
    };
    Some(Hold { share: format!("{share:.1}"), words })
}

fn figures(n: &Numbers, now: Millis) -> Vec<Figure> {
    let unhappy_note = n.normal.map_or_else(
        || "no baseline yet".to_owned(),
        |(e, upper)| format!("{} is normal, raised above {}", show::decimal(e), show::decimal(upper)),
    );
    let peak = n.peak.map_or(("–".to_owned(), "nothing counted yet".to_owned()), |(count, at)| {
        (show::count(count), format!("unhappy people, {}", show::relative(at, now)))
    });
    let waiting = if n.backlog == 0 { "all are scored".to_owned() } else { backlog(n) };
    vec![
        figure("Unhappy people an hour", (show::decimal(n.unhappy), unhappy_note), n.normal.is_some_and(|(_, upper)| n.unhappy > upper)),
        figure("Worst hour", peak, false),
        figure(
            "Unanswered people",
            (show::count(n.unanswered), format!("{} taken by somebody", show::count(n.assigned))),
            n.unanswered > 0,
        ),
        figure("Mentions, last 24 h", (show::count(n.mentions), format!("{} of them copies", show::count(n.copies))), false),
        figure("Wait to be scored", (show::count(n.backlog), waiting), false),
    ]
}

fn figure(label: &'static str, (value, note): (String, String), raised: bool) -> Figure {
    Figure { label, value, unit: "", note, raised }
}

fn backlog(n: &Numbers) -> String {
    match n.backlog_s {
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a backlog; the cast saturates")]
        Some(s) => format!("done in about {}", show::duration((s.max(1.0) * 1000.0) as i64)),
        None => "newest first".to_owned(),
    }
}

fn said(update: &Update, now: Millis) -> Said {
    Said { kind: update.kind.shown(), at: When::new(update.at, now), text: clip(&update.text, 280) }
}

fn clip(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

fn troubles(input: &NowInput) -> Vec<Trouble> {
    let now = input.scope.now;
    let mut troubles: Vec<Trouble> = input
        .sources
        .iter()
        .map(|s| (s, SourceState::of(s, now)))
        .filter(|(_, state)| state.is_trouble())
        .map(|(s, state)| Trouble {
            class: state.view().class,
            icon: state.view().icon,
            word: state.view().word,
            name: show::one_line(&s.spec.name, 60),
            text: state.words(s, now),
        })
        .collect();
    let known: Vec<String> = troubles.iter().map(|t| t.name.clone()).collect();
    let missed = input.silent.iter().map(|(name, since)| (show::one_line(name, 60), since)).filter(|(name, _)| !known.contains(name));
    let view = SourceState::Silent.view();
    troubles.extend(missed.map(|(name, since)| Trouble {
        class: view.class,
        icon: view.icon,
        word: view.word,
        name,
        text: since.map_or_else(
            || "Nothing has been read yet.".to_owned(),
            |at| format!("Read up to {}; what was said since is unknown.", show::exact(at)),
        ),
    }));
    troubles
}

fn sources_words(sources: &[SourceHealth]) -> String {
    match sources.iter().filter(|s| s.enabled).count() {
        0 => "No source is configured.".to_owned(),
        1 => "The only source answers.".to_owned(),
        n => format!("All {n} sources answer."),
    }
}

fn first_headline(input: &NowInput) -> String {
    let name = show::one_line(&input.scope.brand.name, 60);
    if input.sources.is_empty() {
        format!("Nothing is polled for {name} yet.")
    } else {
        format!("Listening for {name}. Nothing has come in yet.")
    }
}

fn first_steps(input: &NowInput) -> Vec<Step> {
    let polled = input.sources.iter().any(|s| s.last_success_at.is_some());
    vec![
        Step {
            done: !input.sources.is_empty(),
            text: "Name the places where your customers talk.",
            href: Some(input.scope.link("/sources")),
        },
        Step { done: polled, text: "Each source is asked once; what is already there is read first.", href: None },
        Step { done: false, text: "Mentions appear here within a minute of being found, scored on this machine.", href: None },
        Step {
            done: false,
            text: "After a day of history Ebb knows what is normal; after three weeks, for each hour of the week. Older mentions can be brought in with “ebb import”.",
            href: None,
        },
    ]
}
