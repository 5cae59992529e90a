//! What each page shows, made from plain values: nothing here asks the store or reads the clock.

pub mod alerts;
pub mod case;
pub mod check;
pub mod hold;
pub mod incident;
pub mod mentions;
pub mod now;
pub mod people;
pub mod problem;
pub mod proposal;
pub mod replies;
pub mod report;
pub mod signals;
pub mod sources;
pub mod story;
#[cfg(test)]
mod tests;
pub mod themes;

use crate::domain::case::CaseState;
use crate::domain::ids::{BrandId, ProposalId};
use crate::domain::incident::{FlagState, Incident, IncidentKind, IncidentSeverity};
use crate::domain::time::Millis;
use crate::domain::verdict::{Assessment, Reason, Verdict};

use super::link::Link;

/// A verdict with its icon: never colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerdictView {
    /// Style class.
    pub class: &'static str,
    /// A path in a square of 16.
    pub icon: &'static str,
    /// The word.
    pub word: &'static str,
}

const UP: &str = "M2.5 12 6.5 7.5l3 2.5 4-6M10 4h3.5v3.5";
const DOWN: &str = "M2.5 4 6.5 8.5l3-2.5 4 6M10 12h3.5V8.5";
const LEVEL: &str = "M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0";
const CHECK: &str = "M3 8.5 6.5 12 13 4.5";
const QUESTION: &str = "M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.5M8 12.2v.1";

impl VerdictView {
    /// Of a judged incident.
    pub const fn new(verdict: Verdict) -> Self {
        let (class, icon) = match verdict {
            Verdict::Elevated => ("elevated", UP),
            Verdict::Easing => ("easing", DOWN),
            Verdict::Holding => ("holding", LEVEL),
            Verdict::Recovered => ("recovered", CHECK),
            Verdict::Relapsed => ("relapsed", UP),
            Verdict::Unknown => ("unknown", QUESTION),
        };
        Self { class, icon, word: verdict.shown() }
    }

    /// Of an incident that was not judged yet.
    pub const fn of(standing: Option<&Assessment>) -> Self {
        match standing {
            Some(a) => Self::new(a.verdict),
            None => Self { class: "unknown", icon: QUESTION, word: "Not judged yet" },
        }
    }

    /// Without an incident: as on other days.
    pub const fn calm() -> Self {
        Self { class: "calm", icon: CHECK, word: "As on other days" }
    }

    /// Without an incident: above normal.
    pub const fn raised() -> Self {
        Self { class: "elevated", icon: UP, word: "Above normal" }
    }

    /// Without an incident: cannot be told.
    pub const fn unclear() -> Self {
        Self { class: "unknown", icon: QUESTION, word: "Cannot be told" }
    }
}

/// A choice in a select field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it sends.
    pub value: String,
    /// What it shows.
    pub word: String,
    /// It is the chosen one.
    pub chosen: bool,
}

impl Choice {
    /// A choice among others, one of which is `chosen`.
    pub fn new(value: &(impl ToString + ?Sized), word: impl Into<String>, chosen: &str) -> Self {
        let value = value.to_string();
        Self { chosen: value == chosen, word: word.into(), value }
    }
}

/// The form that opens or changes an incident.
#[derive(Debug)]
pub struct IncidentForm {
    /// Where it is sent.
    pub action: Link,
    /// Kept in a hidden field.
    pub brand: Option<BrandId>,
    /// The proposal that it answers.
    pub proposal: Option<ProposalId>,
    /// The version that was read; `None` opens a new one.
    pub version: Option<i64>,
    /// Title.
    pub title: String,
    /// Kinds.
    pub kinds: Vec<Choice>,
    /// Severities.
    pub severities: Vec<Choice>,
    /// `YYYY-MM-DDTHH:MM`, UTC.
    pub started_at: String,
    /// The same; may be empty.
    pub fixed_at: String,
    /// Who leads.
    pub commander: String,
    /// Where they meet.
    pub war_room: String,
    /// The word on its button.
    pub submit: &'static str,
}

impl IncidentForm {
    /// To open one that began at `started_at`.
    pub fn open(brand: Option<BrandId>, started_at: Millis) -> Self {
        Self {
            action: Link::to("/incidents"),
            brand,
            proposal: None,
            version: None,
            title: String::new(),
            kinds: kinds(IncidentKind::Service),
            severities: severities(IncidentSeverity::Major),
            started_at: field_time(started_at),
            fixed_at: String::new(),
            commander: String::new(),
            war_room: String::new(),
            submit: "Open the incident",
        }
    }

    /// To change one.
    pub fn change(brand: Option<BrandId>, incident: &Incident) -> Self {
        Self {
            action: Link::to(format!("/incidents/{}", incident.id)),
            brand,
            proposal: None,
            version: Some(incident.version),
            title: incident.title.clone(),
            kinds: kinds(incident.kind),
            severities: severities(incident.severity),
            started_at: field_time(incident.started_at),
            fixed_at: incident.fixed_at.map_or_else(String::new, field_time),
            commander: incident.commander.clone(),
            war_room: incident.war_room.clone().unwrap_or_default(),
            submit: "Save",
        }
    }
}

fn kinds(chosen: IncidentKind) -> Vec<Choice> {
    IncidentKind::ALL.iter().map(|k| Choice::new(k.as_str(), k.shown(), chosen.as_str())).collect()
}

fn severities(chosen: IncidentSeverity) -> Vec<Choice> {
    IncidentSeverity::ALL.iter().map(|s| Choice::new(s.as_str(), s.shown(), chosen.as_str())).collect()
}

/// A time as `datetime-local` fields take it, UTC.
pub fn field_time(at: Millis) -> String {
    at.to_datetime().format("%Y-%m-%dT%H:%M").to_string()
}

/// A reason on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReasonView {
    /// The sentence.
    pub text: String,
    /// Stands against closing.
    pub blocks: bool,
}

impl ReasonView {
    /// Blockers first, the order kept otherwise.
    pub fn all(reasons: &[Reason]) -> Vec<Self> {
        let of = |blocks: bool| reasons.iter().filter(move |r| r.blocks == blocks);
        of(true).chain(of(false)).map(|r| Self { text: sentence(&r.text), blocks: r.blocks }).collect()
    }
}

/// Ends a text with a full stop unless it ends a sentence already.
pub fn sentence(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() || text.ends_with(['.', '!', '?', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// Style class and icon of a flag's state.
pub const fn flag_state(state: FlagState) -> (&'static str, &'static str) {
    match state {
        FlagState::Open => ("open", "○"),
        FlagState::Assigned => ("assigned", "◐"),
        FlagState::Done => ("done", "●"),
    }
}

/// Style class and icon of a case's state.
pub const fn case_state(state: CaseState) -> (&'static str, &'static str) {
    match state {
        CaseState::New => ("open", "○"),
        CaseState::Assigned | CaseState::Contacted | CaseState::Answered => ("assigned", "◐"),
        CaseState::StillUnhappy => ("failing", "▼"),
        CaseState::Calmed => ("done", "▲"),
        CaseState::Silent | CaseState::Declined | CaseState::Done => ("over", "●"),
    }
}
