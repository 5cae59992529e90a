//! What the concern curve shows: its hours, its marks, and what the reader chose to see.

use crate::domain::incident::UpdateKind;
use crate::domain::time::{Millis, Span};
use crate::web::link::Link;
use crate::web::show;

/// One hour of the curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hour {
    /// Its start.
    pub at: Millis,
    /// Distinct unhappy authors.
    pub unhappy: i64,
    /// All mentions.
    pub mentions: i64,
    /// Expected unhappy authors; `None` without a baseline.
    pub expected: Option<f64>,
    /// Above this the hour counts as raised; `None` without a baseline.
    pub upper: Option<f64>,
    /// Share of the hour that was read, 0..=1.
    pub covered: f64,
    /// The unhappy authors, each weighed by the worst severity of the hour.
    pub severity: f64,
    /// Negative ones among the scored mentions, 0..=1; `None` when there are none.
    pub share: Option<f64>,
}

/// A second line over the bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Second {
    /// None.
    #[default]
    Off,
    /// Unhappy people weighed by severity, on the scale of the bars.
    Severity,
    /// Share of negative mentions; the full height is 100 %.
    Share,
}

impl Second {
    /// As in an address; what is not known is none.
    pub fn parse(text: &str) -> Self {
        match text {
            "severity" => Self::Severity,
            "share" => Self::Share,
            _ => Self::Off,
        }
    }

    const fn value_in_address(self) -> &'static str {
        match self {
            Self::Off => "",
            Self::Severity => "severity",
            Self::Share => "share",
        }
    }

    pub(super) const fn legend(self) -> &'static str {
        match self {
            Self::Off => "",
            Self::Severity => "weighed by severity",
            Self::Share => "share of negative mentions, full height is 100 %",
        }
    }

    pub(super) fn value(self, hour: &Hour, top: f64) -> Option<f64> {
        match self {
            Self::Off => None,
            Self::Severity => Some(hour.severity),
            Self::Share => hour.share.map(|share| share * top),
        }
    }
}

/// Which second line, and the addresses of the others.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The drawn one.
    pub second: Second,
    /// Words and addresses of the others; none where the page offers no choice.
    pub others: Vec<(&'static str, Link)>,
    /// The language whose people are drawn alone, as it is called; empty for everybody.
    pub language: String,
    /// The other languages.
    pub languages: Vec<(String, Link)>,
}

impl Choice {
    /// The asked line on the page at `place`.
    pub fn new(asked: &str, place: &Link) -> Self {
        let second = Second::parse(asked);
        let all = [(Second::Off, "none", ""), (Second::Severity, "severity", "severity"), (Second::Share, "share of negative", "share")];
        let others = all.into_iter().filter(|(line, ..)| *line != second);
        Self {
            second,
            others: others.map(|(_, word, value)| (word, place.clone().with("line", value).at("curve"))).collect(),
            ..Self::default()
        }
    }

    /// With the languages that can be drawn alone; `asked` is drawn. The second line stays as it is.
    #[must_use]
    pub fn in_language(self, asked: Option<&str>, spoken: &[String], place: &Link) -> Self {
        let place = place.clone().with("line", self.second.value_in_address());
        let lead = |lang: &str| place.clone().with("lang", lang).at("curve");
        let everybody = asked.map(|_| ("all languages".to_owned(), lead("")));
        // One language is no choice.
        let offered = spoken.len() > 1 || asked.is_some();
        let others = spoken.iter().filter(|lang| offered && asked != Some(lang.as_str()));
        let others = others.map(|lang| (show::language(lang).to_owned(), lead(lang)));
        Self {
            language: asked.map_or_else(String::new, |lang| show::language(lang).to_owned()),
            languages: everybody.into_iter().chain(others).collect(),
            ..self
        }
    }
}

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    /// The incident began for customers.
    Started,
    /// The cause was declared mended.
    Fixed,
    /// Calm since here.
    Calm,
    /// An official statement.
    Update(UpdateKind),
    /// A person closed the incident.
    Closed,
}

impl MarkKind {
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Started => "mark started",
            Self::Fixed => "mark fixed",
            Self::Calm => "mark calm",
            Self::Update(_) => "mark update",
            Self::Closed => "mark closed",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Started => "Incident started",
            Self::Fixed => "Declared fixed",
            Self::Calm => "Calm since here",
            Self::Closed => "Closed",
            Self::Update(kind) => kind.shown(),
        }
    }
}

/// One mark on the curve.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Millis,
    /// What.
    pub kind: MarkKind,
    /// Its words; may be empty.
    pub text: String,
}

/// What the chart is drawn from.
#[derive(Debug, Clone)]
pub struct Curve {
    /// The time shown.
    pub span: Span,
    /// The hours in it, oldest first.
    pub hours: Vec<Hour>,
    /// Marks in it, in any order.
    pub marks: Vec<Mark>,
    /// The time now: the hour that holds it is still running.
    pub now: Millis,
    /// The second line.
    pub choice: Choice,
}
