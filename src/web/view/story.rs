//! The parts of an incident's page about people, closing and memory.

use crate::assess::loud::{Loudness, Voices};
use crate::assess::past::Past;
use crate::domain::case::CaseState;
use crate::domain::ids::IncidentId;
use crate::domain::incident::{Closing, Incident, Memory};
use crate::domain::verdict::Reason;
use crate::web::chart::past::PastChart;
use crate::web::layout::Scope;
use crate::web::link::Link;
use crate::web::show::{self, Exact};

use super::now::incident_link;
use super::{ReasonView, sentence};

/// What the parts are made of.
#[derive(Debug, Clone)]
pub struct Story {
    /// Few or many.
    pub voices: Voices,
    /// What stands against closing, and what does not.
    pub checklist: Vec<Reason>,
    /// Each time it was closed, oldest first.
    pub closings: Vec<Closing>,
    /// What people keep of it.
    pub memory: Memory,
    /// Earlier incidents.
    pub past: Past,
    /// Cases in each state.
    pub cases: Vec<(CaseState, i64)>,
}

impl Story {
    /// Before anything is known.
    pub fn nothing(incident: IncidentId) -> Self {
        Self {
            voices: Voices::default(),
            checklist: Vec::new(),
            closings: Vec::new(),
            memory: Memory::nothing(incident),
            past: Past::default(),
            cases: Vec::new(),
        }
    }
}

/// Whether few or many are unhappy, in one line, with the texts that were copied most.
#[derive(Debug)]
pub struct VoicesView {
    /// Empty when nothing negative was written.
    pub sentence: String,
    /// Most copied first.
    pub copied: Vec<CopiedView>,
}

/// A copied text.
#[derive(Debug)]
pub struct CopiedView {
    /// `41 copies by 12 accounts`.
    pub count: String,
    /// Its beginning.
    pub text: String,
}

impl VoicesView {
    /// In one line, with the text that was copied most: for pages about something else.
    pub fn short(voices: &Voices) -> Self {
        let mut view = Self::new(voices);
        view.copied.truncate(1);
        view
    }

    /// In words.
    pub fn new(voices: &Voices) -> Self {
        let copied = voices.copied.iter().map(|c| CopiedView {
            count: format!("{} by {}", show::plural(c.copies, "copy", "copies"), show::plural(c.accounts, "account", "accounts")),
            text: if c.text.is_empty() { "(deleted)".to_owned() } else { show::one_line(&c.text, 120) },
        });
        Self { sentence: voices.loudness.as_ref().map_or_else(String::new, Loudness::sentence), copied: copied.collect() }
    }
}

/// One time it was closed.
#[derive(Debug)]
pub struct ClosingView {
    /// When.
    pub at: Exact,
    /// Who; empty when nobody gave a name.
    pub who: String,
    /// Why over blockers.
    pub reason: String,
    /// What stood against it.
    pub blockers: Vec<String>,
}

/// An earlier incident.
#[derive(Debug)]
pub struct EarlierView {
    /// Its page.
    pub href: Link,
    /// Its title.
    pub title: String,
    /// How long it took.
    pub took: String,
}

/// The parts, in words.
#[derive(Debug)]
pub struct StoryView {
    /// Few or many.
    pub voices: VoicesView,
    /// All lines of the checklist.
    pub checklist: Vec<ReasonView>,
    /// Some line blocks.
    pub blocked: bool,
    /// Newest first.
    pub closings: Vec<ClosingView>,
    /// What mended it.
    pub solution: String,
    /// What was learned.
    pub learned: String,
    /// Version of the two.
    pub memory_version: i64,
    /// Where they are sent.
    pub memory_action: Link,
    /// The post-mortem.
    pub postmortem: Link,
    /// How long earlier ones took; empty without one.
    pub past: String,
    /// Their curves and this one's, aligned.
    pub past_chart: Option<PastChart>,
    /// Earlier ones, newest first.
    pub earlier: Vec<EarlierView>,
    /// Cases in words; empty without one.
    pub cases: String,
    /// Where they are.
    pub people: Link,
}

impl StoryView {
    /// In words.
    pub fn new(story: &Story, incident: &Incident, scope: &Scope) -> Self {
        let closing = |c: &Closing| ClosingView {
            at: Exact(c.at),
            who: show::one_line(&c.who, 60),
            reason: c.reason.clone(),
            blockers: c.blockers.iter().map(|b| sentence(&b.text)).collect(),
        };
        let earlier = story.past.earlier.iter().map(|e| EarlierView {
            href: incident_link(scope, e.incident.id),
            title: show::one_line(&e.incident.title, 120),
            took: show::duration(e.took_ms),
        });
        Self {
            voices: VoicesView::new(&story.voices),
            checklist: story.checklist.iter().map(|r| ReasonView { text: sentence(&r.text), blocks: r.blocks }).collect(),
            blocked: story.checklist.iter().any(|r| r.blocks),
            closings: story.closings.iter().rev().map(closing).collect(),
            solution: story.memory.solution.clone(),
            learned: story.memory.learned.clone(),
            memory_version: story.memory.version,
            memory_action: Link::to(format!("/incidents/{}/memory", incident.id)),
            postmortem: Link::to(format!("/incidents/{}/postmortem.md", incident.id)),
            past: story.past.sentence().unwrap_or_default(),
            past_chart: PastChart::new(&story.past),
            earlier: earlier.collect(),
            cases: cases(&story.cases),
            people: scope.link("/people"),
        }
    }
}

/// `12 cases: 3 new, 2 contacted, 7 calmed.`
fn cases(states: &[(CaseState, i64)]) -> String {
    let all: i64 = states.iter().map(|(_, n)| n).sum();
    if all == 0 {
        return String::new();
    }
    let each: Vec<String> = states.iter().map(|(state, n)| format!("{} {}", show::count(*n), state.shown().to_lowercase())).collect();
    format!("{}: {}.", show::plural(all, "case", "cases"), each.join("; "))
}
