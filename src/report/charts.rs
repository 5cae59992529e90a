//! The charts of an incident, with the words of the reader's language.

use crate::chart::concern::{self, Hour, Mark, READ, Side};
use crate::chart::{mood, sources};
use crate::domain::time::Millis;

use super::facts::{Facts, HourFact};
use super::texts::Texts;
use super::voices::one_line;

/// A chart and what it shows in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// SVG of a fixed size on a light ground.
    pub svg: String,
    /// What a screen reader says.
    pub alt: String,
}

/// What a mark on the curve stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkWords {
    /// When.
    pub at: Millis,
    /// The brand's own, or an event.
    pub side: Side,
    /// What, in the reader's language.
    pub word: String,
    /// The words of an update; may be empty.
    pub text: String,
}

/// The marks of the curve, oldest first: their number is their place from 1.
pub fn marks(facts: &Facts, texts: &Texts) -> Vec<MarkWords> {
    let event = |at: Millis, key: &str| MarkWords { at, side: Side::Event, word: texts.get(key), text: String::new() };
    let incident = &facts.incident;
    let mut marks = vec![event(incident.started_at, "mark-started")];
    // A fix update says the same as the time that it set.
    let told = |at: Millis| facts.updates.iter().any(|u| u.at == at);
    marks.extend(incident.fixed_at.filter(|at| !told(*at)).map(|at| event(at, "mark-fixed")));
    marks.extend(facts.standing.as_ref().and_then(|a| a.calm_since).map(|at| event(at, "mark-calm")));
    marks.extend(incident.closed_at.map(|at| event(at, "mark-closed")));
    marks.extend(facts.updates.iter().map(|u| MarkWords {
        at: u.at,
        side: Side::Ours,
        word: texts.get(&format!("update-{}", u.kind.as_str())),
        text: one_line(&u.text, 160),
    }));
    marks.retain(|m| m.at >= facts.shown.from() && m.at <= facts.shown.to());
    marks.sort_by_key(|m| m.at);
    marks
}

/// Hours above the normal range.
fn is_raised(hour: &HourFact) -> bool {
    hour.upper.is_some_and(|u| hour.unhappy as f64 > u)
}

/// The concern curve.
pub fn concern(facts: &Facts, texts: &Texts) -> Chart {
    let raised = i64::try_from(facts.hours.iter().filter(|h| is_raised(h)).count()).unwrap_or(i64::MAX);
    let alt = match facts.peak {
        Some(peak) => texts.with(
            "curve-alt",
            &[
                ("from", texts.date_time(facts.shown.from()).into()),
                ("to", texts.date_time(facts.shown.to()).into()),
                ("peak", texts.number(peak.unhappy).into()),
                ("n", raised.into()),
                ("raised", texts.number(raised).into()),
            ],
        ),
        None => texts.get("curve-alt-empty"),
    };
    let words = concern::Words {
        title: alt.clone(),
        unhappy: texts.get("chart-unhappy"),
        raised: texts.get("chart-raised"),
        normal: texts.get("chart-normal"),
        unread: texts.get("chart-unread"),
        nothing: texts.get("chart-nothing"),
    };
    let hour = |h: &HourFact| Hour { at: h.at, unhappy: h.unhappy, expected: h.expected, upper: h.upper, covered: h.covered };
    let hours: Vec<Hour> = facts.hours.iter().map(hour).collect();
    let marks: Vec<Mark> = marks(facts, texts).iter().enumerate().map(|(i, m)| Mark { at: m.at, number: i + 1, ours: m.side }).collect();
    let curve = concern::Curve { span: facts.shown, hours: &hours, marks: &marks, words: &words, label: &|at| texts.tick(at) };
    Chart { svg: concern::draw(&curve), alt }
}

/// Mood by day.
pub fn mood(facts: &Facts, texts: &Texts) -> Chart {
    let sum = |pick: fn(&super::facts::DayFact) -> i64| texts.number(facts.days.iter().map(pick).sum());
    let alt = texts.with(
        "mood-alt",
        &[("negative", sum(|d| d.negative).into()), ("neutral", sum(|d| d.neutral).into()), ("positive", sum(|d| d.positive).into())],
    );
    let words = mood::Words {
        title: alt.clone(),
        negative: texts.get("label-negative"),
        neutral: texts.get("label-neutral"),
        positive: texts.get("label-positive"),
        nothing: texts.get("chart-nothing"),
    };
    let day = |d: &super::facts::DayFact| mood::Day {
        label: texts.date_short(d.at),
        negative: d.negative,
        neutral: d.neutral,
        positive: d.positive,
    };
    Chart { svg: mood::draw(&facts.days.iter().map(day).collect::<Vec<_>>(), &words), alt }
}

/// Sources on the chart; the rest stands in the table.
const MOST_SOURCES: usize = 12;

/// Unhappy people by source.
pub fn sources(facts: &Facts, texts: &Texts) -> Chart {
    let alt = facts.sources.first().map_or_else(
        || texts.get("sources-none"),
        |most| texts.with("sources-alt", &[("name", one_line(&most.name, 80).into()), ("n", texts.number(most.unhappy).into())]),
    );
    let source = |s: &super::facts::SourceFact| sources::Source {
        name: one_line(&s.name, 60),
        unhappy: s.unhappy,
        note: texts
            .with("sources-note", &[("people", texts.count("people-count", s.unhappy).into()), ("read", texts.percent(s.covered).into())]),
    };
    let shown: Vec<_> = facts.sources.iter().take(MOST_SOURCES).map(source).collect();
    Chart { svg: sources::draw(&shown, &alt, &texts.get("sources-none")), alt }
}

/// A stretch of hours that were not fully read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// Its first hour.
    pub from: Millis,
    /// The end of its last hour.
    pub to: Millis,
    /// Share that was read, 0..=1.
    pub read: f64,
}

/// The gaps of the curve, oldest first. The hour of the data time is still running and is not judged.
pub fn gaps(facts: &Facts) -> Vec<Gap> {
    use crate::domain::time::HOUR_MS;
    let mut gaps: Vec<(Gap, f64)> = Vec::new();
    for hour in facts.hours.iter().filter(|h| h.covered < READ && h.at.plus(HOUR_MS) <= facts.data_at) {
        match gaps.last_mut() {
            Some((last, hours)) if last.to == hour.at => {
                last.to = hour.at.plus(HOUR_MS);
                last.read = last.read.mul_add(*hours, hour.covered) / (*hours + 1.0);
                *hours += 1.0;
            }
            _ => gaps.push((Gap { from: hour.at, to: hour.at.plus(HOUR_MS), read: hour.covered }, 1.0)),
        }
    }
    gaps.into_iter().map(|(gap, _)| gap).collect()
}
