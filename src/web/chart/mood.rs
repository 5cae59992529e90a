//! How one author's mood moved: each mention at its time, in the lane of its label.

use askama::Template;

use crate::domain::post::Mention;
use crate::domain::sentiment::Label;
use crate::domain::time::{DAY_MS, Millis, Span};
use crate::web::mention::LabelView;
use crate::web::show;

use super::axis::{self, TimeTick};
use super::curve::{Mark, MarkKind};
use super::x_percent;

/// The drawn strip. Its table is the list of mentions that stands under it.
#[derive(Debug, Template)]
#[template(path = "chart/mood.html", config = "src/web/askama.toml")]
pub struct MoodStrip {
    summary: String,
    dots: Vec<Dot>,
    marks: Vec<Line>,
    ticks: Vec<TimeTick>,
}

#[derive(Debug)]
struct Dot {
    x: String,
    y: i64,
    class: &'static str,
    icon: &'static str,
    tip: String,
}

#[derive(Debug)]
struct Line {
    x: String,
    tip: String,
}

const LANES: [(Label, i64); 3] = [(Label::Positive, 20), (Label::Neutral, 50), (Label::Negative, 80)];

impl MoodStrip {
    /// Lays out an author's mentions and the marks that fall among them.
    pub fn new(mentions: &[Mention], marks: &[Mark], now: Millis) -> Option<Self> {
        let first = mentions.iter().map(|m| m.created_at).min()?;
        let span = Span::new(first.plus(-DAY_MS / 4), now.max(first).plus(DAY_MS / 24))?;
        Some(Self {
            summary: summary(mentions),
            dots: mentions.iter().filter(|m| m.deleted_at.is_none()).map(|m| dot(m, span)).collect(),
            marks: marks
                .iter()
                .filter(|m| m.at >= span.from() && m.at <= span.to())
                .map(|m| Line { x: x_percent(m.at, span), tip: format!("{} · {} UTC", mark_word(m), show::hour_label(m.at)) })
                .collect(),
            ticks: axis::time_ticks(span),
        })
    }
}

fn mark_word(mark: &Mark) -> String {
    match mark.kind {
        MarkKind::Started => "Incident started".to_owned(),
        MarkKind::Fixed => "Declared fixed".to_owned(),
        MarkKind::Calm => "Calm since".to_owned(),
        MarkKind::Closed => "Closed".to_owned(),
        MarkKind::Update(kind) => format!("{}: {}", kind.shown(), show::one_line(&mark.text, 80)),
    }
}

fn dot(mention: &Mention, span: Span) -> Dot {
    let label = mention.label();
    let view = LabelView::new(label);
    let y = label.and_then(|l| LANES.iter().find(|(lane, _)| *lane == l)).map_or(50, |(_, y)| *y);
    Dot {
        x: x_percent(mention.created_at, span),
        y,
        class: view.class,
        icon: view.icon,
        tip: format!("{} UTC · {}\n{}", show::hour_label(mention.created_at), view.word, show::one_line(&mention.text, 120)),
    }
}

fn summary(mentions: &[Mention]) -> String {
    let of = |label: Label| mentions.iter().filter(|m| m.label() == Some(label)).count();
    format!(
        "{} over time: {} negative, {} neutral, {} positive.",
        show::plural(i64::try_from(mentions.len()).unwrap_or(i64::MAX), "mention", "mentions"),
        of(Label::Negative),
        of(Label::Neutral),
        of(Label::Positive)
    )
}
