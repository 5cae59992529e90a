//! The concern curve: unhappy authors an hour against what is normal, with gaps and marks.

use std::fmt::Write as _;

use askama::Template;

use crate::domain::time::{HOUR_MS, Millis};
use crate::web::link::Link;
use crate::web::show;

use super::axis::{self, TimeTick};
use super::curve::{Curve, Hour, Mark};
use super::{share, x_percent};

/// Height of the plot, pixels.
const HEIGHT: f64 = 240.0;
/// Below this share an hour counts as not fully read.
const READ: f64 = 0.9;
/// Marks nearer than this share of the width go to another row.
const APART: f64 = 0.045;

/// The drawn chart.
#[derive(Debug, Template)]
#[template(path = "chart/concern.html", config = "src/web/askama.toml")]
pub struct ConcernChart {
    summary: String,
    width_units: String,
    band: String,
    expected: String,
    second: String,
    second_legend: &'static str,
    others: Vec<(&'static str, Link)>,
    language: String,
    languages: Vec<(String, Link)>,
    bars: Vec<Bar>,
    gaps: Vec<Gap>,
    y_ticks: Vec<YTick>,
    x_ticks: Vec<TimeTick>,
    marks: Vec<Pin>,
    lane: i64,
    whole: i64,
    rows: Vec<Row>,
    has_baseline: bool,
}

#[derive(Debug)]
struct Bar {
    x: String,
    width: String,
    y: String,
    height: String,
    class: &'static str,
    tip: String,
}

#[derive(Debug)]
struct Gap {
    x: String,
    width: String,
}

#[derive(Debug)]
struct YTick {
    y: String,
    label: String,
}

#[derive(Debug)]
struct Pin {
    x: String,
    cy: i64,
    number: usize,
    class: &'static str,
    word: &'static str,
    text: String,
    at: show::Exact,
}

#[derive(Debug)]
struct Row {
    at: show::Exact,
    unhappy: i64,
    expected: String,
    upper: String,
    mentions: i64,
    covered: String,
}

impl ConcernChart {
    /// Lays the chart out.
    pub fn new(curve: &Curve) -> Self {
        let highest = curve.hours.iter().map(|h| (h.unhappy as f64).max(h.upper.unwrap_or(0.0))).fold(0.0, f64::max);
        // Some air above the highest bar.
        let (top, step) = axis::count_scale(highest * 1.05);
        let marks = pins(curve);
        let lane = marks.iter().map(|m| m.cy + 16).max().unwrap_or(6);
        let has_baseline = curve.hours.iter().any(|h| h.expected.is_some());
        Self {
            summary: summary(curve),
            width_units: format!("{:.3}", curve.span.to().since(curve.span.from()) as f64 / HOUR_MS as f64),
            band: band(curve, top),
            expected: expected_line(curve, top),
            second: second_line(curve, top),
            second_legend: curve.choice.second.legend(),
            others: curve.choice.others.clone(),
            language: curve.choice.language.clone(),
            languages: curve.choice.languages.clone(),
            bars: curve.hours.iter().map(|h| bar(h, curve, top)).collect(),
            gaps: gaps(curve),
            y_ticks: y_ticks(top, step),
            x_ticks: axis::time_ticks(curve.span),
            marks,
            lane,
            whole: lane + 290,
            rows: curve.hours.iter().rev().map(row).collect(),
            has_baseline,
        }
    }
}

fn y(value: f64, top: f64) -> f64 {
    HEIGHT - (value / top).clamp(0.0, 1.0) * HEIGHT
}

fn y_ticks(top: f64, step: f64) -> Vec<YTick> {
    let mut out = Vec::new();
    let mut at = 0.0;
    while at <= top + step / 2.0 {
        out.push(YTick { y: format!("{:.1}", y(at, top)), label: show::decimal(at) });
        at += step;
    }
    out
}

fn bar(hour: &Hour, curve: &Curve, top: f64) -> Bar {
    let left = share(hour.at, curve.span) * 100.0;
    let right = share(hour.at.plus(HOUR_MS), curve.span) * 100.0;
    let y = y(hour.unhappy as f64, top);
    let running = hour.at.plus(HOUR_MS) > curve.now;
    let raised = hour.upper.is_some_and(|u| hour.unhappy as f64 > u);
    Bar {
        x: format!("{left:.3}"),
        width: format!("{:.3}", (right - left).max(0.0)),
        y: format!("{y:.1}"),
        height: format!("{:.1}", HEIGHT - y),
        class: match (raised, running) {
            (true, false) => "bar raised",
            (true, true) => "bar raised running",
            (false, false) => "bar",
            (false, true) => "bar running",
        },
        tip: tip(hour, running),
    }
}

fn tip(hour: &Hour, running: bool) -> String {
    let mut out = format!("{} UTC\n{}", show::hour_label(hour.at), show::plural(hour.unhappy, "unhappy person", "unhappy people"));
    if let (Some(expected), Some(upper)) = (hour.expected, hour.upper) {
        let _ = write!(out, "\nnormal {}, up to {}", show::decimal(expected), show::decimal(upper));
    }
    let _ = write!(out, "\n{}", show::plural(hour.mentions, "mention", "mentions"));
    if running {
        out.push_str("\nthis hour is still running");
    } else if hour.covered < READ {
        let _ = write!(out, "\nonly {} of this hour was read", show::percent(hour.covered));
    }
    out
}

fn band(curve: &Curve, top: f64) -> String {
    let mut out = String::new();
    for (from, to, hour) in steps(curve) {
        if let Some(upper) = hour.upper {
            let _ = write!(out, "M{from:.2} {HEIGHT}V{:.1}H{to:.2}V{HEIGHT}Z", y(upper, top));
        }
    }
    out
}

/// Steps too; an hour without a value breaks the line.
fn second_line(curve: &Curve, top: f64) -> String {
    let mut out = String::new();
    let mut joined = false;
    for (from, to, hour) in steps(curve) {
        let value = curve.choice.second.value(hour, top);
        if let Some(value) = value {
            let _ = write!(out, "{}{from:.2} {:.1}H{to:.2}", if joined { "L" } else { "M" }, y(value, top));
        }
        joined = value.is_some();
    }
    out
}

fn expected_line(curve: &Curve, top: f64) -> String {
    let mut out = String::new();
    let mut joined = false;
    for (from, to, hour) in steps(curve) {
        let Some(expected) = hour.expected else {
            joined = false;
            continue;
        };
        let y = y(expected, top);
        let _ = if joined { write!(out, "V{y:.1}H{to:.2}") } else { write!(out, "M{from:.2} {y:.1}H{to:.2}") };
        joined = true;
    }
    out
}

/// Each hour with its borders in hours since the start of the chart.
fn steps(curve: &Curve) -> impl Iterator<Item = (f64, f64, &Hour)> {
    let units = |at: Millis| share(at, curve.span) * (curve.span.to().since(curve.span.from()) as f64 / HOUR_MS as f64);
    curve.hours.iter().map(move |h| (units(h.at), units(h.at.plus(HOUR_MS)), h))
}

/// Stretches of hours that were not fully read. The running hour is not judged.
fn gaps(curve: &Curve) -> Vec<Gap> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for hour in curve.hours.iter().filter(|h| h.covered < READ && h.at.plus(HOUR_MS) <= curve.now) {
        let (from, to) = (share(hour.at, curve.span), share(hour.at.plus(HOUR_MS), curve.span));
        match out.last_mut() {
            Some(last) if (from - last.1).abs() < 1e-6 => last.1 = to,
            _ => out.push((from, to)),
        }
    }
    out.into_iter().map(|(from, to)| Gap { x: format!("{:.3}", from * 100.0), width: format!("{:.3}", (to - from) * 100.0) }).collect()
}

