//! A window of hours, held against the baseline.

use crate::domain::time::{DAY_MS, HOUR_MS, Millis, Span};
use crate::domain::verdict::Baseline;

use super::coverage::Heard;

/// The limits of the verdict.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// Complete hours in a window.
    pub window_hours: usize,
    /// The share of normal windows that do not count as raised.
    pub upper: f64,
    /// The share of normal windows that count as calm; at most `upper`.
    pub calm: f64,
    /// The share of normal days that keep nothing from being over when they lie in the hold time.
    pub day_calm: f64,
    /// The share of normal hold times, each as one long window, that keep nothing from being over.
    pub long_calm: f64,
    /// The share of normal windows that are no relapse at once in the hold time; at least `upper`.
    pub relapse: f64,
    /// The same once it was over. The hold time lasts days, the watch after it weeks: at one limit it would mostly see chance.
    pub relapse_after: f64,
    /// Above `upper` for this many hours on end is a relapse too; more than `window_hours`, so that no single hour is one.
    pub relapse_hours: u32,
    /// This many unhappy authors in a window are never raised concern: they are cases.
    pub least_upper: i64,
    /// This many unhappy authors in a window are always calm; at most `least_upper`.
    pub least_calm: i64,
    /// Below this coverage of a window nothing is known.
    pub known: f64,
    /// Below this coverage of a window its hour counts to the hold time by its share of this only; at least `known`.
    pub hold: f64,
    /// A longer gap starts the hold time again, milliseconds.
    pub longest_gap_ms: i64,
    /// After this long calm, a rise counts as a relapse, milliseconds.
    pub settled_ms: i64,
    /// More than this share of the window's mentions without a score: nothing is known yet.
    pub unscored: f64,
    /// The fall is taken to end when what is above normal is, by the slowest course that is at least as likely as not, less than
    /// this share of normal.
    pub fallen: f64,
    /// The hold time counts from the end of the fall, at most so much later than from the first calm window, milliseconds.
    pub longest_tail_ms: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            window_hours: 6,
            upper: 0.99,
            calm: 0.95,
            day_calm: 0.98,
            long_calm: 0.85,
            relapse: 0.998,
            relapse_after: 0.9995,
            relapse_hours: 7,
            least_upper: 2,
            least_calm: 1,
            known: 0.6,
            hold: 0.8,
            longest_gap_ms: 12 * HOUR_MS,
            settled_ms: 6 * HOUR_MS,
            unscored: 0.2,
            fallen: 0.45,
            longest_tail_ms: DAY_MS,
        }
    }
}

/// How a window stands to the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Cannot be told.
    Unknown,
    /// At or below the calm limit.
    Calm,
    /// Above the calm limit, not above the upper one.
    Between,
    /// Above the upper limit.
    Above,
}

/// A window and its limits, in authors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window {
    /// Its hours.
    pub span: Span,
    /// How many.
    pub hours: f64,
    /// Unhappy authors, hour by hour.
    pub count: i64,
    /// Expected of what could be heard.
    pub expected: f64,
    /// Expected if everything had been heard: how busy these hours normally are.
    pub activity: f64,
    /// Read, weighted by what is normally heard.
    pub coverage: f64,
    /// Way in.
    pub upper: i64,
    /// Way back in, after it was calm.
    pub relapse: i64,
    /// Way back in, after it was over.
    pub relapse_after: i64,
    /// Way out.
    pub calm: i64,
    /// Where it stands.
    pub level: Level,
}

impl Window {
    /// The window of these hours; the caller hands in at least one.
    pub fn of(hours: &[Heard], baseline: &Baseline, rules: &Rules) -> Self {
        let n = hours.len().max(1) as f64;
        let first = hours.first().map_or(Millis::default(), |h| h.hour);
        let last = hours.last().map_or(first, |h| h.hour.plus(HOUR_MS));
        let count = hours.iter().fold(0_i64, |sum, h| sum.saturating_add(h.unhappy.max(0)));
        let coverage = hours.iter().map(|h| if h.coverage.is_nan() { 0.0 } else { h.coverage.clamp(0.0, 1.0) }).sum::<f64>() / n;
        let read = baseline.predict(hours.iter().map(|h| (h.hour, h.share)));
        let all = baseline.predict(hours.iter().map(|h| (h.hour, 1.0)));
        let upper = read.quantile(rules.upper).max(rules.least_upper);
        let calm = read.quantile(rules.calm.min(rules.upper)).max(rules.least_calm).min(upper);
        let relapse = read.quantile(rules.relapse).max(upper);
        let relapse_after = read.quantile(rules.relapse_after).max(relapse);
        let judged = baseline.is_known() && coverage >= rules.known;
        // What was not read can only add.
        let surely_above = || baseline.is_known() && count > all.quantile(rules.upper).max(rules.least_upper);
        let level = match () {
            () if !judged && surely_above() => Level::Above,
            () if !judged => Level::Unknown,
            () if count > upper => Level::Above,
            () if count > calm => Level::Between,
            () => Level::Calm,
        };
        let span = Span::new(first, last).unwrap_or(Span::empty(first));
        Self { span, hours: n, count, expected: read.mean(), activity: all.mean(), coverage, upper, relapse, relapse_after, calm, level }
    }

    /// Unhappy authors an hour.
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.hours
    }

    /// The same, if what was not read was like what was. Without anything read, the plain rate.
    pub fn heard_rate(&self) -> f64 {
        let share = if self.activity > 0.0 { self.expected / self.activity } else { 1.0 };
        if share > 0.0 { self.rate() / share } else { self.rate() }
    }

    /// This window's heard rate as a share of the other's rate, by the hour, or by the hour and how busy it normally is,
    /// whichever is more: at night everything falls.
    pub(super) fn against(&self, other: &Self) -> f64 {
        let quiet = 0.25;
        let busy = |w: &Self| (w.activity / w.hours).max(quiet);
        self.heard_rate() / other.rate().max(1.0 / other.hours) * (busy(other) / busy(self)).max(1.0)
    }

    /// Half the width of a one-sided 95 % interval of the logarithm of a ratio of two Poisson counts.
    pub(super) fn doubt(&self, other: &Self) -> f64 {
        1.645 * (1.0 / (self.count as f64 + 0.5) + 1.0 / (other.count as f64 + 0.5)).sqrt()
    }
}
