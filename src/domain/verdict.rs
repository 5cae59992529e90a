//! Whether it is over: counts an hour, the frozen baseline, and the verdict with its reasons.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::{IncidentId, SourceId, VerdictId};
use super::incident::words;
use super::time::{Millis, Span};

/// What was counted in one hour, of one brand, for one source or all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct HourCounts {
    /// Start of the hour.
    pub hour: Millis,
    /// Mentions written in the hour, copies and deleted ones too.
    pub mentions: i64,
    /// Of those, copies.
    pub copies: i64,
    /// Of those, deleted since.
    pub deleted: i64,
    /// Negative ones, copies aside.
    pub negative: i64,
    /// Neutral ones, copies aside.
    pub neutral: i64,
    /// Positive ones, copies aside.
    pub positive: i64,
    /// Distinct authors with at least one negative mention in the hour, copies aside.
    pub unhappy: i64,
    /// The same authors weighed by how bad it is: the sum of each one's worst severity, in millionths.
    #[serde(default)]
    pub severity: i64,
}

words! {
    /// How concern stands in an incident.
    Verdict {
        /// Above normal, not clearly falling.
        Elevated = "elevated", "Elevated";
        /// Above normal, falling.
        Easing = "easing", "Easing";
        /// Calm; the hold time runs.
        Holding = "holding", "Holding";
        /// Calm for the whole hold time.
        Recovered = "recovered", "Recovered";
        /// Calm, then above normal again.
        Relapsed = "relapsed", "Relapsed";
        /// Cannot be told: too little was read, or there is no baseline.
        Unknown = "unknown", "Unknown";
    }
}

words! {
    /// How finely the baseline knows the week.
    BaselineMethod {
        /// The same hour of the week, over several weeks.
        HourOfWeek = "hour_of_week", "same hour of the week";
        /// The same hour of the day: history is shorter than three weeks.
        HourOfDay = "hour_of_day", "same hour of the day";
        /// One number for all hours: history is shorter than three days.
        Flat = "flat", "average hour";
        /// Less than a day of history.
        None = "none", "no baseline";
    }
}

/// A source that a baseline rests on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaselineSource {
    /// The source.
    pub source: SourceId,
    /// Its share of the unhappy authors that are normal, 0..=1; all shares sum to 1.
    pub share: f64,
}

/// What is normal, frozen when an incident starts.
///
/// Counts an hour are taken as negative binomial: variance = mean + mean²/`size`. How it is learned, and
/// how limits follow from it, stands in `assess::baseline`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The history it was made from.
    pub history: Span,
    /// Stretches cut out of it: earlier incidents, and days far above the other days of their kind.
    pub cut: Vec<Span>,
    /// The sources whose counts it holds; only these are compared with it.
    pub sources: Vec<BaselineSource>,
    /// How finely it knows the week.
    pub method: BaselineMethod,
    /// Expected unhappy authors in each of the 168 hours of the week, from Monday 00:00 UTC; zeros without a baseline.
    pub expected: Vec<f64>,
    /// Covered hours of history behind each of the 168 numbers.
    pub hours: Vec<u32>,
    /// Overdispersion of the counts of single hours; large is close to Poisson.
    pub size: f64,
    /// The same of sums over six hours: neighbouring hours go up and down together.
    pub window_size: f64,
}

/// A value in a reason, to be written as the reader's language writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A number of things: it also decides between forms.
    Count(i64),
    /// A rate or a ratio: one decimal, none from 20 on.
    Rate(f64),
    /// How many times as much: one decimal.
    Ratio(f64),
    /// A number whose decimals say nothing.
    Whole(f64),
    /// 0..=1, shown in percent.
    Share(f64),
    /// A moment.
    At(Millis),
    /// A length of time in whole hours, milliseconds.
    Lasting(i64),
    /// A name, as it is in every language.
    Name(String),
    /// Names, and how many more there are.
    Names(Vec<String>, i64),
    /// Phrases with the people behind each, and how many more there are.
    Phrases(Vec<(String, i64)>, i64),
    /// A word of ours that decides between forms and is not shown itself.
    Case(String),
}

/// One reason for a verdict.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// A stable word, such as `source_silent`.
    pub code: String,
    /// The sentence on the page.
    pub text: String,
    /// Whether the incident should not be closed over it.
    pub blocks: bool,
    /// What stands in the sentence, by name, so that it can be said in another language. Empty for a reason without
    /// values, and for those that were kept before there were any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Value>,
}

impl Reason {
    /// A reason without values.
    pub fn new(code: &str, text: impl Into<String>, blocks: bool) -> Self {
        Self { code: code.to_owned(), text: text.into(), blocks, values: BTreeMap::new() }
    }

    /// With a value. A number without end is left out: no kept form could hold it.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        let endless = matches!(value, Value::Rate(n) | Value::Ratio(n) | Value::Whole(n) | Value::Share(n) if !n.is_finite());
        if !endless {
            self.values.insert(name.to_owned(), value);
        }
        self
    }

    /// With a word that decides between forms.
    #[must_use]
    pub fn case(self, name: &str, word: &str) -> Self {
        self.with(name, Value::Case(word.to_owned()))
    }
}

/// A verdict at one moment, with the numbers that it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// The moment.
    pub at: Millis,
    /// The verdict.
    pub verdict: Verdict,
    /// Unhappy authors an hour, mean over the window.
    pub unhappy_per_hour: f64,
    /// Expected by the baseline over the same hours.
    pub expected_per_hour: f64,
    /// Above this, concern counts as raised.
    pub upper_limit: f64,
    /// Below this, concern counts as calm (lower than `upper_limit`, so that verdicts do not flap).
    pub calm_limit: f64,
    /// The hours looked at.
    pub window: Span,
    /// Share of the window that was read, 0..=1, of the sources that the baseline rests on.
    pub coverage: f64,
    /// Since when it is calm.
    pub calm_since: Option<Millis>,
    /// Calm time so far, milliseconds; time in which too little was read does not count.
    pub held_ms: i64,
    /// How long it must stay calm, milliseconds.
    pub hold_ms: i64,
    /// Why, most important first.
    pub reasons: Vec<Reason>,
}

impl Assessment {
    /// Milliseconds of hold time left; `None` when the hold time does not run.
    pub fn hold_left_ms(&self) -> Option<i64> {
        self.calm_since?;
        Some(self.hold_ms.saturating_sub(self.held_ms).max(0))
    }
}

/// A verdict that was kept when it changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KeptVerdict {
    /// Row id.
    pub id: VerdictId,
    /// Its incident.
    pub incident: IncidentId,
    /// The assessment as it was.
    pub assessment: Assessment,
}