/// Numbered marks, oldest first; near ones in rows of their own, three at most.
fn pins(curve: &Curve) -> Vec<Pin> {
    let mut marks: Vec<&Mark> = curve.marks.iter().filter(|m| m.at >= curve.span.from() && m.at <= curve.span.to()).collect();
    marks.sort_by_key(|m| m.at);
    let mut last_in_row = [-1.0_f64; 3];
    let mut pins = Vec::with_capacity(marks.len());
    for (i, mark) in marks.into_iter().enumerate() {
        let at = share(mark.at, curve.span);
        let row = (0..3).find(|r| at - last_in_row[*r] >= APART).unwrap_or(i % 3);
        last_in_row[row] = at;
        pins.push(Pin {
            x: x_percent(mark.at, curve.span),
            cy: 12 + 22 * i64::try_from(row).unwrap_or(0),
            number: i + 1,
            class: mark.kind.class(),
            word: mark.kind.word(),
            text: show::one_line(&mark.text, 140),
            at: show::Exact(mark.at),
        });
    }
    pins
}

fn row(hour: &Hour) -> Row {
    let or_dash = |v: Option<f64>| v.map_or_else(|| "–".to_owned(), show::decimal);
    Row {
        at: show::Exact(hour.at),
        unhappy: hour.unhappy,
        expected: or_dash(hour.expected),
        upper: or_dash(hour.upper),
        mentions: hour.mentions,
        covered: show::percent(hour.covered),
    }
}

fn summary(curve: &Curve) -> String {
    let Some(peak) = curve.hours.iter().max_by_key(|h| h.unhappy) else {
        return "Unhappy people an hour: nothing has been counted yet.".to_owned();
    };
    let raised = curve.hours.iter().filter(|h| h.upper.is_some_and(|u| h.unhappy as f64 > u)).count();
    format!(
        "Unhappy people an hour from {} to {} UTC. Peak {} at {} UTC. {} above normal.",
        show::hour_label(curve.span.from()),
        show::hour_label(curve.span.to()),
        show::count(peak.unhappy),
        show::hour_label(peak.at),
        show::plural(i64::try_from(raised).unwrap_or(i64::MAX), "hour", "hours"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::curve::{Choice, MarkKind};
    use super::*;
    use crate::domain::incident::UpdateKind;
    use crate::domain::time::Span;

    fn curve(hours: i64) -> Curve {
        let from = Millis::new(1_763_596_800_000);
        let hour = |i: i64| Hour {
            at: from.plus(i * HOUR_MS),
            unhappy: if i == 3 { 40 } else { 2 },
            mentions: 50,
            expected: Some(2.0),
            upper: Some(6.0),
            covered: if (5..7).contains(&i) { 0.2 } else { 1.0 },
            severity: 1.0,
            share: (i != 4).then_some(0.5),
        };
        let now = from.plus(hours * HOUR_MS);
        Curve {
            span: Span::new(from, now).expect("a span"),
            hours: (0..hours).map(hour).collect(),
            marks: Vec::new(),
            now,
            choice: Choice::default(),
        }
    }

    #[test]
    fn hours_above_the_limit_are_marked_by_class_and_counted_in_words() {
        let chart = ConcernChart::new(&curve(12));
        assert_eq!(chart.bars.iter().filter(|b| b.class == "bar raised").count(), 1);
        let svg = chart.to_string();
        assert!(svg.contains("Peak 40 at"));
        assert!(svg.contains("1 hour above normal"));
    }

    #[test]
    fn neighbouring_hours_that_were_not_read_are_one_gap() {
        let chart = ConcernChart::new(&curve(12));
        assert_eq!(chart.gaps.len(), 1);
        assert_eq!(chart.gaps[0].width, "16.667");
    }

    #[test]
    fn near_marks_do_not_lie_on_each_other() {
        let mut curve = curve(100);
        for minutes in [0, 10, 20] {
            let at = curve.span.from().plus(HOUR_MS + minutes * 60_000);
            curve.marks.push(Mark { at, kind: MarkKind::Update(UpdateKind::Statement), text: "<b>".to_owned() });
        }
        let chart = ConcernChart::new(&curve);
        let rows: Vec<i64> = chart.marks.iter().map(|m| m.cy).collect();
        assert_eq!(rows, [12, 34, 56]);
        assert!(!chart.to_string().contains("<b>"));
    }

    #[test]
    fn the_second_line_is_drawn_when_it_is_asked_for_and_the_others_are_offered() {
        let mut curve = curve(12);
        assert!(!ConcernChart::new(&curve).to_string().contains("class=\"second\""));
        curve.choice = Choice::new("share", &Link::to("/").with("brand", &3));
        let chart = ConcernChart::new(&curve);
        assert_eq!(chart.second.matches('M').count(), 2, "broken where nothing was scored: {}", chart.second);
        let svg = chart.to_string();
        assert!(svg.contains("class=\"second\"") && svg.contains("/?brand=3&#38;line=severity#curve"), "{svg}");
    }

    #[test]
    fn an_empty_curve_is_drawn_with_words() {
        let mut empty = curve(0);
        empty.span = Span::new(empty.now, empty.now.plus(HOUR_MS)).expect("a span");
        assert!(ConcernChart::new(&empty).to_string().contains("nothing has been counted yet"));
    }
}
